//! What is printed: data on standard output, everything else on standard error.

mod metrics;
mod numbers;
mod page;
mod table;

use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

use serde::Serialize;
use uu_core::escaped;
use uu_registry::Secret;

pub(crate) use metrics::{accuracy, beside_baselines, data, evaluation, falling_steps, tell_quality};
pub(crate) use numbers::{counted, percent, short, whole, words};
pub(crate) use page::Page;
pub(crate) use table::{Column, Table};

/// Prints data.
///
/// **Errors**: standard output that cannot be written.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// Prints a secret that cannot be had again.
///
/// **Errors**: standard output that cannot be written, or that keeps nothing of it.
pub(crate) fn print_secret(secret: &Secret) -> io::Result<()> {
    if is_discarded() {
        return Err(io::Error::other("standard output is the null device, or closed"));
    }
    print(secret.expose())
}

/// Whether standard output keeps nothing: it is the null device, which also takes the place of one that is closed.
pub(crate) fn is_discarded() -> bool {
    let Ok(out) = io::stdout().as_fd().try_clone_to_owned().and_then(|out| File::from(out).metadata()) else { return true };
    let device = |found: &Metadata| found.file_type().is_char_device().then(|| found.rdev());
    device(&out).is_some_and(|out| fs::metadata("/dev/null").is_ok_and(|null| device(&null) == Some(out)))
}

/// Prints data as JSON.
///
/// **Errors**: standard output that cannot be written.
pub(crate) fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    Ok(print(&serde_json::to_string_pretty(value)?)?)
}

/// Prints something that is not data on standard error; what could command a terminal is escaped in each of its lines.
pub(crate) fn note(text: &str) {
    let mut lines: String = text.lines().flat_map(|line| [escaped(line), "\n".into()]).collect();
    if lines.is_empty() {
        lines.push('\n');
    }
    // Where standard error is closed nobody reads it.
    let _ = io::stderr().write_all(lines.as_bytes());
}
