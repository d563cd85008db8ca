//! Time zones of a Parquet file's columns, which its own types leave out.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use arrow::ipc::convert::try_fb_to_schema;
use arrow::ipc::root_as_message;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use parquet::arrow::ARROW_SCHEMA_META_KEY;
use parquet::file::metadata::ParquetMetaData;

/// Bytes before the message, where it is framed: a mark and its length.
const FRAME: ([u8; 4], usize) = ([0xFF; 4], 8);

/// The columns with the zones that the writer's schema names.
///
/// Parquet keeps points in time in UTC, and beside them the schema of whoever wrote them. The library takes its zone from there only where the units agree;
/// pandas' seconds are written as milliseconds.
pub(super) fn with_zones(columns: &Schema, metadata: &ParquetMetaData) -> Schema {
    let Some(declared) = declared(metadata) else { return columns.clone() };
    let zoned = |column: &Arc<Field>| {
        let (DataType::Timestamp(unit, Some(_)), Ok(of_writer)) = (column.data_type(), declared.field_with_name(column.name())) else {
            return Arc::clone(column);
        };
        match of_writer.data_type() {
            DataType::Timestamp(_, Some(zone)) => {
                Arc::new(column.as_ref().clone().with_data_type(DataType::Timestamp(*unit, Some(Arc::clone(zone)))))
            }
            _ => Arc::clone(column),
        }
    };
    Schema::new_with_metadata(columns.fields().iter().map(zoned).collect::<Vec<_>>(), columns.metadata().clone())
}

/// The schema of whoever wrote the file; `None` where it has none that can be read.
fn declared(metadata: &ParquetMetaData) -> Option<Schema> {
    let entries = metadata.file_metadata().key_value_metadata()?;
    let encoded = entries.iter().find(|entry| entry.key == ARROW_SCHEMA_META_KEY)?.value.as_ref()?;
    let bytes = STANDARD.decode(encoded).ok()?;
    let message = if bytes.len() > FRAME.1 && bytes.starts_with(&FRAME.0) { &bytes[FRAME.1..] } else { &bytes };
    try_fb_to_schema(root_as_message(message).ok()?.header_as_schema()?).ok()
}
