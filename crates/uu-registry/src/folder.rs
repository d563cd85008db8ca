//! A store in a folder: one file for each version, and a pointer that is replaced as a whole.
//!
//! Every file is written beside its place, flushed to the disk and then moved into it, so that a crash at any instant leaves either
//! what was there or what was to come.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::{ModelStore, ModelVersion, RegistryError};

const FORMAT: u32 = 1;
const FORMAT_FILE: &str = "format";
const CHAMPION_FILE: &str = "champion";
const MODELS_FOLDER: &str = "models";
const EXTENSION: &str = "uumodel";

/// Model versions in a folder.
#[derive(Clone, Debug)]
pub struct FolderStore {
    root: PathBuf,
}

impl FolderStore {
    /// Opens the store in `root`; makes the folder where there is none.
    ///
    /// **Errors**: a folder that cannot be made or written; a store of a newer format.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, RegistryError> {
        let store = Self { root: root.into() };
        let models = store.root.join(MODELS_FOLDER);
        fs::create_dir_all(&models).map_err(|source| failed("make the folder", &models, source))?;
        let format = store.root.join(FORMAT_FILE);
        match fs::read_to_string(&format) {
            Ok(found) if found.trim() == FORMAT.to_string() => Ok(store),
            Ok(found) => Err(RegistryError::NewerFormat { path: store.root, found: found.trim().to_owned(), supported: FORMAT }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                store.replace(&format, format!("{FORMAT}\n").as_bytes())?;
                Ok(store)
            }
            Err(source) => Err(failed("read", &format, source)),
        }
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The file of a version.
    #[must_use]
    pub fn path_of(&self, version: &ModelVersion) -> PathBuf {
        self.root.join(MODELS_FOLDER).join(format!("{version}.{EXTENSION}"))
    }

    /// Writes a new file beside `place` and flushes it.
    fn write_beside(&self, place: &Path, bytes: &[u8]) -> Result<PathBuf, RegistryError> {
        let name = place.file_name().unwrap_or_default().to_string_lossy();
        let path = place.with_file_name(format!(".{name}.{}.{}.new", std::process::id(), unique()));
        let written = OpenOptions::new().write(true).create_new(true).open(&path).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
        written.map_err(|source| {
            // Best effort: the error that matters is the one that is returned.
            let _ = fs::remove_file(&path);
            failed("write", &path, source)
        })?;
        Ok(path)
    }

    fn replace(&self, place: &Path, bytes: &[u8]) -> Result<(), RegistryError> {
        let new = self.write_beside(place, bytes)?;
        fs::rename(&new, place).map_err(|source| failed("replace", place, source))?;
        flush_folder(place)
    }
}

impl ModelStore for FolderStore {
    fn put(&self, artifact: &[u8]) -> Result<ModelVersion, RegistryError> {
        let mut version = self.list()?.last().map_or(ModelVersion::new(1), |last| last.next());
        let new = self.write_beside(&self.path_of(&version), artifact)?;
        // A hard link, unlike a rename, fails where another process took the number first.
        let placed = loop {
            let place = self.path_of(&version);
            match fs::hard_link(&new, &place) {
                Ok(()) => break Ok(place),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => version = version.next(),
                Err(source) => break Err(failed("place", &place, source)),
            }
        };
        let removed = fs::remove_file(&new).map_err(|source| failed("remove", &new, source));
        flush_folder(&placed?)?;
        removed.map(|()| version)
    }

