//! Names that move from version to version: `champion`, the one that answers, and `previous`, the one that answered before it.

use serde::Serialize;
use serde_json::{Value, json};

use crate::audit::{Entry, note};
use crate::database::{Row, Transaction};
use crate::versions::{known, version_of};
use crate::{ModelVersion, Registry, RegistryError};

pub(crate) const SQL: &str = "SELECT champion, previous, generation, watched_from FROM aliases";

/// Which version answers, and which did before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize)]
pub struct Aliases {
    /// The version that answers, if one was promoted.
    pub champion: Option<ModelVersion>,
    /// The version that answered before it.
    pub previous: Option<ModelVersion>,
    /// Grows by one with each move.
    pub generation: i64,
    /// The number of the last observation before the champion was promoted: those after it tell how it does. `None` where it is back from
    /// before, and need not be watched.
    pub watched_from: Option<i64>,
}

/// Who moves the aliases, and why.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// The figures that speak for it; `null` where there are none.
    pub figures: Value,
    /// The champion the decision was made about: the change is refused if another one is champion by now. `None` makes it anyway.
    pub expected_champion: Option<Option<ModelVersion>>,
}

impl Registry {
    /// Which version answers, and which did before; one small read, cheap enough for several a second.
    ///
    /// **Errors**: a database that cannot be reached.
    pub fn aliases(&self) -> Result<Aliases, RegistryError> {
        let rows = self.wait(self.database().fetch(SQL, Vec::new()))?;
        rows.first().map_or_else(|| Ok(Aliases::default()), read)
    }

    /// Makes `version` the champion and the champion the previous one, at once and wholly. The champion itself stays as it is.
    ///
    /// **Errors**: an unknown version; another champion than the one expected; a database that cannot be reached or written.
    pub fn promote(&self, version: ModelVersion, change: &Change) -> Result<Aliases, RegistryError> {
        self.move_aliases("promote", change, async |transaction, before| {
            let known = known(transaction).await?;
            if !known.contains(&version) {
                return Err(RegistryError::UnknownVersion { version, known });
            }
            let last = transaction.number("SELECT COALESCE(MAX(number), 0) AS number FROM observations", Vec::new()).await?;
            Ok(Aliases { champion: Some(version), previous: before.champion, watched_from: Some(last), ..before })
        })
    }

    /// Lets the champion and the previous version change places.
    ///
    /// **Errors**: no previous version; another champion than the one expected; a database that cannot be reached or written.
    pub fn rollback(&self, change: &Change) -> Result<Aliases, RegistryError> {
        self.move_aliases("rollback", change, async |_, before| match before.previous {
            Some(previous) => Ok(Aliases { champion: Some(previous), previous: before.champion, watched_from: None, ..before }),
            None => Err(RegistryError::NoPrevious),
        })
    }

    /// Moves the aliases to what `choose` makes of them, and notes it in the same transaction.
    fn move_aliases(
        &self,
        action: &str,
        change: &Change,
        choose: impl AsyncFnOnce(&mut Transaction, Aliases) -> Result<Aliases, RegistryError>,
    ) -> Result<Aliases, RegistryError> {
        self.wait(async {
            let mut transaction = self.database().write().await?;
            let before = read_in(&mut transaction).await?;
            if let Some(expected) = change.expected_champion
                && expected != before.champion
            {
                return Err(RegistryError::Moved { expected, found: before.champion });
            }
            let after = choose(&mut transaction, before).await?;
            if after.champion == before.champion {
                return Ok(before);
            }
            let after = Aliases { generation: before.generation + 1, ..after };
            write_in(&mut transaction, after).await?;
            let details = json!({ "reason": change.reason, "figures": change.figures, "before": before, "after": after });
            let subject = after.champion.map(|version| version.to_string()).unwrap_or_default();
            note(&mut transaction, &Entry { by: &change.by, action, subject: &subject, details: &details }).await?;
            transaction.commit().await?;
            Ok(after)
        })
    }
}

pub(crate) async fn read_in(transaction: &mut Transaction) -> Result<Aliases, RegistryError> {
    transaction.fetch(SQL, Vec::new()).await?.first().map_or_else(|| Ok(Aliases::default()), read)
}

pub(crate) async fn write_in(transaction: &mut Transaction, aliases: Aliases) -> Result<(), RegistryError> {
    let number = |version: Option<ModelVersion>| version.map(|version| i64::from(version.number()));
    let values =
        vec![number(aliases.champion).into(), number(aliases.previous).into(), aliases.generation.into(), aliases.watched_from.into()];
    transaction.execute("UPDATE aliases SET champion = $1, previous = $2, generation = $3, watched_from = $4", values).await?;
    Ok(())
}

pub(crate) fn read(row: &Row) -> Result<Aliases, RegistryError> {
    let version = |column| row.maybe_integer(column)?.map(|number| version_of("aliases", number)).transpose();
    Ok(Aliases {
        champion: version("champion")?,
        previous: version("previous")?,
        generation: row.integer("generation")?,
        watched_from: row.maybe_integer("watched_from")?,
    })
}
