//! The month a record speaks of.

use std::fmt;
use std::str::FromStr;

/// A calendar month; every day of it is the same month.
///
/// Ordered in time. Written and shown as its first day, `YYYY-MM-DD`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(u32);

/// The text is not a date in `YYYY-MM-DD` or `YYYY-MM` form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a date like `2018-12-01` or `2018-12`")]
pub struct NotAMonth;

impl Month {
    /// The month `month` (1 to 12) of `year` (1 to 9999), if there is one.
    #[must_use]
    pub fn new(year: u32, month: u32) -> Option<Self> {
        ((1..=9999).contains(&year) && (1..=12).contains(&month)).then(|| Self(year * 12 + month - 1))
    }

    /// The calendar year.
    #[must_use]
    pub fn year(self) -> u32 {
        self.0 / 12
    }

    /// The month of the year, 1 to 12.
    #[must_use]
    pub fn month_of_year(self) -> u32 {
        self.0 % 12 + 1
    }

    /// The month `count` months later, if it is still in the calendar.
    #[must_use]
    pub fn plus(self, count: u32) -> Option<Self> {
        let index = self.0.checked_add(count)?;
        Self::new(index / 12, index % 12 + 1)
    }

    /// Months since year 0: a dense index for sorting, storing and arithmetic.
    #[must_use]
    pub fn index(self) -> u32 {
        self.0
    }

    /// The month that [`Month::index`] came from.
    #[must_use]
    pub fn from_index(index: u32) -> Option<Self> {
        Self::new(index / 12, index % 12 + 1)
    }

    fn days(self) -> u32 {
        match self.month_of_year() {
            4 | 6 | 9 | 11 => 30,
            2 if is_leap(self.year()) => 29,
            2 => 28,
            _ => 31,
        }
    }
}

fn is_leap(year: u32) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

impl FromStr for Month {
    type Err = NotAMonth;

    fn from_str(text: &str) -> Result<Self, NotAMonth> {
        let bytes = text.trim().as_bytes();
        let digits = |range: std::ops::Range<usize>| {
            bytes[range].iter().try_fold(0u32, |number, byte| byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0')))
        };
        if !matches!(bytes.len(), 7 | 10) || bytes[4] != b'-' {
            return Err(NotAMonth);
        }
        let (year, month) = (digits(0..4).ok_or(NotAMonth)?, digits(5..7).ok_or(NotAMonth)?);
        let parsed = Self::new(year, month).ok_or(NotAMonth)?;
        if bytes.len() == 10 {
            let day = digits(8..10).ok_or(NotAMonth)?;
            if bytes[7] != b'-' || day == 0 || day > parsed.days() {
                return Err(NotAMonth);
            }
        }
        Ok(parsed)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}-{:02}-01", self.year(), self.month_of_year())
    }
}

impl fmt::Debug for Month {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("2018-12-01", Some((2018, 12)))]
    #[case("2018-12", Some((2018, 12)))]
    #[case(" 2024-02-29 ", Some((2024, 2)))]
    #[case("2023-02-29", None)]
    #[case("2018-13-01", None)]
    #[case("2018-00", None)]
    #[case("2018-12-00", None)]
    #[case("2018/12/01", None)]
    #[case("20181201", None)]
    #[case("", None)]
    #[case("ä018-12", None)]
    #[case("0000-01", None)]
    fn reads_days_and_months_and_nothing_else(#[case] text: &str, #[case] expected: Option<(u32, u32)>) {
        let month = text.parse::<Month>().ok();
        assert_eq!(month.map(|month| (month.year(), month.month_of_year())), expected);
    }

    #[test]
    fn is_written_as_its_first_day() {
        let month: Month = "2018-12-31".parse().unwrap();
        assert_eq!(month.to_string(), "2018-12-01");
        assert_eq!(month.plus(1).unwrap().to_string(), "2019-01-01");
        assert_eq!(Month::from_index(month.index()), Some(month));
    }
}
