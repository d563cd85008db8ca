//! The month it is.

use std::time::{SystemTime, UNIX_EPOCH};

use uu_core::Month;

/// The month it is, in UTC.
pub(crate) fn current_month() -> Month {
    const SECONDS_PER_DAY: u64 = 86_400;
    let days = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs() / SECONDS_PER_DAY);
    let month = i64::try_from(days).ok().and_then(Month::of_day_since_1970);
    month.unwrap_or_else(|| Month::new(2000, 1).expect("the year 2000 has a January"))
}

/// The last month that a request may be about without a warning: the one after the month it is, which has begun somewhere before it has here.
pub(crate) fn newest_month() -> Month {
    let current = current_month();
    current.plus(1).unwrap_or(current)
}
