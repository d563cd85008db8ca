//! `clean`: the rows a model is trained on, and what was wrong with the others.

use pyo3::prelude::*;
use uu_core::Rules;
use uu_data::Dataset;
use uu_data::clean::{CleanOptions, Cleaner, QualityReport};
use uu_data::write::records_batch;

use crate::errors;
use crate::rows::{Reading, Whole};
use crate::table::{Given, Table};
use crate::values::to_python;

/// Checks and cleans rows for a training, by named and counted rules, and says what was found.
///
/// :param data: a table with the columns of `read`, or a list of tables: of two labels for one site-month the later table's stands.
/// :param extra_inputs: names of further numeric columns that are inputs.
/// :param users_tolerance: share by which unique users may exceed visits and be set equal; beyond it the row is dropped.
/// :param input_deviations: robust standard deviations, on the log scale, beyond which an input counts as unknown.
/// :param label_deviations: the same for visits per unique user, beyond which the row is dropped.
/// :param skip_bad_rows: leaves rows that break a rule out, counted in the report, instead of raising a `RecordError`.
/// :param bounce_rate_unit: `percent` or `fraction`; where none is given, a table whose bounce rates are mostly below 1 is refused.
/// :param decimal: `point`, or `comma` for numbers in texts that are written as `1.234,5`; columns of numbers stay as they are.
/// :param allow_repeated_months: takes a table in which most sites have several rows of a month; one of each month is kept.
/// :returns: the cleaned rows, sorted by source, site and month, and the data-quality report as a dictionary.
#[pyfunction]
#[pyo3(signature = (data, *, extra_inputs=Vec::new(), users_tolerance=None, input_deviations=None, label_deviations=None, skip_bad_rows=false, bounce_rate_unit=None, decimal=None, allow_repeated_months=false))]
#[expect(clippy::too_many_arguments, reason = "keywords of a Python function")]
pub(crate) fn clean<'py>(
    py: Python<'py>,
    data: &Bound<'py, PyAny>,
    extra_inputs: Vec<String>,
    users_tolerance: Option<f64>,
    input_deviations: Option<f64>,
    label_deviations: Option<f64>,
    skip_bad_rows: bool,
    bounce_rate_unit: Option<&str>,
    decimal: Option<&str>,
    allow_repeated_months: bool,
) -> PyResult<(Table, Bound<'py, PyAny>)> {
    let reading = Reading::new(Rules { extras: extra_inputs, ..Rules::default() }, skip_bad_rows)?.of(Whole {
        bounce_rate_unit,
        decimal,
        allow_repeated_months,
    })?;
    let defaults = CleanOptions::default();
    let options = CleanOptions {
        users_tolerance: users_tolerance.unwrap_or(defaults.users_tolerance),
        input_deviations: input_deviations.unwrap_or(defaults.input_deviations),
        label_deviations: label_deviations.unwrap_or(defaults.label_deviations),
        ..defaults
    };
    let (dataset, report) = cleaned(py, &reading, &options, Given::tables("data", data)?)?;
    let batch = py.detach(|| records_batch(dataset.records(), dataset.extras()));
    Ok((Table::new(batch.schema(), vec![batch]), to_python(py, &report)?))
}

/// Checks and cleans tables.
pub(crate) fn cleaned(py: Python<'_>, reading: &Reading, options: &CleanOptions, tables: Vec<Given>) -> PyResult<(Dataset, QualityReport)> {
    let mut cleaner = Cleaner::new(CleanOptions { extras: reading.options.rules.extras.clone(), ..options.clone() });
    reading.add_to(py, &mut cleaner, tables)?;
    py.detach(|| cleaner.finish()).map_err(|error| errors::clean(&error))
}
