//! The model in use, and how the service stands while there is none.

use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use uu_model::Model;

/// A model version that answers.
#[derive(Debug)]
pub struct Served {
    /// Name of the version, as the registry knows it.
    pub version: String,
    /// The model.
    pub model: Model,
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
}

impl Default for Serving {
    fn default() -> Self {
        let preparing = Readiness::Preparing { stage: "starting".to_owned(), done: 0.0 };
        Self { current: ArcSwapOption::empty(), readiness: ArcSwap::from_pointee(preparing) }
    }
}

impl Serving {
    /// The model in use, if there is one.
    #[must_use]
    pub fn current(&self) -> Option<Arc<Served>> {
        self.current.load_full()
    }

    /// Puts a model in use; requests in flight finish on the one they began with.
    pub fn install(&self, served: Served) {
        self.current.store(Some(Arc::new(served)));
        self.readiness.store(Arc::new(Readiness::Ready));
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
