//! The chosen model: how it errs, what it goes by, and how honest its intervals are.

mod ablation;
mod dependence;
mod explanations;
mod importance;
mod inputs;
mod learning;
mod misses;
mod reliability;
mod residuals;

use serde::{Deserialize, Serialize};
use uu_model::Evaluation;

pub use ablation::Ablation;
pub use dependence::{DependencePoint, PartialDependence};
pub use explanations::{Explained, ExplainedRow, InputInfluence};
pub use importance::Importance;
pub use learning::LearningPoint;
pub use misses::Miss;
pub use reliability::Reliability;
pub use residuals::{Residuals, ScatterPoint};

use crate::StudyError;
use crate::compare::{FoldModels, Rows, Teaching};

/// The section on the chosen model. All of it is judged on sites that the estimating model never saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChosenSection {
    /// Its name.
    pub model: String,
    /// Errors by how much it was trained on.
    pub learning_curve: Vec<LearningPoint>,
    /// How it errs.
    pub residuals: Residuals,
    /// What each input is worth, the most first.
    pub importance: Vec<Importance>,
    /// Exact factors of single estimates.
    pub explained: Explained,
    /// What an estimate does as one input moves.
    pub partial_dependence: Vec<PartialDependence>,
    /// The estimates that are furthest off.
    pub misses: Vec<Miss>,
    /// What it makes of fewer inputs.
    pub ablations: Vec<Ablation>,
    /// Whether intervals of other levels hold what they say, too.
    pub reliability: Vec<Reliability>,
    /// All figures by missing pattern, category, size and source: each site estimated by a model that never saw it.
    pub evaluation: Evaluation,
}

impl ChosenSection {
    pub(crate) fn of(
        name: &str,
        (dataset, fold_of): (&uu_data::Dataset, &[usize]),
        (rows, folds): (&Rows, &FoldModels),
        evaluation: &Evaluation,
        teaching: Teaching<'_>,
    ) -> Result<Self, StudyError> {
        let seed = teaching.settings.seed;
        let learning_curve = learning::curve((dataset, fold_of), (rows, folds), teaching)?;
        let told = |stage| teaching.work.done(stage, looking_units(rows.len()) / 4);
        let importance = importance::importance(rows, folds, seed);
        told("what each input is worth")?;
        let explained = Explained::of(rows, folds, seed);
        told("explaining estimates")?;
        let partial_dependence = dependence::partial_dependence(rows, folds, seed);
        told("partial dependence")?;
        let ablations = ablation::ablations(rows, folds);
        let reliability = reliability::reliability(rows, folds, seed);
        told("hiding inputs")?;
        Ok(Self {
            model: name.to_owned(),
            learning_curve,
            residuals: Residuals::of(rows, folds, seed),
            importance,
            explained,
            partial_dependence,
            misses: misses::misses(rows, folds),
            ablations,
            reliability,
            evaluation: evaluation.clone(),
        })
    }
}

/// Work of looking at the chosen model, trainings left out.
pub(crate) fn looking_units(rows: usize) -> u64 {
    4 * (800_000 + 50 * rows.min(20_000) as u64)
}

/// Work of the trainings of the learning curve, for the rows one fold's model is trained on.
pub(crate) fn learning_units(train_rows: usize) -> u64 {
    learning::units(train_rows)
}
