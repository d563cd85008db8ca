//! What is printed: data on standard output, everything else on standard error.

mod metrics;
mod numbers;
mod page;
mod table;

use std::io::{self, Write};

use serde::Serialize;

pub(crate) use metrics::{accuracy, beside_baselines, evaluation, falling_steps, quality, quality_details};
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

/// Says something that is not data.
pub(crate) fn note(text: &str) {
    // Where standard error is closed there is nobody to tell.
    let _ = writeln!(io::stderr(), "{text}");
}
