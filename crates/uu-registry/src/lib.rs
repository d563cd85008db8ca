#![doc = include_str!("../README.md")]

mod folder;
mod version;

pub use folder::FolderStore;
pub use version::{BadVersion, ModelVersion};

use std::path::PathBuf;

/// Where model versions are kept.
///
/// A version never changes once it is there. One of them at most is the champion: the one that answers.
pub trait ModelStore: Send + Sync {
    /// Keeps an artifact as a new version. It is not the champion until it is promoted.
    fn put(&self, artifact: &[u8]) -> Result<ModelVersion, RegistryError>;

    /// The bytes of a version.
    fn read(&self, version: &ModelVersion) -> Result<Vec<u8>, RegistryError>;

    /// All versions, the oldest first.
    fn list(&self) -> Result<Vec<ModelVersion>, RegistryError>;

    /// The version that answers, if one was promoted.
    fn champion(&self) -> Result<Option<ModelVersion>, RegistryError>;

    /// Makes a version the champion, at once and wholly.
    fn promote(&self, version: &ModelVersion) -> Result<(), RegistryError>;
}

/// The store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// There is no such version.
    #[error("the store has no version `{version}`; it has {}", listed(.known))]
    UnknownVersion {
        /// The version asked for.
        version: ModelVersion,
        /// The versions there are.
        known: Vec<ModelVersion>,
    },
    /// The pointer to the champion does not name a version.
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
    /// The operating system refused.
    #[error("cannot {action} `{}`", .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

fn listed(versions: &[ModelVersion]) -> String {
    if versions.is_empty() {
        return "none".to_owned();
    }
    versions.iter().map(|version| format!("`{version}`")).collect::<Vec<_>>().join(", ")
}
