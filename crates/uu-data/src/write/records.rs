//! Records to a file, in the canonical columns.

use uu_core::Record;

use super::{Output, WriteError, WriteOptions, Writer, Written};
use crate::records::records_batch;

const BATCH_ROWS: usize = 64 << 10;

/// Writes records in the canonical columns, as they come.
///
/// **Errors**: the output fails.
pub fn write_records(
    records: impl IntoIterator<Item = Record>,
    extras: &[String],
    output: Output,
    mut options: WriteOptions,
) -> Result<Written, WriteError> {
    options.extras = extras.to_vec();
    let mut writer = Writer::create(output, options)?;
    let mut records = records.into_iter();
    let mut chunk: Vec<Record> = Vec::new();
    loop {
        chunk.clear();
        chunk.extend(records.by_ref().take(BATCH_ROWS));
        // The columns are written even where there is no record.
        if chunk.is_empty() && writer.rows() > 0 {
            return writer.finish();
        }
        writer.write(&records_batch(&chunk, extras), None, &[])?;
        if chunk.is_empty() {
            return writer.finish();
        }
    }
}
