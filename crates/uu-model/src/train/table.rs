//! The training data as columns of inputs and targets.

use sha2::{Digest, Sha256};
use uu_core::{Record, UniqueUsers, Visits};
use uu_data::{Dataset, site_hash};

use super::FitError;
use crate::artifact::hex;
use crate::host::Suffixes;
use crate::input::{InputBlock, InputRow, NUMERIC, Pattern, VISITS, numeric_value, scaled};
use crate::model::host_of;

/// Rows an input must be known in before it is learned.
const MIN_KNOWN: usize = 50;

/// Rows with known unique users and visits that a training needs.
pub(super) const MIN_LABELLED: usize = 500;

/// A data set taken apart into columns.
pub(super) struct Table<'a> {
    pub(super) dataset: &'a Dataset,
    pub(super) block: InputBlock,
    pub(super) patterns: Vec<Pattern>,
    /// Logarithm of visits per user; NaN where either is unknown.
    pub(super) log_ratio: Vec<f64>,
    /// Commonest first; `None` stands for the rows that name none.
    pub(super) sources: Vec<Option<String>>,
    pub(super) ranges: Vec<Option<(f64, f64)>>,
    pub(super) learned_category: bool,
    pub(super) suffixes: Option<Suffixes>,
    /// A number for each row that depends on what it is and not on where it stands.
    pub(super) keys: Vec<u64>,
}

/// How records become rows of numbers: what of them is learned, and by which codes.
#[derive(Clone, Debug)]
pub(super) struct Scheme {
    pub(super) sources: Vec<Option<String>>,
    pub(super) ranges: Vec<Option<(f64, f64)>>,
    pub(super) learned_category: bool,
    pub(super) suffixes: Option<Suffixes>,
}

impl Scheme {
    /// What a data set is enough to learn.
    pub(super) fn of(dataset: &Dataset) -> Self {
        let records = dataset.records();
        let inputs = NUMERIC.len() + dataset.extras().len();
        Self {
            sources: sources(records),
            ranges: (0..inputs).map(|index| range(records, index)).collect(),
            learned_category: records.iter().filter(|record| record.category.is_some()).count() >= MIN_KNOWN,
            suffixes: suffixes(records),
        }
    }
}

impl<'a> Table<'a> {
    pub(super) fn new(dataset: &'a Dataset) -> Result<Self, FitError> {
        let table = Self::read_as(dataset, Scheme::of(dataset));
        let labelled = table.log_ratio.iter().filter(|ratio| !ratio.is_nan()).count();
        if labelled < MIN_LABELLED {
            return Err(FitError::TooFewRows { found: labelled, needed: MIN_LABELLED });
        }
        Ok(table)
    }

    /// Takes a data set apart as `scheme` has it, which knows all of its sources.
    pub(super) fn read_as(dataset: &'a Dataset, scheme: Scheme) -> Self {
        let records = dataset.records();
        let Scheme { sources, ranges, learned_category, suffixes } = scheme;
        let mut table = Self {
            dataset,
            block: InputBlock::new(ranges.len()),
            patterns: Vec::with_capacity(records.len()),
            log_ratio: records.iter().map(log_ratio).collect(),
            sources,
            ranges,
            learned_category,
            suffixes,
            keys: keys(records),
        };
        let mut row = InputRow::default();
        for record in records {
            table.read(record, &mut row);
            table.patterns.push(row.pattern());
            table.block.push(&row);
        }
        table
    }

    fn read(&self, record: &Record, row: &mut InputRow) {
        let source = self.sources.iter().position(|known| known.as_deref() == record.source.as_deref());
        row.read(record, source.expect("every row's source is listed") as u16 + 1, host_of(record, self.suffixes.as_ref()));
        for (value, range) in row.numeric.iter_mut().zip(&self.ranges) {
            if range.is_none() {
                *value = f64::NAN;
            }
        }
        if !self.learned_category {
            row.category = 0;
        }
    }

    /// Codes of suffixes; 0 where hosts were not learned.
    pub(super) fn suffix_codes(&self) -> usize {
        self.suffixes.as_ref().map_or(0, Suffixes::codes)
    }

    /// Rows the ratio is learned from.
    pub(super) fn labelled(&self) -> Vec<usize> {
        (0..self.block.len()).filter(|&row| !self.log_ratio[row].is_nan()).collect()
    }

