//! Rows that are kept between trainings.

use uu_core::{Checked, Record, Rules};
use uu_data::Dataset;
use uu_data::clean::CleanError;
use uu_data::read::{BadRows, Format, Input, ReadOptions, read_all};
use uu_data::write::{Output, WriteError, WriteOptions, Writer, records_batch};
use uu_registry::{BatchContents, BatchId, ObservationBatch, Registry, RegistryError};

use super::RetrainError;
use crate::mixture;
use crate::observing::object;
use crate::patience::patiently;

/// Rows could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// They could not be written.
    #[error("the rows cannot be written")]
    Write(#[from] WriteError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] RegistryError),
}

/// Where rows come from, and whether a person answers for them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    /// What they are called.
    pub(crate) words: &'a str,
    /// Whether a person takes them in by force: their labels stand wherever they are.
    pub(crate) confirmed: bool,
}

/// Keeps cleaned rows as a batch; they are kept when this returns.
///
/// **Errors**: they cannot be written, or the store fails.
pub(crate) fn keep(registry: &Registry, rows: &Dataset, by: &str, origin: &Origin<'_>) -> Result<BatchId, KeepError> {
    let fingerprint = uu_model::data_fingerprint(rows);
    let parquet = parquet(rows)?;
    let batch = ObservationBatch {
        rows: rows.len() as u64,
        generated: mixture::counted(rows.records()).0,
        by,
        origin: origin.words,
        fingerprint: Some(&fingerprint),
        examined: true,
        confirmed: origin.confirmed,
    };
    Ok(patiently(|| registry.keep_rows(&parquet, &batch))?)
}

fn parquet(rows: &Dataset) -> Result<Vec<u8>, WriteError> {
    let failed = |source| WriteError::Io { file: "the rows".to_owned(), source };
    let folder = tempfile::tempdir().map_err(failed)?;
    let path = folder.path().join("rows.parquet");
    let options = WriteOptions { format: Some(Format::Parquet), extras: rows.extras().to_vec(), ..WriteOptions::default() };
    let mut writer = Writer::create(Output::Path(path.clone()), options)?;
    writer.write(&records_batch(rows.records(), rows.extras()), None, &[])?;
    writer.finish()?;
    std::fs::read(path).map_err(failed)
}

/// Rows that a training may learn from.
pub(super) struct Known {
    /// All that are kept and not set aside; of two of one source, site and month the one that came later.
    pub(super) rows: Dataset,
    /// Those among them that no training has looked at, as they came.
    pub(super) waiting: Vec<Record>,
    /// The batches these came in.
    pub(super) waiting_batches: Vec<BatchId>,
}

/// Reads what is kept; with `waiting` left out where that is asked for.
///
/// **Errors**: the store fails, or what it kept cannot be read.
pub(super) fn known_rows(registry: &Registry, rules: &Rules) -> Result<Known, RetrainError> {
    let mut known = Known { rows: Dataset::new(rules.extras.clone(), Vec::new()), waiting: Vec::new(), waiting_batches: Vec::new() };
    let mut observed: Vec<Record> = Vec::new();
    for batch in patiently(|| registry.batches())?.into_iter().filter(|batch| batch.quarantined.is_none()) {
        let contents = patiently(|| registry.read_batch(batch.id))?;
        let few = matches!(contents, BatchContents::Rows(_));
        let records = records_of(batch.id, contents, rules)?;
        if !batch.examined {
            known.waiting_batches.push(batch.id);
            known.waiting.extend(records.iter().cloned());
        }
        // Observations come one by one, and joining is over all rows: it is done once for many of them, in their order.
        if few {
            observed.extend(records);
        } else {
            known.rows = joined(&known.rows, std::mem::take(&mut observed), rules)?;
            known.rows = joined(&known.rows, records, rules)?;
        }
    }
    known.rows = joined(&known.rows, observed, rules)?;
    Ok(known)
}

/// The records of a batch.
///
/// **Errors**: bytes that cannot be read.
pub(crate) fn records_of(batch: BatchId, contents: BatchContents, rules: &Rules) -> Result<Vec<Record>, RetrainError> {
    let (format, bytes) = match contents {
        BatchContents::Parquet(bytes) => (Format::Parquet, bytes),
        BatchContents::Rows(rows) => {
            let lines = rows.into_iter().map(|row| format!("{}\n", object(row.observation)));
            (Format::Ndjson, lines.collect::<String>().into_bytes())
        }
    };
    let options = ReadOptions { format: Some(format), rules: rules.clone(), ..ReadOptions::default() }.trusted();
    let (checked, _) = read_all(vec![Input::bytes(format!("batch {batch}"), bytes)], &options, BadRows::Skip)?;
    Ok(checked.into_iter().map(|Checked { record, .. }| record).collect())
}

fn joined(known: &Dataset, later: Vec<Record>, rules: &Rules) -> Result<Dataset, CleanError> {
    if later.is_empty() {
        return Ok(known.clone());
    }
    let later = Dataset::new(rules.extras.clone(), later);
    uu_data::join_rows(known, &later).map(|(joined, _)| joined)
}
