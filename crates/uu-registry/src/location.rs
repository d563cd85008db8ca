//! Where the state of the service is kept.

use std::path::PathBuf;

use crate::Secret;

/// Where the state of the service is kept: in one folder, or in a database and an object store that several replicas share.
#[derive(Clone, Debug)]
pub struct Location {
    /// Folder that holds everything that has no place elsewhere.
    pub store: PathBuf,
    /// `postgres://..`; a SQLite file in the folder where it is `None`.
    pub database_url: Option<Secret>,
    /// `s3://bucket/prefix`; the folder where it is `None`.
    pub artifacts_url: Option<String>,
}

impl Location {
    /// Everything in one folder.
    #[must_use]
    pub fn folder(store: impl Into<PathBuf>) -> Self {
        Self { store: store.into(), database_url: None, artifacts_url: None }
    }

    /// Whether anything at all is kept in the folder.
    #[must_use]
    pub fn uses_folder(&self) -> bool {
        self.database_url.is_none() || self.artifacts_url.is_none()
    }
}
