//! When something happened, for people to read.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Serialize, Serializer};

const MS_PER_DAY: i64 = 86_400_000;
/// Days of the calendar's cycle of 400 years.
const DAYS_PER_ERA: i64 = 146_097;
/// Days from 0000-03-01 to 1970-01-01.
const DAYS_TO_1970: i64 = 719_468;

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
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    /// The instant so many milliseconds after 1970 began.
    #[must_use]
    pub fn from_milliseconds(milliseconds: i64) -> Self {
        Self(milliseconds)
    }

    /// The instant at which a day begins; `None` where the calendar has no such day.
    #[must_use]
    pub fn of_date(year: i64, month: i64, day: i64) -> Option<Self> {
        let is_near = (0..=9_999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
        let days = is_near.then(|| days(year, month, day))?;
        (date(days) == (year, month, day)).then_some(Self(days * MS_PER_DAY))
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
        let (days, milliseconds) = (self.days_since_1970(), self.0.rem_euclid(MS_PER_DAY));
        let (year, month, day) = date(days);
        let (seconds, thousandths) = (milliseconds / 1_000, milliseconds % 1_000);
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        write!(formatter, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{thousandths:03}Z")
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The day counted from 1970-01-01 that a year, month and day name: the inverse of [`date`], where there is such a day.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let from_march = (month + 9) % 12;
    let day_of_year = (153 * from_march + 2) / 5 + day - 1;
    era * DAYS_PER_ERA + 365 * year_of_era + year_of_era / 4 - year_of_era / 100 + day_of_year - DAYS_TO_1970
}

/// Year, month and day of a day counted from 1970-01-01. Years are taken to begin in March, so that the leap day ends them.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + DAYS_TO_1970;
    let (era, day_of_era) = (days.div_euclid(DAYS_PER_ERA), days.rem_euclid(DAYS_PER_ERA));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day_of_year - (153 * from_march + 2) / 5 + 1)
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
    fn every_date_is_that_of_its_day() {
        for day in (-719_000..2_900_000).step_by(7) {
            let (year, month, of_month) = date(day);
            assert_eq!(days(year, month, of_month), day);
        }
    }
}
