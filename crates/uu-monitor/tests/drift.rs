//! Drift is told where there is some, and not where there is none.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::sync::{Arc, OnceLock};

use proptest::prelude::*;
use uu_core::stats::Draws;
use uu_core::{Month, Record, Visits};
use uu_model::reference::{Figure, Reference};
use uu_model::{Estimate, EstimateOptions, Model};
use uu_monitor::drift::{Agreement, Arrival, Compared, Counts, DriftReport, DriftVerdict, OtherReference, Window, concept_drift, drift};
use uu_testkit::models::{dataset, model, quick_settings, trained, unseen};
use uu_train::{Silent, TrainSettings, train};

fn reference() -> Arc<Reference> {
    static REFERENCE: OnceLock<Arc<Reference>> = OnceLock::new();
    Arc::clone(REFERENCE.get_or_init(|| reference_of(&trained().artifact)))
}

fn reference_of(artifact: &[u8]) -> Arc<Reference> {
    Arc::clone(Model::from_bytes(artifact).unwrap().drift_reference().unwrap())
}

fn answered(records: Vec<Record>) -> Vec<(Record, Estimate)> {
    let asked: Vec<Record> = records.into_iter().map(|record| Record { unique_users: None, ..record }).collect();
    let estimates = model().estimate(&asked, EstimateOptions::default());
    asked.into_iter().zip(estimates).collect()
}

/// The training's rows, as requests.
fn training_rows() -> &'static [(Record, Estimate)] {
    static ROWS: OnceLock<Vec<(Record, Estimate)>> = OnceLock::new();
    ROWS.get_or_init(|| answered(dataset(1_000).records().to_vec()))
}

/// The same with twice the visits.
fn twice_the_visits() -> &'static [(Record, Estimate)] {
    static ROWS: OnceLock<Vec<(Record, Estimate)>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let twice =
            |record: &Record| Record { visits: record.visits.and_then(|visits| Visits::new(visits.get() * 2.0).ok()), ..record.clone() };
        answered(dataset(1_000).records().iter().map(twice).collect())
    })
}

/// A window of `count` requests drawn from `rows`.
fn window_of(rows: &[(Record, Estimate)], count: usize, seed: u64) -> DriftReport {
    let (window, mut draws) = (Window::new(reference(), 1, 0), Draws::new("requests", seed));
    for _ in 0..count {
        let (record, estimate) = &rows[draws.below(rows.len())];
        window.record(0, record, estimate);
    }
    drift(&reference(), &window.read()).unwrap()
}

#[test]
fn no_drift_is_told_in_under_a_twentieth_of_windows_of_the_training_data() {
    for count in [120, 500, 2_000] {
        let windows = 200;
        let told = (0..windows).filter(|seed| window_of(training_rows(), count, *seed).verdict > DriftVerdict::Stable).count();
        assert!((told as f64) < 0.05 * windows as f64, "{told} of {windows} windows of {count} requests");
    }
}

#[test]
fn requests_of_fresh_sites_of_the_same_world_do_not_drift() {
    let fresh = answered(unseen(2_000).records().to_vec());
    let report = window_of(&fresh, 2_000, 1);
    assert_eq!(report.verdict, DriftVerdict::Stable, "{report:#?}");
}

#[test]
fn twice_the_visits_are_told_with_two_thousand_requests() {
    for seed in 0..50 {
        let report = window_of(twice_the_visits(), 2_000, seed);
        let verdict = |wanted: &Figure| report.figures.iter().find(|drift| drift.figure == *wanted).unwrap().verdict;
        assert!(report.verdict >= DriftVerdict::Moderate);
        assert_eq!(verdict(&Figure::VisitsTimesRank), DriftVerdict::Strong, "{report:#?}");
        assert!(verdict(&Figure::Input("visits".to_owned())) >= DriftVerdict::Moderate, "{report:#?}");
        assert_eq!(verdict(&Figure::Input("bounce_rate".to_owned())), DriftVerdict::Stable);
    }
}

#[test]
fn inputs_that_go_missing_and_sources_that_are_new_are_told() {
    let without_rank = |record: &Record| Record { rank: None, source: Some("elsewhere".into()), ..record.clone() };
    let report = window_of(&answered(dataset(1_000).records().iter().map(without_rank).collect()), 500, 1);
    let verdict = |wanted: &Figure| report.figures.iter().find(|drift| drift.figure == *wanted).unwrap().clone();
    assert_eq!(verdict(&Figure::Pattern).verdict, DriftVerdict::Strong);
    assert_eq!(verdict(&Figure::Source).verdict, DriftVerdict::Strong);
    let rank = verdict(&Figure::Input("rank".to_owned()));
    assert_eq!((rank.verdict, rank.requests), (DriftVerdict::TooFew, 0));
}

#[test]
fn few_requests_say_nothing() {
    let report = window_of(twice_the_visits(), 60, 1);
    assert_eq!((report.verdict, report.requests), (DriftVerdict::TooFew, 60));
    assert_eq!(drift(&reference(), &Counts::none(&reference())).unwrap().verdict, DriftVerdict::TooFew);
}

