//! How much work may be pending, so that nobody's requests keep all others waiting.

use crate::database::{Transaction, Value};
use crate::{Registry, RegistryError};

/// What may be pending, and kept for it; 0 is as much as they like.
///
/// | name | default | purpose |
/// | --- | --- | --- |
/// | `pending` | 0 | jobs that are queued, of all senders |
/// | `pending_of_one` | 0 | jobs that are queued, of one sender |
/// | `kept_bytes_of_one` | 0 | bytes of files that are kept for jobs of one sender, those that ended within a day among them |
/// | `pending_rows_of_one` | 0 | observations of one sender that no training has looked at |
/// | `kept_rows_of_one` | 0 | observations of one sender that are not set aside, those that are pending among them |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "every field has its row in the table above")]
pub struct QueueBounds {
    pub pending: u64,
    pub pending_of_one: u64,
    pub kept_bytes_of_one: u64,
    pub pending_rows_of_one: u64,
    pub kept_rows_of_one: u64,
}

/// Who asks for work or sends rows, and how much of it may be pending.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// Who.
    pub by: &'a str,
    /// How much.
    pub bounds: QueueBounds,
    /// Whether it is an operator or an admin, from whom generated rows are taken where none are kept.
    pub is_admin: bool,
}

impl<'a> From<&'a str> for Asker<'a> {
    /// An operator, or the service itself, whom nothing bounds.
    fn from(by: &'a str) -> Self {
        Self { by, bounds: QueueBounds::default(), is_admin: true }
    }
}

impl Registry {
    /// Whether a job with so many bytes of files may be queued now: asked before they are received.
    ///
    /// **Errors**: [`RegistryError::QueueFull`], [`RegistryError::UploadsFull`]; a database that cannot be reached.
    pub fn check_room(&self, asker: Asker<'_>, bytes: u64) -> Result<(), RegistryError> {
        if asker.bounds == QueueBounds::default() {
            return Ok(());
        }
        self.wait(async { room(&mut self.database().snapshot().await?, asker, bytes).await })
    }
}

/// Refuses another job where there is no room for it; in the transaction that would queue it.
pub(crate) async fn room(transaction: &mut Transaction, Asker { by, bounds, .. }: Asker<'_>, bytes: u64) -> Result<(), RegistryError> {
    const PENDING: &str = "SELECT COUNT(*) AS number FROM jobs WHERE state = 'queued'";
    const OF_ONE: &str = "SELECT COUNT(*) AS number FROM jobs WHERE state = 'queued' AND made_by = $1";
    // A retry has the files of the job before it, whose bytes are kept once.
    const BYTES: &str = "SELECT COALESCE(CAST(SUM(size_bytes) AS BIGINT), 0) AS number FROM
        (SELECT DISTINCT u.object AS object, u.size_bytes AS size_bytes FROM uploads u JOIN jobs j ON j.id = u.job WHERE j.made_by = $1) kept";
    let counts: [(u64, &'static str, Vec<Value>); 2] =
        [(bounds.pending, PENDING, Vec::new()), (bounds.pending_of_one, OF_ONE, vec![by.into()])];
    for (most, sql, values) in counts {
        let by_one = !values.is_empty();
        if most == 0 {
            continue;
        }
        let pending = unsigned(transaction.number(sql, values).await?);
        if pending >= most {
            return Err(RegistryError::QueueFull { pending, most, by_one });
        }
    }
    let most = bounds.kept_bytes_of_one;
    if most > 0 && bytes > 0 {
        let kept = unsigned(transaction.number(BYTES, vec![by.into()]).await?);
        if kept.saturating_add(bytes) > most {
            return Err(RegistryError::UploadsFull { kept, more: bytes, most });
        }
    }
    Ok(())
}

/// Refuses more observations of a sender where there is no room for them; in the transaction that would keep them.
pub(crate) async fn rows_room(transaction: &mut Transaction, Asker { by, bounds, .. }: Asker<'_>, more: u64) -> Result<(), RegistryError> {
    // The conditions are those of the index by which this is counted.
    const OF_ONE: &str = "SELECT COALESCE(CAST(SUM(row_count) AS BIGINT), 0) AS kept,
            COALESCE(CAST(SUM(CASE WHEN examined = 0 THEN row_count ELSE 0 END) AS BIGINT), 0) AS pending
        FROM batches WHERE made_by = $1 AND origin = 'observe' AND quarantined IS NULL";
    if bounds.pending_rows_of_one == 0 && bounds.kept_rows_of_one == 0 {
        return Ok(());
    }
    let rows = transaction.fetch(OF_ONE, vec![by.into()]).await?;
    let Some(row) = rows.first() else { return Ok(()) };
    for (column, most, pending) in [("pending", bounds.pending_rows_of_one, true), ("kept", bounds.kept_rows_of_one, false)] {
        let kept = unsigned(row.integer(column)?);
        if most > 0 && kept.saturating_add(more) > most {
            return Err(RegistryError::RowsFull { kept, more, most, pending });
        }
    }
    Ok(())
}

fn unsigned(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}
