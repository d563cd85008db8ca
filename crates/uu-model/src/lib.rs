#![doc = include_str!("../README.md")]

mod artifact;
mod baselines;
mod calibration;
mod contents;
mod estimate;
mod evaluation;
mod explain;
mod features;
pub mod forest;
mod input;
mod model;
mod stage;
#[cfg(feature = "train")]
mod train;

pub use artifact::{ARTIFACT_FORMAT, ArtifactError, artifact_checksum};
pub use baselines::Baselines;
pub use contents::Contents;
pub use estimate::{Estimate, EstimateOptions, Explanation, Factor, FilledInput};
pub use evaluation::{Baseline, Evaluation, Group, evaluate};
pub use input::Pattern;
pub use model::{About, LEVELS, Model, UNNAMED_SOURCE};
#[cfg(feature = "train")]
pub use train::{
    FitError, Objective, Progress, Silent, TrainReport, TrainSettings, Trained, TreeSettings, data_fingerprint, fit_forest, train,
};
