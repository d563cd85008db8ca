//! Versions as a re-training needs them.

use std::collections::BTreeSet;

use uu_model::{About, Contents, Model};
use uu_monitor::gate::Contender;
use uu_registry::{Aliases, ModelVersion, Registry, RegistryError};

use super::RetrainError;
use crate::mixture::{is_of_generated_rows, names_generated_rows};
use crate::patience::patiently;

/// A version, taken apart.
pub(super) struct Loaded {
    pub(super) version: ModelVersion,
    pub(super) artifact: Vec<u8>,
    pub(super) model: Model,
    sites: BTreeSet<u64>,
}

/// The version in use, and the one that an admin confirmed last.
pub(super) struct InUse {
    pub(super) champion: Loaded,
    /// `None` where it is the champion.
    anchor: Option<Loaded>,
}

impl Loaded {
    pub(super) fn of(version: ModelVersion, artifact: Vec<u8>) -> Result<Self, RetrainError> {
        let contents = Contents::of(&artifact)?;
        let sites = contents.training_sites()?;
        let model = contents.into_model()?;
        Ok(Self { version, artifact, model, sites })
    }

    pub(super) fn contender(&self) -> Contender<'_> {
        Contender { model: &self.model, training_sites: &self.sites }
    }

    /// Whether it was trained on generated rows: it then knows nothing of real sites that could be held against new labels or gone on from.
    pub(super) fn is_of_generated_rows(&self) -> bool {
        is_of_generated_rows(&self.model)
    }
}

impl InUse {
    /// **Errors**: the store fails; one of the two cannot be read.
    pub(super) fn of(registry: &Registry, aliases: Aliases) -> Result<Option<Self>, RetrainError> {
        let Some(version) = aliases.champion else { return Ok(None) };
        let load = |version| Loaded::of(version, registry.read(version)?);
        let anchor = aliases.anchor.filter(|anchor| *anchor != version).map(load).transpose()?;
        Ok(Some(Self { champion: load(version)?, anchor }))
    }

    pub(super) fn anchor(&self) -> &Loaded {
        self.anchor.as_ref().unwrap_or(&self.champion)
    }

    /// The version that new labels are compared with: the champion, or the anchor where the champion is of generated rows; `None` where both are.
    pub(super) fn reference(&self) -> Option<&Loaded> {
        [&self.champion, self.anchor()].into_iter().find(|version| !version.is_of_generated_rows())
    }
}

/// Whether a version of measured rows was ever the champion. One that cannot be read counts as one: an admin is asked rather than nobody.
///
/// **Errors**: the store fails.
pub(super) fn any_was_measured(registry: &Registry) -> Result<bool, RegistryError> {
    for version in patiently(|| registry.champions())? {
        if !is_kept_as_generated(registry, version)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_kept_as_generated(registry: &Registry, version: ModelVersion) -> Result<bool, RegistryError> {
    let record = patiently(|| registry.version(version))?;
    if let Ok(about) = serde_json::from_value::<About>(record.about) {
        return Ok(names_generated_rows(&about));
    }
    // A store of the layout before says nothing of its versions.
    match patiently(|| registry.read(version)) {
        Ok(artifact) => Ok(Contents::of(&artifact).is_ok_and(|contents| names_generated_rows(contents.about()))),
        Err(RegistryError::DamagedVersion { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}
