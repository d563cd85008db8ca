//! Artifacts of earlier formats: how their parts were laid out, and what stands in for what they lack.
//!
//! Format 1 had sources without a level of their own, and imputed visits were not moved. Formats 1 and 2 had one list of all numeric inputs, whose
//! extra ones followed the built-in ones, and patterns of one byte.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use uu_core::Rules;
use uu_forest::Forest;

use crate::baselines::Baselines;
use crate::calibration::{Calibration, Scores};
use crate::features::{Column, Encoder};
use crate::host::Suffixes;
use crate::input_id::{ByInputBeforeFormat3, InputId};
use crate::parts::Parts;
use crate::pattern::PatternBeforeFormat3;
use crate::schema::{InputSchema, Sources};
use crate::site_level::SiteLevels;
use crate::stage::Stage;
use crate::visits_offsets::VisitsOffsets;

/// What an estimate is computed from, with stages `S` and offsets of imputed visits `O`.
#[derive(Deserialize)]
pub(crate) struct PartsBeforeFormat3<S, O> {
    schema: SchemaBeforeFormat3,
    mean_log_visits: f64,
    ratio: S,
    spread: S,
    #[serde(bound(deserialize = "S: Clone + Deserialize<'de>"))]
    fills: ByInputBeforeFormat3<Option<S>>,
    visits_offsets: O,
    calibration: BTreeMap<PatternBeforeFormat3, Scores>,
    site_levels: SiteLevels,
    baselines: Baselines,
}

pub(crate) type PartsOfFormat1 = PartsBeforeFormat3<StageOfFormat1, NoOffsets>;
pub(crate) type PartsOfFormat2 = PartsBeforeFormat3<StageOfFormat2, OffsetsOfFormat2>;

#[derive(Deserialize)]
struct SchemaBeforeFormat3 {
    rules: Rules,
    sources: Sources,
    ranges: ByInputBeforeFormat3<Option<(f64, f64)>>,
    category: bool,
    suffixes: Option<Suffixes>,
}

#[derive(Clone, Deserialize)]
pub(crate) struct StageOfFormat1 {
    columns: Vec<Column>,
    encoder: Encoder,
    forest: Forest,
}

#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub(crate) struct StageOfFormat2(Stage);

/// Takes no bytes.
#[derive(Deserialize)]
pub(crate) struct NoOffsets;

#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct OffsetsOfFormat2(BTreeMap<PatternBeforeFormat3, f64>);

impl From<StageOfFormat1> for Stage {
    fn from(stage: StageOfFormat1) -> Self {
        StageOfFormat2(Self { columns: stage.columns, encoder: stage.encoder, forest: stage.forest, levels: Vec::new() }).into()
    }
}

impl From<StageOfFormat2> for Stage {
    fn from(StageOfFormat2(mut stage): StageOfFormat2) -> Self {
        stage.columns.iter_mut().for_each(|column| column.renumber(InputId::of_earlier_format));
        stage.encoder.renumber(InputId::of_earlier_format);
        stage
    }
}

impl From<NoOffsets> for VisitsOffsets {
    fn from(NoOffsets: NoOffsets) -> Self {
        Self::default()
    }
}

impl From<OffsetsOfFormat2> for VisitsOffsets {
    fn from(OffsetsOfFormat2(offsets): OffsetsOfFormat2) -> Self {
        Self::new(offsets.into_iter().map(|(pattern, offset)| (pattern.into(), offset)).collect())
    }
}

impl From<SchemaBeforeFormat3> for InputSchema {
    fn from(schema: SchemaBeforeFormat3) -> Self {
        let SchemaBeforeFormat3 { rules, sources, ranges, category, suffixes } = schema;
        Self { rules, sources, ranges: ranges.0, category, suffixes }
    }
}

impl<S: Into<Stage>, O: Into<VisitsOffsets>> From<PartsBeforeFormat3<S, O>> for Parts {
    fn from(parts: PartsBeforeFormat3<S, O>) -> Self {
        Self {
            schema: Arc::new(parts.schema.into()),
            mean_log_visits: parts.mean_log_visits,
            ratio: parts.ratio.into(),
            spread: parts.spread.into(),
            fills: parts.fills.0.into_entries().map(|(_, stage)| stage.map(Into::into)).collect(),
            visits_offsets: parts.visits_offsets.into(),
            calibration: Calibration::new(parts.calibration.into_iter().map(|(pattern, scores)| (pattern.into(), scores)).collect()),
            site_levels: parts.site_levels,
            baselines: parts.baselines,
        }
    }
}
