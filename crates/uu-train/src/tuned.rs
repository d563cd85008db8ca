//! The search for the trees of the ratio.
//!
//! Everything an estimate of known visits hangs on is fitted as in a training: masked copies, out-of-fold encoding, both losses. What makes a
//! prediction slow, the number of trees and their depth, stays as it was, and so does the mixture of the losses, which trades one
//! figure for another.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use uu_core::Rules;
use uu_core::stats::site_hash;
use uu_data::Dataset;

use super::held_out::{Draw, FoldStages, HeldOut};
use super::pipeline::{Job, Training};
use super::settings::{TrainSettings, TreeSettings, check, threads};
use super::{FitError, Progress};
use crate::tuning::{Dimension, Spread, Tuning, search};

/// Rows of whole sites that are tuned on, at most.
const TUNING_ROWS: usize = 20_000;

/// Name of the product's model in a trail of trials.
const NAME: &str = "UU Predictor";

/// Tries as many hyperparameters as `settings.trials` says, and puts the best into the settings.
///
/// The settings' own are the first trial. Another one takes their place only where its gain exceeds the gain's standard error over sites: of many
/// trials on the same rows one is the best by chance.
///
/// **Errors**: as a training's.
pub fn tune(
    dataset: &Dataset,
    rules: &Rules,
    settings: &TrainSettings,
    progress: &dyn Progress,
) -> Result<(TrainSettings, Tuning), FitError> {
    check(settings)?;
    threads(settings)?.install(|| tuned(dataset, rules, settings, progress))
}

/// As [`tune`], on the threads of the caller.
pub(super) fn tuned(
    dataset: &Dataset,
    rules: &Rules,
    settings: &TrainSettings,
    progress: &dyn Progress,
) -> Result<(TrainSettings, Tuning), FitError> {
    let rows = dataset.some_sites(TUNING_ROWS, settings.seed);
    let trees = u64::from(settings.ratio.num_iterations + settings.correction.trees.num_iterations);
    let trees_in_all = trees * (settings.folds * settings.trials) as u64;
    let told = Trees { progress, done: AtomicU64::new(0), of: trees_in_all };
    let mut errors = Vec::with_capacity(settings.trials);
    let trials = search(&space(&settings.ratio), settings.trials, site_hash(NAME, settings.seed), |proposed| {
        let settings = with_trees(settings, proposed);
        let squares = squared_errors(&Training::new(&rows, rules, &settings, &told)?)?;
        let mean = squares.values().map(|site| site.sum).sum::<f64>() / squares.values().map(|site| site.rows).sum::<f64>();
        errors.push(squares);
        Ok::<_, FitError>(mean.sqrt())
    })?;
    let real = |&trial: &usize| trial == 0 || gains(&errors[0], &errors[trial]);
    let best = (0..trials.len()).filter(real).min_by(|&a, &b| trials[a].rmsle.total_cmp(&trials[b].rmsle)).unwrap_or(0);
    let tuning = Tuning { model: NAME.to_owned(), trials, best };
    // The first trial is the settings as they are, not as a place in a range gives them back.
    let tuned = if best == 0 { settings.clone() } else { with_trees(settings, &tuning.chosen()) };
    Ok((tuned, tuning))
}

/// What is searched, from where the settings stand.
fn space(start: &TreeSettings) -> [Dimension; 6] {
    let log = |name, low, high, start| Dimension { name, low, high, spread: Spread::Log, start };
    let whole = |name, low, high, start: u32| Dimension { name, low, high, spread: Spread::LogWhole, start: f64::from(start) };
    [
        log("learning_rate", 0.02, 0.15, start.learning_rate),
        whole("num_leaves", 8.0, 64.0, start.num_leaves),
        whole("min_data_in_leaf", 5.0, 100.0, start.min_data_in_leaf),
        Dimension { name: "feature_fraction", low: 0.25, high: 1.0, spread: Spread::Linear, start: start.feature_fraction },
        log("cat_smooth", 3.0, 300.0, start.cat_smooth),
        log("cat_l2", 1.0, 100.0, start.cat_l2),
    ]
}

