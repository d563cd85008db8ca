mod anchored;
mod repeated;
mod senders;

use rstest::rstest;
use uu_core::{Record, UniqueUsers};
use uu_data::{Dataset, Sealed};
use uu_monitor::gate::Compared;
use uu_monitor::revision::Before;
use uu_registry::{Change, Location, NewVersion, Scope};
use uu_testkit::models::{cleaned, dataset, quick_settings, sites, trained};
use uu_train::Silent;

use super::kept::{Which, known_rows};
use super::*;
use crate::observing::observe;

struct Store {
    registry: Registry,
    _folder: tempfile::TempDir,
}

impl Store {
    /// A store with the small model in use.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::open(&Location::folder(folder.path())).unwrap();
        let about = serde_json::Value::Null;
        let new =
            NewVersion { artifact: &trained().artifact, about: &about, data_fingerprint: None, parent: None, made_by: "test", reason: "" };
        registry.promote(registry.put(&new).unwrap(), &Change::default()).unwrap();
        Self { registry, _folder: folder }
    }

    /// Keeps rows as a training does.
    fn keep(&self, rows: &Dataset, confirmed: bool) -> uu_registry::BatchId {
        keep(&self.registry, rows, Keeping { by: "ann", origin: "rows.csv", confirmed, are_known: false }).unwrap()
    }

    fn retrain(&self, delivery: Option<&Delivery>, force: bool) -> Result<Retraining, RetrainError> {
        self.retrain_with(delivery, force, &Silent)
    }

    fn retrain_with(&self, delivery: Option<&Delivery>, force: bool, progress: &dyn Progress) -> Result<Retraining, RetrainError> {
        let settings = RetrainSettings {
            train: quick_settings(),
            sealed_sites: 300,
            // So few sites tell a difference of coverage less sharply than the product asks for.
            gate: GateSettings { rows_per_pattern: 200, resamples: 200, coverage_resolution: 0.1, ..GateSettings::default() },
            force,
            by: "eve".to_owned(),
            claim: None,
        };
        retrain(&self.registry, delivery, &Rules::default(), &settings, progress)
    }

    /// What a re-training finds among observations, compared with that version.
    fn gathered(&self, reference: Option<&champion::Loaded>) -> Gathered {
        let settings = &RetrainSettings {
            train: quick_settings(),
            sealed_sites: 300,
            gate: GateSettings::default(),
            force: false,
            by: "policy".to_owned(),
            claim: None,
        };
        let against = Against { reference, anchored_through: None, settings };
        gather(&self.registry, None, &Rules::default(), against).unwrap()
    }

    fn known(&self) -> super::kept::Known {
        known_rows(&self.registry, &Rules::default(), (Which::All, None)).unwrap()
    }

    fn quarantined(&self) -> Vec<bool> {
        self.registry.batches().unwrap().iter().map(|batch| batch.quarantined.is_some()).collect()
    }
}

fn times(rows: &Dataset, factor: f64) -> Dataset {
    let change = |record: &Record| {
        let users = record.unique_users.and_then(|users| UniqueUsers::new((users.get() * factor).max(1.0)).ok());
        Record { unique_users: users, ..record.clone() }
    };
    Dataset::new(Vec::new(), rows.records().iter().map(change).collect())
}

fn delivery(rows: Dataset) -> Delivery {
    Delivery { as_they_came: rows.records().to_vec(), rows, quality: cleaned(5).1, origin: "rows.csv".to_owned() }
}

fn labelled(rows: &Dataset) -> Vec<Record> {
    rows.records().iter().filter(|record| record.unique_users.is_some()).cloned().collect()
}

/// Sums of the labels of sealed sites, and of all others.
fn sums(known: &super::kept::Known, new: &Dataset, by_force: bool) -> (f64, f64) {
    let joined = known.joined_with(new, (300, by_force)).unwrap();
    let sum = |rows: &Dataset| rows.records().iter().filter_map(|record| record.unique_users.map(UniqueUsers::get)).sum();
    (sum(&joined.split.sealed), sum(&joined.split.training))
}