    fn read(&self, version: &ModelVersion) -> Result<Vec<u8>, RegistryError> {
        let path = self.path_of(version);
        match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(RegistryError::UnknownVersion { version: *version, known: self.list()? })
            }
            other => other.map_err(|source| failed("read", &path, source)),
        }
    }

    fn list(&self) -> Result<Vec<ModelVersion>, RegistryError> {
        let folder = self.root.join(MODELS_FOLDER);
        let entries = fs::read_dir(&folder).map_err(|source| failed("list", &folder, source))?;
        let mut versions = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|source| failed("list", &folder, source))?;
            let name = entry.file_name();
            let version = name.to_str().and_then(|name| name.strip_suffix(EXTENSION)?.strip_suffix('.')?.parse().ok());
            versions.extend::<Option<ModelVersion>>(version);
        }
        versions.sort_unstable();
        Ok(versions)
    }

    fn champion(&self) -> Result<Option<ModelVersion>, RegistryError> {
        let path = self.root.join(CHAMPION_FILE);
        match fs::read_to_string(&path) {
            Ok(found) => {
                let version = found.trim().parse();
                version.map(Some).map_err(|_| RegistryError::BadPointer { path, found: found.chars().take(80).collect() })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(failed("read", &path, source)),
        }
    }

    fn promote(&self, version: &ModelVersion) -> Result<(), RegistryError> {
        if !self.path_of(version).is_file() {
            return Err(RegistryError::UnknownVersion { version: *version, known: self.list()? });
        }
        self.replace(&self.root.join(CHAMPION_FILE), format!("{version}\n").as_bytes())
    }
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> RegistryError {
    RegistryError::Io { action, path: path.to_owned(), source }
}

/// A number no other file of this process is named with.
fn unique() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Makes a file's new name last through a power cut.
fn flush_folder(file: &Path) -> Result<(), RegistryError> {
    let folder = file.parent().unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|source| failed("flush", folder, source))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, FolderStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = FolderStore::open(folder.path().join("store")).unwrap();
        (folder, store)
    }

    #[test]
    fn versions_are_numbered_in_the_order_of_arrival() {
        let (_folder, store) = store();
        let versions: Vec<String> = (0..3).map(|index| store.put(&[index]).unwrap().to_string()).collect();
        assert_eq!(versions, ["v0001", "v0002", "v0003"]);
        assert_eq!(store.read(&ModelVersion::new(2)).unwrap(), [1]);
        assert_eq!(store.list().unwrap().len(), 3);
    }

    #[test]
    fn the_champion_is_the_version_promoted_last() {
        let (_folder, store) = store();
        assert_eq!(store.champion().unwrap(), None);
        let (first, second) = (store.put(b"1").unwrap(), store.put(b"2").unwrap());
        store.promote(&first).unwrap();
        store.promote(&second).unwrap();
        let again = FolderStore::open(store.root()).unwrap();
        assert_eq!(again.champion().unwrap(), Some(second));
    }

    #[test]
    fn an_unknown_version_is_refused_with_those_there_are() {
        let (_folder, store) = store();
        store.put(b"1").unwrap();
        let error = store.promote(&ModelVersion::new(7)).unwrap_err();
        assert_eq!(error.to_string(), "the store has no version `v0007`; it has `v0001`");
    }

    #[test]
    fn a_damaged_pointer_is_named() {
        let (_folder, store) = store();
        fs::write(store.root().join(CHAMPION_FILE), "../../etc/passwd").unwrap();
        assert!(matches!(store.champion(), Err(RegistryError::BadPointer { .. })));
    }

    #[test]
    fn what_a_crash_left_half_written_is_no_version() {
        let (_folder, store) = store();
        fs::write(store.root().join(MODELS_FOLDER).join(".v0001.uumodel.1.0.new"), b"half").unwrap();
        assert_eq!(store.list().unwrap(), []);
        assert_eq!(store.put(b"whole").unwrap().to_string(), "v0001");
    }

    #[test]
    fn writers_side_by_side_never_share_a_number() {
        let (_folder, store) = store();
        let versions: Vec<ModelVersion> = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..8u8)
                .map(|index| {
                    scope.spawn({
                        let store = &store;
                        move || store.put(&[index]).unwrap()
                    })
                })
                .collect();
            writers.into_iter().map(|writer| writer.join().unwrap()).collect()
        });
        let distinct: std::collections::BTreeSet<_> = versions.iter().collect();
        assert_eq!(distinct.len(), 8);
    }

    #[test]
    fn a_newer_store_is_refused() {
        let (_folder, store) = store();
        fs::write(store.root().join(FORMAT_FILE), "9\n").unwrap();
        assert!(matches!(FolderStore::open(store.root()), Err(RegistryError::NewerFormat { .. })));
    }
}
