#![doc = include_str!("../README.md")]

pub mod batch;
mod caretaker;
mod champion;
mod drift;
mod following;
pub mod gate;
pub mod jobs;
mod judging;
pub mod labels;
mod mixture;
pub mod observing;
mod patience;
mod retraining;
pub mod revision;
mod serving;
mod shipped;
mod sources;
mod training;
mod warning_counts;
pub mod watching;

pub use batch::{Batch, BatchError, BatchReport, BatchRows, predict_batch, sort_by_site};
pub use caretaker::Caretaker;
pub use champion::{LoadError, load, load_whole, promote, read, rollback};
pub use drift::{DriftStatus, drift_status};
pub use following::{Follower, Look};
pub use judging::{Judgement, judge};
pub use patience::patiently;
pub use retraining::{Decision, Delivery, KeepError, RetrainError, RetrainSettings, Retraining, retrain};
pub use serving::{Readiness, Served, Serving};
pub use shipped::{ShippedError, take_up};
pub use sources::{SourceError, Sources};
pub use training::{Intent, IntervalsDoNotHold, NewVersion, TrainError, Training, TrainingRows};
pub use uu_model::drift::DriftVerdict;
pub use warning_counts::WarningCounts;

/// The store, for those who are to depend on the use cases alone.
pub mod registry {
    pub use uu_registry::*;
}

/// The months that bound what a request can be about.
pub use uu_data::{current_month, newest_month};

/// What the model answers with; the server depends on the use cases alone.
pub use uu_model::{About, Estimate, EstimateOptions, Explanation, Factor, FilledInput, LEVELS, LowCoverage, Model};
