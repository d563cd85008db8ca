//! Reading all that a backup brought as this release reads it, before it is there for others.

use std::collections::BTreeMap;

use super::{RestoreError, TABLES};
use crate::aliases::{self, Aliases};
use crate::database::{Row, Transaction};
use crate::jobs::uploads;
use crate::objects::{Folder, Stored};
use crate::{RegistryError, audit, jobs, observations, tokens, versions, windows};

/// The objects that came with a backup.
#[derive(Debug, Default)]
pub(super) struct Placed {
    /// Those whose bytes are those that their rows say.
    pub(super) objects: BTreeMap<String, Stored>,
    /// Uploads that were removed while the backup was made.
    pub(super) gone: Vec<String>,
}

/// Reads every row of every table, and compares the objects they name with those that came.
///
/// **Errors**: a row that cannot be read, or that names bytes that did not come; no champion where there was one.
pub(super) async fn verify(transaction: &mut Transaction, placed: &Placed) -> Result<(), RestoreError> {
    let mut named: Vec<(&'static str, Stored)> = Vec::new();
    read(transaction, "versions", versions::EVERY, |row| {
        let record = versions::record(row)?;
        named.push(("versions", Stored { object: record.object, sha256: record.sha256, size_bytes: record.size_bytes }));
        Ok(())
    })
    .await?;
    read(transaction, "batches", observations::EVERY_BATCH, |row| {
        named.extend(observations::batch(row)?.stored.map(|stored| ("batches", stored)));
        Ok(())
    })
    .await?;
    read(transaction, "uploads", uploads::EVERY, |row| {
        named.push(("uploads", uploads::upload(row)?.stored));
        Ok(())
    })
    .await?;
    read(transaction, "audit_log", audit::EVERY, |row| audit::record(row).map(drop)).await?;
    read(transaction, "jobs", jobs::EVERY, |row| jobs::job(row).map(drop)).await?;
    read(transaction, "job_events", jobs::EVERY_EVENT, |row| jobs::event(row).map(drop)).await?;
    read(transaction, "observations", observations::EVERY, |row| observations::received(row).map(drop)).await?;
    read(transaction, "tokens", tokens::SQL, |row| tokens::token(row).map(drop)).await?;
    read(transaction, "windows", windows::EVERY, |row| windows::record(row).map(drop)).await?;
    for (table, stored) in named {
        let is_gone = Folder::Uploads.is_own(&stored.object) && placed.gone.contains(&stored.object);
        if !is_gone && placed.objects.get(&stored.object) != Some(&stored) {
            return Err(damaged(table, format!("a row names the object `{}` with another length or checksum than it has", stored.object)));
        }
    }
    verify_aliases(transaction).await
}

/// There is one row of aliases, and a champion if there ever was one.
async fn verify_aliases(transaction: &mut Transaction) -> Result<(), RestoreError> {
    const TABLE: &str = "aliases";
    let mut found: Vec<Aliases> = Vec::new();
    read(transaction, TABLE, aliases::SQL, |row| {
        found.push(aliases::read(row)?);
        Ok(())
    })
    .await?;
    let [aliases] = found.as_slice() else { return Err(damaged(TABLE, format!("it must have one row, found {}", found.len()))) };
    let sql = "SELECT COUNT(*) AS number FROM audit_log WHERE action IN ('promote', 'rollback')";
    let moves = transaction.number(sql, Vec::new()).await?;
    if aliases.champion.is_none() && (moves > 0 || aliases.generation > 0) {
        return Err(damaged(TABLE, format!("it has no champion, and the audit log has {moves} promotions and rollbacks")));
    }
    Ok(())
}

async fn read(
    transaction: &mut Transaction,
    table: &'static str,
    sql: &'static str,
    reader: impl FnMut(&Row) -> Result<(), RegistryError>,
) -> Result<(), RestoreError> {
    transaction.each(sql, reader).await.map_err(|error: RegistryError| match error {
        error @ (RegistryError::BadRow { .. } | RegistryError::Database { .. }) => {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            damaged(table, format!("{error}{cause}"))
        }
        other => other.into(),
    })
}

fn damaged(table: &str, reason: String) -> RestoreError {
    RestoreError::Damaged { part: format!("{TABLES}{table}"), reason }
}
