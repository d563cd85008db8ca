//! How held-out estimates err.

use serde::{Deserialize, Serialize};

use crate::compare::{FoldModels, Rows};
use crate::statistics::{Draws, Histogram, Summary};

/// Points of a scatter: enough to see its shape, few enough for a phone.
const SHOWN: usize = 2_000;

/// Bins of the histogram.
const BINS: usize = 60;

/// Residuals: natural logarithms of the truth over the estimate. Above 0, the estimate was too low.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Residuals {
    /// Their shape.
    pub shape: Summary,
    /// Counts of them.
    pub histogram: Option<Histogram>,
    /// Their shape by tenths of the estimate, the smallest first.
    pub by_estimate: Vec<(String, Summary)>,
    /// A sample of the rows.
    pub sample: Vec<ScatterPoint>,
    /// Rows that were judged.
    pub rows: usize,
}

/// One row of the sample.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScatterPoint {
    /// The true users.
    pub actual: f64,
    /// The estimate.
    pub estimated: f64,
}

impl Residuals {
    pub(super) fn of(rows: &Rows, folds: &FoldModels, seed: u64) -> Self {
        let point = |row: usize| folds.estimates[row].point.max(1.0);
        let residuals: Vec<f64> = (0..rows.len()).map(|row| (rows.users[row] / point(row)).ln()).collect();
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by(|&a, &b| point(a).total_cmp(&point(b)));
        let tenth = |index: usize| index * order.len() / 10;
        let of_tenth = |index: usize| {
            let places = &order[tenth(index)..tenth(index + 1)];
            let (first, last) = (*places.first()?, *places.last()?);
            let of_places: Vec<f64> = places.iter().map(|&row| residuals[row]).collect();
            Some((format!("{:.0} to {:.0}", point(first), point(last)), Summary::of(&of_places)?))
        };
        let sample = Draws::new("residuals", seed).sample(rows.len(), SHOWN);
        Self {
            shape: Summary::of(&residuals).expect("a comparison has rows"),
            histogram: Histogram::of(&residuals, BINS),
            by_estimate: (0..10).filter_map(of_tenth).collect(),
            sample: sample.into_iter().map(|row| ScatterPoint { actual: rows.users[row], estimated: point(row) }).collect(),
            rows: rows.len(),
        }
    }
}
