#![doc = include_str!("../README.md")]

pub mod batch;
mod champion;
mod first_model;
mod following;
pub mod gate;
mod judging;
pub mod labels;
mod retraining;
mod serving;
mod shipped;
mod sources;
mod training;
pub mod watching;

pub use batch::{Batch, BatchError, BatchReport, BatchRows, predict_batch, sort_by_site};
pub use champion::{LoadError, load, promote, read, rollback};
pub use first_model::{FirstModelError, ProgressLine, TrainingChild};
pub use following::{Follower, Look};
pub use judging::{Judgement, judge};
pub use retraining::{Decision, Delivery, KeepError, RetrainError, RetrainSettings, Retraining, retrain};
pub use serving::{Readiness, Served, Serving};
pub use shipped::{ShippedError, take_up};
pub use sources::{SourceError, Sources};
pub use training::{Intent, NewVersion, TrainError, TrainingRows, train};

/// What the model answers with; the server depends on the use cases alone.
pub use uu_model::{Estimate, EstimateOptions, Explanation, Factor, FilledInput, LEVELS, Model};
