//! What is restored is read as it will be read, before it takes the place of anything.

use std::fs;

use serde_json::{Value, json};
use uu_registry::{Onto, RestoreError};

use crate::backup::{backup, edited, fill};
use crate::{Check, Fresh};

pub(crate) const CHECKS: &[Check] = &[
    ("rows_that_this_release_cannot_read_are_not_restored", unreadable),
    ("a_backup_that_lost_its_champion_is_not_restored", without_champion),
    ("a_backup_that_fails_late_leaves_objects_of_the_same_names", same_names),
    ("a_restore_that_was_interrupted_after_its_rows_is_finished_when_it_is_opened", interrupted),
];

/// The backup with each document of those names changed.
fn changed(file: &[u8], name: &str, change: impl Fn(&mut Value)) -> Vec<u8> {
    edited(file, |part, bytes| {
        if part != name {
            return Some((part.to_owned(), bytes));
        }
        let mut document: Value = serde_json::from_slice(&bytes).unwrap();
        change(&mut document);
        Some((part.to_owned(), document.to_string().into_bytes()))
    })
}

/// The backup with another value in the first row of a table.
fn with_value(file: &[u8], table: &str, column: &str, value: &Value) -> Vec<u8> {
    changed(file, &format!("tables/{table}/000001.json"), |page| {
        let index = page["columns"].as_array().unwrap().iter().position(|name| name == column).unwrap();
        page["rows"][0][index] = value.clone();
    })
}

/// That a backup is refused for its table, whatever it would replace, and that this stays as it is.
fn refused(fresh: &Fresh, file: &[u8], table: &str) {
    let registry = fresh.open();
    let before = backup(&registry);
    let error = registry.restore(file, Onto::Anything).unwrap_err();
    assert!(matches!(&error, RestoreError::Damaged { part, .. } if part.contains(table)), "{table}: {error}");
    assert!(before == backup(&registry), "{table}: it is as it was");
}

fn unreadable(fresh: &Fresh) {
    fill(&fresh.open());
    let another = fresh.another();
    fill(&another.open());
    let file = backup(&another.open());
    for (table, column, value) in [
        ("versions", "about", json!("{no JSON")),
        ("audit_log", "details", json!("")),
        ("jobs", "state", json!("paused")),
        ("jobs", "request", json!("[1, 2")),
        ("job_events", "state", json!("Queued")),
        ("job_events", "details", json!("{'a': 1}")),
        ("observations", "fields", json!("[]")),
        ("observations", "fields", json!("{")),
        ("tokens", "scope", json!("root")),
        ("windows", "counts", json!("NaN")),
    ] {
        refused(fresh, &with_value(&file, table, column, &value), table);
    }
    // A row that names no bytes any more: those that came are nobody's.
    for table in ["versions", "batches"] {
        refused(fresh, &with_value(&file, table, "size_bytes", &json!(-1)), "objects/");
    }
    fresh.open().restore(file.as_slice(), Onto::Anything).unwrap();
    assert!(backup(&fresh.open()) == file);
}

fn without_champion(fresh: &Fresh) {
    fill(&fresh.open());
    let another = fresh.another();
    let source = another.open();
    fill(&source);
    let file = backup(&source);
    refused(fresh, &with_value(&file, "aliases", "champion", &Value::Null), "aliases");
    let without_row = changed(&file, "tables/aliases/000001.json", |page| page["rows"] = json!([]));
    let without_row = changed(&without_row, "end.json", |end| end["rows"]["aliases"] = json!(0));
    refused(fresh, &without_row, "aliases");
    // Its bytes are left out, and counted as an upload that was removed meanwhile.
    let object = std::cell::RefCell::new(String::new());
    changed(&file, "tables/versions/000001.json", |page| {
        assert_eq!(page["columns"][1], "object");
        *object.borrow_mut() = page["rows"][2][1].as_str().unwrap().to_owned();
    });
    let object = object.into_inner();
    let without_bytes = edited(&file, |part, bytes| (part != format!("objects/{object}")).then(|| (part.to_owned(), bytes)));
    let without_bytes = changed(&without_bytes, "end.json", |end| {
        end["gone"] = json!([object]);
        end["objects"] = json!(end["objects"].as_u64().unwrap() - 1);
        end["object_bytes"] = json!(end["object_bytes"].as_u64().unwrap() - 3_000_000);
    });
    refused(fresh, &without_bytes, "end.json");
}

/// A store of the layout before, whose versions are called alike in every one.
fn old_store(fresh: &Fresh, artifact: &[u8]) {
    let store = &fresh.location.store;
    fs::create_dir_all(store.join("models")).unwrap();
    fs::write(store.join("format"), "1\n").unwrap();
    fs::write(store.join("models/v0001.uumodel"), artifact).unwrap();
    fs::write(store.join("champion"), "v0001\n").unwrap();
}

fn same_names(fresh: &Fresh) {
    let another = fresh.another();
    old_store(fresh, b"of this store");
    old_store(&another, b"of another store");
    let (registry, source) = (fresh.open(), another.open());
    source.create_token("nightly", uu_registry::Scope::Read, "ann").unwrap();
    let file = backup(&source);
    let one = registry.list().unwrap()[0].version;
    refused(fresh, &with_value(&file, "tokens", "scope", &json!("root")), "tokens");
    assert_eq!(registry.read(one).unwrap(), b"of this store");
    registry.restore(file.as_slice(), Onto::Anything).unwrap();
    assert_eq!(registry.read(one).unwrap(), b"of another store");
    if fresh.location.artifacts_url.is_none() {
        let left = fs::read_dir(fresh.location.store.join("restored/models")).map_or(0, Iterator::count);
        assert_eq!(left, 0, "nothing is left beside");
    }
}

fn interrupted(fresh: &Fresh) {
    if fresh.location.artifacts_url.is_some() {
        return;
    }
    let another = fresh.another();
    old_store(fresh, b"of this store");
    old_store(&another, b"of another store");
    let (registry, file) = (fresh.open(), backup(&another.open()));
    registry.restore(file.as_slice(), Onto::Anything).unwrap();
    let one = registry.list().unwrap()[0].version;
    // As it is between the commit and the renames, beside what another restore, which failed, has left.
    let (store, folder) = (&fresh.location.store, fresh.location.store.join("restored/models"));
    fs::create_dir_all(&folder).unwrap();
    fs::rename(store.join("models/v0001.uumodel"), folder.join("v0001.uumodel")).unwrap();
    fs::write(store.join("models/v0001.uumodel"), "of this store").unwrap();
    fs::write(folder.join("v0002.uumodel"), "of no row").unwrap();
    assert!(registry.read(one).is_err());
    assert_eq!(fresh.open().read(one).unwrap(), b"of another store");
    assert!(!folder.join("v0001.uumodel").exists() && folder.join("v0002.uumodel").exists());
    // Bytes that are not those of the row stay where they are.
    fs::write(folder.join("v0001.uumodel"), "of a third store").unwrap();
    assert_eq!(fresh.open().read(one).unwrap(), b"of another store");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while folder.join("v0001.uumodel").exists() {
        assert!(std::time::Instant::now() < deadline, "what a restore left is swept");
        registry.sweep_older_than(std::time::Duration::ZERO).unwrap();
    }
    assert_eq!(registry.read(one).unwrap(), b"of another store");
}
