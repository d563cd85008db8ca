//! Outputs that are inputs too, whatever they are called.

use std::fs::Metadata;
use std::path::{Path, PathBuf};

use super::ReplaceError;

/// Standard input and output, as arguments name them.
const STANDARD: &str = "-";

/// Refuses an output that is one of the inputs, by whatever name or link. `-` is standard input, whatever was opened as it.
///
/// What may well be read and written at a time is let through: terminals, null devices, sockets.
///
/// **Errors**: [`ReplaceError::Input`].
pub fn refuse_inputs(output: &Path, inputs: &[PathBuf]) -> Result<(), ReplaceError> {
    output.metadata().map_or(Ok(()), |found| refuse(output, &found, inputs))
}

/// The same for standard output, where a shell opened a file as it: `>> FILE` of an input would feed on itself for ever.
///
/// **Errors**: [`ReplaceError::Input`].
pub fn refuse_stdout(inputs: &[PathBuf]) -> Result<(), ReplaceError> {
    standard::output().map_or(Ok(()), |found| refuse(Path::new(STANDARD), &found, inputs))
}

fn refuse(output: &Path, found: &Metadata, inputs: &[PathBuf]) -> Result<(), ReplaceError> {
    let metadata = |input: &Path| if input == Path::new(STANDARD) { standard::input() } else { input.metadata().ok() };
    let is_it = |input: &&PathBuf| metadata(input).is_some_and(|input| is_same(&input, found));
    match inputs.iter().find(is_it) {
        Some(input) => Err(ReplaceError::Input { path: output.to_owned(), input: input.clone() }),
        None => Ok(()),
    }
}

/// Whether both are one file, pipe or disk.
#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    let kind = one.file_type();
    let keeps_bytes = kind.is_file() || kind.is_fifo() || kind.is_block_device();
    keeps_bytes && (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn is_same(_: &Metadata, _: &Metadata) -> bool {
    false
}

#[cfg(unix)]
mod standard {
    use std::fs::{File, Metadata};
    use std::io;
    use std::os::fd::{AsFd, BorrowedFd};

    pub(super) fn input() -> Option<Metadata> {
        of(io::stdin().as_fd())
    }

    pub(super) fn output() -> Option<Metadata> {
        of(io::stdout().as_fd())
    }

    fn of(standard: BorrowedFd<'_>) -> Option<Metadata> {
        File::from(standard.try_clone_to_owned().ok()?).metadata().ok()
    }
}

#[cfg(not(unix))]
mod standard {
    use std::fs::Metadata;

    pub(super) fn input() -> Option<Metadata> {
        None
    }

    pub(super) fn output() -> Option<Metadata> {
        None
    }
}
