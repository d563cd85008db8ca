//! Rows that are kept between trainings.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use uu_core::{Month, Record, Rules};
use uu_data::clean::CleanError;
use uu_data::read::Format;
use uu_data::write::{Output, WriteError, WriteOptions, Writer, records_batch};
use uu_data::{Dataset, JoinReport, Labels, Sealed, Split, join_rows, join_rows_by};
use uu_registry::{Batch, BatchContents, BatchId, ObservationBatch, Registry, RegistryError};

use super::RetrainError;
use crate::kept_records::records_of;
use crate::mixture;
use crate::patience::patiently;

/// Rows could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// They could not be written.
    #[error("the rows cannot be written")]
    Write(#[from] WriteError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] RegistryError),
}

/// Whose rows are kept, and what is known of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keeping<'a> {
    /// Who sent them.
    pub(crate) by: &'a str,
    /// What they are called.
    pub(crate) origin: &'a str,
    /// Whether a person takes them in by force: their labels stand wherever they are.
    pub(crate) confirmed: bool,
    /// Whether they would change nothing of what is kept.
    pub(crate) are_known: bool,
}

/// Keeps cleaned rows as a batch; they are kept when this returns.
///
/// A training that was interrupted has kept its rows. Where it is done again they are the batch they were, unless a later one has changed any of them.
///
/// **Errors**: they cannot be written, or the store fails.
pub(crate) fn keep(registry: &Registry, rows: &Dataset, keeping: Keeping<'_>) -> Result<BatchId, KeepError> {
    let fingerprint = uu_train::data_fingerprint(rows);
    let batches = patiently(|| registry.batches())?;
    let mut used = batches.iter().rev().filter(|batch| batch.quarantined.is_none());
    let is_same = |batch: &&Batch| {
        batch.fingerprint.as_deref() == Some(fingerprint.as_str()) && batch.examined && (batch.confirmed || !keeping.confirmed)
    };
    // What is said of all that is kept holds of the newest without a look at the others.
    let same = if keeping.are_known { used.find(is_same) } else { used.next().filter(is_same) };
    if let Some(same) = same {
        tracing::info!(batch = %same.id, "these rows are kept already");
        return Ok(same.id);
    }
    keep_anew(registry, rows, (keeping, &fingerprint, None))
}

/// Keeps rows that are not to be learned from, as a batch that is set aside: the one it was where that was done before.
///
/// **Errors**: as [`keep`].
pub(super) fn set_aside(registry: &Registry, rows: &Dataset, (keeping, reason): (Keeping<'_>, &str)) -> Result<BatchId, KeepError> {
    let fingerprint = uu_train::data_fingerprint(rows);
    let batches = patiently(|| registry.batches())?;
    let is_same = |batch: &&Batch| batch.quarantined.is_some() && batch.fingerprint.as_deref() == Some(fingerprint.as_str());
    match batches.iter().rev().find(is_same) {
        Some(same) => Ok(same.id),
        None => keep_anew(registry, rows, (keeping, &fingerprint, Some(reason))),
    }
}

fn keep_anew(
    registry: &Registry,
    rows: &Dataset,
    (keeping, fingerprint, quarantined): (Keeping<'_>, &str, Option<&str>),
) -> Result<BatchId, KeepError> {
    let parquet = parquet(rows)?;
    let batch = ObservationBatch {
        rows: rows.len() as u64,
        generated: mixture::counted(rows.records()).0,
        by: keeping.by,
        origin: keeping.origin,
        fingerprint: Some(fingerprint),
        examined: true,
        confirmed: keeping.confirmed,
        quarantined,
    };
    Ok(patiently(|| registry.keep_rows(&parquet, &batch))?)
}

fn parquet(rows: &Dataset) -> Result<Vec<u8>, WriteError> {
    let failed = |source| WriteError::Io { file: "the rows".to_owned(), source };
    // Without a name, so that a process that is ended leaves nothing.
    let mut file = tempfile::tempfile().map_err(failed)?;
    let output = Output::Stream(Box::new(file.try_clone().map_err(failed)?));
    let options = WriteOptions { format: Some(Format::Parquet), extras: rows.extras().to_vec(), ..WriteOptions::default() };
    let mut writer = Writer::create(output, options)?;
    writer.write(&records_batch(rows.records(), rows.extras()), None, &[])?;
    writer.finish()?;
    let mut parquet = Vec::new();
    file.rewind().and_then(|()| file.read_to_end(&mut parquet)).map_err(failed)?;
    Ok(parquet)
}

/// Rows that a training may learn from.
pub(super) struct Known {
    /// All that are kept and not set aside; of two of one source, site and month the one that came later.
    pub(super) rows: Dataset,
    /// The same with the label that came first, but where a person took in a later one: what judges a model must not move with what taught it.
    pub(super) first: Dataset,
    /// Of those, the ones that were kept when the anchor was confirmed.
    pub(super) anchored: Dataset,
    /// The batches among them that no training has looked at.
    pub(super) pending: Vec<Pending>,
}

/// A batch that no training has looked at.
pub(super) struct Pending {
    pub(super) batch: BatchId,
    /// Who sent it.
    pub(super) by: String,
    /// Its rows, as they came.
    pub(super) records: Vec<Record>,
}

/// Known rows joined with new ones.
pub(super) struct Joined {
    pub(super) rows: Dataset,
    pub(super) seal: Sealed,
    /// The rows to train on, with the later of two labels, and those of sealed sites, with the first.
    pub(super) split: Split,
    pub(super) report: JoinReport,
    /// Whether the new rows, kept as well, would change nothing of what is known.
    pub(super) are_known: bool,
}

impl Known {
    /// Joins `new`; by force its labels stand wherever they are.
    ///
    /// **Errors**: rows that must not train together.
    pub(super) fn joined_with(&self, new: &Dataset, (sealed_sites, by_force): (usize, bool)) -> Result<Joined, CleanError> {
        let seal = Sealed::about_both(sealed_sites, &self.rows, new);
        let changes_nothing = |report: &JoinReport| report.added + report.replaced == 0;
        let (rows, latest) = join_rows(&self.rows, new)?;
        let are_known = changes_nothing(&latest) && (!by_force || changes_nothing(&join_rows_by(Labels::Newer, &self.first, new)?.1));
        let (later, new) = (seal.split(&self.rows), seal.split(new));
        let (training, taught) = join_rows(&later.training, &new.training)?;
        let labels = if by_force { Labels::Newer } else { Labels::First };
        let (sealed, judged) = join_rows_by(labels, &seal.split(&self.first).sealed, &new.sealed)?;
        Ok(Joined { rows, seal, split: Split { training, sealed }, report: taught.and(&judged), are_known })
    }
}

/// Which batches are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// All that are not set aside.
    All,
    /// Those among them that a training has looked at.
    Examined,
}

/// Rows as they are joined, batch by batch.
struct Joining<'a> {
    rules: &'a Rules,
    rows: Dataset,
    first: Dataset,
    /// Observations that are not joined yet: they come one by one, and joining is over all rows.
    observed: Vec<Record>,
    /// Whether a person took these in.
    are_confirmed: bool,
}

