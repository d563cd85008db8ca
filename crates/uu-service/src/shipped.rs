//! The first model of an empty store, where one comes with the installation: an image answers at once, and trains nothing first.

use uu_model::{ArtifactError, Contents};
use uu_registry::{Change, NewVersion, Registry, RegistryError};

use crate::champion::answering;

/// Who is said to have put it there.
const SHIPPER: &str = "uu-predictor";
const REASON: &str = "the model that this installation came with";

/// The model could not be taken up.
#[derive(Debug, thiserror::Error)]
pub enum ShippedError {
    /// The file is no artifact this release reads, or one that cannot answer.
    #[error("the model that this installation came with cannot be used")]
    Artifact(#[from] ArtifactError),
    /// It could not be stored.
    #[error(transparent)]
    Store(#[from] RegistryError),
}

/// Puts an artifact into a store that has no model in use, and in use; where another process was faster, its model stays.
///
/// **Errors**: [`ShippedError`]; no version is in use then.
pub fn take_up(registry: &Registry, artifact: &[u8]) -> Result<(), ShippedError> {
    let about = Contents::of(artifact)?.about().clone();
    answering(SHIPPER, artifact)?;
    // Replicas that start together find what the first of them put.
    let version = registry.put_once(&NewVersion {
        artifact,
        about: &serde_json::json!(about),
        data_fingerprint: Some(&about.data_fingerprint),
        parent: None,
        made_by: SHIPPER,
        reason: REASON,
    })?;
    let change = Change { by: SHIPPER.to_owned(), reason: REASON.to_owned(), expected_champion: Some(None), ..Change::default() };
    match registry.promote(version, &change) {
        Ok(_) | Err(RegistryError::Moved { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
