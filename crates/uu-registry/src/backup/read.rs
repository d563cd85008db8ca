//! Restoring from a backup.

use std::collections::BTreeMap;
use std::io::Read;

use serde::de::DeserializeOwned;
use sqlx::AssertSqlSafe;
use tar::{Archive, Entry};
use zstd::stream::read::Decoder;

use super::pages::{Page, listed, table_named};
use super::verify::{Placed, verify};
use super::{Contents, END, FORMAT, HEADER, Header, OBJECTS, RestoreError, TABLES};
use crate::database::Transaction;
use crate::objects::RESTORED;
use crate::objects::{Folder, Stored};
use crate::staged::{beside, forget};
use crate::{ObjectFault, Registry, opening, schema};

/// The longest part that is read: what one object or one page may take in memory.
const MOST_PART_BYTES: u64 = 8 << 30;

/// What a backup may be restored onto.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onto {
    /// A registry that holds nothing.
    Empty,
    /// Any registry: what it holds is replaced.
    Anything,
}

impl Registry {
    /// Makes the registry what it was when the backup was made: versions, aliases, observations, jobs, tokens and the audit log.
    ///
    /// Objects are put first and rows become visible last, all at once, so that whoever looks meanwhile sees the registry as it was before. Every row is
    /// read as this release reads it, and every object compared with its row, before that. Where the process ends after that, whoever opens the store next
    /// puts the last objects into their places.
    ///
    /// **Errors**: [`RestoreError`]; the registry is then as it was, and [`Registry::sweep`] removes objects that were put already.
    pub fn restore(&self, backup: impl Read, onto: Onto) -> Result<Contents, RestoreError> {
        let decoder = Decoder::new(backup).map_err(RestoreError::Read)?;
        let (end, staged) = self.wait_long(self.replace(Archive::new(decoder), onto)).inspect_err(|_| {
            if let Err(error) = self.wait_long(forget(self.objects())) {
                tracing::warn!(%error, "objects of a backup that was not restored are left in `{RESTORED}`");
            }
        })?;
        self.wait_long(async {
            for object in &staged {
                self.objects().rename(&beside(object), object).await?;
            }
            opening::mark(self.location(), self.database(), self.objects()).await?;
            Ok(end)
        })
    }

    /// Replaces all rows by those of a backup; gives back what it holds, and the objects that are still beside their places.
    async fn replace(&self, mut archive: Archive<impl Read>, onto: Onto) -> Result<(Contents, Vec<String>), RestoreError> {
        let mut transaction = self.database().write().await?;
        transaction.lift_limits().await?;
        let mut restored = Restored::default();
        let mut end = None;
        for entry in archive.entries().map_err(unreadable)? {
            let part = match entry.map_err(unreadable).and_then(Part::of) {
                // What cannot even be begun is not a backup that was damaged.
                Err(RestoreError::Read(_) | RestoreError::CutOff) if restored.header.is_none() => return Err(foreign()),
                other => other?,
            };
            match (restored.header.is_some(), part.name.as_str()) {
                (false, HEADER) => restored.begin(&mut transaction, checked(part.json()?)?, onto).await?,
                (false, _) => return Err(RestoreError::NotABackup { found: format!("`{}`", part.name) }),
                (true, END) => end = Some(part.json::<Contents>()?),
                (true, name) if name.starts_with(TABLES) => restored.rows(&mut transaction, part).await?,
                (true, name) if name.starts_with(OBJECTS) => restored.object(self, part).await?,
                (true, _) => return Err(part.damaged(&"no such part belongs to a backup")),
            }
        }
        if restored.header.is_none() {
            return Err(foreign());
        }
        let end = end.ok_or(RestoreError::CutOff)?;
        let (placed, staged) = restored.finish(&end)?;
        verify(&mut transaction, &placed).await?;
        schema::count_versions(&mut transaction).await?;
        transaction.commit().await?;
        Ok((end, staged))
    }
}

/// A file of the archive.
struct Part {
    name: String,
    bytes: Vec<u8>,
}

impl Part {
    fn of(mut entry: Entry<'_, impl Read>) -> Result<Self, RestoreError> {
        let name = entry.path().map_err(unreadable)?.display().to_string();
        if entry.size() > MOST_PART_BYTES {
            return Err(RestoreError::Damaged { part: name, reason: format!("it says that it has {} bytes", entry.size()) });
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(unreadable)?;
        Ok(Self { name, bytes })
    }

    fn json<T: DeserializeOwned>(&self) -> Result<T, RestoreError> {
        serde_json::from_slice(&self.bytes).map_err(|error| self.damaged(&error))
    }

    fn damaged(&self, reason: &impl ToString) -> RestoreError {
        RestoreError::Damaged { part: self.name.clone(), reason: reason.to_string() }
    }
}

/// What has been read and put so far.
#[derive(Default)]
struct Restored {
    header: Option<Header>,
    contents: Contents,
    /// What rows name and has not been put yet.
    missing: BTreeMap<String, Stored>,
    /// What was put.
    placed: Placed,
    /// What was put beside its place, since other bytes have its name.
    staged: Vec<String>,
}

impl Restored {
    async fn begin(&mut self, transaction: &mut Transaction, header: Header, onto: Onto) -> Result<(), RestoreError> {
        refuse_newer(transaction).await?;
        if onto == Onto::Empty {
            refuse_rows(transaction).await?;
        }
        // What a new registry begins with goes too where the backup brings its own; a table it does not know keeps that.
        let kept =
            |table: &&str| schema::filled_tables().any(|filled| filled == *table) && !header.tables.iter().any(|name| name == *table);
        for table in schema::tables().rev().filter(|table| !kept(table)) {
            transaction.execute(AssertSqlSafe(format!("DELETE FROM {table}")), Vec::new()).await?;
        }
        self.header = Some(header);
        Ok(())
    }