impl Joining<'_> {
    /// Adds observations, which are joined with others that come beside them.
    fn observe(&mut self, records: Vec<Record>, confirmed: bool) -> Result<(), CleanError> {
        if confirmed != self.are_confirmed {
            self.settle()?;
            self.are_confirmed = confirmed;
        }
        self.observed.extend(records);
        Ok(())
    }

    /// Joins the observations that are left.
    fn settle(&mut self) -> Result<(), CleanError> {
        let observed = std::mem::take(&mut self.observed);
        self.join(observed, self.are_confirmed)
    }

    fn join(&mut self, records: Vec<Record>, confirmed: bool) -> Result<(), CleanError> {
        if records.is_empty() {
            return Ok(());
        }
        let labels = if confirmed { Labels::Newer } else { Labels::First };
        let dataset = |records| Dataset::new(self.rules.extras.clone(), records);
        self.first = join_rows_by(labels, &self.first, &dataset(in_order(&records, labels)))?.0;
        self.rows = join_rows(&self.rows, &dataset(records))?.0;
        Ok(())
    }
}

/// One record of each source, site and month, as if they had been joined one after the other.
fn in_order(records: &[Record], labels: Labels) -> Vec<Record> {
    let mut places: BTreeMap<(Option<&str>, &str, Month), usize> = BTreeMap::new();
    let mut kept: Vec<&Record> = Vec::with_capacity(records.len());
    for record in records {
        let place = record.site.as_deref().map(|site| (record.source.as_deref(), site, record.month));
        let older = place.and_then(|place| places.get(&place).copied());
        let Some(older) = older else {
            places.extend(place.map(|place| (place, kept.len())));
            kept.push(record);
            continue;
        };
        let has_label = kept[older].unique_users.is_some();
        let stands = has_label && (labels == Labels::First || record.unique_users.is_none());
        if !stands {
            kept[older] = record;
        }
    }
    kept.into_iter().cloned().collect()
}

/// Reads what is kept; `anchored_through` is the last batch that was kept when the anchor was confirmed.
///
/// **Errors**: the store fails, or what it kept cannot be read.
pub(super) fn known_rows(
    registry: &Registry,
    rules: &Rules,
    (which, anchored_through): (Which, Option<i64>),
) -> Result<Known, RetrainError> {
    let nothing = Dataset::new(rules.extras.clone(), Vec::new());
    let mut joining = Joining { rules, rows: nothing.clone(), first: nothing, observed: Vec::new(), are_confirmed: false };
    let (mut pending, mut anchored) = (Vec::new(), None);
    let may_be_used = |batch: &Batch| batch.quarantined.is_none() && (which == Which::All || batch.examined);
    for batch in patiently(|| registry.batches())?.into_iter().filter(may_be_used) {
        if anchored.is_none() && anchored_through.is_some_and(|last| batch.id.0 > last) {
            joining.settle()?;
            anchored = Some(joining.first.clone());
        }
        let contents = patiently(|| registry.read_batch(batch.id))?;
        let few = matches!(contents, BatchContents::Rows(_));
        let records = records_of(batch.id, contents, rules)?;
        if !batch.examined {
            pending.push(Pending { batch: batch.id, by: batch.by, records: records.clone() });
        }
        if few {
            joining.observe(records, batch.confirmed)?;
        } else {
            joining.settle()?;
            joining.join(records, batch.confirmed)?;
        }
    }
    joining.settle()?;
    let Joining { rows, first, .. } = joining;
    Ok(Known { rows, anchored: anchored.unwrap_or_else(|| first.clone()), first, pending })
}
