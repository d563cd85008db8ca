//! The records of rows that are kept between trainings.

use serde_json::{Value, json};
use uu_core::{Checked, Record, Rules};
use uu_data::read::{BadRows, Format, Input, ReadError, ReadOptions, read_all};
use uu_registry::{BatchContents, BatchId, Observation};

/// The records of a batch.
///
/// **Errors**: bytes that cannot be read.
pub(crate) fn records_of(batch: BatchId, contents: BatchContents, rules: &Rules) -> Result<Vec<Record>, ReadError> {
    let (format, bytes) = match contents {
        BatchContents::Parquet(bytes) => (Format::Parquet, bytes),
        BatchContents::Rows(rows) => {
            let lines = rows.into_iter().map(|row| format!("{}\n", object(row.observation)));
            (Format::Ndjson, lines.collect::<String>().into_bytes())
        }
    };
    let options = ReadOptions { format: Some(format), rules: rules.clone(), ..ReadOptions::default() }.trusted();
    let (checked, _) = read_all(vec![Input::bytes(format!("batch {batch}"), bytes)], &options, BadRows::Skip)?;
    Ok(checked.into_iter().map(|Checked { record, .. }| record).collect())
}

/// An observation as a row of a file.
pub(crate) fn object(observation: Observation) -> Value {
    let Observation { source, site, month, mut fields } = observation;
    fields.extend([("source".to_owned(), json!(source)), ("site".to_owned(), json!(site)), ("date".to_owned(), json!(month))]);
    Value::Object(fields)
}
