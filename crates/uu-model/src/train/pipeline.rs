//! The order of a training's steps.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use uu_core::Rules;
use uu_data::{Dataset, site_hash};
use uu_lightgbm::Objective;

use super::fit::{FittedStage, StageFit, columns};
use super::held_out::{Draw, FoldStages, HeldOut, as_observed, every_pattern};
use super::lesson::Lesson;
use super::masking::{self, Masking};
use super::settings::{HUBER_ALPHA, TrainSettings};
use super::site_levels::Months;
use super::table::Table;
use super::tuned::tuned;
use super::{FitError, Progress, TrainReport, Trained, spread};
use crate::artifact;
use crate::baselines::Baselines;
use crate::calibration::Calibration;
use crate::evaluation::{Evaluation, Group, Judged, Sorted, falling_steps};
use crate::input::{Pattern, VISITS, numeric_field};
use crate::model::{About, MODEL_SECTION, Model, Parts, REPORT_SECTION, SITES_SECTION, TREES_SECTION, UNNAMED_SOURCE};
use crate::site_level::SiteLevels;
use crate::tuning::Tuning;
use crate::visits_offsets::VisitsOffsets;

/// Level of the intervals that the report judges.
const LEVEL: f64 = 0.9;

/// Trains a model on cleaned data.
///
/// The same rows, settings and release give the same artifact, byte for byte, whatever the number of threads and the order in which
/// the rows came.
///
/// **Errors**: [`FitError`]; nothing is kept of a training that did not end well.
pub fn train(dataset: &Dataset, rules: &Rules, settings: &TrainSettings, progress: &dyn Progress) -> Result<Trained, FitError> {
    check(settings)?;
    threads(settings)?.install(|| {
        if settings.trials == 0 {
            return Training::new(dataset, rules, settings, progress)?.run();
        }
        let (tuned, tuning) = tuned(dataset, rules, settings, progress)?;
        Training { tuning: Some(tuning), ..Training::new(dataset, rules, &tuned, progress)? }.run()
    })
}

/// The threads of a training.
pub(super) fn threads(settings: &TrainSettings) -> Result<rayon::ThreadPool, FitError> {
    Ok(rayon::ThreadPoolBuilder::new().num_threads(settings.threads.unwrap_or(0)).build()?)
}

pub(super) fn check(settings: &TrainSettings) -> Result<(), FitError> {
    let threads = settings.threads.unwrap_or(1);
    let faults = [
        ("folds", "2 to 20", settings.folds.to_string(), (2..=20).contains(&settings.folds)),
        ("trials", "0 to 1000", settings.trials.to_string(), settings.trials <= 1_000),
        ("copies", "0 to 8", settings.copies.to_string(), settings.copies <= 8),
        ("threads", "1 to 256", threads.to_string(), (1..=256).contains(&threads)),
        (
            "copy_weight",
            "above 0 and at most 1",
            settings.copy_weight.to_string(),
            settings.copy_weight > 0.0 && settings.copy_weight <= 1.0,
        ),
    ];
    match faults.into_iter().find(|(_, _, _, good)| !good) {
        Some((name, expected, found, _)) => Err(FitError::Setting { name, expected, found }),
        None => Ok(()),
    }
}

/// One regression to be fitted: which target, and which fold it must not see.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Job {
    /// The numeric input to be predicted; `None` for the ratio.
    pub(super) input: Option<usize>,
    pub(super) without: Option<usize>,
}

/// Held-out rows beside the truth.
struct Judgement {
    observed: Vec<Judged>,
    masked: Vec<Judged>,
    by_month: Vec<Group>,
}

