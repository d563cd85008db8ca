//! What a model is made of.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::baselines::Baselines;
use crate::calibration::Calibration;
use crate::checks::{MOST_LOG, Soundness, ensure_length, ensure_within};
use crate::input_id::ByInput;
use crate::schema::InputSchema;
use crate::site_level::SiteLevels;
use crate::stage::Stage;
use crate::visits_offsets::VisitsOffsets;

/// All that an estimate is computed from, as the artifact holds it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Parts {
    /// What the model has learned to read.
    pub schema: Arc<InputSchema>,
    /// Mean logarithm of visits: where explanations start from.
    pub mean_log_visits: f64,
    /// Logarithm of visits per user.
    pub ratio: Stage,
    /// Logarithm of the error that is to be expected.
    pub spread: Stage,
    /// One for each numeric input, where it was learned.
    pub fills: ByInput<Option<Stage>>,
    /// What imputed visits are moved by.
    pub visits_offsets: VisitsOffsets,
    /// Quantiles of the standardised errors.
    pub calibration: Calibration,
    /// How the months of a site err together.
    pub site_levels: SiteLevels,
    /// The simple estimates of the same rows.
    pub baselines: Baselines,
}

impl Parts {
    /// Checks everything that an estimate is computed from.
    pub(crate) fn check(&self) -> Soundness {
        self.schema.check()?;
        let (inputs, sources) = (self.schema.ranges.len(), self.schema.sources.len());
        ensure_length("the stages that impute inputs", inputs, self.fills.len())?;
        for stage in [&self.ratio, &self.spread].into_iter().chain(self.fills.iter().flatten()) {
            stage.check(inputs, sources)?;
        }
        ensure_within("the mean logarithm of visits", MOST_LOG, [self.mean_log_visits])?;
        self.visits_offsets.check()?;
        self.calibration.check()?;
        self.site_levels.check()?;
        self.baselines.check()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rstest::rstest;
    use uu_testkit::models::trained;

    use super::*;
    use crate::checks::MOST_CODES;
    use crate::features::{Column, Encoder};
    use crate::input_id::InputId;
    use crate::model::Model;
    use crate::schema::{InputSchema, Sources};

    fn parts() -> Parts {
        Model::from_bytes(&trained().artifact).expect("the artifact is whole").into_parts()
    }

    fn schema(parts: &mut Parts) -> &mut InputSchema {
        Arc::make_mut(&mut parts.schema)
    }

    #[test]
    fn what_was_trained_passes() {
        assert_eq!(parts().check(), Ok(()));
    }

    #[rstest]
    #[case::no_source(|parts: &mut Parts| schema(parts).sources = Sources::default())]
    #[case::sources_beyond_all_codes(|parts: &mut Parts| schema(parts).sources = Sources::new(vec![None; MOST_CODES + 1]))]
    #[case::an_extra_input_without_its_range(|parts: &mut Parts| schema(parts).rules.extras.push("more".to_owned()))]
    #[case::an_extra_input_twice(|parts: &mut Parts| {
        schema(parts).rules.extras = vec!["more".to_owned(); 2];
        schema(parts).ranges.resize(7, None);
        parts.fills.resize(7, None);
    })]
    #[case::stages_that_are_fewer_than_inputs(|parts: &mut Parts| parts.fills.truncate(3))]
    #[case::ranges_that_are_fewer_than_inputs(|parts: &mut Parts| schema(parts).ranges.truncate(3))]
    #[case::a_range_that_is_none(|parts: &mut Parts| schema(parts).ranges[InputId::RANK] = Some((f64::NAN, 1.0)))]
    #[case::a_range_that_is_upside_down(|parts: &mut Parts| schema(parts).ranges[InputId::RANK] = Some((2.0, 1.0)))]
    #[case::visits_that_were_not_learned(|parts: &mut Parts| schema(parts).ranges[InputId::VISITS] = None)]
    #[case::a_column_of_no_input(|parts: &mut Parts| parts.ratio.columns[0] = Column::Numeric(InputId::at(68)))]
    #[case::a_sum_of_no_input(|parts: &mut Parts| parts.ratio.columns[0] = Column::Combination(vec![(InputId::RANK, 1.0), (InputId::at(9), 1.0)]))]
    #[case::a_sum_of_weights_that_are_none(|parts: &mut Parts| parts.spread.columns[0] = Column::Combination(vec![(InputId::RANK, 0.0)]))]
    #[case::a_distance_of_no_input(|parts: &mut Parts| parts.spread.columns[0] = Column::Distance(InputId::at(60)))]
    #[case::a_column_too_few(|parts: &mut Parts| parts.spread.columns.truncate(3))]
    #[case::a_linear_model_that_is_not_there(|parts: &mut Parts| parts.spread.columns[0] = Column::Linear)]
    #[case::an_encoder_that_knows_nothing(|parts: &mut Parts| parts.ratio.encoder = Encoder::default())]
    #[case::levels_of_other_sources(|parts: &mut Parts| parts.ratio.levels = vec![0.0; 9])]
    #[case::a_level_that_is_none(|parts: &mut Parts| parts.spread.levels = vec![0.0, f64::INFINITY])]
    #[case::usual_visits_that_are_none(|parts: &mut Parts| parts.mean_log_visits = f64::NAN)]
    #[case::usual_visits_beyond_all(|parts: &mut Parts| parts.mean_log_visits = 1e3)]
    fn what_contradicts_itself_is_refused(#[case] spoil: fn(&mut Parts)) {
        let mut parts = parts();
        spoil(&mut parts);
        assert!(parts.check().is_err());
    }
}
