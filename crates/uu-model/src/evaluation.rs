//! How good a model is, overall and by group.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uu_core::stats::{ErrorMetrics, IntervalMetrics};
use uu_core::{Record, UniqueUsers, Visits};

use crate::baselines::Baselines;
use crate::estimate::{Estimate, EstimateOptions};
use crate::model::Model;
use crate::pattern::Pattern;

/// All figures of a model on labelled rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Level of the intervals that were judged.
    pub level: f64,
    /// All rows, inputs as observed.
    pub overall: Group,
    /// Rows by the pattern of their known inputs.
    pub by_pattern: Vec<Group>,
    /// For each pattern of inputs, every row that knows at least those, with all others hidden.
    pub by_mask: Vec<Group>,
    /// Rows by tenths of true unique users, the smallest first.
    pub by_size: Vec<Group>,
    /// Rows by top category.
    pub by_category: Vec<Group>,
    /// Rows by source.
    pub by_source: Vec<Group>,
    /// Months of sites that have several, each alone and with the users of the others known; empty where the model has no site levels.
    #[serde(default)]
    pub by_known_months: Vec<Group>,
    /// The simple estimates on the rows they can answer.
    pub baselines: Vec<Baseline>,
    /// Share of rows whose estimate falls by over 2 % when visits grow by 10 %; `None` where no visits are known.
    pub falling_steps: Option<f64>,
}

/// Figures of one group of rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// The group.
    pub name: String,
    /// Errors of the points.
    pub errors: ErrorMetrics,
    /// Coverage and width of the intervals.
    pub intervals: IntervalMetrics,
}

/// Figures of a simple estimate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// Its name.
    pub name: String,
    /// Its errors.
    pub errors: ErrorMetrics,
}

/// One estimate beside the truth.
#[derive(Clone, Copy, Debug)]
pub struct Judged {
    /// Known unique users.
    pub actual: f64,
    /// The estimate.
    pub point: f64,
    /// Its interval.
    pub interval: (f64, f64),
}

impl Judged {
    fn of(record: &Record, estimate: &Estimate) -> Option<Self> {
        let actual = record.unique_users?.get();
        Some(Self { actual, point: estimate.point, interval: (estimate.low, estimate.high) })
    }
}

/// Judges `model` on the labelled ones of `records`; `None` where there is none.
#[must_use]
pub fn evaluate(model: &Model, records: &[Record], level: f64) -> Option<Evaluation> {
    let labelled: Vec<Record> = records.iter().filter(|record| record.unique_users.is_some()).cloned().collect();
    // A known label bounds unknown visits from below: the estimate that is judged must not see it.
    let without_label = |record: &Record| Record { unique_users: None, ..record.clone() };
    let options = EstimateOptions { level, explain: false };
    let judge = |estimates: &[Estimate], records: &[Record]| -> Vec<Judged> {
        records.iter().zip(estimates).filter_map(|(record, estimate)| Judged::of(record, estimate)).collect()
    };
    let shown: Vec<Record> = labelled.iter().map(without_label).collect();
    let as_observed = judge(&model.estimate(&shown, options), &labelled);
    let patterns: Vec<Pattern> = labelled.iter().map(|record| model.pattern_of(record)).collect();
    let by_mask = model.learned().subsets().filter_map(|mask| {
        let knowing = |rows: &[Record]| -> Vec<Record> {
            rows.iter().zip(&patterns).filter(|(_, pattern)| pattern.contains(mask)).map(|(record, _)| record.clone()).collect()
        };
        Group::of(mask.name(), &judge(&model.estimate_showing(&knowing(&shown), mask, options), &knowing(&labelled)))
    });
    let by_mask = by_mask.collect();
    let falling_steps = falling_steps(model, &labelled);
    let judged = Sorted { records: &labelled, judged: &as_observed, patterns: &patterns };
    judged.evaluation(level, by_mask, model.baselines(), falling_steps)
}

/// Judged rows with what they are grouped by.
pub struct Sorted<'a> {
    /// The rows.
    pub records: &'a [Record],
    /// Each row's estimate beside the truth.
    pub judged: &'a [Judged],
    /// Which inputs each row knows.
    pub patterns: &'a [Pattern],
}

