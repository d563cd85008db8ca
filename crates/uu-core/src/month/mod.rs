//! The month a record speaks of.

mod written;

use std::fmt;
use std::str::FromStr;

pub use written::day_of;

use jiff::SignedDuration;
use jiff::civil::{Date, date};

use crate::names::trimmed;

/// A calendar month; every day of it is the same month.
///
/// Ordered in time. Written and shown as its first day, `YYYY-MM-DD`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(u32);

/// Where days are counted from.
const EPOCH: Date = date(1970, 1, 1);

const HOURS_PER_DAY: i64 = 24;

/// Hours beyond all of the calendar, and within what a duration holds.
const MOST_HOURS: i64 = 1 << 40;

/// The text is in none of the forms that can mean one month only: see [`Month::from_str`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a date like `2018-12-01` or `2018-12`")]
pub struct NotAMonth;

impl Month {
    /// The month `month` (1 to 12) of `year` (1 to 9999), if there is one.
    #[must_use]
    pub fn new(year: u32, month: u32) -> Option<Self> {
        ((1..=9999).contains(&year) && (1..=12).contains(&month)).then(|| Self(year * 12 + month - 1))
    }

    /// The month that the digits of a whole number spell: 202412, or 20241201.
    #[must_use]
    pub fn from_digits(number: f64) -> Option<Self> {
        (number.fract() == 0.0 && (1e5..1e8).contains(&number)).then(|| written::read(&format!("{number:.0}"))).flatten()
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

    /// Days from 1970-01-01 to its first day, in the Gregorian calendar.
    #[must_use]
    pub fn days_since_1970(self) -> i32 {
        (self.first_day().duration_since(EPOCH).as_hours() / HOURS_PER_DAY) as i32
    }

    /// The month of the day so many days after 1970-01-01, if it is in the calendar.
    #[must_use]
    pub fn of_day_since_1970(day: i64) -> Option<Self> {
        let since = SignedDuration::from_hours(day.checked_mul(HOURS_PER_DAY).filter(|hours| hours.abs() < MOST_HOURS)?);
        let day = EPOCH.checked_add(since).ok()?;
        Self::new(u32::try_from(day.year()).ok()?, u32::try_from(day.month()).ok()?)
    }

    fn days(self) -> u32 {
        self.first_day().days_in_month().unsigned_abs().into()
    }

    fn first_day(self) -> Date {
        Date::new(self.year() as i16, self.month_of_year() as i8, 1).expect("years are 1 to 9999, months 1 to 12")
    }
}

/// Reads `2018-12-01` and `2018-12` (also with `/`; with `.` where a day is named), a date-time as ISO 8601 and its relatives write it, `20181201`,
/// `201812`, and English names of months beside a year of four digits. Of a date-time the day counts as it is written, whatever its offset.
impl FromStr for Month {
    type Err = NotAMonth;

