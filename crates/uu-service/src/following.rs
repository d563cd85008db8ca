//! Following the store: a version that is put in use there answers here soon after.

use std::sync::Arc;

use uu_registry::{ModelStore, ModelVersion};

use crate::{LoadError, Serving, load};

/// Keeps the model in use the one the store says.
#[derive(Debug)]
pub struct Follower<S> {
    store: S,
    serving: Arc<Serving>,
    refused: Option<ModelVersion>,
    last_failure: Option<String>,
}

/// What a look at the store came to.
#[derive(Debug)]
pub enum Look {
    /// Nothing that was not known already.
    Nothing,
    /// Another version answers from now on.
    Changed(ModelVersion),
    /// The store, or the version it puts in use, cannot be read: what answered goes on answering.
    Failed(LoadError),
}

impl<S: ModelStore> Follower<S> {
    /// Follows `store`.
    #[must_use]
    pub fn new(store: S, serving: Arc<Serving>) -> Self {
        Self { store, serving, refused: None, last_failure: None }
    }

    /// Looks at the store once, and puts the version it has in use into service if another one answers.
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
        let Some(champion) = self.store.champion()? else { return Ok(None) };
        let answering = self.serving.current().is_some_and(|served| served.version == champion.to_string());
        if answering || self.refused == Some(champion) {
            return Ok(None);
        }
        self.serving.install(load(&self.store, Some(champion))?);
        Ok(Some(champion))
    }
}

#[cfg(test)]
mod tests {
    use uu_registry::FolderStore;
    use uu_testkit::models::trained;

    use super::*;

    #[test]
    fn what_is_put_in_use_answers_and_what_is_damaged_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let store = FolderStore::open(folder.path()).unwrap();
        let serving = Arc::new(Serving::default());
        let answering = || serving.current().map(|served| served.version.clone());
        let mut follower = Follower::new(store.clone(), Arc::clone(&serving));
        assert!(matches!(follower.look(), Look::Nothing), "an empty store");

        let versions: Vec<ModelVersion> = (0..2).map(|_| store.put(&trained().artifact).unwrap()).collect();
        assert!(matches!(follower.look(), Look::Nothing), "none is in use yet");
        for version in [versions[0], versions[1], versions[0]] {
            store.promote(&version).unwrap();
            assert!(matches!(follower.look(), Look::Changed(found) if found == version));
            assert!(matches!(follower.look(), Look::Nothing));
            assert_eq!(answering(), Some(version.to_string()));
        }

        let damaged = store.put(&trained().artifact[..1_000]).unwrap();
        store.promote(&damaged).unwrap();
        assert!(matches!(follower.look(), Look::Failed(LoadError::Artifact { version, .. }) if version == damaged));
        assert!(matches!(follower.look(), Look::Nothing), "told once");
        assert_eq!(answering().as_deref(), Some("v0001"), "what answered goes on");

        std::fs::write(folder.path().join("champion"), "what?").unwrap();
        assert!(matches!(follower.look(), Look::Failed(LoadError::Store(_))));
        assert!(matches!(follower.look(), Look::Nothing));
        store.promote(&versions[1]).unwrap();
        assert!(matches!(follower.look(), Look::Changed(_)));
        assert_eq!(answering().as_deref(), Some("v0002"));
    }
}
