use std::collections::BTreeSet;
use std::sync::OnceLock;

use uu_core::stats::site_hash;
use uu_core::{Record, Rules, UniqueUsers};
use uu_data::Dataset;
use uu_model::{Contents, Model};
use uu_testkit::models::{dataset, model, quick_settings, trained, unseen};
use uu_train::{Silent, TrainSettings, TreeSettings, train};

use super::*;

fn sealed() -> &'static Dataset {
    static SEALED: OnceLock<Dataset> = OnceLock::new();
    SEALED.get_or_init(|| unseen(600))
}

fn sites_of_the_champion() -> BTreeSet<u64> {
    Contents::of(&trained().artifact).unwrap().training_sites().unwrap()
}

/// A model trained on the champion's rows, changed.
fn model_of(change: impl Fn(&Record) -> Record, settings: &TrainSettings) -> Model {
    let rows = dataset(1_000);
    let rows = Dataset::new(Vec::new(), rows.records().iter().map(change).collect());
    Model::from_bytes(&train(&rows, &Rules::default(), settings, &Silent).unwrap().artifact).unwrap()
}

fn users_times(record: &Record, factor: f64) -> Record {
    let users = record.unique_users.and_then(|users| UniqueUsers::new(users.get() * factor).ok());
    Record { unique_users: users, ..record.clone() }
}

fn compared(challenger: &Model) -> GateReport {
    let sites = sites_of_the_champion();
    let contender = |model| Contender { model, training_sites: &sites };
    gate(Some(contender(model())), contender(challenger), sealed(), &quick())
}

/// Fewer rows and resamples than the defaults: the laws are the same.
fn quick() -> GateSettings {
    GateSettings { rows_per_pattern: 300, resamples: 300, ..GateSettings::default() }
}

#[test]
fn a_model_is_no_worse_than_itself() {
    let report = compared(model());
    assert_eq!(report.verdict(), GateVerdict::Passes, "{report:?}");
    assert!(report.lets_through() && report.sites > 500 && report.metrics.len() > 30, "{} {}", report.sites, report.metrics.len());
    for metric in &report.metrics {
        assert_eq!((metric.difference, metric.interval), (Some(0.0), Some((0.0, 0.0))), "{}", metric.metric);
    }
    assert_eq!(report.reasons().iter().map(Reason::code).collect::<Vec<_>>(), ["not_worse"]);
}

#[test]
fn an_equal_trained_with_another_seed_is_let_through() {
    let equal = model_of(Clone::clone, &TrainSettings { seed: 11, ..quick_settings() });
    let report = compared(&equal);
    let figures: Vec<String> =
        report.metrics.iter().take(5).map(|metric| format!("{}: {:?} {:?}", metric.metric, metric.difference, metric.interval)).collect();
    assert!(matches!(report.verdict(), GateVerdict::Passes | GateVerdict::Undecided), "{figures:#?}");
}

#[test]
fn labels_that_are_half_as_large_make_a_model_that_is_refused() {
    let worse = model_of(|record| users_times(record, 0.5), &quick_settings());
    let report = compared(&worse);
    assert_eq!(report.verdict(), GateVerdict::Refused);
    assert!(!report.lets_through());
    let refused: Vec<&str> = report
        .metrics
        .iter()
        .filter(|metric| metric.verdict == MetricVerdict::Refused && metric.metric.must_be_told())
        .map(|metric| metric.metric.code())
        .collect();
    assert_eq!(refused, ["median_ape", "rmsle", "log_mae", "coverage"]);
    let words = report.reasons()[0].to_string();
    assert!(words.starts_with("median absolute percentage error is worse by +") && words.contains("95 % interval"), "{words}");
}

#[test]
fn a_model_of_a_few_trees_is_refused() {
    let few = TreeSettings { num_iterations: 4, ..quick_settings().ratio };
    let settings = quick_settings();
    let correction = uu_train::Correction { weight: 0.0, ..settings.correction.clone() };
    let worse = model_of(Clone::clone, &TrainSettings { ratio: few, correction, ..settings });
    assert_eq!(compared(&worse).verdict(), GateVerdict::Refused);
}

#[test]
fn a_first_model_passes_on_laws_and_coverage() {
    let sites = sites_of_the_champion();
    let report = gate(None, Contender { model: model(), training_sites: &sites }, sealed(), &quick());
    assert_eq!(report.verdict(), GateVerdict::Passes, "{:?}", report.reasons());
    assert!(report.metrics.iter().all(|metric| metric.champion.is_none() && metric.difference.is_none()));
    let narrow = model_of(|record| users_times(record, 0.5), &quick_settings());
    let report = gate(None, Contender { model: &narrow, training_sites: &sites }, sealed(), &quick());
    assert_eq!(report.verdict(), GateVerdict::Refused, "its intervals do not hold what the sealed rows say");
    assert!(report.reasons()[0].to_string().starts_with("coverage of the 90 % interval is "), "{}", report.reasons()[0]);
}

#[test]
fn too_few_sealed_sites_are_told_with_how_many_it_takes() {
    let sites = sites_of_the_champion();
    let contender = Contender { model: model(), training_sites: &sites };
    let few = unseen(40);
    let report = gate(Some(contender), contender, &few, &GateSettings::default());
    assert_eq!((report.verdict(), report.lets_through(), report.metrics.len()), (GateVerdict::TooFew, false, 0));
    assert_eq!(
        report.reasons()[0].to_string(),
        format!("{} sealed sites have labels that neither model saw, and a comparison takes 60", report.sites)
    );
    assert!(gate(None, contender, &few, &GateSettings::default()).lets_through(), "no model is worse than none");
}

#[test]
fn sites_that_a_model_was_trained_on_are_left_out() {
    let (champion, mut challenger) = (sites_of_the_champion(), BTreeSet::new());
    let first = sealed().records()[0].site.clone().unwrap();
    challenger.insert(site_hash(&first, 0));
    let of_first = sealed().records().iter().filter(|record| record.site.as_ref() == Some(&first) && record.unique_users.is_some()).count();
    let report = gate(
        Some(Contender { model: model(), training_sites: &champion }),
        Contender { model: model(), training_sites: &challenger },
        sealed(),
        &quick(),
    );
    assert_eq!(report.rows_left_out, of_first);
    assert_eq!(gate(None, Contender { model: model(), training_sites: &champion }, &dataset(100), &GateSettings::default()).sites, 0);
}

#[test]
fn a_report_is_the_same_each_time_and_can_be_kept() {
    let report = compared(model());
    assert!(report == compared(model()));
    let read: GateReport = serde_json::from_str(&serde_json::to_string(&report).unwrap()).unwrap();
    assert_eq!(
        (read.verdict(), read.metrics.len(), read.reasons().len()),
        (report.verdict(), report.metrics.len(), report.reasons().len())
    );
}
