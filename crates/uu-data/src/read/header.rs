//! Names of columns that are none: a first row of values, and letters of another encoding.

use uu_core::{Field, Month};

/// Whether names are those of a file without a header: one is a date, and none is that of a field or near it.
pub(super) fn are_values(names: &[String]) -> bool {
    let is_value = |name: &String| name.parse::<Month>().is_ok() || name.parse::<f64>().is_ok();
    let is_named = |name: &String| Field::named(name).or_else(|| Field::nearest(name)).is_some();
    names.len() > 1 && names.iter().any(|name| name.parse::<Month>().is_ok()) && !names.iter().any(|name| !is_value(name) && is_named(name))
}

/// Whether a name has bytes that were no UTF-8.
pub(super) fn are_other_letters(names: &[String]) -> bool {
    names.iter().any(|name| name.contains(char::REPLACEMENT_CHARACTER))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("2024-12,a.example,5", true)]
    #[case("a.example,2024-12-01,5,3.5", true)]
    #[case("2024-12-01,5", true)]
    #[case("site,2024-11,2024-12", false)]
    #[case("Website,2024-11,2024-12", false)]
    #[case("month_name,visits", false)]
    #[case("2024-12", false)]
    fn a_row_of_values_is_no_header(#[case] line: &str, #[case] expected: bool) {
        let names: Vec<String> = line.split(',').map(str::to_owned).collect();
        assert_eq!(are_values(&names), expected, "{line}");
    }
}
