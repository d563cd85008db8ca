//! `fit`: a training that Python's other threads do not wait for, and that Ctrl-C stops.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use pyo3::exceptions::PyUserWarning;
use pyo3::prelude::*;
use uu_core::{BounceDefinition, Rules};
use uu_data::Dataset;
use uu_data::clean::CleanOptions;
use uu_train::{Progress, TrainSettings, Trained, train};

use crate::cleaning::cleaned;
use crate::errors;
use crate::model::Model;
use crate::rows::{Reading, Whole, warn_of_skipped};
use crate::table::Given;
use crate::values::{from_python, to_python};

/// How often a running training looks at what Python wants.
const INTERVAL: Duration = Duration::from_millis(50);

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
    fitting.run(py, Given::tables("data", data)?, progress)
}

/// All that a training is told beside its rows.
pub(crate) struct Fitting {
    pub(crate) reading: Reading,
    pub(crate) settings: TrainSettings,
    pub(crate) cleaned: bool,
}

impl Fitting {
    pub(crate) fn run(&self, py: Python<'_>, tables: Vec<Given>, progress: Option<&Bound<'_, PyAny>>) -> PyResult<Model> {
        let dataset = self.dataset(py, tables)?;
        let trained = self.train(py, &dataset, progress)?;
        warn_of_low_coverage(py, &trained)?;
        Model::of(py, trained.artifact)
    }

    fn dataset(&self, py: Python<'_>, tables: Vec<Given>) -> PyResult<Dataset> {
        if !self.cleaned {
            let (dataset, _) = cleaned(py, &self.reading, &CleanOptions::default(), tables)?;
            return Ok(dataset);
        }
        let mut records = Vec::new();
        let reading = Reading { options: self.reading.options.clone().trusted(), ..self.reading.clone() };
        for table in tables {
            let skipped = reading.each_of_table(py, table, |chunk| {
                records.extend(chunk.rows.into_iter().map(|row| row.record));
                Ok(())
            })?;
            warn_of_skipped(py, &skipped)?;
        }
        Ok(Dataset::new(self.reading.options.rules.extras.clone(), records))
    }

    /// Trains on a thread of its own, while this one listens for signals: Python handles them on its main thread alone.
    fn train(&self, py: Python<'_>, dataset: &Dataset, progress: Option<&Bound<'_, PyAny>>) -> PyResult<Trained> {
        let watched = Watched::default();
        let waiting = thread::current();
        thread::scope(|scope| {
            let training = scope.spawn(|| {
                let trained = train(dataset, &self.reading.options.rules, &self.settings, &watched);
                waiting.unpark();
                trained
            });
            let mut outcome = Ok(());
            while outcome.is_ok() && !training.is_finished() {
                py.detach(|| thread::park_timeout(INTERVAL));
                outcome = py.check_signals().and_then(|()| watched.tell(progress));
            }
            watched.stopped.store(outcome.is_err(), Ordering::Relaxed);
            let trained = py.detach(|| training.join()).unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            outcome?;
            trained.map_err(|error| errors::fit(&error))
        })
    }
}

/// Says in a Python warning that the intervals held too seldom on sites held out.
fn warn_of_low_coverage(py: Python<'_>, trained: &Trained) -> PyResult<()> {
    let Some(low) = trained.coverage.low() else { return Ok(()) };
    let text = CString::new(low.to_string()).expect("words and numbers have no zero byte");
    PyErr::warn(py, &py.get_type::<PyUserWarning>(), &text, 1)
}

/// How far a training is, and whether it is to stop.
#[derive(Default)]
struct Watched {
    stopped: AtomicBool,
    latest: Mutex<Option<(&'static str, u64, u64)>>,
}

impl Watched {
    /// Tells Python what it has not heard yet.
    fn tell(&self, progress: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let (Some(progress), Some(step)) = (progress, latest) {
            progress.call1(step)?;
        }
        Ok(())
    }
}

impl Progress for Watched {
    fn report(&self, stage: &'static str, done: u64, of: u64) -> ControlFlow<()> {
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some((stage, done, of));
        if self.stopped.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
