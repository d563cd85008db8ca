//! Observations: acknowledged ones are there, in order, until a person says they must not be used.

use serde_json::{Map, Value, json};
use uu_registry::{Asker, BatchContents, BatchId, Mixture, Observation, ObservationBatch, QueueBounds, Registry, RegistryError, Waiting};

use crate::{Check, Fresh};

pub(crate) const CHECKS: &[Check] = &[
    ("observations_are_read_in_the_order_they_came", in_order),
    ("a_quarantined_batch_is_left_out_until_it_is_released", quarantined),
    ("a_large_batch_is_read_as_it_was_kept", large),
    ("batches_sent_side_by_side_are_read_without_gaps", side_by_side),
    ("a_text_the_database_cannot_hold_is_refused", unfit),
    ("what_no_training_has_looked_at_waits", waiting),
    ("generated_rows_and_measured_ones_are_never_in_use_together", unmixed),
    ("the_first_generated_rows_are_an_admins", first_generated),
    ("observations_of_one_sender_are_bounded", bounded),
    ("all_batches_of_a_sender_are_set_aside_at_once", all_of_a_sender),
    ("batches_of_an_older_release_are_counted_before_they_refuse", uncounted),
];

fn observation(index: usize) -> Observation {
    let fields: Map<String, Value> = [("unique_users".to_owned(), json!(index)), ("visits".to_owned(), json!(1.5))].into_iter().collect();
    Observation {
        source: (!index.is_multiple_of(3)).then(|| "panel".to_owned()),
        site: Some(format!("grüße{index}.com")),
        month: "2024-12".to_owned(),
        fields,
    }
}

fn in_order(fresh: &Fresh) {
    let registry = fresh.open();
    // More than goes into one statement.
    let sent: Vec<Observation> = (0..450).map(observation).collect();
    let first = registry.observe(&sent[..430], "ann").unwrap();
    let second = registry.observe(&sent[430..], "bob").unwrap();
    registry.observe(&[], "nobody").unwrap();
    let mut read = Vec::new();
    while let Some(last) = Some(read.last().map_or(0, |received: &uu_registry::Received| received.number)) {
        let some = registry.observations_after(last, 100).unwrap();
        if some.is_empty() {
            break;
        }
        read.extend(some);
    }
    assert_eq!(read.iter().map(|received| &received.observation).collect::<Vec<_>>(), sent.iter().collect::<Vec<_>>());
    assert_eq!(read.iter().map(|received| received.number).collect::<Vec<_>>(), (1..=450).collect::<Vec<i64>>());
    assert_eq!((read[0].batch, read[449].batch), (first, second));
    let batches = registry.batches().unwrap();
    assert_eq!(batches.iter().map(|batch| (batch.rows, batch.by.as_str())).collect::<Vec<_>>(), [(430, "ann"), (20, "bob"), (0, "nobody")]);
    let BatchContents::Rows(rows) = registry.read_batch(second).unwrap() else { panic!("it was sent as rows") };
    assert_eq!(rows, read[430..]);
}

fn quarantined(fresh: &Fresh) {
    let registry = fresh.open();
    let good = registry.observe(&[observation(1)], "ann").unwrap();
    let bad = registry.observe(&[observation(2)], "ann").unwrap();
    registry.quarantine(bad, "labels off by a factor of 10", "gate").unwrap();
    let batches = || registry.observations_after(0, 10).unwrap().iter().map(|received| received.batch).collect::<Vec<_>>();
    assert_eq!(batches(), [good]);
    assert_eq!(registry.batches().unwrap()[1].quarantined.as_deref(), Some("labels off by a factor of 10"));
    registry.read_batch(bad).unwrap();
    registry.release(bad, "ann").unwrap();
    assert_eq!(batches(), [good, bad]);
    let log = registry.audit_log(2, None).unwrap();
    assert_eq!(log.iter().map(|record| record.action.as_str()).collect::<Vec<_>>(), ["release", "quarantine"]);
    assert!(matches!(registry.release(BatchId(99), "ann"), Err(RegistryError::UnknownBatch { .. })));
}

fn large(fresh: &Fresh) {
    let registry = fresh.open();
    let about = ObservationBatch {
        rows: 1_000,
        by: "ann",
        origin: "panel.parquet",
        fingerprint: Some("abc"),
        examined: true,
        ..ObservationBatch::default()
    };
    let id = registry.keep_rows(b"PAR1 rows PAR1", &about).unwrap();
    assert_eq!(registry.read_batch(id).unwrap(), BatchContents::Parquet(b"PAR1 rows PAR1".to_vec()));
    let batch = &registry.batches().unwrap()[0];
    assert_eq!((batch.rows, batch.origin.as_str(), batch.fingerprint.as_deref()), (1_000, "panel.parquet", Some("abc")));
    assert!(registry.observations_after(0, 10).unwrap().is_empty(), "its rows are not the registry's to read");
    assert!(matches!(registry.read_batch(BatchId(99)), Err(RegistryError::UnknownBatch { .. })));
}

