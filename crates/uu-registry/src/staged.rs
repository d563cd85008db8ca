//! Objects of a backup that lie beside their places until its rows are there: other bytes have their names meanwhile.
//!
//! Between the rows and the last object a process may end. What its rows name is then here, so whoever opens the store next puts it into its place.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::RegistryError;
use crate::database::Database;
use crate::objects::{Folder, Objects, RESTORED, Stored};

/// Where an object is until the rows are there, if another one has its name.
pub(crate) fn beside(object: &str) -> String {
    format!("{RESTORED}/{object}")
}

/// Removes what lies beside its place.
pub(crate) async fn forget(objects: &Objects) -> Result<(), RegistryError> {
    remove_older_than(objects, None).await.map(drop)
}

/// Removes what has lain beside its place for that long: a restore that was interrupted left it, and none resumes it. Gives back how
/// many objects these are.
pub(crate) async fn remove_older_than(objects: &Objects, age: Option<Duration>) -> Result<usize, RegistryError> {
    let mut removed = 0;
    for folder in Folder::ALL {
        for found in objects.list_under(&beside(folder.name())).await? {
            if age.is_none_or(|age| found.age > age) {
                objects.remove(&found.object).await?;
                removed += 1;
            }
        }
    }
    Ok(removed)
}

/// Puts what lies beside its place into it, where it is what a row names; what is not may be of a restore that is under way.
pub(crate) async fn finish(database: &Database, objects: &Objects) -> Result<(), RegistryError> {
    let mut staged = Vec::new();
    for folder in Folder::ALL {
        staged.extend(objects.list_under(&beside(folder.name())).await?);
    }
    if staged.is_empty() {
        return Ok(());
    }
    let named = named(database).await?;
    for found in staged {
        let Some(stored) = found.object.strip_prefix(RESTORED).and_then(|name| name.strip_prefix('/')).and_then(|name| named.get(name))
        else {
            continue;
        };
        let there = Stored { object: found.object.clone(), ..stored.clone() };
        if objects.read(&there).await?.is_ok() {
            tracing::info!(object = stored.object, "an object of a backup is put into its place: the restore was interrupted");
            objects.rename(&found.object, &stored.object).await?;
        }
    }
    Ok(())
}

/// What rows know of the objects they name.
async fn named(database: &Database) -> Result<BTreeMap<String, Stored>, RegistryError> {
    const SQL: &str = "SELECT object, sha256, size_bytes FROM versions
        UNION SELECT object, sha256, size_bytes FROM batches WHERE object IS NOT NULL
        UNION SELECT object, sha256, size_bytes FROM uploads";
    let rows = database.fetch(SQL, Vec::new()).await?;
    let stored = rows.iter().map(|row| {
        let size_bytes = u64::try_from(row.integer("size_bytes")?).unwrap_or_default();
        let object = row.text("object")?;
        Ok((object.clone(), Stored { object, sha256: row.text("sha256")?, size_bytes }))
    });
    stored.collect()
}
