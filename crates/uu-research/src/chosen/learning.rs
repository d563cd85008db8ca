//! Errors by how much the model was trained on: whether more data would help.

use serde::{Deserialize, Serialize};
use uu_core::stats::ErrorMetrics;
use uu_data::Dataset;
use uu_model::{EstimateOptions, Model};

use crate::StudyError;
use crate::compare::{FoldModels, LEAST_ROWS, Rows, TRAINING_COST, Teaching, shown};
use crate::quantities::visits_per_user;
use crate::split::count_sites;
use crate::work::side_by_side;

/// Shares of the sites that are trained on, beside all of them.
const SHARES: [f64; 3] = [0.125, 0.25, 0.5];

/// Errors after a training on so many rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LearningPoint {
    /// Rows it was trained on.
    pub rows: usize,
    /// Their sites.
    pub sites: usize,
    /// Errors on the first fold's sites, the same for every point.
    pub errors: ErrorMetrics,
}

/// Trainings on growing shares of the sites outside the first fold, judged on that fold.
///
/// **Errors**: a training failed, or the study was stopped.
pub(super) fn curve(
    (dataset, fold_of): (&Dataset, &[usize]),
    (rows, folds): (&Rows, &FoldModels),
    teaching: Teaching<'_>,
) -> Result<Vec<LearningPoint>, StudyError> {
    let all = dataset.subset(|row, _| fold_of[row] != 0);
    let test = &folds.tests[0];
    let actual: Vec<f64> = test.iter().map(|&row| rows.users[row]).collect();
    let point = |part: &Dataset, estimates: Vec<f64>| {
        let errors = ErrorMetrics::of(&actual, &estimates)?;
        Some(LearningPoint { rows: part.len(), sites: count_sites(part.records()), errors })
    };
    let fit = |index: usize| {
        let part = all.some_sites((all.len() as f64 * SHARES[index]) as usize, teaching.settings.seed);
        if part.records().iter().filter(|record| visits_per_user(record).is_some()).count() < LEAST_ROWS {
            teaching.work.done(STAGE, TRAINING_COST * part.len() as u64)?;
            return Ok(None);
        }
        let trained = teaching.train(STAGE, &part, 1)?;
        let model = Model::from_bytes(&trained.artifact)?;
        let estimates = model.estimate(&shown(rows, test), EstimateOptions::default());
        Ok(point(&part, estimates.iter().map(|estimate| estimate.point).collect()))
    };
    // The largest first, so that no thread is left with it at the end.
    let fits = side_by_side(SHARES.len(), teaching.settings.threads, |job| fit(SHARES.len() - 1 - job))?;
    let whole = point(&all, test.iter().map(|&row| folds.estimates[row].point).collect());
    Ok(fits.into_iter().rev().flatten().chain(whole).collect())
}

const STAGE: &str = "learning curve";

/// Work of the trainings.
pub(super) fn units(train_rows: usize) -> u64 {
    SHARES.iter().map(|share| TRAINING_COST * (train_rows as f64 * share) as u64).sum()
}
