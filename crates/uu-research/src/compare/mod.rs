//! Which model is best, by how much, and whether that is real.

mod baselines;
mod boosting;
mod candidates;
mod cross_validation;
mod dense;
mod ensemble;
mod estimator;
mod features;
mod forests;
mod leaderboard;
mod linear;
mod neighbours;
mod paired;
mod product;
mod rows;
mod tuning;

use serde::{Deserialize, Serialize};
use uu_train::TrainSettings;

pub use ensemble::EnsembleFigures;
pub use leaderboard::{Entry, FoldSpread, MetricErrors};
pub use paired::{Comparison, Difference};
pub use uu_train::tuning::{Hyperparameter, Trial, Tuning};

pub(crate) use candidates::{Candidate, candidates};
pub(crate) use cross_validation::{Compared, Fold, compare, units};
pub(crate) use ensemble::{ENSEMBLE, weighted};
pub(crate) use leaderboard::entry;
pub(crate) use product::{FoldModels, LEAST_ROWS, LEVEL, PRODUCT, TRAINING_COST, Teaching, fit_product, product_tuning_units, shown};
pub(crate) use rows::Rows;

use crate::work::{Work, side_by_side};
use crate::{StudyError, StudySettings};

/// The section on models, of the development sites alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelsSection {
    /// Rows that were compared on.
    pub rows: usize,
    /// Their sites.
    pub sites: usize,
    /// Labelled rows of the development sites that have no visits: estimators of the ratio cannot answer them, and they are left out.
    pub rows_without_visits: usize,
    /// Parts the sites were divided into.
    pub folds: usize,
    /// Rows that were tuned on.
    pub tuning_rows: usize,
    /// Hyperparameters tried for each estimator that has any.
    pub trials: usize,
    /// Features of the compared estimators.
    pub features: Vec<String>,
    /// Every model, the lowest RMSLE first.
    pub leaderboard: Vec<Entry>,
    /// How each estimator was tuned.
    pub tuning: Vec<Tuning>,
    /// What the product's model is trained with, as its search left it.
    pub product: TrainSettings,
    /// The ensemble's members.
    pub ensemble: EnsembleFigures,
    /// Every model against the product's.
    pub comparisons: Vec<Comparison>,
}

/// Folds that hyperparameters are judged on.
const TUNING_FOLDS: usize = 3;

impl ModelsSection {
    /// All models on the same folds. `without_visits` are labelled rows that were left out.
    pub(crate) fn of(
        (rows, folds): (&Rows, &[Fold<'_>]),
        compared: &[Compared],
        product: &FoldModels,
        tuning: Vec<Tuning>,
        settings: &StudySettings,
    ) -> Self {
        let mut fold_of = vec![0; rows.len()];
        for (index, fold) in folds.iter().enumerate() {
            fold.test.places.iter().for_each(|&row| fold_of[row] = index);
        }
        let mut all: Vec<Compared> = compared.to_vec();
        all.push(product.compared.clone());
        let (mixture, ensemble) = ensemble::ensemble(&all, rows, &fold_of, folds.len());
        all.push(mixture);
        let judged: Vec<usize> = (0..rows.len()).collect();
        let mut leaderboard: Vec<Entry> = all.iter().filter_map(|model| entry(model, rows, &judged, &fold_of)).collect();
        for entry in leaderboard.iter_mut().filter(|entry| entry.model == PRODUCT) {
            entry.intervals = product.intervals(rows);
        }
        leaderboard.sort_by(|a, b| a.errors.rmsle.total_cmp(&b.errors.rmsle));
        let against = |model: &Compared| paired::compare(model, &product.compared, rows, settings.resamples, settings.seed);
        let mut comparisons: Vec<Comparison> = all.iter().filter(|model| model.name != PRODUCT).filter_map(against).collect();
        comparisons.sort_by(|a, b| a.rmsle.value.total_cmp(&b.rmsle.value));
        Self {
            rows: rows.len(),
            sites: crate::split::count_sites(rows.records()),
            rows_without_visits: 0,
            folds: folds.len(),
            tuning_rows: 0,
            trials: settings.trials,
            features: folds.first().map(|fold| fold.feature_names().to_vec()).unwrap_or_default(),
            leaderboard,
            tuning,
            product: settings.train.clone(),
            ensemble,
            comparisons,
        }
    }
}

/// Tunes every candidate on the same few rows, candidates side by side.
///
/// **Errors**: a fit that failed, or the study was stopped.
pub(crate) fn tune_all(
    candidates: &[Candidate],
    rows: &Rows,
    settings: &StudySettings,
    work: &Work<'_>,
) -> Result<Vec<Option<Tuning>>, StudyError> {
    let fold_of = rows.dataset.site_folds(TUNING_FOLDS, !settings.seed);
    let folds = Fold::all(rows, &fold_of, TUNING_FOLDS);
    side_by_side(candidates.len(), settings.threads, |index| {
        let candidate = &candidates[index];
        let told = || work.done("tuning", trial_units(candidate, rows.len()));
        tuning::tune(candidate, &folds, settings.trials, settings.seed, &told)
    })
}

/// Work of [`tune_all`] on so many rows.
pub(crate) fn tuning_units(candidates: &[Candidate], rows: usize, trials: usize) -> u64 {
    let tuned = candidates.iter().filter(|candidate| !candidate.estimator.space().is_empty());
    tuned.map(|candidate| trial_units(candidate, rows) * trials as u64).sum()
}

fn trial_units(candidate: &Candidate, rows: usize) -> u64 {
    candidate.cost * (rows * (TUNING_FOLDS - 1)) as u64
}
