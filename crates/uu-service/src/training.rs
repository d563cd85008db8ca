//! Training a version and putting it into a store.

use uu_core::Rules;
use uu_data::Dataset;
use uu_model::{About, FitError, Progress, TrainReport, TrainSettings};
use uu_registry::{ModelStore, ModelVersion, RegistryError};

/// A version that was trained and stored.
#[derive(Clone, Debug)]
pub struct NewVersion {
    /// Its name in the store.
    pub version: ModelVersion,
    /// What it says of itself.
    pub about: About,
    /// How good it was found to be.
    pub report: TrainReport,
    /// SHA-256 of the artifact.
    pub checksum: String,
    /// Whether it answers from now on.
    pub promoted: bool,
}

/// A training left no new version.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// It could not be fitted.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// It could not be stored.
    #[error(transparent)]
    Store(#[from] RegistryError),
}

/// Trains on `dataset`, stores the artifact and, if `promote` is set, makes it the one that answers.
///
/// **Errors**: [`TrainError`]; the store is then as it was.
pub fn train(
    store: &dyn ModelStore,
    (dataset, rules): (&Dataset, &Rules),
    settings: &TrainSettings,
    promote: bool,
    progress: &dyn Progress,
) -> Result<NewVersion, TrainError> {
    let trained = uu_model::train(dataset, rules, settings, progress)?;
    let version = store.put(&trained.artifact)?;
    if promote {
        store.promote(&version)?;
    }
    let checksum = uu_model::artifact_checksum(&trained.artifact);
    Ok(NewVersion { version, about: trained.about, report: trained.report, checksum, promoted: promote })
}
