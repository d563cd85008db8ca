//! Parquet: batches of typed columns, read page by page.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::kernels::length::length;
use arrow::compute::{cast, max};
use arrow::datatypes::{DataType, Int64Type};
use arrow::record_batch::{RecordBatch, RecordBatchReader};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::file::reader::ChunkReader;

use super::columns::{Binding, column_names};
use super::{Chunk, Context, MAX_CHUNK_BYTES, MAX_ROW_BYTES, ReadError};

pub(super) struct ParquetChunks {
    context: Context,
    reader: ParquetRecordBatchReader,
    binding: Binding,
    /// What was read and is not passed on yet, the last rows first.
    waiting: Vec<RecordBatch>,
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
    Ok(ParquetChunks { context, reader, binding, waiting: Vec::new(), rows_read: 0, started: false })
}

/// Runs a step of the Parquet library, which may panic on damaged files: that too is an error of the file.
fn guarded<T>(file: &Arc<str>, step: impl FnOnce() -> Result<T, String>) -> Result<T, ReadError> {
    let outcome = catch_unwind(AssertUnwindSafe(step)).unwrap_or_else(|_| Err("its pages contradict each other".to_owned()));
    outcome.map_err(|reason| ReadError::Parquet { file: file.clone(), reason })
}

impl ParquetChunks {
    /// Cuts a batch into pieces that stay small when every row's texts are written out; the last piece first.
    ///
    /// A dictionary holds a text once, however many rows have it: a small file could stand for more than any memory.
    fn cut(&self, batch: &RecordBatch) -> Result<Vec<RecordBatch>, ReadError> {
        let longest: usize = batch.columns().iter().map(longest_shared_text).sum();
        if longest > MAX_ROW_BYTES {
            return Err(ReadError::RowTooLarge { file: self.context.file.clone(), row: self.rows_read + 1 });
        }
        let rows = (MAX_CHUNK_BYTES / longest.max(1)).clamp(1, batch.num_rows().max(1));
        let starts = (0..batch.num_rows()).step_by(rows).rev();
        let mut pieces: Vec<RecordBatch> = starts.map(|start| batch.slice(start, rows.min(batch.num_rows() - start))).collect();
        if pieces.is_empty() {
            pieces.push(batch.clone());
        }
        Ok(pieces)
    }

    fn read(&mut self) -> Result<Option<Chunk>, ReadError> {
        if self.waiting.is_empty() {
            let reader = &mut self.reader;
            let batch = guarded(&self.context.file, || reader.next().transpose().map_err(|error| error.to_string()))?;
            match batch {
                Some(batch) => self.waiting = self.cut(&batch)?,
                None if self.started => return Ok(None),
                None => self.waiting.push(RecordBatch::new_empty(self.reader.schema())),
            }
        }
        let Some(batch) = self.waiting.pop() else { return Ok(None) };
        self.started = true;
        let first_row = self.rows_read + 1;
        self.rows_read += batch.num_rows() as u64;
        let rows = self.context.check_batch(&batch, &self.binding, first_row, Vec::new());
        let numbers_from_text = self.context.numbers_from_text(&batch, &self.binding);
        Ok(Some(Chunk { first_row, batch, json: None, rows, numbers_from_text }))
    }
}

/// Bytes of the longest text of a dictionary; 0 for columns in which each row has a text of its own.
fn longest_shared_text(column: &ArrayRef) -> usize {
    let Some(dictionary) = column.as_any_dictionary_opt() else { return 0 };
    let values = dictionary.values();
    let Ok(lengths) = length(values.as_ref()) else { return 0 };
    let lengths = cast(&lengths, &DataType::Int64).ok();
    lengths.and_then(|lengths| max(lengths.as_primitive::<Int64Type>())).map_or(0, |longest| longest.max(0) as usize)
}

impl Iterator for ParquetChunks {
    type Item = Result<Chunk, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}
