//! Opening: by many at once, and again.

use uu_registry::{Aliases, Exposed, Registry, RegistryError};

use crate::versions::put;
use crate::{Check, Fresh};

pub(crate) const CHECKS: &[Check] = &[
    ("many_may_open_a_new_registry_at_once", many_at_once),
    ("a_registry_opened_again_knows_what_was_there", again),
    ("looking_makes_no_registry", looking),
    ("no_secret_is_shown", secrets),
    ("the_folder_is_its_owner_s_and_what_is_wider_is_found", private),
];

fn many_at_once(fresh: &Fresh) {
    let opened: Vec<Registry> = std::thread::scope(|scope| {
        let openers: Vec<_> = (0..6).map(|_| scope.spawn(|| fresh.open())).collect();
        openers.into_iter().map(|opener| opener.join().unwrap()).collect()
    });
    for registry in opened {
        assert_eq!(registry.aliases().unwrap(), Aliases::default());
        assert!(registry.list().unwrap().is_empty());
    }
}

fn again(fresh: &Fresh) {
    let entry = |action| uu_registry::Entry { by: "test", action, subject: "s", details: &serde_json::Value::Null };
    fresh.open().audit(&entry("first")).unwrap();
    assert_eq!(fresh.open().audit(&entry("second")).unwrap(), 2);
    let log = fresh.open().audit_log(10, None).unwrap();
    assert_eq!(log.iter().map(|record| record.action.as_str()).collect::<Vec<_>>(), ["second", "first"]);
    assert_eq!(fresh.open().audit_log(10, Some(2)).unwrap().len(), 1);
}

fn looking(fresh: &Fresh) {
    let look = || Registry::open_existing(&fresh.location);
    assert!(matches!(look(), Err(RegistryError::NoStore { .. })));
    assert!(!fresh.location.store.exists(), "nothing is made");
    if fresh.location.database_url.is_none() {
        std::fs::create_dir_all(fresh.location.store.join("models")).unwrap();
        assert!(matches!(look(), Err(RegistryError::NoStore { .. })), "another program's folder is left alone");
        assert_eq!(std::fs::read_dir(&fresh.location.store).unwrap().count(), 1);
    }
    fresh.open();
    assert_eq!(look().unwrap().aliases().unwrap(), Aliases::default());
}

fn secrets(fresh: &Fresh) {
    let shown = format!("{:?} {:?}", fresh.location, fresh.open());
    assert!(!shown.contains("hunter2"), "{shown}");
    if let Some(url) = &fresh.location.database_url {
        let wrong = url.expose().replace("hunter2", "hunter3");
        let location = uu_registry::Location { database_url: Some(uu_registry::Secret::new(wrong)), ..fresh.location.clone() };
        let error = Registry::open(&location).unwrap_err();
        let shown = format!("{error:?} {error}");
        assert!(!shown.contains("hunter3"), "{shown}");
    }
}

fn private(fresh: &Fresh) {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;

    let registry = fresh.open();
    put(&registry, b"model");
    assert_eq!(fresh.location.exposed(), []);
    let store = &fresh.location.store;
    let Some(files) = fresh.artifacts().filter(|files| !files.is_empty()) else { return };
    set_permissions(store, Permissions::from_mode(0o750)).unwrap();
    set_permissions(&files[0], Permissions::from_mode(0o604)).unwrap();
    let found: Vec<_> = fresh.location.exposed().into_iter().map(|Exposed { path, mode }| (path, mode)).collect();
    assert_eq!(found, [(store.clone(), 0o750), (files[0].clone(), 0o604)]);
    fresh.open();
    assert_eq!(fresh.location.exposed().len(), 2, "what is there may be meant so");
}
