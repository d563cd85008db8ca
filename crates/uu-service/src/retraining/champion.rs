//! Versions as a re-training needs them.

use std::collections::BTreeSet;

use uu_core::GENERATED;
use uu_model::{Contents, Model};
use uu_registry::{Aliases, ModelVersion, Registry};

use super::RetrainError;
use crate::gate::Contender;

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
}

/// Whether a model was trained on generated rows.
pub(super) fn is_of_generated_rows(model: &Model) -> bool {
    model.about().sources.iter().any(|source| source == GENERATED)
}
