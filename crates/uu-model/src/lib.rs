#![doc = include_str!("../README.md")]

mod artifact;
mod baselines;
mod calibration;
mod columns;
mod contents;
mod estimate;
mod evaluation;
mod explain;
mod features;
pub mod forest;
mod host;
mod input;
mod judging;
mod model;
mod months;
mod older;
mod site_level;
mod stage;
#[cfg(feature = "train")]
mod train;
#[cfg(feature = "train")]
pub mod tuning;
mod visits_offsets;

pub use artifact::{ARTIFACT_FORMAT, ArtifactError, artifact_checksum};
pub use baselines::Baselines;
pub use columns::{estimate_columns, estimate_columns_by_site};
pub use contents::Contents;
pub use estimate::{Estimate, EstimateOptions, Explanation, Factor, FilledInput};
pub use evaluation::{Baseline, Evaluation, Group, evaluate};
pub use input::Pattern;
pub use judging::{Judgement, judge};
pub use model::{About, LEVELS, Model, UNNAMED_SOURCE};
#[cfg(feature = "train")]
pub use train::{
    Correction, FitError, Objective, Progress, Silent, TrainReport, TrainSettings, Trained, TreeSettings, data_fingerprint, fit_forest,
    train, tune,
};
