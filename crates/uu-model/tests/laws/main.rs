//! The laws every estimate keeps, over random records and random patterns of missing inputs, on a model of generated data.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

mod known_months;
mod strangers;

use proptest::prelude::*;
use uu_core::{Checked, FaultField, Field, Record, Rules, Visits, Warning};
use uu_data::write::Added;
use uu_model::{Estimate, EstimateOptions, Factor, Model};
use uu_scoring::{ColumnRequest, estimate_columns};
use uu_testkit::models::{dataset, model, quick_settings, trained};
use uu_testkit::strategies::{labelled_record, record};
use uu_train::{FitError, Silent, TrainReport, TrainSettings, train};

fn at(level: f64) -> EstimateOptions {
    EstimateOptions { level, explain: false }
}

fn visits_of(record: &Record, estimate: &Estimate) -> f64 {
    let filled = estimate.filled.iter().find(|filled| filled.field == FaultField::Field(Field::Visits));
    record.visits.map_or_else(|| filled.unwrap().value, Visits::get)
}

fn columns(rows: Vec<Record>, by_site: bool) -> Vec<Added> {
    let rows = rows.into_iter().map(|record| Checked { record, warnings: Vec::new() }).collect();
    let options = EstimateOptions { level: 0.9, explain: true };
    estimate_columns(model(), "v0001", ColumnRequest { rows, labels: true, by_site, options })
}

fn but_known(added: &[Added]) -> Vec<(String, arrow::array::ArrayRef)> {
    let others = added.iter().filter(|added| added.name != "unique_users_known");
    others.map(|added| (added.name.clone(), added.values.clone())).collect()
}

