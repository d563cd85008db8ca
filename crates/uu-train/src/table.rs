//! The training data as columns of inputs and targets.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use uu_core::stats::site_hash;
use uu_core::{MAX_EXTRAS, Record, Rules, UniqueUsers, Visits, host_of_site};
use uu_data::{Dataset, LEAST_TRAINING_ROWS, LEAST_TRAINING_SITES};
use uu_model::Pattern;
use uu_model::components::{InputBlock, InputId, InputRow, InputSchema, Sources, Suffixes};

use super::FitError;

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
    pub(super) schema: Arc<InputSchema>,
    /// A number for each row that depends on what it is and not on where it stands.
    pub(super) keys: Vec<u64>,
}

/// What a data set is enough to learn; records are checked with `rules`, and the data set's extra inputs.
///
/// **Errors**: [`FitError::TooManySources`]; more extra inputs than a model takes.
pub(super) fn learned_schema(dataset: &Dataset, rules: &Rules) -> Result<InputSchema, FitError> {
    let (records, extras) = (dataset.records(), dataset.extras());
    let sources = sources(records);
    if sources.len() > MOST_SOURCES {
        return Err(FitError::TooManySources { found: sources.len() });
    }
    if extras.len() > MAX_EXTRAS {
        return Err(FitError::Setting { name: "extras", expected: "at most 64 names", found: extras.len().to_string() });
    }
    Ok(InputSchema {
        rules: Rules { extras: extras.to_vec(), ..rules.clone() },
        sources: Sources::new(sources),
        ranges: InputId::all(extras.len()).map(|id| range(records, id)).collect(),
        category: records.iter().filter(|record| record.category.is_some()).count() >= MIN_KNOWN,
        suffixes: suffixes(records),
    })
}

impl<'a> Table<'a> {
    pub(super) fn new(dataset: &'a Dataset, rules: &Rules) -> Result<Self, FitError> {
        let table = Self::encode(dataset, Arc::new(learned_schema(dataset, rules)?));
        Trainable::of(dataset).check()?;
        Ok(table)
    }

    /// Takes a data set apart as `schema` has it; rows of a source that it does not know follow the first.
    pub(super) fn encode(dataset: &'a Dataset, schema: Arc<InputSchema>) -> Self {
        let records = dataset.records();
        let mut block = InputBlock::new(schema.ranges.len());
        let mut patterns = Vec::with_capacity(records.len());
        let mut row = InputRow::default();
        for record in records {
            schema.encode(record, &mut row);
            patterns.push(row.pattern());
            block.push(&row);
        }
        Self { dataset, block, patterns, log_ratio: records.iter().map(log_ratio).collect(), schema, keys: keys(records) }
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
        (users >= 1.0 && self.block.numeric[InputId::VISITS][row].is_nan()).then(|| users.ln())
    }

    /// Rows that know a numeric input.
    pub(super) fn knowing(&self, id: InputId) -> Vec<usize> {
        (0..self.block.len()).filter(|&row| !self.block.numeric[id][row].is_nan()).collect()
    }

    /// Whether the rows are of more than one month of the year.
    pub(super) fn has_seasons(&self) -> bool {
        self.block.month.windows(2).any(|pair| pair[0] != pair[1])
    }

    pub(super) fn mean_log_visits(&self) -> f64 {
        let known: Vec<f64> = self.block.numeric[InputId::VISITS].iter().copied().filter(|visits| !visits.is_nan()).collect();
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
    hex::encode(hasher.finalize())
}

fn log_ratio(record: &Record) -> f64 {
    match (record.visits.map(Visits::get), record.unique_users.map(UniqueUsers::get)) {
        (Some(visits), Some(users)) if visits >= 1.0 && users >= 1.0 => (InputId::VISITS.scaled(Some(visits)) - users.ln()).max(0.0),
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

/// What the sites' names are told apart by, where enough of them tell something.
fn suffixes(records: &[Record]) -> Option<Suffixes> {
    let sites = records.iter().filter_map(|record| record.site.as_deref()).filter(|site| host_of_site(site).is_some());
    let sites: std::collections::BTreeSet<&str> = sites.collect();
    (sites.len() >= MIN_KNOWN).then(|| Suffixes::of(sites.into_iter()))?
}

fn range(records: &[Record], id: InputId) -> Option<(f64, f64)> {
    let known = || records.iter().filter_map(|record| id.value(record));
    (known().count() >= MIN_KNOWN)
        .then(|| known().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value))))
}

fn keys(records: &[Record]) -> Vec<u64> {
    let key = |record: &Record| {
        let numbers = InputId::all(record.extras.len()).map(|id| id.value(record));
        let label = record.unique_users.map(UniqueUsers::get);
        let numbers = numbers.chain([label]).map(|number| number.unwrap_or(f64::NAN).to_bits());
        let seed = u64::from(record.month.index()) << 16 | u64::from(record.category.map_or(0, uu_core::Category::code));
        let names = [record.source.as_deref(), record.site.as_deref(), record.rank_source.as_deref()];
        let of_names = names.iter().fold(seed, |hash, name| site_hash(name.unwrap_or("\0"), hash));
        numbers.fold(of_names, |hash, number| site_hash("", hash ^ number))
    };
    records.iter().map(key).collect()
}
