//! The training data as columns of inputs and targets.

use std::collections::HashMap;

use sha2::{Digest, Sha256};
use uu_core::{MAX_EXTRAS, Record, UniqueUsers, Visits, host_of_site};
use uu_data::{Dataset, LEAST_TRAINING_ROWS, LEAST_TRAINING_SITES, site_hash};

use super::FitError;
use crate::artifact::hex;
use crate::host::Suffixes;
use crate::input::{InputBlock, InputRow, NUMERIC, Pattern, VISITS, numeric_value, scaled};
use crate::model::host_of;

/// Rows an input must be known in before it is learned.
const MIN_KNOWN: usize = 50;

/// Most sources whose definitions of unique users are learned: there are a few dozen panels and tools, and a column of more values holds
/// something else.
pub const MOST_SOURCES: usize = 1_000;

/// A data set taken apart into columns.
pub(super) struct Table<'a> {
    pub(super) dataset: &'a Dataset,
    pub(super) block: InputBlock,
    pub(super) patterns: Vec<Pattern>,
    /// Logarithm of visits per user; NaN where either is unknown.
    pub(super) log_ratio: Vec<f64>,
    /// Those whose definition of unique users is learned, that of most labels first; `None` stands for the rows that name none.
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
    ///
    /// **Errors**: [`FitError::TooManySources`]; more extra inputs than a model takes.
    pub(super) fn of(dataset: &Dataset) -> Result<Self, FitError> {
        let (records, extras) = (dataset.records(), dataset.extras().len());
        let sources = sources(records);
        if sources.len() > MOST_SOURCES {
            return Err(FitError::TooManySources { found: sources.len() });
        }
        if extras > MAX_EXTRAS {
            return Err(FitError::Setting { name: "extras", expected: "at most 64 names", found: extras.to_string() });
        }
        let inputs = NUMERIC.len() + extras;
        Ok(Self {
            sources,
            ranges: (0..inputs).map(|index| range(records, index)).collect(),
            learned_category: records.iter().filter(|record| record.category.is_some()).count() >= MIN_KNOWN,
            suffixes: suffixes(records),
        })
    }
}

impl<'a> Table<'a> {
    pub(super) fn new(dataset: &'a Dataset) -> Result<Self, FitError> {
        let table = Self::read_as(dataset, Scheme::of(dataset)?);
        Trainable::of(dataset).check()?;
        Ok(table)
    }

    /// Takes a data set apart as `scheme` has it; rows of a source that it does not know follow the first.
    pub(super) fn read_as(dataset: &'a Dataset, scheme: Scheme) -> Self {
        let records = dataset.records();
        let Scheme { sources, ranges, learned_category, suffixes } = scheme;
        let codes = source_codes(records, &sources);
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
        for (record, source) in records.iter().zip(codes) {
            table.read(record, source, &mut row);
            table.patterns.push(row.pattern());
            table.block.push(&row);
        }
        table
    }

    fn read(&self, record: &Record, source: u16, row: &mut InputRow) {
        row.read(record, source, host_of(record, self.suffixes.as_ref()));
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

    /// Hash of a row's site; of the row itself, where it has none.
    pub(super) fn site(&self, row: usize) -> u64 {
        self.dataset.records()[row].site.as_deref().map_or(self.keys[row], |site| site_hash(site, 0))
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

/// Rows and sites that the ratio can be learned from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trainable {
    /// Rows with both visits and unique users of 1 or more.
    pub rows: usize,
    /// Their sites; a row without a site is one of its own.
    pub sites: usize,
}

impl Trainable {
    /// Those of a data set.
    #[must_use]
    pub fn of(dataset: &Dataset) -> Self {
        let labelled = || dataset.records().iter().filter(|record| !log_ratio(record).is_nan());
        let named: std::collections::BTreeSet<&str> = labelled().filter_map(|record| record.site.as_deref()).collect();
        let unnamed = labelled().filter(|record| record.site.is_none()).count();
        Self { rows: labelled().count(), sites: named.len() + unnamed }
    }

    /// Whether they are enough for a training.
    ///
    /// **Errors**: [`FitError::TooFewRows`], [`FitError::TooFewSites`].
    pub fn check(self) -> Result<(), FitError> {
        if self.rows < LEAST_TRAINING_ROWS {
            return Err(FitError::TooFewRows { found: self.rows, held_out: 0 });
        }
        if self.sites < LEAST_TRAINING_SITES {
            return Err(FitError::TooFewSites { rows: self.rows, found: self.sites, held_out: 0 });
        }
        Ok(())
    }
}

/// Sources with labels, the one with the most of them first. A source without labels defines nothing: its rows say how inputs go together,
/// and an estimate for it follows the first.
fn sources(records: &[Record]) -> Vec<Option<String>> {
    let mut counts = std::collections::BTreeMap::<Option<&str>, (usize, usize)>::new();
    for record in records {
        let (labelled, rows) = counts.entry(record.source.as_deref()).or_default();
        *labelled += usize::from(record.unique_users.is_some());
        *rows += 1;
    }
    let mut counts: Vec<(Option<&str>, (usize, usize))> = counts.into_iter().filter(|(_, (labelled, _))| *labelled > 0).collect();
    counts.sort_by_key(|(name, counts)| (std::cmp::Reverse(*counts), *name));
    counts.into_iter().map(|(name, _)| name.map(str::to_owned)).collect()
}

/// The code of each record's source: its place among `sources`, from 1. One that is not among them follows the first.
fn source_codes(records: &[Record], sources: &[Option<String>]) -> Vec<u16> {
    let codes: HashMap<Option<&str>, u16> = sources.iter().map(Option::as_deref).zip(1..).collect();
    records.iter().map(|record| codes.get(&record.source.as_deref()).copied().unwrap_or(1)).collect()
}

/// What the sites' names are told apart by, where enough of them tell something.
fn suffixes(records: &[Record]) -> Option<Suffixes> {
    let sites = records.iter().filter_map(|record| record.site.as_deref()).filter(|site| host_of_site(site).is_some());
    let sites: std::collections::BTreeSet<&str> = sites.collect();
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
