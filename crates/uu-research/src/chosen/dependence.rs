//! What an estimate does as one input moves and all others stay.

use serde::{Deserialize, Serialize};
use uu_core::Record;
use uu_model::EstimateOptions;

use super::inputs::numeric;
use crate::compare::{FoldModels, Rows, shown};
use crate::statistics::{Draws, mean, quantile, sorted};

/// Rows whose estimates are averaged.
const ROWS: usize = 400;

/// Points along an input.
const POINTS: usize = 21;

/// Estimates along one input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartialDependence {
    /// The input.
    pub input: String,
    /// Whether it is spread evenly on the logarithmic scale.
    pub is_log: bool,
    /// Points from its 2 % to its 98 % quantile.
    pub points: Vec<DependencePoint>,
}

/// One point along an input.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DependencePoint {
    /// The input's value.
    pub value: f64,
    /// Geometric mean of the estimates.
    pub users: f64,
    /// Geometric mean of visits per user, visits as they are or as they are set.
    pub visits_per_user: Option<f64>,
}

/// Partial dependence on every numeric input, by the first fold's model on that fold's rows.
///
/// **Source**: Friedman 2001. Where inputs go together, some of the points are of sites that do not exist.
pub(super) fn partial_dependence(rows: &Rows, folds: &FoldModels, seed: u64) -> Vec<PartialDependence> {
    let (test, model) = (&folds.tests[0], &folds.models[0]);
    let drawn: Vec<usize> = Draws::new("dependence", seed).sample(test.len(), ROWS).into_iter().map(|place| test[place]).collect();
    let records = shown(rows, &drawn);
    let along = |(input, quantity): &(super::inputs::Input, crate::quantities::Quantity)| {
        let scaled = sorted(&quantity.known().iter().map(|value| quantity.scale.apply(*value)).collect::<Vec<f64>>());
        let (low, high) = (quantile(&scaled, 0.02), quantile(&scaled, 0.98));
        let point = |step: usize| {
            let value = quantity.scale.undo(low + (high - low) * step as f64 / (POINTS - 1) as f64);
            let moved: Vec<Record> = records
                .iter()
                .map(|record| {
                    let mut moved = record.clone();
                    input.set(&mut moved, value);
                    moved
                })
                .collect();
            let estimates = model.estimate(&moved, EstimateOptions::default());
            let logs: Vec<f64> = estimates.iter().map(|estimate| estimate.point.max(1.0).ln()).collect();
            let with_visits = moved.iter().zip(&logs).filter_map(|(record, log)| Some(record.visits?.get().max(1.0).ln() - log));
            let ratios: Vec<f64> = with_visits.collect();
            DependencePoint { value, users: mean(&logs).exp(), visits_per_user: (!ratios.is_empty()).then(|| mean(&ratios).exp()) }
        };
        PartialDependence {
            input: input.name().to_owned(),
            is_log: quantity.scale != uu_core::Scale::Linear,
            points: (0..POINTS).map(point).collect(),
        }
    };
    numeric(&rows.dataset).iter().map(along).collect()
}
