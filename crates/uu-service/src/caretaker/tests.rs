use uu_core::{Record, Rules, UniqueUsers};
use uu_registry::{Location, ModelVersion, NewVersion};
use uu_testkit::models::{trained, unseen};

use super::*;
use crate::observing::observe;

/// Puts a version: the small model, or one whose answers are those of other bytes.
fn put(registry: &Registry, artifact: &[u8]) -> ModelVersion {
    let (about, made_by, reason) = (&serde_json::Value::Null, "test", "a test");
    registry.put(&NewVersion { artifact, about, data_fingerprint: None, parent: None, made_by, reason }).unwrap()
}

/// A model that learned users a tenth of what they are.
fn spoilt() -> Vec<u8> {
    spoilt_of(None)
}

/// The same, of rows of that source.
fn spoilt_of(source: Option<&str>) -> Vec<u8> {
    let rows = uu_testkit::models::dataset(300);
    let tenth = |record: &Record| {
        let users = record.unique_users.and_then(|users| UniqueUsers::new((users.get() / 10.0).max(1.0).round()).ok());
        Record { unique_users: users, source: source.map_or_else(|| record.source.clone(), |source| Some(source.into())), ..record.clone() }
    };
    let rows = uu_data::Dataset::new(Vec::new(), rows.records().iter().map(tenth).collect());
    uu_train::train(&rows, &Rules::default(), &uu_testkit::models::quick_settings(), &uu_train::Silent).unwrap().artifact
}

#[test]
fn observations_bring_the_version_before_back_by_themselves_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::open(&Location::folder(folder.path())).unwrap();
    let (good, bad) = (put(&registry, &trained().artifact), put(&registry, &spoilt()));
    let caretaker = || Caretaker::new(registry.clone(), Arc::new(Serving::default()), "test".to_owned(), Policy::default());
    let mut first = caretaker();
    for version in [good, bad] {
        registry.promote(version, &Change::default()).unwrap();
    }
    first.step().unwrap();
    assert_eq!(registry.aliases().unwrap().champion, Some(bad), "nothing was observed");
    let records: Vec<Record> = unseen(200).records().iter().filter(|record| record.unique_users.is_some()).cloned().collect();
    // Two replicas watch, one of them from a later start.
    for (number, some) in records.chunks(40).enumerate() {
        // Two senders, each of whom shows it.
        let (one, other) = some.split_at(some.len() / 2);
        observe(&registry, one, &Rules::default(), "ann").unwrap();
        observe(&registry, other, &Rules::default(), "bob").unwrap();
        first.step().unwrap();
        if number == 1 {
            caretaker().step().unwrap();
        }
    }
    let aliases = registry.aliases().unwrap();
    assert_eq!((aliases.champion, aliases.previous), (Some(good), Some(bad)));
    let log = registry.audit_log(100, None).unwrap();
    let back: Vec<_> = log.iter().filter(|record| record.action == "rollback").collect();
    assert_eq!(back.len(), 1, "once");
    assert_eq!(back[0].by, "watch");
    assert!(back[0].details["reason"].as_str().unwrap().contains("`v0002`"), "{}", back[0].details);
}

#[test]
fn one_sender_alone_suggests_a_rollback_once_and_performs_it_where_that_is_set() {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::open(&Location::folder(folder.path())).unwrap();
    let (good, bad) = (put(&registry, &trained().artifact), put(&registry, &spoilt()));
    for version in [good, bad] {
        registry.promote(version, &Change::default()).unwrap();
    }
    let caretaker = || Caretaker::new(registry.clone(), Arc::new(Serving::default()), "test".to_owned(), Policy::default());
    let records: Vec<Record> = unseen(200).records().iter().filter(|record| record.unique_users.is_some()).cloned().collect();
    observe(&registry, &records, &Rules::default(), "ann").unwrap();
    let mut first = caretaker();
    for _ in 0..2 {
        first.step().unwrap();
        caretaker().step().unwrap();
    }
    assert_eq!(registry.aliases().unwrap().champion, Some(bad));
    let suggested = |action: &str| registry.audit_log(100, None).unwrap().iter().filter(|record| record.action == action).count();
    assert_eq!((suggested("suggest_rollback"), suggested("rollback")), (1, 0), "once, by however many");
    let status = crate::drift_status(&registry, None).unwrap().observations;
    assert!(status.suggests_rollback && status.evidence.is_some_and(|evidence| !evidence.is_corroborated && evidence.senders == 1));
    caretaker().with_evidence_of_one_sender(OneSender::RollBack).step().unwrap();
    assert_eq!(registry.aliases().unwrap().champion, Some(good));
}

