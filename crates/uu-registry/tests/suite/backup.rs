//! Backups: whole, of one instant, and back again.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use sqlx::{ConnectOptions, Connection, Row};
use uu_registry::{
    BackupError, Change, Location, ModelVersion, NewUpload, Observation, ObservationBatch, Onto, Outcome, Registry, RestoreError, Scope,
};

use crate::versions::put;
use crate::{Check, Fresh};

pub(crate) const CHECKS: &[Check] = &[
    ("a_backup_restored_gives_the_same_registry_and_the_same_backup", round_trip),
    ("a_backup_goes_into_another_kind_of_store", across),
    ("a_backup_made_while_others_write_is_of_one_instant", under_load),
    ("a_backup_holds_every_table_of_the_database", every_table),
    ("only_an_empty_store_is_restored_onto_unless_it_is_told_otherwise", onto),
    ("what_is_no_whole_backup_changes_nothing", not_whole),
    ("a_damaged_object_makes_no_backup", damaged),
];

pub(crate) fn observation(index: i64) -> Observation {
    let fields = [("unique_users".to_owned(), json!(index))].into_iter().collect();
    Observation { source: None, site: Some(format!("größe{index}.com")), month: "2024-12".to_owned(), fields }
}

pub(crate) fn promote(registry: &Registry, version: ModelVersion) {
    registry.promote(version, &Change { by: "ann".to_owned(), reason: "better".to_owned(), ..Change::default() }).unwrap();
}

/// Something in every table.
pub(crate) fn fill(registry: &Registry) -> String {
    for artifact in [b"one".as_slice(), b"two", &[7; 3_000_000]] {
        let version = put(registry, artifact);
        promote(registry, version);
    }
    let about = ObservationBatch {
        rows: 3,
        by: "ann",
        origin: "panel.parquet",
        fingerprint: Some("abc"),
        examined: true,
        ..ObservationBatch::default()
    };
    registry.keep_rows(b"PAR1 rows PAR1", &about).unwrap();
    let batch = registry.observe(&(0..500).map(observation).collect::<Vec<_>>(), "bob").unwrap();
    registry.quarantine(batch, "off by ten", "gate").unwrap();
    let first = registry.enqueue("retrain", &json!({"rows": 3}), "ann").unwrap();
    let held = registry.claim("worker").unwrap().unwrap();
    registry.report(&held, &json!({"done": 1})).unwrap();
    registry.finish(&held, &Outcome::Failed(json!({"reason": "no rows"}))).unwrap();
    registry.retry(first, "ann").unwrap();
    registry.claim("worker").unwrap().unwrap();
    // A job that was tried again has the files of the first: two rows name one object.
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"site,visits").unwrap();
    let upload = NewUpload { name: "new.csv", file: &file };
    let second = registry.enqueue_with("examine", &json!({}), "ann", &[upload]).unwrap();
    registry.finish(&registry.claim("worker").unwrap().unwrap(), &Outcome::Failed(json!({}))).unwrap();
    registry.retry(second, "ann").unwrap();
    registry.keep_window("replica", ModelVersion::new(1), &json!({"rows": 7})).unwrap();
    let (_, secret) = registry.create_token("nightly", Scope::Write, "ann").unwrap();
    secret.expose().to_owned()
}

pub(crate) fn backup(registry: &Registry) -> Vec<u8> {
    let mut file = Vec::new();
    registry.backup(&mut file).unwrap();
    file
}

fn same(first: &Registry, second: &Registry) {
    assert_eq!(first.aliases().unwrap(), second.aliases().unwrap());
    assert_eq!(first.audit_log(100, None).unwrap(), second.audit_log(100, None).unwrap());
    assert_eq!(first.list().unwrap(), second.list().unwrap());
    for record in first.list().unwrap() {
        assert!(first.read(record.version).unwrap() == second.read(record.version).unwrap());
    }
    assert_eq!(first.batches().unwrap(), second.batches().unwrap());
    for batch in first.batches().unwrap() {
        assert_eq!(first.read_batch(batch.id).unwrap(), second.read_batch(batch.id).unwrap());
    }
    assert_eq!(first.jobs(10).unwrap(), second.jobs(10).unwrap());
    assert!(backup(first) == backup(second), "what was not compared above is the same too");
}

