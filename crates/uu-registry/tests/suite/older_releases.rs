//! This release as the older one: on a database that a newer release has brought up, as after a deployment that failed.

use std::collections::BTreeMap;
use std::io::Read;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use uu_registry::{BatchContents, Change, ModelVersion, ObservationBatch, Onto, Outcome, Registry, RegistryError, RestoreError, Scope};

use crate::backup::{backup, fill, observation, promote};
use crate::versions::put;
use crate::{Check, Fresh};

pub(crate) const CHECKS: &[Check] = &[
    ("an_older_release_goes_on_beside_what_a_newer_one_added", goes_on),
    ("an_older_release_backs_up_what_a_newer_one_added", backs_up),
    ("an_older_release_sweeps_nothing_that_a_newer_one_named", sweeps),
    ("an_older_release_replaces_nothing_in_a_newer_store", replaces_nothing),
    ("a_schema_that_stops_older_releases_is_refused_by_name", stopped),
];

/// What a release after this one may do, as one that leaves older ones at work.
const ADDED: [&str; 6] = [
    r#"ALTER TABLE versions ADD COLUMN "order" TEXT NOT NULL DEFAULT 'first'"#,
    "ALTER TABLE jobs ADD COLUMN priority BIGINT NOT NULL DEFAULT 3",
    "CREATE TABLE reports (id BIGINT PRIMARY KEY, version BIGINT NOT NULL REFERENCES versions (number), object TEXT, sha256 TEXT, size_bytes BIGINT)",
    "CREATE TABLE marks (mark TEXT NOT NULL)",
    "INSERT INTO marks (mark) VALUES ('größe')",
    "UPDATE registry_schema SET number = number + 1, table_names = table_names || ' reports marks'",
];

fn newer_release(fresh: &Fresh) {
    ADDED.iter().for_each(|statement| fresh.execute(statement));
}

/// Gives a table of the newer release an object that no other one names.
fn name_an_object(fresh: &Fresh, registry: &Registry) {
    let about = ObservationBatch { rows: 1, by: "ann", origin: "report", fingerprint: None, examined: true, ..ObservationBatch::default() };
    let batch = registry.keep_rows(b"PAR1 a report PAR1", &about).unwrap();
    fresh.execute(&format!("INSERT INTO reports (id, version, object, sha256, size_bytes) SELECT 1, 1, object, sha256, size_bytes FROM batches WHERE id = {batch}"));
    fresh.execute(&format!("UPDATE batches SET object = NULL, sha256 = NULL, size_bytes = NULL WHERE id = {batch}"));
}

/// The documents of a backup, and the names of its objects.
fn parts(file: &[u8]) -> (BTreeMap<String, Value>, Vec<String>) {
    let mut archive = tar::Archive::new(zstd::Decoder::new(file).unwrap());
    let (mut documents, mut objects) = (BTreeMap::new(), Vec::new());
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        match name.strip_prefix("objects/") {
            Some(object) => objects.push(object.to_owned()),
            None => drop(documents.insert(name, serde_json::from_slice(&bytes).unwrap())),
        }
    }
    (documents, objects)
}

fn schema_of(registry: &Registry) -> i64 {
    parts(&backup(registry)).0["backup.json"]["schema"].as_i64().unwrap()
}

fn goes_on(fresh: &Fresh) {
    let before = fresh.open();
    fill(&before);
    // Whoever was at work has its statements prepared, those of a backup too, on each of its connections.
    let back_up_at_once = || std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(|| before.backup(std::io::sink()).unwrap()))));
    back_up_at_once();
    let schema = schema_of(&before);
    newer_release(fresh);
    back_up_at_once();
    for registry in [before, fresh.open()] {
        let version = put(&registry, b"by the older release");
        promote(&registry, version);
        assert_eq!(registry.aliases().unwrap().champion, Some(version));
        assert_eq!(registry.read(version).unwrap(), b"by the older release");
        let batch = registry.observe(&[observation(1)], "ann").unwrap();
        registry.quarantine(batch, "off by ten", "gate").unwrap();
        registry.release(batch, "ann").unwrap();
        assert!(matches!(registry.read_batch(batch).unwrap(), BatchContents::Rows(rows) if rows.len() == 1));
        let job = registry.enqueue("by the older release", &json!({}), "ann").unwrap();
        while let Some(claim) = registry.claim("worker").unwrap() {
            registry.report(&claim, &json!({"done": 1})).unwrap();
            registry.finish(&claim, &Outcome::Succeeded(json!({}))).unwrap();
        }
        assert!(registry.job(job).unwrap().state.has_ended());
        registry.keep_window("replica", ModelVersion::new(1), &json!({"rows": 8})).unwrap();
        let (_, secret) = registry.create_token("hourly", Scope::Read, "ann").unwrap();
        assert!(registry.verify(secret.expose()).unwrap().is_some());
        registry.rollback(&Change::default()).unwrap();
        assert_ne!(registry.aliases().unwrap().champion, Some(version));
        assert_eq!(schema_of(&registry), schema + 1, "the schema is the newer release's, and stays so");
    }
}