/// The settings with those trees for the ratio, and for what follows it.
fn with_trees(settings: &TrainSettings, hyperparameters: &[f64]) -> TrainSettings {
    let &[learning_rate, num_leaves, min_data_in_leaf, feature_fraction, cat_smooth, cat_l2] = hyperparameters else {
        unreachable!("the hyperparameters are those of the space")
    };
    let mut changed = settings.clone();
    for trees in [&mut changed.ratio, &mut changed.correction.trees] {
        let (num_leaves, min_data_in_leaf) = (num_leaves as u32, min_data_in_leaf as u32);
        *trees = TreeSettings { learning_rate, num_leaves, min_data_in_leaf, feature_fraction, cat_smooth, cat_l2, ..trees.clone() };
    }
    changed
}

/// A site's held-out rows.
#[derive(Clone, Copy, Default)]
struct SiteErrors {
    sum: f64,
    rows: f64,
}

/// Squared errors of the logarithms, by site, each row as it came and estimated by trees that never saw its site.
fn squared_errors(training: &Training<'_>) -> Result<BTreeMap<u64, SiteErrors>, FitError> {
    let table = &training.table;
    let draw: Draw = table.labelled().into_iter().map(|row| (row, table.patterns[row])).collect();
    let folds: Vec<usize> = (0..training.settings.folds).collect();
    let estimate = |fold: &usize| {
        let ratio = training.fit(Job { input: None, without: Some(*fold) })?.stage;
        Ok(HeldOut::estimate(table, &draw, &training.folds, *fold, &FoldStages { ratio, visits: None }))
    };
    let parts: Vec<HeldOut> = folds.par_iter().with_max_len(1).map(estimate).collect::<Result<_, FitError>>()?;
    let held_out = HeldOut::join(parts);
    let mut by_site: BTreeMap<u64, SiteErrors> = BTreeMap::new();
    for (index, &row) in held_out.rows.iter().enumerate() {
        let site =
            by_site.entry(table.dataset.records()[row].site.as_deref().map_or(table.keys[row], |site| site_hash(site, 0))).or_default();
        site.sum += (held_out.actual[index].ln_1p() - held_out.points[index].ln_1p()).powi(2);
        site.rows += 1.0;
    }
    Ok(by_site)
}

/// Whether the errors are fewer by more than the standard error of the difference.
fn gains(before: &BTreeMap<u64, SiteErrors>, after: &BTreeMap<u64, SiteErrors>) -> bool {
    let differences: Vec<f64> = before.iter().map(|(site, errors)| errors.sum - after.get(site).copied().unwrap_or_default().sum).collect();
    let sites = differences.len() as f64;
    let total: f64 = differences.iter().sum();
    let variance: f64 = differences.iter().map(|difference| (difference - total / sites).powi(2)).sum();
    total > variance.sqrt()
}

/// Counts the trees of all trials.
struct Trees<'a> {
    progress: &'a dyn Progress,
    done: AtomicU64,
    of: u64,
}

impl Progress for Trees<'_> {
    fn report(&self, _: &'static str, _: u64, _: u64) -> ControlFlow<()> {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        self.progress.report("tuning", done.min(self.of), self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(sites: &[f64]) -> BTreeMap<u64, SiteErrors> {
        sites.iter().enumerate().map(|(site, sum)| (site as u64, SiteErrors { sum: *sum, rows: 1.0 })).collect()
    }

    #[test]
    fn a_gain_within_its_standard_error_is_none() {
        let before = errors(&[0.4, 0.2, 0.3, 0.1]);
        assert!(gains(&before, &errors(&[0.3, 0.1, 0.2, 0.05])), "better on every site");
        assert!(!gains(&before, &errors(&[0.0, 0.25, 0.35, 0.2])), "better on one, worse on the others");
        assert!(!gains(&before, &before));
    }

    #[test]
    fn the_first_trial_is_the_settings_themselves() {
        let settings = TrainSettings::default();
        let start: Vec<f64> = space(&settings.ratio).iter().map(|dimension| dimension.start).collect();
        assert_eq!(with_trees(&settings, &start), settings);
        for dimension in space(&settings.ratio) {
            assert!((dimension.low..=dimension.high).contains(&dimension.start), "{}", dimension.name);
        }
    }
}
