//! How large an error is to be expected of a row: what makes intervals wide where the model knows little.

use std::ops::ControlFlow;

use uu_core::stats::site_hash;
use uu_lightgbm::Objective;
use uu_model::components::Column;

use super::FitError;
use super::fit::{FittedStage, StageFit, columns};
use super::held_out::HeldOut;
use super::masking::Expanded;
use super::settings::TrainSettings;
use super::table::Table;

/// An error below one percent counts as one percent: its logarithm would run away.
const LEAST_ERROR: f64 = 0.01;

/// Rows the spread is learned from, about: a few thousand of each pattern are enough for its few leaves.
const MAX_ROWS: u64 = 120_000;

/// Fits the logarithm of the absolute error on held-out rows outside the fold `without`.
pub(super) fn fit(
    table: &Table<'_>,
    held_out: &HeldOut,
    without: Option<usize>,
    settings: &TrainSettings,
    progress: &mut dyn FnMut(u32) -> ControlFlow<()>,
) -> Result<FittedStage, FitError> {
    let kept = |index: &usize| {
        let key = table.keys[held_out.rows[*index]] ^ u64::from(held_out.patterns[*index].0);
        site_hash("spread", key) % (held_out.len() as u64) < MAX_ROWS
    };
    let rows: Vec<usize> = (0..held_out.len()).filter(|&index| Some(held_out.folds[index]) != without).filter(kept).collect();
    let targets: Vec<f64> = rows.iter().map(|&index| held_out.residual(index).abs().max(LEAST_ERROR).ln()).collect();
    let expanded = Expanded {
        block: held_out.block.take(&rows),
        origin: rows.iter().map(|&index| held_out.rows[index]).collect(),
        weights: vec![1.0; rows.len()],
        uncopied: rows.len(),
    };
    let fit = StageFit {
        table,
        // What the linear model and a brand say of the ratio, they do not say of its error.
        columns: columns(table, None).into_iter().filter(|column| !matches!(column, Column::Linear | Column::Brand)).collect(),
        trees: &settings.spread,
        objective: Objective::L2,
        correction: None,
        seed: settings.seed.wrapping_add(7),
    };
    fit.fit(&expanded, &targets, progress)
}