impl Sorted<'_> {
    /// Puts the groups together; `None` where there is no row.
    pub fn evaluation(&self, level: f64, by_mask: Vec<Group>, baselines: &Baselines, falling_steps: Option<f64>) -> Option<Evaluation> {
        Some(Evaluation {
            level,
            overall: Group::of("all".to_owned(), self.judged)?,
            by_pattern: self.grouped(|index| Some(self.patterns[index].name())),
            by_mask,
            by_size: self.by_size(),
            by_category: self.grouped(|index| self.records[index].category.map(|category| category.top().path().to_owned())),
            by_source: self.grouped(|index| self.records[index].source.as_deref().map(str::to_owned)),
            by_known_months: Vec::new(),
            baselines: self.baselines(baselines),
            falling_steps,
        })
    }

    fn grouped(&self, name_of: impl Fn(usize) -> Option<String>) -> Vec<Group> {
        let mut groups: BTreeMap<String, Vec<Judged>> = BTreeMap::new();
        for (index, judged) in self.judged.iter().enumerate() {
            if let Some(name) = name_of(index) {
                groups.entry(name).or_default().push(*judged);
            }
        }
        groups.into_iter().filter_map(|(name, judged)| Group::of(name, &judged)).collect()
    }

    fn by_size(&self) -> Vec<Group> {
        let mut sorted = self.judged.to_vec();
        sorted.sort_by(|a, b| a.actual.total_cmp(&b.actual));
        let tenth = |index: usize| index * sorted.len() / 10;
        let group = |index: usize| {
            let rows = &sorted[tenth(index)..tenth(index + 1)];
            let (first, last) = (rows.first()?.actual, rows.last()?.actual);
            Group::of(format!("{first:.0} to {last:.0}"), rows)
        };
        (0..10).filter_map(group).collect()
    }

    fn baselines(&self, baselines: &Baselines) -> Vec<Baseline> {
        let mut compared: BTreeMap<usize, (&'static str, Vec<f64>, Vec<f64>)> = BTreeMap::new();
        for (record, judged) in self.records.iter().zip(self.judged) {
            for (index, (name, estimate)) in baselines.estimate(record).into_iter().enumerate() {
                let Some(estimate) = estimate else { continue };
                let (_, actual, estimated) = compared.entry(index).or_insert((name, Vec::new(), Vec::new()));
                actual.push(judged.actual);
                estimated.push(estimate);
            }
        }
        let figures = compared.into_values().filter_map(|(name, actual, estimated)| {
            Some(Baseline { name: name.to_owned(), errors: ErrorMetrics::of(&actual, &estimated)? })
        });
        figures.collect()
    }
}

impl Group {
    /// Metrics of a group; `None` where it has no row.
    #[must_use]
    pub fn of(name: String, judged: &[Judged]) -> Option<Self> {
        let actual: Vec<f64> = judged.iter().map(|judged| judged.actual).collect();
        let points: Vec<f64> = judged.iter().map(|judged| judged.point).collect();
        let intervals: Vec<(f64, f64)> = judged.iter().map(|judged| judged.interval).collect();
        Some(Self { name, errors: ErrorMetrics::of(&actual, &points)?, intervals: IntervalMetrics::of(&actual, &points, &intervals)? })
    }
}

/// Rows that are enough to tell a share to within a tenth of a percent.
const STEPS_JUDGED: usize = 20_000;

/// Share of rows whose estimate falls by over 2 % when visits grow by 10 %.
pub fn falling_steps(model: &Model, records: &[Record]) -> Option<f64> {
    let with_visits = records.iter().filter(|record| record.visits.is_some_and(|visits| visits.get() > 0.0));
    let before: Vec<Record> =
        with_visits.take(STEPS_JUDGED).map(|record| Record { unique_users: None::<UniqueUsers>, ..record.clone() }).collect();
    let grown =
        |record: &Record| Record { visits: record.visits.and_then(|visits| Visits::new(visits.get() * 1.1).ok()), ..record.clone() };
    let after: Vec<Record> = before.iter().map(grown).collect();
    let options = EstimateOptions::default();
    let points = |records: &[Record]| -> Vec<f64> { model.estimate(records, options).iter().map(|estimate| estimate.point).collect() };
    let falling = points(&before).iter().zip(points(&after)).filter(|(before, after)| *after < **before * 0.98).count();
    (!before.is_empty()).then(|| falling as f64 / before.len() as f64)
}
