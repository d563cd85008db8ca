//! Generated rows and measured ones: a training that found both would fail, so what would bring them together is refused before it is kept.

use std::fmt;

use super::BatchId;
use crate::database::Transaction;
use crate::jobs::Asker;
use crate::{Registry, RegistryError};

/// Batches that a refusal names.
const NAMED: usize = 5;

/// Generated rows and measured ones would be kept side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mixture {
    /// Generated rows among those that are new.
    pub generated: u64,
    /// Other rows among those that are new.
    pub others: u64,
    /// Whether the batches hold the generated rows.
    pub generated_are_kept: bool,
    /// Batches that the new rows cannot train with, the oldest first and at most some of them; none where the new rows are a mixture by themselves.
    pub batches: Vec<BatchId>,
}

impl Mixture {
    /// The way out.
    #[must_use]
    pub fn hint(&self) -> String {
        let Some(first) = self.batches.first() else { return "train on the files with measured rows alone".to_owned() };
        let quarantine = format!("`uu-predictor observations quarantine {first} --reason REASON`");
        if self.generated_are_kept {
            format!("{quarantine} sets the generated rows aside, and trainings then leave them out")
        } else {
            format!("leave the generated rows out; where they are what is meant, {quarantine} sets the measured ones aside")
        }
    }
}

impl fmt::Display for Mixture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { generated, others, .. } = self;
        formatter.write_str("generated rows must not train a model together with measured ones, ")?;
        if self.batches.is_empty() {
            return write!(formatter, "got {generated} generated and {others} other rows");
        }
        let kept = if self.generated_are_kept { "generated" } else { "measured" };
        match (generated, others) {
            (0, 0) => write!(formatter, "and both are kept: {kept} ones in")?,
            (0, _) => write!(formatter, "got {others} measured, and {kept} ones are kept in")?,
            _ => write!(formatter, "got {generated} generated, and {kept} ones are kept in")?,
        }
        let named: Vec<String> = self.batches.iter().take(NAMED).map(|batch| format!("`{batch}`")).collect();
        let more = if self.batches.len() > NAMED { " and others" } else { "" };
        write!(formatter, " batch {}{more}", named.join(", "))
    }
}

impl Registry {
    /// Whether so many generated rows and so many others may be kept beside what is kept, and train with it.
    ///
    /// **Errors**: [`RegistryError::Mixture`]; a database that cannot be reached.
    pub fn check_mixture(&self, generated: u64, others: u64) -> Result<(), RegistryError> {
        self.wait(async { refuse(&mut self.database().snapshot().await?, (generated, others)).await })
    }

    /// Whether generated rows of that sender, so many, may be kept.
    ///
    /// **Errors**: [`RegistryError::FirstGenerated`]; a database that cannot be reached.
    pub fn check_generated(&self, asker: Asker<'_>, generated: u64) -> Result<(), RegistryError> {
        self.wait(async { refuse_first(&mut self.database().snapshot().await?, asker, generated).await })
    }

    /// Batches that may be used and of which an older release did not write how many rows are generated.
    ///
    /// **Errors**: a database that cannot be reached.
    pub fn uncounted_batches(&self) -> Result<Vec<BatchId>, RegistryError> {
        const SQL: &str = "SELECT id FROM batches WHERE generated IS NULL AND quarantined IS NULL ORDER BY id";
        self.wait(self.database().fetch(SQL, Vec::new()))?.iter().map(|row| row.integer("id").map(BatchId)).collect()
    }

    /// Writes how many rows of a batch are generated.
    ///
    /// **Errors**: a database that cannot be reached or written.
    pub fn set_generated(&self, batch: BatchId, generated: u64) -> Result<(), RegistryError> {
        self.wait(async {
            let mut transaction = self.database().write().await?;
            let generated = i64::try_from(generated).unwrap_or(i64::MAX);
            transaction.execute("UPDATE batches SET generated = $2 WHERE id = $1", vec![batch.0.into(), generated.into()]).await?;
            transaction.commit().await
        })
    }
}

/// Refuses rows, so many generated and so many others, that cannot train with those that are kept; without new rows, a mixture that is kept.
pub(super) async fn refuse(transaction: &mut Transaction, (generated, others): (u64, u64)) -> Result<(), RegistryError> {
    if generated > 0 && others > 0 {
        return Err(RegistryError::Mixture(Mixture { generated, others, generated_are_kept: false, batches: Vec::new() }));
    }
    let of_generated = batches(transaction, true).await?;
    let of_others = if others > 0 { Vec::new() } else { batches(transaction, false).await? };
    let (generated_are_kept, batches) = match (generated, others) {
        (0, 0) if of_generated.is_empty() || of_others.is_empty() => return Ok(()),
        // Which of the two is meant is not known; there are fewer of one.
        (0, 0) if of_generated.len() <= of_others.len() => (true, of_generated),
        (0, 0) => (false, of_others),
        (0, _) => (true, of_generated),
        _ => (false, of_others),
    };
    if batches.is_empty() {
        return Ok(());
    }
    Err(RegistryError::Mixture(Mixture { generated, others, generated_are_kept, batches }))
}

/// Refuses the first generated rows of a store unless an admin sends them: whoever sends such rows first decides that no measured ones are taken.
pub(super) async fn refuse_first(transaction: &mut Transaction, asker: Asker<'_>, generated: u64) -> Result<(), RegistryError> {
    if generated == 0 || asker.is_admin || !batches(transaction, true).await?.is_empty() {
        return Ok(());
    }
    Err(RegistryError::FirstGenerated { rows: generated })
}

/// The first batches in use that hold generated rows, or others.
async fn batches(transaction: &mut Transaction, generated: bool) -> Result<Vec<BatchId>, RegistryError> {
    const GENERATED: &str = "SELECT id FROM batches WHERE generated > 0 AND quarantined IS NULL ORDER BY id LIMIT 6";
    const OTHERS: &str = "SELECT id FROM batches WHERE generated < row_count AND quarantined IS NULL ORDER BY id LIMIT 6";
    let rows = transaction.fetch(if generated { GENERATED } else { OTHERS }, Vec::new()).await?;
    rows.iter().map(|row| row.integer("id").map(BatchId)).collect()
}
