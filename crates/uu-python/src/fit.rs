//! `fit`: from tables to a model.

use std::collections::BTreeMap;

use pyo3::prelude::*;
use uu_core::{BounceDefinition, Rules};
use uu_train::TrainSettings;

use crate::fitting::Fitting;
use crate::model::Model;
use crate::rows::{Reading, Whole};
use crate::table::Given;
use crate::values::{from_python, to_python};

/// The settings a training has where nothing else is said, as a dictionary; `fit` takes it back, whole or in part.
#[pyfunction]
pub(crate) fn default_settings(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    to_python(py, &TrainSettings::default())
}

/// Fits a model: cleans the rows, fits, calibrates on sites held out whole, and measures it on them.
///
/// The same rows and settings give the same model, whatever the order of the rows and the number of threads; it is the model that
/// `uu-predictor train` makes of a file with these rows. Ctrl-C stops it.
///
/// :param data: a table with the columns of `read`, or a list of tables: of two labels for one site-month the later table's stands.
/// :param settings: those of `default_settings` that are to be others, as a (nested) dictionary.
/// :param extra_inputs: names of further numeric columns that are inputs.
/// :param bounce_definitions: what each source calls a bounce: `one_page`, `not_engaged` or `unknown`.
/// :param cleaned: the rows come from `clean`, and are not cleaned a second time.
/// :param skip_bad_rows: leaves rows that break a rule out, with a warning, instead of raising a `RecordError`.
/// :param bounce_rate_unit: `percent` or `fraction`; where none is given, a table whose bounce rates are mostly below 1 is refused.
/// :param decimal: `point`, or `comma` for numbers in texts that are written as `1.234,5`; columns of numbers stay as they are.
/// :param allow_repeated_months: takes a table in which most sites have several rows of a month; one of each month is kept.
/// :param progress: called with a stage's name, the steps done and the steps in all, some times a second.
#[pyfunction]
#[pyo3(signature = (data, *, settings=None, extra_inputs=Vec::new(), bounce_definitions=None, cleaned=false, skip_bad_rows=false, bounce_rate_unit=None, decimal=None, allow_repeated_months=false, progress=None))]
#[expect(clippy::too_many_arguments, reason = "keywords of a Python function")]
pub(crate) fn fit(
    py: Python<'_>,
    data: &Bound<'_, PyAny>,
    settings: Option<&Bound<'_, PyAny>>,
    extra_inputs: Vec<String>,
    bounce_definitions: Option<&Bound<'_, PyAny>>,
    cleaned: bool,
    skip_bad_rows: bool,
    bounce_rate_unit: Option<&str>,
    decimal: Option<&str>,
    allow_repeated_months: bool,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Model> {
    let bounce_definitions: BTreeMap<String, BounceDefinition> = from_python("bounce_definitions", &BTreeMap::new(), bounce_definitions)?;
    let fitting = Fitting {
        reading: Reading::new(Rules { extras: extra_inputs, bounce_definitions }, skip_bad_rows)?.of(Whole {
            bounce_rate_unit,
            decimal,
            allow_repeated_months,
        })?,
        settings: from_python("settings", &TrainSettings::default(), settings)?,
        cleaned,
    };
    Model::of(py, fitting.run(py, Given::tables("data", data)?, progress)?)
}
