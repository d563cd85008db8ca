//! The database. SQL is written once, with `$1` placeholders, for SQLite and PostgreSQL; what differs between them is in `dialect.rs`.
//!
//! Numbers and texts are all that is stored: JSON, checksums and times are texts and numbers that this crate reads and writes itself, so
//! that both databases hold the same.

mod dialect;
mod error;
mod row;
mod value;

pub(crate) use error::is_unreadable;
pub(crate) use row::Row;
pub(crate) use value::Value;

use std::time::Duration;

use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, PgPool, Postgres, SqlSafeStr, Sqlite, SqlitePool};

use crate::{Location, RegistryError};
use error::refused;
use value::checked;

/// How long a call waits for the database in all. The waits below it are shorter and tell their reasons; this bounds what they do not
/// see, such as a network that swallows packets.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Waits for work on the database, and no longer than that.
pub(crate) async fn within<T>(patience: Duration, work: impl Future<Output = Result<T, RegistryError>>) -> Result<T, RegistryError> {
    let late = |_| Err(RegistryError::Unavailable { what: "database", source: None });
    tokio::time::timeout(patience, work).await.unwrap_or_else(late)
}

/// Rows that go into one statement: few enough for both databases' limits on parameters.
const ROWS_AT_ONCE: usize = 200;

/// A query with its values bound; a macro, since its type differs by database and has no short name.
macro_rules! bound {
    ($database:ty, $sql:expr, $values:expr) => {{
        let mut query = sqlx::query::<$database>($sql);
        for value in $values {
            query = match value {
                Value::Integer(value) => query.bind(value),
                Value::Text(value) => query.bind(value),
            };
        }
        query
    }};
}

/// Connections to the database.
#[derive(Debug)]
pub(crate) enum Database {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// A transaction that writes, alone: no other one of any replica runs beside it.
///
/// Writes are rare, and one at a time makes them simple to be sure of: a number that is one more than the greatest is nobody else's, and
/// what has a greater number was committed later, so that readers who go on after a number miss nothing.
#[derive(Debug)]
pub(crate) enum Transaction {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

impl Database {
    /// Connects, and makes SQLite's file where there is none.
    pub(crate) async fn connect(location: &Location) -> Result<Self, RegistryError> {
        Self::connect_to(location, true).await
    }

    /// Connects to a database that is there.
    pub(crate) async fn connect_existing(location: &Location) -> Result<Self, RegistryError> {
        Self::connect_to(location, false).await
    }

    async fn connect_to(location: &Location, may_make: bool) -> Result<Self, RegistryError> {
        match &location.database_url {
            Some(url) => Ok(Self::Postgres(dialect::postgres(url)?)),
            None => Ok(Self::Sqlite(dialect::sqlite(&location.store, may_make).await?)),
        }
    }

    /// Ends all connections: SQLite removes files beside its own then, which must not be those of another one.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }

    /// The rows of one statement that only reads.
    pub(crate) async fn fetch(&self, sql: &'static str, values: Vec<Value>) -> Result<Vec<Row>, RegistryError> {
        let values = checked(values)?;
        match self {
            Self::Sqlite(pool) => rows(bound!(Sqlite, sql, values).fetch_all(pool).await.map_err(refused)?, Row::Sqlite),
            Self::Postgres(pool) => rows(bound!(Postgres, sql, values).fetch_all(pool).await.map_err(refused)?, Row::Postgres),
        }
    }

    /// Begins a transaction that writes, once no other one does.
    pub(crate) async fn write(&self) -> Result<Transaction, RegistryError> {
        match self {
            Self::Sqlite(pool) => dialect::begin_sqlite(pool).await.map(Transaction::Sqlite),
            Self::Postgres(pool) => dialect::begin_postgres(pool).await.map(Transaction::Postgres),
        }
    }

    /// Begins a transaction that sees the database as it is at this instant, whatever is written meanwhile.
    pub(crate) async fn snapshot(&self) -> Result<Transaction, RegistryError> {
        match self {
            Self::Sqlite(pool) => dialect::snapshot_sqlite(pool).await.map(Transaction::Sqlite),
            Self::Postgres(pool) => dialect::snapshot_postgres(pool).await.map(Transaction::Postgres),
        }
    }

    /// Whether the table is there.
    pub(crate) async fn has_table(&self, name: &str) -> Result<bool, RegistryError> {
        let sql = match self {
            Self::Sqlite(_) => dialect::SQLITE_TABLES,
            Self::Postgres(_) => dialect::POSTGRES_TABLES,
        };
        Ok(!self.fetch(sql, vec![name.into()]).await?.is_empty())
    }
}

impl Transaction {
    /// The rows of a statement.
    pub(crate) async fn fetch(&mut self, sql: &'static str, values: Vec<Value>) -> Result<Vec<Row>, RegistryError> {
        let values = checked(values)?;
        match self {
            Self::Sqlite(transaction) => {
                rows(bound!(Sqlite, sql, values).fetch_all(&mut **transaction).await.map_err(refused)?, Row::Sqlite)
            }
            Self::Postgres(transaction) => {
                rows(bound!(Postgres, sql, values).fetch_all(&mut **transaction).await.map_err(refused)?, Row::Postgres)
            }
        }
    }

