//! Parquet: batches of typed columns, read page by page.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow::record_batch::{RecordBatch, RecordBatchReader};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::file::reader::ChunkReader;

use super::columns::{Binding, column_names};
use super::{Chunk, Context, ReadError};

pub(super) struct ParquetChunks {
    context: Context,
    reader: ParquetRecordBatchReader,
    binding: Binding,
    rows_read: u64,
    started: bool,
}

pub(super) fn chunks<S: ChunkReader + 'static>(source: S, context: Context) -> Result<ParquetChunks, ReadError> {
    let chunk_rows = context.chunk_rows;
    let opened = guarded(&context.file, || {
        let builder = ParquetRecordBatchReaderBuilder::try_new(source).map_err(|error| error.to_string())?;
        builder.with_batch_size(chunk_rows).build().map_err(|error| error.to_string())
    });
    let reader = opened?;
    let binding = context.bind(&column_names(&reader.schema()))?;
    Ok(ParquetChunks { context, reader, binding, rows_read: 0, started: false })
}

/// Runs a step of the Parquet library, which may panic on damaged files: that too is an error of the file.
fn guarded<T>(file: &Arc<str>, step: impl FnOnce() -> Result<T, String>) -> Result<T, ReadError> {
    let outcome = catch_unwind(AssertUnwindSafe(step)).unwrap_or_else(|_| Err("its pages contradict each other".to_owned()));
    outcome.map_err(|reason| ReadError::Parquet { file: file.clone(), reason })
}

impl ParquetChunks {
    fn read(&mut self) -> Result<Option<Chunk>, ReadError> {
        let reader = &mut self.reader;
        let batch = guarded(&self.context.file, || reader.next().transpose().map_err(|error| error.to_string()))?;
        let batch = match batch {
            Some(batch) => batch,
            None if self.started => return Ok(None),
            None => RecordBatch::new_empty(self.reader.schema()),
        };
        self.started = true;
        let first_row = self.rows_read + 1;
        self.rows_read += batch.num_rows() as u64;
        let rows = self.context.check_batch(&batch, &self.binding, first_row, Vec::new());
        let numbers_from_text = self.context.numbers_from_text(&batch, &self.binding);
        Ok(Some(Chunk { first_row, batch, json: None, rows, numbers_from_text }))
    }
}

impl Iterator for ParquetChunks {
    type Item = Result<Chunk, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}
