#![doc = include_str!("../README.md")]

mod about;
pub mod artifact;
mod baselines;
mod bounds;
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
mod parts;
mod pattern;
mod rank_visits;
pub mod reference;
mod schema;
mod site_level;
mod stage;
mod visits_offsets;

pub use about::About;
pub use artifact::{ARTIFACT_FORMAT, ArtifactError, artifact_checksum};
pub use baselines::Baselines;
pub use contents::Contents;
pub use estimate::{Estimate, EstimateOptions, Explanation, Factor, FilledInput};
pub use evaluation::{Baseline, Evaluation, Group, evaluate};
pub use low_coverage::{LEAST_COVERAGE, LowCoverage};
pub use model::{Inputs, LEVELS, Model};
pub use pattern::Pattern;
pub use schema::UNNAMED_SOURCE;

/// What a model is made of, for whoever makes or examines one: no answer needs it.
pub mod components {
    pub use crate::bounds::{bounded_point, interval, whole_visits};
    pub use crate::calibration::{Calibration, Score};
    pub use crate::evaluation::{Judged, Sorted, falling_steps};
    pub use crate::features::linear::INPUTS as LINEAR_INPUTS;
    pub use crate::features::{Column, Encoder, Kinds, Statistic, Values, source_levels};
    pub use crate::host::{Spelling, Suffixes};
    pub use crate::input::{InputBlock, InputRow};
    pub use crate::input_id::InputId;
    pub use crate::parts::Parts;
    pub use crate::rank_visits::{Pair, RankVisits};
    pub use crate::schema::{InputSchema, Sources};
    pub use crate::site_level::{Shifted, SiteLevel, SiteLevels, others};
    pub use crate::stage::Stage;
    pub use crate::visits_offsets::VisitsOffsets;
}
