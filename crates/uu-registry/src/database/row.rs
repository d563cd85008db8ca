//! A row that was read.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Column as _, Decode, Postgres, Row as _, Sqlite, Type, TypeInfo as _, ValueRef as _};

use super::Value;
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

    /// The names of all columns.
    pub(crate) fn names(&self) -> Vec<String> {
        match self {
            Self::Sqlite(row) => row.columns().iter().map(|column| column.name().to_owned()).collect(),
            Self::Postgres(row) => row.columns().iter().map(|column| column.name().to_owned()).collect(),
        }
    }

    /// The values of all columns, in the order of their names.
    pub(crate) fn values(&self) -> Result<Vec<Value>, RegistryError> {
        macro_rules! of {
            ($row:expr) => {{
                let value = |index| match $row.try_get_raw(index).map_err(refused)?.type_info().name() {
                    // What SQLite says of a value that is none; its type does not matter.
                    "NULL" => Ok(Value::Text(None)),
                    "INTEGER" | "INT8" => $row.try_get(index).map(Value::Integer).map_err(refused),
                    _ => $row.try_get(index).map(Value::Text).map_err(refused),
                };
                (0..$row.columns().len()).map(value).collect()
            }};
        }
        match self {
            Self::Sqlite(row) => of!(row),
            Self::Postgres(row) => of!(row),
        }
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
