//! `Model`: what a training made, and what can be asked of it.

use std::io;
use std::path::PathBuf;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde::Serialize;
use uu_core::OutputColumn;
use uu_data::clean::CleanOptions;
use uu_data::replace::{Access, replace};
use uu_data::write::{Added, with_added};
use uu_model::{Contents, EstimateOptions, Evaluation, LEVELS, artifact_checksum};
use uu_monitor::judge;
use uu_scoring::{ColumnRequest, estimate_columns, may_carry_labels};
use uu_train::TrainReport;

use crate::cleaning::cleaned;
use crate::errors;
use crate::fitting::Fitting;
use crate::rows::{Reading, Whole, warn_of_skipped};
use crate::table::{Given, Table};
use crate::values::{from_python, to_python};

/// How many letters of its checksum name a model: as many as tell any two apart.
const NAME_LETTERS: usize = 12;

/// A trained model. It never changes, and any number of threads may ask it.
#[pyclass(frozen, module = "uu_predictor")]
pub(crate) struct Model {
    model: uu_model::Model,
    artifact: Vec<u8>,
    checksum: String,
}

#[derive(Serialize)]
struct Judged {
    model: String,
    evaluation: Option<Evaluation>,
    rows_of_training_sites: usize,
}

impl Model {
    /// Reads an artifact.
    pub(crate) fn of(py: Python<'_>, artifact: Vec<u8>) -> PyResult<Self> {
        let model = py.detach(|| errors::answered(|| uu_model::Model::from_bytes(&artifact)))?.map_err(|error| errors::artifact(&error))?;
        Ok(Self { model, checksum: artifact_checksum(&artifact), artifact })
    }

    fn name(&self) -> &str {
        self.checksum.get(..NAME_LETTERS).unwrap_or(&self.checksum)
    }

    fn contents(&self) -> PyResult<Contents<'_>> {
        Contents::of(&self.artifact).map_err(|error| errors::artifact(&error))
    }

    fn reading(&self, skip_bad_rows: bool, whole: Whole<'_>) -> PyResult<Reading> {
        Reading::new(self.model.rules().clone(), skip_bad_rows)?.of(whole)
    }

    /// The table with those columns of its rows' estimates that are to be kept.
    fn with_estimates(
        &self,
        data: &Bound<'_, PyAny>,
        reading: &Reading,
        options: EstimateOptions,
        keep: impl Fn(&Added) -> bool + Sync,
    ) -> PyResult<Table> {
        let py = data.py();
        let mut batches = Vec::new();
        let skipped = reading.each_of_table(py, Given::table("data", data)?, |chunk| {
            let labels = may_carry_labels(&chunk.batch.schema());
            let request = ColumnRequest { rows: chunk.rows, labels, by_site: false, options };
            let mut added = errors::answered(|| estimate_columns(&self.model, self.name(), request))?;
            added.retain(&keep);
            let batch = with_added(&chunk.batch, &added, &reading.options.rules.extras);
            batches.push(batch.map_err(|error| errors::write(&error))?);
            Ok(())
        })?;
        warn_of_skipped(py, &skipped)?;
        let schema = batches.first().map(arrow::record_batch::RecordBatch::schema).expect("at least one chunk comes of a table");
        Ok(Table::new(schema, batches))
    }
}

fn checked_level(level: f64) -> PyResult<f64> {
    if LEVELS.contains(&level) {
        return Ok(level);
    }
    Err(PyValueError::new_err(format!("`level` must be between {} and {}, got {level}", LEVELS.start(), LEVELS.end())))
}

/// Loads a model that `Model.save` wrote, or one of a store of `uu-predictor`: `models/v0001.uumodel` there.
///
/// :raises OSError: the file cannot be read.
/// :raises ArtifactError: it is not a model that this release can read, or one that cannot answer.
#[pyfunction]
pub(crate) fn load(py: Python<'_>, path: PathBuf) -> PyResult<Model> {
    let artifact = py.detach(|| std::fs::read(path))?;
    Model::of(py, artifact)
}

#[pymethods]
impl Model {
    /// The model of an artifact's bytes.
    #[new]
    fn from_artifact(py: Python<'_>, artifact: Vec<u8>) -> PyResult<Self> {
        Self::of(py, artifact)
    }

