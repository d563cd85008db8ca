//! Moving aside what crashes leave behind, and removing it later.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;
use sqlx::AssertSqlSafe;

use crate::database::Database;
use crate::objects::{Folder, SWEPT};
use crate::{Registry, RegistryError, Timestamp, opening, schema, staged};

/// The column in which a table that names objects does so.
const OBJECT: &str = "object";

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// How old bytes must be for a sweep to touch them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SweepAges {
    /// Bytes without a row, and files of jobs that ended. Storing bytes and naming them in a row are seconds apart, so a day is beyond doubt, and beyond
    /// the difference of any two clocks that are looked after.
    pub left_behind: Duration,
    /// Bytes that were swept: a person has so long to find that they were needed.
    pub swept: Duration,
}

impl Default for SweepAges {
    fn default() -> Self {
        Self { left_behind: DAY, swept: 7 * DAY }
    }
}

/// What a sweep came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize)]
pub struct Swept {
    /// Objects that no row names, which were moved to `swept`.
    pub objects: usize,
    /// Objects that had been there for long enough, and were removed.
    pub removed: usize,
    /// Files that were never finished, and those of restores that were not, which were removed.
    pub unfinished: usize,
    /// Files of jobs that nobody can retry any more, which were removed: they were copies of what somebody sent.
    pub uploads: usize,
}

impl Registry {
    /// Moves bytes that a crash left without a row to `swept` a day after they were written, and removes them a week later.
    ///
    /// A store without a champion is left as it is: where rows were lost, what no row names is what they named.
    ///
    /// **Errors**: a database or an object store that cannot be reached or written, or that do not belong together; nothing is swept then.
    pub fn sweep(&self) -> Result<Swept, RegistryError> {
        self.sweep_by(SweepAges::default())
    }

    /// The same for bytes without a row of another age: with too small a one, bytes whose row is about to be written are moved.
    ///
    /// **Errors**: as [`Registry::sweep`].
    pub fn sweep_older_than(&self, age: Duration) -> Result<Swept, RegistryError> {
        self.sweep_by(SweepAges { left_behind: age, ..SweepAges::default() })
    }

    /// The same for other ages.
    ///
    /// **Errors**: as [`Registry::sweep`].
    pub fn sweep_by(&self, ages: SweepAges) -> Result<Swept, RegistryError> {
        self.wait_long(opening::check(self.location(), self.database(), self.objects()))?;
        if self.aliases()?.champion.is_none() {
            return Ok(Swept::default());
        }
        let uploads = self.forget_uploads(ages.left_behind)?;
        let (mut left, mut old) = (Vec::new(), Vec::new());
        for folder in Folder::ALL {
            let found = self.wait_long(self.objects().list(folder))?;
            left.extend(found.into_iter().filter(|found| found.age > ages.left_behind && folder.is_own(&found.object)));
            let found = self.wait_long(self.objects().list_under(&swept(folder.name())))?;
            old.extend(found.into_iter().filter(|found| found.age > ages.swept));
        }
        // Rows are read after objects: whatever got its row in between is spared.
        let named = self.wait(named(self.database()))?;
        left.retain(|found| !named.contains(&found.object));
        for found in &left {
            self.wait_long(self.objects().rename(&found.object, &swept(&found.object)))?;
        }
        for found in &old {
            self.wait_long(self.objects().remove(&found.object))?;
        }
        self.wait_long(staged::finish(self.database(), self.objects()))?;
        let staged = self.wait_long(staged::remove_older_than(self.objects(), Some(ages.left_behind)))?;
        let unfinished = self.objects().remove_unfinished(ages.left_behind)? + staged;
        Ok(Swept { objects: left.len(), removed: old.len(), unfinished, uploads })
    }

    /// Forgets the files of jobs that ended that long ago, which nobody will retry, and removes those that no other job needs; gives back how many these
    /// are. They are bounded by sender, so bytes that no row counts any more must not stay.
    fn forget_uploads(&self, age: Duration) -> Result<usize, RegistryError> {
        const ENDED: &str = "SELECT DISTINCT object FROM uploads WHERE job IN (SELECT id FROM jobs WHERE ended_at < $1)";
        let before = Timestamp::now().milliseconds().saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
        let mut objects: Vec<String> = self.wait(async {
            let mut transaction = self.database().write().await?;
            let rows = transaction.fetch(ENDED, vec![before.into()]).await?;
            let sql = "DELETE FROM uploads WHERE job IN (SELECT id FROM jobs WHERE ended_at < $1)";
            transaction.execute(sql, vec![before.into()]).await?;
            transaction.commit().await?;
            rows.iter().map(|row| row.text(OBJECT)).collect::<Result<_, RegistryError>>()
        })?;
        if objects.is_empty() {
            return Ok(0);
        }
        let named = self.wait(named(self.database()))?;
        objects.retain(|object| Folder::Uploads.is_own(object) && !named.contains(object));
        for object in &objects {
            self.wait_long(self.objects().remove(object))?;
        }
        Ok(objects.len())
    }
}

/// Where an object is once it was swept.
fn swept(object: &str) -> String {
    format!("{SWEPT}/{object}")
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
