//! Taking over a store of the layout before this one: one file a version, and a pointer to the one in use.
//!
//! ```text
//! store/
//!   format                 "1"; "2" once it is taken over, so that older releases refuse it
//!   champion               name of the version in use
//!   models/v0001.uumodel
//! ```
//!
//! The files stay where they are and get rows; where artifacts are kept elsewhere, copies are put there. Nothing is removed.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Value, json};
use uu_core::store_files;

use crate::aliases::{Aliases, write_in};
use crate::audit::{Entry, note};
use crate::database::Database;
use crate::error::failed;
use crate::objects::{Folder, LocalFolder, Objects, Stored, replace};
use crate::private;
use crate::versions::{NewVersion, insert, known};
use crate::{ModelVersion, RegistryError, StoreFault};

const FORMAT: u32 = 2;
const BEFORE: u32 = 1;
pub(crate) const FORMAT_FILE: &str = store_files::FORMAT;
pub(crate) const CHAMPION_FILE: &str = store_files::CHAMPION;
const EXTENSION: &str = ".uumodel";

/// The longest part of a file that is quoted.
const MOST_QUOTED: usize = 80;

/// Who is said to have made what was taken over.
const ADOPTER: &str = "uu-predictor";

/// Makes the folder, for its owner alone.
pub(crate) fn make_folder(store: &Path) -> Result<(), RegistryError> {
    private::make_folder(store)?;
    private::make_folder(&store.join(Folder::Models.name()))
}

/// Whether the folder's own file says that it is, or was, a store of this layout.
///
/// **Errors**: a store of a newer release; a file that holds no number.
pub(crate) fn is_formatted(store: &Path) -> Result<bool, RegistryError> {
    Ok(format_of(store)? == Some(FORMAT))
}

/// Whether the folder holds a store of the layout before.
pub(crate) fn holds_old_store(store: &Path) -> bool {
    let has_versions = || old_versions(store).is_ok_and(|versions| !versions.is_empty());
    matches!(format_of(store), Ok(Some(BEFORE))) || store.join(CHAMPION_FILE).exists() || has_versions()
}

/// Says of the folder that it has this layout.
pub(crate) fn write_format(store: &Path) -> Result<(), RegistryError> {
    replace(&store.join(FORMAT_FILE), format!("{FORMAT}\n").as_bytes())
}

/// Takes over the versions of a store of the layout before, if this is one and the registry has none.
pub(crate) async fn adopt(store: &Path, database: &Database, objects: &Objects) -> Result<(), RegistryError> {
    if !store.is_dir() || format_of(store)? == Some(FORMAT) {
        return Ok(());
    }
    let versions = old_versions(store)?;
    if versions.is_empty() || take_over(store, &versions, database, objects).await? {
        write_format(store)?;
    } else {
        tracing::warn!(store = %store.display(), "the folder holds models of another registry, which are left as they are");
    }
    Ok(())
}

/// Gives the old versions rows; false where the database has versions of its own, so that the old ones are not its.
async fn take_over(store: &Path, versions: &[ModelVersion], database: &Database, objects: &Objects) -> Result<bool, RegistryError> {
    let champion = old_champion(store, versions)?;
    let mut stored = Vec::new();
    for version in versions {
        stored.push(kept(store, *version, objects).await?);
    }
    let mut transaction = database.write().await?;
    let present = known(&mut transaction).await?;
    if !present.is_empty() {
        // Another process was faster, or a crash came between the rows and the folder's new format.
        return Ok(versions.iter().all(|version| present.contains(version)));
    }
    for (version, stored) in versions.iter().zip(&stored) {
        let reason = "taken over from the store's layout before";
        let new = NewVersion { artifact: &[], about: &Value::Null, data_fingerprint: None, parent: None, made_by: ADOPTER, reason };
        insert(&mut transaction, *version, &new, stored).await?;
    }
    write_in(&mut transaction, Aliases { champion, generation: i64::from(champion.is_some()), anchor: champion, ..Aliases::default() })
        .await?;
    let details = json!({ "versions": versions, "champion": champion });
    note(&mut transaction, &Entry { by: ADOPTER, action: "adopt", subject: "store", details: &details }).await?;
    transaction.commit().await?;
    Ok(true)
}

/// The object of an old version: its file, or a copy of it where artifacts are kept elsewhere.
async fn kept(store: &Path, version: ModelVersion, objects: &Objects) -> Result<Stored, RegistryError> {
    let object = old_object(version);
    let path = store.join(&object);
    let artifact = fs::read(&path).map_err(|source| failed("read", &path, source))?;
    match objects {
        Objects::Local(_) => Ok(Stored::of(object, &artifact)),
        Objects::Remote(_) => objects.put(Folder::Models, &artifact).await,
    }
}

fn old_object(version: ModelVersion) -> String {
    format!("{}/{version}{EXTENSION}", Folder::Models.name())
}

fn old_versions(store: &Path) -> Result<Vec<ModelVersion>, RegistryError> {
    let found = LocalFolder::new(store).list(Folder::Models.name())?;
    let name = |object: &str| object.rsplit('/').next()?.strip_suffix(EXTENSION)?.parse().ok();
    let mut versions: Vec<ModelVersion> = found.iter().filter_map(|found| name(&found.object)).collect();
    versions.sort_unstable();
    Ok(versions)
}

fn old_champion(store: &Path, versions: &[ModelVersion]) -> Result<Option<ModelVersion>, RegistryError> {
    let path = store.join(CHAMPION_FILE);
    let Some(found) = read_text(&path)? else { return Ok(None) };
    let version = found.trim().parse().map_err(|_| RegistryError::BadPointer { path, found: found.chars().take(80).collect() })?;
    if versions.contains(&version) { Ok(Some(version)) } else { Err(RegistryError::UnknownVersion { version, known: versions.to_vec() }) }
}

/// The format of the folder; `None` where none is written.
fn format_of(store: &Path) -> Result<Option<u32>, RegistryError> {
    let Some(found) = read_text(&store.join(FORMAT_FILE))? else { return Ok(None) };
    let found: String = found.trim().chars().take(MOST_QUOTED).collect();
    match found.parse() {
        Ok(format @ (BEFORE | FORMAT)) => Ok(Some(format)),
        Ok(format) if format > FORMAT => Err(RegistryError::NewerFormat { path: store.to_owned(), found, supported: FORMAT }),
        _ => Err(damaged(store, StoreFault::BadFormat { found, expected: FORMAT })),
    }
}

/// A text, whatever stands in the place of what is none.
fn read_text(path: &Path) -> Result<Option<String>, RegistryError> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        other => other.map(|bytes| Some(String::from_utf8_lossy(&bytes).into_owned())).map_err(|source| failed("read", path, source)),
    }
}

pub(crate) fn damaged(store: &Path, fault: StoreFault) -> RegistryError {
    RegistryError::DamagedStore { place: format!("`{}`", store.display()), fault }
}
