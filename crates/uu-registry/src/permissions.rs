//! What of a store others than its owner may read.

use std::fs::{self, Metadata};
use std::path::PathBuf;

use uu_core::store_files::FORMAT;

use crate::Location;
use crate::objects::Folder;
use crate::private::database_files;

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
