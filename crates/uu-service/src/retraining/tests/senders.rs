//! What one sender got wrong is set aside without what others sent.

use super::*;

fn reference() -> champion::Loaded {
    champion::Loaded::of(uu_registry::ModelVersion::new(1), trained().artifact.clone()).unwrap()
}

fn sent(store: &Store, by: &str, rows: &Dataset) {
    let labelled = labelled(rows);
    if !labelled.is_empty() {
        observe(&store.registry, &labelled, &Rules::default(), by).unwrap();
    }
}

#[test]
fn labels_of_one_sender_that_disagree_are_set_aside_without_those_of_others() {
    let store = Store::new();
    sent(&store, "bob", &sites(1_000..1_040));
    sent(&store, "eve", &times(&sites(1_100..1_300), 0.2));
    sent(&store, "eve", &times(&sites(1_300..1_310), 0.2));
    let gathered = store.gathered(Some(&reference()));
    assert!(matches!(gathered.outlook, Outlook::Enough), "bob's are learned from");
    assert!(gathered.doubts.len() == 1 && gathered.doubts[0].starts_with("observations of eve: the labels of"), "{:?}", gathered.doubts);
    assert_eq!(store.quarantined(), [false, true, true]);
    assert!(gathered.report.observed_labels.is_some_and(|labels| labels.verdict == uu_monitor::labels::LabelVerdict::Disagrees));
}

#[test]
fn a_new_source_of_one_sender_is_set_aside_alone() {
    let store = Store::new();
    let of = |source: &str, rows: Dataset| {
        let change = |record: &Record| Record { source: Some(source.into()), ..record.clone() };
        Dataset::new(Vec::new(), rows.records().iter().map(change).collect())
    };
    let artifact = train(&of("panel", dataset(600)), &Rules::default(), &quick_settings(), &Silent).unwrap().artifact;
    let reference = champion::Loaded::of(uu_registry::ModelVersion::new(1), artifact).unwrap();
    sent(&store, "bob", &of("panel", sites(1_000..1_040)));
    sent(&store, "eve", &of("elsewhere", sites(1_100..1_140)));
    let gathered = store.gathered(Some(&reference));
    assert!(matches!(gathered.outlook, Outlook::Enough), "{:?}", gathered.doubts);
    assert!(gathered.doubts.len() == 1 && gathered.doubts[0].contains("does not know the source `elsewhere`"), "{:?}", gathered.doubts);
    assert_eq!(store.quarantined(), [false, true]);
}

#[test]
fn a_little_of_many_senders_is_set_aside_where_it_disagrees_together() {
    let store = Store::new();
    for number in 0..40 {
        sent(&store, &format!("eve {number}"), &times(&sites(1_000 + number..1_001 + number), 0.2));
    }
    let gathered = store.gathered(Some(&reference()));
    assert!(matches!(gathered.outlook, Outlook::Nothing));
    assert!(gathered.doubts[0].starts_with("observations of several senders together: "), "{:?}", gathered.doubts);
    assert!(store.quarantined().into_iter().all(|is_set_aside| is_set_aside));
}

#[test]
fn what_honest_senders_send_is_learned_from() {
    let store = Store::new();
    for (by, rows) in [("ann", sites(1_000..1_040)), ("bob", sites(1_040..1_045)), ("joe", sites(1_045..1_046))] {
        sent(&store, by, &rows);
    }
    let gathered = store.gathered(Some(&reference()));
    assert!(matches!(gathered.outlook, Outlook::Enough) && gathered.doubts.is_empty(), "{:?}", gathered.doubts);
    assert!(store.quarantined().into_iter().all(|is_set_aside| !is_set_aside));
}