fn backs_up(fresh: &Fresh) {
    drop(fresh.open());
    newer_release(fresh);
    let registry = fresh.open();
    fill(&registry);
    name_an_object(fresh, &registry);
    // Others may keep tables of their own in a database: these are not the registry's.
    fresh.execute("CREATE TABLE others (at DOUBLE PRECISION)");
    let (documents, objects) = parts(&backup(&registry));
    let tables = documents["backup.json"]["tables"].as_array().unwrap();
    assert_eq!(tables[tables.len() - 2..], [json!("reports"), json!("marks")], "in the order in which they were made");
    assert_eq!(documents["tables/marks/000001.json"], json!({"columns": ["mark"], "rows": [["größe"]]}));
    let report = &documents["tables/reports/000001.json"];
    assert_eq!(report["columns"], json!(["id", "version", "object", "sha256", "size_bytes"]));
    assert!(objects.iter().any(|object| report["rows"][0][2] == json!(object)), "{report} {objects:?}");
    for (table, column, value) in [("versions", "order", json!("first")), ("jobs", "priority", json!(3))] {
        let page = &documents[&format!("tables/{table}/000001.json")];
        assert_eq!(page["columns"].as_array().unwrap().last(), Some(&json!(column)));
        assert!(page["rows"].as_array().unwrap().iter().all(|row| row.as_array().unwrap().last() == Some(&value)), "{page}");
    }
    let end = &documents["end.json"];
    assert_eq!((&end["rows"]["reports"], &end["rows"]["marks"], &end["objects"]), (&json!(1), &json!(1), &json!(objects.len())));
}

fn sweeps(fresh: &Fresh) {
    drop(fresh.open());
    newer_release(fresh);
    let registry = fresh.open();
    promote(&registry, put(&registry, b"one"));
    name_an_object(fresh, &registry);
    // What is left behind is swept nevertheless; a clock of files counts in seconds or worse.
    let about = ObservationBatch { rows: 1, by: "ann", origin: "left", fingerprint: None, examined: true, ..ObservationBatch::default() };
    let left = registry.keep_rows(b"PAR1 left PAR1", &about).unwrap();
    fresh.execute(&format!("DELETE FROM batches WHERE id = {left}"));
    let deadline = Instant::now() + Duration::from_secs(120);
    while registry.sweep_older_than(Duration::ZERO).unwrap().objects == 0 {
        assert!(Instant::now() < deadline, "what was left is not swept");
    }
    registry.backup(std::io::sink()).expect("what the newer release's table names is there");
}

fn replaces_nothing(fresh: &Fresh) {
    drop(fresh.open());
    newer_release(fresh);
    let registry = fresh.open();
    let newer = backup(&registry);
    let another = fresh.another();
    let older = another.open();
    put(&older, b"somebody's");
    let error = older.restore(newer.as_slice(), Onto::Anything).unwrap_err();
    assert!(matches!(error, RestoreError::Newer { what: "schema", .. }), "{error}");
    let error = registry.restore(backup(&older).as_slice(), Onto::Anything).unwrap_err();
    assert!(matches!(error, RestoreError::NewerStore { found, supported } if found == supported + 1), "{error}");
    assert_eq!((older.list().unwrap().len(), registry.list().unwrap().len()), (1, 0), "both are as they were");
}

fn stopped(fresh: &Fresh) {
    drop(fresh.open());
    fresh.execute("UPDATE registry_schema SET number = 99, lowest = 98");
    let error = Registry::open(&fresh.location).unwrap_err();
    assert!(matches!(error, RegistryError::NewerSchema { found: 99, lowest: 98, .. }), "{error}");
    fresh.execute("UPDATE registry_schema SET lowest = 3");
    assert_eq!(schema_of(&fresh.open()), 99);
}
