//! Files and folders that only their owner may read: a store holds what users sent, and what its tokens are known by.
//!
//! What is there already keeps its rights, which may be meant: [`Location::exposed`](crate::Location::exposed) finds what others may read.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use uu_core::store_files::DATABASE;

use crate::RegistryError;
use crate::error::failed;

/// SQLite's file, and those that it makes beside it.
pub(crate) fn database_files(store: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|end| store.join(format!("{DATABASE}{end}")))
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
