//! Numbers with a decimal comma.

use std::borrow::Cow;

use uu_core::{Fault, FaultField, FaultRule};

/// A number with a decimal comma as one with a point, and without what parts its thousands; any other text as it is. `None` where the text has a
/// decimal point: in a file of decimal commas it may be the one or the other.
pub(super) fn with_point(text: &str) -> Option<Cow<'_, str>> {
    let trimmed = text.trim();
    let (sign, rest) = trimmed.strip_prefix('-').map_or_else(|| ("", trimmed.strip_prefix('+').unwrap_or(trimmed)), |rest| ("-", rest));
    let (mantissa, exponent) = rest.find(['e', 'E']).map_or((rest, ""), |end| rest.split_at(end));
    let (whole, fraction) = mantissa.split_once(',').map_or((mantissa, None), |(whole, fraction)| (whole, Some(fraction)));
    match without_groups(whole).filter(|whole| is_number(whole, fraction)) {
        // Most numbers are digits alone.
        Some(whole) if fraction.is_none() && whole.len() == mantissa.len() => Some(Cow::Borrowed(text)),
        Some(whole) => {
            let point = if fraction.is_some() { "." } else { "" };
            Some(Cow::Owned(format!("{sign}{whole}{point}{}{exponent}", fraction.unwrap_or_default())))
        }
        None if trimmed.contains('.') && trimmed.parse::<f64>().is_ok() => None,
        None => Some(Cow::Borrowed(text)),
    }
}

/// The fault of a number with a decimal point in a file of decimal commas.
pub(super) fn not_a_comma(field: FaultField, found: &str) -> Fault {
    /// Letters of a number that a message repeats.
    const LONGEST: usize = 60;
    let found: String = found.trim().chars().take(LONGEST).collect();
    let expected = "a number with a decimal comma, as was declared (points part thousands)";
    Fault { rule: FaultRule::NotANumber, field, found: format!("`{found}`"), expected: expected.into() }
}

/// Digits without the points, blanks or apostrophes that part their thousands; `None` where they part anything else.
fn without_groups(text: &str) -> Option<Cow<'_, str>> {
    let Some(separator) = text.chars().find(|letter| !letter.is_ascii_digit()) else { return Some(Cow::Borrowed(text)) };
    let is_separator = matches!(separator, '.' | '\'' | '\u{2019}') || separator.is_whitespace();
    let mut groups = text.split(separator);
    let first = groups.next().unwrap_or_default();
    let is_grouped = is_separator && (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3 && is_digits(group));
    is_grouped.then(|| Cow::Owned(text.replace(separator, "")))
}

fn is_number(whole: &str, fraction: Option<&str>) -> bool {
    is_digits(whole) && fraction.is_none_or(is_digits) && !(whole.is_empty() && fraction.is_none_or(str::is_empty))
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
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
            (",5", ".5"),
            ("1 234 567,25", "1234567.25"),
            ("1\u{a0}234", "1234"),
            ("12'500", "12500"),
            ("-1", "-1"),
            ("-1.234", "-1234"),
            ("+1,5", "1.5"),
            ("1,5E+06", "1.5E+06"),
            ("1e5", "1e5"),
            ("42", "42"),
            ("n/a", "n/a"),
            ("n.a.", "n.a."),
            ("", ""),
            (" ", " "),
            ("1,2,3", "1,2,3"),
            ("1.234.56", "1.234.56"),
            ("12 34", "12 34"),
            ("1.234 567", "1.234 567"),
        ] {
            assert_eq!(with_point(given).as_deref(), Some(expected), "{given}");
        }
    }

    #[test]
    fn a_decimal_point_contradicts_a_decimal_comma() {
        for given in ["3.5", "1.5E+06", "0.41", "1234.567", ".5", "-3.25", "250.0000"] {
            assert_eq!(with_point(given), None, "{given}");
        }
    }
}
