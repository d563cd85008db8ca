//! The laws every estimate keeps, over random records and random patterns of missing inputs, on a model of generated data.

use proptest::prelude::*;
use uu_core::{FaultField, Field, Record, Rules, Visits};
use uu_model::{Estimate, EstimateOptions, Model, Silent, TrainSettings, train};
use uu_testkit::models::{dataset, model, quick_settings, trained};
use uu_testkit::strategies::{labelled_record, record};

fn at(level: f64) -> EstimateOptions {
    EstimateOptions { level, explain: false }
}

fn visits_of(record: &Record, estimate: &Estimate) -> f64 {
    let filled = estimate.filled.iter().find(|filled| filled.field == FaultField::Field(Field::Visits));
    record.visits.map_or_else(|| filled.unwrap().value, Visits::get)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn unique_users_lie_between_one_and_visits(record in record()) {
        let estimate = model().estimate_one(&record, at(0.9));
        let visits = visits_of(&record, &estimate);
        prop_assert!(estimate.point.is_finite() && estimate.low.is_finite() && estimate.high.is_finite());
        prop_assert!(estimate.point <= visits, "{} of {visits}", estimate.point);
        prop_assert!(estimate.point >= visits.min(1.0));
        prop_assert!(visits > 0.0 || estimate.point == 0.0);
        prop_assert!(estimate.whole_point() as f64 <= visits.round());
    }

    #[test]
    fn an_interval_contains_its_point_and_stays_within_known_visits(record in record(), level in 0.5f64..=0.99) {
        let estimate = model().estimate_one(&record, at(level));
        prop_assert!(estimate.low <= estimate.point && estimate.point <= estimate.high);
        let (low, high) = estimate.whole_interval();
        prop_assert!(low <= estimate.whole_point() && estimate.whole_point() <= high);
        if let Some(visits) = record.visits {
            prop_assert!(estimate.high <= visits.get());
        }
    }

    #[test]
    fn a_higher_level_contains_a_lower_one(record in record(), a in 0.5f64..=0.99, b in 0.5f64..=0.99) {
        let inner = model().estimate_one(&record, at(a.min(b)));
        let outer = model().estimate_one(&record, at(a.max(b)));
        prop_assert_eq!(inner.point, outer.point);
        prop_assert!(outer.low <= inner.low && inner.high <= outer.high);
    }

    #[test]
    fn a_row_is_answered_alike_alone_in_a_block_and_in_any_order(records in proptest::collection::vec(record(), 1..40)) {
        let alone: Vec<Estimate> = records.iter().map(|record| model().estimate_one(record, at(0.9))).collect();
        prop_assert_eq!(&model().estimate(&records, at(0.9)), &alone);
        let reversed: Vec<Record> = records.iter().rev().cloned().collect();
        let mut answers = model().estimate(&reversed, at(0.9));
        answers.reverse();
        prop_assert_eq!(answers, alone);
    }

    #[test]
    fn the_factors_of_an_explanation_multiply_to_the_estimate(record in record()) {
        let estimate = model().estimate_one(&record, EstimateOptions { level: 0.9, explain: true });
        let explanation = estimate.explanation.unwrap();
        let product = explanation.factors.iter().fold(explanation.base, |product, (_, factor)| product * factor);
        prop_assert!((product - estimate.point).abs() <= 1e-9 * estimate.point, "{product} is not {}", estimate.point);
    }

    #[test]
    fn every_unknown_learned_input_is_filled_within_its_range(record in record()) {
        let estimate = model().estimate_one(&record, at(0.9));
        let unknown = [record.rank.is_none(), record.visits.is_none(), record.pages_per_visit.is_none(), record.bounce_rate.is_none(), record.avg_visit_duration.is_none()];
        prop_assert_eq!(estimate.filled.len(), unknown.iter().filter(|unknown| **unknown).count());
        for filled in &estimate.filled {
            let FaultField::Field(field) = &filled.field else { panic!("no extra inputs were learned") };
            let least = match field { Field::Rank | Field::PagesPerVisit | Field::Visits => 1.0, _ => 0.0 };
            let most = if *field == Field::BounceRate { 100.0 } else { 1e13 };
            prop_assert!((least..=most).contains(&filled.value), "{field:?} {}", filled.value);
        }
    }

    #[test]
    fn known_users_are_never_more_than_filled_visits(record in labelled_record()) {
        let estimate = model().estimate_one(&record, at(0.9));
        if record.visits.is_none() {
            prop_assert!(visits_of(&record, &estimate) >= record.unique_users.unwrap().get());
        }
    }
}