fn waiting(fresh: &Fresh) {
    let registry = fresh.open();
    assert_eq!(registry.waiting().unwrap(), Waiting::default());
    let kept = ObservationBatch {
        rows: 500,
        by: "ann",
        origin: "panel.parquet",
        fingerprint: None,
        examined: true,
        ..ObservationBatch::default()
    };
    registry.keep_rows(b"PAR1 rows PAR1", &kept).unwrap();
    assert_eq!(registry.waiting().unwrap().rows, 0, "a training has looked at them");
    let first = registry.observe(&[observation(1), observation(2)], "ann").unwrap();
    let bad = registry.observe(&[observation(3)], "ann").unwrap();
    let last = registry.observe(&[observation(4)], "ann").unwrap();
    registry.quarantine(bad, "labels off", "ann").unwrap();
    assert_eq!(registry.waiting().unwrap(), Waiting { batches: 2, rows: 3, last });
    registry.set_examined(first).unwrap();
    assert_eq!(registry.waiting().unwrap(), Waiting { batches: 1, rows: 1, last });
    registry.set_examined(last).unwrap();
    assert_eq!(registry.waiting().unwrap(), Waiting::default());
    assert!(registry.batches().unwrap().iter().all(|batch| batch.examined));
}

fn generated(index: usize) -> Observation {
    Observation { source: Some(uu_core::GENERATED.to_owned()), ..observation(index) }
}

fn mixture<T: std::fmt::Debug>(refused: Result<T, RegistryError>) -> Mixture {
    match refused {
        Err(RegistryError::Mixture(mixture)) => mixture,
        other => panic!("{other:?}"),
    }
}

/// Every way in which rows get into use, with generated rows or with measured ones.
fn brought(registry: &Registry, is_generated: bool) -> Vec<Result<BatchId, RegistryError>> {
    let one = |index| if is_generated { generated(index) } else { observation(index) };
    let about = ObservationBatch { rows: 5, generated: if is_generated { 5 } else { 0 }, by: "ann", ..ObservationBatch::default() };
    vec![registry.observe(&[one(1)], "ann"), registry.keep_rows(b"PAR1 rows PAR1", &about)]
}

fn unmixed(fresh: &Fresh) {
    let registry = fresh.open();
    assert!(mixture(registry.observe(&[observation(1), generated(2)], "ann")).batches.is_empty());
    let released = registry.observe(&[generated(1)], "ann").unwrap();
    for refused in brought(&registry, false) {
        let mixture = mixture(refused);
        assert_eq!((mixture.generated_are_kept, &mixture.batches[..]), (true, &[released][..]));
        assert!(mixture.hint().contains(&format!("observations quarantine {released} ")), "{}", mixture.hint());
    }
    registry.quarantine(released, "a trial", "ann").unwrap();
    let kept: Vec<BatchId> = brought(&registry, false).into_iter().map(Result::unwrap).collect();
    let again = mixture(registry.release(released, "ann"));
    assert_eq!((again.generated, again.generated_are_kept, &again.batches), (1, false, &kept));
    brought(&registry, true).into_iter().for_each(|refused| assert_eq!(mixture(refused).batches, kept));
    assert!(registry.check_mixture(0, 9).is_ok() && registry.check_mixture(0, 0).is_ok());
    assert_eq!(registry.batches().unwrap().len(), 3, "what is refused is not kept");
    assert!(registry.batches().unwrap()[0].quarantined.is_some());
}

fn by(by: &str) -> Asker<'_> {
    Asker { by, bounds: QueueBounds::default(), is_admin: false }
}

fn first_generated(fresh: &Fresh) {
    let registry = fresh.open();
    let refused = registry.observe(&[generated(1), generated(2)], by("eve"));
    assert!(matches!(refused, Err(RegistryError::FirstGenerated { rows: 2 })), "{refused:?}");
    assert!(matches!(registry.check_generated(by("eve"), 1), Err(RegistryError::FirstGenerated { rows: 1 })));
    assert!(registry.check_generated(by("eve"), 0).is_ok() && registry.check_generated("ann".into(), 9).is_ok());
    assert!(registry.batches().unwrap().is_empty());
    let first = registry.observe(&[generated(1)], "ann").unwrap();
    registry.observe(&[generated(2)], by("eve")).unwrap();
    registry.quarantine(first, "a trial", "ann").unwrap();
    registry.observe(&[generated(3)], by("eve")).unwrap();
}

