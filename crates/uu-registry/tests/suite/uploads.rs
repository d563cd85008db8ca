//! Files that come with a job, and what replicas count.

use std::fs::File;
use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use uu_registry::{Asker, Claim, JobId, NewUpload, Outcome, QueueBounds, Registry, RegistryError};

use crate::backup::promote;
use crate::versions::put;
use crate::{Check, Fresh};

pub(crate) const CHECKS: &[Check] = &[
    ("files_come_to_whoever_has_the_job_and_go_with_its_success", come_and_go),
    ("a_retry_has_the_files_of_the_job_before", retried),
    ("files_of_jobs_that_ended_are_swept", swept),
    ("work_that_is_asked_for_once_is_queued_once", once),
    ("what_replicas_count_is_kept_by_version", windows),
    ("jobs_beyond_what_may_be_pending_are_refused_and_keep_nothing", bounded),
    ("jobs_that_are_asked_for_at_once_do_not_exceed_their_bound", bounded_at_once),
];

fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

/// A job with two files, one of several parts.
fn queue(registry: &Registry) -> (JobId, Vec<u8>) {
    let large: Vec<u8> = (0..9 << 20).map(|index: u32| (index % 251) as u8).collect();
    let (first, second) = (file(b"date,site"), file(&large));
    let files = [NewUpload { name: "rows.csv", file: &first }, NewUpload { name: "large.bin", file: &second }];
    (registry.enqueue_with("retrain", &json!({}), "ann", &files).unwrap(), large)
}

fn claim(registry: &Registry) -> Claim {
    registry.claim("worker").unwrap().expect("a job waits")
}

fn come_and_go(fresh: &Fresh) {
    let registry = fresh.open();
    let (id, large) = queue(&registry);
    let held = claim(&registry);
    let uploads = fresh.open().uploads(id).unwrap();
    assert_eq!(uploads.iter().map(|upload| upload.name.as_str()).collect::<Vec<_>>(), ["rows.csv", "large.bin"]);
    assert_eq!(registry.read_upload(&uploads[0]).unwrap(), b"date,site");
    assert!(registry.read_upload(&uploads[1]).unwrap() == large);
    registry.finish(&held, &Outcome::Succeeded(Value::Null)).unwrap();
    assert!(registry.uploads(id).unwrap().is_empty());
    assert!(matches!(registry.read_upload(&uploads[1]), Err(RegistryError::DamagedUpload { .. })), "the bytes are gone");
    let file = tempfile::tempfile().unwrap();
    assert_eq!(registry.copy_incoming("none.csv", &file, 10).unwrap(), None);
}

fn retried(fresh: &Fresh) {
    let registry = fresh.open();
    let (id, large) = queue(&registry);
    registry.finish(&claim(&registry), &Outcome::Failed(json!("killed"))).unwrap();
    let again = registry.retry(id, "ann").unwrap();
    let uploads = registry.uploads(again).unwrap();
    assert!(registry.read_upload(&uploads[1]).unwrap() == large);
    registry.finish(&claim(&registry), &Outcome::Succeeded(Value::Null)).unwrap();
    assert!(registry.uploads(again).unwrap().is_empty());
    assert!(registry.read_upload(&registry.uploads(id).unwrap()[1]).is_ok(), "the first job's are its own to the end");
}

fn swept(fresh: &Fresh) {
    let registry = fresh.open();
    promote(&registry, put(&registry, b"one"));
    let (ended, _) = queue(&registry);
    let removed = registry.uploads(ended).unwrap();
    registry.finish(&claim(&registry), &Outcome::Cancelled).unwrap();
    let (waits, _) = queue(&registry);
    // What ended within this millisecond is not older than none; clocks of files and of S3 stores count in seconds or worse.
    let deadline = Instant::now() + Duration::from_secs(120);
    let mut swept = registry.sweep_older_than(Duration::ZERO).unwrap();
    let mut uploads = swept.uploads;
    while !registry.uploads(ended).unwrap().is_empty() {
        assert!(Instant::now() < deadline, "what has ended is not swept: {swept:?}");
        swept = registry.sweep_older_than(Duration::ZERO).unwrap();
        uploads += swept.uploads;
    }
    assert_eq!(uploads, 2, "they are removed, not moved");
    for upload in &removed {
        assert!(matches!(registry.read_upload(upload), Err(RegistryError::DamagedUpload { .. })));
    }
    assert!(!fresh.location.store.join("swept/uploads").exists());
    let uploads = registry.uploads(waits).unwrap();
    assert_eq!(uploads.len(), 2);
    assert!(registry.read_upload(&uploads[0]).is_ok(), "a job that waits keeps its files: {swept:?}");
}

