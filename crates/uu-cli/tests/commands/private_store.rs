//! The files of a store, which its owner alone may read.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::fixture::{fixture, log_of_server, succeeds};

fn modes(folder: &Path, found: &mut Vec<(PathBuf, u32)>) {
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    found.push((folder.to_owned(), mode(folder)));
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() { modes(&path, found) } else { found.push((path.clone(), mode(&path))) }
    }
}

#[test]
fn a_store_is_its_owner_s_whatever_made_it() {
    let folder = tempfile::tempdir().unwrap();
    let [restored, made, backup] = ["restored", "deep/made", "backup"].map(|name| folder.path().join(name).to_str().unwrap().to_owned());
    succeeds(&["backup", "--output", &backup, "--store", &fixture().store()]);
    succeeds(&["restore", "--input", &backup, "--store", &restored]);
    succeeds(&["tokens", "create", "first", "--store", &made]);
    for store in [fixture().store(), restored, made] {
        let mut found = Vec::new();
        modes(Path::new(&store), &mut found);
        assert!(found.iter().any(|(path, _)| path.ends_with("registry.sqlite")));
        for (path, mode) in found {
            assert_eq!(mode, if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
        }
    }
    assert_ne!(folder.path().join("deep").metadata().unwrap().permissions().mode() & 0o777, 0o700, "what is above it is as others are");
}

#[test]
fn a_server_warns_of_a_store_that_others_may_read() {
    let folder = tempfile::tempdir().unwrap();
    let [store, artifact] = ["store", "model.uumodel"].map(|name| folder.path().join(name).to_str().unwrap().to_owned());
    succeeds(&["models", "export", "--artifact", &artifact, "--store", &fixture().store()]);
    let log = || log_of_server(&store, &[("UU_FIRST_MODEL", &artifact)]);
    let of_new = log();
    assert!(!of_new.contains("other users of this machine"), "{of_new}");
    fs::set_permissions(&store, Permissions::from_mode(0o755)).unwrap();
    let of_wide = log();
    assert!(of_wide.contains("other users of this machine may read the store") && of_wide.contains("mode=\"0755\""), "{of_wide}");
}
