//! The audit log: who did what to what, when and why. It is only ever added to.

use serde::Serialize;
use serde_json::Value;

use crate::database::{Row, Transaction};
use crate::{Registry, RegistryError, Timestamp};

/// What is to be noted.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// Who did it.
    pub by: &'a str,
    /// What was done: a short stable name such as `promote`.
    pub action: &'a str,
    /// To what: a version, a job, a token.
    pub subject: &'a str,
    /// Why, with which figures, what it changed.
    pub details: &'a Value,
}

/// What was noted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditRecord {
    /// Grows by one with each record.
    pub id: i64,
    /// When.
    pub happened_at: Timestamp,
    /// Who did it.
    pub by: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: String,
    /// Why, with which figures, what it changed.
    pub details: Value,
}

/// All rows.
pub(crate) const EVERY: &str = "SELECT id, happened_at, made_by, action, subject, details FROM audit_log";

impl Registry {
    /// Notes something that happened outside the registry; its own changes note themselves. Gives back the record's number.
    ///
    /// **Errors**: a database that cannot be reached or written.
    pub fn audit(&self, entry: &Entry<'_>) -> Result<i64, RegistryError> {
        self.wait(async {
            let mut transaction = self.database().write().await?;
            let id = note(&mut transaction, entry).await?;
            transaction.commit().await?;
            Ok(id)
        })
    }

    /// Notes something about the champion unless that was noted since the aliases were moved last: several replicas find the same. Says whether it was.
    ///
    /// **Errors**: a database that cannot be reached or written.
    pub fn audit_once(&self, entry: &Entry<'_>) -> Result<bool, RegistryError> {
        const NOTED: &str = "SELECT COUNT(*) AS number FROM audit_log WHERE action = $1 AND subject = $2 AND id >
            (SELECT COALESCE(MAX(id), 0) FROM audit_log WHERE action IN ('promote', 'rollback'))";
        self.wait(async {
            let mut transaction = self.database().write().await?;
            if transaction.number(NOTED, vec![entry.action.into(), entry.subject.into()]).await? > 0 {
                return Ok(false);
            }
            note(&mut transaction, entry).await?;
            transaction.commit().await?;
            Ok(true)
        })
    }

    /// The newest `limit` records, the newest first; with `before`, of those older than that record.
    ///
    /// **Errors**: a database that cannot be reached.
    pub fn audit_log(&self, limit: u32, before: Option<i64>) -> Result<Vec<AuditRecord>, RegistryError> {
        const SQL: &str =
            "SELECT id, happened_at, made_by, action, subject, details FROM audit_log WHERE id < $1 ORDER BY id DESC LIMIT $2";
        let rows = self.wait(self.database().fetch(SQL, vec![before.unwrap_or(i64::MAX).into(), i64::from(limit).into()]))?;
        rows.iter().map(record).collect()
    }
}

/// Notes something in the transaction that does it.
pub(crate) async fn note(transaction: &mut Transaction, entry: &Entry<'_>) -> Result<i64, RegistryError> {
    let id = transaction.number("SELECT COALESCE(MAX(id), 0) + 1 AS number FROM audit_log", Vec::new()).await?;
    let values = vec![id.into(), Timestamp::now().into(), entry.by.into(), entry.action.into(), entry.subject.into(), entry.details.into()];
    let sql = "INSERT INTO audit_log (id, happened_at, made_by, action, subject, details) VALUES ($1, $2, $3, $4, $5, $6)";
    transaction.execute(sql, values).await?;
    Ok(id)
}

pub(crate) fn record(row: &Row) -> Result<AuditRecord, RegistryError> {
    Ok(AuditRecord {
        id: row.integer("id")?,
        happened_at: row.time("happened_at")?,
        by: row.text("made_by")?,
        action: row.text("action")?,
        subject: row.text("subject")?,
        details: row.json("audit_log", "details")?,
    })
}
