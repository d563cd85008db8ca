//! What can be wrong with a store as a whole.

use crate::ModelVersion;

/// How what is there differs from a store that is whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreFault {
    /// Other parts of a store are there, and its database is not.
    #[error("its database `{file}` is missing or empty, and other parts of it are there")]
    NoDatabase {
        /// The database's file.
        file: String,
    },
    /// Other parts of a store are there, and its database holds nothing.
    #[error("its database holds no tables of a store, and other parts of it are there")]
    EmptyDatabase,
    /// The database is no database, or its pages are damaged.
    #[error("its database cannot be read: {reason}")]
    UnreadableDatabase {
        /// What the database reported.
        reason: String,
    },
    /// The database has lost versions.
    #[error("`{last}` was made, and the database has {}", .newest.map_or("no version".to_owned(), |newest| format!("none after `{newest}`")))]
    LostVersions {
        /// The newest version that ever was.
        last: ModelVersion,
        /// The newest version that is there.
        newest: Option<ModelVersion>,
    },
    /// The database has lost its champion.
    #[error("its database has lost the alias `champion`, or the version that has it")]
    LostChampion,
    /// The database belongs to one store, and the folder or the object store to another.
    #[error("its database is that of the store `{database}`, and its objects are those of the store `{objects}`")]
    OtherStore {
        /// The identity that the database has.
        database: String,
        /// The identity that stands beside the objects.
        objects: String,
    },
    /// The database names objects, and none of them is there.
    #[error("its database names {named} models and batches of rows, and none of them is there")]
    NoObjects {
        /// How many it names.
        named: usize,
    },
    /// There are objects, and the database names none.
    #[error("there are {found} models and batches of rows, and its database names none of them")]
    NoRows {
        /// How many there are.
        found: usize,
    },
    /// The file `format` does not hold a number.
    #[error("its file `format` must hold the number of its layout, `{expected}`, found {}", if .found.is_empty() { "nothing".to_owned() } else { format!("`{found}`") })]
    BadFormat {
        /// What it holds.
        found: String,
        /// What it must hold.
        expected: u32,
    },
}
