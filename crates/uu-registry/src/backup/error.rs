//! What can go wrong.

use std::io;

use crate::{ObjectFault, RegistryError};

/// There is no backup, or half of one.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The registry could not be read.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A row names bytes that are not those that were put.
    #[error("the store is damaged: `{object}` {fault}")]
    Damaged {
        /// The object.
        object: String,
        /// What is wrong with it.
        fault: ObjectFault,
    },
    /// The backup could not be written.
    #[error("the backup cannot be written")]
    Write(#[source] io::Error),
}

/// Nothing was restored; the registry's rows are as they were.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The registry could not be written.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The registry holds something already.
    #[error("the store is not empty: the table `{table}` has {rows} rows")]
    NotEmpty {
        /// A table with rows.
        table: &'static str,
        /// How many it has.
        rows: i64,
    },
    /// A newer release brought the database up, and this one would replace only the part of it that it knows.
    #[error("the store has schema {found}, of which this release knows {supported}: it cannot replace the rest")]
    NewerStore {
        /// The store's schema.
        found: i64,
        /// The schema of this release.
        supported: i64,
    },
    /// The file is not a backup.
    #[error("this is not a backup: it must be a `.tar.zst` that begins with `backup.json`, found {found}")]
    NotABackup {
        /// What is there instead.
        found: String,
    },
    /// A newer release wrote the backup.
    #[error("the backup is of release {release} and has {what} {found}, and this release reads {supported}")]
    Newer {
        /// The release that wrote it.
        release: String,
        /// What is newer: `format`, `schema`.
        what: &'static str,
        /// The number it has.
        found: i64,
        /// The newest number this release reads.
        supported: i64,
    },
    /// A part of the backup is not as it was written.
    #[error("the backup is damaged at `{part}`: {reason}")]
    Damaged {
        /// The part.
        part: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The backup ends too early.
    #[error("the backup is cut off: it ends without `end.json`")]
    CutOff,
    /// The backup could not be read.
    #[error("the backup cannot be read")]
    Read(#[source] io::Error),
}
