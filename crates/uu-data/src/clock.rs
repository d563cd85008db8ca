//! The current month, which bounds what can have been measured.

use std::time::{SystemTime, UNIX_EPOCH};

use uu_core::Month;

/// The current month in UTC.
#[must_use]
pub fn current_month() -> Month {
    const SECONDS_PER_DAY: u64 = 86_400;
    let days = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs() / SECONDS_PER_DAY);
    let month = i64::try_from(days).ok().and_then(Month::of_day_since_1970);
    month.unwrap_or_else(|| Month::new(9999, 12).expect("the calendar ends there"))
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
