//! Fitting an estimator on some rows and estimating others.

use std::time::Instant;

use super::candidates::Candidate;
use super::estimator::{Estimator, Lesson, Question};
use super::features::{self, Features};
use super::rows::Rows;
use crate::statistics::Draws;
use crate::work::{Work, side_by_side};
use crate::{StudyError, StudySettings};

/// Some of the rows, with their features.
pub(crate) struct Part<'a> {
    pub(crate) rows: &'a Rows,
    pub(crate) places: Vec<usize>,
    features: Features,
}

/// Rows to learn from and rows to be judged on.
pub(crate) struct Fold<'a> {
    pub(crate) train: Part<'a>,
    pub(crate) test: Part<'a>,
}

/// What one fit gave.
pub(crate) struct FoldResult {
    /// An estimate for each test row of the fold.
    pub(crate) estimates: Vec<f64>,
    pub(crate) fit_seconds: f64,
    pub(crate) predict_seconds: f64,
    pub(crate) size_bytes: usize,
    /// Rows it was fitted on.
    pub(crate) train_rows: usize,
}

/// Held-out estimates by one model, with what they took.
#[derive(Clone)]
pub(crate) struct Compared {
    pub(crate) name: String,
    pub(crate) is_baseline: bool,
    /// One for each row; NaN where the model cannot answer.
    pub(crate) estimates: Vec<f64>,
    /// Mean time of a fit.
    pub(crate) fit_seconds: f64,
    /// Time of all estimates together.
    pub(crate) predict_seconds: f64,
    pub(crate) size_bytes: usize,
    pub(crate) train_rows: usize,
}

impl<'a> Fold<'a> {
    pub(crate) fn new((train_rows, train): (&'a Rows, Vec<usize>), (test_rows, test): (&'a Rows, Vec<usize>)) -> Self {
        let (features, encoder) = features::fit(train_rows, &train);
        let of_test = encoder.features(test_rows, &test);
        Self { train: Part { rows: train_rows, places: train, features }, test: Part { rows: test_rows, places: test, features: of_test } }
    }

    /// The folds of the rows, each site whole: `fold_of` has a fold for each row.
    pub(crate) fn all(rows: &'a Rows, fold_of: &[usize], folds: usize) -> Vec<Self> {
        let part = |fold: usize| (0..rows.len()).partition(|&row| fold_of[row] != fold);
        (0..folds).map(part).map(|(train, test)| Self::new((rows, train), (rows, test))).collect()
    }

    /// All of some rows to learn from, all of others to be judged on.
    pub(crate) fn between(train: &'a Rows, test: &'a Rows) -> Self {
        Self::new((train, (0..train.len()).collect()), (test, (0..test.len()).collect()))
    }

    /// The same fold with no more than `most` rows to learn from; `None` where it has no more.
    fn with_fewer(&self, most: usize, seed: u64) -> Option<Self> {
        let train = &self.train;
        if train.places.len() <= most {
            return None;
        }
        let kept = Draws::new("slow", seed).sample(train.places.len(), most);
        let kept = kept.into_iter().map(|place| train.places[place]).collect();
        Some(Self::new((train.rows, kept), (self.test.rows, self.test.places.clone())))
    }

    pub(crate) fn feature_names(&self) -> &[String] {
        &self.train.features.names
    }
}

/// Fits on a fold's training rows and estimates its test rows.
///
/// **Errors**: a fit that failed.
pub(crate) fn fit_and_estimate(
    estimator: &dyn Estimator,
    fold: &Fold<'_>,
    hyperparameters: &[f64],
    seed: u64,
) -> Result<FoldResult, StudyError> {
    let Fold { train, test } = fold;
    let start = Instant::now();
    let fitted = estimator.fit(&Lesson { rows: train.rows, places: &train.places, features: &train.features, seed }, hyperparameters)?;
    let fit_seconds = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let estimates = fitted.estimate(&Question { rows: test.rows, places: &test.places, features: &test.features })?;
    Ok(FoldResult {
        estimates,
        fit_seconds,
        predict_seconds: start.elapsed().as_secs_f64(),
        size_bytes: fitted.size_bytes(),
        train_rows: train.places.len(),
    })
}

/// Held-out estimates by every candidate with its hyperparameters, fits side by side.
///
/// **Errors**: the first fit that failed, or the study was stopped.
pub(crate) fn compare(
    candidates: &[Candidate],
    hyperparameters: &[Vec<f64>],
    folds: &[Fold<'_>],
    settings: &StudySettings,
    work: &Work<'_>,
) -> Result<Vec<Compared>, StudyError> {
    let fewer: Vec<Option<Fold<'_>>> = folds.iter().map(|fold| fold.with_fewer(settings.slow_rows, settings.seed)).collect();
    let fit = |job: usize| {
        let (candidate, index) = (&candidates[job / folds.len()], job % folds.len());
        let fold = fewer[index].as_ref().filter(|_| candidate.is_slow).unwrap_or(&folds[index]);
        let result = fit_and_estimate(candidate.estimator.as_ref(), fold, &hyperparameters[job / folds.len()], settings.seed)?;
        work.done("comparing models", candidate.cost * fold.train.places.len() as u64)?;
        Ok(result)
    };
    let mut results = side_by_side(candidates.len() * folds.len(), settings.threads, fit)?.into_iter();
    let rows = folds.first().map_or(0, |fold| fold.test.rows.len());
    let mut compared = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        let of_folds = folds.iter().map(|fold| fold.test.places.as_slice()).zip(results.by_ref());
        compared.push(Compared::join(candidate.name, candidate.is_baseline, rows, of_folds));
    }
    Ok(compared)
}

/// Work that [`compare`] does.
pub(crate) fn units(candidates: &[Candidate], folds: &[Fold<'_>], slow_rows: usize) -> u64 {
    let rows = |candidate: &Candidate, fold: &Fold<'_>| {
        let rows = fold.train.places.len();
        if candidate.is_slow { rows.min(slow_rows) } else { rows }
    };
    candidates.iter().flat_map(|candidate| folds.iter().map(move |fold| candidate.cost * rows(candidate, fold) as u64)).sum()
}

impl Compared {
    /// Puts the folds' estimates where their rows are.
    pub(crate) fn join<'a>(name: &str, is_baseline: bool, rows: usize, folds: impl Iterator<Item = (&'a [usize], FoldResult)>) -> Self {
        let mut joined = Self {
            name: name.to_owned(),
            is_baseline,
            estimates: vec![f64::NAN; rows],
            fit_seconds: 0.0,
            predict_seconds: 0.0,
            size_bytes: 0,
            train_rows: 0,
        };
        let mut count: usize = 0;
        for (test, result) in folds {
            for (&row, estimate) in test.iter().zip(&result.estimates) {
                joined.estimates[row] = *estimate;
            }
            joined.fit_seconds += result.fit_seconds;
            joined.predict_seconds += result.predict_seconds;
            joined.size_bytes += result.size_bytes;
            joined.train_rows += result.train_rows;
            count += 1;
        }
        joined.fit_seconds /= count.max(1) as f64;
        joined.size_bytes /= count.max(1);
        joined.train_rows /= count.max(1);
        joined
    }
}
