//! Versions: whole, numbered, unchanged.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};
use uu_registry::{ModelVersion, NewVersion, ObjectFault, Registry, RegistryError};

use crate::{Check, Fresh};

pub(crate) const CHECKS: &[Check] = &[
    ("a_version_is_read_as_it_was_put", as_put),
    ("writers_side_by_side_never_share_a_number", side_by_side),
    ("of_many_who_put_the_same_bytes_once_one_does", once),
    ("an_unknown_version_is_refused_with_those_there_are", unknown),
    ("a_damaged_version_is_named_with_what_is_wrong", damaged),
    ("an_artifact_of_many_parts_is_read_as_it_was_put", large),
];

/// Keeps bytes as a version about which nothing is said.
pub(crate) fn put(registry: &Registry, artifact: &[u8]) -> ModelVersion {
    let new = NewVersion { artifact, about: &Value::Null, data_fingerprint: None, parent: None, made_by: "test", reason: "a test" };
    registry.put(&new).unwrap()
}

fn as_put(fresh: &Fresh) {
    let registry = fresh.open();
    let first = put(&registry, b"first");
    let about = json!({"median_ape": 0.165, "words": "Größe \u{1f980}", "nested": {"rows": [1, 2, null]}});
    let new = NewVersion {
        artifact: b"second",
        about: &about,
        data_fingerprint: Some("abc"),
        parent: Some(first),
        made_by: "ann",
        reason: "new data",
    };
    let second = registry.put(&new).unwrap();
    assert_eq!((first.to_string().as_str(), second.to_string().as_str()), ("v0001", "v0002"));
    let registry = fresh.open();
    assert_eq!(registry.read(first).unwrap(), b"first");
    assert_eq!(registry.read(second).unwrap(), b"second");
    let list = registry.list().unwrap();
    assert_eq!(list.len(), 2);
    assert_eq!(list[1], registry.version(second).unwrap());
    let record = &list[1];
    assert_eq!((&record.about, record.data_fingerprint.as_deref(), record.parent), (&about, Some("abc"), Some(first)));
    assert_eq!((record.made_by.as_str(), record.reason.as_str(), record.size_bytes), ("ann", "new data", 6));
    // As `printf second | sha256sum` says.
    assert_eq!(record.sha256, "16367aacb67a4a017c8da8ab95682ccb390863780f7114dda0a0e0c55644c7c4");
    assert_eq!(registry.audit_log(10, None).unwrap().len(), 2, "each put is noted");
}

fn side_by_side(fresh: &Fresh) {
    drop(fresh.open());
    let versions: Vec<(u8, ModelVersion)> = std::thread::scope(|scope| {
        let writer = |index: u8| {
            let registry = fresh.open();
            (0..4).map(|_| (index, put(&registry, &[index]))).collect::<Vec<_>>()
        };
        let writers: Vec<_> = (0..4).map(|index| scope.spawn(move || writer(index))).collect();
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    let distinct: BTreeSet<ModelVersion> = versions.iter().map(|(_, version)| *version).collect();
    assert_eq!(distinct.len(), 16);
    let registry = fresh.open();
    for (index, version) in versions {
        assert_eq!(registry.read(version).unwrap(), [index]);
    }
}

fn once(fresh: &Fresh) {
    drop(fresh.open());
    let new =
        NewVersion { artifact: b"shipped", about: &Value::Null, data_fingerprint: None, parent: None, made_by: "test", reason: "a test" };
    let versions: Vec<ModelVersion> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4).map(|_| scope.spawn(|| fresh.open().put_once(&new).unwrap())).collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    let registry = fresh.open();
    let list = registry.list().unwrap();
    assert_eq!(list.len(), 1, "replicas that start together agree on one version");
    assert!(versions.iter().all(|version| *version == list[0].version));
    assert_eq!(registry.read(list[0].version).unwrap(), b"shipped");
    let other = NewVersion { artifact: b"other", ..new };
    assert_ne!(registry.put_once(&other).unwrap(), list[0].version, "other bytes are another version");
}

fn unknown(fresh: &Fresh) {
    let registry = fresh.open();
    put(&registry, b"1");
    let missing = ModelVersion::new(7);
    let error = registry.read(missing).unwrap_err();
    assert_eq!(error.to_string(), "the store has no version `v0007`; it has `v0001`");
    let new = NewVersion { artifact: b"2", about: &Value::Null, data_fingerprint: None, parent: Some(missing), made_by: "t", reason: "" };
    assert!(matches!(registry.put(&new), Err(RegistryError::UnknownVersion { version, .. }) if version == missing));
    assert_eq!(registry.list().unwrap().len(), 1, "nothing half done");
}

fn damaged(fresh: &Fresh) {
    let registry = fresh.open();
    let version = put(&registry, b"whole");
    // What lies in an S3 store is damaged by nobody here.
    let Some(files) = fresh.artifacts() else { return };
    let [file] = files.as_slice() else { panic!("one artifact has one file: {files:?}") };
    let fault = || match registry.read(version).unwrap_err() {
        RegistryError::DamagedVersion { version: named, fault, .. } if named == version => fault,
        other => panic!("{other}"),
    };
    fs::write(file, b"who").unwrap();
    assert_eq!(fault(), ObjectFault::Length { expected: 5, found: 3 });
    fs::write(file, b"wholf").unwrap();
    assert!(matches!(fault(), ObjectFault::Checksum { .. }));
    fs::remove_file(file).unwrap();
    assert_eq!(fault(), ObjectFault::Missing);
    fs::write(file, b"whole").unwrap();
    assert_eq!(registry.read(version).unwrap(), b"whole", "put right, it is read again");
}

fn large(fresh: &Fresh) {
    let registry = fresh.open();
    let artifact: Vec<u8> = (0..20_000_000u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let version = put(&registry, &artifact);
    assert!(registry.read(version).unwrap() == artifact);
}
