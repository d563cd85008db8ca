//! Files that are named by a URI: only what the operator has opened can be read, whatever the URI says.

use std::fs::{self, File};
use std::io::{self, Seek};
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;
use uu_service::jobs::Delivered;

use crate::app::Lifecycle;
use crate::problem::store_problem;
use crate::problem::{Kind, Problem, shortened};

/// The folder of the artifact store that others put files into.
const INCOMING: &str = "/incoming/";

/// Opens what URIs name, as files that do not change any more; together they take at most `most_bytes`.
///
/// **Errors**: a URI of another kind, or outside what is allowed; no such file; files that are too large together.
pub(super) fn open_all(uris: &[String], lifecycle: &Lifecycle, most_bytes: u64) -> Result<Vec<Delivered>, Problem> {
    let mut room = Room { most_bytes, left: most_bytes };
    uris.iter()
        .map(|uri| {
            let (delivered, length) = open(uri, lifecycle, room)?;
            room.left -= length;
            Ok(delivered)
        })
        .collect()
}

/// How much a delivery may take, and how much of it is left.
#[derive(Clone, Copy, Debug)]
struct Room {
    most_bytes: u64,
    left: u64,
}

impl Room {
    fn check(self, length: u64) -> Result<(), Problem> {
        if length <= self.left {
            return Ok(());
        }
        Err(Problem::new(Kind::TooLarge, format!("at most {} bytes are taken at a time, over all files", self.most_bytes)))
    }
}

/// A file and its length.
type Opened = (Delivered, u64);

fn open(uri: &str, lifecycle: &Lifecycle, room: Room) -> Result<Opened, Problem> {
    let (scheme, rest) = uri.split_once(':').unwrap_or((uri, ""));
    if scheme.eq_ignore_ascii_case("file") {
        return local(uri, rest, &lifecycle.roots, room);
    }
    if scheme.eq_ignore_ascii_case("s3") {
        return remote(uri, rest, lifecycle, room);
    }
    Err(outside(uri, "`file:` under a configured folder, or `s3:` under `incoming/` of the configured artifact store"))
}

/// What follows the host of a `file:` URI, where that is none or this machine.
fn path_of(rest: &str) -> &str {
    const HERE: &str = "localhost";
    // `file:/path` and `file:///path` have no host; `localhost` is this one; any other is another machine's.
    let Some(rest) = rest.strip_prefix("//") else { return rest };
    match rest.split_at_checked(HERE.len()) {
        Some((host, path)) if host.eq_ignore_ascii_case(HERE) && path.starts_with('/') => path,
        _ => rest,
    }
}

fn local(uri: &str, rest: &str, roots: &[PathBuf], room: Room) -> Result<Opened, Problem> {
    let refused = || outside(uri, "a file under one of the folders of `retraining.roots`");
    let path = path_of(rest);
    if !path.starts_with('/') {
        return Err(refused());
    }
    let path = PathBuf::from(percent_decode_str(path).decode_utf8().map_err(|_| refused())?.into_owned());
    // What is not under a root is refused alike, whether it is there or not: the answer is not to tell what else the machine has.
    let roots: Vec<PathBuf> = roots.iter().filter_map(|root| fs::canonicalize(root).ok()).collect();
    let is_named_inside = |path: &Path| roots.iter().any(|root| path.starts_with(root));
    let whole = match fs::canonicalize(&path) {
        Ok(whole) => whole,
        Err(error) if error.kind() == io::ErrorKind::NotFound && is_inside_if_made(&path, &roots) => return Err(missing(uri)),
        Err(_) => return Err(refused()),
    };
    if !is_named_inside(&whole) {
        return Err(refused());
    }
    // Looked at before it is opened, since opening a pipe waits for whoever writes to it.
    if !fs::metadata(&whole).is_ok_and(|metadata| metadata.is_file()) {
        return Err(Problem::new(Kind::Forbidden, format!("`{}` is not a file", shortened(uri))));
    }
    let mut source = File::open(&whole).map_err(|error| unreadable(uri, &error))?;
    if !is_still_inside(&source, &whole, &roots) {
        return Err(refused());
    }
    room.check(source.metadata().map_err(|error| unreadable(uri, &error))?.len())?;
    // A copy, so that what is checked is what is learned from.
    let mut file = tempfile::tempfile().map_err(|error| unreadable(uri, &error))?;
    let copied = io::copy(&mut io::Read::take(&mut source, room.left.saturating_add(1)), &mut file);
    let length = copied.map_err(|error| unreadable(uri, &error))?;
    room.check(length)?;
    file.rewind().map_err(|error| unreadable(uri, &error))?;
    Ok((Delivered { name: name(&whole.to_string_lossy()), format: None, file }, length))
}

