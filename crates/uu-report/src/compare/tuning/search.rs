//! Trials of one estimator.

use std::time::Instant;

use super::tpe::Tpe;
use super::{Hyperparameter, Trial, Tuning};
use crate::StudyError;
use crate::compare::candidates::Candidate;
use crate::compare::cross_validation::{Fold, fit_and_estimate};

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
    let mut tpe = Tpe::new(&space, budget, uu_data::site_hash(candidate.name, seed));
    let mut trials: Vec<Trial> = Vec::with_capacity(budget);
    for _ in 0..budget {
        let start = Instant::now();
        let proposed = tpe.propose();
        let rmsle = rmsle(candidate, folds, &proposed, seed)?;
        tpe.learn(&proposed, rmsle);
        let named = space.iter().zip(&proposed).map(|(dimension, value)| Hyperparameter { name: dimension.name.to_owned(), value: *value });
        trials.push(Trial { hyperparameters: named.collect(), rmsle, seconds: start.elapsed().as_secs_f64() });
        told()?;
    }
    let best = (0..trials.len()).min_by(|&a, &b| trials[a].rmsle.total_cmp(&trials[b].rmsle)).unwrap_or(0);
    Ok(Some(Tuning { model: candidate.name.to_owned(), trials, best }))
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

impl Tuning {
    /// The hyperparameters of the best trial, in the order of the space.
    pub(crate) fn chosen(&self) -> Vec<f64> {
        self.trials[self.best].hyperparameters.iter().map(|parameter| parameter.value).collect()
    }
}
