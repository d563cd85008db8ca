//! The order of a training's steps.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use uu_core::Rules;
use uu_data::{Dataset, FEW_TRAINING_SITES};
use uu_model::Baselines;
use uu_model::components::{Calibration, InputId, Parts, SiteLevels, VisitsOffsets};

use super::coverage::LEVEL;
use super::fit::{FittedStage, StageFit, columns};
use super::freezing::{Freezing, Judgement, Seen};
use super::held_out::{Draw, FoldStages, HeldOut, as_observed, every_pattern};
use super::lesson::Lesson;
use super::plan::Plan;
use super::settings::TrainSettings;
use super::site_levels::Months;
use super::table::{Table, Trainable};
use super::{FitError, Progress, Trained, spread};
use crate::tuning::Tuning;

/// The fold of each row. Few sites are dealt out, so that the folds hold alike many of them; of many a hash says it, which does not depend
/// on the others.
fn folds(dataset: &Dataset, labelled: &[usize], settings: &TrainSettings) -> Result<Vec<usize>, FitError> {
    let mut folds = dataset.site_folds(settings.folds, settings.seed);
    // Draws in [0, 1) are in the order of their bits.
    let draws: Vec<u64> = dataset.site_draws(settings.seed).into_iter().map(f64::to_bits).collect();
    let sites: BTreeSet<u64> = labelled.iter().map(|&row| draws[row]).collect();
    if sites.len() < FEW_TRAINING_SITES {
        let dealt: BTreeMap<u64, usize> = sites.iter().enumerate().map(|(place, site)| (*site, place % settings.folds)).collect();
        folds.iter_mut().zip(&draws).for_each(|(fold, site)| *fold = dealt.get(site).copied().unwrap_or(*fold));
    }
    let is_empty = |fold: usize| !labelled.iter().any(|&row| folds[row] == fold);
    if (0..settings.folds).any(is_empty) {
        return Err(FitError::EmptyFold { sites: sites.len(), folds: settings.folds });
    }
    Ok(folds)
}

/// One regression to be fitted: which target, and which fold it must not see.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Job {
    /// The numeric input to be predicted; `None` for the ratio.
    pub(super) input: Option<InputId>,
    pub(super) without: Option<usize>,
}

pub(super) struct Training<'a> {
    pub(super) table: Table<'a>,
    pub(super) settings: &'a TrainSettings,
    progress: &'a dyn Progress,
    pub(super) folds: Vec<usize>,
    /// How the settings were found, where they were.
    tuning: Option<Tuning>,
    trees_done: AtomicU64,
    trees_in_all: u64,
}

impl<'a> Training<'a> {
    pub(super) fn new(
        dataset: &'a Dataset,
        rules: &Rules,
        settings: &'a TrainSettings,
        progress: &'a dyn Progress,
    ) -> Result<Self, FitError> {
        let table = Table::new(dataset, rules)?;
        let folds = folds(dataset, &table.labelled(), settings)?;
        let mut training = Self { table, settings, progress, folds, tuning: None, trees_done: AtomicU64::new(0), trees_in_all: 0 };
        let of_job = |job: &Job| {
            let Plan { trees, correction, .. } = training.plan(*job);
            trees.num_iterations + correction.map_or(0, |more| more.trees.num_iterations)
        };
        let of_jobs: u64 = training.jobs().iter().map(|job| u64::from(of_job(job))).sum();
        training.trees_in_all = of_jobs + (settings.folds as u64 + 1) * u64::from(settings.spread.num_iterations);
        Ok(training)
    }

    /// The same after a search that found its settings.
    pub(super) fn after(self, tuning: Tuning) -> Self {
        Self { tuning: Some(tuning), ..self }
    }

    pub(super) fn run(&self) -> Result<Trained, FitError> {
        let jobs = self.jobs();
        // The largest first, so that no thread is left with one at the end.
        let fitted: Vec<(Job, FittedStage)> =
            jobs.par_iter().with_max_len(1).map(|job| Ok((*job, self.fit(*job)?))).collect::<Result<_, FitError>>()?;
        let mut fitted: BTreeMap<Job, FittedStage> = fitted.into_iter().collect();
        let stages: Vec<FoldStages> = (0..self.settings.folds)
            .map(|fold| {
                let mut take = |input| fitted.remove(&Job { input, without: Some(fold) }).map(|fitted| fitted.stage);
                FoldStages { ratio: take(None).expect("the ratio was fitted without each fold"), visits: take(Some(InputId::VISITS)) }
            })
            .collect();
        let mut observed = self.held_out(&as_observed(&self.table, self.table.judgeable()), &stages);
        let mut masked = self.held_out(&every_pattern(&self.table, &self.table.judgeable()), &stages);
        let offsets = masked.offsets(|_| true);
        let of_others: Vec<_> = (0..self.settings.folds).map(|fold| masked.offsets(|index| masked.folds[index] != fold)).collect();
        [&mut observed, &mut masked].into_iter().for_each(|held_out| held_out.move_to_the_middle(&of_others));
        let spreads = self.spreads(&masked)?;
        self.finish(fitted, (&observed, &masked), spreads, offsets)
    }

    /// All regressions but the spread's: the ratio and visits without each fold and on all rows, the other inputs on all rows.
    fn jobs(&self) -> Vec<Job> {
        // Where nothing else was learned, there is nothing to fill an input from.
        let ranges = &self.table.schema.ranges;
        let learned = |id: &InputId| ranges[*id].is_some() && !columns(&self.table, Some(*id)).is_empty();
        let parts = || (0..self.settings.folds).map(Some).chain([None]);
        let ratio = parts().map(|without| Job { input: None, without });
        let visits = parts().filter(|_| learned(&InputId::VISITS)).map(|without| Job { input: Some(InputId::VISITS), without });
        let others = ranges.ids().filter(|id| *id != InputId::VISITS && learned(id));
        let others = others.map(|id| Job { input: Some(id), without: None });
        ratio.chain(visits).chain(others).collect()
    }

