//! The laws of single values: each line of an input is one.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Array, Date64Array, Float64Array, TimestampMicrosecondArray, TimestampMillisecondArray, TimestampNanosecondArray,
    TimestampSecondArray,
};
use arrow::record_batch::{RecordBatch, RecordBatchIterator};
use uu_core::{Checked, Fault, Field, Month, RawRecord, RawValue, Rules, check, day_of, host_of_site};
use uu_data::read::{ReadOptions, check_batches};

use crate::laws::{holds, named};

const NUMERIC: [Field; 6] =
    [Field::Rank, Field::Visits, Field::PagesPerVisit, Field::BounceRate, Field::AvgVisitDuration, Field::UniqueUsers];

fn lines(bytes: &[u8]) -> Vec<String> {
    const MOST: usize = 50;
    String::from_utf8_lossy(bytes).split('\n').take(MOST).map(str::to_owned).collect()
}

/// A record with one input, and one value beside.
fn checked(field: Field, value: RawValue<'_>) -> Result<Checked, Vec<Fault>> {
    let mut raw = RawRecord::new();
    raw.set(Field::Date, RawValue::text("2024-01"));
    raw.set(Field::Visits, RawValue::Number(5.0));
    raw.set(field, value);
    let outcome = check(&raw, &Rules::default());
    match &outcome {
        Ok(checked) => holds(&checked.record, &Rules::default()),
        Err(faults) => assert!(!faults.is_empty() && faults.iter().all(|fault| !fault.to_string().is_empty())),
    }
    outcome
}

/// A date is refused, or is a month that is written as a date that is read as the same month.
pub(crate) fn dates(bytes: &[u8]) -> String {
    let mut came_to = Vec::new();
    for line in lines(bytes) {
        let parsed = line.parse::<Month>().ok();
        let through_check = checked(Field::Date, RawValue::text(line.as_str())).ok().map(|checked| checked.record.month);
        if let Some(month) = parsed {
            assert_eq!(through_check, Some(month), "`{line}`: the check reads what is a month");
        }
        if let Some(month) = through_check {
            assert_eq!(month.to_string().parse(), Ok(month), "`{line}`");
            assert_eq!(Month::of_day_since_1970(month.days_since_1970().into()), Some(month), "`{line}`");
        }
        if let Some((month, day)) = day_of(&line) {
            assert!(parsed == Some(month) && (1..=31).contains(&day), "`{line}` is day {day} of {month}");
        }
        came_to.push(format!("{} {}", shape(&line), through_check.is_some()));
    }
    instants(bytes);
    came_to.truncate(3);
    came_to.join(";")
}

/// What stands where: digits, letters, the rest.
fn shape(text: &str) -> String {
    text.chars()
        .take(12)
        .map(|letter| {
            if letter.is_ascii_digit() {
                '0'
            } else if letter.is_alphabetic() {
                'a'
            } else {
                letter
            }
        })
        .collect()
}

/// The bytes as instants and days of every unit, with and without a time zone.
fn instants(bytes: &[u8]) {
    let numbers: Vec<i64> = bytes.chunks_exact(8).take(64).map(|bytes| i64::from_le_bytes(bytes.try_into().unwrap())).collect();
    let days: Vec<i32> = numbers.iter().map(|number| *number as i32).collect();
    let zone: String = String::from_utf8_lossy(bytes).chars().take(8).collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Date32Array::from(days)),
        Arc::new(Date64Array::from(numbers.clone())),
        Arc::new(TimestampSecondArray::from(numbers.clone())),
        Arc::new(TimestampMillisecondArray::from(numbers.clone()).with_timezone("+05:30")),
        Arc::new(TimestampMicrosecondArray::from(numbers.clone()).with_timezone("Europe/Berlin")),
        Arc::new(TimestampNanosecondArray::from(numbers.clone()).with_timezone(zone)),
    ];
    for dates in columns {
        let visits: ArrayRef = Arc::new(Float64Array::from(vec![5.0; numbers.len()]));
        let batch = RecordBatch::try_from_iter([("date", dates), ("visits", visits)]).unwrap();
        let batches = RecordBatchIterator::new([Ok(batch.clone())], batch.schema());
        // A time zone that is none may be refused; what is read is within the calendar.
        let Ok(chunks) = check_batches("a frame", batches, &ReadOptions::default()) else { continue };
        for row in chunks.flatten().flat_map(|chunk| chunk.rows).flatten() {
            holds(&row.record, &Rules::default());
        }
    }
}

/// A number is refused, or is within its range and read as the same number from however it is written.
pub(crate) fn numbers(bytes: &[u8]) -> String {
    let mut came_to = Vec::new();
    for line in lines(bytes) {
        for field in NUMERIC {
            let Ok(first) = checked(field, RawValue::text(line.as_str())) else { continue };
            let Some(number) = named(&first.record).into_iter().find_map(|(of, value)| (of == field).then_some(value)) else { continue };
            let RawValue::Number(number) = number else { panic!("{} is a number", field.words()) };
            for again in [RawValue::Number(number), RawValue::text(number.to_string()), RawValue::text(format!("{number:e}"))] {
                let shown = format!("{again:?}");
                let again = checked(field, again).unwrap_or_else(|faults| panic!("{} `{line}` as {shown}: {}", field.words(), faults[0]));
                assert_eq!(again.record, first.record, "{} `{line}` as {shown}", field.words());
            }
        }
        let _ = checked(Field::Category, RawValue::text(line.as_str()));
        came_to.push(format!("{} {}", shape(&line), checked(Field::Visits, RawValue::text(line.as_str())).is_ok()));
    }
    came_to.truncate(3);
    came_to.join(";")
}

/// A site is refused, or is a name that is read as itself.
pub(crate) fn hosts(bytes: &[u8]) -> String {
    let mut came_to = Vec::new();
    for line in lines(bytes) {
        let outcome = checked(Field::Site, RawValue::text(line.as_str()));
        came_to.push(format!("{} {}", shape(&line), outcome.is_ok()));
        if let Ok(Some(site)) = outcome.as_ref().map(|checked| &checked.record.site) {
            let again = checked(Field::Site, RawValue::text(&**site)).ok().and_then(|checked| checked.record.site);
            assert!(site.len() > 2_048 || again.as_ref() == Some(site), "`{line}` is `{site}`, and that is {again:?}");
            assert!(!site.chars().any(char::is_control), "`{line}` is `{site}`");
            // A name that is no host has no parts.
            let Some(host) = host_of_site(site) else { continue };
            assert!(!site.contains(char::is_whitespace), "`{line}` is `{site}`");
            assert!(!host.is_empty() && !host.contains(['@', ':', '?', '#', '/', '\\']), "`{line}` is `{site}`");
            let path = &site[host.len()..];
            // What belongs to no name changes none.
            for around in
                [format!("https://user:word@{host}:443{path}?q=1#f"), format!("//{host}.{path}#f"), format!("HTTP://www.{host}{path}/")]
            {
                let same = checked(Field::Site, RawValue::text(around.as_str())).ok().and_then(|checked| checked.record.site);
                let is_too_long = around.len() > 2_048;
                assert!(is_too_long || same.as_deref() == Some(site), "`{line}` is `{site}`, and `{around}` is {same:?}");
            }
        }
    }
    came_to.truncate(3);
    came_to.join(";")
}