    fn __getnewargs__<'py>(&self, py: Python<'py>) -> (Bound<'py, PyBytes>,) {
        (self.artifact(py),)
    }

    /// The file that `save` writes, as bytes.
    #[getter]
    fn artifact<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.artifact)
    }

    /// SHA-256 of the artifact, in hexadecimal; its first twelve letters are what the column `model` says.
    #[getter]
    fn checksum(&self) -> &str {
        &self.checksum
    }

    /// Where the model comes from and how good it was found to be.
    #[getter]
    fn about<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python(py, self.model.about())
    }

    /// The settings of its training and all figures, measured on sites held out whole.
    #[getter]
    fn report<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python(py, &TrainReport::of(&self.contents()?).map_err(|error| errors::artifact(&error))?)
    }

    /// Names of the extra inputs.
    #[getter]
    fn extra_inputs(&self) -> Vec<String> {
        self.model.rules().extras.clone()
    }

    /// Estimates every row, each on its own.
    ///
    /// No estimate is made from its own row's known `unique_users`: they stand beside it, in `unique_users_known`.
    ///
    /// :param data: a table with the columns of `read`, of which any may be missing but `date`.
    /// :param level: the level of the intervals, 0.5 to 0.99.
    /// :param explain: adds the column `explanation`: `base`, the estimate before any input is considered, and `factors`, a number for each input
    ///     and later step; the product of them all is the unrounded estimate.
    /// :param skip_bad_rows: leaves rows that break a rule out, with a warning, instead of raising a `RecordError`.
    /// :param bounce_rate_unit: `percent` or `fraction`; where none is given, a table whose bounce rates are mostly below 1 is refused.
    /// :param decimal: `point`, or `comma` for numbers in texts that are written as `1.234,5`; columns of numbers stay as they are.
    /// :param allow_repeated_months: takes a table in which most sites have several rows of a month.
    /// :returns: the columns of `data` with unknown inputs filled, and `unique_users` (always the estimate), `unique_users_low`,
    ///     `unique_users_high`, `unique_users_known` (the known number or null, where `data` has a column of labels), `filled` (which inputs were
    ///     filled), `warnings`, `model` and, where it is asked for, `explanation`: what `uu-predictor predict` writes.
    #[pyo3(signature = (data, *, level=0.9, explain=false, skip_bad_rows=false, bounce_rate_unit=None, decimal=None, allow_repeated_months=false))]
    #[expect(clippy::too_many_arguments, reason = "keywords of a Python method")]
    fn predict(
        &self,
        data: &Bound<'_, PyAny>,
        level: f64,
        explain: bool,
        skip_bad_rows: bool,
        bounce_rate_unit: Option<&str>,
        decimal: Option<&str>,
        allow_repeated_months: bool,
    ) -> PyResult<Table> {
        let reading = self.reading(skip_bad_rows, Whole { bounce_rate_unit, decimal, allow_repeated_months })?;
        self.with_estimates(data, &reading, EstimateOptions { level: checked_level(level)?, explain }, |_| true)
    }

    /// Fills the numeric inputs that are unknown and that the model has learned; unique users stay as they are.
    ///
    /// :param skip_bad_rows: leaves rows that break a rule out, with a warning, instead of raising a `RecordError`.
    /// :param bounce_rate_unit: `percent` or `fraction`; where none is given, a table whose bounce rates are mostly below 1 is refused.
    /// :param decimal: `point`, or `comma` for numbers in texts that are written as `1.234,5`; columns of numbers stay as they are.
    /// :returns: the columns of `data`, and `filled`: which inputs were filled.
    #[pyo3(signature = (data, *, skip_bad_rows=false, bounce_rate_unit=None, decimal=None))]
    fn fill(&self, data: &Bound<'_, PyAny>, skip_bad_rows: bool, bounce_rate_unit: Option<&str>, decimal: Option<&str>) -> PyResult<Table> {
        let fillable = self.model.fillable();
        let kept = |added: &Added| added.name == OutputColumn::Filled.column() || fillable.iter().any(|field| field.column() == added.name);
        let reading = self.reading(skip_bad_rows, Whole { bounce_rate_unit, decimal, allow_repeated_months: true })?;
        self.with_estimates(data, &reading, EstimateOptions::default(), kept)
    }

    /// Judges the model on rows whose unique users are known.
    ///
    /// The rows are cleaned, but what is merely unusual stays.
    ///
    /// :param level: the level of the intervals that are judged.
    /// :param unseen_only: only on sites that the model was not trained on, as a fair judgement needs.
    /// :param bounce_rate_unit: `percent` or `fraction`; where none is given, a table whose bounce rates are mostly below 1 is refused.
    /// :param decimal: `point`, or `comma` for numbers in texts that are written as `1.234,5`; columns of numbers stay as they are.
    /// :param allow_repeated_months: takes a table in which most sites have several rows of a month.
    /// :returns: `model`, `evaluation` (all figures, overall and by group; `None` where no unique users are known) and
    ///     `rows_of_training_sites`.
    #[pyo3(signature = (data, *, level=0.9, unseen_only=false, skip_bad_rows=false, bounce_rate_unit=None, decimal=None, allow_repeated_months=false))]
    #[expect(clippy::too_many_arguments, reason = "keywords of a Python method")]
    fn evaluate<'py>(
        &self,
        data: &Bound<'py, PyAny>,
        level: f64,
        unseen_only: bool,
        skip_bad_rows: bool,
        bounce_rate_unit: Option<&str>,
        decimal: Option<&str>,
        allow_repeated_months: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = data.py();
        let level = checked_level(level)?;
        let reading = self.reading(skip_bad_rows, Whole { bounce_rate_unit, decimal, allow_repeated_months })?;
        let (dataset, _) = cleaned(py, &reading, &CleanOptions::for_judging(), Given::tables("data", data)?)?;
        let sites = self.contents()?.training_sites().map_err(|error| errors::artifact(&error))?;
        let uu_monitor::Judgement { evaluation, rows_of_training_sites } =
            py.detach(|| errors::answered(|| judge(&self.model, &dataset, &sites, level, unseen_only)))?;
        to_python(py, &Judged { model: self.name().to_owned(), evaluation, rows_of_training_sites })
    }

    /// Fits a new model on old and new rows together, with this one's settings and extra inputs; this one does not change.
    ///
    /// A model holds no rows, so the old ones are needed again. It is a fit from scratch: going on with the old trees on new rows
    /// alone forgets the old world. Whether the new model is better is for `evaluate`, on rows that neither has seen.
    ///
    /// :param old: the rows of this model's training, a table or a list of tables.
    /// :param new: the rows that came since; of two labels for one site-month theirs stands.
    /// :param settings: those settings that are to be others, as a (nested) dictionary.
    /// :param bounce_rate_unit: `percent` or `fraction`; where none is given, a table whose bounce rates are mostly below 1 is refused.
    /// :param decimal: `point`, or `comma` for numbers in texts that are written as `1.234,5`; columns of numbers stay as they are.
    /// :param allow_repeated_months: takes a table in which most sites have several rows of a month.
    /// :param progress: as for `fit`.
    #[pyo3(signature = (old, new, *, settings=None, skip_bad_rows=false, bounce_rate_unit=None, decimal=None, allow_repeated_months=false, progress=None))]
    #[expect(clippy::too_many_arguments, reason = "keywords of a Python method")]
    fn retrain(
        &self,
        old: &Bound<'_, PyAny>,
        new: &Bound<'_, PyAny>,
        settings: Option<&Bound<'_, PyAny>>,
        skip_bad_rows: bool,
        bounce_rate_unit: Option<&str>,
        decimal: Option<&str>,
        allow_repeated_months: bool,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let report = TrainReport::of(&self.contents()?).map_err(|error| errors::artifact(&error))?;
        let fitting = Fitting {
            reading: self.reading(skip_bad_rows, Whole { bounce_rate_unit, decimal, allow_repeated_months })?,
            settings: from_python("settings", &report.settings, settings)?,
            cleaned: false,
        };
        let mut tables = Given::tables("old", old)?;
        tables.extend(Given::tables("new", new)?);
        Self::of(old.py(), fitting.run(old.py(), tables, progress)?)
    }

    /// Writes the model to a file, in place only when whole; a device or a pipe is written into.
    ///
    /// :raises OSError: the file cannot be written; a folder, a link to nothing and a place in a store are refused.
    #[expect(clippy::needless_pass_by_value, reason = "a path comes out of Python owned")]
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        py.detach(|| replace(&path, &self.artifact, Access::Usual).map_err(io::Error::from))?;
        Ok(())
    }

    fn __repr__(&self) -> String {
        let about = self.model.about();
        format!(
            "<uu_predictor.Model {} of {} rows and {} sites: half of the estimates within {:.1} % on sites held out>",
            self.name(),
            about.rows,
            about.sites,
            about.median_ape * 100.0
        )
    }
}
