//! How far a challenger's estimates lie from those of the anchor, the version that an admin confirmed last.
//!
//! A challenger is compared with yesterday's champion, which was compared with that of the day before: a model may so walk anywhere in steps of which each
//! passes, and so may labels, where whoever sends them means it. The anchor does not move by itself. Whatever new rows say, a challenger that moves a
//! typical estimate by more than [`MOST_FACTOR`] waits for an admin.
//!
//! **What is compared.** Estimates, and no labels: no row that came since has a say. Each statistic bounds a factor, whichever way it goes:
//!
//! | of what | statistic | why |
//! | --- | --- | --- |
//! | ordinary requests: visits from 1,000 to 100 million, shallow to deep, of each source | the largest | where nothing is odd, two honest versions differ by a few percent (5 % at most, measured on halves of three data sets) |
//! | golden requests | nine of ten | at the edges honest versions differ by more, one of them by a factor of 1.6 |
//! | holdout sites that were known when the anchor was confirmed | three of four | single sites differ: a quarter by more than 15 %, on halves of the noisiest data set |
//! | the same by powers of ten of their visits | the median of each | a shift of one kind of site is no typical one for the others |

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uu_core::stats::median;
use uu_core::{AvgVisitDuration, BounceRate, Month, PagesPerVisit, Record, Visits};
use uu_data::Dataset;
use uu_model::{EstimateOptions, Model};

use super::Contender;
use super::golden::requests;
use super::sealed_rows::SealedRows;

/// How far a typical estimate may move from the anchor's without an admin.
pub const MOST_FACTOR: f64 = 1.25;

/// Shares of golden requests and of holdout sites that must lie within.
const GOLDEN_SHARE: f64 = 0.9;
const SITES_SHARE: f64 = 0.75;

/// Sites without which a statistic of sites is none.
const LEAST_SITES: usize = 20;

/// Sources whose ordinary requests are compared, beside those that name none.
const MOST_SOURCES: usize = 16;

const OPTIONS: EstimateOptions = EstimateOptions { level: 0.9, explain: false };

/// What a distance is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compared {
    /// The ordinary request that moved most.
    OrdinaryRequests,
    /// Nine of ten golden requests.
    GoldenRequests,
    /// Three of four holdout sites.
    HoldoutSites,
    /// The median of holdout sites with at least that many visits and less than ten times as many.
    HoldoutSitesWithVisits(u64),
}

/// A factor between estimates of the challenger and of the anchor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Distance {
    /// What it is of.
    pub of: Compared,
    /// Requests, or sites.
    pub count: usize,
    /// The challenger's estimate over the anchor's.
    pub factor: f64,
}

impl Distance {
    /// Whether an admin must say that it may be.
    #[must_use]
    pub fn is_too_far(&self) -> bool {
        // What is no number is no small factor.
        self.factor.is_nan() || self.factor.max(1.0 / self.factor) > MOST_FACTOR
    }
}

/// Compares `challenger` with `anchor` on fixed requests and on `untouched`, rows of sealed sites that were known when the anchor was confirmed.
#[must_use]
pub fn distances(anchor: Contender<'_>, challenger: Contender<'_>, untouched: &Dataset) -> Vec<Distance> {
    let (before, after) = (anchor.model, challenger.model);
    let ordinary = ordinary(before.about().sources.iter().take(MOST_SOURCES).map(String::as_str));
    let points = |model: &Model| model.estimate(&ordinary, OPTIONS).into_iter().map(|estimate| estimate.point).collect::<Vec<f64>>();
    let mut found = vec![at(Compared::OrdinaryRequests, logs(&points(before), &points(after)), 1.0)];
    let points = |model: &Model| {
        let of =
            |months: &[Record]| model.estimate_months(months, OPTIONS).into_iter().map(|estimate| estimate.point).collect::<Vec<f64>>();
        requests().iter().flat_map(|request| of(&request.months)).collect::<Vec<f64>>()
    };
    found.push(at(Compared::GoldenRequests, logs(&points(before), &points(after)), GOLDEN_SHARE));
    let rows = SealedRows::of(untouched, &[anchor, challenger]);
    found.extend(of_sites(&rows, before, after));
    found
}

/// Months in which everything but the ratio of visits to users is given, of each source and of none.
fn ordinary<'a>(sources: impl Iterator<Item = &'a str>) -> Vec<Record> {
    const ENGAGEMENTS: [Option<(f64, f64, f64)>; 4] = [None, Some((1.3, 80.0, 30.0)), Some((2.5, 55.0, 120.0)), Some((6.0, 30.0, 400.0))];
    let sources: Vec<Option<&str>> = std::iter::once(None).chain(sources.map(Some)).collect();
    let mut records = Vec::new();
    for (source, engagement) in sources.into_iter().flat_map(|source| ENGAGEMENTS.map(|engagement| (source, engagement))) {
        for power in 3..=8 {
            records.push(Record {
                source: source.map(Box::from),
                visits: Visits::new(10f64.powi(power)).ok(),
                pages_per_visit: engagement.and_then(|(pages, ..)| PagesPerVisit::new(pages).ok()),
                bounce_rate: engagement.and_then(|(_, bounces, _)| BounceRate::new(bounces).ok()),
                avg_visit_duration: engagement.and_then(|(.., seconds)| AvgVisitDuration::new(seconds).ok()),
                ..Record::unknown(Month::new(2024, 5).expect("a month of a year"))
            });
        }
    }
    records
}

