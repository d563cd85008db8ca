//! The tables, and how a database is brought up to them.
//!
//! A migration never changes once it was released; the next one is appended. `BIGINT` and `TEXT` mean the same to both databases.

use crate::RegistryError;
use crate::database::{Database, Transaction};

/// Holds the number of migrations that were applied.
const TABLE: &str = "registry_schema";

/// Each migration's statements.
const MIGRATIONS: [&[&str]; 2] = [FIRST, SECOND];

const FIRST: &[&str] = &[
    "CREATE TABLE versions (
        number BIGINT PRIMARY KEY,
        object TEXT NOT NULL UNIQUE,
        sha256 TEXT NOT NULL,
        size_bytes BIGINT NOT NULL,
        about TEXT NOT NULL,
        data_fingerprint TEXT,
        parent BIGINT REFERENCES versions (number),
        made_at BIGINT NOT NULL,
        made_by TEXT NOT NULL,
        reason TEXT NOT NULL
    )",
    "CREATE TABLE aliases (
        id BIGINT PRIMARY KEY CHECK (id = 1),
        champion BIGINT REFERENCES versions (number),
        previous BIGINT REFERENCES versions (number),
        generation BIGINT NOT NULL
    )",
    "INSERT INTO aliases (id, champion, previous, generation) VALUES (1, NULL, NULL, 0)",
    "CREATE TABLE audit_log (
        id BIGINT PRIMARY KEY,
        happened_at BIGINT NOT NULL,
        made_by TEXT NOT NULL,
        action TEXT NOT NULL,
        subject TEXT NOT NULL,
        details TEXT NOT NULL
    )",
    "CREATE TABLE jobs (
        id BIGINT PRIMARY KEY,
        kind TEXT NOT NULL,
        request TEXT NOT NULL,
        made_by TEXT NOT NULL,
        state TEXT NOT NULL,
        worker TEXT,
        fence BIGINT NOT NULL,
        heartbeat BIGINT NOT NULL,
        progress TEXT,
        outcome TEXT,
        cancel_requested BIGINT NOT NULL,
        retry_of BIGINT REFERENCES jobs (id),
        queued_at BIGINT NOT NULL,
        started_at BIGINT,
        ended_at BIGINT
    )",
    "CREATE INDEX jobs_by_state ON jobs (state, kind)",
    // Whatever a release may do wrong, two jobs of a kind do not run at a time.
    "CREATE UNIQUE INDEX jobs_running ON jobs (kind) WHERE state = 'running'",
    "CREATE TABLE job_events (
        job BIGINT NOT NULL REFERENCES jobs (id),
        number BIGINT NOT NULL,
        happened_at BIGINT NOT NULL,
        state TEXT NOT NULL,
        details TEXT NOT NULL,
        PRIMARY KEY (job, number)
    )",
    "CREATE TABLE batches (
        id BIGINT PRIMARY KEY,
        row_count BIGINT NOT NULL,
        made_by TEXT NOT NULL,
        origin TEXT NOT NULL,
        fingerprint TEXT,
        object TEXT UNIQUE,
        sha256 TEXT,
        size_bytes BIGINT,
        received_at BIGINT NOT NULL,
        quarantined TEXT
    )",
    "CREATE TABLE observations (
        number BIGINT PRIMARY KEY,
        batch BIGINT NOT NULL REFERENCES batches (id),
        source TEXT,
        site TEXT,
        month TEXT NOT NULL,
        fields TEXT NOT NULL
    )",
    "CREATE INDEX observations_by_batch ON observations (batch)",
    "CREATE TABLE tokens (
        id BIGINT PRIMARY KEY,
        name TEXT NOT NULL,
        scope TEXT NOT NULL,
        sha256 TEXT NOT NULL UNIQUE,
        made_by TEXT NOT NULL,
        made_at BIGINT NOT NULL,
        revoked_by TEXT,
        revoked_at BIGINT
    )",
];

/// What the service needs to look after itself: which observations were looked at, since when a champion is watched, what jobs were handed,
/// what replicas have counted.
const SECOND: &[&str] = &[
    "ALTER TABLE batches ADD COLUMN examined BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE aliases ADD COLUMN watched_from BIGINT",
    "CREATE TABLE uploads (
        job BIGINT NOT NULL REFERENCES jobs (id),
        number BIGINT NOT NULL,
        name TEXT NOT NULL,
        object TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        size_bytes BIGINT NOT NULL,
        PRIMARY KEY (job, number)
    )",
    "CREATE INDEX uploads_by_object ON uploads (object)",
    "CREATE TABLE windows (
        worker TEXT NOT NULL,
        version BIGINT NOT NULL REFERENCES versions (number),
        counted_at BIGINT NOT NULL,
        counts TEXT NOT NULL,
        PRIMARY KEY (worker, version)
    )",
];

/// The schema this release writes.
pub(crate) const SUPPORTED: i64 = MIGRATIONS.len() as i64;

/// Brings the database up to this release's schema. Several replicas may do so at once: one does, the others find it done.
///
/// **Errors**: a newer schema; a database that cannot be reached or written.
pub(crate) async fn migrate(database: &Database) -> Result<(), RegistryError> {
    // Most starts find nothing to do, and need not wait for a writer.
    if database.has_table(TABLE).await? && applied(database).await? == SUPPORTED {
        return Ok(());
    }
    let mut transaction = database.write().await?;
    let applied = prepare(&mut transaction).await?;
    if applied > SUPPORTED {
        return Err(RegistryError::NewerSchema { found: applied, supported: SUPPORTED });
    }
    for migration in MIGRATIONS.iter().skip(usize::try_from(applied).unwrap_or_default()) {
        for statement in *migration {
            transaction.execute(*statement, Vec::new()).await?;
        }
    }
    transaction.execute("UPDATE registry_schema SET number = $1", vec![SUPPORTED.into()]).await?;
    transaction.commit().await
}

/// The tables, each after those it refers to: as the migrations make them.
pub(crate) fn tables() -> impl DoubleEndedIterator<Item = &'static str> {
    named_in("CREATE TABLE ")
}

/// The tables that hold rows from the beginning.
pub(crate) fn filled_tables() -> impl DoubleEndedIterator<Item = &'static str> {
    named_in("INSERT INTO ")
}

/// What follows those words in the migrations, up to the next space.
fn named_in(words: &'static str) -> impl DoubleEndedIterator<Item = &'static str> {
    let statements = MIGRATIONS.into_iter().flatten();
    statements.filter_map(move |statement| statement.trim_start().strip_prefix(words)?.split_whitespace().next())
}

async fn applied(database: &Database) -> Result<i64, RegistryError> {
    match database.fetch("SELECT number FROM registry_schema", Vec::new()).await?.first() {
        Some(row) => row.integer("number"),
        None => Ok(0),
    }
}

/// Makes the table of the schema's number where there is none, and reads it.
async fn prepare(transaction: &mut Transaction) -> Result<i64, RegistryError> {
    transaction.execute("CREATE TABLE IF NOT EXISTS registry_schema (number BIGINT NOT NULL)", Vec::new()).await?;
    let rows = transaction.fetch("SELECT number FROM registry_schema", Vec::new()).await?;
    if let Some(row) = rows.first() {
        return row.integer("number");
    }
    transaction.execute("INSERT INTO registry_schema (number) VALUES (0)", Vec::new()).await?;
    Ok(0)
}
