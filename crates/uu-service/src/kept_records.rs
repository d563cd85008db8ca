//! The records of rows that are kept between trainings.

use serde_json::{Map, Value, json};
use uu_core::{Checked, Field, RawRecord, RawValue, Record, Rules, check};
use uu_data::read::{BadRows, Format, Input, ReadError, ReadOptions, read_all};
use uu_registry::{BatchContents, BatchId, Observation};

/// The records of a batch.
///
/// **Errors**: bytes that cannot be read.
pub(crate) fn records_of(batch: BatchId, contents: BatchContents, rules: &Rules) -> Result<Vec<Record>, ReadError> {
    let bytes = match contents {
        BatchContents::Parquet(bytes) => bytes,
        // One by one: of a file's rows some must have an input, of observations none.
        BatchContents::Rows(rows) => return Ok(rows.into_iter().filter_map(|row| record(row.observation, rules)).collect()),
    };
    let options = ReadOptions { format: Some(Format::Parquet), rules: rules.clone(), ..ReadOptions::default() }.trusted();
    let (checked, _) = read_all(vec![Input::bytes(format!("batch {batch}"), bytes)], &options, BadRows::Skip)?;
    Ok(checked.into_iter().map(|Checked { record, .. }| record).collect())
}

/// An observation as a record; `None` where the rules have changed since it was kept and it breaks one.
pub(crate) fn record(observation: Observation, rules: &Rules) -> Option<Record> {
    let Observation { source, site, month, mut fields } = observation;
    fields.extend([("source".to_owned(), json!(source)), ("site".to_owned(), json!(site)), ("date".to_owned(), json!(month))]);
    check(&raw(&fields, rules), rules).ok().map(|checked| checked.record)
}

fn raw<'a>(fields: &'a Map<String, Value>, rules: &Rules) -> RawRecord<'a> {
    let mut raw = RawRecord::new();
    for (name, value) in fields {
        let value = match value {
            Value::Number(number) => RawValue::number(number.as_f64()),
            Value::String(text) => RawValue::text(text.as_str()),
            _ => continue,
        };
        if let Some(index) = rules.extras.iter().position(|extra| extra == name) {
            raw.set_extra(index, value);
        } else if let Some(field) = Field::named(name) {
            raw.set(field, value);
        }
    }
    raw
}
