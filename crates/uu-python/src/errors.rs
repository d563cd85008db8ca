//! Python's exceptions, made from the errors of the crates below.

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::{create_exception, types::PyList};
use uu_core::{contained, escaped};
use uu_data::read::RowFaults;

create_exception!(uu_predictor, UuError, PyException, "What every error of this module is.");
create_exception!(uu_predictor, ReadError, UuError, "Rows cannot be read: no such file, a damaged one, or no column that is needed.");
create_exception!(
    uu_predictor,
    RecordError,
    UuError,
    "Rows break the rules of a record; `faults` lists every fault of every row, as `Fault`s.\n\nPass `skip_bad_rows=True` to go on without such rows."
);
create_exception!(uu_predictor, CleanError, UuError, "Rows cannot be trained or judged on together.");
create_exception!(uu_predictor, FitError, UuError, "A training ended without a model.");
create_exception!(uu_predictor, ArtifactError, UuError, "The bytes are not a model that this release can read.");

/// Most faulty rows that a message shows; the exception's list has them all.
const SHOWN_ROWS: usize = 10;

/// One thing wrong with one value.
#[pyclass(frozen, get_all, module = "uu_predictor")]
pub(crate) struct Fault {
    /// The file, or the argument that the row came in.
    source: String,
    /// The data row, counted from 1.
    row: u64,
    /// The column.
    field: String,
    /// The rule that is broken: a stable code.
    rule: &'static str,
    /// What was found.
    found: String,
    /// What was expected, in words.
    expected: String,
    message: String,
}

#[pymethods]
impl Fault {
    fn __str__(&self) -> &str {
        &self.message
    }

    fn __repr__(&self) -> String {
        format!("<Fault {}>", self.message)
    }
}

/// Every fault of every row, as one exception.
pub(crate) fn bad_rows(py: Python<'_>, rows: &[RowFaults]) -> PyErr {
    let mut lines: Vec<String> = rows.iter().take(SHOWN_ROWS).map(ToString::to_string).collect();
    if rows.len() > SHOWN_ROWS {
        lines.push(format!("and {} more rows", rows.len() - SHOWN_ROWS));
    }
    let error = RecordError::new_err(lines.join("\n"));
    let listed = PyList::new(py, rows.iter().flat_map(faults)).and_then(|faults| error.value(py).setattr("faults", faults));
    listed.err().unwrap_or(error)
}

fn faults(row: &RowFaults) -> impl Iterator<Item = Fault> {
    row.faults.iter().map(|fault| Fault {
        source: row.file.to_string(),
        row: row.row,
        field: fault.field.column().to_owned(),
        rule: fault.rule.code(),
        found: fault.found.clone(),
        expected: fault.expected.to_string(),
        message: format!("`{}` row {}: {fault}", escaped(&row.file), row.row),
    })
}

pub(crate) fn read(py: Python<'_>, error: uu_data::read::ReadError) -> PyErr {
    match error {
        uu_data::read::ReadError::BadRows { rows, .. } => bad_rows(py, &rows),
        uu_data::read::ReadError::Open { source, file } => {
            let raised = ReadError::new_err(format!("`{}` cannot be opened: {source}", escaped(&file)));
            raised.set_cause(py, Some(source.into()));
            raised
        }
        other => ReadError::new_err(other.to_string()),
    }
}

pub(crate) fn clean(error: &uu_data::clean::CleanError) -> PyErr {
    CleanError::new_err(error.to_string())
}

pub(crate) fn fit(error: &uu_train::FitError) -> PyErr {
    FitError::new_err(with_causes(error))
}

pub(crate) fn artifact(error: &uu_model::ArtifactError) -> PyErr {
    ArtifactError::new_err(with_causes(error))
}

/// Runs a step over a model, which may come from anybody: one that panics is an error that Python catches as any other.
pub(crate) fn answered<T>(step: impl FnOnce() -> T) -> PyResult<T> {
    contained(step)
        .map_err(|_panicked| artifact(&uu_model::ArtifactError::Unsound { reason: "it panicked on what it was asked".to_owned() }))
}

pub(crate) fn write(error: &uu_data::write::WriteError) -> PyErr {
    UuError::new_err(with_causes(error))
}

/// The message and those of its causes that it does not repeat.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !message.contains(&text) {
            message = format!("{message}: {text}");
        }
        cause = error.source();
    }
    message
}
