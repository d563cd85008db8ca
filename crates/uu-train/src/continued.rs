//! Continuing a champion: new trees on top of its own, instead of all trees anew.
//!
//! The champion's predictions are where the new trees start. Its columns, its encoders, its taxonomy and its suffixes stay as they are,
//! so the artifact is of the same format, and data with anything it never learned are refused. The new trees, a fifth of those of a
//! training from scratch, learn from the rows that are new to the champion and from a sample of the old ones: from new rows alone they
//! would forget the old world.
//!
//! **What is honest.** The champion's trees have seen the labels of its sites, in whatever month, so nothing of them can be held out
//! any more. Held-out estimates are those of sites that are new, each by the champion with new trees that were fitted without its
//! fold. All figures and all calibration come from them.
//!
//! **Calibration.** Where a pattern has 1,000 held-out rows of new sites, they calibrate it alone. Where it has fewer, the champion's
//! distribution of scores makes up what is missing, in proportion: a pattern of which no new row can tell keeps the champion's. New
//! sites may be of another kind than the old, and then intervals on old sites are theirs too; the gate measures both together. The
//! spread, the level of sites and where explanations start from stay the champion's: new sites are too few to learn them anew.
//!
//! Measured on the generated sample, fresh sites: the tests of `tests/continuation.rs` hold the coverage to 88 to 92 %.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use uu_core::Rules;
use uu_core::stats::site_hash;
use uu_data::Dataset;
use uu_model::Baselines;
use uu_model::components::{Calibration, InputId, Parts, Stage};

use super::continuation::{Champion, ContinueError, honest_rows};
use super::coverage::LEVEL;
use super::fit::FittedStage;
use super::freezing::{Freezing, Judgement};
use super::held_out::{Draw, FoldStages, HeldOut, as_observed, every_pattern};
use super::lesson::Lesson;
use super::onward::StageOnward;
use super::plan::Plan;
use super::settings::{Correction, TrainSettings, TreeSettings, check};
use super::table::Table;
use super::{FitError, Progress, Trained};

/// The share of a training's trees that a continuation adds.
const TREES_SHARE: u32 = 5;

/// Old rows that are replayed for each new one. Old and new then weigh alike where the champion had seen many; twice as many hold the
/// new back.
const REPLAYED_PER_NEW_ROW: usize = 1;

/// Old rows that are replayed at least, where there are so many: with fewer, a handful of new rows would bend the trees for all.
const LEAST_REPLAYED: usize = 5_000;

/// Continues `champion`, an artifact, on cleaned data: rows it was trained on, as far as they are still there, and new ones.
///
/// The same champion, rows, settings and release give the same artifact, byte for byte, whatever the number of threads.
///
/// **Errors**: [`ContinueError`]; what is left then is to fit from scratch.
pub fn train_continued(
    champion: &[u8],
    dataset: &Dataset,
    rules: &Rules,
    settings: &TrainSettings,
    progress: &dyn Progress,
) -> Result<Trained, ContinueError> {
    check(settings)?;
    let fewer = fewer_trees(settings);
    let champion = Champion::open(champion)?;
    let table = champion.read(dataset, rules)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(settings.threads.unwrap_or(0)).build().map_err(FitError::from)?;
    pool.install(|| {
        let of_seen_sites = champion.of_seen_sites(&table);
        let seen_rows = champion.seen_rows(&table, &of_seen_sites);
        let honest = honest_rows(&table, &of_seen_sites, &seen_rows)?;
        let folds = dataset.site_folds(settings.folds, settings.seed);
        if (0..settings.folds).any(|fold| !honest.iter().any(|&row| folds[row] == fold)) {
            let sites = honest.iter().map(|&row| table.site(row)).collect::<BTreeSet<u64>>().len();
            return Err(FitError::EmptyFold { sites, folds: settings.folds }.into());
        }
        let taught = taught(&table, &seen_rows);
        let trees_done = AtomicU64::new(0);
        let onward = Onward { champion: &champion, table: &table, settings: &fewer, progress, folds, of_seen_sites, taught, trees_done };
        let continued = onward.run(honest)?;
        Ok(finish(champion, &table, continued, settings))
    })
}