    /// Gives each row of a statement to `take`, as they come: they need not fit memory.
    pub(crate) async fn each<Fault: From<RegistryError>>(
        &mut self,
        sql: impl SqlSafeStr,
        mut take: impl FnMut(&Row) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        macro_rules! each {
            ($database:ty, $transaction:expr, $row:expr) => {{
                let mut rows = sqlx::query::<$database>(sql).fetch(&mut **$transaction);
                while let Some(row) = rows.try_next().await.map_err(refused)? {
                    take(&$row(row))?;
                }
            }};
        }
        match self {
            Self::Sqlite(transaction) => each!(Sqlite, transaction, Row::Sqlite),
            Self::Postgres(transaction) => each!(Postgres, transaction, Row::Postgres),
        }
        Ok(())
    }

    /// The columns of a table, and whether each holds numbers; none where there is no such table.
    pub(crate) async fn columns(&mut self, table: &str) -> Result<Vec<(String, bool)>, RegistryError> {
        let sql = match self {
            Self::Sqlite(_) => dialect::SQLITE_COLUMNS,
            Self::Postgres(_) => dialect::POSTGRES_COLUMNS,
        };
        let rows = self.fetch(sql, vec![table.into()]).await?;
        rows.iter().map(|row| Ok((row.text("name")?, row.integer("is_number")? == 1))).collect()
    }

    /// How many rows a table of this crate has.
    pub(crate) async fn count(&mut self, table: &'static str) -> Result<i64, RegistryError> {
        let mut rows = None;
        let sql = AssertSqlSafe(format!("SELECT COUNT(*) AS number FROM {table}"));
        self.each::<RegistryError>(sql, |row| {
            rows = Some(row.integer("number")?);
            Ok(())
        })
        .await?;
        Ok(rows.unwrap_or_default())
    }

    /// Lets the transaction last as long as it takes: what waits for it waits.
    pub(crate) async fn lift_limits(&mut self) -> Result<(), RegistryError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(transaction) => dialect::lift_limits(transaction).await,
        }
    }

    /// The number a statement asks for under the name `number`.
    pub(crate) async fn number(&mut self, sql: &'static str, values: Vec<Value>) -> Result<i64, RegistryError> {
        let rows = self.fetch(sql, values).await?;
        let row = rows.first().ok_or_else(|| RegistryError::BadRow { table: "-", reason: format!("`{sql}` gives no row") })?;
        row.integer("number")
    }

    /// Does what a statement says; gives back how many rows it changed.
    pub(crate) async fn execute(&mut self, sql: impl SqlSafeStr, values: Vec<Value>) -> Result<u64, RegistryError> {
        let values = checked(values)?;
        match self {
            Self::Sqlite(transaction) => {
                Ok(bound!(Sqlite, sql, values).execute(&mut **transaction).await.map_err(refused)?.rows_affected())
            }
            Self::Postgres(transaction) => {
                Ok(bound!(Postgres, sql, values).execute(&mut **transaction).await.map_err(refused)?.rows_affected())
            }
        }
    }

    /// Inserts many rows, some hundreds a statement. `into` is a table with its columns, and no text that came from outside.
    pub(crate) async fn insert(&mut self, into: &str, columns: usize, values: Vec<Value>) -> Result<(), RegistryError> {
        let mut values = values.into_iter();
        loop {
            let some: Vec<Value> = values.by_ref().take(columns * ROWS_AT_ONCE).collect();
            if some.is_empty() {
                return Ok(());
            }
            let row = |row: usize| {
                let places: Vec<String> = (1..=columns).map(|column| format!("${}", row * columns + column)).collect();
                format!("({})", places.join(", "))
            };
            let rows: Vec<String> = (0..some.len() / columns).map(row).collect();
            self.execute(AssertSqlSafe(format!("INSERT INTO {into} VALUES {}", rows.join(", "))), some).await?;
        }
    }

    /// Makes all of it last, or none.
    pub(crate) async fn commit(self) -> Result<(), RegistryError> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await.map_err(refused),
            Self::Postgres(transaction) => transaction.commit().await.map_err(refused),
        }
    }
}

fn rows<Given>(given: Vec<Given>, row: impl Fn(Given) -> Row) -> Result<Vec<Row>, RegistryError> {
    Ok(given.into_iter().map(row).collect())
}
