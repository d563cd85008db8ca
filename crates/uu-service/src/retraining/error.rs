//! Why a re-training came to no decision.

use uu_data::clean::CleanError;
use uu_data::read::ReadError;
use uu_model::ArtifactError;
use uu_registry::{Mixture, RegistryError};
use uu_train::FitError;

use super::KeepError;

/// A re-training came to no decision; the champion answers on, and rows that were kept stay kept.
#[derive(Debug, thiserror::Error)]
pub enum RetrainError {
    /// Kept rows cannot be read back.
    #[error("the rows of an earlier delivery cannot be read")]
    Kept(#[from] ReadError),
    /// Rows must not train together.
    #[error(transparent)]
    Clean(#[from] CleanError),
    /// The new rows could not be kept.
    #[error(transparent)]
    Keep(#[from] KeepError),
    /// No challenger could be fitted.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// The champion, or what was just trained, cannot be read.
    #[error("a model cannot be read")]
    Artifact(#[from] ArtifactError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] RegistryError),
    /// There is nothing to learn from.
    #[error("no new rows came, and no observation waits to be examined")]
    Nothing,
    /// Nothing of a delivery can be learned from; nothing of it is kept.
    #[error("none of the {rows} rows can be learned from: each breaks a rule or has no unique users")]
    NoUsableRow {
        /// Its rows.
        rows: u64,
    },
    /// Whoever asked for it by force may not any more.
    #[error("`{by}` asked for this by force, and its token has been revoked or has expired since: an admin asks for it again")]
    MayNotForce {
        /// Who asked.
        by: String,
    },
    /// It was called off.
    #[error("the re-training was called off")]
    Cancelled,
}

impl RetrainError {
    /// Generated and measured rows that are kept, or were to be, where that is why.
    #[must_use]
    pub fn mixture(&self) -> Option<&Mixture> {
        match self {
            Self::Store(RegistryError::Mixture(mixture)) | Self::Keep(KeepError::Store(RegistryError::Mixture(mixture))) => Some(mixture),
            _ => None,
        }
    }
}
