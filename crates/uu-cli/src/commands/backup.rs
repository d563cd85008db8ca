//! `backup` and `restore`: everything the store holds as one file.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, IntoInnerError};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use uu_data::replace::{Access, Replacement};
use uu_registry::{Contents, Onto, Registry, RegistryError};
use uu_service::{LoadError, load};

use super::{existing, place, tell_aside};
use crate::arguments::{Backup, Restore};
use crate::failure::{Advised, is_broken_pipe};
use crate::output::{counted, note, print_json};
use crate::settings::Settings;

/// Stands for standard input and output.
const STANDARD: &str = "-";

/// Writes a backup.
pub(crate) fn backup(arguments: &Backup, settings: &Settings) -> anyhow::Result<ExitCode> {
    let registry = existing(settings)?;
    let is_standard = arguments.output == Path::new(STANDARD);
    let contents =
        if is_standard { registry.backup(io::stdout().lock()).map_err(Into::into) } else { written(&registry, &arguments.output) };
    let contents = contents.map_err(cut_off)?;
    if arguments.json && !is_standard {
        print_json(&contents)?;
    } else {
        note(&format!("{} written from {} to `{}`", described(&contents), place(settings), arguments.output.display()));
    }
    Ok(ExitCode::SUCCESS)
}

/// Restores from a backup.
pub(crate) fn restore(arguments: &Restore, settings: &Settings) -> anyhow::Result<ExitCode> {
    let onto = if arguments.replace { Onto::Anything } else { Onto::Empty };
    // Before the store is opened, which makes one where there is none.
    let input: Box<dyn io::Read> = if arguments.input == Path::new(STANDARD) {
        Box::new(io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(&arguments.input).with_context(|| format!("cannot open `{}`", arguments.input.display()))?))
    };
    let registry = opened(arguments, settings)?;
    let contents = registry.restore(input, onto)?;
    check_restored(&registry)?;
    if arguments.json {
        print_json(&contents)?;
    } else {
        note(&format!("{} restored to {}", described(&contents), place(settings)));
    }
    Ok(ExitCode::SUCCESS)
}

/// The store to restore into; a damaged one gives way where that is asked for.
fn opened(arguments: &Restore, settings: &Settings) -> Result<Registry, RegistryError> {
    if !arguments.replace {
        return Registry::open(&settings.location());
    }
    let (registry, aside) = Registry::open_to_restore(&settings.location())?;
    tell_aside(aside.as_deref());
    Ok(registry)
}

/// The version in use answers the golden requests; a store without one is whole too.
fn check_restored(registry: &Registry) -> anyhow::Result<()> {
    match load(registry, None) {
        Ok(_) | Err(LoadError::Empty) => Ok(()),
        Err(error) => Err(anyhow::Error::from(error).context("the backup is restored, and the version in use cannot answer")),
    }
}

/// Puts the file in place when it is whole: a backup that fails does not take the place of a good one.
fn written(registry: &Registry, output: &Path) -> anyhow::Result<Contents> {
    // It holds the hashes of tokens and what users sent: nobody else's to read.
    let mut out = BufWriter::new(Replacement::open(output, Access::Owner)?);
    let contents = registry.backup(&mut out)?;
    let finished = out.into_inner().map_err(IntoInnerError::into_error).and_then(Replacement::finish);
    finished.with_context(|| format!("the backup cannot be written to `{}`", output.display()))?;
    Ok(contents)
}

/// A reader that went away has no whole backup, which is no success as it is with rows.
fn cut_off(error: anyhow::Error) -> anyhow::Error {
    if !is_broken_pipe(&error) {
        return error;
    }
    Advised::error("the backup was cut off: what reads it closed the pipe", "what was written is no backup; take another one")
}

fn described(contents: &Contents) -> String {
    let rows = |table: &str| contents.rows.get(table).copied().unwrap_or_default();
    let bytes = contents.object_bytes as f64 / 1e6;
    let (versions, batches) = (counted(rows("versions"), "version"), counted(rows("batches"), "batch"));
    format!("{versions}, {batches}, {} of the audit log and {bytes:.1} MB", counted(rows("audit_log"), "record"))
}
