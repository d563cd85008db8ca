//! How an error is told.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::process::ExitCode;

use uu_data::clean::CleanError;
use uu_data::read::ReadError;
use uu_data::replace::ReplaceError;
use uu_registry::{Mixture, RegistryError, RestoreError, StoreFault};
use uu_scoring::BatchError;
use uu_service::{LoadError, RetrainError, SourceError, TrainError};

use crate::output::{note, tell_quality};

/// Exit code of an error.
const ERROR: u8 = 2;

/// The way out where a store cannot be written; SQLite writes beside its file even for those who only read.
const UNWRITABLE: &str = "every command needs the right to write the folder of the store and the files in it: run it as the user who owns them, or on a disk that is not read only";

/// Exit code of an answer that is no.
const NO: u8 = 1;

/// An error of the command line itself, with the way out.
#[derive(Debug)]
pub(crate) struct Advised {
    message: String,
    hint: String,
}

impl Advised {
    /// An error with what is wrong, and what to do.
    pub(crate) fn error(message: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
        Self { message: message.into(), hint: hint.into() }.into()
    }
}

impl fmt::Display for Advised {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Advised {}

/// Tells an error on standard error, with its causes and a hint at the way out where there is one.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    if is_broken_pipe(error) {
        // The reader has what it wanted: `uu-predictor predict .. | head`.
        return ExitCode::SUCCESS;
    }
    if let Some(CleanError::NothingLeft(report)) = error.chain().find_map(clean_error) {
        tell_quality(report);
    }
    let mut lines = format!("error: {error}\n");
    let mut said = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        // Transparent errors repeat what they wrap.
        if !said.contains(&cause) {
            lines.push_str(&format!("  caused by: {cause}\n"));
            said = cause;
        }
    }
    if let Some(hint) = error.chain().find_map(hint) {
        lines.push_str(&format!("hint: {hint}\n"));
    }
    note(&lines);
    ExitCode::from(if error.chain().any(|cause| mixture(cause).is_some()) { NO } else { ERROR })
}

fn clean_error<'e>(cause: &'e (dyn std::error::Error + 'static)) -> Option<&'e CleanError> {
    match cause.downcast_ref::<SourceError>() {
        Some(SourceError::Clean(error)) => Some(error),
        _ => cause.downcast_ref(),
    }
}

/// Rows that were good by themselves, and cannot train with those that are kept.
fn mixture<'e>(cause: &'e (dyn std::error::Error + 'static)) -> Option<&'e Mixture> {
    if let Some(RegistryError::Mixture(mixture)) = cause.downcast_ref::<RegistryError>() {
        return Some(mixture);
    }
    cause.downcast_ref::<RetrainError>().and_then(RetrainError::mixture).or_else(|| cause.downcast_ref::<TrainError>()?.mixture())
}

fn hint(cause: &(dyn std::error::Error + 'static)) -> Option<String> {
    if let Some(error) = cause.downcast_ref::<Advised>() {
        return Some(error.hint.clone());
    }
    if let Some(mixture) = mixture(cause) {
        return Some(mixture.hint());
    }
    if let Some(error) = cause.downcast_ref::<LoadError>() {
        let of_store = if let LoadError::Store(error) = error { registry_hint(error) } else { None };
        return error.hint().or(of_store).map(str::to_owned);
    }
    if let Some(error) = cause.downcast_ref::<RegistryError>() {
        return registry_hint(error).map(str::to_owned);
    }
    if let Some(error) = cause.downcast_ref::<RestoreError>() {
        return restore_hint(error).map(str::to_owned);
    }
    if let Some(error) = cause.downcast_ref::<ReplaceError>() {
        return error.hint().map(str::to_owned);
    }
    if let Some(error) = cause.downcast_ref::<SourceError>() {
        return match error {
            SourceError::Read(error) => read_hint(error),
            SourceError::Clean(error) => Some(error.hint().to_owned()),
        };
    }
    if let Some(TrainError::Fit(error)) = cause.downcast_ref::<TrainError>() {
        return error.hint().map(str::to_owned);
    }
    if let Some(RetrainError::Fit(error)) = cause.downcast_ref::<RetrainError>() {
        return error.hint().map(str::to_owned);
    }
    if let Some(BatchError::Read(error)) = cause.downcast_ref::<BatchError>() {
        return read_hint(error);
    }
    if let Some(error) = cause.downcast_ref::<ReadError>() {
        return read_hint(error);
    }
    cause.downcast_ref::<CleanError>().map(|error| error.hint().to_owned())
}

fn registry_hint(error: &RegistryError) -> Option<&'static str> {
    match error {
        RegistryError::NoStore { .. } => {
            Some("train a model into a new one: `uu-predictor train --data FILE`, or name another folder with `--store FOLDER`")
        }
        RegistryError::Unavailable { .. } => Some("nothing was changed; the same command works once it can be reached again"),
        RegistryError::DamagedVersion { .. } => {
            Some("restore the file from a backup, or promote another version: `uu-predictor models promote VERSION`")
        }
        RegistryError::NewerSchema { .. } => Some(
            "start the newer release again, or restore the backup that was made before it into an empty store: `uu-predictor restore --input FILE`",
        ),
        RegistryError::UnknownSender { .. } => Some("`uu-predictor observations list` shows who sent which batch"),
        RegistryError::NotShown { .. } => Some("run it again with a standard output that is kept; no token of it is valid"),
        RegistryError::Full { .. } => Some("nothing was changed; make room, then try again"),
        RegistryError::DamagedStore { fault: StoreFault::BadFormat { .. }, .. } => Some(
            "if the rest of the store is whole, write that number into it; otherwise restore a backup: `uu-predictor restore --replace --input FILE`",
        ),
        RegistryError::DamagedStore { .. } => Some(
            "nothing was changed; put the missing part back, or restore a backup: `uu-predictor restore --replace --input FILE`; \
             `--new-store` with `serve` or `train` begins anew and moves what is left aside",
        ),
        RegistryError::WholeStore { .. } => Some("leave `--new-store` out, or name another folder with `--store FOLDER`"),
        RegistryError::UsedDatabase => {
            Some("name an empty database with `UU_DATABASE_URL`, or restore a backup: `uu-predictor restore --replace --input FILE`")
        }
        RegistryError::Unwritable { .. } => Some(UNWRITABLE),
        RegistryError::Io { source, .. } if is_forbidden(source) => Some(UNWRITABLE),
        _ => None,
    }
}

fn is_forbidden(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

fn restore_hint(error: &RestoreError) -> Option<&'static str> {
    match error {
        RestoreError::Registry(error) => registry_hint(error),
        RestoreError::NotEmpty { .. } => Some("name another store, or pass `--replace` to replace what this one holds"),
        RestoreError::NewerStore { .. } => Some("restore with the newer release, or into an empty store"),
        RestoreError::Newer { .. } => Some("restore it with that release or a newer one"),
        RestoreError::Damaged { .. } | RestoreError::CutOff => Some("nothing was restored; take another backup"),
        _ => None,
    }
}

fn read_hint(error: &ReadError) -> Option<String> {
    error.hint().map(Cow::into_owned)
}

/// Whether the reader of an output went away.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let is_loss = |cause: &(dyn std::error::Error + 'static)| {
        // A secret that nobody has seen; a file that was asked for by its name.
        matches!(cause.downcast_ref::<RegistryError>(), Some(RegistryError::NotShown { .. })) || cause.is::<ReplaceError>()
    };
    if error.chain().any(is_loss) {
        return false;
    }
    error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>()).any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