fn round_trip(fresh: &Fresh) {
    let registry = fresh.open();
    let token = fill(&registry);
    let file = backup(&registry);
    let another = fresh.another();
    let restored = another.open();
    let contents = restored.restore(file.as_slice(), Onto::Empty).unwrap();
    assert!(contents.rows.values().all(|rows| *rows > 0), "the check fills every table: {contents:?}");
    assert_eq!((contents.rows["versions"], contents.rows["observations"], contents.objects), (3, 500, 5));
    same(&registry, &restored);
    assert_eq!(restored.verify(&token).unwrap().unwrap().name, "nightly");
    // It goes on from where it was.
    assert_eq!(put(&restored, b"four"), ModelVersion::new(4));
    restored.observe(&[observation(1)], "ann").unwrap();
    restored.rollback(&Change::default()).unwrap();
}

fn across(fresh: &Fresh) {
    let registry = fresh.open();
    fill(&registry);
    let folder = tempfile::tempdir().unwrap();
    let local = Registry::open(&Location::folder(folder.path().join("store"))).unwrap();
    local.restore(backup(&registry).as_slice(), Onto::Empty).unwrap();
    same(&registry, &local);
    let another = fresh.another();
    let back = another.open();
    back.restore(backup(&local).as_slice(), Onto::Empty).unwrap();
    same(&registry, &back);
}

fn under_load(fresh: &Fresh) {
    let registry = fresh.open();
    fill(&registry);
    let (stop, before) = (AtomicBool::new(false), registry.audit_log(1, None).unwrap()[0].id);
    let files = std::thread::scope(|scope| {
        scope.spawn(|| {
            let writer = fresh.open();
            while !stop.load(Ordering::Relaxed) {
                let version = put(&writer, b"another");
                promote(&writer, version);
                writer.observe(&[observation(1), observation(2)], "ann").unwrap();
            }
        });
        let moved = |by: i64| {
            let (from, deadline) = (registry.audit_log(1, None).unwrap()[0].id, Instant::now() + Duration::from_secs(180));
            while registry.audit_log(1, None).unwrap()[0].id < from + by {
                assert!(Instant::now() < deadline, "the writer writes");
            }
        };
        let files: Vec<Vec<u8>> = (0..3)
            .map(|_| {
                moved(4);
                backup(&registry)
            })
            .collect();
        moved(4);
        stop.store(true, Ordering::Relaxed);
        files
    });
    for file in files {
        let another = fresh.another();
        let restored = another.open();
        restored.restore(file.as_slice(), Onto::Empty).unwrap();
        let log = restored.audit_log(u32::MAX, None).unwrap();
        assert!(log[0].id > before && log.len() as i64 == log[0].id, "the log is whole up to an instant");
        let of_source = registry.audit_log(u32::MAX, None).unwrap();
        assert_eq!(log, of_source[of_source.len() - log.len()..], "and is what the source's was then");
        let promotions = log.iter().filter(|record| record.action == "promote").count() as i64;
        let aliases = restored.aliases().unwrap();
        assert_eq!(aliases.generation, promotions, "aliases and log are of one instant");
        restored.read(aliases.champion.unwrap()).unwrap();
        assert!(restored.batches().unwrap().iter().all(|batch| restored.read_batch(batch.id).is_ok()), "no batch is half there");
    }
}

fn every_table(fresh: &Fresh) {
    if fresh.location.database_url.is_some() {
        return; // The migrations are one list for both databases.
    }
    let registry = fresh.open();
    let contents = registry.backup(std::io::sink()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let tables: Vec<String> = runtime.block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(fresh.location.store.join("registry.sqlite"));
        let mut connection = options.connect().await.unwrap();
        let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'registry_schema' ORDER BY name";
        let rows = sqlx::query::<sqlx::Sqlite>(sql).fetch_all(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        rows.iter().map(|row| row.get("name")).collect()
    });
    assert_eq!(contents.rows.keys().cloned().collect::<Vec<_>>(), tables);
}

