#![doc = include_str!("../README.md")]

mod caretaker;
mod champion;
mod drift;
mod following;
pub mod jobs;
mod kept_records;
mod mixture;
pub mod observing;
mod patience;
mod retraining;
mod serving;
mod shipped;
mod sources;
mod training;
mod warning_counts;

pub use caretaker::Caretaker;
pub use champion::{LoadError, load, load_whole, promote, read, rollback};
pub use drift::{DriftStatus, drift_status};
pub use following::{Follower, Look};
pub use patience::patiently;
pub use retraining::{Decision, Delivery, KeepError, RetrainError, RetrainSettings, Retraining, retrain};
pub use serving::{Readiness, Served, Serving};
pub use shipped::{ShippedError, take_up};
pub use sources::{SourceError, Sources};
pub use training::{Intent, IntervalsDoNotHold, NewVersion, TrainError, Training, TrainingRows};
pub use warning_counts::WarningCounts;
