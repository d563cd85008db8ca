//! Some consecutive rows, and what was wrong with them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use serde_json::value::RawValue;
use uu_core::{Checked, Escaping, Fault, joined_hints};

/// Some consecutive rows: the columns as given, and what the check made of each row.
#[derive(Debug)]
pub struct Chunk {
    /// The data row, counted from 1, that the chunk begins with.
    pub first_row: u64,
    /// Every column of the input, also those that name no field; as text where the format has no types.
    pub batch: RecordBatch,
    /// The objects as they were given, where the input was JSON.
    pub json: Option<Vec<Box<RawValue>>>,
    /// One outcome for each row of `batch`.
    pub rows: Vec<Result<Checked, RowFaults>>,
    /// Values of numeric fields that were given as text, by column.
    pub numbers_from_text: BTreeMap<String, u64>,
}

/// Everything wrong with one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowFaults {
    /// The input.
    pub file: Arc<str>,
    /// The data row, counted from 1.
    pub row: u64,
    /// The line the row begins in, counted from 1, where the format has lines.
    pub line: Option<u64>,
    /// The faults, in the order of the fields.
    pub faults: Vec<Fault>,
}

impl RowFaults {
    /// A hint at the way out, where a fault suggests one; of several faults, each by its field.
    #[must_use]
    pub fn hint(&self) -> Option<Cow<'static, str>> {
        let hints: Vec<(&Fault, Cow<'static, str>)> = self.faults.iter().filter_map(|fault| Some((fault, fault.hint()?))).collect();
        joined_hints(&hints)
    }
}

impl fmt::Display for RowFaults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut formatter = Escaping(formatter);
        write!(formatter, "`{}` row {}", self.file, self.row)?;
        if let Some(line) = self.line {
            write!(formatter, " (line {line})")?;
        }
        for (index, fault) in self.faults.iter().enumerate() {
            let separator = if index == 0 { ": " } else { "; " };
            write!(formatter, "{separator}{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for RowFaults {}
