//! How other programs write that a value is unknown.

use crate::names::trimmed;

/// The markers, in lower case: of pandas, R, SQL exports, spreadsheets and web analytics.
const MARKERS: [&str; 37] = [
    "nan",
    "-nan",
    "<nan>",
    "none",
    "<none>",
    "(none)",
    "null",
    "<null>",
    "(null)",
    "nil",
    "na",
    "n/a",
    "n.a.",
    "<na>",
    "(n/a)",
    "nat",
    "\\n",
    "undefined",
    "not set",
    "(not set)",
    "(not provided)",
    "not available",
    "(not available)",
    "(unknown)",
    "(blank)",
    "-",
    "--",
    "\u{2013}",
    "\u{2014}",
    "#n/a",
    "#na",
    "#n/a n/a",
    "#value!",
    "#ref!",
    "#div/0!",
    "#name?",
    "1.#qnan",
];

/// Longest marker, in bytes.
const LONGEST: usize = 15;

/// The bytes that markers begin with, in either letter case.
const FIRST_BYTES: [bool; 256] = {
    let mut begins = [false; 256];
    let mut index = 0;
    while index < MARKERS.len() {
        let first = MARKERS[index].as_bytes()[0];
        begins[first as usize] = true;
        begins[first.to_ascii_uppercase() as usize] = true;
        index += 1;
    }
    begins
};

/// Whether a text says that nothing is known, as `nan`, `None`, `NULL`, `N/A`, `\N` and `(not set)` do.
///
/// Letter case does not matter. An empty text is no marker: it is nothing at all.
#[must_use]
pub fn is_missing_marker(text: &str) -> bool {
    let text = trimmed(text);
    // Nearly no name begins as a marker does.
    let begins_as_one = text.bytes().next().is_some_and(|first| FIRST_BYTES[usize::from(first)]);
    begins_as_one && text.len() <= LONGEST && MARKERS.iter().any(|marker| marker.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_of_other_programs_are_known_in_any_case() {
        for marker in
            ["nan", "NaN", "None", "NULL", "null", "N/A", "#N/A", r"\N", "undefined", "(not set)", "NA", "<NA>", "NaT", "-", " nan "]
        {
            assert!(is_missing_marker(marker), "{marker}");
        }
        for name in ["", " ", "nan.example", "none.de", "Nanjing", "0", "-1", "null.io"] {
            assert!(!is_missing_marker(name), "{name}");
        }
        assert!(MARKERS.iter().all(|marker| marker.len() <= LONGEST && *marker == marker.to_lowercase()));
    }
}