fn of_sites(rows: &SealedRows, before: &Model, after: &Model) -> Vec<Distance> {
    let points = |model: &Model| model.estimate(&rows.asked, OPTIONS).into_iter().map(|estimate| estimate.point).collect::<Vec<f64>>();
    let mut by_site: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    let mut by_visits: BTreeMap<u32, BTreeMap<usize, Vec<f64>>> = BTreeMap::new();
    for (row, log) in logs(&points(before), &points(after)).into_iter().enumerate() {
        let site = rows.site_of[row];
        by_site.entry(site).or_default().push(log);
        if let Some(visits) = rows.asked[row].visits.map(Visits::get).filter(|visits| *visits >= 1.0) {
            by_visits.entry(visits.log10() as u32).or_default().entry(site).or_default().push(log);
        }
    }
    let medians = |sites: BTreeMap<usize, Vec<f64>>| sites.into_values().map(|mut logs| median(&mut logs)).collect::<Vec<f64>>();
    let mut found = Vec::new();
    if by_site.len() >= LEAST_SITES {
        found.push(at(Compared::HoldoutSites, medians(by_site), SITES_SHARE));
    }
    for (power, sites) in by_visits.into_iter().filter(|(_, sites)| sites.len() >= LEAST_SITES) {
        let mut logs = medians(sites);
        let of = Compared::HoldoutSitesWithVisits(10u64.saturating_pow(power));
        found.push(Distance { of, count: logs.len(), factor: median(&mut logs).exp() });
    }
    found
}

/// Logarithms of the factors between estimates of the same rows.
fn logs(before: &[f64], after: &[f64]) -> Vec<f64> {
    // Fewer than one user are as good as one.
    before.iter().zip(after).map(|(before, after)| (after.max(1.0) / before.max(1.0)).ln()).collect()
}

/// The factor that `share` of all do not exceed, whichever way they go.
fn at(of: Compared, mut logs: Vec<f64>, share: f64) -> Distance {
    logs.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let place = ((logs.len() as f64 * share).ceil() as usize).clamp(1, logs.len().max(1)) - 1;
    Distance { of, count: logs.len(), factor: logs.get(place).copied().unwrap_or_default().exp() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use uu_core::{Rules, UniqueUsers};
    use uu_testkit::models::{dataset, model, quick_settings, unseen};
    use uu_train::{Silent, TrainSettings, train};

    use super::*;

    fn trained(change: impl Fn(&Record) -> Record, settings: &TrainSettings) -> Model {
        let rows = Dataset::new(Vec::new(), dataset(1_000).records().iter().map(change).collect());
        Model::from_bytes(&train(&rows, &Rules::default(), settings, &Silent).unwrap().artifact).unwrap()
    }

    fn users_times(record: &Record, factor: f64) -> Record {
        let users = record.unique_users.and_then(|users| UniqueUsers::new((users.get() * factor).max(1.0)).ok());
        Record { unique_users: users, ..record.clone() }
    }

    fn too_far(challenger: &Model) -> Vec<Compared> {
        let none = BTreeSet::new();
        let contender = |model| Contender { model, training_sites: &none };
        let found = distances(contender(model()), contender(challenger), &unseen(300));
        found.into_iter().filter(Distance::is_too_far).map(|distance| distance.of).collect()
    }

    #[test]
    fn an_equal_and_one_of_the_same_rows_and_another_seed_are_near() {
        assert_eq!(too_far(model()), []);
        assert_eq!(too_far(&trained(Clone::clone, &TrainSettings { seed: 11, ..quick_settings() })), []);
    }

    #[test]
    fn labels_shifted_either_way_are_too_far() {
        for factor in [0.7, 1.0 / 0.7] {
            let found = too_far(&trained(|record| users_times(record, factor), &quick_settings()));
            assert!(found.contains(&Compared::OrdinaryRequests) && found.contains(&Compared::HoldoutSites), "{factor}: {found:?}");
        }
    }

    #[test]
    fn a_shift_of_sites_of_one_size_alone_is_too_far() {
        let small = |record: &Record| record.visits.is_some_and(|visits| visits.get() < 1e6);
        let found = too_far(&trained(|record| users_times(record, if small(record) { 0.6 } else { 1.0 }), &quick_settings()));
        assert!(found.iter().any(|compared| matches!(compared, Compared::HoldoutSitesWithVisits(_))), "{found:?}");
    }

    #[test]
    fn the_share_counts_from_the_nearest_and_keeps_the_direction() {
        let distance = |share| at(Compared::GoldenRequests, vec![-0.3, 0.1, -0.2, 0.0], share);
        assert!((distance(1.0).factor - (-0.3f64).exp()).abs() < 1e-12);
        assert!((distance(0.75).factor - (-0.2f64).exp()).abs() < 1e-12);
        assert!(at(Compared::GoldenRequests, Vec::new(), 0.9).factor == 1.0);
        assert!(Distance { of: Compared::GoldenRequests, count: 1, factor: f64::NAN }.is_too_far());
    }
}
