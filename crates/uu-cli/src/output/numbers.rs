//! Numbers, names and times for people.

use serde::Serialize;

/// A fraction as a percentage.
pub(crate) fn percent(fraction: f64) -> String {
    format!("{:.1} %", fraction * 100.0)
}

/// A large number with its thousands parted.
pub(crate) fn whole(number: f64) -> String {
    let digits = format!("{number:.0}");
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits.as_str()), |digits| ("-", digits));
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return format!("{sign}{digits}");
    }
    let mut parted = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            parted.push(',');
        }
        parted.push(digit);
    }
    format!("{sign}{parted}")
}

/// So many things: `1 row`, `2 rows`, `3 batches`.
pub(crate) fn counted(number: impl TryInto<u64>, one: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    let ending = match number {
        1 => "",
        _ if one.ends_with("ch") || one.ends_with('s') => "es",
        _ => "s",
    };
    format!("{} {one}{ending}", whole(number as f64))
}

/// A value by its stable code, with spaces.
pub(crate) fn words(value: &impl Serialize) -> String {
    let code = serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned));
    code.unwrap_or_default().replace('_', " ")
}

/// An instant to the minute: `2024-12-31 23:59`, for a column headed as UTC.
pub(crate) fn short(time: &impl ToString) -> String {
    time.to_string().chars().take(16).map(|letter| if letter == 'T' { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_parted() {
        let numbers = [0.0, 999.0, 1000.0, -1_234_567.4, f64::NAN].map(whole);
        assert_eq!(numbers, ["0", "999", "1,000", "-1,234,567", "NaN"]);
    }

    #[test]
    fn one_thing_is_no_things() {
        assert_eq!([0, 1, 2, 1_000].map(|rows: u64| counted(rows, "row")), ["0 rows", "1 row", "2 rows", "1,000 rows"]);
        assert_eq!([counted(1_usize, "batch"), counted(2_i64, "batch")], ["1 batch", "2 batches"]);
    }

    #[test]
    fn a_time_is_shown_to_the_minute() {
        assert_eq!(short(&"2024-12-31T23:59:59.000Z"), "2024-12-31 23:59");
    }
}
