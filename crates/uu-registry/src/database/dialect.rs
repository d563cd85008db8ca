//! What differs between SQLite and PostgreSQL: how to connect, how to write alone, and where to look for a table.

use std::future::ready;
use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, PgPool, Postgres, Sqlite, SqlitePool, Transaction};

use super::error::refused;
use crate::{RegistryError, Secret, private};

/// The name of a table, if it is there.
pub(super) const SQLITE_TABLES: &str = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = $1";
pub(super) const POSTGRES_TABLES: &str =
    "SELECT CAST(table_name AS TEXT) AS name FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = $1";

/// The columns of a table, and whether each is a number.
pub(super) const SQLITE_COLUMNS: &str =
    "SELECT name, CASE type WHEN 'BIGINT' THEN 1 ELSE 0 END AS is_number FROM pragma_table_info($1) ORDER BY cid";
pub(super) const POSTGRES_COLUMNS: &str = "SELECT CAST(column_name AS TEXT) AS name,
    CAST(CASE data_type WHEN 'bigint' THEN 1 ELSE 0 END AS BIGINT) AS is_number
    FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position";

/// Transactions that read see the database as it was at one instant: in SQLite's WAL every one does, PostgreSQL is told to. A snapshot may be
/// read for as long as a backup takes, so the limits of other statements do not hold for it.
const SQLITE_SNAPSHOT: &str = "BEGIN DEFERRED";
const POSTGRES_SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const WITHOUT_LIMITS: [&str; 2] = ["SET LOCAL statement_timeout = 0", "SET LOCAL idle_in_transaction_session_timeout = 0"];

/// SQLite's file in the store.
pub(crate) const FILE: &str = uu_core::store_files::DATABASE;

/// Connections at most: readers beside the one writer.
const CONNECTIONS: u32 = 4;

/// How long a writer waits for its turn, and anybody for a connection. Shorter than a call's time, so that the reason is told.
const WAIT: Duration = Duration::from_secs(4);

/// How long PostgreSQL works on one statement, the wait for its turn included.
const STATEMENT: &str = "6000";

/// The key of the lock that writers hold, `uu_regis` in ASCII; locks are per database, and others' keys look otherwise.
const WRITERS: &str = "SELECT pg_advisory_xact_lock(8463776019644901747)";

/// Between tries to open a SQLite file that another process is making.
const BETWEEN_TRIES: Duration = Duration::from_millis(20);

/// A commit lasts through a power cut (`FULL`), and readers do not wait for writers (`WAL`). Without `may_make` no file is made, and one that is there
/// stays as it is.
pub(super) async fn sqlite(store: &Path, may_make: bool) -> Result<SqlitePool, RegistryError> {
    let is_new = !store.join(FILE).exists();
    let options = SqliteConnectOptions::new()
        .filename(store.join(FILE))
        .create_if_missing(may_make)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(WAIT)
        .disable_statement_logging();
    let options = if may_make { options.journal_mode(SqliteJournalMode::Wal) } else { options };
    let deadline = Instant::now() + WAIT;
    loop {
        let pool = SqlitePoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(WAIT);
        // On a full disk SQLite ends a transaction by itself, which sqlx does not learn: it would begin no other one on that connection, however
        // much room there is by then.
        let pool = pool.before_acquire(|connection, _| Box::pin(ready(Ok(!connection.is_in_transaction()))));
        match pool.connect_with(options.clone()).await.map_err(refused) {
            // Turning a new file to WAL does not wait for another process that does the same.
            Err(RegistryError::Unavailable { .. }) if Instant::now() < deadline => tokio::time::sleep(BETWEEN_TRIES).await,
            Ok(pool) => {
                // SQLite lets others read what it makes; files that it makes later have the database's permissions.
                let made = if is_new { private::database_files(store).to_vec() } else { Vec::new() };
                made.iter().try_for_each(|file| private::close_to_others(file))?;
                return Ok(pool);
            }
            Err(error) => return Err(error),
        }
    }
}

/// Connects when it is first asked, so that whoever opens a registry learns in the same way as later that the database is away.
pub(super) fn postgres(url: &Secret) -> Result<PgPool, RegistryError> {
    let bad =
        |reason: String| RegistryError::BadUrl { what: "database URL", expected: "`postgres://user:password@host:port/name`", reason };
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.expose().starts_with(scheme)) {
        return Err(bad("it has another scheme".to_owned()));
    }
    let options: PgConnectOptions = url.expose().parse().map_err(|error: sqlx::Error| bad(error.to_string()))?;
    let options = options
        .application_name("uu-predictor")
        .options([("statement_timeout", STATEMENT), ("idle_in_transaction_session_timeout", STATEMENT)])
        .disable_statement_logging();
    Ok(PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(WAIT).connect_lazy_with(options))
}

pub(super) async fn begin_sqlite(pool: &SqlitePool) -> Result<Transaction<'static, Sqlite>, RegistryError> {
    pool.begin_with("BEGIN IMMEDIATE").await.map_err(refused)
}

pub(super) async fn begin_postgres(pool: &PgPool) -> Result<Transaction<'static, Postgres>, RegistryError> {
    let mut transaction = pool.begin().await.map_err(refused)?;
    sqlx::query::<Postgres>(WRITERS).execute(&mut *transaction).await.map_err(refused)?;
    Ok(transaction)
}

pub(super) async fn snapshot_sqlite(pool: &SqlitePool) -> Result<Transaction<'static, Sqlite>, RegistryError> {
    pool.begin_with(SQLITE_SNAPSHOT).await.map_err(refused)
}

pub(super) async fn snapshot_postgres(pool: &PgPool) -> Result<Transaction<'static, Postgres>, RegistryError> {
    let mut transaction = pool.begin_with(POSTGRES_SNAPSHOT).await.map_err(refused)?;
    lift_limits(&mut transaction).await?;
    Ok(transaction)
}

/// Lets a transaction last as long as it takes.
pub(super) async fn lift_limits(transaction: &mut Transaction<'static, Postgres>) -> Result<(), RegistryError> {
    for statement in WITHOUT_LIMITS {
        sqlx::query::<Postgres>(statement).execute(&mut **transaction).await.map_err(refused)?;
    }
    Ok(())
}
