//! Where a check keeps its state: a folder of its own, and a database of its own where that is another one.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Arc;

use serde_json::json;
use tempfile::TempDir;
use uu_model::Contents;
use uu_registry::{Change, Location, ModelVersion, NewVersion, Registry, Secret};
use uu_testkit::postgres::Postgres;

use crate::fixture::fixture;

/// What trainings are made quick with.
pub(crate) const QUICK: [(&str, &str); 3] = [("UU_TRAIN__FOLDS", "2"), ("UU_TRAIN__COPIES", "1"), ("UU_TRAIN__SEALED_SITES", "450")];

/// The binary: the one that was built with these checks, or what `BINARY_UNDER_TEST` names, such as one that was built for release.
pub(crate) fn binary() -> PathBuf {
    std::env::var_os("BINARY_UNDER_TEST").map_or_else(|| assert_cmd::cargo::cargo_bin!("uu-predictor").to_path_buf(), PathBuf::from)
}

/// Where state can be.
#[derive(Clone)]
pub(crate) enum Backend {
    Sqlite,
    Postgres(Arc<Postgres>),
}

/// A place for one check.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
    pub(crate) store: PathBuf,
    pub(crate) database_url: Option<String>,
}

impl Place {
    /// An empty place.
    pub(crate) fn new(backend: &Backend) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        Self::at(backend, folder, store)
    }

    /// An empty place whose store is that folder.
    pub(crate) fn at(backend: &Backend, folder: TempDir, store: PathBuf) -> Self {
        let database_url = match backend {
            Backend::Sqlite => None,
            Backend::Postgres(server) => Some(server.new_database()),
        };
        Self { folder, store, database_url }
    }

    /// A place with two versions of which the first answers.
    pub(crate) fn with_two_versions(backend: &Backend) -> Self {
        let place = Self::new(backend);
        place.put_two_versions();
        place
    }

    pub(crate) fn put_two_versions(&self) {
        let registry = self.registry();
        let versions: Vec<ModelVersion> = fixture().artifacts.iter().map(|artifact| put(&registry, artifact)).collect();
        registry.promote(versions[0], &change("the first")).unwrap();
    }

    pub(crate) fn registry(&self) -> Registry {
        Registry::open(&self.location()).unwrap()
    }

    fn location(&self) -> Location {
        Location { database_url: self.database_url.as_ref().map(Secret::new), ..Location::folder(&self.store) }
    }

    /// The binary, told to use this place.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.current_dir(self.folder.path()).args(arguments).env("UU_STORE", &self.store).envs(QUICK).env("NO_COLOR", "1");
        if let Some(url) = &self.database_url {
            command.env("UU_DATABASE_URL", url);
        }
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Files of artifacts, batches and uploads.
    pub(crate) fn objects(&self) -> Vec<PathBuf> {
        let folders = ["models", "observations", "uploads"].map(|name| self.store.join(name));
        let files = folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten();
        files.map(|entry| entry.unwrap().path()).collect()
    }
}

pub(crate) fn put(registry: &Registry, artifact: &[u8]) -> ModelVersion {
    let about = json!(Contents::of(artifact).map(|contents| contents.about().clone()).ok());
    let new = NewVersion { artifact, about: &about, data_fingerprint: None, parent: None, made_by: "test", reason: "a test" };
    registry.put(&new).unwrap()
}

pub(crate) fn change(reason: &str) -> Change {
    Change { by: "test".to_owned(), reason: reason.to_owned(), ..Change::default() }
}
