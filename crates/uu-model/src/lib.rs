#![doc = include_str!("../README.md")]

pub mod artifact;
mod baselines;
mod calibration;
mod checks;
mod contents;
mod earlier_formats;
mod estimate;
mod evaluation;
mod explain;
mod features;
mod host;
mod input;
mod input_id;
mod low_coverage;
mod model;
mod months;
pub mod parts;
mod pattern;
mod rank_visits;
pub mod reference;
mod schema;
mod site_level;
mod stage;
mod visits_offsets;

pub use artifact::{ARTIFACT_FORMAT, ArtifactError, artifact_checksum};
pub use baselines::Baselines;
pub use contents::Contents;
pub use estimate::{Estimate, EstimateOptions, Explanation, Factor, FilledInput};
pub use evaluation::{Baseline, Evaluation, Group, evaluate};
pub use low_coverage::{LEAST_COVERAGE, LowCoverage};
pub use model::{About, Inputs, LEVELS, Model};
pub use pattern::Pattern;
pub use schema::UNNAMED_SOURCE;