    async fn rows(&mut self, transaction: &mut Transaction, part: Part) -> Result<(), RestoreError> {
        let name = part.name.strip_prefix(TABLES).and_then(|rest| rest.split('/').next()).unwrap_or_default();
        let table = table_named(name).ok_or_else(|| part.damaged(&"this release has no such table"))?;
        let page: Page = part.json()?;
        let known = transaction.columns(table).await?;
        let number = |name: &String| known.iter().find(|(column, _)| column == name).map(|(_, is_number)| *is_number);
        let unknown = |name: &str| part.damaged(&format!("the table has no column `{name}`"));
        let numbers: Vec<bool> =
            page.columns.iter().map(|name| number(name).ok_or_else(|| unknown(name))).collect::<Result<_, RestoreError>>()?;
        for stored in page.objects() {
            if !Folder::may_hold(&stored.object) {
                return Err(part.damaged(&format!("a row names the object `{}`, which is outside the store", stored.object)));
            }
            self.missing.insert(stored.object.clone(), stored);
        }
        *self.contents.rows.entry(table.to_owned()).or_default() += page.rows.len() as u64;
        // The names are those of the database: each was found there.
        let into = format!("{table} ({})", listed(&page.columns));
        let columns = numbers.len();
        let values = page.values(&numbers).map_err(|reason| part.damaged(&reason))?;
        Ok(transaction.insert(&into, columns, values).await?)
    }

    async fn object(&mut self, registry: &Registry, part: Part) -> Result<(), RestoreError> {
        let name = part.name.strip_prefix(OBJECTS).unwrap_or_default();
        let stored = self.missing.remove(name).ok_or_else(|| part.damaged(&"no row names it"))?;
        stored.check(&part.bytes).map_err(|fault| part.damaged(&fault))?;
        match registry.objects().read(&stored).await? {
            Ok(_) => {}
            Err(ObjectFault::Missing) => registry.objects().write(name, &part.bytes).await?,
            Err(_) => {
                registry.objects().write(&beside(name), &part.bytes).await?;
                self.staged.push(name.to_owned());
            }
        }
        self.contents.objects += 1;
        self.contents.object_bytes += stored.size_bytes;
        self.placed.objects.insert(stored.object.clone(), stored);
        Ok(())
    }

    /// Whether all is there that was written; gives back which objects are, and which of them beside their places.
    fn finish(mut self, end: &Contents) -> Result<(Placed, Vec<String>), RestoreError> {
        for table in end.rows.keys() {
            self.contents.rows.entry(table.clone()).or_default();
        }
        self.missing.retain(|object, _| !end.gone.contains(object));
        self.contents.gone.clone_from(&end.gone);
        self.placed.gone.clone_from(&end.gone);
        let damaged = |reason| Err(RestoreError::Damaged { part: END.to_owned(), reason });
        // Nothing else is removed while a backup is made.
        if let Some(object) = end.gone.iter().find(|object| !Folder::Uploads.is_own(object)) {
            return damaged(format!("it leaves out the object `{object}`, which is no upload"));
        }
        if let Some(object) = self.missing.keys().next() {
            return damaged(format!("a row names the object `{object}`, which is not there"));
        }
        if self.contents != *end {
            return damaged("it counts other rows or objects than there are".to_owned());
        }
        Ok((self.placed, self.staged))
    }
}

fn checked(header: Header) -> Result<Header, RestoreError> {
    let newer = [("format", i64::from(header.format), i64::from(FORMAT)), ("schema", header.schema, schema::SUPPORTED)];
    match newer.into_iter().find(|(_, found, supported)| found > supported) {
        Some((what, found, supported)) => Err(RestoreError::Newer { release: header.release, what, found, supported }),
        None => Ok(header),
    }
}

/// Refuses a database with tables that this release does not know: what they hold would be left beside rows it does not belong to.
async fn refuse_newer(transaction: &mut Transaction) -> Result<(), RestoreError> {
    let (found, supported) = (schema::number(transaction).await?, schema::SUPPORTED);
    if found > supported { Err(RestoreError::NewerStore { found, supported }) } else { Ok(()) }
}

/// Refuses a registry that holds anything beside what every one begins with.
async fn refuse_rows(transaction: &mut Transaction) -> Result<(), RestoreError> {
    for table in schema::tables().filter(|table| schema::filled_tables().all(|filled| filled != *table)) {
        let rows = transaction.count(table).await?;
        if rows > 0 {
            return Err(RestoreError::NotEmpty { table, rows });
        }
    }
    Ok(())
}

fn foreign() -> RestoreError {
    RestoreError::NotABackup { found: "another kind of file, or the first bytes of one".to_owned() }
}

/// A file that ends too early is told from one that cannot be read.
fn unreadable(error: std::io::Error) -> RestoreError {
    if error.kind() == std::io::ErrorKind::UnexpectedEof { RestoreError::CutOff } else { RestoreError::Read(error) }
}
