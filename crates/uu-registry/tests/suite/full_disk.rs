//! A disk that is full, by a small file system of its own, which only root can make.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use uu_registry::{Location, NewVersion, Registry, RegistryError};

use crate::versions::put;

const BYTES: usize = 4 << 20;

/// A file system of a few megabytes; unmounted when it is dropped.
struct Small(tempfile::TempDir);

impl Small {
    fn mount() -> Result<Self, String> {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &format!("size={BYTES}"), "tmpfs"]).arg(folder.path());
        match command.output() {
            Ok(output) if output.status.success() => Ok(Self(folder)),
            Ok(output) => Err(format!("no file system can be mounted here: {}", String::from_utf8_lossy(&output.stderr).trim())),
            Err(error) => Err(format!("no file system can be mounted here: {error}")),
        }
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

pub(crate) fn possible() -> Result<(), String> {
    Small::mount().map(|_| ())
}

pub(crate) fn check() {
    let disk = Small::mount().unwrap();
    let location = Location::folder(disk.path().join("store"));
    let registry = Registry::open(&location).unwrap();
    let version = put(&registry, b"small");
    let artifact = vec![7; BYTES];
    let new = NewVersion { artifact: &artifact, about: &Value::Null, data_fingerprint: None, parent: None, made_by: "test", reason: "" };
    let error = registry.put(&new).unwrap_err();
    assert!(matches!(error, RegistryError::Full { .. }), "{error}");
    assert_eq!(std::fs::read_dir(location.store.join("models")).unwrap().count(), 1, "nothing half written is left");
    // Fill what is left, so that the database has no room either.
    let filling = disk.path().join("filling");
    let _ = std::fs::write(&filling, vec![7; BYTES]);
    let details = Value::String("x".repeat(BYTES));
    let entry = uu_registry::Entry { by: "test", action: "note", subject: "s", details: &details };
    let error = registry.audit(&entry).unwrap_err();
    assert!(matches!(error, RegistryError::Full { .. }), "{error}: {error:?}");
    // Each of the connections fails in the middle of a transaction, and serves again afterwards.
    std::thread::scope(|scope| {
        let failing = || (0..5).for_each(|_| assert!(matches!(registry.audit(&entry), Err(RegistryError::Full { .. }))));
        (0..8).for_each(|_| drop(scope.spawn(failing)));
    });
    std::fs::remove_file(filling).unwrap();
    // The system may take a moment to give back what a file had.
    let probe = disk.path().join("probe");
    let has_room = || std::fs::write(&probe, vec![7; BYTES / 4]).is_ok() && std::fs::remove_file(&probe).is_ok();
    let deadline = Instant::now() + Duration::from_secs(120);
    while !has_room() {
        assert!(Instant::now() < deadline, "there is no room again");
        std::thread::sleep(Duration::from_millis(10));
    }
    let entry = uu_registry::Entry { details: &Value::Null, ..entry };
    for _ in 0..20 {
        registry.audit(&entry).unwrap();
    }
    assert_eq!(put(&registry, b"again").number(), version.number() + 1, "with room again it goes on");
    assert_eq!(Registry::open(&location).unwrap().list().unwrap().len(), 2);
}
