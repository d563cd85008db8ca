//! Trials of one estimator.

use std::time::Instant;

use uu_train::tuning::{Tuning, lowest, search};

use super::candidates::Candidate;
use super::cross_validation::{Fold, fit_and_estimate};
use crate::StudyError;

/// Tries hyperparameters on the tuning folds; the estimator's own where it has none to tune.
///
/// **Errors**: a fit that failed, or `told` says that the study is stopped.
pub(crate) fn tune(
    candidate: &Candidate,
    folds: &[Fold<'_>],
    budget: usize,
    seed: u64,
    told: &dyn Fn() -> Result<(), StudyError>,
) -> Result<Option<Tuning>, StudyError> {
    let space = candidate.estimator.space();
    if space.is_empty() {
        return Ok(None);
    }
    let mut seconds = Vec::with_capacity(budget);
    let mut trials = search(&space, budget, uu_core::stats::site_hash(candidate.name, seed), |proposed| {
        let start = Instant::now();
        let rmsle = rmsle(candidate, folds, proposed, seed)?;
        seconds.push(start.elapsed().as_secs_f64());
        told()?;
        Ok::<_, StudyError>(rmsle)
    })?;
    trials.iter_mut().zip(seconds).for_each(|(trial, seconds)| trial.seconds = Some(seconds));
    Ok(Some(Tuning { model: candidate.name.to_owned(), best: lowest(&trials), trials }))
}

fn rmsle(candidate: &Candidate, folds: &[Fold<'_>], hyperparameters: &[f64], seed: u64) -> Result<f64, StudyError> {
    let (mut squares, mut count) = (0.0, 0usize);
    for fold in folds {
        let fitted = fit_and_estimate(candidate.estimator.as_ref(), fold, hyperparameters, seed)?;
        for (&row, estimate) in fold.test.places.iter().zip(&fitted.estimates) {
            squares += fold.test.rows.log_error(row, *estimate).powi(2);
            count += 1;
        }
    }
    Ok((squares / count.max(1) as f64).sqrt())
}
