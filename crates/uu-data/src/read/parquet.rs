//! Parquet: batches of typed columns, read page by page.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::compute::cast;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::{RecordBatch, RecordBatchOptions, RecordBatchReader};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::basic::{ConvertedType, Type};
use parquet::file::reader::ChunkReader;
use parquet::schema::types::SchemaDescriptor;
use uu_core::{contained, escaped};

use super::codecs::check_codecs;
use super::column_use::ReadNote;
use super::columns::{Binding, column_names};
use super::page_header::HeaderError;
use super::pages::{PageError, check_contents, check_pages};
use super::views::{add_bytes, are_texts_utf8, as_views, fixed_bytes, packed, rows_of};
use super::zones::with_zones;
use super::{Chunk, ChunkSource, Context, MAX_CHUNK_BYTES, MAX_ROW_BYTES, ReadError};

pub(super) struct ParquetChunks {
    context: Context,
    reader: ParquetRecordBatchReader,
    /// The columns as the file declares them, as far as they can be had so.
    schema: SchemaRef,
    /// Columns with bytes that the library does not look at when it makes texts of them.
    unchecked: BTreeSet<usize>,
    binding: Binding,
    /// What was read and is not passed on yet, the last rows first.
    waiting: Vec<RecordBatch>,
    rows_read: u64,
    /// Rows without a value in any column.
    empty_rows: u64,
    started: bool,
}

pub(super) fn chunks<S: ChunkReader + 'static>(source: S, context: Context) -> Result<ParquetChunks, ReadError> {
    let file = Arc::clone(&context.file);
    check_contents(&source).map_err(|error| refused(&file, &error))?;
    let declared = guarded(&file, || ArrowReaderMetadata::load(&source, ArrowReaderOptions::new()).map_err(|error| error.to_string()))?;
    let schema = guarded(&file, || Ok(Arc::new(with_zones(declared.schema(), declared.metadata()))))?;
    context.check_width(schema.flattened_fields().len())?;
    check_codecs(&file, declared.metadata())?;
    // Some pages are decompressed to be checked, which the library may panic on.
    let checked = contained(|| check_pages(&source, declared.metadata()));
    checked.unwrap_or_else(|_panicked| Err(HeaderError::Contradiction.into())).map_err(|error| refused(&file, &error))?;
    let unchecked = unchecked(declared.parquet_schema());
    let widths = schema.fields().iter().map(|column| column.data_type());
    if widths.clone().map(fixed_bytes).fold(0, usize::saturating_add) > MAX_ROW_BYTES {
        return Err(ReadError::RowTooLarge { file, row: 1 });
    }
    let rows = rows_of(widths, context.rows_of(schema.flattened_fields().len()));
    let reader = guarded(&file, || {
        let options = ArrowReaderOptions::new().with_schema(as_views_of(&schema)?);
        let as_views = ArrowReaderMetadata::try_new(Arc::clone(declared.metadata()), options).map_err(|error| error.to_string())?;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(source, as_views);
        builder.with_batch_size(rows).build().map_err(|error| error.to_string())
    })?;
    let binding = context.bind(&column_names(&schema))?;
    let schema = Arc::new(packed(&schema));
    Ok(ParquetChunks { context, reader, schema, unchecked, binding, waiting: Vec::new(), rows_read: 0, empty_rows: 0, started: false })
}

/// The places of columns that hold bytes which Parquet's own schema does not call UTF-8.
fn unchecked(schema: &SchemaDescriptor) -> BTreeSet<usize> {
    let leaves = schema.columns().iter().enumerate();
    let bytes = leaves.filter(|(_, leaf)| leaf.physical_type() == Type::BYTE_ARRAY && leaf.converted_type() != ConvertedType::UTF8);
    bytes.map(|(leaf, _)| schema.get_column_root_idx(leaf)).collect()
}

/// The columns as they are read, with texts as views.
fn as_views_of(schema: &Schema) -> Result<SchemaRef, String> {
    let columns = schema.fields().iter().map(|column| {
        let read = as_views(column.data_type()).ok_or_else(|| format!("column `{}` is of type {}", column.name(), column.data_type()))?;
        Ok(Arc::new(column.as_ref().clone().with_data_type(read)))
    });
    Ok(Arc::new(Schema::new_with_metadata(columns.collect::<Result<Vec<_>, String>>()?, schema.metadata().clone())))
}

fn refused(file: &Arc<str>, error: &PageError) -> ReadError {
    let (file, reason) = (file.clone(), error.to_string());
    match error {
        PageError::Header(_) | PageError::Parquet(_) | PageError::Io(_) => ReadError::Parquet { file, reason },
        PageError::Contents { .. } | PageError::Pages { .. } | PageError::Lists { .. } | PageError::Texts { .. } => {
            ReadError::LargePieces { file, reason }
        }
    }
}

/// Runs a step of the Parquet library, which may panic on damaged files: that too is an error of the file.
fn guarded<T>(file: &Arc<str>, step: impl FnOnce() -> Result<T, String>) -> Result<T, ReadError> {
    let outcome = contained(step).unwrap_or_else(|_panicked| Err("its pages contradict each other".to_owned()));
    outcome.map_err(|reason| ReadError::Parquet { file: file.clone(), reason })
}

impl ParquetChunks {
    /// Cuts a batch into pieces that stay small when every row's texts are written out; the last piece first.
    fn cut(&self, batch: &RecordBatch) -> Result<Vec<RecordBatch>, ReadError> {
        let mut bytes_of_rows = vec![0; batch.num_rows()];
        batch.columns().iter().for_each(|column| add_bytes(column, &mut bytes_of_rows));
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

    fn check_texts(&self, batch: &RecordBatch) -> Result<(), ReadError> {
        let Some(foreign) = self.unchecked.iter().find(|column| !are_texts_utf8(batch.column(**column))) else { return Ok(()) };
        let reason = format!("the texts of column `{}` are not UTF-8", escaped(self.schema.field(*foreign).name()));
        Err(ReadError::Parquet { file: self.context.file.clone(), reason })
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
}

impl ChunkSource for ParquetChunks {
    fn next_chunk(&mut self) -> Result<Option<Chunk>, ReadError> {
        if self.waiting.is_empty() {
            let reader = &mut self.reader;
            let batch = guarded(&self.context.file, || reader.next().transpose().map_err(|error| error.to_string()))?;
            match batch {
                Some(batch) => {
                    self.check_texts(&batch)?;
                    self.waiting = self.cut(&batch)?;
                }
                None if self.started => return Ok(None),
                None => self.waiting.push(RecordBatch::new_empty(self.reader.schema())),
            }
        }
        let Some(piece) = self.waiting.pop() else { return Ok(None) };
        let batch = guarded(&self.context.file, || self.as_declared(&piece).map_err(|error| error.to_string()))?;
        self.started = true;
        let (chunk, empty) = self.context.chunk(batch, &mut self.binding, &mut self.rows_read, Vec::new()).without_empty_rows();
        self.empty_rows += empty;
        Ok(Some(chunk))
    }

    fn names(&self) -> Vec<String> {
        column_names(&self.schema)
    }

    fn also_used(&self) -> Vec<String> {
        self.binding.used_month().map(|place| self.names().swap_remove(place)).into_iter().collect()
    }

    fn notes(&self) -> Vec<ReadNote> {
        self.binding.note().into_iter().chain(ReadNote::of_empty_rows(self.empty_rows)).collect()
    }
}