    /// Rows an estimate can be held against: those the ratio is learned from, and those whose users are known and whose visits are not.
    pub(super) fn judgeable(&self) -> Vec<usize> {
        (0..self.block.len()).filter(|&row| !self.log_ratio[row].is_nan() || self.log_users_without_visits(row).is_some()).collect()
    }

    /// Logarithm of the users of a row that does not know its visits.
    pub(super) fn log_users_without_visits(&self, row: usize) -> Option<f64> {
        let users = self.dataset.records()[row].unique_users?.get();
        (users >= 1.0 && self.block.numeric[VISITS][row].is_nan()).then(|| users.ln())
    }

    /// Rows that know a numeric input.
    pub(super) fn knowing(&self, index: usize) -> Vec<usize> {
        (0..self.block.len()).filter(|&row| !self.block.numeric[index][row].is_nan()).collect()
    }

    /// Whether the rows are of more than one month of the year.
    pub(super) fn has_seasons(&self) -> bool {
        self.block.month.windows(2).any(|pair| pair[0] != pair[1])
    }

    pub(super) fn mean_log_visits(&self) -> f64 {
        let known: Vec<f64> = self.block.numeric[VISITS].iter().copied().filter(|visits| !visits.is_nan()).collect();
        known.iter().sum::<f64>() / known.len().max(1) as f64
    }

    pub(super) fn fingerprint(&self) -> String {
        fingerprint(self.dataset, &self.keys)
    }
}

/// SHA-256 of the rows in canonical order: what an artifact says of the data it was trained on.
#[must_use]
pub fn data_fingerprint(dataset: &Dataset) -> String {
    fingerprint(dataset, &keys(dataset.records()))
}

fn fingerprint(dataset: &Dataset, keys: &[u64]) -> String {
    let mut hasher = Sha256::new();
    for name in dataset.extras() {
        hasher.update(name.as_bytes());
        hasher.update([0]);
    }
    for key in keys {
        hasher.update(key.to_le_bytes());
    }
    hex(&hasher.finalize())
}

fn log_ratio(record: &Record) -> f64 {
    match (record.visits.map(Visits::get), record.unique_users.map(UniqueUsers::get)) {
        (Some(visits), Some(users)) if visits >= 1.0 && users >= 1.0 => (scaled(VISITS, Some(visits)) - users.ln()).max(0.0),
        _ => f64::NAN,
    }
}

fn sources(records: &[Record]) -> Vec<Option<String>> {
    let mut counts = std::collections::BTreeMap::<Option<&str>, usize>::new();
    for record in records {
        *counts.entry(record.source.as_deref()).or_default() += 1;
    }
    let mut counts: Vec<(Option<&str>, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    counts.into_iter().map(|(name, _)| name.map(str::to_owned)).collect()
}

/// What the sites' names are told apart by, where enough of them tell something.
fn suffixes(records: &[Record]) -> Option<Suffixes> {
    let sites: std::collections::BTreeSet<&str> = records.iter().filter_map(|record| record.site.as_deref()).collect();
    (sites.len() >= MIN_KNOWN).then(|| Suffixes::of(sites.into_iter()))?
}

fn range(records: &[Record], index: usize) -> Option<(f64, f64)> {
    let known = || records.iter().filter_map(|record| numeric_value(record, index));
    (known().count() >= MIN_KNOWN)
        .then(|| known().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value))))
}

fn keys(records: &[Record]) -> Vec<u64> {
    let key = |record: &Record| {
        let numbers = (0..NUMERIC.len() + record.extras.len()).map(|index| numeric_value(record, index));
        let label = record.unique_users.map(UniqueUsers::get);
        let numbers = numbers.chain([label]).map(|number| number.unwrap_or(f64::NAN).to_bits());
        let seed = u64::from(record.month.index()) << 16 | u64::from(record.category.map_or(0, uu_core::Category::code));
        let names = [record.source.as_deref(), record.site.as_deref(), record.rank_source.as_deref()];
        let of_names = names.iter().fold(seed, |hash, name| site_hash(name.unwrap_or("\0"), hash));
        numbers.fold(of_names, |hash, number| site_hash("", hash ^ number))
    };
    records.iter().map(key).collect()
}
