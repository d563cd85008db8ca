//! The one way to put a file in a place: whole or not at all, and never over what is no file.
//!
//! | what is there | what is done |
//! | --- | --- |
//! | nothing, a file, a link to a file | a new file takes the name when it is whole; a file's permissions are kept |
//! | a device, a pipe, an open file (`/dev/stdout`) | it is written into |
//! | a folder; a link to nothing; a place in a store; an input of the same command | refused, before anything is written |
//!
//! A link to nothing is refused, since it may lead to a disk that is not there now, and a file in its place would end the link.
//!
//! Until it is whole the file has no name (`O_TMPFILE`), so that no way out leaves anything. Where the file system has no such files it has
//! a hidden name, which is removed on errors and by [`remove_unfinished`]; a later run removes what a killed one left.

mod error;
mod inputs;
mod target;
mod temporary;

#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub use error::ReplaceError;
pub use inputs::{refuse_inputs, refuse_stdout};
pub use target::refuse_store;
pub use temporary::{before_names, remove_unfinished};

use target::Target;
use temporary::Temporary;

/// Who may read a new file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Those who may read any new file of this user, and for one that is replaced those who may read that.
    #[default]
    Usual,
    /// Its owner alone.
    Owner,
}

/// A file on its way to its place.
#[derive(Debug)]
pub struct Replacement {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    File { temporary: Temporary, target: PathBuf },
    Stream(File),
}

impl Replacement {
    /// Begins a file that [`Replacement::finish`] puts in its place; dropped before, it leaves nothing. Devices, pipes and open files are
    /// written into as it goes.
    ///
    /// **Errors**: [`ReplaceError`]; nothing was changed then.
    pub fn open(path: &Path, access: Access) -> Result<Self, ReplaceError> {
        let kind = match target::of(path)? {
            Target::OpenFile => Kind::Stream(target::open_again(path)?),
            Target::Pipe => Kind::Stream(target::open_pipe(path)?),
            Target::Device => Kind::Stream(target::open_device(path)?),
            Target::File { target, permissions } => {
                let temporary = Temporary::beside(&target, access).map_err(|source| ReplaceError::io(path, source))?;
                if let Some(permissions) = permissions.filter(|_| access == Access::Usual) {
                    temporary.file().set_permissions(permissions).map_err(|source| ReplaceError::io(path, source))?;
                }
                Kind::File { temporary, target }
            }
        };
        Ok(Self { kind })
    }

    /// Flushes the file and puts it in its place.
    ///
    /// **Errors**: the system's; what was in the place before is then as it was.
    pub fn finish(self) -> io::Result<()> {
        match self.kind {
            Kind::File { temporary, target } => temporary.put(&target),
            Kind::Stream(mut stream) => stream.flush(),
        }
    }
}

impl Write for Replacement {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.kind {
            Kind::File { temporary, .. } => temporary.file().write(bytes),
            Kind::Stream(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.kind {
            Kind::File { temporary, .. } => temporary.file().flush(),
            Kind::Stream(stream) => stream.flush(),
        }
    }
}

/// Puts bytes in a place.
///
/// **Errors**: [`ReplaceError`].
pub fn replace(path: &Path, bytes: &[u8], access: Access) -> Result<(), ReplaceError> {
    replace_all([(path.to_owned(), bytes)], access)
}

/// Puts several files in their places: all of them are written before the first takes its name.
///
/// **Errors**: [`ReplaceError`]; nothing was changed then, unless taking the names failed half way.
pub fn replace_all<B: AsRef<[u8]>>(files: impl IntoIterator<Item = (PathBuf, B)>, access: Access) -> Result<(), ReplaceError> {
    let mut written = Vec::new();
    for (path, bytes) in files {
        let mut file = Replacement::open(&path, access)?;
        file.write_all(bytes.as_ref()).map_err(|source| ReplaceError::io(&path, source))?;
        written.push((path, file));
    }
    written.into_iter().try_for_each(|(path, file)| file.finish().map_err(|source| ReplaceError::io(&path, source)))
}

/// Refuses a place that [`Replacement::open`] would refuse, without opening anything: for outputs of long work, before it begins.
///
/// **Errors**: [`ReplaceError`].
pub fn check(path: &Path) -> Result<(), ReplaceError> {
    target::of(path).map(|_| ())
}

/// Makes a folder for files, unless it is a store or lies in one.
///
/// **Errors**: [`ReplaceError`].
pub fn make_folder(path: &Path) -> Result<(), ReplaceError> {
    target::refuse_store(path)?;
    fs::create_dir_all(path).map_err(|source| ReplaceError::io(path, source))
}
