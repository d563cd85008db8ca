//! How a database is brought up to this release's tables, and what happens where a newer release was there before.
//!
//! The table `registry_schema` has one row. `number`: how many migrations were applied. `lowest`: the least schema a release must have to work on the
//! database, which is that of the last migration that stops older ones. Both only grow. A release below `number` and not below `lowest` goes on with what
//! it knows and leaves the schema alone: that is the old one after a deployment that failed, or was rolled back.

mod migrations;
mod state;
#[cfg(test)]
mod tests;

use crate::RegistryError;
use crate::database::{Database, Row, Transaction};
use migrations::{MIGRATIONS, Migration, Older};
pub(crate) use state::{State, count_version, count_versions, identify, state};

/// Holds what the database says of its schema.
const TABLE: &str = "registry_schema";

/// The number alone: before the third migration there is nothing else.
const NUMBER: &str = "SELECT number FROM registry_schema";

/// The schema this release writes.
pub(crate) const SUPPORTED: i64 = number_of(MIGRATIONS);

/// Brings the database up to this release's schema. Several replicas may do so at once: one does, the others find it done.
///
/// **Errors**: a newer schema that this release cannot work on; a database that cannot be reached or written.
pub(crate) async fn migrate(database: &Database) -> Result<(), RegistryError> {
    bring_up(database, MIGRATIONS).await
}

async fn bring_up(database: &Database, migrations: &'static [Migration]) -> Result<(), RegistryError> {
    let supported = number_of(migrations);
    // Most starts find nothing to do, and need not wait for a writer.
    if database.has_table(TABLE).await? {
        let applied = number_in(&database.fetch(NUMBER, Vec::new()).await?)?.unwrap_or_default();
        if applied >= supported {
            return accept(database, applied, supported).await;
        }
    }
    let mut transaction = database.write().await?;
    let applied = prepare(&mut transaction).await?;
    if applied >= supported {
        // Another replica was faster, perhaps one of a newer release.
        drop(transaction);
        return accept(database, applied, supported).await;
    }
    for migration in migrations.iter().skip(usize::try_from(applied).unwrap_or_default()) {
        for statement in migration.statements {
            transaction.execute(*statement, Vec::new()).await?;
        }
    }
    let names: Vec<&str> = named_in(migrations, "CREATE TABLE ").collect();
    let sql = "UPDATE registry_schema SET number = $1, lowest = $2, table_names = $3";
    transaction.execute(sql, vec![supported.into(), lowest_of(migrations).into(), names.join(" ").into()]).await?;
    transaction.commit().await
}

/// Goes on with a database that has all migrations of this release and perhaps more, or refuses it.
async fn accept(database: &Database, applied: i64, supported: i64) -> Result<(), RegistryError> {
    if applied == supported {
        return Ok(());
    }
    // Whoever brought it beyond this release has also made the column.
    let rows = database.fetch("SELECT number, lowest FROM registry_schema", Vec::new()).await?;
    let Some(row) = rows.first() else { return Ok(()) };
    let (found, lowest) = (row.integer("number")?, row.integer("lowest")?);
    if supported < lowest {
        return Err(RegistryError::NewerSchema { found, lowest, supported });
    }
    tracing::info!(
        schema = found,
        supported,
        "a newer release has brought the database up; this one goes on with it, and leaves its schema as it is"
    );
    Ok(())
}

/// The database's own schema, which a newer release may have made.
pub(crate) async fn number(transaction: &mut Transaction) -> Result<i64, RegistryError> {
    Ok(number_in(&transaction.fetch(NUMBER, Vec::new()).await?)?.unwrap_or_default())
}

/// All tables of the database, each after those it refers to: those of this release, then those that a newer one added.
///
/// They are those the database says are its own, not what is in its catalog: others may keep tables there too.
pub(crate) async fn all_tables(transaction: &mut Transaction) -> Result<Vec<String>, RegistryError> {
    let rows = transaction.fetch("SELECT table_names FROM registry_schema", Vec::new()).await?;
    let names = rows.first().map(|row| row.text("table_names")).transpose()?.unwrap_or_default();
    let unknown = names.split_whitespace().filter(|name| tables().all(|table| table != *name)).map(str::to_owned);
    Ok(tables().map(str::to_owned).chain(unknown).collect())
}

/// The tables of this release, each after those it refers to: as the migrations make them.
pub(crate) fn tables() -> impl DoubleEndedIterator<Item = &'static str> {
    named_in(MIGRATIONS, "CREATE TABLE ")
}

/// The tables that hold rows from the beginning.
pub(crate) fn filled_tables() -> impl DoubleEndedIterator<Item = &'static str> {
    named_in(MIGRATIONS, "INSERT INTO ")
}

/// What follows those words in the migrations, up to the next space.
fn named_in(migrations: &'static [Migration], words: &'static str) -> impl DoubleEndedIterator<Item = &'static str> {
    let statements = migrations.iter().flat_map(|migration| migration.statements);
    statements.filter_map(move |statement| statement.trim_start().strip_prefix(words)?.split_whitespace().next())
}

const fn number_of(migrations: &[Migration]) -> i64 {
    migrations.len() as i64
}

/// The least schema that a release must have to work on a database that has these.
fn lowest_of(migrations: &[Migration]) -> i64 {
    let known = migrations.iter().rposition(|migration| migration.older == Older::Stops);
    known.map_or(0, |index| number_of(&migrations[..=index]))
}

fn number_in(rows: &[Row]) -> Result<Option<i64>, RegistryError> {
    rows.first().map(|row| row.integer("number")).transpose()
}

/// Makes the table of the schema's number where there is none, and reads it.
async fn prepare(transaction: &mut Transaction) -> Result<i64, RegistryError> {
    transaction.execute("CREATE TABLE IF NOT EXISTS registry_schema (number BIGINT NOT NULL)", Vec::new()).await?;
    let rows = transaction.fetch(NUMBER, Vec::new()).await?;
    if let Some(number) = number_in(&rows)? {
        return Ok(number);
    }
    transaction.execute("INSERT INTO registry_schema (number) VALUES (0)", Vec::new()).await?;
    Ok(0)
}