#[test]
fn labels_that_judge_stand_whatever_comes_after_them_and_however() {
    let (store, rows) = (Store::new(), dataset(300));
    let nothing = Dataset::new(Vec::new(), Vec::new());
    let first = store.keep(&rows, false);
    let (judging, teaching) = sums(&store.known(), &nothing, false);
    // As a delivery, as one that is kept, and as observations of which the last one comes twice.
    let (sealed, taught) = sums(&store.known(), &times(&rows, 0.5), false);
    assert!(sealed == judging && taught < 0.6 * teaching);
    store.keep(&times(&rows, 0.5), false);
    observe(&store.registry, &labelled(&times(&rows, 0.4)), &Rules::default(), "eve").unwrap();
    observe(&store.registry, &labelled(&times(&rows, 0.3)), &Rules::default(), "eve").unwrap();
    let (sealed, taught) = sums(&store.known(), &nothing, false);
    assert!(sealed == judging && taught < 0.5 * teaching, "{sealed} {judging} {taught}");
    let report = store.known().joined_with(&times(&rows, 0.2), (300, false)).unwrap().report;
    let holdout = Sealed::about(300, &rows).split(&rows).sealed;
    assert_eq!(report.held, labelled(&holdout).len() as u64);
    assert_eq!(report.new, report.added + report.identical + report.replaced + report.without_label + report.held);

    // A site that is new is judged by what came first of it.
    let (sealed, _) = sums(&store.known(), &sites(300..600), false);
    assert!(sealed > judging);
    // By force, and once a person has taken them in, later labels judge too.
    assert!(sums(&store.known(), &times(&rows, 0.5), true).0 < 0.6 * judging);
    store.keep(&times(&rows, 0.6), true);
    let (confirmed, _) = sums(&store.known(), &nothing, false);
    assert!((confirmed / judging - 0.6).abs() < 0.01, "{confirmed} {judging}");
    // Without the batch that came first the next one is the first.
    store.registry.quarantine(uu_registry::BatchId(first.0 + 4), "a trial", "ann").unwrap();
    store.registry.quarantine(first, "a trial", "ann").unwrap();
    let (sealed, _) = sums(&store.known(), &nothing, false);
    assert!((sealed / judging - 0.5).abs() < 0.01, "{sealed} {judging}");
}

#[rstest]
#[case(0.72)]
#[case(0.85)]
#[case(1.3)]
fn a_delivery_that_shifts_known_labels_one_way_is_set_aside(#[case] factor: f64) {
    let (store, rows) = (Store::new(), dataset(200));
    store.keep(&rows, false);
    let report = store.retrain(Some(&delivery(times(&rows, factor))), false).unwrap();
    assert_eq!((report.decision, report.version), (Decision::SetAside, None), "{:?}", report.reasons);
    let revision = report.revision.unwrap();
    assert_eq!((revision.before, revision.lower == 0), (Before::Latest, factor > 1.0));
    let reason = &report.reasons[0];
    assert!(reason.contains("revised one way") && reason.contains("--force") && reason.contains("force=true"), "{reason}");
    assert_eq!(store.quarantined(), [false, true]);
}

#[test]
fn small_steps_are_a_shift_from_what_was_known_first() {
    let (store, rows) = (Store::new(), dataset(200));
    store.keep(&rows, false);
    store.keep(&times(&rows, 0.93), false);
    let report = store.retrain(Some(&delivery(times(&rows, 0.87))), false).unwrap();
    assert_eq!((report.decision, report.revision.unwrap().before), (Decision::SetAside, Before::First));
}

#[test]
fn observations_of_one_sender_that_shift_known_labels_are_set_aside_without_those_of_others() {
    let (store, rows) = (Store::new(), dataset(200));
    store.keep(&rows, false);
    observe(&store.registry, &labelled(&times(&rows, 0.8)), &Rules::default(), "eve").unwrap();
    observe(&store.registry, &labelled(&sites(300..320)), &Rules::default(), "bob").unwrap();
    let gathered = store.gathered(None);
    assert!(matches!(gathered.outlook, Outlook::Enough), "bob's are learned from");
    assert!(gathered.doubts[0].starts_with("observations of eve: "), "{:?}", gathered.doubts);
    assert_eq!(store.quarantined(), [false, true, false]);
}

