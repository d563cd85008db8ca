//! What is left of a store is neither a store nor a new one: it is refused, and stays as it is, until a person decides.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use uu_registry::{Aliases, Location, ModelVersion, Onto, Registry, RegistryError, StoreFault};

use crate::backup::{backup, fill, promote};
use crate::versions::put;
use crate::{Check, Fresh};

pub(crate) const CHECKS: &[Check] = &[
    ("a_store_whose_database_is_lost_is_refused_and_left_as_it_is", lost),
    ("a_new_store_takes_the_place_of_a_damaged_one_only_where_that_is_asked_for", anew),
    ("a_database_of_another_store_is_refused", other),
    ("a_database_that_lost_its_versions_is_refused", versions),
    ("a_database_that_lost_its_champion_is_refused", champion),
    ("objects_without_rows_are_refused_where_there_is_no_identity", without_identity),
    ("a_damaged_store_is_whole_once_a_backup_is_restored", restored),
    ("a_format_that_is_no_number_is_named", format),
    ("what_a_start_that_was_interrupted_left_is_a_new_store", interrupted),
];

const DATABASE: [&str; 3] = ["registry.sqlite", "registry.sqlite-wal", "registry.sqlite-shm"];

fn filled(fresh: &Fresh) {
    let registry = fresh.open();
    fill(&registry);
}

/// All files below a folder with their bytes, but for SQLite's, which change when they are closed.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !DATABASE[1..].iter().any(|name| path.ends_with(name)) {
                let bytes = fs::read(&path).unwrap();
                if !bytes.starts_with(b"SQLite format 3") {
                    found.insert(path, bytes);
                }
            }
        }
    }
    found
}

/// Stores that have lost their database, each in another way: its file is gone, is empty, or holds something else. Their folders are there as long as
/// what comes with them.
fn losses(fresh: &Fresh) -> Vec<(Fresh, Location)> {
    let damaged = || {
        let damaged = fresh.another();
        filled(&damaged);
        damaged
    };
    if fresh.location.database_url.is_some() {
        let damaged = damaged();
        let location = Location { database_url: fresh.location.database_url.clone(), ..damaged.location.clone() };
        return vec![(damaged, location)];
    }
    let lose = |how: fn(&Path, &Fresh)| {
        let damaged = damaged();
        DATABASE.iter().for_each(|name| drop(fs::remove_file(damaged.location.store.join(name))));
        how(&damaged.location.store.join(DATABASE[0]), &damaged);
        let location = damaged.location.clone();
        (damaged, location)
    };
    vec![
        lose(|_, _| ()),
        lose(|file, _| fs::write(file, b"").unwrap()),
        lose(|file, _| fs::write(file, b"this is no database, and long enough to be taken for one ".repeat(100)).unwrap()),
        lose(|_, damaged| damaged.execute("CREATE TABLE notes (note TEXT NOT NULL)")),
        lose(|_, damaged| {
            // The marks are gone too: objects are enough.
            for name in ["format", "identity"] {
                fs::remove_file(damaged.location.store.join(name)).unwrap();
            }
        }),
    ]
}

fn refused(location: &Location) -> StoreFault {
    let before = files(&location.store);
    let [fault, same] = [Registry::open, Registry::open_existing].map(|open| match open(location) {
        Err(RegistryError::DamagedStore { fault, .. }) => fault,
        Err(error) => panic!("{error}"),
        Ok(registry) => panic!("it is taken for a store of {} versions", registry.list().unwrap().len()),
    });
    assert_eq!(fault, same);
    assert!(before == files(&location.store), "it is left as it is");
    fault
}

fn lost(fresh: &Fresh) {
    for (_damaged, location) in losses(fresh) {
        let fault = refused(&location);
        let is_of_database =
            matches!(fault, StoreFault::NoDatabase { .. } | StoreFault::EmptyDatabase | StoreFault::UnreadableDatabase { .. });
        assert!(is_of_database, "{fault}");
    }
}

