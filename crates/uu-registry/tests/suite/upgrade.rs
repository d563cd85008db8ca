//! Stores and backups of the releases before, which `tests/fixtures` holds as those releases wrote them.

use serde_json::{Value, json};
use uu_registry::{Aliases, BatchId, ModelVersion, Onto, Registry};

use crate::backup::{backup, edited, promote};
use crate::versions::put;
use crate::{Check, Fresh};

pub(crate) const CHECKS: &[Check] = &[
    ("databases_of_older_releases_are_brought_up_by_many_at_once", brought_up),
    ("backups_of_older_releases_are_restored", restored),
    ("a_database_that_was_brought_up_is_as_one_that_was_restored", same_both_ways),
];

/// Databases as the releases of schema 1 and 2 left them, as statements.
const DATABASES: [&str; 2] = [include_str!("../fixtures/schema-1.sql"), include_str!("../fixtures/schema-2.sql")];

/// The bytes of the objects that both name: two versions, a batch; the second has an upload too.
const OBJECTS: [[&str; 4]; 2] = [
    [
        "models/a4fbbe04dfdbf9672904233080a72884.uumodel",
        "models/4411156237461f7c93ee3843e86a975a.uumodel",
        "observations/93de84837a8fae45e4d229194d5dea8e.parquet",
        "uploads/none.upload",
    ],
    [
        "models/b6ac97a64af1166b10677a50fdb2e5d4.uumodel",
        "models/8a9b58c3b124ee25695ffafacaec8633.uumodel",
        "observations/30332494cec1a73c86ccf616ecdab481.parquet",
        "uploads/b5f7d5f4ff8f43d473bf45c41948f100.upload",
    ],
];
const CONTENTS: [&[u8]; 4] = [b"one", b"two", b"PAR1 rows PAR1", b"site,visits"];

/// A backup of the database of schema 2.
const BACKUP: &[u8] = include_bytes!("../fixtures/backup-schema-2.tar.zst");

/// Makes a store of schema 1 or 2.
fn old_store(fresh: &Fresh, schema: usize) {
    for statement in DATABASES[schema - 1].lines() {
        fresh.execute(statement);
    }
    for (object, bytes) in OBJECTS[schema - 1].iter().zip(CONTENTS) {
        fresh.put_object(object, bytes);
    }
}

/// What schema 1 knew, which both hold alike, and what came with schema 2.
fn look(registry: &Registry, schema: usize) {
    let (one, two) = (ModelVersion::new(1), ModelVersion::new(2));
    assert_eq!(registry.list().unwrap().iter().map(|record| record.version).collect::<Vec<_>>(), [one, two]);
    let watched_from = registry.aliases().unwrap().watched_from;
    let expected =
        Aliases { champion: Some(two), previous: Some(one), generation: 2, watched_from, anchor: Some(two), anchored_through: None };
    assert_eq!(registry.aliases().unwrap(), expected, "nobody confirmed another version than the champion");
    assert_eq!(watched_from.is_some(), schema > 1);
    let batches = registry.batches().unwrap();
    assert_eq!(
        batches.iter().map(|batch| (batch.id, batch.rows)).collect::<Vec<_>>(),
        [1, 2, 3].map(BatchId).into_iter().zip([3, 3, 1]).collect::<Vec<_>>()
    );
    assert_eq!(batches.iter().map(|batch| batch.examined).collect::<Vec<_>>(), [schema > 1, false, false]);
    assert_eq!(batches[1].quarantined.as_deref(), Some("off by ten"));
    let waiting = registry.observations_after(0, 10).unwrap();
    assert_eq!(waiting.len(), 1, "three are in quarantine");
    assert_eq!(waiting[0].observation.site.as_deref(), Some("größe3.com"));
    assert_eq!(registry.jobs(10).unwrap().len(), 1 + schema);
    assert_eq!(registry.tokens().unwrap()[0].name, "nightly");
    assert_eq!(registry.audit_log(100, None).unwrap().len(), 6);
    assert_eq!(registry.windows(one).unwrap().len(), schema - 1);
}

