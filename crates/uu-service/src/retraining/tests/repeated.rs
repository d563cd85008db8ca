//! Rows of a training that was interrupted and is done again.

use std::ops::ControlFlow;

use uu_testkit::models::unseen;

use super::*;

/// Stops a training as an interrupt does: at its first step, when the rows are kept.
struct Interrupt;

impl Progress for Interrupt {
    fn report(&self, _: &'static str, _: u64, _: u64) -> ControlFlow<()> {
        ControlFlow::Break(())
    }
}

impl Store {
    fn interrupted(&self, delivery: &Delivery, force: bool) {
        let stopped = self.retrain_with(Some(delivery), force, &Interrupt);
        assert!(matches!(stopped, Err(RetrainError::Fit(FitError::Stopped))), "{stopped:?}");
    }

    fn batches(&self) -> usize {
        self.registry.batches().unwrap().len()
    }
}

/// Labels that differ both ways, which is no shift.
fn both_ways(rows: &Dataset) -> Dataset {
    let change = |(place, record): (usize, &Record)| {
        let factor = if place % 2 == 0 { 1.5 } else { 0.6 };
        let users = record.unique_users.and_then(|users| UniqueUsers::new((users.get() * factor).max(1.0)).ok());
        Record { unique_users: users, ..record.clone() }
    };
    Dataset::new(Vec::new(), rows.records().iter().enumerate().map(change).collect())
}

#[test]
fn rows_of_a_retraining_that_was_interrupted_are_kept_once() {
    let (store, first) = (Store::new(), delivery(dataset(300)));
    for _ in 0..3 {
        store.interrupted(&first, false);
    }
    assert_eq!(store.batches(), 1);
    // Observations that came meanwhile change nothing of that.
    observe(&store.registry, &labelled(&unseen(10))[..1], &Rules::default(), "ann").unwrap();
    store.interrupted(&first, false);
    assert_eq!(store.batches(), 2);
}

#[test]
fn rows_that_others_have_replaced_since_are_kept_again() {
    let (store, rows) = (Store::new(), dataset(300));
    let (first, second) = (delivery(rows.clone()), delivery(both_ways(&rows)));
    for of in [&first, &second, &first, &first] {
        store.interrupted(of, false);
    }
    assert_eq!(store.batches(), 3, "the first file is the newest again");
    assert_eq!(store.known().rows.records(), rows.records());
}

#[test]
fn rows_that_a_person_takes_in_are_not_those_that_nobody_answered_for() {
    let (store, rows) = (Store::new(), delivery(dataset(300)));
    store.interrupted(&rows, false);
    store.interrupted(&rows, true);
    let confirmed = |store: &Store| store.registry.batches().unwrap().iter().map(|batch| batch.confirmed).collect::<Vec<bool>>();
    assert_eq!(confirmed(&store), [false, true]);
    store.interrupted(&rows, true);
    store.interrupted(&rows, false);
    assert_eq!(confirmed(&store), [false, true]);
}

#[test]
fn rows_that_are_set_aside_are_kept_once_and_are_no_rows_that_are_used() {
    let (store, rows) = (Store::new(), dataset(200));
    store.keep(&rows, false);
    let shifted = delivery(times(&rows, 0.8));
    let reports: Vec<Retraining> = (0..2).map(|_| store.retrain(Some(&shifted), false).unwrap()).collect();
    assert!(reports.iter().all(|report| report.decision == Decision::SetAside && report.reasons[0].contains("revised one way")));
    assert_eq!((reports[0].batch, store.quarantined()), (reports[1].batch, vec![false, true]));
    let noted = store.registry.audit_log(10, None).unwrap();
    assert_eq!(noted.iter().filter(|record| record.action == "quarantine").count(), 1, "{noted:?}");
    // By force they may be used.
    store.interrupted(&shifted, true);
    assert_eq!(store.quarantined(), [false, true, false]);
}

#[test]
fn rows_of_a_training_that_ended_before_its_version_was_kept_are_kept_once() {
    let (store, first) = (Store::new(), dataset(300));
    let second = both_ways(&first);
    assert_eq!(store.keep(&first, true), store.keep(&first, true));
    assert_ne!(store.keep(&second, true), store.keep(&first, true), "the first are the newest again");
    assert_eq!(store.batches(), 3);
}
