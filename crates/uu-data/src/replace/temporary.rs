//! A file until it is whole: without a name where the file system can do that, else under a hidden one.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Seek};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tempfile::{Builder, NamedTempFile, TempPath};

use super::Access;

/// Begins a hidden name; who finds one later knows what it was.
const PREFIX: &str = ".uu-predictor-";

/// How old a hidden file is before it may count as left behind; whether it is says its lock, which its writer holds.
const LEFT_BEHIND: Duration = Duration::from_secs(3_600);

/// Hidden files that this process is writing.
static NAMED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// What is done before the first of them is made.
static BEFORE_NAMES: OnceLock<fn()> = OnceLock::new();

/// Sets what is to be done before the process makes its first unfinished file that has a name: to see to it that a signal's handler calls
/// [`remove_unfinished`]. Where files need no name until they are whole, signals need no handler, and it is never done.
pub fn before_names(prepare: fn()) {
    // The first one stands.
    let _ = BEFORE_NAMES.set(prepare);
}

/// Removes the unfinished files of this process that have names: for a handler of signals, right before the process ends.
pub fn remove_unfinished() {
    for path in std::mem::take(&mut *named()) {
        // Best effort: a later run removes what is left.
        let _ = fs::remove_file(path);
    }
}

fn named() -> std::sync::MutexGuard<'static, BTreeSet<PathBuf>> {
    NAMED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file that is being written; dropped, it is gone.
#[derive(Debug)]
pub(super) struct Temporary {
    file: File,
    name: Option<Name>,
    folder: PathBuf,
    access: Access,
}

impl Temporary {
    /// Makes one in the folder of `target`.
    pub(super) fn beside(target: &Path, access: Access) -> io::Result<Self> {
        let folder = super::target::parent(target).to_owned();
        remove_left_behind(&folder, LEFT_BEHIND);
        match unnamed(&folder, mode(access)) {
            Some(file) => Ok(Self { file, name: None, folder, access }),
            None => Self::with_name(folder, access),
        }
    }

    pub(super) fn with_name(folder: PathBuf, access: Access) -> io::Result<Self> {
        static PREPARED: OnceLock<()> = OnceLock::new();
        PREPARED.get_or_init(|| BEFORE_NAMES.get().into_iter().for_each(|prepare| prepare()));
        let mut builder = hidden();
        #[cfg(unix)]
        let builder = builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode(access)));
        let (file, path) = builder.tempfile_in(&folder)?.into_parts();
        hold(&file);
        Ok(Self { file, name: Some(Name::new(path)), folder, access })
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Flushes it and gives it the name `target`.
    pub(super) fn put(mut self, target: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        match self.name.take() {
            Some(name) => name.rename(target)?,
            None => self.link(target)?,
        }
        // A file whose folder is not flushed is lost by a power cut, and no worse off than without this: some file systems refuse it.
        let _ = File::open(&self.folder).and_then(|folder| folder.sync_all());
        Ok(())
    }

    /// Gives a name to a file without one. A name that is taken cannot be replaced by a link: the file has a hidden name for an instant.
    fn link(&self, target: &Path) -> io::Result<()> {
        match link(&self.file, target) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                hold(&self.file);
                let linked: NamedTempFile<()> = hidden().make_in(&self.folder, |path| link(&self.file, path))?;
                Name::new(linked.into_temp_path()).rename(target)
            }
            // Some file systems make such files and cannot give them a name.
            Err(_) => self.copy(target),
        }
    }

    fn copy(&self, target: &Path) -> io::Result<()> {
        let copy = Self::with_name(self.folder.clone(), self.access)?;
        let mut from = &self.file;
        from.rewind()?;
        io::copy(&mut from, &mut &copy.file)?;
        copy.file.set_permissions(self.file.metadata()?.permissions())?;
        copy.put(target)
    }
}

/// A hidden name; dropped, the file is gone.
#[derive(Debug)]
struct Name {
    /// Always there until it is used.
    path: Option<TempPath>,
    at: PathBuf,
}

impl Name {
    fn new(path: TempPath) -> Self {
        let at = path.to_path_buf();
        named().insert(at.clone());
        Self { path: Some(path), at }
    }

    fn rename(mut self, target: &Path) -> io::Result<()> {
        let Some(path) = self.path.take() else { return Ok(()) };
        path.persist(target).map_err(|error| error.error)
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        named().remove(&self.at);
    }
}

fn hidden() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(PREFIX);
    builder
}

/// What the system's mask leaves of it are a new file's permissions.
fn mode(access: Access) -> u32 {
    match access {
        Access::Usual => 0o666,
        Access::Owner => 0o600,
    }
}

/// Shows other processes that the file is being written. Without locks, nothing is ever taken for left behind.
fn hold(file: &File) {
    let _ = file.try_lock();
}

/// Removes hidden files that no process is writing any more.
fn remove_left_behind(folder: &Path, older_than: Duration) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let is_hidden = |entry: &fs::DirEntry| entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes());
    for entry in entries.flatten().filter(is_hidden) {
        let is_old = |found: fs::Metadata| {
            let age = found.modified().ok().and_then(|modified| modified.elapsed().ok());
            found.is_file() && age.is_some_and(|age| age > older_than)
        };
        let may_be_left = entry.metadata().is_ok_and(is_old);
        if may_be_left && File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok()) {
            // Best effort, as all of this is: others' files cannot be removed everywhere.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// A file without a name; `None` where the file system, or the lack of `/proc`, does not allow one that gets a name later.
#[cfg(target_os = "linux")]
fn unnamed(folder: &Path, mode: u32) -> Option<File> {
    use std::os::unix::fs::OpenOptionsExt;
    if !Path::new("/proc/self/fd").is_dir() {
        return None;
    }
    // What else is wrong with the folder is found again, and told, by making a file with a name.
    let flags = rustix::fs::OFlags::TMPFILE.bits() as i32;
    File::options().read(true).write(true).custom_flags(flags).mode(mode).open(folder).ok()
}

#[cfg(target_os = "linux")]
fn link(file: &File, path: &Path) -> io::Result<()> {
    use std::os::fd::AsRawFd;

    use rustix::fs::{AtFlags, CWD, linkat};

    let open = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(CWD, open, CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(not(target_os = "linux"))]
fn unnamed(_: &Path, _: u32) -> Option<File> {
    None
}

#[cfg(not(target_os = "linux"))]
fn link(_: &File, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
pub(super) fn remove_all_left_behind(folder: &Path) {
    remove_left_behind(folder, Duration::ZERO);
}
