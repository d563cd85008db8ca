//! A row that was read.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Postgres, Row as _, Sqlite, Type};

use super::error::refused;
use crate::{RegistryError, Timestamp};

/// A row that was read; columns are asked for by name.
#[derive(Debug)]
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    pub(crate) fn integer(&self, column: &'static str) -> Result<i64, RegistryError> {
        self.get(column)
    }

    pub(crate) fn maybe_integer(&self, column: &'static str) -> Result<Option<i64>, RegistryError> {
        self.get(column)
    }

    pub(crate) fn text(&self, column: &'static str) -> Result<String, RegistryError> {
        self.get(column)
    }

    pub(crate) fn maybe_text(&self, column: &'static str) -> Result<Option<String>, RegistryError> {
        self.get(column)
    }

    pub(crate) fn time(&self, column: &'static str) -> Result<Timestamp, RegistryError> {
        self.integer(column).map(Timestamp::from_milliseconds)
    }

    pub(crate) fn maybe_time(&self, column: &'static str) -> Result<Option<Timestamp>, RegistryError> {
        Ok(self.maybe_integer(column)?.map(Timestamp::from_milliseconds))
    }

    /// A text that is JSON.
    pub(crate) fn json(&self, table: &'static str, column: &'static str) -> Result<serde_json::Value, RegistryError> {
        parsed(table, &self.text(column)?)
    }

    pub(crate) fn maybe_json(&self, table: &'static str, column: &'static str) -> Result<Option<serde_json::Value>, RegistryError> {
        self.maybe_text(column)?.map(|text| parsed(table, &text)).transpose()
    }

    fn get<T>(&self, column: &'static str) -> Result<T, RegistryError>
    where
        T: for<'row> Decode<'row, Sqlite> + Type<Sqlite> + for<'row> Decode<'row, Postgres> + Type<Postgres>,
    {
        match self {
            Self::Sqlite(row) => row.try_get(column).map_err(refused),
            Self::Postgres(row) => row.try_get(column).map_err(refused),
        }
    }
}

fn parsed(table: &'static str, text: &str) -> Result<serde_json::Value, RegistryError> {
    serde_json::from_str(text).map_err(|error| RegistryError::BadRow { table, reason: format!("a text that is no JSON ({error})") })
}
