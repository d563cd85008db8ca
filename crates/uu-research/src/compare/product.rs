//! The product's own model, trained anew without each fold.

use std::time::Instant;

use uu_core::stats::IntervalMetrics;
use uu_core::{Record, Rules};
use uu_data::Dataset;
use uu_model::{Estimate, EstimateOptions, Model};
use uu_train::tuning::Tuning;
use uu_train::{TrainSettings, train};

use super::cross_validation::{Compared, FoldResult};
use super::rows::Rows;
use crate::StudyError;
use crate::settings::StudySettings;
use crate::work::{Work, side_by_side};

/// The name of the product's model in every table.
pub(crate) const PRODUCT: &str = "UU Predictor";

/// Microseconds of one core that a training takes for each row, about.
pub(crate) const TRAINING_COST: u64 = 1_500;

/// Microseconds of one core that one trial of the product's search takes for each row, about.
const TRIAL_COST: u64 = 500;

/// Level of the intervals that are judged.
pub(crate) const LEVEL: f64 = 0.9;

/// Labelled rows a training needs.
pub(crate) const LEAST_ROWS: usize = 500;

/// The models that were fitted without each fold, with the rows each may be judged on.
pub(crate) struct FoldModels {
    pub(crate) models: Vec<Model>,
    /// Rows of the comparison in each fold.
    pub(crate) tests: Vec<Vec<usize>>,
    /// The held-out estimate of each row.
    pub(crate) estimates: Vec<Estimate>,
    pub(crate) compared: Compared,
}

/// What a training is given.
#[derive(Clone, Copy)]
pub(crate) struct Teaching<'a> {
    pub(crate) rules: &'a Rules,
    pub(crate) settings: &'a StudySettings,
    pub(crate) work: &'a Work<'a>,
}

impl Teaching<'_> {
    /// Searches the settings of the product's trees as those of the other estimators are searched.
    ///
    /// **Errors**: a fit that failed, or the study was stopped.
    pub(crate) fn tune(&self, dataset: &Dataset) -> Result<(TrainSettings, Tuning), StudyError> {
        let StudySettings { seed, trials, threads, train, .. } = self.settings;
        let settings = TrainSettings { threads: Some(*threads), seed: *seed, trials: *trials, ..train.clone() };
        let start = Instant::now();
        let progress = self.work.training("tuning", product_tuning_units(dataset.len(), *trials));
        let (tuned, mut tuning) = uu_train::tune(dataset, self.rules, &settings, &progress).map_err(failed)?;
        progress.finish()?;
        // The trials are alike, and the search is timed as a whole.
        let seconds = start.elapsed().as_secs_f64() / tuning.trials.len().max(1) as f64;
        tuning.trials.iter_mut().for_each(|trial| trial.seconds = Some(seconds));
        Ok((TrainSettings { threads: None, trials: 0, ..tuned }, tuning))
    }

    /// Trains on `dataset` with that many threads: on one where trainings run side by side.
    ///
    /// **Errors**: the training failed, or the study was stopped.
    pub(crate) fn train(&self, stage: &'static str, dataset: &Dataset, threads: usize) -> Result<uu_train::Trained, StudyError> {
        let settings = TrainSettings { threads: Some(threads), seed: self.settings.seed, ..self.settings.train.clone() };
        let progress = self.work.training(stage, TRAINING_COST * dataset.len() as u64);
        let trained = train(dataset, self.rules, &settings, &progress).map_err(failed)?;
        progress.finish()?;
        Ok(trained)
    }
}

/// Work of [`Teaching::tune`] on so many rows.
pub(crate) fn product_tuning_units(rows: usize, trials: usize) -> u64 {
    TRIAL_COST * (rows * trials) as u64
}

fn failed(cause: uu_train::FitError) -> StudyError {
    match cause {
        uu_train::FitError::Stopped => StudyError::Stopped,
        cause => StudyError::Fit { model: PRODUCT.to_owned(), cause },
    }
}

/// Trains without each fold of `dataset` and estimates that fold's rows.
///
/// **Errors**: the first training that failed.
pub(crate) fn fit_product(dataset: &Dataset, rows: &Rows, fold_of: &[usize], teaching: Teaching<'_>) -> Result<FoldModels, StudyError> {
    let settings = teaching.settings;
    let tests: Vec<Vec<usize>> =
        (0..settings.folds).map(|fold| (0..rows.len()).filter(|&row| fold_of[rows.origin[row]] == fold).collect()).collect();
    let fit = |fold: usize| {
        let start = Instant::now();
        let trained = teaching.train("training without each fold", &dataset.subset(|row, _| fold_of[row] != fold), 1)?;
        let fit_seconds = start.elapsed().as_secs_f64();
        let model = Model::from_bytes(&trained.artifact)?;
        let records = shown(rows, &tests[fold]);
        let start = Instant::now();
        let estimates = model.estimate(&records, EstimateOptions { level: LEVEL, explain: false });
        let result = FoldResult {
            estimates: estimates.iter().map(|estimate| estimate.point).collect(),
            fit_seconds,
            predict_seconds: start.elapsed().as_secs_f64(),
            size_bytes: trained.artifact.len(),
            train_rows: dataset.len() - fold_of.iter().filter(|other| **other == fold).count(),
        };
        Ok::<_, StudyError>((model, estimates, result))
    };
    let mut models = Vec::with_capacity(settings.folds);
    let mut results = Vec::with_capacity(settings.folds);
    let mut by_row: Vec<Option<Estimate>> = vec![None; rows.len()];
    for (fold, (model, estimates, result)) in side_by_side(settings.folds, settings.threads, fit)?.into_iter().enumerate() {
        models.push(model);
        results.push(result);
        for (&row, estimate) in tests[fold].iter().zip(estimates) {
            by_row[row] = Some(estimate);
        }
    }
    let compared = Compared::join(PRODUCT, false, rows.len(), tests.iter().map(Vec::as_slice).zip(results));
    let estimates = by_row.into_iter().map(|estimate| estimate.expect("every row is in one fold")).collect();
    Ok(FoldModels { models, tests, estimates, compared })
}

impl FoldModels {
    /// Coverage and width of the held-out intervals.
    pub(crate) fn intervals(&self, rows: &Rows) -> Option<IntervalMetrics> {
        let points: Vec<f64> = self.estimates.iter().map(|estimate| estimate.point).collect();
        let intervals: Vec<(f64, f64)> = self.estimates.iter().map(|estimate| (estimate.low, estimate.high)).collect();
        IntervalMetrics::of(&rows.users, &points, &intervals)
    }
}

/// The rows as a request shows them: without the label.
pub(crate) fn shown(rows: &Rows, places: &[usize]) -> Vec<Record> {
    places.iter().map(|&row| Record { unique_users: None, ..rows.records()[row].clone() }).collect()
}
