//! Estimating files and streams: rows in, the same rows with their estimates out.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use uu_core::{Field, OutputColumn};
use uu_data::SortedRows;
use uu_data::read::{BadRows, BounceRateUnit, ColumnUse, GoodChunk, ReadError, Reader, SkippedRows};
use uu_data::write::{Added, WriteError, Writer};
use uu_model::{EstimateOptions, Model};

use crate::columns::{ColumnRequest, estimate_columns, may_carry_labels};

/// Chunks that may wait between two stages: reading, estimating and writing go on side by side, and memory stays flat.
const WAITING_CHUNKS: usize = 1;

/// The model that scores a batch.
#[derive(Clone, Copy)]
pub struct Scorer<'a> {
    /// The model.
    pub model: &'a Model,
    /// What the column `model` holds.
    pub name: &'a str,
    /// Called with the code of each warning that a row gets.
    pub on_warning: &'a (dyn Fn(&str) + Sync),
}

/// What to estimate, and where to write it.
#[derive(Debug)]
pub struct Batch {
    /// The rows; they must be checked by the rules of the model.
    pub rows: BatchRows,
    /// Where they go, with these columns beside their own: the filled inputs, `unique_users`, `unique_users_low`,
    /// `unique_users_high`, `unique_users_known` where rows may carry labels, `filled`, `warnings`, `model`, and `explanation` where it is
    /// asked for.
    pub writer: Writer,
    /// How the estimates are asked for.
    pub estimate: EstimateOptions,
}

/// The rows of a batch.
#[derive(Debug)]
pub enum BatchRows {
    /// Each on its own, in the order they come, and what to do with one that breaks a rule.
    AsTheyCome(Box<Reader>, BadRows),
    /// The months of a site together.
    BySite(Box<SortedRows>),
}

/// What a batch came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BatchReport {
    /// Rows that were estimated and written.
    pub rows: u64,
    /// Those of them whose unique users were known: estimated all the same, and no estimate saw its own label.
    pub known: u64,
    /// Rows that were left out.
    pub skipped: SkippedRows,
    /// Columns that the output could not take up; see [`uu_data::write::Written`].
    pub late_columns: BTreeSet<String>,
    /// Columns of the input that the output has anew; see [`uu_data::write::Written`].
    pub replaced_columns: BTreeSet<String>,
    /// Columns that have another name in the output; see [`uu_data::write::Written`].
    pub renamed_columns: BTreeMap<String, Vec<String>>,
    /// How the input's columns were used, and what was noticed about it.
    pub columns: ColumnUse,
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

/// Estimates every row in order: each on its own, or beside the other months of its site.
///
/// `progress` hears how many rows were read after each chunk, and may stop the batch before they are written. The same rows give the
/// same output, whatever the number of threads. Bounce rates are filled in the unit in which the others of the input are given.
///
/// **Errors**: the input or the output fails, or `progress` says so; the output is then void.
pub fn predict_batch(
    scorer: Scorer<'_>,
    batch: Batch,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<BatchReport, BatchError> {
    let Batch { rows, writer, estimate } = batch;
    let (unit, by_site) = match &rows {
        BatchRows::AsTheyCome(reader, _) => (reader.bounce_rate_unit(), false),
        BatchRows::BySite(rows) => (rows.bounce_rate_unit(), true),
    };
    let (read_chunk, chunks) = sync_channel(WAITING_CHUNKS);
    let (write_chunk, estimated) = sync_channel(WAITING_CHUNKS);
    thread::scope(|scope| {
        let reading = scope.spawn(move || read(rows, &read_chunk));
        let writing = scope.spawn(move || write(writer, &estimated));
        let mut estimating = Estimating { scorer, by_site, options: estimate, unit, labels: None, known: 0 };
        let outcome = estimating.run(chunks, write_chunk, progress);
        let written = join(writing);
        let skipped = join(reading);
        // A stage that fails makes its neighbours end early, so the cause is the failure that lies farthest down the line.
        if outcome.is_break() {
            return Err(BatchError::Stopped);
        }
        let written = written?;
        let (skipped, columns) = skipped?;
        let written = written.finish()?;
        Ok(BatchReport {
            rows: written.rows,
            known: estimating.known,
            skipped,
            late_columns: written.late_columns,
            replaced_columns: written.replaced_columns,
            renamed_columns: written.renamed_columns,
            columns,
        })
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

fn read(rows: BatchRows, chunks: &SyncSender<GoodChunk>) -> Result<(SkippedRows, ColumnUse), ReadError> {
    let mut skipped = SkippedRows::default();
    let columns = match rows {
        BatchRows::AsTheyCome(mut reader, policy) => {
            for chunk in reader.by_ref() {
                if chunks.send(chunk?.passed(policy, &mut skipped)?).is_err() {
                    break;
                }
            }
            reader.columns()
        }
        BatchRows::BySite(rows) => {
            skipped = rows.skipped().clone();
            let columns = rows.columns().clone();
            for chunk in *rows {
                if chunks.send(chunk?).is_err() {
                    break;
                }
            }
            columns
        }
    };
    Ok((skipped, columns))
}

fn write(mut writer: Writer, chunks: &Receiver<EstimatedChunk>) -> Result<Writer, WriteError> {
    for EstimatedChunk { chunk, added } in chunks {
        writer.write(&chunk.batch, chunk.json.as_deref(), &added)?;
    }
    Ok(writer)
}

struct Estimating<'a> {
    scorer: Scorer<'a>,
    by_site: bool,
    options: EstimateOptions,
    unit: BounceRateUnit,
    /// Whether rows may carry labels: settled by the first chunk, since the columns of a table cannot change.
    labels: Option<bool>,
    /// Rows with a label.
    known: u64,
}

impl Estimating<'_> {
    #[expect(clippy::needless_pass_by_value, reason = "the channels' ends are dropped when it returns, which ends the other stages")]
    fn run(
        &mut self,
        chunks: Receiver<GoodChunk>,
        estimated: SyncSender<EstimatedChunk>,
        progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut done = 0;
        for mut chunk in &chunks {
            // Before a row is written: what is refused from the start still gets an answer of its own.
            progress(done + chunk.rows.len() as u64)?;
            done += chunk.rows.len() as u64;
            let rows = std::mem::take(&mut chunk.rows);
            self.known += rows.iter().filter(|row| row.record.unique_users.is_some()).count() as u64;
            // A later object of JSON may be the first that has a label.
            let labels = *self.labels.get_or_insert_with(|| chunk.json.is_some() || may_carry_labels(&chunk.batch.schema()));
            let request = ColumnRequest { rows, labels, by_site: self.by_site, options: self.options };
            let mut added = estimate_columns(self.scorer.model, self.scorer.name, request);
            for warnings in added.iter().filter(|added| added.name == OutputColumn::Warnings.column()) {
                // A text is the code and what it is about: `unknown_category: category`.
                warnings.each_text(|text| (self.scorer.on_warning)(text.split(':').next().unwrap_or(text)));
            }
            if self.unit == BounceRateUnit::Fraction {
                // A column then holds one unit, given or filled.
                added.iter_mut().filter(|added| added.name == Field::BounceRate.column()).for_each(|added| added.scale(0.01));
            }
            if estimated.send(EstimatedChunk { chunk, added }).is_err() {
                break;
            }
        }
        ControlFlow::Continue(())
    }
}
