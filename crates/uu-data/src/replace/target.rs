//! What is in a place where a file is to be.

use std::fs::{self, File, Permissions};
use std::io;
use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::time::{Duration, Instant};

use uu_core::store_files::{CHAMPION, DATABASE, FORMAT, MODELS};

use super::ReplaceError;

/// Links that are followed before one is taken for a circle, as the system does.
const MOST_LINKS: usize = 40;

/// How long a pipe may be without a reader: the two ends are often started side by side. A command that waited for ever would look as if
/// it worked.
#[cfg(unix)]
const READER: Duration = Duration::from_secs(30);

#[cfg(unix)]
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// Bytes of a `format` file that are looked at.
const FORMAT_BYTES: u64 = 4096;

pub(super) enum Target {
    /// A file, by the name that links lead to, with its permissions where it exists.
    File { target: PathBuf, permissions: Option<Permissions> },
    /// A name of something that is open, such as `/dev/stdout`.
    OpenFile,
    /// A named pipe.
    Pipe,
    /// Anything else that is no file: a terminal, a null device, a disk.
    Device,
}

/// Looks at a place, and refuses what must not be written.
pub(super) fn of(path: &Path) -> Result<Target, ReplaceError> {
    if names_folder(path) {
        return Err(ReplaceError::Folder { path: path.to_owned() });
    }
    if is_open_file(path) {
        return Ok(Target::OpenFile);
    }
    match path.metadata() {
        Ok(found) if found.is_dir() => Err(ReplaceError::Folder { path: path.to_owned() }),
        Ok(found) if found.is_file() => {
            let target = path.canonicalize().map_err(|source| ReplaceError::io(path, source))?;
            refuse_store(&target)?;
            Ok(Target::File { target, permissions: Some(found.permissions()) })
        }
        Ok(found) => Ok(if is_pipe(&found) { Target::Pipe } else { Target::Device }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => new_file(path),
        Err(source) => Err(ReplaceError::io(path, source)),
    }
}

fn new_file(path: &Path) -> Result<Target, ReplaceError> {
    if let Ok(to) = path.read_link() {
        return Err(ReplaceError::DanglingLink { path: path.to_owned(), to });
    }
    let name = path.file_name().ok_or_else(|| ReplaceError::Folder { path: path.to_owned() })?;
    let folder = parent(path).canonicalize().map_err(|source| ReplaceError::io(path, source))?;
    let target = folder.join(name);
    refuse_store(&target)?;
    Ok(Target::File { target, permissions: None })
}

/// `out/`, `out/.` and the like, whatever is there.
fn names_folder(path: &Path) -> bool {
    let text = path.as_os_str().as_encoded_bytes();
    let ends_as_folder = text.last().is_some_and(|&last| last == b'/' || std::path::is_separator(char::from(last)));
    ends_as_folder || text.ends_with(b"/.") || text == b"." || path.file_name().is_none()
}

pub(super) fn parent(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether links lead to one of the names that the system gives to what a process has open. Such a file is never replaced: who opened it
/// would keep the one before, and `>>` would lose what it has.
fn is_open_file(path: &Path) -> bool {
    let mut at = path.to_owned();
    for _ in 0..MOST_LINKS {
        let (Ok(folder), Some(name)) = (parent(&at).canonicalize(), at.file_name()) else { return false };
        let is_of_process = folder.starts_with("/proc") && folder.file_name().is_some_and(|name| name == "fd");
        if is_of_process || folder == Path::new("/dev/fd") {
            return true;
        }
        match fs::read_link(folder.join(name)) {
            Ok(to) => at = folder.join(to),
            Err(_) => return false,
        }
    }
    false
}

/// Refuses a path that lies in a store, or is one. Parts of it that do not exist are not looked at.
///
/// **Errors**: [`ReplaceError::InStore`].
pub fn refuse_store(path: &Path) -> Result<(), ReplaceError> {
    let there = path.ancestors().map(|part| if part.as_os_str().is_empty() { Path::new(".") } else { part });
    let Some(real) = there.filter(|part| part.exists()).find_map(|part| part.canonicalize().ok()) else { return Ok(()) };
    match real.ancestors().find(|folder| holds_store(folder)) {
        Some(store) => Err(ReplaceError::InStore { path: path.to_owned(), store: store.to_owned() }),
        None => Ok(()),
    }
}

/// Whether a folder holds a store, or what is left of a damaged one. Folders with a `format` file of another program are none.
fn holds_store(folder: &Path) -> bool {
    let is_file = |name: &str| folder.join(name).is_file();
    let has_models = || folder.join(MODELS).is_dir();
    is_file(DATABASE) || is_file(CHAMPION) && has_models() || is_file(FORMAT) && (has_models() || is_format(&folder.join(FORMAT)))
}

/// Whether a file holds the number of a store's layout.
fn is_format(file: &Path) -> bool {
    let is_short = file.metadata().is_ok_and(|found| found.len() <= FORMAT_BYTES);
    is_short && fs::read(file).is_ok_and(|bytes| bytes.first().is_some_and(u8::is_ascii_digit))
}

/// Opens anew what a process has open; what is there stays, as it does where a shell appends.
pub(super) fn open_again(path: &Path) -> Result<File, ReplaceError> {
    match File::options().append(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::IsADirectory => Err(ReplaceError::Folder { path: path.to_owned() }),
        other => other.map_err(|source| ReplaceError::io(path, source)),
    }
}

pub(super) fn open_device(path: &Path) -> Result<File, ReplaceError> {
    File::options().write(true).open(path).map_err(|source| ReplaceError::io(path, source))
}

#[cfg(unix)]
fn is_pipe(found: &fs::Metadata) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&found.file_type())
}

#[cfg(not(unix))]
fn is_pipe(_: &fs::Metadata) -> bool {
    false
}

/// Opens a pipe once something reads it.
#[cfg(unix)]
pub(super) fn open_pipe(path: &Path) -> Result<File, ReplaceError> {
    use std::os::unix::fs::OpenOptionsExt;

    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

    let mut options = File::options();
    options.write(true).custom_flags(OFlags::NONBLOCK.bits() as i32);
    let deadline = Instant::now() + READER;
    let file = loop {
        match options.open(path) {
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) => {
                if Instant::now() >= deadline {
                    return Err(ReplaceError::NoReader { path: path.to_owned(), waited_s: READER.as_secs() });
                }
                std::thread::sleep(BETWEEN_LOOKS);
            }
            other => break other.map_err(|source| ReplaceError::io(path, source))?,
        }
    };
    let wait_for_room = fcntl_getfl(&file).and_then(|flags| fcntl_setfl(&file, flags - OFlags::NONBLOCK));
    wait_for_room.map_err(|source| ReplaceError::io(path, source.into()))?;
    Ok(file)
}

#[cfg(not(unix))]
pub(super) fn open_pipe(path: &Path) -> Result<File, ReplaceError> {
    open_device(path)
}
