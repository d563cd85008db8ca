//! What can go wrong.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::{BatchId, JobId, JobState, Mixture, ModelVersion, StoreFault, TokenId};

/// A cause that belongs to a library below.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The registry could not do what it was asked; it is then as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// There is no store to open.
    #[error("there is no store at {place}")]
    NoStore {
        /// Where it was looked for, in words.
        place: String,
    },
    /// What is there is part of a store, and neither a whole one nor a new one.
    #[error("the store at {place} is damaged, and is not taken for a new one: {fault}")]
    DamagedStore {
        /// Where it is, in words.
        place: String,
        /// What is wrong with it.
        fault: StoreFault,
    },
    /// A new store was asked for in the place of one that is whole.
    #[error("there is a whole store at {place}, and a new one takes no whole one's place")]
    WholeStore {
        /// Where it is, in words.
        place: String,
    },
    /// A new store was asked for with a database of another one.
    #[error("the database holds tables of a store, and a new store needs an empty one")]
    UsedDatabase,
    /// There is no such version.
    #[error("the store has no version `{version}`; it has {}", listed(.known))]
    UnknownVersion {
        /// The version asked for.
        version: ModelVersion,
        /// The versions there are.
        known: Vec<ModelVersion>,
    },
    /// There is no such job.
    #[error("there is no job `{id}`")]
    UnknownJob {
        /// The job asked for.
        id: JobId,
    },
    /// There is no such batch of observations.
    #[error("there is no batch of observations `{id}`")]
    UnknownBatch {
        /// The batch asked for.
        id: BatchId,
    },
    /// There is no such token.
    #[error("there is no token `{id}`")]
    UnknownToken {
        /// The token asked for.
        id: TokenId,
    },
    /// Another version became the champion in the meantime.
    #[error("the champion was expected to be {}, and is {}: somebody else changed it", named(.expected), named(.found))]
    Moved {
        /// What the caller took for the champion.
        expected: Option<ModelVersion>,
        /// The champion.
        found: Option<ModelVersion>,
    },
    /// There is no version to go back to.
    #[error("there is no previous version to go back to")]
    NoPrevious,
    /// The version cannot be gone back to.
    #[error("version `{version}` never answered requests, so it is none to go back to")]
    NeverChampion {
        /// The version.
        version: ModelVersion,
    },
    /// What is stored of a version is not what was put there.
    #[error("version `{version}` is damaged: `{object}` {fault}")]
    DamagedVersion {
        /// The version.
        version: ModelVersion,
        /// Its object.
        object: String,
        /// What is wrong with it.
        fault: ObjectFault,
    },
    /// What is stored of a batch is not what was put there.
    #[error("the batch of observations `{id}` is damaged: `{object}` {fault}")]
    DamagedBatch {
        /// The batch.
        id: BatchId,
        /// Its object.
        object: String,
        /// What is wrong with it.
        fault: ObjectFault,
    },
    /// What is stored of a job's file is not what came.
    #[error("the uploaded file `{name}` {fault}; send it again")]
    DamagedUpload {
        /// What it is called.
        name: String,
        /// What is wrong with it.
        fault: ObjectFault,
    },
    /// The worker's claim on the job has ended: it was taken for lost, or the job has ended.
    #[error("the claim number {fence} on the job `{id}` has ended, so what it reports is refused")]
    Fenced {
        /// The job.
        id: JobId,
        /// The claim's number.
        fence: i64,
    },
    /// The job is not in a state in which that can be done.
    #[error("the job `{id}` is {state}, so it cannot be {action}")]
    JobState {
        /// The job.
        id: JobId,
        /// Its state.
        state: JobState,
        /// What was tried: `cancelled`, `retried`.
        action: &'static str,
    },
    /// A job is retried already.
    #[error("the job `{id}` is already retried as the job `{retry}`, which has not ended")]
    RetriedAlready {
        /// The job.
        id: JobId,
        /// Its retry.
        retry: JobId,
    },
    /// Generated rows and measured ones would be kept side by side.
    #[error("{0}")]
    Mixture(Mixture),
    /// Generated rows came where none are kept, and not from an admin.
    #[error("{rows} generated rows are not taken: none are kept so far, and no measured row could train with them")]
    FirstGenerated {
        /// How many came.
        rows: u64,
    },
    /// As many rows of whoever sends them are kept as may be.
    #[error("{kept} observations of the same sender {}, and with {more} more they would exceed {most}", if *.pending { "are pending" } else { "are kept" })]
    RowsFull {
        /// Rows that are kept.
        kept: u64,
        /// Rows that were to be kept.
        more: u64,
        /// How many may be kept.
        most: u64,
        /// Whether only those are counted that no training has looked at.
        pending: bool,
    },
    /// No batch in use is of that sender.
    #[error("no batch in use is of `{sender}`{}", known_senders(.known))]
    UnknownSender {
        /// The sender.
        sender: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// As many jobs are pending as may be.
    #[error("{pending} jobs{} are pending, and at most {most} may be", of_one(*.by_one))]
    QueueFull {
        /// Jobs that are pending.
        pending: u64,
        /// How many may be.
        most: u64,
        /// Whether only those of whoever asks are counted.
        by_one: bool,
    },
    /// As many bytes of files are kept for whoever asks as may be.
    #[error("{kept} bytes of files are kept for jobs of the same sender, and with {more} more they would exceed {most}")]
    UploadsFull {
        /// Bytes that are kept.
        kept: u64,
        /// Bytes that were to be kept.
        more: u64,
        /// How many may be kept.
        most: u64,
    },
    /// A text cannot be kept.
    #[error("a text must not contain the character U+0000")]
    BadText,
    /// A row holds what this release did not write.
    #[error("the table `{table}` holds what this release cannot read: {reason}")]
    BadRow {
        /// The table.
        table: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The pointer of an older store does not name a version.
    #[error("`{}` must hold the name of a version like `v0001`, found `{found}`", .path.display())]
    BadPointer {
        /// The pointer's file.
        path: PathBuf,
        /// What it holds.
        found: String,
    },
    /// A newer release wrote the store.
    #[error("the store `{}` has format {found}, and this release reads format {supported}; use a newer release", .path.display())]
    NewerFormat {
        /// The store.
        path: PathBuf,
        /// Its format.
        found: String,
        /// The format this release reads.
        supported: u32,
    },
    /// A newer release brought the database to where this one cannot follow.
    #[error("the database has schema {found}, which takes a release of schema {lowest} or later, and this one has schema {supported}")]
    NewerSchema {
        /// Its schema.
        found: i64,
        /// The least schema of a release that may work on it.
        lowest: i64,
        /// The schema of this release.
        supported: i64,
    },
    /// A URL that says where state is kept is not one of those that can be used.
    #[error("the {what} must be {expected}: {reason}")]
    BadUrl {
        /// Which one: `database URL`, `artifacts URL`.
        what: &'static str,
        /// What it must look like.
        expected: &'static str,
        /// What is wrong; never the URL itself, which may hold a password.
        reason: String,
    },
    /// The database or the object store cannot be reached for now; the same call may succeed later.
    #[error("the {what} cannot be reached")]
    Unavailable {
        /// Which one: `database`, `object store`.
        what: &'static str,
        /// Why not; `None` where it did not answer in time.
        source: Option<Cause>,
    },
    /// There is no space left.
    #[error("there is no space left for the {what}")]
    Full {
        /// What could not be written: `database`, or an object.
        what: String,
        /// What the system said.
        source: Cause,
    },
    /// This process has no right to write, or nothing can be written there.
    #[error("the {what} cannot be opened for writing")]
    Unwritable {
        /// What could not be written: `database`, and which.
        what: String,
        /// What the system reported.
        source: Cause,
    },
    /// A token could not be shown to whom it is for, so it was not made.
    #[error("the token could not be printed, so it was not created")]
    NotShown {
        /// Why not.
        source: io::Error,
    },
    /// The database refused.
    #[error("the database refused")]
    Database {
        /// Why.
        source: Cause,
    },
    /// The object store refused.
    #[error("the object store refused `{object}`")]
    Objects {
        /// The object.
        object: String,
        /// Why.
        source: Cause,
    },
    /// The operating system refused.
    #[error("cannot {action} `{}`", .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The operating system gives no random bits.
    #[error("the system gives no random bits")]
    Random {
        /// Why not.
        source: io::Error,
    },
    /// The operating system gives no thread.
    #[error("the system gives no thread to talk to the database with")]
    Thread {
        /// Why not.
        source: io::Error,
    },
}

/// How an object differs from what was put.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObjectFault {
    /// It is not there.
    #[error("is not there")]
    Missing,
    /// It has another length.
    #[error("has {found} bytes, and {expected} were put")]
    Length {
        /// Bytes that were put.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// It has the length and other bytes.
    #[error("has the SHA-256 {found}, and {expected} was put")]
    Checksum {
        /// Of what was put.
        expected: String,
        /// Of what is there.
        found: String,
    },
}

/// A system's refusal about one file: a full disk is told apart, since a person can do something about it.
pub(crate) fn failed(action: &'static str, path: &std::path::Path, source: io::Error) -> RegistryError {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            RegistryError::Full { what: format!("file `{}`", path.display()), source: source.into() }
        }
        _ => RegistryError::Io { action, path: path.to_owned(), source },
    }
}

/// Senders that a refusal names.
const MOST_SENDERS: usize = 5;

fn known_senders(known: &[String]) -> String {
    if known.is_empty() {
        return ": none is in use".to_owned();
    }
    let named: Vec<String> = known.iter().take(MOST_SENDERS).map(|sender| format!("`{sender}`")).collect();
    let more = if known.len() > MOST_SENDERS { " and others" } else { "" };
    format!("; senders are {}{more}", named.join(", "))
}

fn of_one(by_one: bool) -> &'static str {
    if by_one { " of the same sender" } else { "" }
}

fn listed(versions: &[ModelVersion]) -> String {
    if versions.is_empty() {
        return "none".to_owned();
    }
    versions.iter().map(|version| format!("`{version}`")).collect::<Vec<_>>().join(", ")
}

fn named(version: &Option<ModelVersion>) -> impl fmt::Display {
    version.map_or_else(|| "none".to_owned(), |version| format!("`{version}`"))
}
