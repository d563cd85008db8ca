//! Estimating files and streams: rows in, the same rows with their estimates out.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use arrow::array::{ArrayRef, Float64Array, Int64Array, ListBuilder, StringArray, StringBuilder};
use rayon::prelude::*;
use uu_core::{Checked, FaultField, Field, Record, Warning};
use uu_data::read::GoodChunk;
use uu_data::write::Added;
use uu_model::{Estimate, EstimateOptions, FilledInput};

pub use uu_data::read::{
    BadRows, BounceRateUnit, Format, Input, ReadError, ReadOptions, Reader, RowFaults, SkippedRows, open, open_parquet,
};
pub use uu_data::write::{Compression, Output, WriteError, WriteOptions, Writer};

use crate::Served;

/// Rows that one thread estimates at a time: enough to keep the trees in its cache, few enough to share a chunk evenly.
const BLOCK_ROWS: usize = 1_024;

/// Chunks that may wait between two stages: reading, estimating and writing go on side by side, and memory stays flat.
const WAITING_CHUNKS: usize = 1;

/// What to estimate, and where to write it.
#[derive(Debug)]
pub struct Batch {
    /// The rows; it must check them by the rules of the model.
    pub reader: Reader,
    /// Where they go, with these columns beside their own: the filled inputs, `unique_users`, `unique_users_low`,
    /// `unique_users_high`, `filled`, `warnings` and `model`.
    pub writer: Writer,
    /// What to do with a row that breaks a rule.
    pub bad_rows: BadRows,
    /// How the estimates are asked for; explanations have no column.
    pub estimate: EstimateOptions,
}

/// What a batch came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BatchReport {
    /// Rows that were estimated and written.
    pub rows: u64,
    /// Rows that were left out.
    pub skipped: SkippedRows,
    /// Columns that the output could not take up; see [`uu_data::write::Written`].
    pub late_columns: BTreeSet<String>,
    /// Columns of the input that the output has anew; see [`uu_data::write::Written`].
    pub replaced_columns: BTreeSet<String>,
}

/// A batch ended before its input did; what was written is void.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The input cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The output cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// It was told to stop.
    #[error("the batch was stopped")]
    Stopped,
}

/// Estimates every row, each on its own, in order.
///
/// `progress` hears how many rows were read after each chunk, and may stop the batch before they are written. The same rows give the same output, whatever the
/// number of threads.
///
/// **Errors**: the input or the output fails, or `progress` says so; the output is then void.
pub fn predict_batch(served: &Served, batch: Batch, progress: &mut dyn FnMut(u64) -> ControlFlow<()>) -> Result<BatchReport, BatchError> {
    let Batch { reader, writer, bad_rows, estimate } = batch;
    let (read_chunk, chunks) = sync_channel(WAITING_CHUNKS);
    let (write_chunk, estimated) = sync_channel(WAITING_CHUNKS);
    thread::scope(|scope| {
        let reading = scope.spawn(move || read(reader, bad_rows, &read_chunk));
        let writing = scope.spawn(move || write(writer, &estimated));
        let outcome = Estimating { served, options: EstimateOptions { explain: false, ..estimate } }.run(chunks, write_chunk, progress);
        let written = join(writing);
        let skipped = join(reading);
        // A stage that fails makes its neighbours end early, so the cause is the failure that lies farthest down the line.
        if outcome.is_break() {
            return Err(BatchError::Stopped);
        }
        let written = written?;
        let skipped = skipped?;
        let written = written.finish()?;
        Ok(BatchReport { rows: written.rows, skipped, late_columns: written.late_columns, replaced_columns: written.replaced_columns })
    })
}

fn join<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Chunks of rows with what is added to them.
struct EstimatedChunk {
    chunk: GoodChunk,
    added: Vec<Added>,
}

fn read(reader: Reader, policy: BadRows, chunks: &SyncSender<GoodChunk>) -> Result<SkippedRows, ReadError> {
    let mut skipped = SkippedRows::default();
    for chunk in reader {
        let good = chunk?.passed(policy, &mut skipped)?;
        if chunks.send(good).is_err() {
            break;
        }
    }
    Ok(skipped)
}

fn write(mut writer: Writer, chunks: &Receiver<EstimatedChunk>) -> Result<Writer, WriteError> {
    for EstimatedChunk { chunk, added } in chunks {
        writer.write(&chunk.batch, chunk.json.as_deref(), &added)?;
    }
    Ok(writer)
}

struct Estimating<'a> {
    served: &'a Served,
    options: EstimateOptions,
}

