//! Model versions: an artifact, what it says of itself, where it comes from. A version never changes once it is there.

use serde::Serialize;
use serde_json::{Value, json};

use crate::audit::{Entry, note};
use crate::database::{Row, Transaction};
use crate::objects::{Folder, Stored};
use crate::{ModelVersion, Registry, RegistryError, Timestamp, schema};

/// A version to be kept.
#[derive(Clone, Debug)]
pub struct NewVersion<'a> {
    /// The model's bytes.
    pub artifact: &'a [u8],
    /// What is known of it: its metrics, its training. The registry does not look inside.
    pub about: &'a Value,
    /// What tells the data it was trained on from others.
    pub data_fingerprint: Option<&'a str>,
    /// The version it goes on from.
    pub parent: Option<ModelVersion>,
    /// Who made it.
    pub made_by: &'a str,
    /// Why.
    pub reason: &'a str,
}

/// A version that is kept, without its bytes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VersionRecord {
    /// Its name.
    pub version: ModelVersion,
    /// Length of its artifact.
    pub size_bytes: u64,
    /// SHA-256 of its artifact.
    pub sha256: String,
    /// What is known of it; `null` for one taken over from a store of the layout before.
    pub about: Value,
    /// What tells the data it was trained on from others.
    pub data_fingerprint: Option<String>,
    /// The version it goes on from.
    pub parent: Option<ModelVersion>,
    /// When it was made.
    pub made_at: Timestamp,
    /// Who made it.
    pub made_by: String,
    /// Why.
    pub reason: String,
    /// Where its bytes are.
    #[serde(skip)]
    pub(crate) object: String,
}

macro_rules! columns {
    ($rest:literal) => {
        concat!(
            "SELECT number, object, sha256, size_bytes, about, data_fingerprint, parent, made_at, made_by, reason FROM versions ",
            $rest
        )
    };
}

/// All rows.
pub(crate) const EVERY: &str = columns!("");

impl Registry {
    /// Keeps an artifact as a new version. It is not the champion until it is promoted.
    ///
    /// The bytes are stored, and flushed, before the version is there, so that a version is always whole; bytes that a crash leaves without
    /// a version do no harm, and [`Registry::sweep`] removes them.
    ///
    /// **Errors**: an unknown parent; a full disk; a database or an object store that cannot be reached or written.
    pub fn put(&self, new: &NewVersion<'_>) -> Result<ModelVersion, RegistryError> {
        self.keep(new, false)
    }

    /// Does what [`Registry::put`] does, unless a version with these bytes is there: that one it is then, however many put them at once.
    ///
    /// **Errors**: as of [`Registry::put`].
    pub fn put_once(&self, new: &NewVersion<'_>) -> Result<ModelVersion, RegistryError> {
        self.keep(new, true)
    }

    fn keep(&self, new: &NewVersion<'_>, once: bool) -> Result<ModelVersion, RegistryError> {
        let stored = self.wait_long(self.objects().put(Folder::Models, new.artifact))?;
        self.wait(async {
            let mut transaction = self.database().write().await?;
            if once {
                const SAME: &str = "SELECT number FROM versions WHERE sha256 = $1 ORDER BY number LIMIT 1";
                if let Some(row) = transaction.fetch(SAME, vec![stored.sha256.as_str().into()]).await?.first() {
                    return version_of("versions", row.integer("number")?);
                }
            }
            let known = known(&mut transaction).await?;
            if let Some(version) = new.parent.filter(|parent| !known.contains(parent)) {
                return Err(RegistryError::UnknownVersion { version, known });
            }
            let version = ModelVersion::new(known.last().map_or(1, |last| last.number() + 1));
            insert(&mut transaction, version, new, &stored).await?;
            let details = json!({ "reason": new.reason, "sha256": stored.sha256, "parent": new.parent });
            note(&mut transaction, &Entry { by: new.made_by, action: "put", subject: &version.to_string(), details: &details }).await?;
            transaction.commit().await?;
            Ok(version)
        })
    }

    /// The bytes of a version, as they were put.
    ///
    /// **Errors**: an unknown version; bytes that are not there or are not those that were put; a database or an object store that cannot be
    /// reached.
    pub fn read(&self, version: ModelVersion) -> Result<Vec<u8>, RegistryError> {
        let record = self.version(version)?;
        let stored = Stored { object: record.object, sha256: record.sha256, size_bytes: record.size_bytes };
        let read = self.wait_long(self.objects().read(&stored))?;
        read.map_err(|fault| RegistryError::DamagedVersion { version, object: stored.object, fault })
    }

    /// All versions, the oldest first.
    ///
    /// **Errors**: a database that cannot be reached.
    pub fn list(&self) -> Result<Vec<VersionRecord>, RegistryError> {
        self.wait(self.database().fetch(columns!("ORDER BY number"), Vec::new()))?.iter().map(record).collect()
    }

    /// What is known of a version.
    ///
    /// **Errors**: an unknown version; a database that cannot be reached.
    pub fn version(&self, version: ModelVersion) -> Result<VersionRecord, RegistryError> {
        let rows = self.wait(self.database().fetch(columns!("WHERE number = $1"), vec![i64::from(version.number()).into()]))?;
        match rows.first() {
            Some(row) => record(row),
            None => Err(RegistryError::UnknownVersion { version, known: self.list()?.iter().map(|record| record.version).collect() }),
        }
    }
}

/// The names of all versions, the oldest first.
pub(crate) async fn known(transaction: &mut Transaction) -> Result<Vec<ModelVersion>, RegistryError> {
    let rows = transaction.fetch("SELECT number FROM versions ORDER BY number", Vec::new()).await?;
    rows.iter().map(|row| version_of("versions", row.integer("number")?)).collect()
}

pub(crate) async fn insert(
    transaction: &mut Transaction,
    version: ModelVersion,
    new: &NewVersion<'_>,
    stored: &Stored,
) -> Result<(), RegistryError> {
    let values = vec![
        i64::from(version.number()).into(),
        stored.object.as_str().into(),
        stored.sha256.as_str().into(),
        i64::try_from(stored.size_bytes).unwrap_or(i64::MAX).into(),
        new.about.into(),
        new.data_fingerprint.into(),
        new.parent.map(|parent| i64::from(parent.number())).into(),
        Timestamp::now().into(),
        new.made_by.into(),
        new.reason.into(),
    ];
    let into = "versions (number, object, sha256, size_bytes, about, data_fingerprint, parent, made_at, made_by, reason)";
    transaction.insert(into, values.len(), values).await?;
    schema::count_version(transaction, i64::from(version.number())).await
}

/// The version a stored number stands for.
pub(crate) fn version_of(table: &'static str, number: i64) -> Result<ModelVersion, RegistryError> {
    let version = u32::try_from(number).map(ModelVersion::new);
    version.map_err(|_| RegistryError::BadRow { table, reason: format!("{number} is no version's number") })
}

pub(crate) fn record(row: &Row) -> Result<VersionRecord, RegistryError> {
    Ok(VersionRecord {
        version: version_of("versions", row.integer("number")?)?,
        size_bytes: u64::try_from(row.integer("size_bytes")?).unwrap_or_default(),
        sha256: row.text("sha256")?,
        about: row.json("versions", "about")?,
        data_fingerprint: row.maybe_text("data_fingerprint")?,
        parent: row.maybe_integer("parent")?.map(|number| version_of("versions", number)).transpose()?,
        made_at: row.time("made_at")?,
        made_by: row.text("made_by")?,
        reason: row.text("reason")?,
        object: row.text("object")?,
    })
}
