//! The registry as a value: opened once, cloned freely, and asked from any thread that may wait.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use crate::database::Database;
use crate::objects::Objects;
use crate::{Location, RegistryError, adoption, schema};

/// How long a call waits for the database in all. The waits below it are shorter and tell their reasons; this bounds what they do not
/// see, such as a network that swallows packets.
const PATIENCE: Duration = Duration::from_secs(10);

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
    database: Database,
    objects: Objects,
}

impl Registry {
    /// Opens the registry; makes what is not there yet, and takes over a store of the layout before it, whose versions keep their names.
    ///
    /// **Errors**: a folder that cannot be made or written; a database or an object store that cannot be reached; a store of a newer release.
    pub fn open(location: &Location) -> Result<Self, RegistryError> {
        Self::open_or_make(location, true)
    }

    /// Opens the registry as [`Registry::open`] does, and makes none where there is none: for those who only want to look.
    ///
    /// **Errors**: as there; [`RegistryError::NoStore`] where the folder holds no store, or the database no tables of one.
    pub fn open_existing(location: &Location) -> Result<Self, RegistryError> {
        if location.database_url.is_none() && !adoption::holds_store(&location.store) {
            return Err(RegistryError::NoStore { place: format!("`{}`", location.store.display()) });
        }
        Self::open_or_make(location, false)
    }

    fn open_or_make(location: &Location, may_make: bool) -> Result<Self, RegistryError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("registry")
            .enable_all()
            .build()
            .map_err(|source| RegistryError::Thread { source })?;
        let prepare = || if location.uses_folder() { adoption::prepare_folder(&location.store) } else { Ok(()) };
        if location.database_url.is_none() {
            // SQLite's file lies in the folder.
            prepare()?;
        }
        let opened = runtime.block_on(async {
            let objects = Objects::open(location)?;
            let database = within(PATIENCE, Database::connect(location)).await?;
            if location.database_url.is_some() {
                if !may_make && !within(PATIENCE, schema::is_there(&database)).await? {
                    return Err(RegistryError::NoStore { place: "the database".to_owned() });
                }
                prepare()?;
            }
            within(PATIENCE, schema::migrate(&database)).await?;
            adoption::adopt(&location.store, &database, &objects).await?;
            Ok((database, objects))
        });
        match opened {
            Ok((database, objects)) => Ok(Self { shared: Arc::new(Shared { runtime: Some(runtime), database, objects }) }),
            Err(error) => {
                // A runtime that is dropped waits for its tasks, and one of them may be what failed to answer.
                runtime.shutdown_background();
                Err(error)
            }
        }
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

async fn within<T>(patience: Duration, work: impl Future<Output = Result<T, RegistryError>>) -> Result<T, RegistryError> {
    let late = |_| Err(RegistryError::Unavailable { what: "database", source: None });
    tokio::time::timeout(patience, work).await.unwrap_or_else(late)
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
