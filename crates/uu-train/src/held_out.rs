//! Estimates of sites by stages that never saw them, and how far off they were.

use std::collections::{BTreeMap, BTreeSet};

use uu_core::stats::site_hash;
use uu_core::{Record, UniqueUsers};
use uu_model::Pattern;
use uu_model::components::{Calibration, InputBlock, InputId, Judged, Score, Stage, VisitsOffsets, bounded_point, interval, whole_visits};

use super::HeldOutEstimate;
use super::table::Table;

/// Rows of one kind that a pattern is calibrated and judged on at most; more would add time and no certainty worth having.
const MAX_PER_PATTERN: usize = 10_000;

/// Rows that came with a pattern from which on they make at least half of its calibration; fewer make as much less.
///
/// What is missing is not missing by chance, so rows that came with a pattern err differently from rows of richer patterns with inputs
/// hidden. Half each keeps the interval honest for both; fewer rows would make its ends too uncertain.
const ENOUGH_FOR_HALF: f64 = 200.0;

/// Stages fitted without the sites of one fold.
pub(super) struct FoldStages {
    pub(super) ratio: Stage,
    pub(super) visits: Option<Stage>,
}

/// Held-out rows, each as its pattern shows it, with the estimate that was made of it.
pub(super) struct HeldOut {
    pub(super) block: InputBlock,
    /// The table's row each is.
    pub(super) rows: Vec<usize>,
    pub(super) patterns: Vec<Pattern>,
    pub(super) folds: Vec<usize>,
    pub(super) points: Vec<f64>,
    /// Whether the row came with that pattern, and nothing was hidden.
    came_so: Vec<bool>,
    pub(super) actual: Vec<f64>,
    pub(super) known_visits: Vec<Option<f64>>,
}

/// Rows, and as what pattern each is to be judged.
pub(super) type Draw = Vec<(usize, Pattern)>;

/// Each of the rows, with the inputs it has.
pub(super) fn as_observed(table: &Table<'_>, rows: Vec<usize>) -> Draw {
    rows.into_iter().map(|row| (row, table.patterns[row])).collect()
}

/// For every pattern that the rows can be reduced to, those that came with it and those that know more.
pub(super) fn every_pattern(table: &Table<'_>, rows: &[usize]) -> Draw {
    let observed: BTreeSet<Pattern> = rows.iter().map(|&row| table.patterns[row]).collect();
    let possible: BTreeSet<Pattern> = observed.iter().flat_map(|pattern| pattern.subsets()).collect();
    let mut draw = Vec::new();
    for pattern in possible {
        let containing = rows.iter().copied().filter(|&row| table.patterns[row].contains(pattern));
        let (own, richer): (Vec<usize>, Vec<usize>) = containing.partition(|&row| table.patterns[row] == pattern);
        let mut drawn = sampled(table, own, pattern);
        drawn.extend(sampled(table, richer, pattern));
        drawn.sort_unstable();
        draw.extend(drawn.into_iter().map(|row| (row, pattern)));
    }
    draw
}

fn sampled(table: &Table<'_>, mut rows: Vec<usize>, pattern: Pattern) -> Vec<usize> {
    if rows.len() > MAX_PER_PATTERN {
        rows.sort_by_key(|&row| (site_hash("calibration", table.keys[row] ^ u64::from(pattern.0)), row));
        rows.truncate(MAX_PER_PATTERN);
    }
    rows
}

impl HeldOut {
    /// Estimates the drawn rows of one fold by the stages that were fitted without it.
    pub(super) fn estimate(table: &Table<'_>, draw: &Draw, fold_of: &[usize], fold: usize, stages: &FoldStages) -> Self {
        let (rows, patterns): (Vec<usize>, Vec<Pattern>) = draw.iter().copied().filter(|(row, _)| fold_of[*row] == fold).unzip();
        let mut block = table.block.take(&rows);
        let came_so: Vec<bool> = rows.iter().zip(&patterns).map(|(&row, pattern)| table.patterns[row] == *pattern).collect();
        // A row that came so keeps what its pattern has no bit for: some of the extra inputs, where not all are known.
        for (index, pattern) in patterns.iter().enumerate().filter(|(index, _)| !came_so[*index]) {
            block.mask_row(index, *pattern);
        }
        let filled_visits = stages.visits.as_ref().map(|stage| stage.predict(&block));
        let usual = table.mean_log_visits();
        let visits_of = |index: usize| -> (Option<f64>, f64) {
            if block.numeric[InputId::VISITS][index].is_nan() {
                return (None, InputId::VISITS.unscaled(filled_visits.as_ref().map_or(usual, |filled| filled[index])));
            }
            let visits = record(table, rows[index]).visits.map_or(0.0, whole_visits);
            (Some(visits), visits)
        };
        let (known_visits, visits): (Vec<_>, Vec<_>) = (0..rows.len()).map(visits_of).unzip();
        let points = stages.ratio.predict(&block).into_iter().zip(visits).map(|(log_ratio, visits)| bounded_point(visits, log_ratio));
        Self {
            points: points.collect(),
            actual: rows.iter().map(|&row| record(table, row).unique_users.map_or(f64::NAN, UniqueUsers::get)).collect(),
            folds: vec![fold; rows.len()],
            known_visits,
            came_so,
            block,
            rows,
            patterns,
        }
    }

