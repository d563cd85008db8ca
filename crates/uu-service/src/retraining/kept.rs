//! Rows that are kept between trainings.

use serde_json::{Value, json};
use uu_core::{Checked, Record, Rules};
use uu_data::Dataset;
use uu_data::clean::CleanError;
use uu_data::read::{BadRows, Format, Input, ReadOptions, read_all};
use uu_data::write::{Output, WriteError, WriteOptions, Writer, records_batch};
use uu_registry::{BatchContents, BatchId, Observation, ObservationBatch, Registry, RegistryError};

use super::RetrainError;

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

/// Keeps cleaned rows as a batch; they are kept when this returns.
///
/// **Errors**: they cannot be written, or the store fails.
pub(crate) fn keep(registry: &Registry, rows: &Dataset, by: &str, origin: &str) -> Result<BatchId, KeepError> {
    let fingerprint = uu_model::data_fingerprint(rows);
    let parquet = parquet(rows)?;
    let batch = ObservationBatch { rows: rows.len() as u64, by, origin, fingerprint: Some(&fingerprint), examined: true };
    Ok(registry.keep_rows(&parquet, &batch)?)
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

/// All rows that are kept and not set aside; of two of one source, site and month the one that came later.
///
/// **Errors**: the store fails, or what it kept cannot be read.
pub(super) fn known_rows(registry: &Registry, rules: &Rules) -> Result<Dataset, RetrainError> {
    let mut known = Dataset::new(rules.extras.clone(), Vec::new());
    for batch in registry.batches()?.into_iter().filter(|batch| batch.quarantined.is_none()) {
        let name = format!("batch {}", batch.id);
        let (format, bytes) = match registry.read_batch(batch.id)? {
            BatchContents::Parquet(bytes) => (Format::Parquet, bytes),
            BatchContents::Rows(rows) => {
                let lines = rows.into_iter().map(|row| format!("{}\n", object(row.observation)));
                (Format::Ndjson, lines.collect::<String>().into_bytes())
            }
        };
        let options = ReadOptions { format: Some(format), rules: rules.clone(), ..ReadOptions::default() };
        let (checked, _) = read_all(vec![Input::bytes(name, bytes)], &options, BadRows::Skip)?;
        let records: Vec<Record> = checked.into_iter().map(|Checked { record, .. }| record).collect();
        known = joined(&known, Dataset::new(rules.extras.clone(), records))?;
    }
    Ok(known)
}

/// An observation as a row of a file.
fn object(observation: Observation) -> Value {
    let Observation { source, site, month, mut fields } = observation;
    fields.extend([("source".to_owned(), json!(source)), ("site".to_owned(), json!(site)), ("date".to_owned(), json!(month))]);
    Value::Object(fields)
}

fn joined(known: &Dataset, later: Dataset) -> Result<Dataset, CleanError> {
    if known.is_empty() {
        return Ok(later);
    }
    uu_data::join_rows(known, &later).map(|(joined, _)| joined)
}
