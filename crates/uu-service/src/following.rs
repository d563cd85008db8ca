//! Following the registry: a version that is put in use there answers here soon after.

use std::sync::Arc;

use uu_registry::{ModelVersion, Registry};

use crate::{LoadError, Serving, load};

/// Keeps the model in use the one the registry says.
#[derive(Debug)]
pub struct Follower {
    registry: Registry,
    serving: Arc<Serving>,
    refused: Option<ModelVersion>,
    last_failure: Option<String>,
}

/// What a look at the registry came to.
#[derive(Debug)]
pub enum Look {
    /// Nothing that was not known already.
    Nothing,
    /// Another version answers from now on.
    Changed(ModelVersion),
    /// The registry, or the version it puts in use, cannot be read: what answered goes on answering.
    Failed(LoadError),
}

impl Follower {
    /// Follows `registry`.
    #[must_use]
    pub fn new(registry: Registry, serving: Arc<Serving>) -> Self {
        Self { registry, serving, refused: None, last_failure: None }
    }

    /// Looks at the registry once, and puts the version it has in use into service if another one answers.
    ///
    /// A failure is told once, and tried again at each look; a version that cannot be loaded never changes, and is not.
    pub fn look(&mut self) -> Look {
        match self.newer() {
            Ok(None) => {
                self.last_failure = None;
                Look::Nothing
            }
            Ok(Some(version)) => {
                (self.refused, self.last_failure) = (None, None);
                Look::Changed(version)
            }
            Err(error) => {
                if let LoadError::Artifact { version, .. } = &error {
                    self.refused = Some(*version);
                }
                let failure = Some(error.to_string());
                if self.last_failure == failure {
                    return Look::Nothing;
                }
                self.last_failure = failure;
                Look::Failed(error)
            }
        }
    }

    fn newer(&self) -> Result<Option<ModelVersion>, LoadError> {
        let Some(champion) = self.registry.aliases()?.champion else { return Ok(None) };
        let answering = self.serving.current().is_some_and(|served| served.version == champion.to_string());
        if answering || self.refused == Some(champion) {
            return Ok(None);
        }
        self.serving.install(load(&self.registry, Some(champion))?);
        Ok(Some(champion))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::Value;
    use uu_registry::{Change, Location, NewVersion};
    use uu_testkit::models::{trained, unsound};

    use super::*;

    fn put(registry: &Registry, artifact: &[u8]) -> ModelVersion {
        let (about, made_by, reason) = (&Value::Null, "test", "a test");
        registry.put(&NewVersion { artifact, about, data_fingerprint: None, parent: None, made_by, reason }).unwrap()
    }

    #[test]
    fn what_is_put_in_use_answers_and_what_is_damaged_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::open(&Location::folder(folder.path())).unwrap();
        let promote = |version| registry.promote(version, &Change::default()).unwrap();
        let serving = Arc::new(Serving::default());
        let answering = || serving.current().map(|served| served.version.clone());
        let mut follower = Follower::new(registry.clone(), Arc::clone(&serving));
        assert!(matches!(follower.look(), Look::Nothing), "an empty registry");

        let versions: Vec<ModelVersion> = (0..2).map(|_| put(&registry, &trained().artifact)).collect();
        assert!(matches!(follower.look(), Look::Nothing), "none is in use yet");
        for version in [versions[0], versions[1], versions[0]] {
            promote(version);
            assert!(matches!(follower.look(), Look::Changed(found) if found == version));
            assert!(matches!(follower.look(), Look::Nothing));
            assert_eq!(answering(), Some(version.to_string()));
        }

        let unreadable = put(&registry, &trained().artifact[..1_000]);
        promote(unreadable);
        assert!(matches!(follower.look(), Look::Failed(LoadError::Artifact { version, .. }) if version == unreadable));
        assert!(matches!(follower.look(), Look::Nothing), "told once");
        assert_eq!(answering().as_deref(), Some("v0001"), "what answered goes on");

        let bad = put(&registry, &unsound());
        promote(bad);
        assert!(matches!(follower.look(), Look::Failed(LoadError::Artifact { version, .. }) if version == bad));
        assert_eq!(answering().as_deref(), Some("v0001"), "a version that cannot answer does not take its place");

        let whole = fs::read_dir(folder.path().join("models")).unwrap().map(|entry| entry.unwrap().path());
        for file in whole.filter(|file| fs::metadata(file).unwrap().len() > 1_000).collect::<Vec<_>>() {
            fs::write(file, b"damaged since").unwrap();
        }
        promote(versions[1]);
        assert!(matches!(follower.look(), Look::Failed(LoadError::Store(_))));
        assert!(matches!(follower.look(), Look::Nothing));
        assert_eq!(answering().as_deref(), Some("v0001"), "what answered goes on");
        promote(put(&registry, &trained().artifact));
        assert!(matches!(follower.look(), Look::Changed(_)));
        assert_eq!(answering().as_deref(), Some("v0005"));
    }
}
