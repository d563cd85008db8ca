//! What a database records of the store it belongs to, beside its schema.

use super::{NUMBER, TABLE, number_in};
use crate::RegistryError;
use crate::database::{Database, Transaction};
use crate::identity::Identity;

/// The schema since which there is an identity.
const IDENTIFIED: i64 = 4;

/// How many rows of aliases are as some registry has them; there is one row.
const ALIASES: &str = "SELECT COUNT(*) AS number FROM aliases
    WHERE (champion IS NULL AND generation = 0) OR champion IN (SELECT number FROM versions)";

/// What a database with tables of a store records of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// The store's identity; `None` where a release before it made the tables, and no later one has opened them.
    pub(crate) identity: Option<Identity>,
    /// The greatest number that any version ever had.
    pub(crate) last_version: i64,
    /// The greatest number that a version has now; 0 where there is none.
    pub(crate) versions: i64,
    /// Whether the aliases are those of some registry: a champion that is there, or none where there never was one.
    pub(crate) has_aliases: bool,
}

/// Reads it; `None` where the database has no tables of a store. Nothing is changed.
pub(crate) async fn state(database: &Database) -> Result<Option<State>, RegistryError> {
    if !database.has_table(TABLE).await? {
        return Ok(None);
    }
    let Some(schema) = number_in(&database.fetch(NUMBER, Vec::new()).await?)?.filter(|number| *number > 0) else { return Ok(None) };
    let mut state = State::default();
    if database.has_table("versions").await? && database.has_table("aliases").await? {
        let rows = database.fetch("SELECT COALESCE(MAX(number), 0) AS number FROM versions", Vec::new()).await?;
        state.versions = number_in(&rows)?.unwrap_or_default();
        let rows = database.fetch(ALIASES, Vec::new()).await?;
        state.has_aliases = number_in(&rows)? == Some(1);
    }
    if schema >= IDENTIFIED {
        let rows = database.fetch("SELECT identity, last_version FROM registry_schema", Vec::new()).await?;
        if let Some(row) = rows.first() {
            state.identity = Identity::of(&row.text("identity")?);
            state.last_version = row.integer("last_version")?;
        }
    }
    Ok(Some(state))
}

/// The store's identity, which is `proposed` where it has none yet; of several replicas one sets it.
pub(crate) async fn identify(database: &Database, proposed: Identity) -> Result<Identity, RegistryError> {
    if let Some(State { identity: Some(identity), .. }) = state(database).await? {
        return Ok(identity);
    }
    let mut transaction = database.write().await?;
    let sql = "UPDATE registry_schema SET identity = $1 WHERE identity = ''";
    let is_set = transaction.execute(sql, vec![proposed.as_str().into()]).await? > 0;
    transaction.commit().await?;
    if is_set {
        return Ok(proposed);
    }
    Ok(state(database).await?.and_then(|state| state.identity).unwrap_or(proposed))
}

/// Records that there is a version of that number, in the transaction that makes it.
pub(crate) async fn count_version(transaction: &mut Transaction, number: i64) -> Result<(), RegistryError> {
    let sql = "UPDATE registry_schema SET last_version = $1 WHERE last_version < $1";
    transaction.execute(sql, vec![number.into()]).await.map(|_| ())
}

/// Records which versions there are, where all of them have been replaced.
pub(crate) async fn count_versions(transaction: &mut Transaction) -> Result<(), RegistryError> {
    let sql = "UPDATE registry_schema SET last_version = (SELECT COALESCE(MAX(number), 0) FROM versions)";
    transaction.execute(sql, Vec::new()).await.map(|_| ())
}
