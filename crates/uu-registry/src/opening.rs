//! Telling a store that is whole from a new one, and both from what is left of one.
//!
//! Nothing but a place where there is nothing is a new store. A place that has the file `format`, a mark or objects, and no database that belongs to
//! them, is damaged: it is refused, and as it was. What belongs together is told by the identity; a store of a release that knew none gets one when it is
//! opened, if its database names objects that are there.

use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

use uu_core::store_files::DATABASE;

use crate::adoption::{self, damaged};
use crate::database::{Database, PATIENCE, is_unreadable, within};
use crate::error::failed;
use crate::identity::{Identity, Marks, Places};
use crate::objects::{Folder, Objects};
use crate::schema::State;
use crate::versions::version_of;
use crate::{Location, RegistryError, StoreFault, aside, schema, staged};

/// What may be done where no whole store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Making {
    /// Nothing.
    Never,
    /// A store is made where there is nothing.
    WhereNothingIs,
    /// A store is made, and what is left of one is moved aside.
    Anew,
    /// A database is made, into which a backup is restored; what is left of one is moved aside.
    ToRestore,
}

/// A store that is open.
pub(crate) struct Opened {
    pub(crate) database: Database,
    pub(crate) objects: Objects,
    /// Where what was there before is now, in words.
    pub(crate) aside: Option<String>,
}

/// What is in a place.
enum Found {
    Nothing,
    Store(Marks),
}

/// Between two looks at what seems damaged: another process may be making it at this moment.
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

pub(crate) async fn open(location: &Location, making: Making) -> Result<Opened, RegistryError> {
    let objects = Objects::open(location)?;
    let places = Places::of(location, &objects);
    match look_twice(location, &places).await {
        Ok(Found::Store(..)) if making == Making::Anew => Err(RegistryError::WholeStore { place: place_of(location) }),
        Ok(Found::Store(marks)) => {
            refuse_read_only(location)?;
            let database = connected(location).await?;
            finish(location, &places, &database, &marks).await?;
            // Much can be done without the objects, and whoever needs one learns what is wrong with it.
            if let Err(error) = staged::finish(&database, &objects).await {
                tracing::warn!(%error, "what a restore may have left beside its place is not known for now");
            }
            Ok(Opened { database, objects, aside: None })
        }
        Ok(Found::Nothing) if making == Making::Never && !is_old_store(location) => {
            Err(RegistryError::NoStore { place: place_of(location) })
        }
        Ok(Found::Nothing) => Ok(Opened { database: made(location, &places).await?, objects, aside: None }),
        Err(RegistryError::DamagedStore { .. }) if making == Making::Anew => {
            refuse_used(location).await?;
            let aside = aside::everything(location, &places).await?;
            Ok(Opened { database: made(location, &places).await?, objects, aside: Some(aside) })
        }
        Err(RegistryError::DamagedStore { .. }) if making == Making::ToRestore => {
            // Until the backup is in it, the new database is none that belongs to what is there.
            places.mark_as_lost().await?;
            let aside = if location.database_url.is_none() { aside::database(&location.store)? } else { None };
            let database = connected(location).await?;
            within(PATIENCE, schema::migrate(&database)).await?;
            within(PATIENCE, schema::identify(&database, Identity::new()?)).await?;
            Ok(Opened { database, objects, aside })
        }
        Err(error) => Err(error),
    }
}

/// Whether the database and the places of its objects still belong together.
///
/// **Errors**: they do not.
pub(crate) async fn check(location: &Location, database: &Database, objects: &Objects) -> Result<(), RegistryError> {
    let marks = Places::of(location, objects).marks().await?;
    if let Some(error) = marks.unreachable {
        return Err(error);
    }
    let state = within(PATIENCE, schema::state(database)).await?.ok_or_else(|| fault(location, StoreFault::EmptyDatabase))?;
    refuse_lost(location, &state)?;
    let identity = state.identity.as_ref().map_or("none", Identity::as_str);
    let other = marks.found.iter().find(|found| found.as_ref().map(Identity::as_str) != Some(identity));
    let Some(other) = other else { return Ok(()) };
    let objects = other.as_ref().map_or("none", Identity::as_str).to_owned();
    Err(fault(location, StoreFault::OtherStore { database: identity.to_owned(), objects }))
}