pub(super) struct Training<'a> {
    pub(super) table: Table<'a>,
    rules: &'a Rules,
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
        rules: &'a Rules,
        settings: &'a TrainSettings,
        progress: &'a dyn Progress,
    ) -> Result<Self, FitError> {
        let table = Table::new(dataset)?;
        let folds = dataset.site_folds(settings.folds, settings.seed);
        let labelled = table.labelled();
        if let Some(fold) = (0..settings.folds).find(|fold| !labelled.iter().any(|&row| folds[row] == *fold)) {
            return Err(FitError::EmptyFold { fold, folds: settings.folds });
        }
        let mut training = Self { table, rules, settings, progress, folds, tuning: None, trees_done: AtomicU64::new(0), trees_in_all: 0 };
        let of_job = |job: &Job| {
            training.trees_of(job.input).num_iterations + training.correction_of(*job).map_or(0, |more| more.trees.num_iterations)
        };
        let of_jobs: u64 = training.jobs().iter().map(|job| u64::from(of_job(job))).sum();
        training.trees_in_all = of_jobs + (settings.folds as u64 + 1) * u64::from(settings.spread.num_iterations);
        Ok(training)
    }

    fn run(&self) -> Result<Trained, FitError> {
        let jobs = self.jobs();
        // The largest first, so that no thread is left with one at the end.
        let fitted: Vec<(Job, FittedStage)> =
            jobs.par_iter().with_max_len(1).map(|job| Ok((*job, self.fit(*job)?))).collect::<Result<_, FitError>>()?;
        let mut fitted: BTreeMap<Job, FittedStage> = fitted.into_iter().collect();
        let stages: Vec<FoldStages> = (0..self.settings.folds)
            .map(|fold| {
                let mut take = |input| fitted.remove(&Job { input, without: Some(fold) }).map(|fitted| fitted.stage);
                FoldStages { ratio: take(None).expect("the ratio was fitted without each fold"), visits: take(Some(VISITS)) }
            })
            .collect();
        let mut observed = self.held_out(&as_observed(&self.table), &stages);
        let mut masked = self.held_out(&every_pattern(&self.table), &stages);
        let offsets = masked.offsets(|_| true);
        let of_others: Vec<_> = (0..self.settings.folds).map(|fold| masked.offsets(|index| masked.folds[index] != fold)).collect();
        [&mut observed, &mut masked].into_iter().for_each(|held_out| held_out.move_to_the_middle(&of_others));
        let spreads = self.spreads(&masked)?;
        self.finish(fitted, (&observed, &masked), spreads, offsets)
    }

    /// All regressions but the spread's: the ratio and visits without each fold and on all rows, the other inputs on all rows.
    fn jobs(&self) -> Vec<Job> {
        // Where nothing else was learned, there is nothing to fill an input from.
        let learned = |index: &usize| self.table.ranges[*index].is_some() && !columns(&self.table, Some(*index)).is_empty();
        let parts = || (0..self.settings.folds).map(Some).chain([None]);
        let ratio = parts().map(|without| Job { input: None, without });
        let visits = parts().filter(|_| learned(&VISITS)).map(|without| Job { input: Some(VISITS), without });
        let others = (0..self.table.ranges.len()).filter(|index| *index != VISITS && learned(index));
        let others = others.map(|index| Job { input: Some(index), without: None });
        ratio.chain(visits).chain(others).collect()
    }

    fn trees_of(&self, input: Option<usize>) -> &'a super::TreeSettings {
        match input {
            None => &self.settings.ratio,
            Some(VISITS) => &self.settings.visits,
            Some(_) => &self.settings.fill,
        }
    }

    fn correction_of(&self, job: Job) -> Option<&'a super::Correction> {
        (job.input.is_none() && self.settings.correction.weight > 0.0).then_some(&self.settings.correction)
    }

    pub(super) fn fit(&self, job: Job) -> Result<FittedStage, FitError> {
        let Lesson { rows, targets } = Lesson::of(&self.table, job.input, |row| job.without != Some(self.folds[*row]));
        let seed = site_hash("stage", self.settings.seed ^ job.input.map_or(0, |index| index as u64 + 1));
        // A fill is only ever asked of rows with something missing, so its copies count for more.
        let weight = if job.input.is_some() { self.settings.fill_copy_weight } else { self.settings.copy_weight };
        let most = if job.input == Some(VISITS) { self.settings.visits_copies } else { self.settings.copies };
        let copies = masking::copies(self.table.labelled().len(), most);
        let masking = Masking { copies, weight, hidden: job.input, seed };
        let expanded = masking.expand(&self.table, &rows);
        let own: Vec<f64> = expanded.origin.iter().map(|&row| targets[row]).collect();
        let fit = StageFit {
            table: &self.table,
            columns: columns(&self.table, job.input),
            trees: self.trees_of(job.input),
            // Where visits are filled, what is unknown is large, and the tails must not be given up for the middle.
            objective: if job.input == Some(VISITS) { Objective::Huber { alpha: HUBER_ALPHA } } else { Objective::L1 },
            correction: self.correction_of(job),
            seed,
        };
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
        let calibration = Calibration::fit(masked.scores(&of_masked, |_| true));
        let calibrations: Vec<Calibration> =
            (0..self.settings.folds).map(|fold| Calibration::fit(masked.scores(&of_masked, |index| masked.folds[index] != fold))).collect();
        let months = Months::new(&self.table, masked, &of_masked);
        let levels: Vec<SiteLevels> = (0..self.settings.folds).map(|fold| months.levels(Some(fold))).collect();
        let mut trees = BTreeMap::from([("spread".to_owned(), spread.text)]);
        let mut stage_of = |input: Option<usize>| {
            let fitted = fitted.remove(&Job { input, without: None })?;
            let name = input.map_or("ratio".to_owned(), |index| numeric_field(index, self.table.dataset.extras()).column().to_owned());
            trees.insert(name, fitted.text);
            Some(fitted.stage)
        };
        let parts = Parts {
            rules: Rules { extras: self.table.dataset.extras().to_vec(), ..self.rules.clone() },
            sources: self.table.sources.clone(),
            ranges: self.table.ranges.clone(),
            learned_category: self.table.learned_category,
            suffixes: self.table.suffixes.clone(),
            mean_log_visits: self.table.mean_log_visits(),
            ratio: stage_of(None).expect("the ratio was fitted on all rows"),
            spread: spread.stage,
            fills: (0..self.table.ranges.len()).map(|index| stage_of(Some(index))).collect(),
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
        Ok(self.freeze(parts, &trees, observed, masked, &judgement))
    }

    fn freeze(
        &self,
        parts: Parts,
        trees: &BTreeMap<String, String>,
        observed: &HeldOut,
        masked: &HeldOut,
        judgement: &Judgement,
    ) -> Trained {
        let sections = [
            (MODEL_SECTION, postcard::to_stdvec(&parts).expect("the parts are numbers, texts and lists")),
            (TREES_SECTION, compressed(&serde_json::to_vec(trees).expect("texts by name"))),
            (SITES_SECTION, self.sites()),
        ];
        let model = Model::new(self.about(&parts), parts);
        let evaluation = self.evaluation(&model, observed, masked, judgement);
        let about = About {
            median_ape: evaluation.overall.errors.median_ape,
            rmsle: evaluation.overall.errors.rmsle,
            coverage: evaluation.overall.intervals.coverage,
            ..model.about().clone()
        };
        let report =
            TrainReport { settings: TrainSettings { threads: None, ..self.settings.clone() }, tuning: self.tuning.clone(), evaluation };
        let report_bytes = compressed(&serde_json::to_vec(&report).expect("figures by name"));
        let [model, trees, sites] = sections;
        let artifact = artifact::write(&about, &[model, trees, sites, (REPORT_SECTION, report_bytes)]);
        Trained { artifact, about, report }
    }

    fn evaluation(&self, model: &Model, observed: &HeldOut, masked: &HeldOut, judgement: &Judgement) -> Evaluation {
        let mut by_mask: BTreeMap<Pattern, Vec<Judged>> = BTreeMap::new();
        for (pattern, judged) in masked.patterns.iter().zip(&judgement.masked) {
            by_mask.entry(*pattern).or_default().push(*judged);
        }
        let by_mask = by_mask.into_iter().filter_map(|(pattern, judged)| Group::of(pattern.name(), &judged)).collect();
        let records: Vec<_> = observed.rows.iter().map(|&row| self.table.dataset.records()[row].clone()).collect();
        let steps = falling_steps(model, &records);
        let sorted = Sorted { records: &records, judged: &judgement.observed, patterns: &observed.patterns };
        let evaluation = sorted.evaluation(LEVEL, by_mask, model.baselines(), steps).expect("a training has labelled rows");
        Evaluation { by_known_months: judgement.by_month.clone(), ..evaluation }
    }

    fn about(&self, parts: &Parts) -> About {
        let records = self.table.dataset.records();
        let stages = [&parts.ratio, &parts.spread].into_iter().chain(parts.fills.iter().flatten());
        About {
            product_version: env!("CARGO_PKG_VERSION").to_owned(),
            rows: records.len(),
            labelled_rows: self.table.labelled().len(),
            sites: self.sites_of_rows().len(),
            sources: self.table.sources.iter().map(|name| name.clone().unwrap_or_else(|| UNNAMED_SOURCE.to_owned())).collect(),
            data_fingerprint: self.table.fingerprint(),
            seed: self.settings.seed,
            trees: stages.map(|stage| stage.forest.num_trees()).sum(),
            ..About::default()
        }
    }

    /// Hashes of the sites, sorted: whether a site was trained on can be told later, which sites they were cannot.
    fn sites(&self) -> Vec<u8> {
        self.sites_of_rows().into_iter().flat_map(u64::to_le_bytes).collect()
    }

    fn sites_of_rows(&self) -> BTreeSet<u64> {
        self.table.dataset.records().iter().filter_map(|record| record.site.as_deref()).map(|site| site_hash(site, 0)).collect()
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

fn compressed(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 9).expect("compressing from memory to memory cannot fail")
}