fn numbers(added: &[Added], name: &str) -> Vec<Option<f64>> {
    let values = &added.iter().find(|added| added.name == name).unwrap().values;
    let values = arrow::compute::cast(values, &arrow::datatypes::DataType::Float64).unwrap();
    arrow::array::AsArray::as_primitive::<arrow::datatypes::Float64Type>(&values).iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn unique_users_lie_between_one_and_visits(record in record()) {
        let estimate = model().estimate_one(&record, at(0.9));
        let visits = visits_of(&record, &estimate);
        prop_assert!(estimate.point.is_finite() && estimate.low.is_finite() && estimate.high.is_finite());
        prop_assert!(estimate.point <= visits, "{} of {visits}", estimate.point);
        let least = visits.floor().min(1.0);
        prop_assert!(estimate.point >= least && (visits >= 1.0 || estimate.point == 0.0), "{} of {visits}", estimate.point);
        prop_assert!(estimate.whole_point() as f64 <= visits && estimate.whole_interval().1 as f64 <= record.visits.map_or(f64::MAX, Visits::get));
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
        let explanation = estimate.explanation.as_ref().unwrap();
        let product = explanation.product();
        prop_assert!((product - estimate.point).abs() <= 1e-9 * estimate.point, "{product} is not {}", estimate.point);
        let names: Vec<Factor> = explanation.factors.iter().map(|(factor, _)| factor.clone()).collect();
        prop_assert_eq!(names, model().factors());
        // A bound that was not met has a factor of exactly 1.
        let (bounds, visits) = (explanation.factors.last().unwrap().1, visits_of(&record, &estimate));
        if estimate.point > 1.0 && estimate.point < visits.floor() {
            prop_assert_eq!(bounds, 1.0);
        }
    }

    #[test]
    fn an_estimate_in_columns_does_not_depend_on_any_label(rows in proptest::collection::vec(prop_oneof![record(), labelled_record()], 1..30)) {
        let unlabelled = rows.iter().map(|record| Record { unique_users: None, ..record.clone() }).collect();
        let (with, without) = (columns(rows.clone(), false), columns(unlabelled, false));
        prop_assert_eq!(but_known(&with), but_known(&without));
        let known: Vec<Option<f64>> = rows.iter().map(|record| record.unique_users.map(uu_core::UniqueUsers::get)).collect();
        prop_assert_eq!(numbers(&with, "unique_users_known"), known);
    }

    #[test]
    fn by_site_an_estimate_does_not_depend_on_its_own_label(
        rows in proptest::collection::vec(prop_oneof![record(), labelled_record()], 1..10),
        place in 0usize..10,
        users in 1.0f64..1e9,
    ) {
        let place = place % rows.len();
        let of_one_site = |record: &Record| Record { site: Some("brand7.de".into()), source: None, ..record.clone() };
        let rows: Vec<Record> = rows.iter().map(of_one_site).collect();
        let mut changed = rows.clone();
        changed[place].unique_users = uu_core::UniqueUsers::new(users).ok();
        let mut hidden = rows.clone();
        hidden[place].unique_users = None;
        let row = |rows: Vec<Record>| but_known(&columns(rows, true)).into_iter().map(|(name, values)| (name, values.slice(place, 1))).collect::<Vec<_>>();
        let hidden = row(hidden);
        prop_assert_eq!(&row(changed), &hidden);
        prop_assert_eq!(&row(rows), &hidden);
    }

    #[test]
    fn by_site_an_estimate_does_not_depend_on_any_label_of_its_month(
        rows in proptest::collection::vec(prop_oneof![record(), labelled_record()], 2..10),
        places in (0usize..10, 0usize..10),
        users in 1.0f64..1e9,
    ) {
        let (asked, other) = (places.0 % rows.len(), places.1 % rows.len());
        let mut rows: Vec<Record> = rows.iter().map(|record| Record { site: Some("brand7.de".into()), ..record.clone() }).collect();
        rows[other].month = rows[asked].month;
        let of_asked = |label: Option<f64>| {
            let mut rows = rows.clone();
            rows[other].unique_users = label.and_then(|users| uu_core::UniqueUsers::new(users).ok());
            but_known(&columns(rows.clone(), true)).into_iter().map(|(name, values)| (name, values.slice(asked, 1))).collect::<Vec<_>>()
        };
        prop_assert_eq!(of_asked(Some(users)), of_asked(None));
    }

    #[test]
    fn a_month_without_a_label_is_estimated_by_site_as_a_request_is(rows in proptest::collection::vec(prop_oneof![record(), labelled_record()], 1..10)) {
        let rows: Vec<Record> = rows.iter().map(|record| Record { site: Some("brand7.de".into()), ..record.clone() }).collect();
        let estimates = model().estimate_months(&rows, at(0.9));
        let points = numbers(&columns(rows.clone(), true), "unique_users");
        for ((record, estimate), point) in rows.iter().zip(estimates).zip(points) {
            prop_assert!(record.unique_users.is_some() || point == Some(estimate.whole_point() as f64));
        }
    }

    #[test]
    fn months_of_one_site_keep_the_laws_too(records in proptest::collection::vec(prop_oneof![record(), labelled_record()], 1..8), level in 0.5f64..=0.99) {
        let options = EstimateOptions { level, explain: true };
        let estimates = model().estimate_months(&records, options);
        for (record, estimate) in records.iter().zip(&estimates) {
            let visits = visits_of(record, estimate);
            prop_assert!(estimate.point <= visits && estimate.point >= visits.floor().min(1.0), "{} of {visits}", estimate.point);
            prop_assert!(estimate.low <= estimate.point && estimate.point <= estimate.high && estimate.high.is_finite());
            let explanation = estimate.explanation.as_ref().unwrap();
            let (product, answer) = (explanation.product(), estimate.known.unwrap_or(estimate.point));
            prop_assert!((product - answer).abs() <= 1e-9 * answer, "{product} is not {answer}");
            prop_assert_eq!(explanation.known, record.unique_users.is_some());
            prop_assert!(!explanation.known || explanation.factors.is_empty());
            let per_user = estimate.visits_per_user(record);
            prop_assert_eq!(per_user.is_some(), answer > 0.0);
            prop_assert!(per_user.is_none_or(|ratio| (ratio * answer - visits).abs() <= 1e-9 * visits));
        }
        let none_known: Vec<Record> = records.into_iter().map(|record| Record { unique_users: None, ..record }).collect();
        prop_assert_eq!(model().estimate_months(&none_known, options), model().estimate(&none_known, options));
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
    assert_eq!(estimate.warnings.iter().map(Warning::code).collect::<Vec<_>>(), ["nothing_known"]);
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
    assert_eq!((given.point, given.low, given.high), (absent.point, absent.low, absent.high), "it has no effect");
    assert_eq!(given.warnings.iter().map(Warning::code).collect::<Vec<_>>(), ["not_learned"]);
    assert!(absent.warnings.is_empty(), "what holds for every row is the model's description: {:?}", absent.warnings);
    let inputs = model.inputs();
    assert_eq!(inputs.not_learned, [FaultField::Field(Field::BounceRate)]);
    assert!(!model.factors().contains(&Factor::Input(FaultField::Field(Field::BounceRate))));
    assert!(!inputs.learned.contains(&FaultField::Field(Field::Source)), "there is one source alone");
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

#[test]
fn a_source_of_its_own_for_each_row_is_refused_by_the_name_of_the_column() {
    let rows = labelled_rows(400, |index, record| Record { source: Some(format!("row {index}").into()), ..record.clone() });
    let labelled = rows.records().iter().filter(|record| record.unique_users.is_some()).count();
    assert!(labelled > uu_train::MOST_SOURCES);
    let error = train(&rows, &Rules::default(), &quick_settings(), &Silent).unwrap_err();
    assert!(matches!(error, FitError::TooManySources { found } if found == labelled), "{error}");
    assert!(error.to_string().starts_with("`source` must name at most 1000 sources, got "), "{error}");
    assert!(error.to_string().contains("a name of its own for each row"), "{error}");
    let tuned = TrainSettings { trials: 1, ..quick_settings() };
    assert!(matches!(train(&rows, &Rules::default(), &tuned, &Silent), Err(FitError::TooManySources { .. })));
    let continued = uu_train::train_continued(&trained().artifact, &rows, &Rules::default(), &quick_settings(), &Silent);
    assert!(matches!(continued, Err(uu_train::ContinueError::Fit(FitError::TooManySources { .. }))), "a continuation too");
}

fn labelled_rows(sites: usize, change: impl Fn(usize, &Record) -> Record) -> uu_data::Dataset {
    let rows = dataset(sites);
    let changed = rows.records().iter().enumerate().map(|(index, record)| change(index, record)).collect();
    uu_data::Dataset::new(Vec::new(), changed)
}

#[test]
fn rows_that_name_no_source_are_a_source_of_their_own() {
    // Every second site counts three times as many users, and names no source.
    let rows = labelled_rows(400, |_, record| {
        let unnamed = record.site.as_deref().is_some_and(|site| uu_core::stats::site_hash(site, 1).is_multiple_of(2));
        let visits = record.visits.map(|visits| Visits::new(visits.get() * if unnamed { 1.0 } else { 3.0 }).unwrap());
        Record { source: (!unnamed).then(|| "panel".into()), visits, ..record.clone() }
    });
    let trained = train(&rows, &Rules::default(), &quick_settings(), &Silent).unwrap();
    let mut sources = trained.about.sources.clone();
    sources.sort();
    assert_eq!(sources, ["panel", uu_model::UNNAMED_SOURCE]);
    let model = Model::from_bytes(&trained.artifact).unwrap();
    let of = |source: Option<&str>| {
        let record = Record { source: source.map(Box::from), visits: Visits::new(1e6).ok(), ..Record::unknown("2024-05".parse().unwrap()) };
        (model.estimate_one(&record, at(0.9)), model.source_for(&record).to_owned())
    };
    let (unnamed, panel, elsewhere) = (of(None), of(Some("panel")), of(Some("elsewhere")));
    assert!(unnamed.0.point > 1.8 * panel.0.point, "{} and {}", unnamed.0.point, panel.0.point);
    assert_eq!((unnamed.1.as_str(), panel.1.as_str()), (uu_model::UNNAMED_SOURCE, "panel"));
    // A source the model does not know follows the one its warning names.
    let named = if elsewhere.1 == "panel" { panel.0.point } else { unnamed.0.point };
    assert_eq!(elsewhere.0.point, named);
    let used = elsewhere.0.warnings.iter().find_map(|warning| match warning {
        uu_core::Warning::UnknownSource { used, .. } => Some(used.clone()),
        _ => None,
    });
    assert_eq!(used, Some(elsewhere.1));
}

#[test]
fn visits_alone_are_enough_to_train_on_and_then_unknown_visits_are_the_usual_ones() {
    let rows = labelled_rows(400, |_, record| Record {
        site: record.site.clone(),
        visits: record.visits,
        unique_users: record.unique_users,
        ..Record::unknown("2024-05".parse().unwrap())
    });
    let trained = train(&rows, &Rules::default(), &quick_settings(), &Silent).unwrap();
    let model = Model::from_bytes(&trained.artifact).unwrap();
    let nothing = Record::unknown("2024-05".parse().unwrap());
    let estimate = model.estimate_one(&nothing, at(0.9));
    assert_eq!(estimate.filled.len(), 1, "visits end up filled");
    assert_eq!(model.estimate(&[nothing], at(0.9)), [estimate]);
}

#[test]
fn rows_whose_visits_are_missing_because_they_are_small_are_covered_too() {
    let missing = |record: &Record| record.visits.is_some_and(|visits| visits.get() < 900_000.0);
    let rows =
        labelled_rows(
            1_000,
            |index, record| {
                if missing(record) && index % 2 == 0 { Record { visits: None, ..record.clone() } } else { record.clone() }
            },
        );
    let evaluation = train(&rows, &Rules::default(), &quick_settings(), &Silent).unwrap().report.evaluation;
    let judged = evaluation.by_pattern.iter().filter(|group| !group.name.contains("visits+") && group.errors.rows >= 200);
    let coverages: Vec<f64> = judged.map(|group| group.intervals.coverage).collect();
    assert!(!coverages.is_empty(), "no pattern without visits has rows enough to be judged");
    assert!(coverages.iter().all(|coverage| (0.86..=0.94).contains(coverage)), "{coverages:?}");
}

#[test]
fn judging_does_not_let_the_label_bound_unknown_visits() {
    let row = |users: f64| Record { unique_users: uu_core::UniqueUsers::new(users).ok(), ..Record::unknown("2024-05".parse().unwrap()) };
    let blind = model().estimate_one(&Record::unknown("2024-05".parse().unwrap()), at(0.9)).point;
    let evaluation = uu_model::evaluate(model(), &[row(blind * 1e6)], 0.9).unwrap();
    assert!((evaluation.overall.errors.mae - blind * (1e6 - 1.0)).abs() < blind * 1e6 * 1e-6, "{}", evaluation.overall.errors.mae);
}

#[test]
fn an_artifact_gives_back_the_report_of_its_training() {
    let contents = uu_model::Contents::of(&trained().artifact).unwrap();
    let report = TrainReport::of(&contents).unwrap();
    assert_eq!(report.settings, trained().report.settings);
    assert_eq!(report.evaluation.overall.errors.rows, trained().report.evaluation.overall.errors.rows);
    assert!(contents.trees().unwrap().contains_key("ratio"));
}

#[test]
#[ignore = "long: run with ./test --full"]
fn full_the_default_training_on_the_whole_sample_is_the_same_at_any_number_of_threads_and_covers_every_pattern() {
    let rows = dataset(usize::MAX);
    let with_threads = |threads| {
        let settings = TrainSettings { threads: Some(threads), ..TrainSettings::default() };
        train(&rows, &Rules::default(), &settings, &Silent).unwrap()
    };
    let first = with_threads(1);
    assert!(first.artifact == with_threads(3).artifact, "the artifact depends on the threads");
    let evaluation = &first.report.evaluation;
    assert!((0.88..=0.92).contains(&evaluation.overall.intervals.coverage), "{}", evaluation.overall.intervals.coverage);
    for group in evaluation.by_mask.iter().filter(|group| group.errors.rows > 3_000) {
        assert!((0.86..=0.94).contains(&group.intervals.coverage), "{}: {}", group.name, group.intervals.coverage);
    }
}
