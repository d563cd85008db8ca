//! What is printed: data on standard output, everything else on standard error.

mod metrics;
mod numbers;
mod page;
mod table;

use std::io::{self, Write};

use serde::Serialize;
use uu_core::escaped;

pub(crate) use metrics::{accuracy, beside_baselines, data, evaluation, falling_steps, quality};
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
