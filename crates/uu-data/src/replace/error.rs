//! Why a file cannot be put in a place.

use std::fmt::{self, Write};
use std::io;
use std::path::{Path, PathBuf};

use uu_core::Escaping;

/// A file cannot be put in a place; what is there is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplaceError {
    /// A folder is there, or the path ends as one of a folder does.
    Folder {
        /// The path.
        path: PathBuf,
    },
    /// The place lies in a store.
    InStore {
        /// The path.
        path: PathBuf,
        /// The store's folder.
        store: PathBuf,
    },
    /// A link to nothing is there.
    DanglingLink {
        /// The path.
        path: PathBuf,
        /// What the link names.
        to: PathBuf,
    },
    /// What is there is read by the same command.
    Input {
        /// The path.
        path: PathBuf,
        /// The input, as it was given.
        input: PathBuf,
    },
    /// A pipe is there that nobody reads.
    NoReader {
        /// The path.
        path: PathBuf,
        /// How long a reader was waited for.
        waited_s: u64,
    },
    /// The system refused.
    Io {
        /// The path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl ReplaceError {
    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    /// The way out, where there is one.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Folder { .. } => Some("name a file in the folder"),
            Self::InStore { .. } => Some("name a file outside of the store"),
            Self::DanglingLink { .. } => Some("make the file that the link names, remove the link, or name another file"),
            Self::Input { .. } => Some("name another file, and move it over the input afterwards if that is meant"),
            Self::NoReader { .. } => Some("start what reads the pipe first, for example `cat PIPE > FILE &`"),
            Self::Io { .. } => None,
        }
    }
}

/// Paths come from outside, and must not command the terminal that shows them.
impl fmt::Display for ReplaceError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = Escaping(formatter);
        match self {
            Self::Folder { path } => write!(shown, "`{}` is a folder, expected a file to write", path.display()),
            Self::InStore { path, store } => {
                write!(shown, "`{}` lies in the store `{}`, and nothing else is written there", path.display(), store.display())
            }
            Self::DanglingLink { path, to } => {
                write!(shown, "`{}` is a link to `{}`, which does not exist", path.display(), to.display())
            }
            Self::Input { path, input } if input == path => {
                write!(shown, "`{}` is an input of the same command, and would be replaced", path.display())
            }
            Self::Input { path, input } => {
                write!(shown, "`{}` is the input `{}` of the same command, which would be replaced", path.display(), input.display())
            }
            Self::NoReader { path, waited_s } => {
                write!(shown, "nothing opened the pipe `{}` for reading within {waited_s} s", path.display())
            }
            Self::Io { path, source } => write!(shown, "`{}` cannot be written: {source}", path.display()),
        }
    }
}

/// For callers that have other errors of the system too, such as Python's `OSError`.
impl From<ReplaceError> for io::Error {
    fn from(error: ReplaceError) -> Self {
        let kind = match &error {
            ReplaceError::Folder { .. } => io::ErrorKind::IsADirectory,
            ReplaceError::InStore { .. } => io::ErrorKind::PermissionDenied,
            ReplaceError::DanglingLink { .. } => io::ErrorKind::NotFound,
            ReplaceError::Input { .. } => io::ErrorKind::InvalidInput,
            ReplaceError::NoReader { .. } => io::ErrorKind::TimedOut,
            ReplaceError::Io { source, .. } => source.kind(),
        };
        Self::new(kind, error)
    }
}