/// Has every place say that it belongs to the database.
pub(crate) async fn mark(location: &Location, database: &Database, objects: &Objects) -> Result<(), RegistryError> {
    if location.uses_folder() {
        adoption::write_format(&location.store)?;
    }
    let identity = within(PATIENCE, schema::identify(database, Identity::new()?)).await?;
    Places::of(location, objects).mark(&identity).await
}

async fn look_twice(location: &Location, places: &Places<'_>) -> Result<Found, RegistryError> {
    match look(location, places).await {
        Err(RegistryError::DamagedStore { .. }) => {
            tokio::time::sleep(BETWEEN_LOOKS).await;
            look(location, places).await
        }
        other => other,
    }
}

/// What is there; nothing is changed. Marks are read before the database, since they are made after it.
async fn look(location: &Location, places: &Places<'_>) -> Result<Found, RegistryError> {
    let is_formatted = location.uses_folder() && adoption::is_formatted(&location.store)?;
    let marks = places.marks().await?;
    let is_left = |marks: &Marks| is_formatted || marks.first().is_some();
    if location.database_url.is_none() && !has_database_file(location)? {
        if is_left(&marks) || any_own(places.objects()).await? {
            let file = location.store.join(DATABASE).display().to_string();
            return Err(fault(location, StoreFault::NoDatabase { file }));
        }
        return marks.unreachable.map_or(Ok(Found::Nothing), Err);
    }
    let database = within(PATIENCE, Database::connect_existing(location)).await.map_err(|error| at(location, error))?;
    let examined = examined(location, places, &database, &marks).await.map_err(|error| at(location, error));
    closed(&database).await;
    if examined? {
        return Ok(Found::Store(marks));
    }
    if is_left(&marks) || any_own(places.objects()).await? {
        return Err(fault(location, StoreFault::EmptyDatabase));
    }
    marks.unreachable.map_or(Ok(Found::Nothing), Err)
}

/// Ends connections, and waits no longer for a server that is away.
async fn closed(database: &Database) {
    // Those that are not ended by then end with this process.
    let _ = tokio::time::timeout(PATIENCE, database.close()).await;
}

/// Whether SQLite's file is there and holds anything.
fn has_database_file(location: &Location) -> Result<bool, RegistryError> {
    let file = location.store.join(DATABASE);
    match std::fs::metadata(&file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        other => other.map(|file| file.len() > 0).map_err(|source| failed("look at", &file, source)),
    }
}

/// Refuses a file of SQLite's that cannot be written. SQLite itself opens it for reading, and whether that succeeds depends on what the last process
/// left beside it.
fn refuse_read_only(location: &Location) -> Result<(), RegistryError> {
    let file = location.store.join(DATABASE);
    if location.database_url.is_some() || !file.exists() {
        return Ok(());
    }
    let unwritable =
        |source: io::Error| RegistryError::Unwritable { what: format!("database `{}`", file.display()), source: source.into() };
    std::fs::OpenOptions::new().append(true).open(&file).map(drop).map_err(unwritable)
}

/// Whether the database has tables of a store; they then belong to what is in the places.
async fn examined(location: &Location, places: &Places<'_>, database: &Database, marks: &Marks) -> Result<bool, RegistryError> {
    let Some(state) = within(PATIENCE, schema::state(database)).await? else { return Ok(false) };
    refuse_lost(location, &state)?;
    if let Some(identity) = &state.identity {
        if let Some(other) = marks.other_than(identity) {
            let (database, objects) = (identity.as_str().to_owned(), other.as_str().to_owned());
            return Err(fault(location, StoreFault::OtherStore { database, objects }));
        }
        if marks.prove(identity) {
            return Ok(true);
        }
    }
    if let Some(error) = &marks.unreachable
        && state.identity.is_some()
        && state.versions > 0
    {
        // Nobody takes this for a new store, and much can be done without its objects.
        tracing::warn!(%error, "whether the object store belongs to the database is not known for now");
        return Ok(true);
    }
    let mut names = within(PATIENCE, objects_named(database)).await?;
    let mut found = BTreeSet::new();
    for folder in [Folder::Models, Folder::Observations] {
        found.extend(places.objects().list(folder).await?.into_iter().map(|found| found.object));
    }
    let named = names.len();
    names.retain(|name| found.contains(name));
    if !names.is_empty() {
        return Ok(true);
    }
    if named > 0 {
        return Err(fault(location, StoreFault::NoObjects { named }));
    }
    found.retain(|object| is_own(object));
    if found.is_empty() { Ok(true) } else { Err(fault(location, StoreFault::NoRows { found: found.len() })) }
}

