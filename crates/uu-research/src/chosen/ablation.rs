//! What the model makes of fewer inputs, on the same rows each time.

use serde::{Deserialize, Serialize};
use uu_core::Field;
use uu_core::stats::{ErrorMetrics, IntervalMetrics};
use uu_model::{EstimateOptions, Pattern};

use crate::compare::{FoldModels, LEVEL, Rows, shown};

/// Rows that know everything, without which nothing is said.
const FEWEST_ROWS: usize = 50;

const ENGAGEMENT: [Field; 3] = [Field::PagesPerVisit, Field::BounceRate, Field::AvgVisitDuration];

/// Figures with some inputs hidden.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ablation {
    /// What is hidden, or all that is shown.
    pub name: String,
    /// The inputs that are shown.
    pub shown: String,
    /// Errors of the points.
    pub errors: ErrorMetrics,
    /// Coverage and width of the 90 % intervals.
    pub intervals: IntervalMetrics,
}

/// The model with all inputs and with some hidden, on held-out rows that know everything the model has learned.
///
/// The one model answers all of them: it was trained to. A model trained for one pattern alone can be a little better at it.
pub(super) fn ablations(rows: &Rows, folds: &FoldModels) -> Vec<Ablation> {
    let learned = folds.models[0].learned();
    let known: Vec<Field> = Field::all().filter(|field| field.is_input() && learned.contains(Pattern::of(&[*field]))).collect();
    let places: Vec<Vec<usize>> = folds
        .tests
        .iter()
        .zip(&folds.models)
        .map(|(test, model)| test.iter().copied().filter(|&row| model.pattern_of(&rows.records()[row]).contains(learned)).collect())
        .collect();
    let actual: Vec<f64> = places.iter().flatten().map(|&row| rows.users[row]).collect();
    if actual.len() < FEWEST_ROWS {
        return Vec::new();
    }
    let without = |hidden: &[Field]| -> Vec<Field> { known.iter().copied().filter(|field| !hidden.contains(field)).collect() };
    let variants: [(&str, Vec<Field>); 8] = [
        ("all inputs", known.clone()),
        ("without rank", without(&[Field::Rank])),
        ("without engagement", without(&ENGAGEMENT)),
        ("without category", without(&[Field::Category])),
        ("without visits", without(&[Field::Visits])),
        ("visits only", vec![Field::Visits]),
        ("rank only", vec![Field::Rank]),
        ("rank and category", vec![Field::Rank, Field::Category]),
    ];
    let mut ablations: Vec<Ablation> = Vec::new();
    for (name, fields) in variants {
        let pattern = Pattern::of(&fields);
        // An input that was never learned cannot be hidden, and cannot be all there is.
        let changes_something = ablations.iter().all(|ablation| ablation.shown != pattern.name());
        if !learned.contains(pattern) || !changes_something {
            continue;
        }
        let options = EstimateOptions { level: LEVEL, explain: false };
        let of_folds =
            places.iter().zip(&folds.models).flat_map(|(test, model)| model.estimate_showing(&shown(rows, test), pattern, options));
        let (points, intervals): (Vec<f64>, Vec<(f64, f64)>) =
            of_folds.map(|estimate| (estimate.point, (estimate.low, estimate.high))).unzip();
        if let (Some(errors), Some(intervals)) = (ErrorMetrics::of(&actual, &points), IntervalMetrics::of(&actual, &points, &intervals)) {
            ablations.push(Ablation { name: name.to_owned(), shown: pattern.name(), errors, intervals });
        }
    }
    ablations
}