#[test]
fn zero_visits_have_zero_users() {
    let record = Record { visits: Visits::new(0.0).ok(), ..Record::unknown("2024-05".parse().unwrap()) };
    let estimate = model().estimate_one(&record, at(0.9));
    assert_eq!((estimate.point, estimate.low, estimate.high), (0.0, 0.0, 0.0));
}

#[test]
fn nothing_known_is_answered_with_a_warning() {
    let estimate = model().estimate_one(&Record::unknown("2024-05".parse().unwrap()), at(0.9));
    assert!(estimate.point >= 1.0);
    assert_eq!(estimate.warnings.iter().map(uu_core::Warning::code).collect::<Vec<_>>(), ["nothing_known"]);
}

#[test]
fn the_same_data_give_the_same_artifact_at_any_number_of_threads_and_in_any_order() {
    let rows = dataset(300);
    let reversed = uu_data::Dataset::new(Vec::new(), rows.records().iter().rev().cloned().collect());
    let artifact = |rows, threads| {
        let settings = TrainSettings { threads: Some(threads), ..quick_settings() };
        train(rows, &Rules::default(), &settings, &Silent).unwrap().artifact
    };
    let first = artifact(&rows, 1);
    assert!(first == artifact(&reversed, 2), "an artifact depends on the order of rows or on the threads");
    let other_seed = TrainSettings { seed: 1, ..quick_settings() };
    assert!(first != train(&rows, &Rules::default(), &other_seed, &Silent).unwrap().artifact, "the seed changes nothing");
}

#[test]
fn a_damaged_artifact_is_refused() {
    let artifact = &trained().artifact;
    for at in [0, 17, 40, artifact.len() / 2, artifact.len() - 1] {
        let mut damaged = artifact.clone();
        damaged[at] ^= 1;
        assert!(Model::from_bytes(&damaged).is_err(), "byte {at}");
    }
    assert!(Model::from_bytes(&artifact[..artifact.len() - 1]).is_err());
}

#[test]
fn coverage_on_sites_held_out_is_near_its_level_in_every_pattern() {
    let evaluation = &trained().report.evaluation;
    assert!((0.86..=0.94).contains(&evaluation.overall.intervals.coverage), "{}", evaluation.overall.intervals.coverage);
    for group in evaluation.by_mask.iter().filter(|group| group.errors.rows > 1_000) {
        assert!((0.86..=0.94).contains(&group.intervals.coverage), "{}: {}", group.name, group.intervals.coverage);
    }
}

#[test]
fn an_input_that_was_never_seen_is_not_learned() {
    let rows = dataset(300);
    let without: Vec<Record> = rows.records().iter().map(|record| Record { bounce_rate: None, ..record.clone() }).collect();
    let trained = train(&uu_data::Dataset::new(Vec::new(), without), &Rules::default(), &quick_settings(), &Silent).unwrap();
    let model = Model::from_bytes(&trained.artifact).unwrap();
    let given = Record {
        bounce_rate: uu_core::BounceRate::new(10.0).ok(),
        visits: Visits::new(1e6).ok(),
        ..Record::unknown("2024-05".parse().unwrap())
    };
    let absent = Record { bounce_rate: None, ..given.clone() };
    let (given, absent) = (model.estimate_one(&given, at(0.9)), model.estimate_one(&absent, at(0.9)));
    assert_eq!(given, absent, "it has no effect, and the warning is the same");
    assert!(absent.warnings.iter().any(|warning| warning.code() == "not_learned"));
    assert!(absent.filled.iter().all(|filled| filled.field != FaultField::Field(Field::BounceRate)));
}

#[test]
fn an_extra_input_is_used_and_filled_like_the_others() {
    let rules = Rules { extras: vec!["load_time_ms".to_owned()], ..Rules::default() };
    let rows = dataset(300);
    let with_extra = rows.records().iter().enumerate().map(|(index, record)| {
        let extra = record.visits.filter(|_| index % 3 > 0).map(|visits| visits.get().ln());
        Record { extras: vec![extra], ..record.clone() }
    });
    let rows = uu_data::Dataset::new(rules.extras.clone(), with_extra.collect());
    let trained = train(&rows, &rules, &quick_settings(), &Silent).unwrap();
    let model = Model::from_bytes(&trained.artifact).unwrap();
    assert_eq!(model.rules().extras, rules.extras);
    let record = Record { extras: vec![None], visits: Visits::new(1e6).ok(), ..Record::unknown("2024-05".parse().unwrap()) };
    let estimate = model.estimate_one(&record, at(0.9));
    let filled = estimate.filled.iter().find(|filled| filled.field == FaultField::Extra("load_time_ms".to_owned())).unwrap();
    assert!((filled.value - 1e6f64.ln()).abs() < 1.5, "{}", filled.value);
}
