//! A training that Python's other threads do not wait for, and that Ctrl-C stops.

use std::ffi::CString;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use pyo3::exceptions::PyUserWarning;
use pyo3::prelude::*;
use uu_data::Dataset;
use uu_data::clean::CleanOptions;
use uu_train::{Progress, TrainSettings, Trained, train};

use crate::cleaning::cleaned;
use crate::errors;
use crate::rows::{Reading, warn_of_skipped};
use crate::table::Given;

/// How often a running training looks at what Python wants.
const INTERVAL: Duration = Duration::from_millis(50);

/// All that a training is told beside its rows.
pub(crate) struct Fitting {
    pub(crate) reading: Reading,
    pub(crate) settings: TrainSettings,
    pub(crate) cleaned: bool,
}

impl Fitting {
    /// The artifact of the training.
    pub(crate) fn run(&self, py: Python<'_>, tables: Vec<Given>, progress: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<u8>> {
        let dataset = self.dataset(py, tables)?;
        let trained = self.train(py, &dataset, progress)?;
        warn_of_low_coverage(py, &trained)?;
        Ok(trained.artifact)
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
