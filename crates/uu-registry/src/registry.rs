//! The registry as a value: opened once, cloned freely, and asked from any thread that may wait.

use std::fmt;
use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};

use crate::database::{Database, PATIENCE, within};
use crate::objects::Objects;
use crate::opening::{Making, Opened};
use crate::{Location, RegistryError, opening};

/// The state of the service: versions and aliases, the audit log, jobs, observations and tokens.
///
/// Every call waits until it is done, and needs no asynchronous runtime: asynchronous callers use `spawn_blocking`. Clones share one set of
/// connections.
///
/// **Panics**: called on a thread that runs asynchronous tasks, every method panics, since it would block them.
#[derive(Clone)]
pub struct Registry {
    shared: Arc<Shared>,
}

struct Shared {
    /// Always there until it is dropped.
    runtime: Option<Runtime>,
    location: Location,
    database: Database,
    objects: Objects,
}

impl Registry {
    /// Opens the registry; makes what is not there yet, and takes over a store of the layout before it, whose versions keep their names.
    ///
    /// **Errors**: a folder that cannot be made or written; a database or an object store that cannot be reached; a store of a newer release;
    /// [`RegistryError::DamagedStore`] where there is a part of a store, which is never taken for a new one.
    pub fn open(location: &Location) -> Result<Self, RegistryError> {
        Self::opened(location, Making::WhereNothingIs).map(|(registry, _)| registry)
    }

    /// Opens the registry as [`Registry::open`] does, and makes none where there is none: for those who only want to look.
    ///
    /// **Errors**: as there; [`RegistryError::NoStore`] where the folder holds no store, or the database no tables of one.
    pub fn open_existing(location: &Location) -> Result<Self, RegistryError> {
        Self::opened(location, Making::Never).map(|(registry, _)| registry)
    }

    /// Makes a new registry, and moves what is left of another one aside; gives back where that is, in words.
    ///
    /// **Errors**: as of [`Registry::open`]; [`RegistryError::WholeStore`] where nothing is wrong with the one that is there;
    /// [`RegistryError::UsedDatabase`] where a database that is not in the folder holds rows.
    pub fn make_anew(location: &Location) -> Result<(Self, Option<String>), RegistryError> {
        Self::opened(location, Making::Anew)
    }

    /// Opens the registry as [`Registry::open`] does, or makes a database in the place of a damaged one, for [`Registry::restore`]: until a backup is
    /// restored, the store stays damaged. Gives back where the damaged database is, in words.
    ///
    /// **Errors**: as of [`Registry::open`], but for a damaged store.
    pub fn open_to_restore(location: &Location) -> Result<(Self, Option<String>), RegistryError> {
        Self::opened(location, Making::ToRestore)
    }

    fn opened(location: &Location, making: Making) -> Result<(Self, Option<String>), RegistryError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("registry")
            .enable_all()
            .build()
            .map_err(|source| RegistryError::Thread { source })?;
        match runtime.block_on(opening::open(location, making)) {
            Ok(Opened { database, objects, aside }) => {
                let shared = Shared { runtime: Some(runtime), location: location.clone(), database, objects };
                Ok((Self { shared: Arc::new(shared) }, aside))
            }
            Err(error) => {
                // A runtime that is dropped waits for its tasks, and one of them may be what failed to answer.
                runtime.shutdown_background();
                Err(error)
            }
        }
    }

    pub(crate) fn location(&self) -> &Location {
        &self.shared.location
    }

    pub(crate) fn database(&self) -> &Database {
        &self.shared.database
    }

    pub(crate) fn objects(&self) -> &Objects {
        &self.shared.objects
    }

    /// Waits for work on the database, and not for ever.
    pub(crate) fn wait<T>(&self, work: impl Future<Output = Result<T, RegistryError>>) -> Result<T, RegistryError> {
        self.wait_long(within(PATIENCE, work))
    }

    /// Waits for work that bounds its own waits, as that on objects does: how long it takes depends on their size.
    pub(crate) fn wait_long<T, Fault>(&self, work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        self.shared.runtime.as_ref().expect("the runtime is there until this is dropped").block_on(work)
    }
}

impl fmt::Debug for Registry {
    /// Neither the database's options nor the object store's: they hold passwords.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Registry").finish_non_exhaustive()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Dropping a runtime waits for its threads, which is not allowed everywhere a registry may be dropped.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
