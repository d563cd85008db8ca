//! Removing what crashes leave behind.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;

use crate::objects::Folder;
use crate::{Registry, RegistryError, Timestamp};

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
        const SQL: &str = "SELECT object FROM versions UNION ALL SELECT object FROM batches WHERE object IS NOT NULL
            UNION ALL SELECT object FROM uploads";
        let named = self.wait(self.database().fetch(SQL, Vec::new()))?;
        let named: BTreeSet<String> = named.iter().map(|row| row.text("object")).collect::<Result<_, _>>()?;
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
