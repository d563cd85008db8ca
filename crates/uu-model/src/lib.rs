#![doc = include_str!("../README.md")]

mod artifact;
mod baselines;
mod calibration;
mod checks;
mod columns;
mod contents;
pub mod drift;
mod earlier_formats;
mod estimate;
mod evaluation;
mod explain;
mod features;
pub mod forest;
mod host;
mod input;
mod input_id;
mod judging;
mod model;
mod months;
mod pattern;
mod rank_visits;
mod schema;
mod site_level;
mod stage;
#[cfg(feature = "train")]
mod train;
#[cfg(feature = "train")]
pub mod tuning;
mod visits_offsets;

pub use artifact::{ARTIFACT_FORMAT, ArtifactError, artifact_checksum};
pub use baselines::Baselines;
pub use columns::{ColumnRequest, estimate_columns, may_carry_labels};
pub use contents::Contents;
pub use estimate::{Estimate, EstimateOptions, Explanation, Factor, FilledInput};
pub use evaluation::{Baseline, Evaluation, Group, evaluate};
pub use judging::{Judgement, judge};
pub use model::{About, Inputs, LEVELS, Model};
pub use pattern::Pattern;
pub use schema::UNNAMED_SOURCE;
#[cfg(feature = "train")]
pub use train::{
    ContinueError, Correction, CoverageBySite, FitError, HeldOutEstimate, LEAST_COVERAGE, LowCoverage, MOST_CONTINUATIONS, MOST_SOURCES,
    Objective, Progress, Silent, TrainReport, TrainSettings, Trainable, Trained, TreeSettings, data_fingerprint, fit_forest, train,
    train_continued, tune,
};
