//! Parquet: batches of typed columns, read page by page.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::compute::kernels::length::length;
use arrow::datatypes::{DataType, Int64Type, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::{RecordBatch, RecordBatchOptions, RecordBatchReader};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::file::reader::ChunkReader;

use super::columns::{Binding, column_names};
use super::{Chunk, Context, MAX_CHUNK_BYTES, MAX_ROW_BYTES, ReadError};

pub(super) struct ParquetChunks {
    context: Context,
    reader: ParquetRecordBatchReader,
    /// The columns as the file declares them.
    schema: SchemaRef,
    binding: Binding,
    /// What was read and is not passed on yet, the last rows first.
    waiting: Vec<RecordBatch>,
    rows_read: u64,
    started: bool,
}

pub(super) fn chunks<S: ChunkReader + 'static>(source: S, context: Context) -> Result<ParquetChunks, ReadError> {
    let chunk_rows = context.chunk_rows;
    let opened = guarded(&context.file, || {
        let (builder, schema) = builder(source).map_err(|error| error.to_string())?;
        let reader = builder.with_batch_size(chunk_rows).build().map_err(|error| error.to_string())?;
        Ok((reader, schema))
    });
    let (reader, schema) = opened?;
    let binding = context.bind(&column_names(&schema))?;
    Ok(ParquetChunks { context, reader, schema, binding, waiting: Vec::new(), rows_read: 0, started: false })
}

/// Reads texts as views, which share what a dictionary page holds once, and says what the columns were declared to be.
fn builder<S: ChunkReader + 'static>(source: S) -> parquet::errors::Result<(ParquetRecordBatchReaderBuilder<S>, SchemaRef)> {
    let declared = ArrowReaderMetadata::load(&source, ArrowReaderOptions::new())?;
    let columns = declared.schema().fields().iter().map(|column| match column.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 => Arc::new(column.as_ref().clone().with_data_type(DataType::Utf8View)),
        _ => Arc::clone(column),
    });
    let views = Schema::new_with_metadata(columns.collect::<Vec<_>>(), declared.schema().metadata().clone());
    let options = ArrowReaderOptions::new().with_schema(Arc::new(views));
    let as_views = ArrowReaderMetadata::try_new(Arc::clone(declared.metadata()), options)?;
    Ok((ParquetRecordBatchReaderBuilder::new_with_metadata(source, as_views), Arc::clone(declared.schema())))
}

/// Runs a step of the Parquet library, which may panic on damaged files: that too is an error of the file.
fn guarded<T>(file: &Arc<str>, step: impl FnOnce() -> Result<T, String>) -> Result<T, ReadError> {
    let outcome = catch_unwind(AssertUnwindSafe(step)).unwrap_or_else(|_| Err("its pages contradict each other".to_owned()));
    outcome.map_err(|reason| ReadError::Parquet { file: file.clone(), reason })
}

impl ParquetChunks {
    /// Cuts a batch into pieces that stay small when every row's texts are written out; the last piece first.
    ///
    /// A file holds a repeated text once, however many rows have it: a small file could stand for more than any memory.
    fn cut(&self, batch: &RecordBatch) -> Result<Vec<RecordBatch>, ReadError> {
        let mut bytes_of_rows = vec![0; batch.num_rows()];
        batch.columns().iter().for_each(|column| add_text_bytes(column, &mut bytes_of_rows));
        let (mut pieces, mut start, mut bytes) = (Vec::new(), 0, 0);
        for (row, of_row) in bytes_of_rows.into_iter().enumerate() {
            if of_row > MAX_ROW_BYTES {
                return Err(ReadError::RowTooLarge { file: self.context.file.clone(), row: self.rows_read + row as u64 + 1 });
            }
            if bytes + of_row > MAX_CHUNK_BYTES {
                pieces.push(batch.slice(start, row - start));
                (start, bytes) = (row, 0);
            }
            bytes += of_row;
        }
        pieces.push(batch.slice(start, batch.num_rows() - start));
        pieces.reverse();
        Ok(pieces)
    }

    /// A piece with its texts as they were declared, now that they are known to be small.
    fn as_declared(&self, piece: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let columns = piece.columns().iter().zip(self.schema.fields());
        let columns: Result<Vec<ArrayRef>, _> = columns
            .map(
                |(values, column)| {
                    if values.data_type() == column.data_type() { Ok(values.clone()) } else { cast(values, column.data_type()) }
                },
            )
            .collect();
        let rows = RecordBatchOptions::new().with_row_count(Some(piece.num_rows()));
        RecordBatch::try_new_with_options(self.schema.clone(), columns?, &rows)
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
        let Some(piece) = self.waiting.pop() else { return Ok(None) };
        let batch = guarded(&self.context.file, || self.as_declared(&piece).map_err(|error| error.to_string()))?;
        self.started = true;
        Ok(Some(self.context.chunk(batch, &self.binding, &mut self.rows_read)))
    }
}

/// Adds the bytes of each row's text; other columns take as much memory as they say.
fn add_text_bytes(column: &ArrayRef, bytes_of_rows: &mut [usize]) {
    if let Some(views) = column.as_string_view_opt() {
        // The low half of a view is its length.
        bytes_of_rows.iter_mut().zip(views.views().iter()).for_each(|(bytes, view)| *bytes += *view as u32 as usize);
    } else if let Some(dictionary) = column.as_any_dictionary_opt().filter(|dictionary| !dictionary.values().is_empty()) {
        let Ok(lengths) = length(dictionary.values().as_ref()).and_then(|lengths| cast(&lengths, &DataType::Int64)) else { return };
        let lengths = lengths.as_primitive::<Int64Type>();
        let of_keys = dictionary.normalized_keys().into_iter().map(|key| lengths.value(key).max(0) as usize);
        bytes_of_rows.iter_mut().zip(of_keys).for_each(|(bytes, of_key)| *bytes += of_key);
    }
}

impl Iterator for ParquetChunks {
    type Item = Result<Chunk, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}
