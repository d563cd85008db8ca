//! Uploads: files that came with a request for work. Whichever replica takes the job finds them, and so does a retry of it.

use std::fs::File;

use serde::Serialize;
use serde_json::Value;

use super::{Asker, JobId, queue, room};
use crate::database::{Row, Transaction};
use crate::objects::{Folder, Stored};
use crate::{Registry, RegistryError};

/// What others put into the artifact store for this service lies under this name.
const INCOMING: &str = "incoming/";

/// A file that comes with a request.
#[derive(Debug)]
pub struct NewUpload<'a> {
    /// What it is called, for messages and for telling its format.
    pub name: &'a str,
    /// Its contents, from the first byte to the last.
    pub file: &'a File,
}

/// A file that came with a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Upload {
    /// What it is called.
    pub name: String,
    #[serde(skip)]
    pub(crate) stored: Stored,
}

impl Registry {
    /// Asks for work as [`Registry::enqueue`] does, and keeps the files it needs. They are kept when this returns.
    ///
    /// **Errors**: [`RegistryError::QueueFull`], [`RegistryError::UploadsFull`]; a full disk; a database or an object store that cannot be reached or
    /// written; nothing is asked for then.
    pub fn enqueue_with<'a>(
        &self,
        kind: &str,
        request: &Value,
        asker: impl Into<Asker<'a>>,
        files: &[NewUpload<'_>],
    ) -> Result<JobId, RegistryError> {
        let asker = asker.into();
        let lengths = files.iter().map(|file| file.file.metadata().map_or(0, |metadata| metadata.len()));
        let bytes = lengths.fold(0, u64::saturating_add);
        self.check_room(asker, bytes)?;
        let mut stored = Vec::with_capacity(files.len());
        for file in files {
            stored.push((file.name, self.wait_long(self.objects().put_file(Folder::Uploads, file.file))?));
        }
        let queued = self.wait(async {
            let mut transaction = self.database().write().await?;
            // Others may have asked since.
            room(&mut transaction, asker, bytes).await?;
            let job = queue(&mut transaction, kind, request, asker.by, None).await?;
            let values = (1..).zip(&stored).flat_map(|(number, (name, stored))| {
                let size = i64::try_from(stored.size_bytes).unwrap_or(i64::MAX);
                [job.0.into(), number.into(), (*name).into(), stored.object.as_str().into(), stored.sha256.as_str().into(), size.into()]
            });
            transaction.insert(INTO, 6, values.collect()).await?;
            transaction.commit().await?;
            Ok(job)
        });
        if matches!(queued, Err(RegistryError::QueueFull { .. } | RegistryError::UploadsFull { .. })) {
            for (_, stored) in &stored {
                // What cannot be removed now is swept: no row names it.
                drop(self.wait_long(self.objects().remove(&stored.object)));
            }
        }
        queued
    }

    /// The files of a job, in the order they came; none once it succeeded or a day after it ended otherwise.
    ///
    /// **Errors**: a database that cannot be reached.
    pub fn uploads(&self, job: JobId) -> Result<Vec<Upload>, RegistryError> {
        const SQL: &str = "SELECT name, object, sha256, size_bytes FROM uploads WHERE job = $1 ORDER BY number";
        self.wait(self.database().fetch(SQL, vec![job.0.into()]))?.iter().map(upload).collect()
    }

    /// The bytes of a file, as they came.
    ///
    /// **Errors**: bytes that are not there or not those that came; an object store that cannot be reached.
    pub fn read_upload(&self, upload: &Upload) -> Result<Vec<u8>, RegistryError> {
        let read = self.wait_long(self.objects().read(&upload.stored))?;
        read.map_err(|fault| RegistryError::DamagedUpload { name: upload.name.clone(), fault })
    }

    /// Copies what others put into the artifact store, under `incoming/`, into a file; its length, which is beyond `most` where nothing was
    /// copied, or `None` where there is no such object.
    ///
    /// **Errors**: an object store that cannot be reached.
    pub fn copy_incoming(&self, name: &str, file: &File, most: u64) -> Result<Option<u64>, RegistryError> {
        self.wait_long(self.objects().copy_foreign(&format!("{INCOMING}{name}"), file, most))
    }
}

/// All rows.
pub(crate) const EVERY: &str = "SELECT name, object, sha256, size_bytes FROM uploads";

const INTO: &str = "uploads (job, number, name, object, sha256, size_bytes)";

/// Hands a job's files on to the job that tries it again.
pub(crate) async fn hand_on(transaction: &mut Transaction, from: JobId, to: JobId) -> Result<(), RegistryError> {
    const SQL: &str = "INSERT INTO uploads (job, number, name, object, sha256, size_bytes)
        SELECT $2, number, name, object, sha256, size_bytes FROM uploads WHERE job = $1";
    transaction.execute(SQL, vec![from.0.into(), to.0.into()]).await.map(|_| ())
}

/// Forgets a job's files; gives back the objects that no other job needs.
pub(crate) async fn forget(transaction: &mut Transaction, job: JobId) -> Result<Vec<String>, RegistryError> {
    const ALONE: &str = "SELECT object FROM uploads WHERE job = $1 AND object NOT IN (SELECT object FROM uploads WHERE job <> $1)";
    let objects = transaction.fetch(ALONE, vec![job.0.into()]).await?;
    transaction.execute("DELETE FROM uploads WHERE job = $1", vec![job.0.into()]).await?;
    objects.iter().map(|row| row.text("object")).collect()
}

pub(crate) fn upload(row: &Row) -> Result<Upload, RegistryError> {
    let size_bytes = u64::try_from(row.integer("size_bytes")?).unwrap_or_default();
    let stored = Stored { object: row.text("object")?, sha256: row.text("sha256")?, size_bytes };
    Ok(Upload { name: row.text("name")?, stored })
}
