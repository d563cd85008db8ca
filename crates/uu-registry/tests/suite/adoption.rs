//! A store of the layout before is taken over: nobody's models are lost.

use std::fs;

use uu_registry::{Aliases, ModelVersion, Registry, RegistryError};

use crate::versions::put;
use crate::{Check, Fresh};

pub(crate) const CHECKS: &[Check] = &[
    ("a_store_of_the_layout_before_keeps_its_versions_and_champion", taken_over),
    ("an_old_store_with_a_damaged_pointer_is_refused_and_left_as_it_is", damaged),
    ("a_folder_of_another_registry_is_left_as_it_is", foreign),
    ("a_newer_store_is_refused", newer),
];

fn old_store(fresh: &Fresh, champion: &str) {
    let store = &fresh.location.store;
    fs::create_dir_all(store.join("models")).unwrap();
    fs::write(store.join("format"), "1\n").unwrap();
    fs::write(store.join("models/v0001.uumodel"), b"one").unwrap();
    fs::write(store.join("models/v0003.uumodel"), b"three").unwrap();
    fs::write(store.join("models/.v0004.uumodel.1.0.new"), b"half").unwrap();
    fs::write(store.join("champion"), champion).unwrap();
}

fn format(fresh: &Fresh) -> String {
    fs::read_to_string(fresh.location.store.join("format")).unwrap()
}

fn taken_over(fresh: &Fresh) {
    old_store(fresh, "v0003\n");
    let opened: Vec<Registry> = std::thread::scope(|scope| {
        let openers: Vec<_> = (0..3).map(|_| scope.spawn(|| fresh.open())).collect();
        openers.into_iter().map(|opener| opener.join().unwrap()).collect()
    });
    let (one, three) = (ModelVersion::new(1), ModelVersion::new(3));
    for registry in opened.iter().chain([&fresh.open()]) {
        assert_eq!(registry.list().unwrap().iter().map(|record| record.version).collect::<Vec<_>>(), [one, three]);
        assert_eq!(registry.read(three).unwrap(), b"three");
        assert_eq!(
            registry.aliases().unwrap(),
            Aliases { champion: Some(three), generation: 1, anchor: Some(three), ..Aliases::default() }
        );
    }
    assert_eq!(format(fresh), "2\n", "older releases refuse it from now on");
    assert_eq!(put(&opened[0], b"four"), ModelVersion::new(4));
    assert_eq!(opened[0].audit_log(10, None).unwrap().iter().filter(|record| record.action == "adopt").count(), 1);
}

fn damaged(fresh: &Fresh) {
    old_store(fresh, "../../etc/passwd");
    assert!(matches!(Registry::open(&fresh.location), Err(RegistryError::BadPointer { .. })));
    fs::write(fresh.location.store.join("champion"), "v0002\n").unwrap();
    assert!(matches!(Registry::open(&fresh.location), Err(RegistryError::UnknownVersion { .. })));
    assert_eq!(format(fresh), "1\n");
    fs::write(fresh.location.store.join("champion"), "v0001\n").unwrap();
    assert_eq!(fresh.open().aliases().unwrap().champion, Some(ModelVersion::new(1)), "put right, it is taken over");
}

fn foreign(fresh: &Fresh) {
    if fresh.location.database_url.is_none() {
        return; // The folder's own database is the folder's.
    }
    put(&fresh.open(), b"mine");
    let _ = fs::remove_dir_all(&fresh.location.store);
    old_store(fresh, "v0003\n");
    if fresh.location.artifacts_url.is_none() {
        let error = Registry::open(&fresh.location).unwrap_err();
        assert!(matches!(error, RegistryError::DamagedStore { .. }), "what the database names is not in this folder: {error}");
        assert_eq!(format(fresh), "1\n");
        return;
    }
    let registry = fresh.open();
    assert_eq!((registry.list().unwrap().len(), format(fresh).as_str()), (1, "1\n"));
    registry.sweep_older_than(std::time::Duration::ZERO).unwrap();
    assert!(fresh.location.store.join("models/v0003.uumodel").is_file());
}

fn newer(fresh: &Fresh) {
    fs::create_dir_all(&fresh.location.store).unwrap();
    fs::write(fresh.location.store.join("format"), "9\n").unwrap();
    assert!(matches!(Registry::open(&fresh.location), Err(RegistryError::NewerFormat { .. })));
}
