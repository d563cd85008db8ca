//! The version that answers: loading it, putting another one in its place, taking that back.

use uu_core::contained;
use uu_model::ArtifactError;
use uu_monitor::gate::{BrokenLaw, broken_laws};
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
        if let Self::Artifact { .. } = self {
            return Some("promote another version: `uu-predictor models list`, `uu-predictor models promote VERSION`, or restore a backup");
        }
        matches!(self, Self::Empty).then_some("train one: `uu-predictor train --data FILE`, or `--bundled-sample` to try things out")
    }
}

/// Loads `version`, or the one in use, after it answered the golden requests: a version that loads can be put in use.
///
/// **Errors**: [`LoadError`]; [`LoadError::Empty`] where no version is in use.
pub fn load(registry: &Registry, version: Option<ModelVersion>) -> Result<Served, LoadError> {
    let (version, bytes) = read(registry, version)?;
    answering(version.to_string(), &bytes).map_err(|source| LoadError::Artifact { version, source })
}

/// An artifact that answers the golden requests, and keeps every law.
///
/// **Errors**: [`ArtifactError`]; [`ArtifactError::Unsound`] where an answer breaks a law, or there is none.
pub(crate) fn answering(version: impl Into<String>, artifact: &[u8]) -> Result<Served, ArtifactError> {
    let served = Served::of(version, artifact)?;
    check_answers(|| broken_laws(&served.model))?;
    Ok(served)
}

/// What `ask` finds broken is a reason not to use a model, and so is a panic.
fn check_answers(ask: impl FnOnce() -> Vec<BrokenLaw>) -> Result<(), ArtifactError> {
    let reason = match contained(ask).map(|broken| broken.into_iter().next()) {
        Ok(None) => return Ok(()),
        Ok(Some(BrokenLaw { law, request })) => format!("on the golden request `{request}`, {law}"),
        Err(_panicked) => "it panicked on the golden requests".to_owned(),
    };
    Err(ArtifactError::Unsound { reason })
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

/// Puts `version` in use, after it answered the golden requests; gives back the one that was in use before.
///
/// **Errors**: as [`load`]; another champion than the change expects. The registry is then as it was.
pub fn promote(registry: &Registry, version: ModelVersion, change: &Change) -> Result<Option<ModelVersion>, LoadError> {
    let before = registry.aliases()?.champion;
    load(registry, Some(version))?;
    registry.promote(version, change)?;
    Ok(before)
}

/// Puts an earlier version in use again, the previous one or another that was in use at some time, after it answered the golden requests.
///
/// **Errors**: as [`load`]; no previous version, or one that never was in use; a champion that changed meanwhile. The registry is then as it was.
pub fn rollback(registry: &Registry, to: Option<ModelVersion>, change: &Change) -> Result<Aliases, LoadError> {
    let before = registry.aliases()?;
    if let Some(version) = to.or(before.previous) {
        load(registry, Some(version))?;
    }
    // What was loaded must be what is put in use.
    let expected_champion = change.expected_champion.or(Some(before.champion));
    let change = Change { expected_champion, ..change.clone() };
    Ok(match to {
        Some(version) => registry.rollback_to(version, &change)?,
        None => registry.rollback(&change)?,
    })
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

#[cfg(test)]
mod tests {
    use uu_monitor::gate::Law;
    use uu_registry::{Location, NewVersion};
    use uu_testkit::models::{trained, unsound};

    use super::*;

    #[test]
    fn a_model_that_panics_or_breaks_a_law_is_refused() {
        let refused = |ask: fn() -> Vec<BrokenLaw>| check_answers(ask).unwrap_err().to_string();
        assert!(refused(|| panic!("index out of bounds")).ends_with("it panicked on the golden requests"));
        let broken = refused(|| vec![BrokenLaw { law: Law::Finite, request: "visits alone".to_owned() }]);
        assert!(broken.ends_with("on the golden request `visits alone`, a number is not finite"), "{broken}");
        assert!(check_answers(Vec::new).is_ok());
        assert!(answering("v0001", &trained().artifact).is_ok());
    }

    fn put(registry: &Registry, artifact: &[u8]) -> ModelVersion {
        let about = &serde_json::Value::Null;
        registry.put(&NewVersion { artifact, about, data_fingerprint: None, parent: None, made_by: "test", reason: "a test" }).unwrap()
    }

    #[test]
    fn what_cannot_answer_is_put_in_use_by_no_way() {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::open(&Location::folder(folder.path())).unwrap();
        let (sound, bad) = (put(&registry, &trained().artifact), put(&registry, &unsound()));
        promote(&registry, sound, &Change::default()).unwrap();
        assert!(matches!(promote(&registry, bad, &Change::default()), Err(LoadError::Artifact { .. })));
        assert_eq!(registry.aliases().unwrap().champion, Some(sound), "the one in use stays");
        // As an older release would have done it.
        registry.promote(bad, &Change::default()).unwrap();
        let (served, damage) = load_whole(&registry).unwrap();
        assert!(served.version == sound.to_string() && matches!(damage, Some(LoadError::Artifact { .. })), "the version before answers");
        registry.promote(sound, &Change::default()).unwrap();
        assert!(matches!(rollback(&registry, None, &Change::default()), Err(LoadError::Artifact { .. })));
        let empty = tempfile::tempdir().unwrap();
        let empty = Registry::open(&Location::folder(empty.path())).unwrap();
        assert!(crate::take_up(&empty, &unsound()).is_err());
        assert_eq!(empty.aliases().unwrap().champion, None, "a first model that cannot answer is none");
    }
}
