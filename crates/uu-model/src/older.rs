//! Artifacts of older formats: how their parts were laid out, and what stands in for what they lack.

use serde::Deserialize;
use uu_core::Rules;

use crate::baselines::Baselines;
use crate::calibration::Calibration;
use crate::checks::{MOST_CODES, MOST_INPUTS, at_most};
use crate::features::{Column, Encoder};
use crate::forest::Forest;
use crate::host::Suffixes;
use crate::model::Parts;
use crate::site_level::SiteLevels;
use crate::stage::Stage;
use crate::visits_offsets::VisitsOffsets;

/// Format 1: sources had no level of their own, and filled visits were not moved.
#[derive(Deserialize)]
pub(crate) struct PartsOfFormat1 {
    rules: Rules,
    #[serde(deserialize_with = "at_most::<_, _, MOST_CODES>")]
    sources: Vec<Option<String>>,
    #[serde(deserialize_with = "at_most::<_, _, MOST_INPUTS>")]
    ranges: Vec<Option<(f64, f64)>>,
    learned_category: bool,
    suffixes: Option<Suffixes>,
    mean_log_visits: f64,
    ratio: StageOfFormat1,
    spread: StageOfFormat1,
    #[serde(deserialize_with = "at_most::<_, _, MOST_INPUTS>")]
    fills: Vec<Option<StageOfFormat1>>,
    calibration: Calibration,
    site_levels: SiteLevels,
    baselines: Baselines,
}

#[derive(Deserialize)]
struct StageOfFormat1 {
    columns: Vec<Column>,
    encoder: Encoder,
    forest: Forest,
}

impl From<StageOfFormat1> for Stage {
    fn from(stage: StageOfFormat1) -> Self {
        Self { columns: stage.columns, encoder: stage.encoder, forest: stage.forest, levels: Vec::new() }
    }
}

impl From<PartsOfFormat1> for Parts {
    fn from(parts: PartsOfFormat1) -> Self {
        Self {
            rules: parts.rules,
            sources: parts.sources,
            ranges: parts.ranges,
            learned_category: parts.learned_category,
            suffixes: parts.suffixes,
            mean_log_visits: parts.mean_log_visits,
            ratio: parts.ratio.into(),
            spread: parts.spread.into(),
            fills: parts.fills.into_iter().map(|stage| stage.map(Into::into)).collect(),
            visits_offsets: VisitsOffsets::default(),
            calibration: parts.calibration,
            site_levels: parts.site_levels,
            baselines: parts.baselines,
        }
    }
}
