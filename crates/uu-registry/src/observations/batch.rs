//! Batches: what came together, and whether it may be used.

use std::fmt;

use serde::Serialize;
use serde_json::json;

use super::{Received, mixture, received};
use crate::audit::{Entry, note};
use crate::database::Row;
use crate::objects::{Folder, Stored};
use crate::{Registry, RegistryError, Timestamp};

/// Number of a batch, in the order of arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct BatchId(pub i64);

impl fmt::Display for BatchId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// What is said of a large batch that is to be kept.
#[derive(Clone, Debug, Default)]
pub struct ObservationBatch<'a> {
    /// Rows in it.
    pub rows: u64,
    /// Those among them that are generated.
    pub generated: u64,
    /// Who sent it.
    pub by: &'a str,
    /// Where it came from: a file's name, a URI.
    pub origin: &'a str,
    /// What tells its rows from others.
    pub fingerprint: Option<&'a str>,
    /// Whether its rows were looked at by a training; those that were not are examined by the next.
    pub examined: bool,
    /// Whether a person took it in by force: its labels stand in place of earlier ones wherever they are.
    pub confirmed: bool,
    /// Why its rows are set aside, where they are.
    pub quarantined: Option<&'a str>,
}

/// A batch that is kept.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Batch {
    /// Its number.
    pub id: BatchId,
    /// Rows in it.
    pub rows: u64,
    /// Who sent it.
    pub by: String,
    /// Where it came from; `observe` for rows sent one by one.
    pub origin: String,
    /// What tells its rows from others.
    pub fingerprint: Option<String>,
    /// When it came.
    pub received_at: Timestamp,
    /// Why it must not be used, where that is so.
    pub quarantined: Option<String>,
    /// Whether a training has looked at it.
    pub examined: bool,
    /// Whether a person took it in by force, or released it.
    pub confirmed: bool,
    #[serde(skip)]
    pub(crate) stored: Option<Stored>,
}

/// What waits for the next training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// Batches.
    pub batches: u64,
    /// Rows in them.
    pub rows: u64,
    /// The latest of them.
    pub last: BatchId,
}

impl Default for Waiting {
    fn default() -> Self {
        Self { batches: 0, rows: 0, last: BatchId(0) }
    }
}

/// What is in a batch.
#[derive(Clone, Debug, PartialEq)]
pub enum BatchContents {
    /// Observations, in the order they came.
    Rows(Vec<Received>),
    /// The bytes of a Parquet file.
    Parquet(Vec<u8>),
}

macro_rules! columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, row_count, made_by, origin, fingerprint, object, sha256, size_bytes, received_at, quarantined, examined, confirmed FROM batches ",
            $rest
        )
    };
}

/// All rows.
pub(crate) const EVERY_BATCH: &str = columns!("");

impl Registry {
    /// Keeps a large batch as the bytes of a Parquet file. They are kept when this returns.
    ///
    /// **Errors**: [`RegistryError::Mixture`]; a full disk; a database or an object store that cannot be reached or written; there is no batch
    /// then.
    pub fn keep_rows(&self, parquet_bytes: &[u8], about: &ObservationBatch<'_>) -> Result<BatchId, RegistryError> {
        let stored = self.wait_long(self.objects().put(Folder::Observations, parquet_bytes))?;
        self.wait(async {
            let mut transaction = self.database().write().await?;
            mixture::refuse(&mut transaction, (about.generated, about.rows.saturating_sub(about.generated))).await?;
            let id = transaction.number("SELECT COALESCE(MAX(id), 0) + 1 AS number FROM batches", Vec::new()).await?;
            let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
            let values = vec![
                id.into(),
                signed(about.rows).into(),
                about.by.into(),
                about.origin.into(),
                about.fingerprint.into(),
                stored.object.into(),
                stored.sha256.into(),
                signed(stored.size_bytes).into(),
                Timestamp::now().into(),
                i64::from(about.examined).into(),
                signed(about.generated).into(),
                i64::from(about.confirmed).into(),
                about.quarantined.into(),
            ];
            let into = "batches (id, row_count, made_by, origin, fingerprint, object, sha256, size_bytes, received_at, examined, generated, confirmed, quarantined)";
            transaction.insert(into, values.len(), values).await?;
            if let Some(reason) = about.quarantined {
                let details = json!({ "reason": reason });
                note(&mut transaction, &Entry { by: about.by, action: "quarantine", subject: &id.to_string(), details: &details }).await?;
            }
            transaction.commit().await?;
            Ok(BatchId(id))
        })
    }

