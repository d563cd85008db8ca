//! Some consecutive rows, and what was wrong with them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::sync::Arc;

use arrow::array::{Array, BooleanArray};
use arrow::compute::filter_record_batch;
use arrow::record_batch::RecordBatch;
use serde_json::value::RawValue;
use uu_core::{Checked, Escaping, Fault, FaultRule, joined_hints};

/// Some consecutive rows: the columns as given, and what the check made of each row.
#[derive(Debug)]
pub struct Chunk {
    /// The data row, counted from 1, that the chunk begins with; rows without a value, which are passed over, count too where they have no line.
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
    /// Whether the row sums up others, and its date is at fault: no month has such a row.
    pub is_undated_total: bool,
}

impl Chunk {
    /// Bytes that it takes, about.
    pub(super) fn bytes(&self) -> usize {
        let of_column = |column: &arrow::array::ArrayRef| {
            // A slice of a large array takes what it shows of it.
            column.to_data().get_slice_memory_size().unwrap_or_else(|_| column.get_array_memory_size())
        };
        let columns: usize = self.batch.columns().iter().map(of_column).sum();
        let objects: usize = self.json.iter().flatten().map(|object| object.get().len()).sum();
        columns + objects + self.rows.len() * size_of::<Checked>()
    }

    /// The chunk without the rows that have no value in any column, and how many there were. The others keep their numbers.
    pub(super) fn without_empty_rows(mut self) -> (Self, u64) {
        let lacks_date = |row: &Result<Checked, RowFaults>| {
            row.as_ref().is_err_and(|bad| bad.faults.iter().any(|fault| fault.rule == FaultRule::BadDate && fault.found == "nothing"))
        };
        if !self.rows.iter().any(lacks_date) {
            return (self, 0);
        }
        let nulls: Vec<_> = self.batch.columns().iter().map(Array::logical_nulls).collect();
        let is_null = |row: usize| nulls.iter().all(|nulls| nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)));
        let kept: Vec<bool> = self.rows.iter().enumerate().map(|(place, row)| !(lacks_date(row) && is_null(place))).collect();
        let empty = kept.iter().filter(|kept| !**kept).count() as u64;
        let mut of_row = kept.iter();
        self.rows.retain(|_| of_row.next().is_none_or(|kept| *kept));
        self.batch = filter_record_batch(&self.batch, &BooleanArray::from(kept)).expect("one flag for each row");
        (self, empty)
    }
}

impl RowFaults {
    /// A hint at the way out, where a fault suggests one; of several faults, each by its field.
    #[must_use]
    pub fn hint(&self) -> Option<Cow<'static, str>> {
        let hints: Vec<(&Fault, Cow<'static, str>)> = self.faults.iter().filter_map(|fault| Some((fault, self.hint_of(fault)?))).collect();
        joined_hints(&hints)
    }

    /// A hint at the way out of one of its faults.
    #[must_use]
    pub fn hint_of(&self, fault: &Fault) -> Option<Cow<'static, str>> {
        if self.is_undated_total && fault.rule == FaultRule::BadDate {
            return Some("leave the row of the total out of the input, or pass `--skip-bad-rows` to go on without such rows".into());
        }
        fault.hint()
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
