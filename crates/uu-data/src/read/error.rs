//! What makes an input unreadable as a whole.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;

use arrow::error::ArrowError;

use super::{MAX_COLUMNS, MAX_ROW_BYTES, RowFaults};

/// Reading cannot go on.
///
/// A row that breaks a rule is not one of these until it is asked to be: see [`super::BadRows`].
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The input cannot be opened.
    #[error("`{file}` cannot be opened: {source}")]
    Open {
        /// The input.
        file: Arc<str>,
        /// Why.
        source: io::Error,
    },
    /// Reading failed on the way.
    #[error("`{file}` cannot be read after row {row}: {source}")]
    Io {
        /// The input.
        file: Arc<str>,
        /// The last row that was read.
        row: u64,
        /// Why.
        source: io::Error,
    },
    /// The content stops before its end.
    #[error("`{file}` ends too early, after row {row}: {what}")]
    Truncated {
        /// The input.
        file: Arc<str>,
        /// The last whole row.
        row: u64,
        /// What is cut off.
        what: &'static str,
    },
    /// Rows that are sorted on disk could not be kept there.
    #[error("the rows of `{file}` could not be kept in a temporary file while they are sorted; `TMPDIR` names another folder: {source}")]
    Spill {
        /// The input.
        file: Arc<str>,
        /// Why.
        source: io::Error,
    },
    /// Rows of different columns could not be brought together.
    #[error("the rows of `{file}` cannot be sorted: {reason}")]
    Unsorted {
        /// The input.
        file: Arc<str>,
        /// Why.
        reason: String,
    },
    /// There is nothing in it.
    #[error("`{file}` is empty")]
    Empty {
        /// The input.
        file: Arc<str>,
    },
    /// One row is larger than any record can be.
    #[error("`{file}` row {row}: a row must be at most {} MiB, got more", MAX_ROW_BYTES >> 20)]
    RowTooLarge {
        /// The input.
        file: Arc<str>,
        /// The row.
        row: u64,
    },
    /// There are more columns than any table of records has.
    #[error("`{file}` must have at most {MAX_COLUMNS} columns, got {columns}")]
    TooManyColumns {
        /// The input.
        file: Arc<str>,
        /// How many it has.
        columns: usize,
    },
    /// A Parquet file cannot be read in pieces that are small enough.
    #[error("`{file}` cannot be read piece by piece: {reason}")]
    LargePieces {
        /// The input.
        file: Arc<str>,
        /// What is too large.
        reason: String,
    },
    /// No column says which month a row is of.
    #[error("`{file}` must have a column `date`, got {}", listed(columns))]
    NoDateColumn {
        /// The input.
        file: Arc<str>,
        /// The columns it has.
        columns: Vec<String>,
    },
    /// No column is an input of the model.
    #[error(
        "`{file}` must have at least one of `visits`, `rank`, `pages_per_visit`, `bounce_rate`, `avg_visit_duration`, `category`, got {}",
        listed(columns)
    )]
    NoInputColumn {
        /// The input.
        file: Arc<str>,
        /// The columns it has.
        columns: Vec<String>,
    },
    /// Two columns are of one field.
    #[error("`{file}` must have one column of each field, got `{first}` and `{second}`, which are both {field}")]
    DuplicateColumn {
        /// The input.
        file: Arc<str>,
        /// The field.
        field: String,
        /// One column.
        first: String,
        /// The other.
        second: String,
    },
    /// The text is in an encoding that is not read.
    #[error("`{file}` must be text in UTF-8, got {found}")]
    Encoding {
        /// The input.
        file: Arc<str>,
        /// What it is.
        found: &'static str,
    },
    /// The JSON is not an array of records.
    #[error("`{file}` row {row}: expected {expected}, got {found}")]
    Json {
        /// The input.
        file: Arc<str>,
        /// The element, counted from 1.
        row: u64,
        /// What should be there.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// The Parquet file is damaged, or is none.
    #[error("`{file}` is not a readable Parquet file: {reason}")]
    Parquet {
        /// The input.
        file: Arc<str>,
        /// What the Parquet library says.
        reason: String,
    },
    /// Batches in memory cannot be had from whoever holds them.
    #[error("`{file}` cannot be read after row {row}: {source}")]
    Batches {
        /// The input.
        file: Arc<str>,
        /// The last row that was read.
        row: u64,
        /// Why.
        source: ArrowError,
    },
    /// Rows break the rules of a record, and were not to be skipped.
    #[error("{}", shown(rows, *total))]
    BadRows {
        /// The first of them.
        rows: Vec<RowFaults>,
        /// How many of the chunk's rows break a rule.
        total: u64,
    },
}

impl ReadError {
    pub(super) fn from_io(file: &Arc<str>, row: u64, source: io::Error) -> Self {
        let file = file.clone();
        match source.kind() {
            io::ErrorKind::UnexpectedEof => Self::Truncated { file, row, what: "the compressed data are cut off" },
            _ => Self::Io { file, row, source },
        }
    }

    /// A hint at the way out, where there is one.
    #[must_use]
    pub fn hint(&self) -> Option<Cow<'static, str>> {
        let fixed = match self {
            Self::BadRows { rows, .. } => {
                return rows.iter().find_map(RowFaults::hint).or(Some("pass `--skip-bad-rows` to go on without such rows".into()));
            }
            Self::NoDateColumn { .. } => "name the column of the month `date`; it holds days like `2018-12-01` or months like `2018-12`",
            Self::NoInputColumn { .. } => "the first row must name the columns; extra inputs are named in the configuration",
            Self::LargePieces { .. } => "write it with pages of some MiB and row groups of some 100,000 rows",
            Self::Encoding { .. } => "convert it, for instance with `iconv -f UTF-16 -t UTF-8`",
            _ => return None,
        };
        Some(fixed.into())
    }
}

fn listed(columns: &[String]) -> String {
    const MOST: usize = 30;
    if columns.is_empty() {
        return "no columns".to_owned();
    }
    let mut names: Vec<String> = columns.iter().take(MOST).map(|name| format!("`{}`", name.chars().take(60).collect::<String>())).collect();
    if columns.len() > MOST {
        names.push(format!("and {} more", columns.len() - MOST));
    }
    names.join(", ")
}

fn shown(rows: &[RowFaults], total: u64) -> String {
    let mut lines: Vec<String> = rows.iter().map(ToString::to_string).collect();
    if total > rows.len() as u64 {
        lines.push(format!("and {} more rows", total - rows.len() as u64));
    }
    lines.join("\n")
}