fn fewer_trees(settings: &TrainSettings) -> TrainSettings {
    let fewer = |trees: &TreeSettings| TreeSettings { num_iterations: (trees.num_iterations / TREES_SHARE).max(1), ..trees.clone() };
    TrainSettings {
        ratio: fewer(&settings.ratio),
        visits: fewer(&settings.visits),
        fill: fewer(&settings.fill),
        correction: Correction { trees: fewer(&settings.correction.trees), ..settings.correction.clone() },
        ..settings.clone()
    }
}

/// Which rows the new trees learn from: all that are new, and a sample of the others.
fn taught(table: &Table<'_>, seen: &[bool]) -> Vec<bool> {
    let new = seen.iter().filter(|seen| !**seen).count();
    let mut old: Vec<usize> = (0..seen.len()).filter(|&row| seen[row]).collect();
    old.sort_by_key(|&row| (site_hash("replay", table.keys[row]), row));
    old.truncate((new * REPLAYED_PER_NEW_ROW).max(LEAST_REPLAYED));
    let mut taught: Vec<bool> = seen.iter().map(|seen| !seen).collect();
    old.into_iter().for_each(|row| taught[row] = true);
    taught
}

/// One stage to be continued, and the fold it must not see.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Job {
    input: Option<InputId>,
    without: Option<usize>,
}

/// A continuation under way.
struct Onward<'a> {
    champion: &'a Champion,
    table: &'a Table<'a>,
    settings: &'a TrainSettings,
    progress: &'a dyn Progress,
    folds: Vec<usize>,
    of_seen_sites: Vec<bool>,
    taught: Vec<bool>,
    trees_done: AtomicU64,
}

impl<'a> Onward<'a> {
    fn run(self, honest: Vec<usize>) -> Result<Continued, FitError> {
        let jobs = self.jobs();
        let trees_in_all = jobs.iter().map(|job| self.trees_of(*job)).sum();
        let fit = |job: &Job| Ok((*job, self.fit(*job, trees_in_all)?));
        let fitted: Vec<(Job, FittedStage)> = jobs.par_iter().with_max_len(1).map(fit).collect::<Result<_, FitError>>()?;
        let mut fitted: BTreeMap<Job, FittedStage> = fitted.into_iter().collect();
        let mut folds_stages = |fold| {
            let mut take = |input| fitted.remove(&Job { input, without: Some(fold) }).map(|fitted| fitted.stage);
            FoldStages { ratio: take(None).expect("the ratio was continued without each fold"), visits: take(Some(InputId::VISITS)) }
        };
        let stages: Vec<FoldStages> = (0..self.settings.folds).map(&mut folds_stages).collect();
        let mut masked = self.held_out(&every_pattern(self.table, &honest), &stages);
        let mut observed = self.held_out(&as_observed(self.table, honest), &stages);
        // What filled visits are moved by stays the champion's, as its spread does.
        let offsets = vec![self.champion.parts.visits_offsets.clone(); self.settings.folds];
        [&mut observed, &mut masked].into_iter().for_each(|held_out| held_out.move_to_the_middle(&offsets));
        let fitted = fitted.into_iter().map(|(job, fitted)| (job.input, fitted)).collect();
        Ok(Continued { fitted, observed, masked })
    }

    /// The ratio and visits without each fold and on all rows, the other inputs on all rows; what the champion fills with a constant
    /// stays so.
    fn jobs(&self) -> Vec<Job> {
        let parts = || (0..self.settings.folds).map(Some).chain([None]);
        let fills = self.champion.parts.fills.entries().filter(|(_, stage)| stage.is_some());
        let fills: Vec<InputId> = fills.map(|(id, _)| id).collect();
        let ratio = parts().map(|without| Job { input: None, without });
        let visits = parts().filter(|_| fills.contains(&InputId::VISITS)).map(|without| Job { input: Some(InputId::VISITS), without });
        let others = fills.iter().filter(|id| **id != InputId::VISITS).map(|id| Job { input: Some(*id), without: None });
        ratio.chain(visits).chain(others).collect()
    }

    fn trees_of(&self, job: Job) -> u64 {
        let Plan { trees, correction, .. } = self.settings.plan(job.input, 1);
        u64::from(trees.num_iterations) + correction.map_or(0, |more| u64::from(more.trees.num_iterations))
    }