fn once(fresh: &Fresh) {
    let registry = fresh.open();
    let first = registry.enqueue_if_idle("retrain", &json!({}), "policy").unwrap();
    assert!(first.is_some());
    assert_eq!(registry.enqueue_if_idle("retrain", &json!({}), "policy").unwrap(), None, "it waits");
    let held = claim(&registry);
    assert_eq!(registry.enqueue_if_idle("retrain", &json!({}), "policy").unwrap(), None, "it is under way");
    registry.finish(&held, &Outcome::Cancelled).unwrap();
    assert!(registry.enqueue_if_idle("retrain", &json!({}), "policy").unwrap() > first);
}

fn ask(registry: &Registry, asker: Asker<'_>, bytes: &[u8]) -> Result<JobId, RegistryError> {
    let file = file(bytes);
    registry.enqueue_with("retrain", &json!({}), asker, &[NewUpload { name: "rows.csv", file: &file }])
}

fn bounded(fresh: &Fresh) {
    let registry = fresh.open();
    let bounds = QueueBounds { pending: 3, pending_of_one: 2, kept_bytes_of_one: 100, ..QueueBounds::default() };
    let by = |by| Asker { by, bounds, is_admin: false };
    let first = ask(&registry, by("ann"), &[1; 40]).unwrap();
    assert!(matches!(ask(&registry, by("ann"), &[1; 61]), Err(RegistryError::UploadsFull { kept: 40, more: 61, most: 100 })));
    ask(&registry, by("ann"), &[1; 60]).unwrap();
    assert!(matches!(ask(&registry, by("ann"), b"x"), Err(RegistryError::QueueFull { pending: 2, most: 2, by_one: true })));
    ask(&registry, by("bob"), &[1; 100]).unwrap();
    for refused in [ask(&registry, by("bob"), b"x"), ask(&registry, by("eve"), b"x"), registry.check_room(by("eve"), 0).map(|()| first)] {
        assert!(matches!(refused, Err(RegistryError::QueueFull { pending: 3, most: 3, by_one: false })), "{refused:?}");
    }
    registry.finish(&claim(&registry), &Outcome::Failed(Value::Null)).unwrap();
    assert!(matches!(ask(&registry, by("ann"), b"x"), Err(RegistryError::UploadsFull { .. })), "what failed is kept for a retry");
    // Its files are kept once, however often they are tried.
    let again = registry.retry(first, by("ann")).unwrap();
    assert!(matches!(registry.retry(first, by("eve")), Err(RegistryError::RetriedAlready { .. })));
    registry.request_cancel(again, "ann").unwrap();
    assert!(matches!(
        registry.retry(first, Asker { bounds: QueueBounds { pending_of_one: 1, ..bounds }, ..by("ann") }),
        Err(RegistryError::QueueFull { .. })
    ));
    assert!(registry.retry(first, "an operator").is_ok(), "whom nothing bounds");
}

fn bounded_at_once(fresh: &Fresh) {
    let bounds = QueueBounds { pending: 4, ..QueueBounds::default() };
    let queued: usize = std::thread::scope(|scope| {
        let ask = || ask(&fresh.open(), Asker { by: "ann", bounds, is_admin: false }, b"rows").is_ok();
        let senders: Vec<_> = (0..12).map(|_| scope.spawn(ask)).collect();
        senders.into_iter().map(|sender| usize::from(sender.join().unwrap())).sum()
    });
    assert_eq!(queued, 4);
}

fn windows(fresh: &Fresh) {
    let registry = fresh.open();
    let (one, two) = (put(&registry, b"one"), put(&registry, b"two"));
    for (worker, version, count) in [("a", one, 1), ("b", one, 2), ("a", two, 3), ("a", one, 4)] {
        registry.keep_window(worker, version, &json!({ "requests": count })).unwrap();
    }
    let counted = |version| registry.windows(version).unwrap().iter().map(|window| window.counts["requests"].clone()).collect::<Vec<_>>();
    assert_eq!((counted(one), counted(two)), (vec![json!(4), json!(2)], vec![json!(3)]));
}
