//! Parquet: typed columns, compressed page by page.

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::output::Sink;
use super::{Encode, WriteError};

/// Rows of a row group: what a reader holds at least, and what the writer holds at most.
const ROW_GROUP_ROWS: usize = 128 << 10;

pub(super) struct ParquetWriter {
    writer: ArrowWriter<Sink>,
}

impl ParquetWriter {
    pub(super) fn new(sink: Sink, schema: SchemaRef) -> Result<Self, WriteError> {
        let level = ZstdLevel::try_new(1).expect("1 is a level of zstd");
        let properties =
            WriterProperties::builder().set_compression(Compression::ZSTD(level)).set_max_row_group_row_count(Some(ROW_GROUP_ROWS)).build();
        Ok(Self { writer: ArrowWriter::try_new(sink, schema, Some(properties))? })
    }
}

impl Encode for ParquetWriter {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), WriteError> {
        Ok(self.writer.write(batch)?)
    }

    fn finish(self: Box<Self>) -> Result<Sink, WriteError> {
        Ok(self.writer.into_inner()?)
    }
}
