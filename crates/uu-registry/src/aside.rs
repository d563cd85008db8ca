//! Moving what is left of a store aside, so that a new one or a backup has its place. Nothing is removed.

use std::fs;
use std::io;
use std::path::Path;

use uu_core::store_files::DATABASE;

use crate::adoption::{CHAMPION_FILE, FORMAT_FILE};
use crate::error::failed;
use crate::identity::{MARK, Places};
use crate::objects::{Folder, Objects, RESTORED, SWEPT};
use crate::{Location, RegistryError, Timestamp};

/// Holds what was moved aside, each time under a name of its own.
const ASIDE: &str = "set-aside";

/// What SQLite keeps beside its file.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

/// A new name to move things under, within the store.
fn new_name() -> String {
    // Some systems have no colons in names.
    format!("{ASIDE}/{}", Timestamp::now().to_string().replace(':', "-"))
}

/// Moves all that belongs to a store aside; gives back where it is. What says that there was a store goes last: whoever is interrupted finds the rest
/// as damaged as before.
pub(crate) async fn everything(location: &Location, places: &Places<'_>) -> Result<String, RegistryError> {
    let name = new_name();
    if let Objects::Remote(remote) = places.objects() {
        for folder in Folder::ALL.map(Folder::name) {
            for folder in [folder.to_owned(), format!("{SWEPT}/{folder}"), format!("{RESTORED}/{folder}")] {
                for found in remote.list(&folder).await? {
                    remote.rename(&found.object, &format!("{name}/{}", found.object)).await?;
                }
            }
        }
        remote.rename(MARK, &format!("{name}/{MARK}")).await?;
    }
    if !location.uses_folder() {
        return Ok(format!("`{name}` of the object store"));
    }
    let folders = Folder::ALL.map(Folder::name).into_iter().chain([SWEPT, RESTORED]).map(str::to_owned);
    let files = [CHAMPION_FILE, MARK, FORMAT_FILE].into_iter().map(str::to_owned);
    let parts: Vec<String> = folders.chain(database_files()).chain(files).collect();
    move_parts(&location.store, &name, &parts)?;
    Ok(format!("`{}`", location.store.join(name).display()))
}

/// Moves SQLite's files aside, where there are any; gives back where they are.
pub(crate) fn database(store: &Path) -> Result<Option<String>, RegistryError> {
    if !store.join(DATABASE).exists() {
        return Ok(None);
    }
    let name = new_name();
    let parts: Vec<String> = database_files().collect();
    move_parts(store, &name, &parts)?;
    Ok(Some(format!("`{}`", store.join(name).display())))
}

fn database_files() -> impl Iterator<Item = String> {
    // What is beside the database goes first: it belongs to no other one.
    BESIDE.iter().map(|end| format!("{DATABASE}{end}")).chain([DATABASE.to_owned()])
}

fn move_parts(store: &Path, name: &str, parts: &[String]) -> Result<(), RegistryError> {
    let aside = store.join(name);
    fs::create_dir_all(&aside).map_err(|source| failed("make the folder", &aside, source))?;
    for part in parts {
        let (old, new) = (store.join(part), aside.join(part));
        match fs::rename(&old, &new) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other.map_err(|source| failed("move", &old, source))?,
        }
    }
    Ok(())
}