#[test]
fn lanes_of_many_threads_add_up_to_every_request() {
    let window = Window::new(reference(), 4, 2);
    let threads = 8;
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let window = &window;
            scope.spawn(move || training_rows().iter().take(1_000).for_each(|(record, estimate)| window.record(thread, record, estimate)));
        }
    });
    let alone = Window::new(reference(), 1, 2);
    for _ in 0..threads {
        training_rows().iter().take(1_000).for_each(|(record, estimate)| alone.record(0, record, estimate));
    }
    assert_eq!(window.read().requests(), 8_000);
    assert_eq!(window.read(), alone.read());
}

#[test]
fn a_window_forgets_its_oldest_slice() {
    let window = Window::new(reference(), 2, 2);
    let (record, estimate) = &training_rows()[0];
    let mut counted = Vec::new();
    for slice in 1..=5 {
        (0..slice).for_each(|lane| window.record(lane, record, estimate));
        counted.push(window.read().requests());
        window.turn();
    }
    assert_eq!(counted, [1, 3, 6, 9, 12], "the slice being filled and two whole ones");
    assert_eq!(window.read().requests(), 9);
}

#[test]
fn counts_of_several_machines_add_up_and_those_of_another_version_do_not() {
    let counts = |from: usize| {
        let window = Window::new(reference(), 1, 0);
        training_rows()[from..from + 500].iter().for_each(|(record, estimate)| window.record(0, record, estimate));
        window.read()
    };
    let mut sum = counts(0);
    let sent: Counts = serde_json::from_str(&serde_json::to_string(&counts(500)).unwrap()).unwrap();
    sum.merge(&sent).unwrap();
    assert_eq!(sum.requests(), 1_000);
    let other = train(&dataset(300), &Default::default(), &TrainSettings { seed: 3, ..quick_settings() }, &Silent).unwrap();
    let other = reference_of(&other.artifact);
    assert_eq!(sum.merge(&Counts::none(&other)), Err(OtherReference));
    assert_eq!(drift(&other, &sum), Err(OtherReference));
}

proptest! {
    #[test]
    fn any_record_is_counted_once_in_every_figure_it_speaks_of(record in uu_testkit::strategies::record()) {
        let (window, estimate) = (Window::new(reference(), 1, 0), model().estimate_one(&record, EstimateOptions::default()));
        window.record(0, &record, &estimate);
        let report = drift(&reference(), &window.read()).unwrap();
        let requests = |wanted: &Figure| report.figures.iter().find(|drift| drift.figure == *wanted).unwrap().requests;
        prop_assert_eq!(report.requests, 1);
        prop_assert_eq!(requests(&Figure::Input("visits".to_owned())), u64::from(record.visits.is_some()));
        prop_assert_eq!(requests(&Figure::Category), u64::from(record.category.is_some()));
        prop_assert_eq!(requests(&Figure::Source), u64::from(record.source.is_some()));
        prop_assert_eq!((requests(&Figure::Estimate), requests(&Figure::Pattern)), (1, 1));
    }
}

/// Labels of `sites` sites that lie off by `factor`, as `month` brought them.
fn arrivals(month: u32, sites: &[String], factor: f64) -> Vec<Arrival<'_>> {
    let mut draws = Draws::new("arrivals", u64::from(month));
    let arrived = Month::new(2024, month).unwrap();
    let mut arrival = |site| {
        let compared = Compared {
            site: Some(site),
            actual: 10_000.0 * factor * (0.25 * draws.normal()).exp(),
            point: 10_000.0,
            interval: (6_600.0, 15_100.0),
        };
        Arrival { arrived, compared }
    };
    sites.iter().map(|site| arrival(site.as_str())).collect()
}

#[test]
fn labels_that_move_away_from_the_estimates_are_told_by_month_of_arrival() {
    let sites: Vec<String> = (0..200).map(|site| format!("site{site}.com")).collect();
    let of = |factors: &[f64]| concept_drift((1..).zip(factors).flat_map(|(month, factor)| arrivals(month, &sites, *factor)));
    let steady = of(&[1.0, 1.0, 1.0]);
    assert_eq!((steady.verdict, steady.months.len(), steady.months[0].month.as_str()), (DriftVerdict::Stable, 3, "2024-01-01"));
    let moved = of(&[1.0, 1.18, 1.6]);
    let verdicts: Vec<DriftVerdict> = moved.months.iter().map(|month| month.verdict).collect();
    assert_eq!(verdicts, [DriftVerdict::Stable, DriftVerdict::Moderate, DriftVerdict::Strong]);
    assert_eq!(moved.verdict, DriftVerdict::Strong);
    let agreement = &moved.months[2].agreement;
    let (low, high) = agreement.factor_bounds.unwrap();
    assert!(low <= agreement.median_factor && agreement.median_factor <= high && (1.45..1.75).contains(&agreement.median_factor));
    let few = concept_drift(arrivals(1, &sites[..4], 5.0));
    assert_eq!(few.verdict, DriftVerdict::TooFew);
    assert_eq!(concept_drift(Vec::new()).verdict, DriftVerdict::TooFew);
}

#[test]
fn months_of_one_site_are_one_site() {
    let label = |actual| Compared { site: Some("a.com"), actual, point: 100.0, interval: (50.0, 200.0) };
    let agreement = Agreement::of([label(100.0), label(400.0), label(110.0)].into_iter()).unwrap();
    assert_eq!((agreement.rows, agreement.sites, agreement.factor_bounds), (3, 1, None));
    assert!((agreement.coverage - 2.0 / 3.0).abs() < 1e-12 && (agreement.median_factor - 1.1).abs() < 1e-12);
}
