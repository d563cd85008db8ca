//! Names that move from version to version: `champion`, the one that answers, `previous`, the one that answered before it, and `anchor`, the one that an
//! admin confirmed last.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Value, json};

use crate::audit::{Entry, note};
use crate::database::{Row, Transaction};
use crate::versions::{known, version_of};
use crate::{ModelVersion, Registry, RegistryError};

pub(crate) const SQL: &str = "SELECT champion, previous, generation, watched_from, anchor, anchored_through FROM aliases";

/// Which version answers, which did before, and which was confirmed.
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
    /// The version that an admin confirmed last: the first one, one that was promoted by name or by force. Only an admin moves it. Where an older release
    /// moved the aliases and none is known, it is the champion.
    pub anchor: Option<ModelVersion>,
    /// The last batch of observations that was kept when the anchor was confirmed; `None` where that is not known.
    pub anchored_through: Option<i64>,
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
    /// Whether an admin asks for it: a version that is promoted is the anchor from then on, and one that is gone back to from the anchor too. The first
    /// version of all is, whoever promotes it.
    pub confirms: bool,
}

impl Registry {
    /// Which version answers, and which did before; one small read, cheap enough for several a second.
    ///
    /// **Errors**: a database that cannot be reached.
    pub fn aliases(&self) -> Result<Aliases, RegistryError> {
        let rows = self.wait(self.database().fetch(SQL, Vec::new()))?;
        rows.first().map_or_else(|| Ok(Aliases::default()), read)
    }

    /// Makes `version` the champion and the champion the previous one, at once and wholly. The champion itself stays as it is, and may be confirmed.
    ///
    /// **Errors**: an unknown version; another champion than the one expected; a database that cannot be reached or written.
    pub fn promote(&self, version: ModelVersion, change: &Change) -> Result<Aliases, RegistryError> {
        self.move_aliases("promote", change, async |transaction, before| {
            let known = known(transaction).await?;
            if !known.contains(&version) {
                return Err(RegistryError::UnknownVersion { version, known });
            }
            if before.champion == Some(version) && (before.anchor == Some(version) || !change.confirms) {
                return Ok(before);
            }
            let confirmed = if becomes_anchor(before, change, Step::Forward) {
                let last = transaction.number("SELECT COALESCE(MAX(id), 0) AS number FROM batches", Vec::new()).await?;
                Aliases { anchor: Some(version), anchored_through: Some(last), ..before }
            } else {
                before
            };
            if before.champion == Some(version) {
                return Ok(confirmed);
            }
            let last = transaction.number("SELECT COALESCE(MAX(number), 0) AS number FROM observations", Vec::new()).await?;
            Ok(Aliases { champion: Some(version), previous: before.champion, watched_from: Some(last), ..confirmed })
        })
    }

    /// Lets the champion and the previous version change places. A confirmation of the champion is taken back with it where an admin asks for it.
    ///
    /// **Errors**: no previous version; another champion than the one expected; a database that cannot be reached or written.
    pub fn rollback(&self, change: &Change) -> Result<Aliases, RegistryError> {
        self.move_aliases("rollback", change, async |_, before| match before.previous {
            Some(previous) => Ok(back(before, previous, change)),
            None => Err(RegistryError::NoPrevious),
        })
    }

    /// Makes a version the champion that was the champion at some time before, however many came since.
    ///
    /// **Errors**: an unknown version, or one that never was the champion; another champion than the one expected; a database that cannot be reached or
    /// written.
    pub fn rollback_to(&self, version: ModelVersion, change: &Change) -> Result<Aliases, RegistryError> {
        self.move_aliases("rollback", change, async |transaction, before| {
            let known = known(transaction).await?;
            if !known.contains(&version) {
                return Err(RegistryError::UnknownVersion { version, known });
            }
            if before.champion == Some(version) {
                return Ok(before);
            }
            let is_named = [before.previous, before.anchor].contains(&Some(version));
            if !is_named && !champions(transaction).await?.contains(&version) {
                return Err(RegistryError::NeverChampion { version });
            }
            Ok(back(before, version, change))
        })
    }

    /// Versions that were the champion at some time, the champion among them.
    ///
    /// **Errors**: a database that cannot be reached.
    pub fn champions(&self) -> Result<BTreeSet<ModelVersion>, RegistryError> {
        self.wait(async {
            let mut snapshot = self.database().snapshot().await?;
            let mut found = champions(&mut snapshot).await?;
            // A store of the layout before has a champion, and no record of its promotion.
            let Aliases { champion, previous, .. } = read_in(&mut snapshot).await?;
            found.extend([champion, previous].into_iter().flatten());
            Ok(found)
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
            if after == before {
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

/// Which way the champion moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Forward,
    Back,
}

/// Whether the version that becomes the champion becomes the anchor too. What the service does by itself leaves the anchor where it is: it bounds how far
/// the champion moves without an admin.
fn becomes_anchor(before: Aliases, change: &Change, step: Step) -> bool {
    match step {
        Step::Forward => change.confirms || before.champion.is_none(),
        Step::Back => change.confirms && before.anchor == before.champion,
    }
}

/// The aliases once `version` is back.
fn back(before: Aliases, version: ModelVersion, change: &Change) -> Aliases {
    let anchor = if becomes_anchor(before, change, Step::Back) { Some(version) } else { before.anchor };
    Aliases { champion: Some(version), previous: before.champion, watched_from: None, anchor, ..before }
}

/// Versions that were the champion at some time, as the audit log has them.
async fn champions(transaction: &mut Transaction) -> Result<BTreeSet<ModelVersion>, RegistryError> {
    const MOVES: &str = "SELECT details FROM audit_log WHERE action IN ('promote', 'rollback')";
    let mut found = BTreeSet::new();
    for row in transaction.fetch(MOVES, Vec::new()).await? {
        let details = row.json("audit_log", "details")?;
        let named = ["before", "after"].into_iter().filter_map(|side| details[side]["champion"].as_str()?.parse::<ModelVersion>().ok());
        found.extend(named);
    }
    Ok(found)
}

pub(crate) async fn read_in(transaction: &mut Transaction) -> Result<Aliases, RegistryError> {
    transaction.fetch(SQL, Vec::new()).await?.first().map_or_else(|| Ok(Aliases::default()), read)
}

pub(crate) async fn write_in(transaction: &mut Transaction, aliases: Aliases) -> Result<(), RegistryError> {
    let number = |version: Option<ModelVersion>| version.map(|version| i64::from(version.number()));
    const SET: &str =
        "UPDATE aliases SET champion = $1, previous = $2, generation = $3, watched_from = $4, anchor = $5, anchored_through = $6";
    let values = vec![
        number(aliases.champion).into(),
        number(aliases.previous).into(),
        aliases.generation.into(),
        aliases.watched_from.into(),
        number(aliases.anchor).into(),
        aliases.anchored_through.into(),
    ];
    transaction.execute(SET, values).await?;
    Ok(())
}

pub(crate) fn read(row: &Row) -> Result<Aliases, RegistryError> {
    let version = |column| row.maybe_integer(column)?.map(|number| version_of("aliases", number)).transpose();
    let champion = version("champion")?;
    Ok(Aliases {
        champion,
        previous: version("previous")?,
        generation: row.integer("generation")?,
        watched_from: row.maybe_integer("watched_from")?,
        anchor: version("anchor")?.or(champion),
        anchored_through: row.maybe_integer("anchored_through")?,
    })
}
