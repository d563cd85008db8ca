//! When something happened, for people to read.

use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Serialize, Serializer};

const MS_PER_DAY: i64 = 86_400_000;

/// An instant in UTC, in milliseconds since 1970; shown as `2024-12-31T23:59:59.000Z`.
///
/// It comes from the clock of the machine that wrote it and is shown to people; nothing is ordered or decided by it, since clocks jump, but whether a
/// token has expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The clock's time.
    #[must_use]
    pub fn now() -> Self {
        Self(jiff::Timestamp::now().as_millisecond())
    }

    /// The instant so many milliseconds after 1970 began.
    #[must_use]
    pub fn from_milliseconds(milliseconds: i64) -> Self {
        Self(milliseconds)
    }

    /// The instant at which a day begins; `None` where the calendar has no such day.
    #[must_use]
    pub fn of_date(year: i64, month: i64, day: i64) -> Option<Self> {
        let date = Date::new(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?).ok()?;
        Some(Self(date.to_zoned_datetime(TimeZone::UTC).ok()?.timestamp().as_millisecond()))
    }

    /// The instant so many milliseconds later.
    #[must_use]
    pub fn after(self, milliseconds: i64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }

    /// Whole days since 1970 began.
    #[must_use]
    pub fn days_since_1970(self) -> i64 {
        self.0.div_euclid(MS_PER_DAY)
    }

    /// Whole days since an earlier instant.
    #[must_use]
    pub fn days_since(self, earlier: Self) -> i64 {
        (self.0 - earlier.0) / MS_PER_DAY
    }

    /// Milliseconds since 1970 began.
    #[must_use]
    pub fn milliseconds(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Beyond the calendar, where only a damaged store leads, the nearest end is shown.
        let end = if self.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        write!(formatter, "{:.3}", jiff::Timestamp::from_millisecond(self.0).unwrap_or(end))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// As `date --utc --date=@SECONDS +%FT%T` says.
    #[rstest]
    #[case(0, "1970-01-01T00:00:00.000Z")]
    #[case(951_782_399_999, "2000-02-28T23:59:59.999Z")]
    #[case(951_782_400_000, "2000-02-29T00:00:00.000Z")]
    #[case(1_735_689_599_000, "2024-12-31T23:59:59.000Z")]
    #[case(4_107_542_400_000, "2100-03-01T00:00:00.000Z")]
    #[case(-1, "1969-12-31T23:59:59.999Z")]
    fn an_instant_is_shown_in_utc(#[case] milliseconds: i64, #[case] shown: &str) {
        assert_eq!(Timestamp::from_milliseconds(milliseconds).to_string(), shown);
    }

    #[rstest]
    #[case((1970, 1, 1), Some("1970-01-01T00:00:00.000Z"))]
    #[case((2027, 1, 31), Some("2027-01-31T00:00:00.000Z"))]
    #[case((2028, 2, 29), Some("2028-02-29T00:00:00.000Z"))]
    #[case((2100, 3, 1), Some("2100-03-01T00:00:00.000Z"))]
    #[case((2027, 2, 29), None)]
    #[case((2027, 4, 31), None)]
    #[case((2027, 13, 1), None)]
    #[case((2027, 1, 0), None)]
    fn a_date_begins_at_an_instant(#[case] (year, month, day): (i64, i64, i64), #[case] shown: Option<&str>) {
        assert_eq!(Timestamp::of_date(year, month, day).map(|instant| instant.to_string()).as_deref(), shown);
    }

    #[test]
    fn what_no_calendar_has_is_shown_as_its_end() {
        assert_eq!(Timestamp::from_milliseconds(i64::MIN).to_string(), jiff::Timestamp::MIN.to_string().replace("Z", ".000Z"));
        assert!(Timestamp::from_milliseconds(i64::MAX).to_string().starts_with("9999-12-30T"));
    }
}
