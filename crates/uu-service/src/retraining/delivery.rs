//! New rows for a re-training, read and cleaned.

use uu_core::Record;
use uu_data::clean::QualityReport;
use uu_data::read::read_all;
use uu_data::{Dataset, JoinReport};

use super::kept::Known;
use crate::{SourceError, Sources};

/// New rows for a re-training.
#[derive(Debug)]
pub struct Delivery {
    /// The rows as they came, before cleaning: some of what cleaning drops tells whether the labels can be believed.
    pub(super) as_they_came: Vec<Record>,
    pub(super) rows: Dataset,
    pub(super) quality: QualityReport,
    pub(super) origin: String,
}

impl Delivery {
    /// Reads new rows twice: as they are, and cleaned. `sources` gives the same files each time, `origin` is what they are called.
    ///
    /// **Errors**: the first file that cannot be read; bad rows, unless they are skipped; rows that must not train together.
    pub fn read(sources: impl Fn() -> Sources, origin: String, rows_read: &mut dyn FnMut(u64)) -> Result<Self, SourceError> {
        let first = sources();
        let (options, bad_rows) = (first.options(), first.bad_rows);
        let (checked, _) = read_all(first.inputs, &options, bad_rows)?;
        let as_they_came = checked.into_iter().map(|row| row.record).collect();
        let (rows, quality) = sources().for_training(rows_read)?;
        Ok(Self { as_they_came, rows, quality, origin })
    }

    /// Whether anything of it teaches the ratio of visits to unique users, or at least how many there are.
    pub(super) fn has_labels(&self) -> bool {
        self.rows.records().iter().any(|record| record.unique_users.is_some())
    }

    /// What becomes of its rows with a label, beside those that are known; `None` where they cannot be joined.
    pub(super) fn labels_beside(&self, known: &Known, sealed_sites: usize) -> Option<JoinReport> {
        let fresh = self.rows.subset(|_, record| record.unique_users.is_some());
        // Joined by themselves, so that extra inputs are laid out alike.
        known.joined_with(&fresh, (sealed_sites, false)).ok().map(|joined| joined.report)
    }

    /// What cleaning found.
    #[must_use]
    pub fn quality(&self) -> &QualityReport {
        &self.quality
    }
}