    /// All batches, the oldest first, quarantined ones too.
    ///
    /// **Errors**: a database that cannot be reached.
    pub fn batches(&self) -> Result<Vec<Batch>, RegistryError> {
        self.wait(self.database().fetch(columns!("ORDER BY id"), Vec::new()))?.iter().map(batch).collect()
    }

    /// What is in a batch, quarantined or not.
    ///
    /// **Errors**: an unknown batch; bytes that are not those that were kept; a database or an object store that cannot be reached.
    pub fn read_batch(&self, id: BatchId) -> Result<BatchContents, RegistryError> {
        let rows = self.wait(self.database().fetch(columns!("WHERE id = $1"), vec![id.0.into()]))?;
        let found = rows.first().map_or(Err(RegistryError::UnknownBatch { id }), batch)?;
        let Some(stored) = found.stored else {
            const SQL: &str = "SELECT o.number AS number, o.batch AS batch, o.source AS source, o.site AS site, o.month AS month,
                    o.fields AS fields, b.received_at AS received_at, b.made_by AS made_by
                FROM observations o JOIN batches b ON b.id = o.batch WHERE o.batch = $1 ORDER BY o.number";
            let rows = self.wait(self.database().fetch(SQL, vec![id.0.into()]))?;
            return rows.iter().map(received).collect::<Result<_, _>>().map(BatchContents::Rows);
        };
        let read = self.wait_long(self.objects().read(&stored))?;
        read.map(BatchContents::Parquet).map_err(|fault| RegistryError::DamagedBatch { id, object: stored.object, fault })
    }

    /// What waits for the next training to look at it: batches that are neither examined nor quarantined.
    ///
    /// **Errors**: a database that cannot be reached.
    pub fn waiting(&self) -> Result<Waiting, RegistryError> {
        const SQL: &str =
            "SELECT COUNT(*) AS batches, COALESCE(CAST(SUM(row_count) AS BIGINT), 0) AS row_count, COALESCE(MAX(id), 0) AS last
            FROM batches WHERE examined = 0 AND quarantined IS NULL";
        let rows = self.wait(self.database().fetch(SQL, Vec::new()))?;
        let Some(row) = rows.first() else { return Ok(Waiting::default()) };
        let unsigned = |column| Ok(u64::try_from(row.integer(column)?).unwrap_or_default());
        Ok(Waiting { batches: unsigned("batches")?, rows: unsigned("row_count")?, last: BatchId(row.integer("last")?) })
    }

    /// Notes that a training has looked at the batches up to `last`.
    ///
    /// **Errors**: a database that cannot be reached or written.
    pub fn set_examined(&self, last: BatchId) -> Result<(), RegistryError> {
        self.wait(async {
            let mut transaction = self.database().write().await?;
            transaction.execute("UPDATE batches SET examined = 1 WHERE id <= $1 AND examined = 0", vec![last.0.into()]).await?;
            transaction.commit().await
        })
    }

    /// Keeps a batch from being used, for a reason.
    ///
    /// **Errors**: an unknown batch; a database that cannot be reached or written.
    pub fn quarantine(&self, id: BatchId, reason: &str, by: &str) -> Result<(), RegistryError> {
        self.set_quarantine(id, Some(reason), by)
    }

