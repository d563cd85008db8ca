//! Artifacts of older formats: how their parts were laid out, and what stands in for what they lack.

use std::sync::Arc;

use serde::Deserialize;

use crate::baselines::Baselines;
use crate::calibration::Calibration;
use crate::features::{Column, Encoder};
use crate::forest::Forest;
use crate::input_id::ByInput;
use crate::model::Parts;
use crate::schema::InputSchema;
use crate::site_level::SiteLevels;
use crate::stage::Stage;
use crate::visits_offsets::VisitsOffsets;

/// Format 1: sources had no level of their own, and filled visits were not moved.
#[derive(Deserialize)]
pub(crate) struct PartsOfFormat1 {
    schema: Arc<InputSchema>,
    mean_log_visits: f64,
    ratio: StageOfFormat1,
    spread: StageOfFormat1,
    fills: ByInput<Option<StageOfFormat1>>,
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
            schema: parts.schema,
            mean_log_visits: parts.mean_log_visits,
            ratio: parts.ratio.into(),
            spread: parts.spread.into(),
            fills: parts.fills.into_entries().map(|(_, stage)| stage.map(Into::into)).collect(),
            visits_offsets: VisitsOffsets::default(),
            calibration: parts.calibration,
            site_levels: parts.site_levels,
            baselines: parts.baselines,
        }
    }
}
