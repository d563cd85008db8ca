//! A registry as one file, and a registry made of such a file.
//!
//! ```text
//! backup.tar.zst
//!   backup.json               format, schema, tables
//!   tables/versions/000001.json   rows of a table, some thousands a file: the names of its columns, then their values
//!   objects/models/..         the bytes that rows name, under the names they have in the store
//!   end.json                  how many rows of each table and how many objects: a file without it is not whole
//! ```
//!
//! Tables and columns are taken as the database has them, so that a migration changes nothing here, not even one of a newer release: a backup
//! has the database's schema. Restoring takes a release that knows that schema. Rows are numbers and texts, which both databases hold alike: a
//! backup of one goes into the other.
//!
//! The rows are those of one instant. Objects are read after them, without a lock: they never change, and one that a row names stays. Uploads
//! alone are removed with their job, which may be in between: such a one is told in `end.json`, and the job cannot be tried again.

mod error;
mod pages;
mod read;
mod verify;
mod write;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use error::{BackupError, RestoreError};
pub use read::Onto;

/// Grows where an older release could not read what a newer one writes.
const FORMAT: u32 = 1;

const HEADER: &str = "backup.json";
const TABLES: &str = "tables/";
const OBJECTS: &str = "objects/";
const END: &str = "end.json";

/// Begins the file: what is needed to decide whether it can be read.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    format: u32,
    release: String,
    schema: i64,
    tables: Vec<String>,
}

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Contents {
    /// Rows of each table.
    pub rows: BTreeMap<String, u64>,
    /// Artifacts and large batches of observations.
    pub objects: u64,
    /// Bytes of these.
    pub object_bytes: u64,
    /// Uploads whose job ended, and which were removed, between the rows and the objects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<String>,
}