    fn fit(&self, job: Job, trees_in_all: u64) -> Result<FittedStage, FitError> {
        // The sites of a fold are held out where they are new; the others' labels are in the champion's trees anyway.
        let seen = |row: &usize| self.taught[*row] && (self.of_seen_sites[*row] || job.without != Some(self.folds[*row]));
        let Lesson { rows, targets } = Lesson::of(self.table, job.input, seen);
        let (stage, name) = self.stage_of(job.input);
        if rows.is_empty() {
            return Ok(FittedStage { stage: stage.clone(), text: self.champion.trees[&name].clone() });
        }
        let labelled = self.table.labelled().into_iter().filter(|&row| self.taught[row]).count();
        let Plan { trees, objective, correction, masking, seed } = self.settings.plan(job.input, labelled);
        let seed = site_hash("continuation", seed ^ u64::from(self.champion.continuations + 1));
        let expanded = masking.expand(self.table, &rows);
        let own: Vec<f64> = expanded.origin.iter().map(|&row| targets[row]).collect();
        let (text, of_seen_sites) = (&self.champion.trees[&name], &self.of_seen_sites);
        let onward = StageOnward { stage, text, trees, objective, correction, seed, of_seen_sites };
        onward.fit(&expanded, &own, &mut |_| self.tree_done(trees_in_all))
    }

    fn tree_done(&self, trees_in_all: u64) -> ControlFlow<()> {
        let done = self.trees_done.fetch_add(1, Ordering::Relaxed) + 1;
        self.progress.report("fitting trees", done, trees_in_all)
    }

    fn stage_of(&self, input: Option<InputId>) -> (&'a Stage, String) {
        let parts = &self.champion.parts;
        let stage = match input {
            None => Some(&parts.ratio),
            Some(id) => parts.fills[id].as_ref(),
        };
        (stage.expect("a job is of a stage that is there"), self.table.schema.stage_name(input))
    }

    fn held_out(&self, draw: &Draw, stages: &[FoldStages]) -> HeldOut {
        let parts = stages.par_iter().enumerate().with_max_len(1);
        HeldOut::join(parts.map(|(fold, stages)| HeldOut::estimate(self.table, draw, &self.folds, fold, stages)).collect())
    }
}

/// Fitted stages, by the input they predict, and what they were held against.
struct Continued {
    fitted: BTreeMap<Option<InputId>, FittedStage>,
    observed: HeldOut,
    masked: HeldOut,
}

/// Calibrates, judges and freezes.
fn finish(champion: Champion, table: &Table<'_>, continued: Continued, settings: &TrainSettings) -> Trained {
    let Continued { mut fitted, observed, masked } = continued;
    let Champion { parts, mut trees, seen, continuations } = champion;
    let (of_observed, of_masked) = (parts.spread.predict(&observed.block), parts.spread.predict(&masked.block));
    let calibrated = |without: Option<usize>| {
        let scores = masked.scores(&of_masked, |index| Some(masked.folds[index]) != without);
        parts.calibration.continued(scores)
    };
    let calibrations: Vec<Calibration> = (0..settings.folds).map(|fold| calibrated(Some(fold))).collect();
    let calibration = calibrated(None);
    let judgement = Judgement {
        observed: observed.judged(&of_observed, &calibrations, LEVEL),
        masked: masked.judged(&of_masked, &calibrations, LEVEL),
        by_month: Vec::new(),
    };
    let mut stage_of = |input: Option<InputId>| {
        let fitted = fitted.remove(&input)?;
        trees.insert(table.schema.stage_name(input), fitted.text);
        Some(fitted.stage)
    };
    let parts = Parts {
        schema: Arc::clone(&table.schema),
        ratio: stage_of(None).expect("the ratio was continued on all rows"),
        fills: parts.fills.into_entries().map(|(id, own)| stage_of(Some(id)).or(own)).collect(),
        calibration,
        baselines: Baselines::fit(table.dataset.records()),
        ..parts
    };
    let freezing = Freezing { table, settings, tuning: None, continuations: continuations + 1, earlier: seen };
    freezing.freeze(parts, &trees, &observed, &masked, &judgement)
}