fn goes_on(registry: &Registry) {
    let version = put(registry, b"three");
    assert_eq!(version, ModelVersion::new(3));
    promote(registry, version);
    registry.set_examined(BatchId(3)).unwrap();
    assert!(registry.batches().unwrap().iter().all(|batch| batch.examined));
    registry.keep_window("another", version, &json!({})).unwrap();
    assert!(registry.claim("worker").unwrap().is_some());
}

fn brought_up(fresh: &Fresh) {
    for schema in [1, 2] {
        let old = fresh.another();
        old_store(&old, schema);
        let opened: Vec<Registry> = std::thread::scope(|scope| {
            let openers: Vec<_> = (0..4).map(|_| scope.spawn(|| old.open())).collect();
            openers.into_iter().map(|opener| opener.join().unwrap()).collect()
        });
        opened.iter().for_each(|registry| look(registry, schema));
        assert_eq!(opened[0].read(ModelVersion::new(2)).unwrap(), b"two");
        opened[0].backup(std::io::sink()).unwrap();
        goes_on(&opened[0]);
        assert_eq!(opened[3].aliases().unwrap().champion, Some(ModelVersion::new(3)));
    }
}

/// The backup without what came with schema 2. No release of schema 1 could write one; backups that it could have written look like this.
fn first_schema() -> Vec<u8> {
    const NEW: [&str; 2] = ["uploads", "windows"];
    let without_last = |page: &mut Value| {
        page["columns"].as_array_mut().unwrap().pop();
        page["rows"].as_array_mut().unwrap().iter_mut().for_each(|row| drop(row.as_array_mut().unwrap().pop()));
    };
    edited(BACKUP, |name, bytes| {
        if NEW.iter().any(|table| name.contains(&format!("{table}/"))) {
            return None;
        }
        let Ok(mut document) = serde_json::from_slice::<Value>(&bytes) else { return Some((name.to_owned(), bytes)) };
        match name {
            "backup.json" => {
                document["schema"] = json!(1);
                document["tables"].as_array_mut().unwrap().retain(|table| NEW.iter().all(|new| table != new));
            }
            "tables/aliases/000001.json" | "tables/batches/000001.json" => without_last(&mut document),
            "end.json" => {
                NEW.iter().for_each(|table| drop(document["rows"].as_object_mut().unwrap().remove(*table)));
                document["objects"] = json!(3);
                document["object_bytes"] = json!(20);
            }
            _ => {}
        }
        Some((name.to_owned(), document.to_string().into_bytes()))
    })
}

fn restored(fresh: &Fresh) {
    let another = fresh.another();
    let (first, second) = (fresh.open(), another.open());
    first.restore(first_schema().as_slice(), Onto::Empty).unwrap();
    // The third job came with an upload, and is in this backup too.
    assert_eq!(first.jobs(10).unwrap().len(), 3);
    assert!(first.batches().unwrap().iter().all(|batch| !batch.examined), "what the backup does not say is as it was before");
    assert_eq!((first.aliases().unwrap().watched_from, first.windows(ModelVersion::new(1)).unwrap().len()), (None, 0));
    second.restore(BACKUP, Onto::Empty).unwrap();
    look(&second, 2);
    for registry in [first, second] {
        assert_eq!(registry.read(ModelVersion::new(2)).unwrap(), b"two");
        goes_on(&registry);
    }
}

fn same_both_ways(fresh: &Fresh) {
    old_store(fresh, 2);
    let another = fresh.another();
    let (brought_up, restored) = (fresh.open(), another.open());
    restored.restore(BACKUP, Onto::Empty).unwrap();
    assert!(backup(&brought_up) == backup(&restored), "columns stand in the same order in both, with the same values");
}
