//! Generated rows and measured ones never train together: what would bring them together is refused where it arrives, not by the training.

use uu_core::{GENERATED, Record, Rules};
use uu_model::{About, Model};
use uu_registry::{BatchId, Registry, RegistryError};

use crate::kept_records::records_of;

/// How many records are generated, and how many are not.
pub(crate) fn counted<'a>(records: impl IntoIterator<Item = &'a Record>) -> (u64, u64) {
    records.into_iter().fold(
        (0, 0),
        |(generated, others), record| {
            if record.is_generated() { (generated + 1, others) } else { (generated, others + 1) }
        },
    )
}

/// Whether so many generated records and so many others can train with what is kept.
///
/// **Errors**: [`RegistryError::Mixture`]; the store fails.
pub(crate) fn check(registry: &Registry, rules: &Rules, (generated, others): (u64, u64)) -> Result<(), RegistryError> {
    count_older(registry, rules)?;
    registry.check_mixture(generated, others)
}

/// Counts the generated rows of batches that an older release kept, once for each.
pub(crate) fn count_older(registry: &Registry, rules: &Rules) -> Result<(), RegistryError> {
    for batch in registry.uncounted_batches()? {
        if let Some(generated) = generated_in(registry, rules, batch)? {
            registry.set_generated(batch, generated)?;
        }
    }
    Ok(())
}

/// `None` for a batch that cannot be read: the training that needs it reports that.
fn generated_in(registry: &Registry, rules: &Rules, batch: BatchId) -> Result<Option<u64>, RegistryError> {
    let contents = match registry.read_batch(batch) {
        Ok(contents) => contents,
        Err(RegistryError::DamagedBatch { .. } | RegistryError::UnknownBatch { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(records_of(batch, contents, rules).ok().map(|records| counted(&records).0))
}

/// Whether a model was trained on generated rows.
pub(crate) fn is_of_generated_rows(model: &Model) -> bool {
    names_generated_rows(model.about())
}

pub(crate) fn names_generated_rows(about: &About) -> bool {
    about.sources.iter().any(|source| source == GENERATED)
}
