//! What single estimates are made of: exact Shapley factors of held-out rows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uu_core::{FaultField, Field, Record};
use uu_model::{EstimateOptions, Factor};

use super::inputs::numeric;
use crate::compare::{FoldModels, Rows, shown};
use crate::statistics::{Draws, mean};

/// Rows that are explained: each takes some milliseconds.
const ROWS: usize = 600;

/// Explained held-out estimates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explained {
    /// How much each input moves estimates, the most first.
    pub influences: Vec<InputInfluence>,
    /// The rows.
    pub rows: Vec<ExplainedRow>,
}

/// How much one input moves estimates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InputInfluence {
    /// The input, or the step of the estimate.
    pub input: String,
    /// Mean size of the logarithm of its factor.
    pub mean_size: f64,
    /// The greatest factor, up or down.
    pub greatest_factor: f64,
}

/// The factors of one estimate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExplainedRow {
    /// Natural logarithm of each factor.
    pub log_factors: BTreeMap<String, f64>,
    /// Each known numeric input.
    pub values: BTreeMap<String, f64>,
}

impl Explained {
    pub(super) fn of(rows: &Rows, folds: &FoldModels, seed: u64) -> Self {
        let quantities = numeric(&rows.dataset);
        let mut explained = Vec::new();
        for (fold, (test, model)) in folds.tests.iter().zip(&folds.models).enumerate() {
            let drawn = Draws::new("explained", seed ^ fold as u64).sample(test.len(), ROWS / folds.tests.len());
            for row in drawn.into_iter().map(|place| test[place]) {
                let record: Record = shown(rows, &[row]).remove(0);
                let estimate = model.estimate_one(&record, EstimateOptions { explain: true, ..EstimateOptions::default() });
                let Some(explanation) = estimate.explanation else { continue };
                let log_factors = explanation.factors.iter().map(|(factor, value)| (name(factor), value.max(f64::MIN_POSITIVE).ln()));
                let known = quantities.iter().map(|(input, quantity)| (input.name().to_owned(), quantity.values[row]));
                explained.push(ExplainedRow {
                    log_factors: log_factors.collect(),
                    values: known.filter(|(_, value)| !value.is_nan()).collect(),
                });
            }
        }
        Self { influences: influences(&explained), rows: explained }
    }
}

fn influences(rows: &[ExplainedRow]) -> Vec<InputInfluence> {
    let names = rows.first().map(|row| row.log_factors.keys().cloned().collect::<Vec<String>>()).unwrap_or_default();
    let of = |name: String| {
        let sizes: Vec<f64> = rows.iter().filter_map(|row| row.log_factors.get(&name)).map(|factor| factor.abs()).collect();
        let greatest = sizes.iter().copied().fold(0.0, f64::max);
        InputInfluence { input: name, mean_size: mean(&sizes), greatest_factor: greatest.exp() }
    };
    let mut influences: Vec<InputInfluence> = names.into_iter().map(of).filter(|influence| influence.mean_size > 1e-12).collect();
    influences.sort_by(|a, b| b.mean_size.total_cmp(&a.mean_size));
    influences
}

fn name(factor: &Factor) -> String {
    match factor {
        Factor::Input(FaultField::Field(Field::Date)) => "month".to_owned(),
        Factor::Input(field) => field.column().to_owned(),
        Factor::SiteLevel => "site level".to_owned(),
        Factor::FilledVisits => "filled visits".to_owned(),
        Factor::Bounds => "bounds".to_owned(),
    }
}