#[test]
fn a_challenger_far_from_the_anchor_waits_for_an_admin_and_an_honest_one_is_promoted() {
    let shifted = Store::new();
    let report = shifted.retrain(Some(&delivery(times(&sites(1_000..1_700), 0.7))), false).unwrap();
    assert_eq!(report.decision, Decision::WaitsForAdmin, "{:?}", report.reasons);
    let far: Vec<&Compared> = report.distances.iter().filter(|distance| distance.is_too_far()).map(|distance| &distance.of).collect();
    assert!(far.contains(&&Compared::OrdinaryRequests), "{far:?}");
    let version = report.version.unwrap();
    assert!(report.reasons[0].contains(&format!("`uu-predictor models promote {version}`")), "{:?}", report.reasons);
    let aliases = shifted.registry.aliases().unwrap();
    assert_eq!((aliases.champion, aliases.anchor), (report.champion, report.champion));
    assert_eq!(shifted.registry.audit_log(1, None).unwrap()[0].action, "wait_for_admin");
    // The admin's word makes it the anchor.
    let confirming = Change { confirms: true, ..Change::default() };
    crate::promote(&shifted.registry, version, &confirming).unwrap();
    assert_eq!(shifted.registry.aliases().unwrap().anchor, Some(version));

    let honest = Store::new();
    // What the champion learned from: a challenger of other rows alone may well be worse.
    honest.keep(&dataset(1_000), true);
    let report = honest.retrain(Some(&delivery(sites(1_000..1_700))), false).unwrap();
    assert_eq!(report.decision, Decision::Promoted, "{:?}", report.reasons);
    let aliases = honest.registry.aliases().unwrap();
    assert_eq!((aliases.champion, aliases.anchor), (report.version, report.champion), "nobody confirmed it");
}

#[test]
fn rows_that_are_kept_and_can_never_train_together_are_named_with_the_way_out() {
    let store = Store::new();
    store.keep(&dataset(30), false);
    let measured =
        Dataset::new(Vec::new(), dataset(30).records().iter().map(|row| Record { source: Some("panel".into()), ..row.clone() }).collect());
    let refused = store.retrain(Some(&delivery(measured.clone())), false).unwrap_err();
    assert!(refused.mixture().unwrap().hint().contains("observations quarantine 1 --reason"), "{refused}");
    // As where an older release kept both, and nothing new comes.
    let refused = {
        let store = Store::new();
        store.keep(&dataset(30), false);
        let other = store.keep(&times(&dataset(30), 2.0), false);
        store.registry.set_generated(other, 0).unwrap();
        store.retrain(None, false).unwrap_err()
    };
    assert!(refused.to_string().contains("both are kept: generated ones in batch `1`"), "{refused}");
    assert!(refused.mixture().unwrap().hint().contains("observations quarantine 1 --reason"), "{refused}");
    store.registry.quarantine(uu_registry::BatchId(1), "for now", "ann").unwrap();
    store.keep(&measured, false);
    assert!(store.registry.release(uu_registry::BatchId(1), "ann").is_err());
}

#[test]
fn what_was_asked_for_by_force_ends_with_its_token() {
    let store = Store::new();
    let (id, _) = store.registry.create_token("ci", Scope::Admin, "ann").unwrap();
    let by = store.registry.tokens().unwrap()[0].holder();
    let asked = |force, by: &str| {
        let settings = RetrainSettings {
            train: quick_settings(),
            sealed_sites: 300,
            gate: GateSettings::default(),
            force,
            by: by.to_owned(),
            claim: None,
        };
        may_force(&store.registry, &settings).map_err(|error| error.to_string())
    };
    assert_eq!(asked(true, &by), Ok(()));
    store.registry.revoke_token(id, "ann").unwrap();
    assert!(asked(true, &by).is_err_and(|error| error.contains("token 1 (ci)") && error.contains("revoked")));
    assert_eq!((asked(false, &by), asked(true, "ann")), (Ok(()), Ok(())), "what needs no force, and who needs no token");
}