impl Estimating<'_> {
    #[expect(clippy::needless_pass_by_value, reason = "the channels' ends are dropped when it returns, which ends the other stages")]
    fn run(
        &self,
        chunks: Receiver<GoodChunk>,
        estimated: SyncSender<EstimatedChunk>,
        progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut done = 0;
        for mut chunk in &chunks {
            // Before a row is written: what is refused from the start still gets an answer of its own.
            progress(done + chunk.rows.len() as u64)?;
            let (records, warnings) = taken_apart(std::mem::take(&mut chunk.rows));
            let blocks = records.par_chunks(BLOCK_ROWS);
            let estimates: Vec<Estimate> = blocks.flat_map_iter(|block| self.served.model.estimate(block, self.options)).collect();
            let added = Columns { served: self.served, records: &records, warnings: &warnings, estimates: &estimates }.all();
            done += records.len() as u64;
            if estimated.send(EstimatedChunk { chunk, added }).is_err() {
                break;
            }
        }
        ControlFlow::Continue(())
    }
}

fn taken_apart(rows: Vec<Checked>) -> (Vec<Record>, Vec<Vec<Warning>>) {
    rows.into_iter().map(|checked| (checked.record, checked.warnings)).unzip()
}

/// Builds the columns beside a chunk's own.
struct Columns<'a> {
    served: &'a Served,
    records: &'a [Record],
    warnings: &'a [Vec<Warning>],
    estimates: &'a [Estimate],
}

impl Columns<'_> {
    fn all(&self) -> Vec<Added> {
        let fillable = self.served.model.fillable();
        let mut added: Vec<Added> = fillable.iter().map(|field| column(field.column(), Arc::new(self.filled_values(field)))).collect();
        let (mut points, mut lows, mut highs) = (Vec::new(), Vec::new(), Vec::new());
        for (record, estimate) in self.records.iter().zip(self.estimates) {
            let (point, low, high) = whole(record, estimate);
            points.push(point);
            lows.push(low);
            highs.push(high);
        }
        added.push(column(Field::UniqueUsers.column(), Arc::new(Int64Array::from(points))));
        added.push(column("unique_users_low", Arc::new(Int64Array::from(lows))));
        added.push(column("unique_users_high", Arc::new(Int64Array::from(highs))));
        added.push(column("filled", self.filled_names()));
        added.push(column("warnings", self.warning_texts()));
        let model = StringArray::from_iter_values(std::iter::repeat_n(self.served.version.as_str(), self.records.len()));
        added.push(column("model", Arc::new(model)));
        added
    }

    fn filled_values(&self, field: &FaultField) -> Float64Array {
        let value = |estimate: &Estimate| estimate.filled.iter().find(|input| input.field == *field).map(|input| input.value);
        self.estimates.iter().map(value).collect()
    }

    fn filled_names(&self) -> ArrayRef {
        let mut lists = ListBuilder::new(StringBuilder::new());
        for (estimate, warnings) in self.estimates.iter().zip(self.warnings) {
            for input in estimate.filled.iter().filter(|input| !was_given(input, warnings)) {
                lists.values().append_value(input.field.column());
            }
            lists.append(true);
        }
        Arc::new(lists.finish())
    }

    fn warning_texts(&self) -> ArrayRef {
        let mut lists = ListBuilder::new(StringBuilder::new());
        for (estimate, warnings) in self.estimates.iter().zip(self.warnings) {
            for warning in warnings.iter().chain(&estimate.warnings) {
                match warning.field() {
                    Some(field) => lists.values().append_value(format!("{}: {}", warning.code(), field.column())),
                    None => lists.values().append_value(warning.code()),
                }
            }
            lists.append(true);
        }
        Arc::new(lists.finish())
    }
}

fn column(name: &str, values: ArrayRef) -> Added {
    Added { name: name.to_owned(), values }
}

/// Whether an input the model filled was given all the same, and left out of the estimate: then it stands as given.
fn was_given(input: &FilledInput, warnings: &[Warning]) -> bool {
    warnings.iter().any(|warning| {
        matches!(warning, Warning::Implausible { .. } | Warning::BelowOne { .. }) && warning.field().as_ref() == Some(&input.field)
    })
}

/// Point and interval in whole users; a known month is its own interval.
fn whole(record: &Record, estimate: &Estimate) -> (i64, i64, i64) {
    match record.unique_users.map(uu_core::UniqueUsers::get) {
        Some(known) => (known.round() as i64, known.floor() as i64, known.ceil() as i64),
        None => {
            let (low, high) = estimate.whole_interval();
            let signed = |users: u64| i64::try_from(users).unwrap_or(i64::MAX);
            (signed(estimate.whole_point()), signed(low), signed(high))
        }
    }
}
