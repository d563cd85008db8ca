//! Loading model versions from a store.

use uu_model::{ArtifactError, Model};
use uu_registry::{ModelStore, ModelVersion, RegistryError};

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
pub fn load(store: &dyn ModelStore, version: Option<ModelVersion>) -> Result<Served, LoadError> {
    let (version, bytes) = read(store, version)?;
    let model = Model::from_bytes(&bytes).map_err(|source| LoadError::Artifact { version, source })?;
    Ok(Served { version: version.to_string(), model })
}

/// Puts `version` in use, after it was loaded to see that it can answer; gives back the one that was in use before.
///
/// **Errors**: as [`load`]; the store is then as it was.
pub fn promote(store: &dyn ModelStore, version: ModelVersion) -> Result<Option<ModelVersion>, LoadError> {
    let before = store.champion()?;
    load(store, Some(version))?;
    store.promote(&version)?;
    Ok(before)
}

/// The artifact of `version`, or of the one in use.
///
/// **Errors**: as [`load`].
pub fn read(store: &dyn ModelStore, version: Option<ModelVersion>) -> Result<(ModelVersion, Vec<u8>), LoadError> {
    let version = match version {
        Some(version) => version,
        None => store.champion()?.ok_or(LoadError::Empty)?,
    };
    Ok((version, store.read(&version)?))
}
