//! Bytes too large for the database: artifacts and batches of observations.
//!
//! An object is written once, whole, under a name nobody else takes, and never changed. Its length and SHA-256 are in the row that names it.

mod folder;
mod remote;

use std::fs::File;
use std::io::Seek;
use std::time::Duration;

use uu_core::store_files::MODELS;

use crate::random::{Hash, bytes, sha256};
use crate::{Location, ObjectFault, RegistryError};
pub(crate) use folder::{LocalFolder, replace};
pub(crate) use remote::OPTIONS as URL_OPTIONS;
use remote::Remote;

/// Random bytes in an object's name.
const NAME_BYTES: usize = 16;

/// Where objects are.
#[derive(Debug)]
pub(crate) enum Objects {
    Local(LocalFolder),
    Remote(Remote),
}

/// Holds what was swept, under the names it had.
pub(crate) const SWEPT: &str = "swept";

/// Holds objects of a backup whose names are taken until its rows are there.
pub(crate) const RESTORED: &str = "restored";

/// What an object is, by the folder it lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Folder {
    Models,
    Observations,
    /// What a job was handed, for as long as the job needs it.
    Uploads,
}

/// An object that was put: what its row knows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) object: String,
    pub(crate) sha256: String,
    pub(crate) size_bytes: u64,
}

/// An object that was found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) object: String,
    pub(crate) age: Duration,
}

impl Folder {
    pub(crate) const ALL: [Self; 3] = [Self::Models, Self::Observations, Self::Uploads];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Models => MODELS,
            Self::Observations => "observations",
            Self::Uploads => "uploads",
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Models => "uumodel",
            Self::Observations => "parquet",
            Self::Uploads => "upload",
        }
    }

    /// A name nobody else takes: replicas that share no counter must not meet, and an old backup's database must not name newer bytes.
    fn new_object(self) -> Result<String, RegistryError> {
        Ok(format!("{}/{}.{}", self.name(), hex::encode(bytes::<NAME_BYTES>()?), self.extension()))
    }

    /// Whether an object's name is one a store may have: a file of one of the folders, and nothing beyond them.
    pub(crate) fn may_hold(object: &str) -> bool {
        let file = |folder: &Self| object.strip_prefix(folder.name()).and_then(|rest| rest.strip_prefix('/'));
        let is_plain =
            |name: &str| !name.starts_with('.') && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        Self::ALL.iter().find_map(file).is_some_and(|name| !name.is_empty() && is_plain(name))
    }

    /// Whether an object's name is one this release gives; others' files are none of its business.
    pub(crate) fn is_own(self, object: &str) -> bool {
        let name = object.strip_prefix(self.name()).and_then(|name| name.strip_prefix('/'));
        let random = name.and_then(|name| name.strip_suffix(self.extension())).and_then(|name| name.strip_suffix('.'));
        random.is_some_and(|random| random.len() == 2 * NAME_BYTES && random.bytes().all(|byte| byte.is_ascii_hexdigit()))
    }
}

impl Stored {
    /// What a row will know of those bytes under that name.
    pub(crate) fn of(object: String, bytes: &[u8]) -> Self {
        Self { object, sha256: sha256(bytes), size_bytes: bytes.len() as u64 }
    }

    /// Whether these are the bytes that were put.
    pub(crate) fn check(&self, bytes: &[u8]) -> Result<(), ObjectFault> {
        let found = bytes.len() as u64;
        if found != self.size_bytes {
            return Err(ObjectFault::Length { expected: self.size_bytes, found });
        }
        let found = sha256(bytes);
        if found == self.sha256 { Ok(()) } else { Err(ObjectFault::Checksum { expected: self.sha256.clone(), found }) }
    }
}

impl Objects {
    pub(crate) fn open(location: &Location) -> Result<Self, RegistryError> {
        match &location.artifacts_url {
            None => Ok(Self::Local(LocalFolder::new(&location.store))),
            Some(url) => Remote::open(url).map(Self::Remote),
        }
    }

    /// Keeps bytes; they are there, and flushed, when this returns.
    pub(crate) async fn put(&self, folder: Folder, bytes: &[u8]) -> Result<Stored, RegistryError> {
        let stored = Stored::of(folder.new_object()?, bytes);
        self.write(&stored.object, bytes).await?;
        Ok(stored)
    }

