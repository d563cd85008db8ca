//! How figures are written.

/// A large number with its thousands parted.
pub(super) fn whole(number: f64) -> String {
    let digits = format!("{:.0}", number.abs());
    let sign = if number < 0.0 && digits != "0" { "-" } else { "" };
    let mut parted = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            parted.push(',');
        }
        parted.push(digit);
    }
    format!("{sign}{parted}")
}

/// A count.
pub(super) fn count(number: impl TryInto<u64>) -> String {
    whole(number.try_into().unwrap_or(u64::MAX) as f64)
}

/// A fraction as a percentage.
pub(super) fn percent(fraction: f64) -> String {
    format!("{:.1} %", fraction * 100.0)
}

/// A number with three digits behind the point.
pub(super) fn fixed(number: f64) -> String {
    format!("{number:.3}")
}

/// The same with its sign, for differences.
pub(super) fn signed(number: f64) -> String {
    format!("{number:+.3}")
}

/// A number of any size, with about three digits that count.
pub(super) fn figure(number: f64) -> String {
    match number.abs() {
        size if size >= 1000.0 => whole(number),
        size if size >= 100.0 => format!("{number:.0}"),
        size if size >= 10.0 => format!("{number:.1}"),
        0.0 => "0".to_owned(),
        size if size >= 0.01 => format!("{number:.2}"),
        _ => format!("{number:.1e}"),
    }
}

/// Bytes in the unit that suits them.
pub(super) fn bytes(size: usize) -> String {
    match size as f64 {
        size if size >= 1e6 => format!("{:.1} MB", size / 1e6),
        size if size >= 1e3 => format!("{:.0} kB", size / 1e3),
        size => format!("{size:.0} B"),
    }
}

/// Seconds as people say them.
pub(super) fn seconds(seconds: f64) -> String {
    match seconds {
        seconds if seconds >= 120.0 => format!("{:.0} min", seconds / 60.0),
        seconds if seconds >= 10.0 => format!("{seconds:.0} s"),
        seconds => format!("{seconds:.2} s"),
    }
}

/// What is there, or a dash.
pub(super) fn or_dash<T>(value: Option<T>, write: impl FnOnce(T) -> String) -> String {
    value.map_or_else(|| "-".to_owned(), write)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(1_234_567.4, "1,234,567")]
    #[case(123.4, "123")]
    #[case(12.34, "12.3")]
    #[case(0.1234, "0.12")]
    #[case(0.0, "0")]
    #[case(-0.000_123, "-1.2e-4")]
    fn a_figure_has_the_digits_that_count(#[case] number: f64, #[case] written: &str) {
        assert_eq!(figure(number), written);
    }

    #[test]
    fn units_suit_their_numbers() {
        assert_eq!((bytes(1_500_000), bytes(2_500), bytes(12)), ("1.5 MB".to_owned(), "2 kB".to_owned(), "12 B".to_owned()));
        assert_eq!((seconds(600.0), seconds(0.5)), ("10 min".to_owned(), "0.50 s".to_owned()));
        assert_eq!(whole(-0.2), "0");
    }
}
