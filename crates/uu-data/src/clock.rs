//! The current month, which bounds what can have been measured.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use uu_core::Month;

/// The current month in UTC.
#[must_use]
pub fn current_month() -> Month {
    let today = TimeZone::UTC.to_datetime(Timestamp::now()).date();
    // A clock from before the year 1 counts as one of 1970.
    let month = u32::try_from(today.year()).ok().and_then(|year| Month::new(year, today.month().unsigned_abs().into()));
    month.unwrap_or_else(|| Month::new(1970, 1).expect("the calendar has it"))
}

/// The last month that a value can be of without a fault or a warning: the one after the current month, which has begun in some time zones
/// before it has in UTC.
#[must_use]
pub fn newest_month() -> Month {
    let current = current_month();
    current.plus(1).unwrap_or(current)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_month_follows_the_current_one() {
        assert!(current_month() > Month::new(2024, 1).unwrap());
        assert!(newest_month() > current_month());
    }
}