#[test]
fn sites_that_training_knows_are_no_evidence_of_one_sender_and_are_of_two() {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::open(&Location::folder(folder.path())).unwrap();
    let (good, bad) = (put(&registry, &trained().artifact), put(&registry, &spoilt()));
    for version in [good, bad] {
        registry.promote(version, &Change::default()).unwrap();
    }
    let caretaker = || Caretaker::new(registry.clone(), Arc::new(Serving::default()), "test".to_owned(), Policy::default());
    let known = uu_testkit::models::dataset(400);
    let records: Vec<Record> = known.records().iter().filter(|record| record.unique_users.is_some()).cloned().collect();
    observe(&registry, &records, &Rules::default(), "ann").unwrap();
    caretaker().step().unwrap();
    assert_eq!(registry.aliases().unwrap().champion, Some(bad), "whose months, inputs and labels one sender chose");
    observe(&registry, &records, &Rules::default(), "bob").unwrap();
    caretaker().step().unwrap();
    assert_eq!(registry.aliases().unwrap().champion, Some(good));
}

#[test]
fn a_version_of_measured_rows_is_not_taken_back_to_one_of_generated_rows() {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::open(&Location::folder(folder.path())).unwrap();
    let (generated, measured) = (put(&registry, &trained().artifact), put(&registry, &spoilt_of(Some("panel"))));
    registry.promote(generated, &Change::default()).unwrap();
    registry.promote(measured, &Change { confirms: true, ..Change::default() }).unwrap();
    let records: Vec<Record> = unseen(200).records().iter().filter(|record| record.unique_users.is_some()).cloned().collect();
    let (one, other) = records.split_at(records.len() / 2);
    for (sent, by) in [(one, "ann"), (other, "bob")] {
        let sent: Vec<Record> = sent.iter().map(|record| Record { source: Some("panel".into()), ..record.clone() }).collect();
        observe(&registry, &sent, &Rules::default(), by).unwrap();
    }
    let caretaker = || Caretaker::new(registry.clone(), Arc::new(Serving::default()), "test".to_owned(), Policy::default());
    caretaker().with_evidence_of_one_sender(OneSender::RollBack).step().unwrap();
    let aliases = registry.aliases().unwrap();
    assert_eq!((aliases.champion, aliases.anchor), (Some(measured), Some(measured)));
    let logged = &registry.audit_log(1, None).unwrap()[0];
    assert_eq!(logged.action, "suggest_rollback");
    assert!(
        logged.details["reason"].as_str().unwrap().starts_with("the version before was trained on generated rows"),
        "{}",
        logged.details
    );
    let status = crate::drift_status(&registry, None).unwrap().observations;
    assert!(status.suggests_rollback && status.evidence.is_some_and(|evidence| evidence.is_corroborated));
}

#[test]
fn a_rollback_by_itself_leaves_the_anchor_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::open(&Location::folder(folder.path())).unwrap();
    let (good, bad) = (put(&registry, &trained().artifact), put(&registry, &spoilt()));
    for version in [good, bad] {
        registry.promote(version, &Change { confirms: true, ..Change::default() }).unwrap();
    }
    let records: Vec<Record> = unseen(200).records().iter().filter(|record| record.unique_users.is_some()).cloned().collect();
    let (one, other) = records.split_at(records.len() / 2);
    observe(&registry, one, &Rules::default(), "ann").unwrap();
    observe(&registry, other, &Rules::default(), "bob").unwrap();
    Caretaker::new(registry.clone(), Arc::new(Serving::default()), "test".to_owned(), Policy::default()).step().unwrap();
    let aliases = registry.aliases().unwrap();
    assert_eq!((aliases.champion, aliases.anchor), (Some(good), Some(bad)), "only an admin moves it");
}

#[test]
fn a_good_champion_stays() {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::open(&Location::folder(folder.path())).unwrap();
    let (bad, good) = (put(&registry, &spoilt()), put(&registry, &trained().artifact));
    for version in [bad, good] {
        registry.promote(version, &Change::default()).unwrap();
    }
    let mut caretaker = Caretaker::new(registry.clone(), Arc::new(Serving::default()), "test".to_owned(), Policy::default());
    let records: Vec<Record> = unseen(200).records().iter().filter(|record| record.unique_users.is_some()).cloned().collect();
    observe(&registry, &records, &Rules::default(), "ann").unwrap();
    caretaker.step().unwrap();
    assert_eq!(registry.aliases().unwrap().champion, Some(good));
}
