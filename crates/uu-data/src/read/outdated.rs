//! Explanations of earlier estimates: beside a new estimate each would be taken for that one's.
//!
//! A column of that name may be anybody's, so what counts is the form of its values.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, new_null_array};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use serde_json::value::RawValue;
use uu_core::OutputColumn;

use super::columns::texts_of;
use super::object::{Entries, parse};
use super::own_output::{entry, unknown_where};

/// What every explanation has.
const PARTS: [&str; 2] = ["base", "factors"];

/// The batch, in which explanations of earlier estimates are unknown; `places` are those of the columns that may hold some.
pub(super) fn without_explanations(batch: RecordBatch, places: &[usize]) -> RecordBatch {
    if places.is_empty() {
        return batch;
    }
    let mut columns = batch.columns().to_vec();
    for place in places {
        columns[*place] = without_those_of(&columns[*place]);
    }
    // A dictionary may have become its values.
    let schema = batch.schema();
    let fields = schema.fields().iter().zip(&columns);
    let fields: Vec<_> =
        fields.map(|(field, values)| field.as_ref().clone().with_data_type(values.data_type().clone()).with_nullable(true)).collect();
    let schema = arrow::datatypes::Schema::new_with_metadata(fields, schema.metadata().clone());
    RecordBatch::try_new(Arc::new(schema), columns).expect("every column kept its rows")
}

fn without_those_of(column: &ArrayRef) -> ArrayRef {
    if let DataType::Struct(fields) = column.data_type() {
        let is_explanation = PARTS.iter().all(|part| fields.find(part).is_some());
        return if is_explanation { new_null_array(column.data_type(), column.len()) } else { column.clone() };
    }
    let Some(texts) = texts_of(column) else { return column.clone() };
    let outdated: BooleanArray = texts.iter().map(|text| Some(text.is_some_and(is_explanation))).collect();
    if outdated.true_count() > 0 { unknown_where(column, &outdated) } else { column.clone() }
}

/// Whether an entry of a record explains an earlier estimate.
pub(super) fn is_outdated(key: &str, value: &RawValue) -> bool {
    OutputColumn::named(key) == Some(OutputColumn::Explanation) && is_explanation(value.get().trim_start_matches('"'))
}

/// The record without the explanation of an earlier estimate.
pub(super) fn without_explanation(record: Box<RawValue>) -> Box<RawValue> {
    rewritten(&record).unwrap_or(record)
}

/// The same, where it has one.
fn rewritten(record: &RawValue) -> Option<Box<RawValue>> {
    let Entries(entries) = Entries::of(record).ok()?;
    let kept: Vec<String> =
        entries.iter().filter(|(key, value)| !is_outdated(key, value)).map(|(key, value)| entry(key, value.get())).collect();
    (kept.len() < entries.len()).then(|| parse(format!("{{{}}}", kept.join(",")).as_bytes()).ok()).flatten()
}

/// Whether a text is an object with what every explanation has, as JSON or as Python shows it.
fn is_explanation(text: &str) -> bool {
    text.trim_start().starts_with('{') && PARTS.iter().all(|part| text.contains(part))
}
