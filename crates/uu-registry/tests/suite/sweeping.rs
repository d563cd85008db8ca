//! Sweeping: what a crash left is moved, later removed, and nothing else; and nothing at all where rows may have been lost.

use std::fs;
use std::time::{Duration, Instant};

use uu_registry::{Change, ModelVersion, NewVersion, ObservationBatch, Registry, RegistryError, StoreFault, SweepAges, Swept};

use crate::backup::promote;
use crate::versions::put;
use crate::{Check, Fresh};

pub(crate) const CHECKS: &[Check] = &[
    ("what_a_crash_left_is_moved_and_later_removed_and_nothing_else", moved),
    ("a_store_without_a_champion_is_not_swept", without_champion),
    ("a_store_whose_parts_do_not_belong_together_is_not_swept", apart),
];

/// Bytes without a row: what a crash leaves between the two. The row is refused, since its parent is unknown.
fn leave(registry: &Registry) {
    let parent = Some(ModelVersion::new(7));
    let about = &serde_json::Value::Null;
    registry.put(&NewVersion { artifact: b"left", about, data_fingerprint: None, parent, made_by: "test", reason: "" }).unwrap_err();
}

/// Sweeps until something is done: clocks of files and of S3 stores count in seconds or worse.
fn swept(registry: &Registry, ages: SweepAges) -> Swept {
    let deadline = Instant::now() + Duration::from_secs(120);
    let mut unfinished = 0;
    loop {
        let swept = registry.sweep_by(ages).unwrap();
        unfinished += swept.unfinished;
        if swept.objects + swept.removed > 0 {
            return Swept { unfinished, ..swept };
        }
        assert!(Instant::now() < deadline, "what was left is not swept");
    }
}

fn moved(fresh: &Fresh) {
    let registry = fresh.open();
    let kept = put(&registry, b"kept");
    promote(&registry, kept);
    let about = ObservationBatch { rows: 1, by: "test", origin: "test", fingerprint: None, examined: true, ..ObservationBatch::default() };
    let batch = registry.keep_rows(b"rows", &about).unwrap();
    leave(&registry);
    if fresh.artifacts().is_some() {
        fs::write(fresh.location.store.join("models/.x.uumodel.1.0.new"), b"half").unwrap();
        fs::write(fresh.location.store.join("models/notes.txt"), b"a person's").unwrap();
    }
    assert_eq!(registry.sweep().unwrap(), Swept::default(), "what is young is spared");
    let of = swept(&registry, SweepAges { left_behind: Duration::ZERO, ..SweepAges::default() });
    assert_eq!((of.objects, of.removed), (1, 0), "{of:?}");
    if let Some(files) = fresh.artifacts() {
        assert_eq!((files.len(), of.unfinished), (2, 1), "the version and the person's file are left");
        let moved: Vec<_> = fs::read_dir(fresh.location.store.join("swept/models")).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(moved.len(), 1);
        assert_eq!(fs::read(&moved[0]).unwrap(), b"left", "a person may take it back");
    }
    let of = registry.sweep_older_than(Duration::ZERO).unwrap();
    assert_eq!((of.objects, of.removed), (0, 0), "it is kept for days");
    let of = swept(&registry, SweepAges { left_behind: Duration::ZERO, swept: Duration::ZERO });
    assert_eq!((of.objects, of.removed), (0, 1), "{of:?}");
    assert_eq!(registry.read(kept).unwrap(), b"kept");
    registry.read_batch(batch).unwrap();
}

fn without_champion(fresh: &Fresh) {
    let registry = fresh.open();
    leave(&registry);
    std::thread::sleep(Duration::from_millis(20));
    let all = SweepAges { left_behind: Duration::ZERO, swept: Duration::ZERO };
    assert_eq!(registry.sweep_by(all).unwrap(), Swept::default(), "no version");
    let version = put(&registry, b"kept");
    assert_eq!(registry.sweep_by(all).unwrap(), Swept::default(), "no champion");
    registry.promote(version, &Change::default()).unwrap();
    assert_eq!(swept(&registry, SweepAges { left_behind: Duration::ZERO, ..all }).objects, 1);
}

fn apart(fresh: &Fresh) {
    let registry = fresh.open();
    let kept = put(&registry, b"kept");
    promote(&registry, kept);
    leave(&registry);
    // Somebody puts another store's database in the place of this one's, under a server that runs.
    fresh.execute("UPDATE registry_schema SET identity = 'another'");
    let error = registry.sweep_older_than(Duration::ZERO).unwrap_err();
    assert!(matches!(error, RegistryError::DamagedStore { fault: StoreFault::OtherStore { .. }, .. }), "{error}");
    // Or all rows of versions are gone.
    fresh.execute("UPDATE aliases SET champion = NULL, previous = NULL, anchor = NULL");
    fresh.execute("DELETE FROM versions");
    let error = registry.sweep_older_than(Duration::ZERO).unwrap_err();
    assert!(matches!(error, RegistryError::DamagedStore { fault: StoreFault::LostVersions { .. }, .. }), "{error}");
    if let Some(files) = fresh.artifacts() {
        assert_eq!(files.len(), 2, "nothing was moved");
    }
}
