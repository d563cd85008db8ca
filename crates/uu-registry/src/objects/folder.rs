//! Objects as files of a folder.
//!
//! Every file is written beside its place, flushed to the disk and then moved into it, so that a crash at any instant leaves either nothing
//! under its name or all of it. (The `object_store` crate's folders do not flush, so this is not theirs.)

use std::fs::{self, DirEntry, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{Folder, Found};
use crate::error::failed;
use crate::{RegistryError, private, random};

/// Ends the name of a file that is being written.
const UNFINISHED: &str = ".new";

/// Bytes that are copied at a time.
const PIECE_BYTES: usize = 1 << 18;

/// A folder of objects.
#[derive(Clone, Debug)]
pub(crate) struct LocalFolder {
    root: PathBuf,
}

impl LocalFolder {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    pub(crate) fn write(&self, object: &str, bytes: &[u8]) -> Result<(), RegistryError> {
        replace(&self.place_of(object)?, bytes)
    }

    /// The same for what a reader gives; each piece is told to `seen`.
    pub(crate) fn write_from(&self, object: &str, mut from: impl Read, seen: &mut dyn FnMut(&[u8])) -> Result<(), RegistryError> {
        replace_by(&self.place_of(object)?, |file| {
            let mut piece = vec![0; PIECE_BYTES];
            loop {
                match from.read(&mut piece)? {
                    0 => return Ok(()),
                    length => {
                        seen(&piece[..length]);
                        file.write_all(&piece[..length])?;
                    }
                }
            }
        })
    }

    /// Where an object's file is to be, in a folder that is there.
    fn place_of(&self, object: &str) -> Result<PathBuf, RegistryError> {
        let place = self.root.join(object);
        let folder = place.parent().unwrap_or(&self.root);
        private::make_folder(folder)?;
        Ok(place)
    }

    /// The bytes; `None` where there is no such object.
    pub(crate) fn read(&self, object: &str) -> Result<Option<Vec<u8>>, RegistryError> {
        let path = self.root.join(object);
        match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            other => other.map(Some).map_err(|source| failed("read", &path, source)),
        }
    }

    pub(crate) fn list(&self, folder: &str) -> Result<Vec<Found>, RegistryError> {
        let found = |entry: &DirEntry, age| Some(Found { object: format!("{folder}/{}", entry.file_name().to_str()?), age });
        Ok(self.entries(folder)?.iter().filter_map(|(entry, age)| found(entry, *age)).collect())
    }

    pub(crate) fn rename(&self, object: &str, new: &str) -> Result<(), RegistryError> {
        let (old, new) = (self.root.join(object), self.place_of(new)?);
        let moved = File::options().write(true).open(&old).and_then(|file| {
            file.set_modified(SystemTime::now())?;
            fs::rename(&old, &new)
        });
        match moved {
            // Another replica was faster.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => {
                other.map_err(|source| failed("move", &old, source)).and_then(|()| flush_folder(&new)).and_then(|()| flush_folder(&old))
            }
        }
    }

    pub(crate) fn remove(&self, object: &str) -> Result<(), RegistryError> {
        remove(&self.root.join(object))
    }

    pub(crate) fn remove_unfinished(&self, older_than: Duration) -> Result<usize, RegistryError> {
        let mut removed = 0;
        for folder in Folder::ALL {
            for (entry, age) in self.entries(folder.name())? {
                let name = entry.file_name();
                if age > older_than && name.to_str().is_some_and(|name| name.starts_with('.') && name.ends_with(UNFINISHED)) {
                    remove(&entry.path())?;
                    removed += 1;
                }
            }
        }
        Ok(removed)
    }

    /// The files of a folder with their ages; none where it is not there.
    fn entries(&self, folder: &str) -> Result<Vec<(DirEntry, Duration)>, RegistryError> {
        let path = self.root.join(folder);
        let list = |source| failed("list", &path, source);
        let entries = match fs::read_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(list)?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(list)?;
            match entry.metadata() {
                // A clock that was put back makes a file young, which spares it.
                Ok(metadata) if metadata.is_file() => {
                    found.push((entry, metadata.modified().ok().and_then(|modified| modified.elapsed().ok()).unwrap_or_default()));
                }
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(list(source)),
            }
        }
        Ok(found)
    }
}

/// Puts bytes in a file's place, as a whole and lasting.
pub(crate) fn replace(place: &Path, bytes: &[u8]) -> Result<(), RegistryError> {
    replace_by(place, |file| file.write_all(bytes))
}

/// The same for what `write` writes.
fn replace_by(place: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), RegistryError> {
    let new = write_beside(place, write)?;
    let moved = fs::rename(&new, place).map_err(|source| failed("replace", place, source));
    if moved.is_err() {
        // Best effort: the error that matters is the one that is returned.
        let _ = fs::remove_file(&new);
    }
    moved.and_then(|()| flush_folder(place))
}

/// Writes a new file beside `place` and flushes it.
fn write_beside(place: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<PathBuf, RegistryError> {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    // Not the process's number: in containers that share a folder, each is the first.
    let random = hex::encode(random::bytes::<8>()?);
    let path = place.with_file_name(format!(".{name}.{random}{UNFINISHED}"));
    let written = private::options().write(true).create_new(true).open(&path).and_then(|mut file| {
        write(&mut file)?;
        file.sync_all()
    });
    written.map_err(|source| {
        // Best effort: the error that matters is the one that is returned.
        let _ = fs::remove_file(&path);
        failed("write", place, source)
    })?;
    Ok(path)
}

/// Makes a file's new name last through a power cut.
fn flush_folder(file: &Path) -> Result<(), RegistryError> {
    let folder = file.parent().unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|source| failed("flush", folder, source))
}

fn remove(path: &Path) -> Result<(), RegistryError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(|source| failed("remove", path, source)),
    }
}
