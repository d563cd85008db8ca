//! Rows of a table on their way into a file and out of it.

use serde::{Deserialize, Serialize};

use crate::database::{Row, Value};
use crate::objects::Stored;
use crate::{RegistryError, schema};

/// Bytes of values that a page holds about; with one row of more, it holds that row.
const PAGE_BYTES: usize = 4 << 20;

/// Some rows of a table.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Page {
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<Cell>>,
    #[serde(skip)]
    bytes: usize,
}

/// A value: a number, a text or none.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Cell {
    Integer(i64),
    Text(String),
    None,
}

impl Page {
    pub(super) fn add(&mut self, row: &Row) -> Result<(), RegistryError> {
        if self.rows.is_empty() {
            self.columns = row.names();
        }
        let cells: Vec<Cell> = row.values()?.into_iter().map(Cell::from).collect();
        self.bytes += cells.iter().map(Cell::bytes).sum::<usize>();
        self.rows.push(cells);
        Ok(())
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes >= PAGE_BYTES
    }

    /// The objects its rows name. A table that names any does so in the same three columns.
    pub(super) fn objects(&self) -> Vec<Stored> {
        let column = |name| self.columns.iter().position(|column| column == name);
        let Some((object, sha256, size)) = column("object").zip(column("sha256")).zip(column("size_bytes")).map(|((a, b), c)| (a, b, c))
        else {
            return Vec::new();
        };
        let stored = |row: &Vec<Cell>| match (row.get(object)?, row.get(sha256)?, row.get(size)?) {
            (Cell::Text(object), Cell::Text(sha256), Cell::Integer(size)) => {
                Some(Stored { object: object.clone(), sha256: sha256.clone(), size_bytes: u64::try_from(*size).ok()? })
            }
            _ => None,
        };
        self.rows.iter().filter_map(stored).collect()
    }

    /// What is inserted, for columns that hold numbers or not: a value that is none is bound as one of its column's type.
    pub(super) fn values(self, numbers: &[bool]) -> Result<Vec<Value>, String> {
        let mut values = Vec::with_capacity(self.rows.len() * numbers.len());
        for row in self.rows {
            if row.len() != numbers.len() {
                return Err(format!("a row has {} values, and there are {} columns", row.len(), numbers.len()));
            }
            for (cell, (column, is_number)) in row.into_iter().zip(self.columns.iter().zip(numbers)) {
                values.push(match (cell, is_number) {
                    (Cell::Integer(number), true) => Value::Integer(Some(number)),
                    (Cell::None, true) => Value::Integer(None),
                    (Cell::Text(text), false) => Value::Text(Some(text)),
                    (Cell::None, false) => Value::Text(None),
                    (Cell::Integer(_), false) => return Err(format!("`{column}` must hold texts, found a number")),
                    (Cell::Text(_), true) => return Err(format!("`{column}` must hold numbers, found a text")),
                });
            }
        }
        Ok(values)
    }
}

impl Cell {
    fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len() + 2,
            Self::Integer(_) | Self::None => 8,
        }
    }
}

impl From<Value> for Cell {
    fn from(value: Value) -> Self {
        match value {
            Value::Integer(Some(number)) => Self::Integer(number),
            Value::Text(Some(text)) => Self::Text(text),
            Value::Integer(None) | Value::Text(None) => Self::None,
        }
    }
}

/// All rows of a table, those it refers to before those that refer to them: by the first columns, which are its key.
///
/// Columns are named although all are taken: a statement that was prepared before a newer release added one is refused by PostgreSQL after it, and with
/// SQLite it is never answered.
pub(super) fn all_rows(table: &str, columns: &[String]) -> String {
    let key = if columns.len() > 1 { "1, 2" } else { "1" };
    format!("SELECT {} FROM \"{table}\" ORDER BY {key}", listed(columns))
}

/// The names of columns in a statement, quoted: those of a newer release may be words that this one does not know to avoid.
pub(super) fn listed(columns: &[String]) -> String {
    columns.iter().map(|column| format!("\"{column}\"")).collect::<Vec<_>>().join(", ")
}

/// The table of this release that is called so. Names from a file are compared, never put into a statement.
pub(super) fn table_named(name: &str) -> Option<&'static str> {
    schema::tables().find(|table| *table == name)
}
