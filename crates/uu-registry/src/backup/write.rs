//! Writing a backup.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use sqlx::AssertSqlSafe;
use tar::{Builder, EntryType};
use zstd::stream::write::Encoder;

use super::pages::{Page, all_rows};
use super::{BackupError, Contents, END, FORMAT, HEADER, Header, OBJECTS, TABLES};
use crate::database::Transaction;
use crate::objects::{Folder, Stored};
use crate::{ObjectFault, Registry, schema};

/// Fast, and half the size already: artifacts hardly get smaller with more.
const COMPRESSION: i32 = 3;

impl Registry {
    /// Writes all of the registry as it is at this instant; others go on reading and writing meanwhile.
    ///
    /// **Errors**: [`BackupError`]; what was written until then is no backup, and is refused as one.
    pub fn backup(&self, out: impl Write) -> Result<Contents, BackupError> {
        let mut archive = Archive::new(out)?;
        let mut contents = Contents::default();
        let mut objects = BTreeMap::new();
        self.wait_long(async {
            let mut snapshot = self.database().snapshot().await?;
            // The database's own, which may be those of a newer release: what this one does not know is kept too.
            let (schema, tables) = (schema::number(&mut snapshot).await?, schema::all_tables(&mut snapshot).await?);
            let header = Header { format: FORMAT, release: env!("CARGO_PKG_VERSION").to_owned(), schema, tables };
            archive.json(HEADER, &header)?;
            for table in header.tables {
                let rows = write_table(&mut archive, &mut snapshot, &table, &mut objects).await?;
                contents.rows.insert(table, rows);
            }
            Ok::<(), BackupError>(())
        })?;
        for (object, stored) in objects {
            match self.wait_long(self.objects().read(&stored))? {
                Ok(bytes) => {
                    archive.add(&format!("{OBJECTS}{object}"), &bytes)?;
                    contents.objects += 1;
                    contents.object_bytes += stored.size_bytes;
                }
                Err(ObjectFault::Missing) if Folder::Uploads.is_own(&object) => contents.gone.push(object),
                Err(fault) => return Err(BackupError::Damaged { object, fault }),
            }
        }
        archive.json(END, &contents)?;
        archive.finish()?;
        Ok(contents)
    }
}

/// Writes a table; gives back how many rows it has, and adds the objects they name to `objects`.
async fn write_table<W: Write>(
    archive: &mut Archive<W>,
    snapshot: &mut Transaction,
    table: &str,
    objects: &mut BTreeMap<String, Stored>,
) -> Result<u64, BackupError> {
    let (mut page, mut pages, mut rows) = (Page::default(), 0_u32, 0_u64);
    let mut flush = |page: Page| {
        pages += 1;
        objects.extend(page.objects().into_iter().map(|stored| (stored.object.clone(), stored)));
        archive.json(&format!("{TABLES}{table}/{pages:06}.json"), &page)
    };
    let columns: Vec<String> = snapshot.columns(table).await?.into_iter().map(|(name, _)| name).collect();
    snapshot
        .each(AssertSqlSafe(all_rows(table, &columns)), |row| {
            page.add(row)?;
            rows += 1;
            if page.is_full() { flush(std::mem::take(&mut page)) } else { Ok(()) }
        })
        .await?;
    if !page.rows.is_empty() {
        flush(page)?;
    }
    Ok(rows)
}

/// A compressed archive that is being written.
struct Archive<W: Write> {
    builder: Builder<Encoder<'static, W>>,
}

impl<W: Write> Archive<W> {
    fn new(out: W) -> Result<Self, BackupError> {
        let mut encoder = Encoder::new(out, COMPRESSION).map_err(BackupError::Write)?;
        encoder.include_checksum(true).map_err(BackupError::Write)?;
        Ok(Self { builder: Builder::new(encoder) })
    }

    fn json(&mut self, name: &str, value: &impl Serialize) -> Result<(), BackupError> {
        let bytes = serde_json::to_vec(value).map_err(|error| BackupError::Write(error.into()))?;
        self.add(name, &bytes)
    }

    /// Adds a file. Owner and time are none: the same registry gives the same bytes.
    fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), BackupError> {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o600);
        header.set_size(bytes.len() as u64);
        self.builder.append_data(&mut header, name, bytes).map_err(BackupError::Write)
    }

    fn finish(self) -> Result<(), BackupError> {
        let finished = self.builder.into_inner().and_then(Encoder::finish).and_then(|mut out: W| out.flush());
        finished.map_err(|error: io::Error| BackupError::Write(error))
    }
}