    /// Keeps what a file holds, without holding it in memory; it is there, and flushed, when this returns.
    pub(crate) async fn put_file(&self, folder: Folder, mut file: &File) -> Result<Stored, RegistryError> {
        let object = folder.new_object()?;
        let source = |source| RegistryError::Io { action: "read", path: object.clone().into(), source };
        file.rewind().map_err(source)?;
        let mut hash = Hash::default();
        let mut size_bytes = 0;
        let mut count = |bytes: &[u8]| {
            hash.add(bytes);
            size_bytes += bytes.len() as u64;
        };
        match self {
            Self::Local(local) => local.write_from(&object, file, &mut count)?,
            Self::Remote(remote) => remote.write_from(&object, file, &mut count).await?,
        }
        Ok(Stored { object, sha256: hash.finish(), size_bytes })
    }

    /// Copies the object that others put under that name into a file, unless it has more than `most` bytes; how many it has.
    pub(crate) async fn copy_foreign(&self, object: &str, file: &File, most: u64) -> Result<Option<u64>, RegistryError> {
        match self {
            Self::Local(_) => Ok(None),
            Self::Remote(remote) => remote.copy(object, file, most).await,
        }
    }

    /// Keeps bytes under the name they had in another store.
    pub(crate) async fn write(&self, object: &str, bytes: &[u8]) -> Result<(), RegistryError> {
        match self {
            Self::Local(local) => local.write(object, bytes),
            Self::Remote(remote) => remote.write(object, bytes).await,
        }
    }

    /// The bytes of an object, checked against what its row knows; within, what is wrong with them.
    pub(crate) async fn read(&self, stored: &Stored) -> Result<Result<Vec<u8>, ObjectFault>, RegistryError> {
        let bytes = match self {
            Self::Local(local) => local.read(&stored.object)?,
            Self::Remote(remote) => remote.read(&stored.object).await?,
        };
        let Some(bytes) = bytes else { return Ok(Err(ObjectFault::Missing)) };
        Ok(stored.check(&bytes).map(|()| bytes))
    }

    /// All objects of a folder.
    pub(crate) async fn list(&self, folder: Folder) -> Result<Vec<Found>, RegistryError> {
        self.list_under(folder.name()).await
    }

    /// All objects under a name.
    pub(crate) async fn list_under(&self, name: &str) -> Result<Vec<Found>, RegistryError> {
        match self {
            Self::Local(local) => local.list(name),
            Self::Remote(remote) => remote.list(name).await,
        }
    }

    /// What a small file of its own beside the folders holds; `None` where there is none.
    pub(crate) async fn read_mark(&self, name: &str) -> Result<Option<String>, RegistryError> {
        let bytes = match self {
            Self::Local(local) => local.read(name)?,
            Self::Remote(remote) => remote.read(name).await?,
        };
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Gives an object another name, under which it is as young as a new one; nothing is done where there is none.
    pub(crate) async fn rename(&self, object: &str, new: &str) -> Result<(), RegistryError> {
        match self {
            Self::Local(local) => local.rename(object, new),
            Self::Remote(remote) => remote.rename(object, new).await,
        }
    }

    pub(crate) async fn remove(&self, object: &str) -> Result<(), RegistryError> {
        match self {
            Self::Local(local) => local.remove(object),
            Self::Remote(remote) => remote.remove(object).await,
        }
    }

    /// Removes what a crash left half written; gives back how many files that were.
    pub(crate) fn remove_unfinished(&self, older_than: Duration) -> Result<usize, RegistryError> {
        match self {
            Self::Local(local) => local.remove_unfinished(older_than),
            // An upload is there when it is complete.
            Self::Remote(_) => Ok(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_its_own_making_are_swept() {
        let object = Folder::Models.new_object().unwrap();
        assert!(Folder::Models.is_own(&object) && !Folder::Observations.is_own(&object), "{object}");
        for other in ["models/v0001.uumodel", "models/notes.txt", "models/", "registry.sqlite", "models/../x.uumodel"] {
            assert!(!Folder::Models.is_own(other), "{other}");
        }
    }

    #[test]
    fn no_name_leads_out_of_the_folders() {
        assert!(Folder::may_hold(&Folder::Observations.new_object().unwrap()) && Folder::may_hold("models/v0001.uumodel"));
        for other in ["models/../x", "models/a/b", "models/", "models/.x.new", "registry.sqlite", "/models/x", "models//x", "models/x\0"] {
            assert!(!Folder::may_hold(other), "{other}");
        }
    }
}