    /// Puts the folds' rows together.
    pub(super) fn join(parts: Vec<Self>) -> Self {
        let mut parts = parts.into_iter();
        let mut joined = parts.next().expect("at least two folds");
        for part in parts {
            joined.block.append(part.block);
            joined.rows.extend(part.rows);
            joined.patterns.extend(part.patterns);
            joined.folds.extend(part.folds);
            joined.points.extend(part.points);
            joined.came_so.extend(part.came_so);
            joined.actual.extend(part.actual);
            joined.known_visits.extend(part.known_visits);
        }
        joined
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Logarithm of the truth over the estimate.
    pub(super) fn residual(&self, index: usize) -> f64 {
        self.actual[index].ln() - self.points[index].ln()
    }

    /// The estimates, each with what its row and its site are told by.
    pub(super) fn estimates(&self, table: &Table<'_>) -> Vec<HeldOutEstimate> {
        let estimate = |index: usize| {
            let (row, site) = (table.keys[self.rows[index]], table.site(self.rows[index]));
            HeldOutEstimate { row, site, actual: self.actual[index], point: self.points[index] }
        };
        (0..self.len()).map(estimate).collect()
    }

    /// Moves the estimates of rows without visits to the middle of the truth: one offset for each fold, of the rows of the others.
    pub(super) fn move_to_the_middle(&mut self, offsets: &[VisitsOffsets]) {
        for index in 0..self.len() {
            let offset = offsets[self.folds[index]].of(self.patterns[index]);
            if self.known_visits[index].is_none() && offset != 0.0 {
                self.points[index] = (self.points[index] * offset.exp()).max(1.0);
            }
        }
    }

    /// How far the estimates of rows that `keep` names lie from the middle of the truth, by pattern; rows weigh as they do in [`HeldOut::scores`].
    pub(super) fn offsets(&self, keep: impl Fn(usize) -> bool) -> VisitsOffsets {
        let of_patterns = self.scores(&vec![0.0; self.len()], |index| self.known_visits[index].is_none() && keep(index));
        let pairs = |scores: Vec<Score>| scores.into_iter().map(|score| (score.value, score.weight)).collect();
        VisitsOffsets::fit(of_patterns.into_iter().map(|(pattern, scores)| (pattern, pairs(scores))).collect())
    }

    /// Residuals over their expected spread with their weights, by pattern, of the rows that `keep` names.
    pub(super) fn scores(&self, log_spread: &[f64], keep: impl Fn(usize) -> bool) -> BTreeMap<Pattern, Vec<Score>> {
        let mut scores: BTreeMap<Pattern, [Vec<f64>; 2]> = BTreeMap::new();
        for index in (0..self.len()).filter(|&index| keep(index)) {
            let of_pattern = scores.entry(self.patterns[index]).or_default();
            of_pattern[usize::from(self.came_so[index])].push(self.residual(index) / log_spread[index].exp());
        }
        scores.into_iter().map(|(pattern, [reduced, own])| (pattern, weighed(&reduced, &own))).collect()
    }

    /// How many sites the rows that `keep` names are of, by pattern; sites that have unequally many rows count as fewer (Kish's effective
    /// number).
    pub(super) fn sites(&self, table: &Table<'_>, keep: impl Fn(usize) -> bool) -> BTreeMap<Pattern, f64> {
        let mut rows: BTreeMap<Pattern, BTreeMap<u64, f64>> = BTreeMap::new();
        for index in (0..self.len()).filter(|&index| keep(index)) {
            *rows.entry(self.patterns[index]).or_default().entry(table.site(self.rows[index])).or_default() += 1.0;
        }
        let effective = |sites: BTreeMap<u64, f64>| {
            let (sum, squares) = sites.values().fold((0.0, 0.0), |(sum, squares), rows| (sum + rows, squares + rows * rows));
            sum * sum / squares
        };
        rows.into_iter().map(|(pattern, sites)| (pattern, effective(sites))).collect()
    }

    /// Each row beside the truth, with the interval that the calibration without its fold gives it.
    pub(super) fn judged(&self, log_spread: &[f64], calibrations: &[Calibration], level: f64) -> Vec<Judged> {
        let judge = |index: usize| {
            let bounds = calibrations[self.folds[index]].bounds(self.patterns[index], level);
            let point = self.points[index];
            Judged { actual: self.actual[index], point, interval: interval(point, self.known_visits[index], log_spread[index], bounds) }
        };
        (0..self.len()).map(judge).collect()
    }
}

/// Gives rows that came with the pattern their share; see [`ENOUGH_FOR_HALF`].
fn weighed(reduced: &[f64], own: &[f64]) -> Vec<Score> {
    let (of_reduced, of_own) = (reduced.len() as f64, own.len() as f64);
    let share = (of_own / ENOUGH_FOR_HALF / 2.0).min(0.5).max(of_own / (of_own + of_reduced));
    let weight = if of_reduced > 0.0 && share < 1.0 { share / (1.0 - share) * of_reduced / of_own.max(1.0) } else { 1.0 };
    let reduced = reduced.iter().map(|&value| Score { value, weight: 1.0 });
    reduced.chain(own.iter().map(|&value| Score { value, weight })).collect()
}

fn record<'a>(table: &Table<'a>, row: usize) -> &'a Record {
    &table.dataset.records()[row]
}
