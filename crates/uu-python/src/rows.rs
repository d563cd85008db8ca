//! From tables and files to checked rows: chunk by chunk, without Python's lock, and stopped by Ctrl-C.

use pyo3::exceptions::{PyUserWarning, PyValueError};
use pyo3::prelude::*;
use uu_core::{Rules, escaped};
use uu_data::clean::Cleaner;
use uu_data::read::{
    BadRows, BounceRateUnit, Chunk, ColumnUse, Decimal, GoodChunk, ReadError, ReadNote, ReadOptions, RowFaults, SkippedRows, check_batches,
};

use crate::errors;
use crate::table::Given;

/// What to do with the rows of a call.
#[derive(Clone)]
pub(crate) struct Reading {
    pub(crate) options: ReadOptions,
    pub(crate) bad_rows: BadRows,
}

/// What a caller says of tables as a whole.
#[derive(Clone, Copy, Default)]
pub(crate) struct Whole<'a> {
    pub(crate) bounce_rate_unit: Option<&'a str>,
    pub(crate) decimal: Option<&'a str>,
    pub(crate) allow_repeated_months: bool,
}

impl Reading {
    /// **Errors**: an extra input cannot have its name.
    pub(crate) fn new(rules: Rules, skip_bad_rows: bool) -> PyResult<Self> {
        rules.check_extras().map_err(|error| PyValueError::new_err(error.to_string()))?;
        let bad_rows = if skip_bad_rows { BadRows::Skip } else { BadRows::Fail };
        Ok(Self { options: ReadOptions { rules, ..ReadOptions::default() }, bad_rows })
    }

    /// The same, with what a caller says of the tables as a whole.
    ///
    /// **Errors**: a unit or a decimal mark that is none.
    pub(crate) fn of(mut self, whole: Whole<'_>) -> PyResult<Self> {
        self.options.bounce_rate_unit = whole.bounce_rate_unit.map(named_unit).transpose()?;
        self.options.decimal = whole.decimal.map(named_decimal).transpose()?;
        self.options.allow_repeated_months = whole.allow_repeated_months;
        Ok(self)
    }

    /// Passes the good rows of a table to `take`, chunk by chunk.
    pub(crate) fn each_of_table(
        &self,
        py: Python<'_>,
        table: Given,
        take: impl FnMut(GoodChunk) -> PyResult<()> + Send,
    ) -> PyResult<SkippedRows> {
        let mut chunks = check_batches(&table.name, table.batches, &self.options).map_err(|error| errors::read(py, error))?;
        let skipped = self.each_good(py, chunks.by_ref(), take)?;
        warn_of_columns(py, &chunks.columns())?;
        Ok(skipped)
    }

    /// Passes the good rows of chunks to `take`.
    pub(crate) fn each_good(
        &self,
        py: Python<'_>,
        chunks: impl Iterator<Item = Result<Chunk, ReadError>> + Send,
        mut take: impl FnMut(GoodChunk) -> PyResult<()> + Send,
    ) -> PyResult<SkippedRows> {
        let mut skipped = SkippedRows::default();
        each_chunk(py, chunks, self.bad_rows, |chunk| {
            let good = chunk.passed(self.bad_rows, &mut skipped).map_err(Failed::Read)?;
            take(good).map_err(Failed::Python)
        })?;
        Ok(skipped)
    }

    /// Adds the rows of tables to a cleaner, each table as an input of its own.
    pub(crate) fn add_to(&self, py: Python<'_>, cleaner: &mut Cleaner, tables: Vec<Given>) -> PyResult<()> {
        for table in tables {
            cleaner.next_input();
            let mut chunks = check_batches(&table.name, table.batches, &self.options).map_err(|error| errors::read(py, error))?;
            each_chunk(py, chunks.by_ref(), self.bad_rows, |chunk| cleaner.add_chunk(chunk, self.bad_rows).map_err(Failed::Read))?;
            let columns = chunks.columns();
            warn_before_cleaning(py, columns.clone())?;
            cleaner.add_columns(columns);
        }
        Ok(())
    }
}

enum Failed {
    Read(ReadError),
    Python(PyErr),
}

/// Takes chunks in turn; where rows are bad and not to be skipped, it goes on to find every such row, and takes no more.
fn each_chunk(
    py: Python<'_>,
    mut chunks: impl Iterator<Item = Result<Chunk, ReadError>> + Send,
    policy: BadRows,
    mut take: impl FnMut(Chunk) -> Result<(), Failed> + Send,
) -> PyResult<()> {
    let mut bad: Vec<RowFaults> = Vec::new();
    loop {
        let step = py.detach(|| -> Result<bool, Failed> {
            let Some(chunk) = chunks.next().transpose().map_err(Failed::Read)? else { return Ok(false) };
            if policy == BadRows::Fail {
                bad.extend(chunk.rows.iter().filter_map(|row| row.as_ref().err().cloned()));
            }
            if bad.is_empty() {
                take(chunk)?;
            }
            Ok(true)
        });
        match step {
            Ok(true) => py.check_signals()?,
            Ok(false) if bad.is_empty() => return Ok(()),
            Ok(false) => return Err(errors::bad_rows(py, &bad)),
            Err(Failed::Read(error)) => return Err(errors::read(py, error)),
            Err(Failed::Python(error)) => return Err(error),
        }
    }
}

/// Says in a Python warning which rows were left out.
pub(crate) fn warn_of_skipped(py: Python<'_>, skipped: &SkippedRows) -> PyResult<()> {
    if skipped.total == 0 {
        return Ok(());
    }
    let rules: Vec<String> = skipped.by_rule.iter().map(|(rule, rows)| format!("{rule} {rows}")).collect();
    let text = format!("{} rows skipped: {}", skipped.total, rules.join(", "));
    let text = std::ffi::CString::new(text).expect("codes and numbers have no zero byte");
    PyErr::warn(py, &py.get_type::<PyUserWarning>(), &text, 1)
}

/// Says in a Python warning what was noticed of a table as a whole, such as columns that were not used.
pub(crate) fn warn_of_columns(py: Python<'_>, columns: &ColumnUse) -> PyResult<()> {
    let lines = columns.lines();
    if lines.is_empty() {
        return Ok(());
    }
    let text = std::ffi::CString::new(lines.join("\n").replace('\0', " ")).expect("zero bytes were taken out");
    PyErr::warn(py, &py.get_type::<PyUserWarning>(), &text, 1)
}

/// The same of rows that will be cleaned: cleaning counts those that repeat a site and month.
fn warn_before_cleaning(py: Python<'_>, mut columns: ColumnUse) -> PyResult<()> {
    columns.notes.retain(|note| !matches!(note, ReadNote::RepeatedMonths { .. }));
    warn_of_columns(py, &columns)
}

/// The unit of bounce rates of that name.
fn named_unit(name: &str) -> PyResult<BounceRateUnit> {
    match name {
        "percent" => Ok(BounceRateUnit::Percent),
        "fraction" => Ok(BounceRateUnit::Fraction),
        other => Err(PyValueError::new_err(format!("`bounce_rate_unit` must be percent or fraction, got `{}`", escaped(other)))),
    }
}

/// The decimal mark of that name.
fn named_decimal(name: &str) -> PyResult<Decimal> {
    match name {
        "point" => Ok(Decimal::Point),
        "comma" => Ok(Decimal::Comma),
        other => Err(PyValueError::new_err(format!("`decimal` must be point or comma, got `{}`", escaped(other)))),
    }
}
