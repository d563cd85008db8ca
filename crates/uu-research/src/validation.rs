//! The final validation: sites that nothing was decided on, and months that came later.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uu_core::stats::{ErrorMetrics, IntervalMetrics};
use uu_core::{Month, Record};
use uu_data::Dataset;
use uu_model::{Baselines, EstimateOptions, Evaluation, Model};

use crate::StudyError;
use crate::compare::{Entry, LEAST_ROWS, LEVEL, Teaching};
use crate::quantities::visits_per_user;
use crate::split::{Parts, count_sites};

/// Share of the labelled rows that the last months make, at least.
const LATER_SHARE: f64 = 0.15;

/// Rows of later months without which nothing is said of them.
const FEWEST_LATER_ROWS: usize = 30;

/// The section on the final validation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Validation {
    /// Labelled rows of the sites set aside.
    pub rows: usize,
    /// Their sites.
    pub sites: usize,
    /// Every model, fitted on the development sites, the lowest RMSLE first.
    pub leaderboard: Vec<Entry>,
    /// All figures of the chosen model.
    pub evaluation: Evaluation,
    /// Later months by a model of earlier ones; `None` where there are too few months.
    pub forward: Option<Forward>,
}

/// How a model of earlier months does on later ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forward {
    /// The first month that was judged; the training saw the months before it.
    pub from: String,
    /// Months that were judged.
    pub months: usize,
    /// Rows it was trained on.
    pub train_rows: usize,
    /// Groups of later rows.
    pub groups: Vec<ForwardGroup>,
}

/// Later rows of some sites.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForwardGroup {
    /// Which sites.
    pub name: String,
    /// Errors of the chosen model.
    pub errors: ErrorMetrics,
    /// Coverage and width of its 90 % intervals.
    pub intervals: IntervalMetrics,
    /// Errors of the simple estimates, fitted on the same earlier months.
    pub baselines: Vec<(String, ErrorMetrics)>,
}

/// The month from which on the last rows make up their share, if enough is left before it.
fn cut(dataset: &Dataset) -> Option<Month> {
    let mut counts: BTreeMap<Month, usize> = BTreeMap::new();
    for record in dataset.records().iter().filter(|record| visits_per_user(record).is_some()) {
        *counts.entry(record.month).or_default() += 1;
    }
    let total: usize = counts.values().sum();
    let mut later = 0;
    for (month, count) in counts.iter().rev() {
        later += count;
        if later as f64 >= total as f64 * LATER_SHARE {
            return (later >= FEWEST_LATER_ROWS && total - later >= LEAST_ROWS).then_some(*month);
        }
    }
    None
}

/// Rows that the training of [`forward`] is given; `None` where there are too few months.
pub(crate) fn earlier_months(development: &Dataset, most: usize, seed: u64) -> Option<(Month, Dataset)> {
    let development = development.some_sites(most, seed);
    let cut = cut(&development)?;
    Some((cut, development.subset(|_, record| record.month < cut)))
}

/// Trains on the earlier months and judges on the later ones.
///
/// **Errors**: the training failed, or the study was stopped.
pub(crate) fn forward((cut, earlier): &(Month, Dataset), parts: &Parts, teaching: Teaching<'_>) -> Result<Forward, StudyError> {
    let trained = teaching.train("forward in time", earlier, teaching.settings.threads)?;
    let model = Model::from_bytes(&trained.artifact)?;
    let baselines = Baselines::fit(earlier.records());
    let seen: BTreeSet<&str> = earlier.records().iter().filter_map(|record| record.site.as_deref()).collect();
    let later = |dataset: &Dataset, known: bool| -> Vec<Record> {
        let is_wanted = |record: &&Record| {
            record.month >= *cut
                && visits_per_user(record).is_some()
                && record.site.as_deref().is_some_and(|site| seen.contains(site)) == known
        };
        dataset.records().iter().filter(is_wanted).cloned().collect()
    };
    let groups = [
        ("sites it was trained on, later months", later(&parts.development, true)),
        ("sites it never saw, later months", [later(&parts.development, false), later(&parts.set_aside, false)].concat()),
    ];
    let months: BTreeSet<Month> = groups.iter().flat_map(|(_, records)| records.iter().map(|record| record.month)).collect();
    let judged = groups.into_iter().filter(|(_, records)| records.len() >= FEWEST_LATER_ROWS);
    Ok(Forward {
        from: cut.to_string(),
        months: months.len(),
        train_rows: earlier.len(),
        groups: judged.filter_map(|(name, records)| group(name, &records, &model, &baselines)).collect(),
    })
}

fn group(name: &str, records: &[Record], model: &Model, baselines: &Baselines) -> Option<ForwardGroup> {
    let actual: Vec<f64> = records.iter().filter_map(|record| Some(record.unique_users?.get())).collect();
    let shown: Vec<Record> = records.iter().map(|record| Record { unique_users: None, ..record.clone() }).collect();
    let estimates = model.estimate(&shown, EstimateOptions { level: LEVEL, explain: false });
    let points: Vec<f64> = estimates.iter().map(|estimate| estimate.point).collect();
    let intervals: Vec<(f64, f64)> = estimates.iter().map(|estimate| (estimate.low, estimate.high)).collect();
    let mut simple: BTreeMap<usize, (&str, Vec<f64>, Vec<f64>)> = BTreeMap::new();
    for (record, &actual) in shown.iter().zip(&actual) {
        for (index, (name, estimate)) in baselines.estimate(record).into_iter().enumerate() {
            let Some(estimate) = estimate else { continue };
            let (_, truths, estimates) = simple.entry(index).or_insert((name, Vec::new(), Vec::new()));
            truths.push(actual);
            estimates.push(estimate);
        }
    }
    let of_simple = |(name, actual, estimates): (&str, Vec<f64>, Vec<f64>)| Some((name.to_owned(), ErrorMetrics::of(&actual, &estimates)?));
    Some(ForwardGroup {
        name: name.to_owned(),
        errors: ErrorMetrics::of(&actual, &points)?,
        intervals: IntervalMetrics::of(&actual, &points, &intervals)?,
        baselines: simple.into_values().filter_map(of_simple).collect(),
    })
}

/// Sites of a data set, for the section.
pub(crate) fn labelled_sites(dataset: &Dataset) -> (usize, usize) {
    let labelled = dataset.subset(|_, record| record.unique_users.is_some());
    (labelled.len(), count_sites(labelled.records()))
}
