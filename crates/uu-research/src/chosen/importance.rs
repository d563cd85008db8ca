//! What each input is worth: how much worse the estimates get when its values are dealt out anew.

use serde::{Deserialize, Serialize};
use uu_core::stats::ErrorMetrics;
use uu_model::EstimateOptions;

use super::inputs::inputs;
use crate::compare::{FoldModels, Rows, shown};
use crate::statistics::Draws;

/// Rows of each fold that are judged, at most.
const ROWS_OF_FOLD: usize = 1_500;

/// Deals of each input, whose errors are averaged.
const DEALS: usize = 3;

/// What one input is worth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Importance {
    /// The input.
    pub input: String,
    /// Rows it was judged on.
    pub rows: usize,
    /// How much the RMSLE grows when its values are permuted among the rows.
    pub rmsle_growth: f64,
    /// The least and the greatest growth among the deals.
    pub rmsle_range: (f64, f64),
    /// How much the median absolute percentage error grows.
    pub median_ape_growth: f64,
}

/// Permutation importance of every input on held-out rows, the most important first.
///
/// **Source**: Breiman 2001. Inputs that go together share their worth: permuting one of them leaves the others to stand in, and makes
/// rows that do not exist.
pub(super) fn importance(rows: &Rows, folds: &FoldModels, seed: u64) -> Vec<Importance> {
    let samples: Vec<Vec<usize>> = folds
        .tests
        .iter()
        .enumerate()
        .map(|(fold, test)| {
            let drawn = Draws::new("importance", seed ^ fold as u64).sample(test.len(), ROWS_OF_FOLD);
            drawn.into_iter().map(|place| test[place]).collect()
        })
        .collect();
    let actual: Vec<f64> = samples.iter().flatten().map(|&row| rows.users[row]).collect();
    let errors_with = |change: &mut dyn FnMut(&mut Vec<uu_core::Record>)| {
        let estimates = samples.iter().zip(&folds.models).flat_map(|(sample, model)| {
            let mut records = shown(rows, sample);
            change(&mut records);
            model.estimate(&records, EstimateOptions::default())
        });
        ErrorMetrics::of(&actual, &estimates.map(|estimate| estimate.point).collect::<Vec<f64>>())
    };
    let Some(intact) = errors_with(&mut |_| ()) else { return Vec::new() };
    let mut found: Vec<Importance> = Vec::new();
    for input in inputs(&rows.dataset) {
        let mut draws = Draws::new(input.name(), seed);
        let mut permute = |records: &mut Vec<uu_core::Record>| {
            let before = records.clone();
            for (record, from) in records.iter_mut().zip(draws.permutation(before.len())) {
                input.take(record, &before[from]);
            }
        };
        let dealt: Vec<ErrorMetrics> = (0..DEALS).filter_map(|_| errors_with(&mut permute)).collect();
        let growths: Vec<f64> = dealt.iter().map(|errors| errors.rmsle - intact.rmsle).collect();
        let of_median: Vec<f64> = dealt.iter().map(|errors| errors.median_ape - intact.median_ape).collect();
        found.push(Importance {
            input: input.name().to_owned(),
            rows: actual.len(),
            rmsle_growth: crate::statistics::mean(&growths),
            rmsle_range: growths
                .iter()
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), growth| (low.min(*growth), high.max(*growth))),
            median_ape_growth: crate::statistics::mean(&of_median),
        });
    }
    found.sort_by(|a, b| b.rmsle_growth.total_cmp(&a.rmsle_growth));
    found
}
