//! Days of columns of dates and instants.

use std::collections::HashMap;

use arrow::array::{ArrayRef, AsArray, Date32Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Int64Type, TimeUnit};
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

const SECONDS_PER_DAY: i64 = 86_400;

/// The days of a column of dates or instants: those of the clock on the wall where the column names a zone, else of UTC. `None` for other
/// columns, and where the zone is none that is known.
pub(super) fn days(column: &ArrayRef) -> Option<Date32Array> {
    let (per_second, zone) = match column.data_type() {
        DataType::Date32 => return Some(column.as_primitive::<Date32Type>().clone()),
        DataType::Date64 => (1_000, None),
        DataType::Timestamp(unit, None) => (units_per_second(*unit), None),
        DataType::Timestamp(unit, Some(zone)) => (units_per_second(*unit), Some(zone_named(zone)?)),
        _ => return None,
    };
    let instants = cast(column, &DataType::Int64).ok()?;
    let instants = instants.as_primitive::<Int64Type>();
    let clamped = |day: i64| day.clamp(i32::MIN.into(), i32::MAX.into()) as i32;
    let Some(zone) = zone else {
        return Some(instants.unary(|instant: i64| clamped(instant.div_euclid(per_second * SECONDS_PER_DAY))));
    };
    // Months are few and come again, so each instant is looked up once.
    let mut known: HashMap<i64, i32> = HashMap::new();
    let mut local = |instant: i64| {
        let seconds = instant.div_euclid(per_second);
        *known.entry(seconds).or_insert_with(|| clamped(seconds.saturating_add(offset_seconds(seconds, &zone)).div_euclid(SECONDS_PER_DAY)))
    };
    Some(instants.iter().map(|instant| instant.map(&mut local)).collect())
}

/// How many units of a column of instants make a second.
pub(crate) fn units_per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

/// The zone of a name like `Asia/Tokyo`, or of an offset like `+09:00`.
pub(crate) fn zone_named(name: &str) -> Option<TimeZone> {
    let Some(digits) = name.strip_prefix(['+', '-']) else { return TimeZone::get(name).ok() };
    let digits = digits.replacen(':', "", 1);
    let is_offset = matches!(digits.len(), 2 | 4) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = |text: &str| text.parse::<i32>().ok();
    let seconds = is_offset
        .then(|| Some(number(&digits[..2])? * 3_600 + number(digits.get(2..).filter(|rest| !rest.is_empty()).unwrap_or("0"))? * 60))??;
    let signed = if name.starts_with('-') { -seconds } else { seconds };
    Some(TimeZone::fixed(Offset::from_seconds(signed).ok()?))
}

/// By how many seconds the clock on the wall is ahead of UTC; instants outside the calendar have the offset of its ends.
pub(crate) fn offset_seconds(seconds: i64, zone: &TimeZone) -> i64 {
    let bounded = seconds.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    Timestamp::from_second(bounded).map_or(0, |instant| i64::from(zone.to_offset(instant).seconds()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{TimestampMillisecondArray, TimestampNanosecondArray, TimestampSecondArray};
    use rstest::rstest;
    use uu_core::Month;

    use super::*;

    fn month(column: &ArrayRef) -> Option<String> {
        let days = days(column)?;
        Month::of_day_since_1970(days.value(0).into()).map(|month| month.to_string())
    }

    #[rstest]
    // Local midnights of the first of a month.
    #[case("Asia/Tokyo", 1_672_498_800, "2023-01-01")]
    #[case("+09:00", 1_672_498_800, "2023-01-01")]
    #[case("+0900", 1_672_498_800, "2023-01-01")]
    #[case("Europe/Berlin", 1_688_162_400, "2023-07-01")]
    #[case("America/New_York", 1_672_549_200, "2023-01-01")]
    #[case("-05:00", 1_672_549_200, "2023-01-01")]
    #[case("UTC", 1_672_531_200, "2023-01-01")]
    // The same instant lies in another month in UTC.
    #[case("UTC", 1_672_498_800, "2022-12-01")]
    fn the_wall_clock_of_the_zone_decides_the_month(#[case] zone: &str, #[case] seconds: i64, #[case] expected: &str) {
        let nanoseconds = TimestampNanosecondArray::from(vec![seconds * 1_000_000_000]).with_timezone(zone);
        assert_eq!(month(&(Arc::new(nanoseconds) as ArrayRef)).as_deref(), Some(expected));
        let milliseconds = TimestampMillisecondArray::from(vec![seconds * 1_000]).with_timezone(zone);
        assert_eq!(month(&(Arc::new(milliseconds) as ArrayRef)).as_deref(), Some(expected));
    }

    #[test]
    fn an_instant_without_a_zone_has_its_own_day_and_an_unknown_zone_none() {
        assert_eq!(month(&(Arc::new(TimestampMillisecondArray::from(vec![1_672_498_800_000])) as ArrayRef)).as_deref(), Some("2022-12-01"));
        assert_eq!(month(&(Arc::new(TimestampMillisecondArray::from(vec![0]).with_timezone("Mars/Base")) as ArrayRef)), None);
        for extreme in [i64::MIN, i64::MAX] {
            let columns: [ArrayRef; 2] = [
                Arc::new(TimestampMillisecondArray::from(vec![extreme]).with_timezone("Asia/Tokyo")),
                Arc::new(TimestampSecondArray::from(vec![extreme]).with_timezone("-05:00")),
            ];
            assert!(columns.iter().all(|column| days(column).is_some()));
        }
    }
}
