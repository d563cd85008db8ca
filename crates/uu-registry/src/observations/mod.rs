//! Observations: rows whose unique users are known, kept for the next training. They come in batches: small ones as rows of the database,
//! large ones as one object of Parquet bytes. The registry does not look inside either.

mod batch;
mod mixture;

pub use batch::{Batch, BatchContents, BatchId, ObservationBatch, Waiting};
pub(crate) use batch::{EVERY_BATCH, batch};
pub use mixture::Mixture;

use serde::Serialize;
use serde_json::{Map, Value};
use uu_core::GENERATED;

use crate::database::Row;
use crate::jobs::{Asker, rows_room};
use crate::{Registry, RegistryError, Timestamp};

/// What was seen of one site in one month.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Observation {
    /// Whose figures these are.
    pub source: Option<String>,
    /// The site.
    pub site: Option<String>,
    /// The month, as `2024-12`.
    pub month: String,
    /// The row's fields.
    pub fields: Map<String, Value>,
}

/// An observation that was received.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Received {
    /// Grows by one with each observation, in the order they were kept.
    pub number: i64,
    /// The batch it came in.
    pub batch: BatchId,
    /// Who sent it.
    pub by: String,
    /// When.
    pub received_at: Timestamp,
    /// What was seen.
    #[serde(flatten)]
    pub observation: Observation,
}

/// All rows.
pub(crate) const EVERY: &str = "SELECT o.number AS number, o.batch AS batch, o.source AS source, o.site AS site, o.month AS month,
        o.fields AS fields, b.received_at AS received_at, b.made_by AS made_by
    FROM observations o JOIN batches b ON b.id = o.batch";

impl Registry {
    /// Keeps observations, as one batch. They are kept when this returns.
    ///
    /// **Errors**: [`RegistryError::Mixture`], [`RegistryError::FirstGenerated`], [`RegistryError::RowsFull`]; a database that cannot be reached or written;
    /// nothing is kept then.
    pub fn observe<'a>(&self, observations: &[Observation], asker: impl Into<Asker<'a>>) -> Result<BatchId, RegistryError> {
        let asker = asker.into();
        let generated = observations.iter().filter(|observation| observation.source.as_deref() == Some(GENERATED)).count();
        self.wait(async {
            let mut transaction = self.database().write().await?;
            mixture::refuse(&mut transaction, (generated as u64, (observations.len() - generated) as u64)).await?;
            mixture::refuse_first(&mut transaction, asker, generated as u64).await?;
            rows_room(&mut transaction, asker, observations.len() as u64).await?;
            let id = BatchId(transaction.number("SELECT COALESCE(MAX(id), 0) + 1 AS number FROM batches", Vec::new()).await?);
            let rows = i64::try_from(observations.len()).unwrap_or(i64::MAX);
            let generated = i64::try_from(generated).unwrap_or(i64::MAX);
            let values = vec![id.0.into(), rows.into(), asker.by.into(), "observe".into(), Timestamp::now().into(), generated.into()];
            transaction.insert("batches (id, row_count, made_by, origin, received_at, generated)", values.len(), values).await?;
            let first = transaction.number("SELECT COALESCE(MAX(number), 0) + 1 AS number FROM observations", Vec::new()).await?;
            let values = (first..).zip(observations).flat_map(|(number, observation)| {
                [
                    number.into(),
                    id.0.into(),
                    observation.source.as_deref().into(),
                    observation.site.as_deref().into(),
                    observation.month.as_str().into(),
                    (&Value::Object(observation.fields.clone())).into(),
                ]
            });
            transaction.insert("observations (number, batch, source, site, month, fields)", 6, values.collect()).await?;
            transaction.commit().await?;
            Ok(id)
        })
    }

    /// At most `limit` observations after the one of that number, the oldest first; 0 begins with the first. Quarantined ones are left out.
    ///
    /// **Errors**: a database that cannot be reached.
    pub fn observations_after(&self, number: i64, limit: u32) -> Result<Vec<Received>, RegistryError> {
        const SQL: &str =
            "SELECT o.number AS number, o.batch AS batch, o.source AS source, o.site AS site, o.month AS month, o.fields AS fields,
                b.received_at AS received_at, b.made_by AS made_by
            FROM observations o JOIN batches b ON b.id = o.batch
            WHERE o.number > $1 AND b.quarantined IS NULL ORDER BY o.number LIMIT $2";
        let rows = self.wait(self.database().fetch(SQL, vec![number.into(), i64::from(limit).into()]))?;
        rows.iter().map(received).collect()
    }
}

pub(crate) fn received(row: &Row) -> Result<Received, RegistryError> {
    let Value::Object(fields) = row.json("observations", "fields")? else {
        return Err(RegistryError::BadRow { table: "observations", reason: "fields that are no JSON object".to_owned() });
    };
    Ok(Received {
        number: row.integer("number")?,
        batch: BatchId(row.integer("batch")?),
        by: row.text("made_by")?,
        received_at: row.time("received_at")?,
        observation: Observation { source: row.maybe_text("source")?, site: row.maybe_text("site")?, month: row.text("month")?, fields },
    })
}