fn anew(fresh: &Fresh) {
    for (_damaged, location) in losses(fresh) {
        let before = files(&location.store);
        let (registry, aside) = Registry::make_anew(&location).unwrap();
        assert!(aside.unwrap().contains("set-aside"));
        assert_eq!((registry.list().unwrap().len(), registry.aliases().unwrap()), (0, Aliases::default()));
        let version = put(&registry, b"new");
        promote(&registry, version);
        assert_eq!(Registry::open_existing(&location).unwrap().list().unwrap().len(), 1, "it is a store like others");
        let after: Vec<Vec<u8>> = files(&location.store.join("set-aside")).into_values().collect();
        if location.artifacts_url.is_none() {
            assert!(before.into_values().all(|bytes| after.contains(&bytes)), "nothing of the old one is lost");
        }
        let error = Registry::make_anew(&location).unwrap_err();
        assert!(matches!(error, RegistryError::WholeStore { .. }), "{error}");
        assert_eq!(registry.list().unwrap().len(), 1);
    }
    let nothing = fresh.another();
    let (registry, aside) = Registry::make_anew(&nothing.location).unwrap();
    assert_eq!((registry.list().unwrap().len(), aside), (0, None), "where there is nothing, it is as always");
}

fn other(fresh: &Fresh) {
    let another = fresh.another();
    filled(fresh);
    filled(&another);
    let mixed = if fresh.location.database_url.is_some() {
        Location { database_url: another.location.database_url.clone(), ..fresh.location.clone() }
    } else {
        for name in DATABASE {
            let _ = fs::remove_file(fresh.location.store.join(name));
            let _ = fs::copy(another.location.store.join(name), fresh.location.store.join(name));
        }
        fresh.location.clone()
    };
    let fault = refused(&mixed);
    assert!(matches!(fault, StoreFault::OtherStore { .. }), "{fault}");
    if mixed.database_url.is_some() {
        let error = Registry::make_anew(&mixed).unwrap_err();
        assert!(matches!(error, RegistryError::UsedDatabase), "{error}");
    }
    if let Some(models) = fresh.artifacts() {
        // A release that knew no identity left none: what the database names is not there.
        fs::remove_file(mixed.store.join("identity")).unwrap();
        let fault = refused(&mixed);
        assert!(matches!(fault, StoreFault::NoObjects { named: 4 }), "{fault}");
        assert!(!models.is_empty());
    }
}

fn versions(fresh: &Fresh) {
    filled(fresh);
    fresh.execute("DELETE FROM windows");
    fresh.execute("UPDATE aliases SET champion = 1, previous = NULL, anchor = NULL");
    fresh.execute("DELETE FROM versions WHERE number = 3");
    let (one, two, three) = (ModelVersion::new(1), ModelVersion::new(2), ModelVersion::new(3));
    assert_eq!(refused(&fresh.location), StoreFault::LostVersions { last: three, newest: Some(two) });
    fresh.execute("DELETE FROM versions WHERE number = 2");
    assert_eq!(refused(&fresh.location), StoreFault::LostVersions { last: three, newest: Some(one) });
    fresh.execute("UPDATE aliases SET champion = NULL, generation = 0");
    fresh.execute("DELETE FROM versions");
    fresh.execute("DELETE FROM audit_log");
    assert_eq!(refused(&fresh.location), StoreFault::LostVersions { last: three, newest: None });
}

fn champion(fresh: &Fresh) {
    filled(fresh);
    fresh.execute("UPDATE aliases SET champion = NULL");
    assert_eq!(refused(&fresh.location), StoreFault::LostChampion);
    fresh.execute("DELETE FROM aliases");
    assert_eq!(refused(&fresh.location), StoreFault::LostChampion);
    fresh.execute("INSERT INTO aliases (id, champion, previous, generation) VALUES (1, 2, NULL, 4)");
    assert_eq!(fresh.open().aliases().unwrap().champion, Some(ModelVersion::new(2)), "a person put it right");
}