fn onto(fresh: &Fresh) {
    let registry = fresh.open();
    fill(&registry);
    let file = backup(&registry);
    let another = fresh.another();
    let other = another.open();
    put(&other, b"somebody's");
    let error = other.restore(file.as_slice(), Onto::Empty).unwrap_err();
    assert!(matches!(error, RestoreError::NotEmpty { table: "audit_log" | "versions", rows: 1 }), "{error}");
    assert_eq!(other.read(ModelVersion::new(1)).unwrap(), b"somebody's", "it is as it was");
    other.restore(file.as_slice(), Onto::Anything).unwrap();
    same(&registry, &other);
}

/// The parts of a backup, each changed or left out by `change`.
pub(crate) fn edited(file: &[u8], change: impl Fn(&str, Vec<u8>) -> Option<(String, Vec<u8>)>) -> Vec<u8> {
    let mut archive = tar::Archive::new(zstd::Decoder::new(file).unwrap());
    let mut builder = tar::Builder::new(zstd::Encoder::new(Vec::new(), 1).unwrap());
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
        if let Some((name, bytes)) = change(&name, bytes) {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            builder.append_data(&mut header, name, bytes.as_slice()).unwrap();
        }
    }
    builder.into_inner().unwrap().finish().unwrap()
}

fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    String::from_utf8(bytes.to_vec()).unwrap().replace(from, to).into_bytes()
}

fn not_whole(fresh: &Fresh) {
    let registry = fresh.open();
    fill(&registry);
    let file = backup(&registry);
    let another = fresh.another();
    let other = another.open();
    let refused = |file: &[u8]| {
        let error = other.restore(file, Onto::Empty).unwrap_err();
        assert_eq!((other.list().unwrap().len(), other.aliases().unwrap().generation), (0, 0), "{error}");
        error
    };
    for length in [20, file.len() / 2, file.len() - 5] {
        let error = refused(&file[..length]);
        assert!(matches!(error, RestoreError::CutOff | RestoreError::NotABackup { .. }), "{length} bytes: {error}");
    }
    let mut flipped = file.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    refused(&flipped);
    assert!(matches!(refused(b"PK no backup"), RestoreError::NotABackup { .. }));
    assert!(matches!(refused(b""), RestoreError::NotABackup { .. }));
    let without = |part: &'static str| edited(&file, move |name, bytes| (!name.starts_with(part)).then(|| (name.to_owned(), bytes)));
    assert!(matches!(refused(&without("end.json")), RestoreError::CutOff));
    assert!(matches!(refused(&without("objects/models")), RestoreError::Damaged { .. }));
    assert!(matches!(refused(&without("backup.json")), RestoreError::NotABackup { .. }));
    let with = |part: &'static str, from: &'static str, to: &'static str| {
        edited(&file, move |name, bytes| Some((name.to_owned(), if name.starts_with(part) { replaced(&bytes, from, to) } else { bytes })))
    };
    let newer = refused(&with("backup.json", r#""format":1"#, r#""format":99"#));
    assert!(matches!(newer, RestoreError::Newer { what: "format", found: 99, .. }), "{newer}");
    let outside = refused(&with("tables/versions", r#""models/"#, r#""models/../../"#));
    assert!(matches!(outside, RestoreError::Damaged { .. }), "{outside}");
    let column = refused(&with("tables/tokens", r#""scope""#, r#""scope) VALUES (1); DROP TABLE tokens; --""#));
    assert!(matches!(column, RestoreError::Damaged { .. }), "{column}");
    other.restore(file.as_slice(), Onto::Empty).unwrap();
    same(&registry, &other);
}

fn damaged(fresh: &Fresh) {
    let registry = fresh.open();
    put(&registry, b"whole");
    let Some(files) = fresh.artifacts() else { return };
    std::fs::write(&files[0], b"wholf").unwrap();
    let error = registry.backup(std::io::sink()).unwrap_err();
    assert!(matches!(error, BackupError::Damaged { .. }), "{error}");
}