/// Refuses a database that has fewer versions than were made, since no version is ever removed, or no champion though there was one.
fn refuse_lost(location: &Location, state: &State) -> Result<(), RegistryError> {
    if state.versions >= state.last_version {
        return if state.has_aliases { Ok(()) } else { Err(fault(location, StoreFault::LostChampion)) };
    }
    let newest = (state.versions > 0).then(|| version_of("versions", state.versions)).transpose()?;
    Err(fault(location, StoreFault::LostVersions { last: version_of("registry_schema", state.last_version)?, newest }))
}

/// The models and batches that the database names, whichever release made its tables.
async fn objects_named(database: &Database) -> Result<BTreeSet<String>, RegistryError> {
    const SQL: &str = "SELECT object FROM versions UNION SELECT object FROM batches WHERE object IS NOT NULL";
    database.fetch(SQL, Vec::new()).await?.iter().map(|row| row.text("object")).collect()
}

/// Whether there is any object that a store made.
async fn any_own(objects: &Objects) -> Result<bool, RegistryError> {
    for folder in Folder::ALL {
        match objects.list(folder).await {
            Ok(found) if found.iter().any(|found| is_own(&found.object)) => return Ok(true),
            Ok(_) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

fn is_own(object: &str) -> bool {
    Folder::ALL.iter().any(|folder| folder.is_own(object))
}

/// Makes a store where there is nothing, or takes over one of the layout before.
async fn made(location: &Location, places: &Places<'_>) -> Result<Database, RegistryError> {
    let database = connected(location).await?;
    // Another process may have been faster: then it is that one's.
    let mut marks = places.marks().await?;
    if let Some(error) = marks.unreachable.take() {
        return Err(error);
    }
    finish(location, places, &database, &marks).await?;
    Ok(database)
}

async fn connected(location: &Location) -> Result<Database, RegistryError> {
    if location.uses_folder() {
        adoption::make_folder(&location.store)?;
    }
    within(PATIENCE, Database::connect(location)).await.map_err(|error| at(location, error))
}

/// Brings the database up to this release, and gives database and places one identity.
async fn finish(location: &Location, places: &Places<'_>, database: &Database, marks: &Marks) -> Result<(), RegistryError> {
    within(PATIENCE, schema::migrate(database)).await.map_err(|error| at(location, error))?;
    let proposed = marks.first().map_or_else(Identity::new, |mark| Ok(mark.clone()))?;
    let identity = within(PATIENCE, schema::identify(database, proposed)).await.map_err(|error| at(location, error))?;
    // Before any object is there.
    if !marks.prove(&identity) && marks.unreachable.is_none() {
        places.mark(&identity).await?;
    }
    adoption::adopt(&location.store, database, places.objects()).await
}

/// Refuses to make a new store in a database that other replicas may use: its rows cannot be moved aside.
async fn refuse_used(location: &Location) -> Result<(), RegistryError> {
    if location.database_url.is_none() {
        return Ok(());
    }
    let database = Database::connect_existing(location).await?;
    let is_used = within(PATIENCE, schema::state(&database)).await?.is_some();
    closed(&database).await;
    if is_used { Err(RegistryError::UsedDatabase) } else { Ok(()) }
}

fn is_old_store(location: &Location) -> bool {
    location.database_url.is_none() && adoption::holds_old_store(&location.store)
}

fn fault(location: &Location, fault: StoreFault) -> RegistryError {
    if location.uses_folder() { damaged(&location.store, fault) } else { RegistryError::DamagedStore { place: place_of(location), fault } }
}

/// Where a store is, in words.
fn place_of(location: &Location) -> String {
    if location.database_url.is_some() { "the database".to_owned() } else { format!("`{}`", location.store.display()) }
}

/// The error with the file it is about, where that is SQLite's.
fn at(location: &Location, error: RegistryError) -> RegistryError {
    if location.database_url.is_some() {
        return error;
    }
    let file = location.store.join(DATABASE);
    match error {
        error if is_unreadable(&error) => {
            let reason = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            fault(location, StoreFault::UnreadableDatabase { reason })
        }
        RegistryError::Unwritable { source, .. } => RegistryError::Unwritable { what: format!("database `{}`", file.display()), source },
        other => other,
    }
}
