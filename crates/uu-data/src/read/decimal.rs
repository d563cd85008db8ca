//! Numbers with a decimal comma.

use std::borrow::Cow;

/// A number with a decimal comma as one with a point, and without what parts its thousands; any other text as it is.
pub(super) fn with_point(text: &str) -> Cow<'_, str> {
    let is_of_number = |letter: char| letter.is_ascii_digit() || matches!(letter, ',' | '+' | '-' | 'e' | 'E') || parts_thousands(letter);
    let trimmed = text.trim();
    if !trimmed.chars().all(is_of_number) || !trimmed.contains(|letter: char| letter == ',' || parts_thousands(letter)) {
        return Cow::Borrowed(text);
    }
    let kept = trimmed.chars().filter(|letter| !parts_thousands(*letter));
    Cow::Owned(kept.map(|letter| if letter == ',' { '.' } else { letter }).collect())
}

fn parts_thousands(letter: char) -> bool {
    matches!(letter, '.' | '\'' | '\u{2019}') || letter.is_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_become_points_and_groups_are_joined() {
        for (given, expected) in [
            ("250.000", "250000"),
            ("1.234,5", "1234.5"),
            ("3,1", "3.1"),
            ("1 234 567,25", "1234567.25"),
            ("1\u{a0}234", "1234"),
            ("12'500", "12500"),
            ("-1", "-1"),
            ("42", "42"),
            ("n/a", "n/a"),
            ("1,2,3", "1.2.3"),
        ] {
            assert_eq!(with_point(given), expected);
        }
    }
}