fn bounded(fresh: &Fresh) {
    let registry = fresh.open();
    let bounds = QueueBounds { pending_rows_of_one: 3, kept_rows_of_one: 5, ..QueueBounds::default() };
    let send = |sender, count: usize| registry.observe(&(0..count).map(observation).collect::<Vec<_>>(), Asker { bounds, ..by(sender) });
    send("eve", 2).unwrap();
    assert!(matches!(send("eve", 2), Err(RegistryError::RowsFull { kept: 2, more: 2, most: 3, pending: true })));
    let third = send("eve", 1).unwrap();
    send("bob", 3).unwrap();
    registry.set_examined(third).unwrap();
    let last = send("eve", 2).unwrap();
    assert!(matches!(send("eve", 1), Err(RegistryError::RowsFull { kept: 5, more: 1, most: 5, pending: false })));
    // What is delivered as a file, and what is set aside, is not counted.
    let about = ObservationBatch { rows: 1_000, by: "eve", origin: "rows.csv", examined: true, ..ObservationBatch::default() };
    registry.keep_rows(b"PAR1 rows PAR1", &about).unwrap();
    registry.quarantine(last, "a trial", "ann").unwrap();
    send("eve", 2).unwrap();
    registry.observe(&(0..99).map(observation).collect::<Vec<_>>(), "eve").expect("an operator, whom nothing bounds");
}

fn all_of_a_sender(fresh: &Fresh) {
    let registry = fresh.open();
    for sender in ["token 7 (eve)", "token 71 (bob)", "token 7 (eve)", "ann"] {
        registry.observe(&[observation(1)], sender).unwrap();
    }
    let about = ObservationBatch { rows: 1, by: "token 7 (eve)", origin: "rows.csv", examined: true, ..ObservationBatch::default() };
    registry.keep_rows(b"PAR1 rows PAR1", &about).unwrap();
    assert_eq!(registry.quarantine_all_of("token 7", "a flood", "ann").unwrap(), 3);
    let is_set_aside: Vec<bool> = registry.batches().unwrap().iter().map(|batch| batch.quarantined.is_some()).collect();
    assert_eq!(is_set_aside, [true, false, true, false, true]);
    let last = &registry.audit_log(1, None).unwrap()[0];
    assert_eq!((last.action.as_str(), last.subject.as_str(), &last.details["batches"]), ("quarantine", "token 7", &json!(3)));
    let unknown = registry.quarantine_all_of("token 7", "a flood", "ann").unwrap_err();
    assert_eq!(unknown.to_string(), "no batch in use is of `token 7`; senders are `ann`, `token 71 (bob)`");
    assert_eq!(registry.quarantine_all_of("ann", "a flood", "ann").unwrap(), 1);
}

fn uncounted(fresh: &Fresh) {
    let registry = fresh.open();
    let (measured, other) = (registry.observe(&[observation(1)], "ann").unwrap(), registry.observe(&[observation(2)], "ann").unwrap());
    fresh.execute("UPDATE batches SET generated = NULL");
    assert!(registry.check_mixture(1, 0).is_ok(), "nothing is known of them");
    assert_eq!(registry.uncounted_batches().unwrap(), [measured, other]);
    registry.set_generated(measured, 0).unwrap();
    assert_eq!(mixture(registry.check_mixture(1, 0)).batches, [measured]);
    registry.set_generated(other, 1).unwrap();
    assert!(registry.uncounted_batches().unwrap().is_empty());
    let both = mixture(registry.check_mixture(0, 0));
    assert_eq!((both.generated_are_kept, &both.batches[..]), (true, &[other][..]));
    assert!(both.to_string().contains(&format!("both are kept: generated ones in batch `{other}`")), "{both}");
}

fn side_by_side(fresh: &Fresh) {
    let registry = fresh.open();
    std::thread::scope(|scope| {
        for sender in 0..4 {
            scope.spawn(move || {
                let registry = fresh.open();
                for _ in 0..5 {
                    registry.observe(&[observation(sender), observation(sender)], "ann").unwrap();
                }
            });
        }
        // A reader that goes on after what it has seen misses nothing: greater numbers are committed later.
        let mut seen = 0;
        while seen < 40 {
            for received in registry.observations_after(seen, 100).unwrap() {
                assert_eq!(received.number, seen + 1);
                seen = received.number;
            }
        }
    });
}

fn unfit(fresh: &Fresh) {
    let registry = fresh.open();
    let bad = Observation { site: Some("a\0b".to_owned()), ..observation(1) };
    assert!(matches!(registry.observe(&[observation(2), bad], "ann"), Err(RegistryError::BadText)));
    assert!(registry.batches().unwrap().is_empty(), "nothing half done");
    // Inside JSON it is written as an escape, which any text can hold.
    let fields: Map<String, Value> = [("note".to_owned(), json!("a\0b"))].into_iter().collect();
    registry.observe(&[Observation { fields, ..observation(3) }], "ann").unwrap();
    assert_eq!(registry.observations_after(0, 1).unwrap()[0].observation.fields["note"], "a\0b");
}