    fn from_str(text: &str) -> Result<Self, NotAMonth> {
        written::read(trimmed(text)).ok_or(NotAMonth)
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
    #[case("2018/12/01", Some((2018, 12)))]
    #[case("2018.12.01", Some((2018, 12)))]
    #[case("2018-1-5", Some((2018, 1)))]
    #[case("2018/1", Some((2018, 1)))]
    #[case("20181201", Some((2018, 12)))]
    #[case("201812", Some((2018, 12)))]
    #[case("2018-12-01T00:00:00", Some((2018, 12)))]
    #[case("2018-12-01 00:00:00", Some((2018, 12)))]
    #[case("2018-12-01T00:00:00.000Z", Some((2018, 12)))]
    #[case("2018-12-01T00:00:00+09:00", Some((2018, 12)))]
    #[case("2018-12-01 00:00:00.123456 +0300", Some((2018, 12)))]
    #[case("2018-12-01T23:59:59-05:00[America/New_York]", Some((2018, 12)))]
    #[case("2018-12-01 00:00:00 UTC", Some((2018, 12)))]
    #[case("2018-12-01 00:00:00 +0000 UTC", Some((2018, 12)))]
    #[case("2018-12-01 00:00:00.5 +0300 MSK m=+0.000012", Some((2018, 12)))]
    #[case("2018-12-01 00:00:00 -0300 -03", Some((2018, 12)))]
    #[case("2018-12-01 23:59:59 CET", Some((2018, 12)))]
    #[case("2018-12-01 12:00:00 AM", Some((2018, 12)))]
    #[case("2018/12/1 1:05 pm", Some((2018, 12)))]
    #[case("2018-12-01 11:59PM UTC", Some((2018, 12)))]
    #[case("2018-12-01 0:00", Some((2018, 12)))]
    #[case("20181201T000000Z", Some((2018, 12)))]
    #[case("20181201T00:00:00+03:00", Some((2018, 12)))]
    #[case("2018-12-01 13:00 AM", None)]
    #[case("2018-12-01 0:00 PM", None)]
    #[case("2018-12-01 00:00:00 +0000 somewhere", None)]
    #[case("2018-12-01 00:00:00 tomorrow", None)]
    #[case("2018-12-01 00:00 BC", None)]
    #[case("20181301T000000", None)]
    #[case("20181201T256000", None)]
    #[case("2018-12-01T24:30", None)]
    #[case("2018-12-31T24:00:00", None)]
    #[case("2018-06 Dec", None)]
    #[case("2018/06/Dec", None)]
    #[case("2018-Dec", Some((2018, 12)))]
    #[case("2018-Dec-31", Some((2018, 12)))]
    #[case("2018-12-01T00:61", None)]
    #[case("2018-12-01Tnoon", None)]
    #[case("Dec 2018", Some((2018, 12)))]
    #[case("december 2018", Some((2018, 12)))]
    #[case("01 Dec 2018", Some((2018, 12)))]
    #[case("Dec 1, 2018", Some((2018, 12)))]
    #[case("1-Dec-2018", Some((2018, 12)))]
    #[case("2018 Dec", Some((2018, 12)))]
    #[case("Sat, 01 Dec 2018", None)]
    #[case("Dec 18", None)]
    #[case("31 Feb 2018", None)]
    #[case("12/1/2018", None)]
    #[case("01.12.2018", None)]
    #[case("2018.12", None)]
    #[case("2018-W49", None)]
    #[case("2018-Q4", None)]
    #[case("43435", None)]
    #[case("1543622400", None)]
    #[case("1543622400000", None)]
    #[case("20181301", None)]
    #[case("99991299", None)]
    #[case("2018-12/01", None)]
    #[case("", None)]
    #[case("ä018-12", None)]
    #[case("0000-01", None)]
    fn reads_what_can_mean_one_month_only(#[case] text: &str, #[case] expected: Option<(u32, u32)>) {
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

    #[rstest]
    #[case(0, "1970-01-01")]
    #[case(30, "1970-01-01")]
    #[case(31, "1970-02-01")]
    #[case(-1, "1969-12-01")]
    #[case(11_016, "2000-02-01")]
    #[case(11_017, "2000-03-01")]
    #[case(20_453, "2025-12-01")]
    fn a_day_has_its_month(#[case] day: i64, #[case] month: &str) {
        assert_eq!(Month::of_day_since_1970(day).map(|month| month.to_string()).as_deref(), Some(month));
    }

    #[test]
    fn every_month_has_its_first_day_and_the_day_before_is_the_month_before() {
        for index in 12..9_999 * 12 {
            let month = Month::from_index(index).unwrap();
            let first = i64::from(month.days_since_1970());
            assert_eq!(Month::of_day_since_1970(first), Some(month));
            assert_eq!(Month::of_day_since_1970(first - 1), Month::from_index(index - 1), "{month}");
        }
        assert_eq!(Month::of_day_since_1970(i64::MAX), None);
        assert_eq!(Month::of_day_since_1970(i64::MIN), None);
    }
}
