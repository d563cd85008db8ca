//! Whether intervals of other levels hold what they say, too.

use serde::{Deserialize, Serialize};
use uu_core::stats::IntervalMetrics;
use uu_model::EstimateOptions;

use crate::compare::{FoldModels, Rows, shown};
use crate::statistics::Draws;

/// Rows of each fold that are judged, at most.
const ROWS_OF_FOLD: usize = 2_000;

const LEVELS: [f64; 7] = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99];

/// Intervals of one level.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reliability {
    /// The level.
    pub level: f64,
    /// How many truths they hold, and how wide they are.
    pub intervals: IntervalMetrics,
}

/// Coverage and width of held-out intervals at several levels.
pub(super) fn reliability(rows: &Rows, folds: &FoldModels, seed: u64) -> Vec<Reliability> {
    let samples: Vec<Vec<usize>> = folds
        .tests
        .iter()
        .enumerate()
        .map(|(fold, test)| {
            let drawn = Draws::new("reliability", seed ^ fold as u64).sample(test.len(), ROWS_OF_FOLD);
            drawn.into_iter().map(|place| test[place]).collect()
        })
        .collect();
    let actual: Vec<f64> = samples.iter().flatten().map(|&row| rows.users[row]).collect();
    let at = |level: f64| {
        let options = EstimateOptions { level, explain: false };
        let estimates = samples.iter().zip(&folds.models).flat_map(|(sample, model)| model.estimate(&shown(rows, sample), options));
        let (points, intervals): (Vec<f64>, Vec<(f64, f64)>) =
            estimates.map(|estimate| (estimate.point, (estimate.low, estimate.high))).unzip();
        Some(Reliability { level, intervals: IntervalMetrics::of(&actual, &points, &intervals)? })
    };
    LEVELS.into_iter().filter_map(at).collect()
}