    fn plan(&self, job: Job) -> Plan<'a> {
        self.settings.plan(job.input, self.table.labelled().len())
    }

    pub(super) fn fit(&self, job: Job) -> Result<FittedStage, FitError> {
        let Lesson { rows, targets } = Lesson::of(&self.table, job.input, |row| job.without != Some(self.folds[*row]));
        let Plan { trees, objective, correction, masking, seed } = self.plan(job);
        let expanded = masking.expand(&self.table, &rows);
        let own: Vec<f64> = expanded.origin.iter().map(|&row| targets[row]).collect();
        let fit = StageFit { table: &self.table, columns: columns(&self.table, job.input), trees, objective, correction, seed };
        fit.fit(&expanded, &own, &mut |_| self.tree_done())
    }

    fn tree_done(&self) -> ControlFlow<()> {
        let done = self.trees_done.fetch_add(1, Ordering::Relaxed) + 1;
        self.progress.report("fitting trees", done, self.trees_in_all)
    }

    fn held_out(&self, draw: &Draw, stages: &[FoldStages]) -> HeldOut {
        let parts: Vec<HeldOut> = stages
            .par_iter()
            .enumerate()
            .with_max_len(1)
            .map(|(fold, stages)| HeldOut::estimate(&self.table, draw, &self.folds, fold, stages))
            .collect();
        HeldOut::join(parts)
    }

    /// The spread without each fold, and on all folds at the end.
    fn spreads(&self, masked: &HeldOut) -> Result<Vec<FittedStage>, FitError> {
        let parts: Vec<Option<usize>> = (0..self.settings.folds).map(Some).chain([None]).collect();
        let fit = |without: &Option<usize>| spread::fit(&self.table, masked, *without, self.settings, &mut |_| self.tree_done());
        parts.par_iter().with_max_len(1).map(fit).collect()
    }

    /// The calibration by all folds, or all but one.
    fn calibrated(&self, masked: &HeldOut, log_spread: &[f64], without: Option<usize>) -> Calibration {
        let keep = |index: usize| Some(masked.folds[index]) != without;
        let calibration = Calibration::fit(masked.scores(log_spread, keep));
        let sites = Trainable::of(self.table.dataset).sites;
        if sites < FEW_TRAINING_SITES { calibration.of_few_sites(&masked.sites(&self.table, keep)) } else { calibration }
    }

    fn finish(
        &self,
        mut fitted: BTreeMap<Job, FittedStage>,
        (observed, masked): (&HeldOut, &HeldOut),
        mut spreads: Vec<FittedStage>,
        visits_offsets: VisitsOffsets,
    ) -> Result<Trained, FitError> {
        let spread = spreads.pop().expect("one spread for each fold and one for all");
        let log_spreads = |held_out: &HeldOut| cross_predict(held_out, &spreads);
        let (of_observed, of_masked) = (log_spreads(observed), log_spreads(masked));
        let calibrated = |without: Option<usize>| self.calibrated(masked, &of_masked, without);
        let calibration = calibrated(None);
        let calibrations: Vec<Calibration> = (0..self.settings.folds).map(|fold| calibrated(Some(fold))).collect();
        let months = Months::new(&self.table, masked, &of_masked);
        let levels: Vec<SiteLevels> = (0..self.settings.folds).map(|fold| months.levels(Some(fold))).collect();
        let mut trees = BTreeMap::from([("spread".to_owned(), spread.text)]);
        let schema = &self.table.schema;
        let mut stage_of = |input: Option<InputId>| {
            let fitted = fitted.remove(&Job { input, without: None })?;
            trees.insert(schema.stage_name(input), fitted.text);
            Some(fitted.stage)
        };
        let parts = Parts {
            schema: Arc::clone(schema),
            mean_log_visits: self.table.mean_log_visits(),
            ratio: stage_of(None).expect("the ratio was fitted on all rows"),
            spread: spread.stage,
            fills: schema.ranges.ids().map(|id| stage_of(Some(id))).collect(),
            visits_offsets,
            calibration,
            site_levels: months.levels(None),
            baselines: Baselines::fit(self.table.dataset.records()),
        };
        let of_masked = masked.judged(&of_masked, &calibrations, LEVEL);
        let judgement = Judgement {
            observed: observed.judged(&of_observed, &calibrations, LEVEL),
            by_month: months.judged(&of_masked, &levels, LEVEL),
            masked: of_masked,
        };
        let freezing = Freezing {
            table: &self.table,
            settings: self.settings,
            tuning: self.tuning.as_ref(),
            continuations: 0,
            earlier: Seen::default(),
        };
        Ok(freezing.freeze(parts, &trees, observed, masked, &judgement))
    }
}

/// Each held-out row's expected spread, by the stage that never saw its fold.
fn cross_predict(held_out: &HeldOut, spreads: &[FittedStage]) -> Vec<f64> {
    let mut predicted = vec![0.0; held_out.len()];
    for (fold, spread) in spreads.iter().enumerate() {
        let rows: Vec<usize> = (0..held_out.len()).filter(|&index| held_out.folds[index] == fold).collect();
        for (&row, value) in rows.iter().zip(spread.stage.predict(&held_out.block.take(&rows))) {
            predicted[row] = value;
        }
    }
    predicted
}