fn without_identity(fresh: &Fresh) {
    filled(fresh);
    if fresh.location.artifacts_url.is_some() {
        return; // Nobody here removes an object of an S3 store.
    }
    let forget = || {
        fresh.execute("UPDATE registry_schema SET identity = '', last_version = 0");
        let _ = fs::remove_file(fresh.location.store.join("identity"));
    };
    forget();
    assert_eq!(fresh.open().list().unwrap().len(), 3, "its database names what is there");
    assert!(fresh.location.store.join("identity").is_file(), "it has one now");
    forget();
    let no_champion = "UPDATE aliases SET champion = NULL, previous = NULL, anchor = NULL, generation = 0";
    for statement in ["DELETE FROM windows", no_champion, "DELETE FROM versions"] {
        fresh.execute(statement);
    }
    fresh.execute("UPDATE batches SET object = NULL, sha256 = NULL, size_bytes = NULL");
    assert_eq!(refused(&fresh.location), StoreFault::NoRows { found: 4 });
}

fn restored(fresh: &Fresh) {
    for (_damaged, location) in losses(fresh) {
        let file = {
            let whole = fresh.another();
            filled(&whole);
            backup(&whole.open())
        };
        let (registry, _) = Registry::open_to_restore(&location).unwrap();
        registry.restore(&file[..file.len() / 2], Onto::Anything).unwrap_err();
        drop(registry);
        let fault = refused(&location);
        assert!(matches!(fault, StoreFault::OtherStore { .. }), "{fault}");
        let (registry, _) = Registry::open_to_restore(&location).unwrap();
        registry.restore(file.as_slice(), Onto::Anything).unwrap();
        drop(registry);
        let registry = Registry::open_existing(&location).unwrap();
        assert_eq!(registry.read(registry.aliases().unwrap().champion.unwrap()).unwrap().len(), 3_000_000);
        assert_eq!(put(&registry, b"four"), ModelVersion::new(4));
        Registry::open(&location).unwrap();
    }
}

fn format(fresh: &Fresh) {
    if fresh.location.artifacts_url.is_some() {
        return; // No folder is used.
    }
    filled(fresh);
    let file = fresh.location.store.join("format");
    for (content, quoted) in [("", "found nothing"), ("\n", "found nothing"), ("two", "found `two`"), ("0", "found `0`")] {
        fs::write(&file, content).unwrap();
        let error = Registry::open(&fresh.location).unwrap_err().to_string();
        assert!(
            error.contains(fresh.location.store.to_str().unwrap()) && error.contains("must hold the number of its layout, `2`"),
            "{error}"
        );
        assert!(error.ends_with(quoted), "{error}");
        refused(&fresh.location);
    }
    fs::write(&file, "2").unwrap();
    assert_eq!(fresh.open().list().unwrap().len(), 3);
}

fn interrupted(fresh: &Fresh) {
    fs::create_dir_all(fresh.location.store.join("models")).unwrap();
    if fresh.location.database_url.is_none() {
        fs::write(fresh.location.store.join(DATABASE[0]), b"").unwrap();
        assert!(matches!(Registry::open_existing(&fresh.location), Err(RegistryError::NoStore { .. })));
    }
    drop(fresh.open());
    // The tables are there, and nothing else yet.
    fresh.execute("UPDATE registry_schema SET identity = ''");
    for name in ["format", "identity"] {
        let _ = fs::remove_file(fresh.location.store.join(name));
    }
    drop(fresh.open());
    let registry = fresh.open();
    assert!(registry.list().unwrap().is_empty());
    // A first version whose process was killed before its row was there.
    if fresh.location.artifacts_url.is_none() {
        fs::write(fresh.location.store.join("models/a4fbbe04dfdbf9672904233080a72884.uumodel"), b"one").unwrap();
    }
    assert_eq!(put(&fresh.open(), b"two"), ModelVersion::new(1));
}
