//! Windows: what each replica has counted of its recent requests, so that whoever asks sees those of all.

use serde_json::Value;

use crate::database::Row;
use crate::versions::version_of;
use crate::{ModelVersion, Registry, RegistryError, Timestamp};

/// Counts of a replica that has not been heard of for so long are old news: twice what a window spans.
const FORGOTTEN_AFTER_MS: i64 = 2 * 24 * 3_600 * 1_000;

/// What a replica has counted of the requests a version answered.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowRecord {
    /// The replica.
    pub worker: String,
    /// The version that answered.
    pub version: ModelVersion,
    /// When it was told.
    pub counted_at: Timestamp,
    /// The counts; the registry does not look inside.
    pub counts: Value,
}

impl Registry {
    /// Keeps what a replica has counted, in the place of what it said before; what replicas said days ago is forgotten.
    ///
    /// **Errors**: an unknown version; a database that cannot be reached or written.
    pub fn keep_window(&self, worker: &str, version: ModelVersion, counts: &Value) -> Result<(), RegistryError> {
        self.wait(async {
            let mut transaction = self.database().write().await?;
            let (now, number) = (Timestamp::now(), i64::from(version.number()));
            let old = now.milliseconds() - FORGOTTEN_AFTER_MS;
            let sql = "DELETE FROM windows WHERE (worker = $1 AND version = $2) OR counted_at < $3";
            transaction.execute(sql, vec![worker.into(), number.into(), old.into()]).await?;
            let values = vec![worker.into(), number.into(), now.into(), counts.into()];
            transaction.insert("windows (worker, version, counted_at, counts)", values.len(), values).await?;
            transaction.commit().await
        })
    }

    /// What all replicas have counted of the requests that `version` answered.
    ///
    /// **Errors**: a database that cannot be reached.
    pub fn windows(&self, version: ModelVersion) -> Result<Vec<WindowRecord>, RegistryError> {
        const SQL: &str = "SELECT worker, version, counted_at, counts FROM windows WHERE version = $1 ORDER BY worker";
        let rows = self.wait(self.database().fetch(SQL, vec![i64::from(version.number()).into()]))?;
        rows.iter().map(record).collect()
    }
}

/// All rows.
pub(crate) const EVERY: &str = "SELECT worker, version, counted_at, counts FROM windows";

pub(crate) fn record(row: &Row) -> Result<WindowRecord, RegistryError> {
    Ok(WindowRecord {
        worker: row.text("worker")?,
        version: version_of("windows", row.integer("version")?)?,
        counted_at: row.time("counted_at")?,
        counts: row.json("windows", "counts")?,
    })
}
