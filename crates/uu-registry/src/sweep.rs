//! Removing what crashes leave behind.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;
use sqlx::AssertSqlSafe;

use crate::database::Database;
use crate::objects::Folder;
use crate::{Registry, RegistryError, Timestamp, schema};

/// The column in which a table that names objects does so.
const OBJECT: &str = "object";

/// How old bytes without a row are when they count as left behind. Storing bytes and naming them in a row are seconds apart, so a day is
/// beyond doubt, and beyond the difference of any two clocks that are looked after.
const LEFT_BEHIND: Duration = Duration::from_secs(24 * 3_600);

/// What a sweep removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize)]
pub struct Swept {
    /// Objects that no row names.
    pub objects: usize,
    /// Files that were never finished.
    pub unfinished: usize,
}

impl Registry {
    /// Removes bytes that a crash left without a row, a day after they were written.
    ///
    /// **Errors**: a database or an object store that cannot be reached or written.
    pub fn sweep(&self) -> Result<Swept, RegistryError> {
        self.sweep_older_than(LEFT_BEHIND)
    }

    /// The same for bytes of another age: with too small a one, bytes whose row is about to be written are lost.
    ///
    /// **Errors**: as [`Registry::sweep`].
    pub fn sweep_older_than(&self, age: Duration) -> Result<Swept, RegistryError> {
        self.forget_uploads(age)?;
        let mut left = Vec::new();
        for folder in Folder::ALL {
            let found = self.wait_long(self.objects().list(folder))?;
            left.extend(found.into_iter().filter(|found| found.age > age && folder.is_own(&found.object)).map(|found| found.object));
        }
        // Rows are read after objects: whatever got its row in between is spared.
        let named = self.wait(named(self.database()))?;
        left.retain(|object| !named.contains(object));
        for object in &left {
            self.wait_long(self.objects().remove(object))?;
        }
        Ok(Swept { objects: left.len(), unfinished: self.objects().remove_unfinished(age)? })
    }

    /// Forgets the files of jobs that ended that long ago: nobody will retry them.
    fn forget_uploads(&self, age: Duration) -> Result<(), RegistryError> {
        let before = Timestamp::now().milliseconds().saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
        self.wait(async {
            let mut transaction = self.database().write().await?;
            let sql = "DELETE FROM uploads WHERE job IN (SELECT id FROM jobs WHERE ended_at < $1)";
            transaction.execute(sql, vec![before.into()]).await?;
            transaction.commit().await
        })
    }
}

/// All objects that a row names, in whatever table: a newer release, whose database this one may work on, can have others.
async fn named(database: &Database) -> Result<BTreeSet<String>, RegistryError> {
    let mut snapshot = database.snapshot().await?;
    let mut named = BTreeSet::new();
    for table in schema::all_tables(&mut snapshot).await? {
        if snapshot.columns(&table).await?.iter().all(|(column, _)| column != OBJECT) {
            continue;
        }
        let sql = AssertSqlSafe(format!("SELECT {OBJECT} FROM \"{table}\" WHERE {OBJECT} IS NOT NULL"));
        snapshot
            .each::<RegistryError>(sql, |row| {
                named.insert(row.text(OBJECT)?);
                Ok(())
            })
            .await?;
    }
    Ok(named)
}
