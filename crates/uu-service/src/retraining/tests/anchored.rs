//! Only an admin moves what bounds the champion.

use super::*;

/// The rows as those of a source whose numbers are measured.
fn measured(rows: &Dataset) -> Dataset {
    let change = |record: &Record| Record { source: Some("panel".into()), ..record.clone() };
    Dataset::new(Vec::new(), rows.records().iter().map(change).collect())
}

/// A version of measured rows that is put and was not promoted.
fn put_measured(store: &Store) -> uu_registry::ModelVersion {
    let artifact = train(&measured(&dataset(600)), &Rules::default(), &quick_settings(), &Silent).unwrap().artifact;
    let about = serde_json::Value::Null;
    store
        .registry
        .put(&NewVersion { artifact: &artifact, about: &about, data_fingerprint: None, parent: None, made_by: "test", reason: "" })
        .unwrap()
}

fn confirming() -> Change {
    Change { confirms: true, ..Change::default() }
}

#[test]
fn labels_are_compared_with_the_anchor_where_the_champion_is_of_generated_rows() {
    let store = Store::new();
    let version = put_measured(&store);
    store.registry.promote(version, &confirming()).unwrap();
    // As an admin may: the anchor stays, since it is not the champion that is gone back from.
    store.registry.rollback(&Change::default()).unwrap();
    let report = store.retrain(Some(&delivery(measured(&times(&sites(1_000..1_200), 0.3)))), false).unwrap();
    assert_eq!((report.decision, report.version), (Decision::SetAside, None), "{:?}", report.reasons);
    assert!(report.labels.is_some());
    // What is within the bounds of labels is not within those of estimates.
    let report = store.retrain(Some(&delivery(measured(&times(&sites(1_000..1_700), 0.72)))), false).unwrap();
    assert_ne!(report.decision, Decision::Promoted, "{:?}", report.reasons);
    let aliases = store.registry.aliases().unwrap();
    assert_eq!((aliases.champion, aliases.anchor), (report.champion, Some(version)));
}

#[test]
fn without_an_anchor_that_counts_a_challenger_waits_for_an_admin_where_there_was_one() {
    let store = Store::new();
    let version = put_measured(&store);
    store.registry.promote(version, &confirming()).unwrap();
    store.registry.rollback(&confirming()).unwrap();
    let generated = store.registry.aliases().unwrap();
    assert_eq!(generated.anchor, generated.champion, "the admin took the confirmation back");
    let report = store.retrain(Some(&delivery(measured(&sites(0..1_000)))), false).unwrap();
    assert_ne!(report.decision, Decision::Promoted, "{:?}", report.reasons);
    if report.decision == Decision::WaitsForAdmin {
        assert!(report.reasons[0].contains("models promote"), "{:?}", report.reasons);
    }
    assert_eq!(store.registry.aliases().unwrap(), generated);
    // By force it is an admin's.
    let report = store.retrain(Some(&delivery(measured(&sites(1_000..1_400)))), true).unwrap();
    let aliases = store.registry.aliases().unwrap();
    assert_eq!((report.decision, aliases.anchor), (Decision::Promoted, report.version));
}

#[test]
fn the_first_version_of_measured_rows_is_the_anchor() {
    let store = Store::new();
    let report = store.retrain(Some(&delivery(measured(&sites(0..1_700)))), false).unwrap();
    assert_eq!(report.decision, Decision::Promoted, "{:?}", report.reasons);
    let aliases = store.registry.aliases().unwrap();
    assert_eq!((aliases.champion, aliases.anchor), (report.version, report.version));
}