    /// Keeps all batches of a sender from being used; gives back how many these are. The sender is named as batches do, or as a token is without its
    /// name: `token 7`.
    ///
    /// **Errors**: [`RegistryError::UnknownSender`]; a database that cannot be reached or written.
    pub fn quarantine_all_of(&self, sender: &str, reason: &str, by: &str) -> Result<u64, RegistryError> {
        self.wait(async {
            let mut transaction = self.database().write().await?;
            let rows =
                transaction.fetch("SELECT DISTINCT made_by FROM batches WHERE quarantined IS NULL ORDER BY made_by", Vec::new()).await?;
            let known: Vec<String> = rows.iter().map(|row| row.text("made_by")).collect::<Result<_, _>>()?;
            let named: Vec<&String> = known.iter().filter(|known| is_named(known, sender)).collect();
            if named.is_empty() {
                return Err(RegistryError::UnknownSender { sender: sender.to_owned(), known });
            }
            let mut batches = 0;
            for named in named {
                const COUNT: &str = "SELECT COUNT(*) AS number FROM batches WHERE made_by = $1 AND quarantined IS NULL";
                const SET: &str = "UPDATE batches SET quarantined = $2 WHERE made_by = $1 AND quarantined IS NULL";
                batches += u64::try_from(transaction.number(COUNT, vec![named.as_str().into()]).await?).unwrap_or_default();
                transaction.execute(SET, vec![named.as_str().into(), reason.into()]).await?;
            }
            let details = json!({ "reason": reason, "batches": batches });
            note(&mut transaction, &Entry { by, action: "quarantine", subject: sender, details: &details }).await?;
            transaction.commit().await?;
            Ok(batches)
        })
    }

    /// Lets a quarantined batch be used again, as one that a person has confirmed. Its observations keep their numbers, which are lower than those that
    /// came since.
    ///
    /// **Errors**: an unknown batch; [`RegistryError::Mixture`]; a database that cannot be reached or written.
    pub fn release(&self, id: BatchId, by: &str) -> Result<(), RegistryError> {
        self.set_quarantine(id, None, by)
    }

    fn set_quarantine(&self, id: BatchId, reason: Option<&str>, by: &str) -> Result<(), RegistryError> {
        self.wait(async {
            let mut transaction = self.database().write().await?;
            const SET: &str = "UPDATE batches SET quarantined = $2, confirmed = CASE WHEN $3 = 1 THEN 1 ELSE confirmed END WHERE id = $1";
            const ROWS: &str = "SELECT row_count, generated FROM batches WHERE id = $1";
            let rows = transaction.fetch(ROWS, vec![id.0.into()]).await?;
            let Some(row) = rows.first() else { return Err(RegistryError::UnknownBatch { id }) };
            let unsigned = |count: i64| u64::try_from(count).unwrap_or_default();
            if let (None, Some(generated)) = (reason, row.maybe_integer("generated")?) {
                mixture::refuse(&mut transaction, (unsigned(generated), unsigned(row.integer("row_count")? - generated))).await?;
            }
            transaction.execute(SET, vec![id.0.into(), reason.into(), i64::from(reason.is_none()).into()]).await?;
            let action = if reason.is_some() { "quarantine" } else { "release" };
            let details = json!({ "reason": reason });
            note(&mut transaction, &Entry { by, action, subject: &id.to_string(), details: &details }).await?;
            transaction.commit().await
        })
    }
}

/// Whether that is the sender, or a token of that number.
fn is_named(sender: &str, wanted: &str) -> bool {
    sender == wanted || sender.strip_prefix(wanted).is_some_and(|name| name.starts_with(" (") && name.ends_with(')'))
}

pub(crate) fn batch(row: &Row) -> Result<Batch, RegistryError> {
    let unsigned = |count: i64| u64::try_from(count).unwrap_or_default();
    let stored = match (row.maybe_text("object")?, row.maybe_text("sha256")?, row.maybe_integer("size_bytes")?) {
        (Some(object), Some(sha256), Some(size)) => Some(Stored { object, sha256, size_bytes: unsigned(size) }),
        _ => None,
    };
    Ok(Batch {
        id: BatchId(row.integer("id")?),
        rows: unsigned(row.integer("row_count")?),
        by: row.text("made_by")?,
        origin: row.text("origin")?,
        fingerprint: row.maybe_text("fingerprint")?,
        received_at: row.time("received_at")?,
        quarantined: row.maybe_text("quarantined")?,
        examined: row.integer("examined")? != 0,
        confirmed: row.integer("confirmed")? != 0,
        stored,
    })
}
