//! Fitting trees on top of a stage that is there already.

use std::ops::ControlFlow;

use uu_forest::{Forest, Scratch};
use uu_lightgbm::{Objective, extended};
use uu_model::components::{Column, Stage};

use super::FitError;
use super::fit::{Boosting, FittedStage, left_over};
use super::masking::Expanded;
use super::settings::{Correction, TreeSettings};

/// What a stage is continued with. Its columns and its encoder stay as they are.
pub(super) struct StageOnward<'a> {
    pub(super) stage: &'a Stage,
    /// Its trees as LightGBM wrote them.
    pub(super) text: &'a str,
    pub(super) trees: &'a TreeSettings,
    pub(super) objective: Objective,
    pub(super) correction: Option<&'a Correction>,
    pub(super) seed: u64,
    /// By row of the table: whether the stage was fitted on rows of its site.
    pub(super) of_seen_sites: &'a [bool],
}

impl StageOnward<'_> {
    /// Fits trees to what the stage leaves of the targets; `targets` has one number for each expanded row.
    pub(super) fn fit(
        &self,
        rows: &Expanded,
        targets: &[f64],
        progress: &mut dyn FnMut(u32) -> ControlFlow<()>,
    ) -> Result<FittedStage, FitError> {
        let features = self.features(rows);
        let targets: Vec<f64> = targets.iter().zip(&rows.block.source).map(|(target, source)| target - self.stage.level(*source)).collect();
        let targets = targets.as_slice();
        let left = self.left(&features, targets);
        let mut boosting = Boosting { features: &features, columns: &self.stage.columns, weights: &rows.weights, progress };
        let mut parameters = self.trees.parameters(self.objective, self.seed);
        // The stage is the start, and what it leaves has its middle near nothing.
        parameters.extra.insert("boost_from_average".to_owned(), "false".to_owned());
        let mut text = extended(self.text, &boosting.boost(&left, &parameters)?, 1.0)?;
        let mut forest = Forest::from_lightgbm_text(&text)?;
        if let Some(correction) = self.correction {
            let left = left_over(&forest, &features, targets, rows.uncopied);
            text = extended(&text, &boosting.boost(&left, &correction.parameters(self.seed))?, correction.weight)?;
            forest = Forest::from_lightgbm_text(&text)?;
        }
        let stage =
            Stage { columns: self.stage.columns.clone(), encoder: self.stage.encoder.clone(), forest, levels: self.stage.levels.clone() };
        Ok(FittedStage { stage, text })
    }

    /// The feature matrix, column by column. A brand's mean holds the labels of sites the stage has seen, and would tell their rows
    /// their own: to them it is unknown. The other means are taken over so many rows that one's own does not show.
    fn features(&self, rows: &Expanded) -> Vec<f64> {
        let mut features = Vec::with_capacity(rows.block.len() * self.stage.columns.len());
        for column in &self.stage.columns {
            let start = features.len();
            column.extend(&rows.block, &self.stage.encoder, &mut features);
            if *column == Column::Brand {
                let own = features[start..].iter_mut().zip(&rows.origin);
                own.filter(|(_, row)| self.of_seen_sites[**row]).for_each(|(value, _)| *value = f64::NAN);
            }
        }
        features
    }

    fn left(&self, features: &[f64], targets: &[f64]) -> Vec<f64> {
        let columns: Vec<&[f64]> = features.chunks_exact(targets.len()).collect();
        let mut left = vec![0.0; targets.len()];
        self.stage.forest.predict_block(&columns, &mut left, &mut Scratch::new());
        left.iter_mut().zip(targets).for_each(|(left, target)| *left = target - *left);
        left
    }
}
