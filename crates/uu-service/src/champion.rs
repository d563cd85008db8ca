//! The version that answers: loading it, putting another one in its place, taking that back.

use uu_model::ArtifactError;
use uu_registry::{Aliases, Change, ModelVersion, Registry, RegistryError};

use crate::Served;

/// A version could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The store has no model in use.
    #[error("the store has no model yet")]
    Empty,
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] RegistryError),
    /// What it holds is no artifact this release reads.
    #[error("version `{version}` cannot be loaded")]
    Artifact {
        /// The version.
        version: ModelVersion,
        /// Why not.
        source: ArtifactError,
    },
}

impl LoadError {
    /// A hint at the way out, where there is one.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        matches!(self, Self::Empty).then_some("train one: `uu-predictor train --data FILE`, or `--bundled-sample` to try things out")
    }
}

/// Loads `version`, or the one in use.
///
/// **Errors**: [`LoadError`]; [`LoadError::Empty`] where no version is in use.
pub fn load(registry: &Registry, version: Option<ModelVersion>) -> Result<Served, LoadError> {
    let (version, bytes) = read(registry, version)?;
    Served::of(version.to_string(), &bytes).map_err(|source| LoadError::Artifact { version, source })
}

/// Loads the version in use, or the one before it where that one is damaged: an older model that answers is better than none. Says what is wrong
/// with the version in use, where that is so.
///
/// **Errors**: as [`load`], where no version can be loaded.
pub fn load_whole(registry: &Registry) -> Result<(Served, Option<LoadError>), LoadError> {
    let error = match load(registry, None) {
        Ok(served) => return Ok((served, None)),
        Err(error @ (LoadError::Artifact { .. } | LoadError::Store(RegistryError::DamagedVersion { .. }))) => error,
        Err(error) => return Err(error),
    };
    match registry.aliases()?.previous.map(|previous| load(registry, Some(previous))) {
        Some(Ok(served)) => Ok((served, Some(error))),
        // What is wrong with the version in use is what a person must know.
        Some(Err(_)) | None => Err(error),
    }
}

/// Puts `version` in use, after it was loaded to see that it can answer; gives back the one that was in use before.
///
/// **Errors**: as [`load`]; another champion than the change expects. The registry is then as it was.
pub fn promote(registry: &Registry, version: ModelVersion, change: &Change) -> Result<Option<ModelVersion>, LoadError> {
    let before = registry.aliases()?.champion;
    load(registry, Some(version))?;
    registry.promote(version, change)?;
    Ok(before)
}

/// Puts the previous version in use again, after it was loaded to see that it can answer.
///
/// **Errors**: as [`load`]; no previous version; a champion that changed meanwhile. The registry is then as it was.
pub fn rollback(registry: &Registry, change: &Change) -> Result<Aliases, LoadError> {
    let before = registry.aliases()?;
    if let Some(previous) = before.previous {
        load(registry, Some(previous))?;
    }
    // What was loaded must be what is put in use.
    let expected_champion = change.expected_champion.or(Some(before.champion));
    Ok(registry.rollback(&Change { expected_champion, ..change.clone() })?)
}

/// The artifact of `version`, or of the one in use.
///
/// **Errors**: as [`load`].
pub fn read(registry: &Registry, version: Option<ModelVersion>) -> Result<(ModelVersion, Vec<u8>), LoadError> {
    let version = match version {
        Some(version) => version,
        None => registry.aliases()?.champion.ok_or(LoadError::Empty)?,
    };
    Ok((version, registry.read(version)?))
}
