//! Files and folders that only their owner may read: a store holds what users sent, and what its tokens are known by.
//!
//! What is there already keeps its rights, which may be meant: [`Location::exposed`] finds what others may read.

use std::fs::{self, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use uu_core::store_files::FORMAT;

use crate::database::DATABASE_FILE;
use crate::error::failed;
use crate::objects::Folder;
use crate::{Location, RegistryError};

/// What users other than the owner, or the owner's group, may do something with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposed {
    /// The file or folder.
    pub path: PathBuf,
    /// Its permission bits.
    pub mode: u32,
}

impl Location {
    /// Folders and files of the store whose permissions are wider than its owner's; none on systems that have no such permissions.
    ///
    /// A folder of objects that cannot be listed counts as private.
    #[must_use]
    pub fn exposed(&self) -> Vec<Exposed> {
        if !self.uses_folder() {
            return Vec::new();
        }
        let mut paths = vec![self.store.clone()];
        paths.push(self.store.join(FORMAT));
        paths.extend(database_files(&self.store));
        for folder in Folder::ALL.map(|folder| self.store.join(folder.name())) {
            let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
            paths.extend(entries.map(|entry| entry.path()));
            paths.push(folder);
        }
        paths.into_iter().filter_map(exposed).collect()
    }
}

/// SQLite's file, and those that it makes beside it.
pub(crate) fn database_files(store: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|end| store.join(format!("{DATABASE_FILE}{end}")))
}

fn exposed(path: PathBuf) -> Option<Exposed> {
    let mode = wider(&fs::metadata(&path).ok()?)?;
    Some(Exposed { path, mode })
}

#[cfg(unix)]
fn wider(metadata: &Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o7777;
    (mode & 0o077 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn wider(_: &Metadata) -> Option<u32> {
    None
}

/// How files are made.
pub(crate) fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Takes a file that was just made from all but its owner. No file of SQLite's may be opened for that: closing it again would end
/// the locks that SQLite holds in this process.
pub(crate) fn close_to_others(path: &Path) -> Result<(), RegistryError> {
    #[cfg(unix)]
    match fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        other => other.map_err(|source| failed("set the permissions of", path, source))?,
    }
    Ok(())
}

/// Makes a folder; those above it are as others' folders are.
pub(crate) fn make_folder(folder: &Path) -> Result<(), RegistryError> {
    let made = || {
        if folder.is_dir() {
            return Ok(());
        }
        if let Some(above) = folder.parent() {
            fs::create_dir_all(above)?;
        }
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(folder) {
            // Another process was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
            other => other,
        }
    };
    made().map_err(|source| failed("make the folder", folder, source))
}
