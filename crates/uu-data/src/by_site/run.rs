//! Runs: rows that were sorted together, in memory or on disk.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::sync::Arc;

use arrow::array::UInt64Array;
use arrow::buffer::BooleanBuffer;
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use uu_core::{BounceRate, Checked, Warning};

use super::{conformed, place, united};
use crate::read::{BadRows, Decimal, Format, GoodChunk, Input, ReadError, ReadOptions, Reader, SkippedRows, open, open_parquet};

/// Rows of a run that are in memory while runs are merged.
const MERGED_ROWS: usize = 4 << 10;

/// Chunks that wait to be sorted together.
#[derive(Default)]
pub(super) struct Gathered {
    chunks: Vec<GoodChunk>,
    rows: usize,
    bytes: usize,
}

impl Gathered {
    pub(super) fn push(&mut self, chunk: GoodChunk) {
        self.rows += chunk.rows.len();
        let of_objects: usize = chunk.json.iter().flatten().map(|object| object.get().len()).sum();
        self.bytes += chunk.batch.get_array_memory_size() + of_objects;
        self.chunks.push(chunk);
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// One chunk with all the rows in order; rows of one site and month stay as they came.
    pub(super) fn sorted(self, file: &Arc<str>) -> Result<GoodChunk, ReadError> {
        let schemas: Vec<SchemaRef> = self.chunks.iter().map(|chunk| chunk.batch.schema()).collect();
        let schema = united(&schemas);
        let batches = self.chunks.iter().map(|chunk| conformed(&chunk.batch, &schema, file)).collect::<Result<Vec<_>, _>>()?;
        let failed = |error: arrow::error::ArrowError| ReadError::Unsorted { file: Arc::clone(file), reason: error.to_string() };
        let batch = concat_batches(&schema, &batches).map_err(failed)?;
        drop(batches);
        let (mut rows, mut objects) = (Vec::with_capacity(self.rows), Vec::new());
        for chunk in self.chunks {
            rows.extend(chunk.rows);
            objects.extend(chunk.json.into_iter().flatten());
        }
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_cached_key(|&row| place(&rows[row]));
        let places: UInt64Array = order.iter().map(|&row| row as u64).collect();
        let batch = take_record_batch(&batch, &places).map_err(failed)?;
        let json = (!objects.is_empty()).then(|| in_order(objects, &order));
        Ok(GoodChunk { batch, json, rows: in_order(rows, &order), numbers_from_text: std::collections::BTreeMap::new() })
    }
}

fn in_order<T>(values: Vec<T>, order: &[usize]) -> Vec<T> {
    let mut values: Vec<Option<T>> = values.into_iter().map(Some).collect();
    order.iter().filter_map(|&index| values[index].take()).collect()
}

/// Sorted rows, a chunk at a time.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) schema: SchemaRef,
    rows: Rows,
}

#[derive(Debug)]
enum Rows {
    Memory(Option<Box<GoodChunk>>),
    Disk { reader: Box<Reader>, warnings: FileWarnings, taken: usize },
}

/// Warnings that only the whole file shows, of rows that are read once more by themselves: a bit for each row.
#[derive(Debug)]
struct FileWarnings {
    fractions: BooleanBuffer,
    repeats: BooleanBuffer,
}

impl FileWarnings {
    fn of(rows: &[Checked]) -> Self {
        let with = |is_one: fn(&Warning) -> bool| rows.iter().map(|row| row.warnings.iter().any(is_one)).collect();
        Self {
            fractions: with(|warning| matches!(warning, Warning::BounceRateFraction { .. })),
            repeats: with(|warning| matches!(warning, Warning::DuplicateMonth { .. })),
        }
    }

    /// Adds its warnings to rows of which the first is row `first` of the run.
    fn add(&self, first: usize, rows: &mut [Checked]) {
        for (row, Checked { record, warnings }) in (first..).zip(rows) {
            if self.fractions.value(row)
                && let Some(found) = record.bounce_rate.map(BounceRate::get)
            {
                warnings.push(Warning::BounceRateFraction { found });
            }
            if self.repeats.value(row) {
                warnings.push(Warning::DuplicateMonth { month: record.month });
            }
        }
    }
}

impl Run {
    pub(super) fn in_memory(chunk: GoodChunk) -> Self {
        Self { schema: chunk.batch.schema(), rows: Rows::Memory(Some(Box::new(chunk))) }
    }

    /// Writes the rows to a temporary file that has no name, so that nothing is left of it whatever happens.
    pub(super) fn on_disk(chunk: &GoodChunk, file: &Arc<str>, options: &ReadOptions) -> Result<Self, ReadError> {
        let failed = |source| ReadError::Spill { file: Arc::clone(file), source };
        let schema = chunk.batch.schema();
        let mut spilled = tempfile::tempfile().map_err(failed)?;
        let options = ReadOptions { chunk_rows: MERGED_ROWS, ..options.clone() };
        let reader = match &chunk.json {
            Some(objects) => {
                let mut lines = BufWriter::with_capacity(1 << 20, &mut spilled);
                for object in objects {
                    // A line break can only stand between tokens, where a space does as well.
                    let line: Vec<u8> = object.get().bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }).collect();
                    lines.write_all(&line).and_then(|()| lines.write_all(b"\n")).map_err(failed)?;
                }
                lines.flush().map_err(failed)?;
                drop(lines);
                let reader = Box::new(rewound(spilled).map_err(failed)?);
                let input = Input::Stream { name: file.to_string(), reader };
                open(input, ReadOptions { format: Some(Format::Ndjson), ..options })?
            }
            None => {
                let properties = WriterProperties::builder().set_max_row_group_row_count(Some(MERGED_ROWS)).build();
                let written = ArrowWriter::try_new(&mut spilled, Arc::clone(&schema), Some(properties)).and_then(|mut writer| {
                    writer.write(&chunk.batch)?;
                    writer.close()
                });
                written.map_err(|error| failed(std::io::Error::other(error)))?;
                // Its numbers have points by now.
                let options = ReadOptions { format: None, decimal: Some(Decimal::Point), ..options };
                open_parquet(file, rewound(spilled).map_err(failed)?, options)?
            }
        };
        let warnings = FileWarnings::of(&chunk.rows);
        Ok(Self { schema, rows: Rows::Disk { reader: Box::new(reader), warnings, taken: 0 } })
    }

    pub(super) fn next_chunk(&mut self) -> Result<Option<GoodChunk>, ReadError> {
        match &mut self.rows {
            Rows::Memory(chunk) => Ok(chunk.take().map(|chunk| *chunk)),
            Rows::Disk { reader, warnings, taken } => {
                let Some(chunk) = reader.next().transpose()? else { return Ok(None) };
                // They have passed before.
                let mut chunk = chunk.passed(BadRows::Fail, &mut SkippedRows::default())?;
                warnings.add(*taken, &mut chunk.rows);
                *taken += chunk.rows.len();
                Ok(Some(chunk))
            }
        }
    }
}

fn rewound(mut file: File) -> std::io::Result<File> {
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}
