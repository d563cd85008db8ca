//! The model in use, and how the service stands while there is none.

use std::num::NonZero;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use arc_swap::{ArcSwap, ArcSwapOption};
use uu_core::{Record, Warning};
use uu_model::reference::Reference;
use uu_model::{ArtifactError, Contents, Estimate, Model};
use uu_monitor::drift::Window;
use uu_registry::ModelVersion;
use uu_scoring::{Batch, BatchError, BatchReport, Scorer, predict_batch};

use crate::jobs::JobCounts;
use crate::{DriftStatus, WarningCounts};

/// Slices of the window of recent requests, beside the one that is being filled.
const WINDOW_SLICES: usize = 24;

/// A model version that answers.
#[derive(Debug)]
pub struct Served {
    /// Name of the version, as the registry knows it.
    pub version: String,
    /// The model.
    pub model: Model,
    /// Its recent requests; `None` where an earlier release trained it, and did not keep what they are compared with.
    pub window: Option<Window>,
    /// Warnings that were given, by whichever version.
    pub(crate) warnings: Arc<WarningCounts>,
}

impl Served {
    /// A version and the artifact it is.
    ///
    /// **Errors**: anything but a whole artifact of a format this release reads.
    pub fn of(version: impl Into<String>, artifact: &[u8]) -> Result<Self, ArtifactError> {
        Self::of_contents(version, Contents::of(artifact)?)
    }

    /// The same of an artifact that was taken apart.
    ///
    /// **Errors**: a section that cannot be read.
    pub fn of_contents(version: impl Into<String>, contents: Contents<'_>) -> Result<Self, ArtifactError> {
        let lanes = thread::available_parallelism().map_or(1, NonZero::get);
        let model = contents.into_model()?;
        let window = model.drift_reference().map(|reference| Window::new(Arc::clone(reference), lanes, WINDOW_SLICES));
        Ok(Self { version: version.into(), model, window, warnings: Arc::default() })
    }

    /// What its requests are compared with, where this is that version.
    pub(crate) fn reference_of(&self, version: ModelVersion) -> Option<&Reference> {
        let window = self.window.as_ref().filter(|_| self.version == version.to_string());
        window.map(Window::reference)
    }

    /// Counts a request and what it was answered.
    pub fn count(&self, record: &Record, estimate: &Estimate) {
        if let Some(window) = &self.window {
            window.record(LANE.with(|lane| *lane), record, estimate);
        }
    }

    /// Estimates every row of a batch by this version, as [`predict_batch`] does, and counts the warnings.
    ///
    /// **Errors**: the input or the output fails, or `progress` stops it; the output is then void.
    pub fn predict_batch(&self, batch: Batch, progress: &mut dyn FnMut(u64) -> ControlFlow<()>) -> Result<BatchReport, BatchError> {
        let scorer = Scorer { model: &self.model, name: &self.version, on_warning: &|code| self.warnings.count(code) };
        predict_batch(scorer, batch, progress)
    }

    /// Counts the warnings that a request was answered with.
    pub fn count_warnings<'w>(&self, warnings: impl IntoIterator<Item = &'w Warning>) {
        warnings.into_iter().for_each(|warning| self.warnings.count(warning.code()));
    }
}

/// Threads that have counted a request.
static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// The counters this thread writes, beside those of others: what threads share goes back and forth between their cores.
    static LANE: usize = THREADS.fetch_add(1, Ordering::Relaxed);
}

/// Whether the service can answer, and if not, why not yet.
#[derive(Clone, Debug, PartialEq)]
pub enum Readiness {
    /// No model yet; one is being made.
    Preparing {
        /// What is being done, in words.
        stage: String,
        /// How far it is, 0 to 1.
        done: f64,
    },
    /// A model answers.
    Ready,
    /// There is no model and none is coming.
    Failed {
        /// What a person must know.
        reason: String,
    },
}

/// Holds the model in use; readers never wait, and keep the model they began with.
#[derive(Debug)]
pub struct Serving {
    current: ArcSwapOption<Served>,
    readiness: ArcSwap<Readiness>,
    drift: ArcSwapOption<DriftStatus>,
    warnings: Arc<WarningCounts>,
    jobs: Arc<JobCounts>,
}

impl Default for Serving {
    fn default() -> Self {
        let preparing = Readiness::Preparing { stage: "starting".to_owned(), done: 0.0 };
        Self {
            current: ArcSwapOption::empty(),
            readiness: ArcSwap::from_pointee(preparing),
            drift: ArcSwapOption::empty(),
            warnings: Arc::default(),
            jobs: Arc::default(),
        }
    }
}

impl Serving {
    /// The model in use, if there is one.
    #[must_use]
    pub fn current(&self) -> Option<Arc<Served>> {
        self.current.load_full()
    }

    /// Puts a model in use; requests in flight finish on the one they began with.
    pub fn install(&self, mut served: Served) {
        served.warnings = Arc::clone(&self.warnings);
        self.current.store(Some(Arc::new(served)));
        self.readiness.store(Arc::new(Readiness::Ready));
    }

    /// How far requests and observations have drifted, as it was found last.
    #[must_use]
    pub fn drift(&self) -> Option<Arc<DriftStatus>> {
        self.drift.load_full()
    }

    /// Keeps how far requests and observations have drifted.
    pub fn drifted(&self, status: DriftStatus) {
        self.drift.store(Some(Arc::new(status)));
    }

    /// Warnings that were given since the process began.
    #[must_use]
    pub fn warnings(&self) -> &WarningCounts {
        &self.warnings
    }

    /// Jobs of the store and of this replica.
    #[must_use]
    pub fn jobs(&self) -> &Arc<JobCounts> {
        &self.jobs
    }

    /// How the service stands.
    #[must_use]
    pub fn readiness(&self) -> Arc<Readiness> {
        self.readiness.load_full()
    }

    /// Says how far the first model is, or that it failed; without effect once a model is in use.
    pub fn report(&self, readiness: Readiness) {
        if self.current.load().is_none() {
            self.readiness.store(Arc::new(readiness));
        }
    }
}
