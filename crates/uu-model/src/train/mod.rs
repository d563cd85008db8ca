//! Training: fit, hold out, calibrate, validate, freeze.

mod fit;
mod held_out;
mod lesson;
mod masking;
mod pipeline;
mod plain;
mod settings;
mod site_levels;
mod spread;
mod table;
mod tuned;

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

pub use pipeline::train;
pub use plain::fit_forest;
pub use settings::{Correction, TrainSettings, TreeSettings};
pub use table::data_fingerprint;
pub use tuned::tune;
/// The losses that trees can be fitted with.
pub use uu_lightgbm::Objective;

use crate::evaluation::Evaluation;
use crate::forest::ForestError;
use crate::model::About;
use crate::tuning::Tuning;

/// A training that ended well.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The artifact, ready to be stored.
    pub artifact: Vec<u8>,
    /// What it says of itself.
    pub about: About,
    /// How good it was found to be.
    pub report: TrainReport,
}

/// How a model was found to be, on sites held out whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainReport {
    /// What it was trained with, hyperparameters as the search left them.
    pub settings: TrainSettings,
    /// What was tried before; `None` where nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tuning: Option<Tuning>,
    /// All figures. Each site was estimated by stages and calibrated by scores of other sites.
    pub evaluation: Evaluation,
}

/// Why a training ended without a model.
#[derive(Debug, thiserror::Error)]
pub enum FitError {
    /// Too little to learn from.
    #[error("{found} rows have both visits and unique users of 1 or more, and a training needs {needed}")]
    TooFewRows {
        /// Rows there were.
        found: usize,
        /// Rows it takes.
        needed: usize,
    },
    /// The sites cannot be divided into as many folds.
    #[error("fold {fold} of {folds} has no site; take fewer folds or more sites")]
    EmptyFold {
        /// The fold.
        fold: usize,
        /// Folds asked for.
        folds: usize,
    },
    /// A setting is outside what it can be.
    #[error("`{name}` must be {expected}, got {found}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// What it can be.
        expected: &'static str,
        /// What it was.
        found: String,
    },
    /// It was told to stop.
    #[error("the training was stopped")]
    Stopped,
    /// LightGBM refused.
    #[error("LightGBM could not fit")]
    Trees(#[from] uu_lightgbm::LightGbmError),
    /// What LightGBM wrote could not be read back.
    #[error("the fitted trees could not be read back")]
    Forest(#[from] ForestError),
    /// The operating system gave no threads.
    #[error("the training's threads could not be started")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

/// Hears how far a training is; may stop it.
pub trait Progress: Sync {
    /// `done` of `of` steps of `stage` are done.
    fn report(&self, stage: &'static str, done: u64, of: u64) -> ControlFlow<()>;
}

/// Hears and says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn report(&self, _: &'static str, _: u64, _: u64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}