/// Whether the folder that a file which is not there would be in is under a root.
fn is_inside_if_made(path: &Path, roots: &[PathBuf]) -> bool {
    let folder = path.parent().and_then(|folder| fs::canonicalize(folder).ok());
    folder.is_some_and(|folder| roots.iter().any(|root| folder.starts_with(root)))
}

/// Whether what was opened is still what was looked at: a link may have been put in its place.
#[cfg(target_os = "linux")]
fn is_still_inside(file: &File, _: &Path, roots: &[PathBuf]) -> bool {
    use std::os::fd::AsRawFd;
    let opened = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()));
    let is_file = file.metadata().is_ok_and(|metadata| metadata.is_file());
    is_file && opened.is_ok_and(|opened| roots.iter().any(|root| opened.starts_with(root)))
}

#[cfg(not(target_os = "linux"))]
fn is_still_inside(_: &File, whole: &Path, roots: &[PathBuf]) -> bool {
    fs::canonicalize(whole).is_ok_and(|path| roots.iter().any(|root| path.starts_with(root)))
}

fn remote(uri: &str, rest: &str, lifecycle: &Lifecycle, room: Room) -> Result<Opened, Problem> {
    let refused = || outside(uri, "an object under `incoming/` of the configured artifact store");
    let store = lifecycle.artifacts_url.as_deref().map(|url| url.split('?').next().unwrap_or_default().trim_end_matches('/'));
    let store = store.and_then(|store| store.split_once(':').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("s3")));
    let object = store.and_then(|(_, store)| rest.strip_prefix(store)?.strip_prefix(INCOMING)).ok_or_else(refused)?;
    let is_plain =
        !object.is_empty() && !object.contains(['?', '#', '%']) && object.split('/').all(|part| !["", ".", ".."].contains(&part));
    if !is_plain {
        return Err(refused());
    }
    let mut file = tempfile::tempfile().map_err(|error| unreadable(uri, &error))?;
    let length = match lifecycle.registry.copy_incoming(object, &file, room.left) {
        Ok(Some(length)) => length,
        Ok(None) => return Err(missing(uri)),
        Err(error) => return Err(store_problem(&error)),
    };
    room.check(length)?;
    file.rewind().map_err(|error| unreadable(uri, &error))?;
    Ok((Delivered { name: name(object), format: None, file }, length))
}

/// The last part of a path, which says the format.
fn name(path: &str) -> String {
    shortened(path.rsplit('/').next().unwrap_or(path))
}

fn outside(uri: &str, expected: &str) -> Problem {
    Problem::new(Kind::Forbidden, format!("`uri` must be {expected}, got `{}`", shortened(uri)))
}

fn missing(uri: &str) -> Problem {
    Problem::new(Kind::NotFound, format!("there is no `{}`", shortened(uri)))
}

fn unreadable(uri: &str, error: &io::Error) -> Problem {
    if error.kind() == io::ErrorKind::StorageFull {
        return Problem::of_spooling(error);
    }
    tracing::error!(%error, uri, "a delivery cannot be read");
    Problem::internal()
}
