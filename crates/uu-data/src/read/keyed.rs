//! Objects of JSON whose keys are months: one flat record for each, with what stands beside the months in all of them.

use std::collections::HashSet;

use serde_json::value::RawValue;
use uu_core::{Fault, Field, Month};

use super::MAX_ROW_BYTES;
use super::columns::is_month;
use super::json::Row;
use super::object::{Entries, kind, malformed, parse};
use super::own_output::entry;

/// What stands beside the months.
struct Shared<'a> {
    key: &'a str,
    field: Option<Field>,
    /// Key and value, as they are written into a record.
    written: String,
}

/// Whether an object is keyed by month: one of its months has an object of values, or it has nothing but months and the names of a site and its sources.
/// A flat record, which has a date of its own, is none.
pub(super) fn are_months(Entries(entries): &Entries<'_>) -> bool {
    let is_date = |key: &str| Field::named(key) == Some(Field::Date) && !is_month(key);
    if entries.iter().any(|(key, value)| is_object(value) && is_a_month(key)) {
        return !entries.iter().any(|(key, _)| is_date(key));
    }
    // Names of fields do not begin with a digit: most records are passed over at a glance.
    let may_be = |key: &str| key.starts_with(|first: char| first.is_ascii_digit());
    let is_shared = |key: &str| matches!(Field::named(key), Some(Field::Site | Field::Source | Field::RankSource));
    entries.iter().any(|(key, _)| may_be(key)) && entries.iter().all(|(key, _)| is_a_month(key) || is_shared(key))
}

/// The records of an object that is keyed by month. A key that is no month and has an object is refused as a date by the check.
///
/// **Errors**: what stands beside the months is too long to be written into each of them.
pub(super) fn records(Entries(entries): &Entries<'_>) -> Result<Vec<Row>, Fault> {
    let (months, beside): (Vec<_>, Vec<_>) = entries.iter().partition(|(key, value)| is_object(value) || is_a_month(key));
    let shared = beside.iter().map(|(key, value)| Shared { key: key.as_ref(), field: Field::named(key), written: entry(key, value.get()) });
    let shared: Vec<Shared<'_>> = shared.collect();
    let bytes: usize = shared.iter().map(|shared| shared.written.len()).sum();
    if bytes.saturating_mul(months.len()) > MAX_ROW_BYTES {
        return Err(malformed("an object of months with short values beside them", format!("values of {bytes} bytes")));
    }
    Ok(months.into_iter().map(|(date, value)| record(date, value, &shared)).collect())
}

/// A month's object, with its key as its date and what it does not have itself of the values beside it.
fn record(date: &str, month: &RawValue, shared: &[Shared<'_>]) -> Row {
    if !is_object(month) {
        return Err(malformed("an object of a month's values", format!("{} under `{date}`", kind(month.get()))));
    }
    let own = if shared.is_empty() { Vec::new() } else { Entries::of(month)?.0 };
    let keys: HashSet<&str> = own.iter().map(|(key, _)| key.as_ref()).collect();
    let fields: HashSet<Field> = keys.iter().filter_map(|key| Field::named(key)).collect();
    let is_own = |shared: &Shared<'_>| keys.contains(shared.key) || shared.field.is_some_and(|field| fields.contains(&field));
    let date = serde_json::to_string(date).expect("a text is JSON");
    let mut written = vec![entry(Field::Date.json(), &date)];
    written.extend(shared.iter().filter(|shared| !is_own(shared)).map(|shared| shared.written.clone()));
    let rest = month.get()[1..].trim_start();
    let separator = if rest.starts_with('}') { "" } else { ", " };
    parse(format!("{{{}{separator}{rest}", written.join(", ")).as_bytes())
}

fn is_object(value: &RawValue) -> bool {
    value.get().starts_with('{')
}

fn is_a_month(key: &str) -> bool {
    key.parse::<Month>().is_ok()
}
