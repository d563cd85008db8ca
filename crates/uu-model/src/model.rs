//! A trained model, ready to answer.

use std::cell::RefCell;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use uu_core::{FaultField, Field, Record, Rules, UniqueUsers, Visits, Warning};

use crate::artifact::{self, ArtifactError};
use crate::baselines::Baselines;
use crate::calibration::Calibration;
use crate::checks::{MOST_CODES, MOST_INPUTS, MOST_LOG, at_most};
use crate::estimate::{Estimate, EstimateOptions, Explanation, Factor, FilledInput};
use crate::explain;
use crate::host::{Host, Suffixes};
use crate::input::{InputBlock, InputRow, NUMERIC, Pattern, UNKNOWN_CODE, VISITS, numeric_field, numeric_value, unscaled};
use crate::older::PartsOfFormat1;
use crate::rank_visits::RankVisits;
use crate::site_level::SiteLevels;
use crate::stage::Stage;
use crate::visits_offsets::VisitsOffsets;

/// Levels an interval can have: beyond them the calibration has too few rows in its tails.
pub const LEVELS: RangeInclusive<f64> = 0.5..=0.99;

/// How the source of rows that name none is shown.
pub const UNNAMED_SOURCE: &str = "unnamed";

/// Rows that are answered together: their features stay in the cache while the trees pass over them.
const BLOCK_ROWS: usize = 512;

/// A trained model: it answers records, alone or in blocks, from any number of threads.
#[derive(Debug)]
pub struct Model {
    about: About,
    parts: Parts,
    /// Where the training data have enough rows with both, and the release that wrote the artifact looked.
    rank_visits: Option<RankVisits>,
}

/// Which inputs a model has: what is so for every row it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inputs {
    /// Those that its estimates depend on.
    pub learned: Vec<FaultField>,
    /// Those that too few rows of the training data carried: given, they have no effect, and they are not imputed.
    pub not_learned: Vec<FaultField>,
}

/// Where a model comes from and how good it was found to be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// Release of the product that trained it.
    pub product_version: String,
    /// Rows of the training data.
    pub rows: usize,
    /// Rows whose unique users are known.
    pub labelled_rows: usize,
    /// Sites of the training data.
    pub sites: usize,
    /// Sources of the training data, the commonest first: whose definitions of unique users the model knows. Rows that name none are a
    /// source of their own, [`UNNAMED_SOURCE`].
    pub sources: Vec<String>,
    /// SHA-256 of the training data in canonical order.
    pub data_fingerprint: String,
    /// Seed of everything random.
    pub seed: u64,
    /// Trees of all stages.
    pub trees: usize,
    /// Median absolute percentage error on sites held out, inputs as observed.
    pub median_ape: f64,
    /// RMSLE on sites held out, inputs as observed.
    pub rmsle: f64,
    /// Coverage of the 90 % interval on sites held out, inputs as observed.
    pub coverage: f64,
    /// How often trees were added to a model that was fitted from scratch; 0 for one that was.
    #[serde(default)]
    pub continuations: u32,
}

/// All that an estimate is computed from, as the artifact holds it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Parts {
    pub(crate) rules: Rules,
    /// Commonest first; `None` stands for the rows that name none.
    #[serde(deserialize_with = "at_most::<_, _, MOST_CODES>")]
    pub(crate) sources: Vec<Option<String>>,
    /// Range of each numeric input in the training data, in its own unit; `None` where no row carried it.
    #[serde(deserialize_with = "at_most::<_, _, MOST_INPUTS>")]
    pub(crate) ranges: Vec<Option<(f64, f64)>>,
    pub(crate) learned_category: bool,
    /// What host names are told apart by, where they were learned.
    pub(crate) suffixes: Option<Suffixes>,
    /// Mean logarithm of visits: where explanations start from.
    pub(crate) mean_log_visits: f64,
    /// Logarithm of visits per user.
    pub(crate) ratio: Stage,
    /// Logarithm of the error that is to be expected.
    pub(crate) spread: Stage,
    /// One for each numeric input, where it was learned.
    #[serde(deserialize_with = "at_most::<_, _, MOST_INPUTS>")]
    pub(crate) fills: Vec<Option<Stage>>,
    pub(crate) visits_offsets: VisitsOffsets,
    pub(crate) calibration: Calibration,
    pub(crate) site_levels: SiteLevels,
    pub(crate) baselines: Baselines,
}

/// What the stages say of one row.
#[derive(Clone, Copy)]
struct Predicted {
    log_ratio: f64,
    log_spread: f64,
}

impl Predicted {
    /// The same as it can be raised again: no trained model comes near these bounds.
    fn bounded(self) -> Self {
        let bounded = |logarithm: f64| logarithm.clamp(-MOST_LOG, MOST_LOG);
        Self { log_ratio: bounded(self.log_ratio), log_spread: bounded(self.log_spread) }
    }
}

#[derive(Default)]
struct Buffers {
    row: InputRow,
    block: InputBlock,
    /// For each row, the value each numeric input was filled with; NaN where it was not.
    fills: Vec<f64>,
}

thread_local! {
    static BUFFERS: RefCell<Buffers> = RefCell::default();
}

/// Names of the artifact's sections.
pub(crate) const MODEL_SECTION: &str = "model";
pub(crate) const TREES_SECTION: &str = "trees.zst";
pub(crate) const REPORT_SECTION: &str = "report.json.zst";
pub(crate) const SITES_SECTION: &str = "sites";
/// Artifacts of the first releases are without these.
#[cfg(feature = "train")]
pub(crate) const ROWS_SECTION: &str = "rows";
pub(crate) const DRIFT_SECTION: &str = "drift";
pub(crate) const RANK_VISITS_SECTION: &str = "rank_visits";

impl Model {
    #[cfg_attr(not(feature = "train"), expect(dead_code, reason = "only training puts models together"))]
    pub(crate) fn new(about: About, parts: Parts, rank_visits: Option<RankVisits>) -> Self {
        Self { about, parts, rank_visits }
    }

    /// All that an estimate is computed from.
    #[cfg(feature = "train")]
    pub(crate) fn into_parts(self) -> Parts {
        self.parts
    }

    /// Reads an artifact.
    ///
    /// **Errors**: [`ArtifactError`] for anything but a whole artifact of a format this release reads.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ArtifactError> {
        artifact::read(bytes).and_then(Self::of)
    }

    /// Reads the model of an artifact that was taken apart.
    pub(crate) fn of(artifact: artifact::Parts<'_>) -> Result<Self, ArtifactError> {
        let section = artifact.section(MODEL_SECTION)?;
        let parts = match artifact.format {
            1 => postcard::from_bytes::<PartsOfFormat1>(section).map(Into::into),
            _ => postcard::from_bytes::<Parts>(section),
        };
        let parts = parts.map_err(|error| ArtifactError::unreadable(MODEL_SECTION, error))?;
        parts.check().map_err(|error| ArtifactError::unreadable(MODEL_SECTION, error))?;
        let rank_visits = artifact.later_section(RANK_VISITS_SECTION).map(RankVisits::read).transpose()?;
        artifact.drift_reference()?;
        Ok(Self { about: artifact.about, parts, rank_visits })
    }

    /// What a record must be checked with before this model can answer it.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.parts.rules
    }

    /// Where the model comes from.
    #[must_use]
    pub fn about(&self) -> &About {
        &self.about
    }

    /// The simple estimates every table compares the model with.
    #[must_use]
    pub fn baselines(&self) -> &Baselines {
        &self.parts.baselines
    }

    /// The source whose definition of unique users an estimate for `record` follows.
    #[must_use]
    pub fn source_for(&self, record: &Record) -> &str {
        let index = usize::from(self.source_code(record)) - 1;
        self.parts.sources[index].as_deref().unwrap_or(UNNAMED_SOURCE)
    }

    /// The pattern of those known inputs of `record` that the model has learned to use.
    #[must_use]
    pub fn pattern_of(&self, record: &Record) -> Pattern {
        let mut row = InputRow::default();
        self.read(record, &mut row);
        row.pattern()
    }

    /// The pattern in which every input the model has learned is known.
    #[must_use]
    pub fn learned(&self) -> Pattern {
        let known = |index: &usize| self.parts.ranges[*index].is_some();
        let mut fields: Vec<Field> = (0..NUMERIC.len()).filter(known).map(|index| NUMERIC[index]).collect();
        if self.parts.learned_category {
            fields.push(Field::Category);
        }
        if self.parts.suffixes.is_some() {
            fields.push(Field::Site);
        }
        Pattern::of(&fields)
    }

    /// Which inputs the model has learned and which it has not.
    #[must_use]
    pub fn inputs(&self) -> Inputs {
        let learned = explain::inputs(&self.parts);
        let numeric = (0..self.parts.ranges.len()).map(|index| numeric_field(index, &self.parts.rules.extras));
        // Sources and months are no inputs that could be missing: where there is one of them, nothing is to be told apart.
        let all = numeric.chain([Field::Category, Field::Site].map(FaultField::Field));
        let not_learned = all.filter(|field| !learned.contains(field)).collect();
        Inputs { learned, not_learned }
    }

    /// The factors of an explanation, in its order.
    #[must_use]
    pub fn factors(&self) -> Vec<Factor> {
        explain::factors(&self.parts)
    }

    /// The numeric inputs that are filled where they are unknown, in the order of [`Estimate::filled`].
    #[must_use]
    pub fn fillable(&self) -> Vec<FaultField> {
        let fills = self.parts.fills.iter().enumerate().filter(|(index, stage)| stage.is_some() || *index == VISITS);
        fills.map(|(index, _)| numeric_field(index, &self.parts.rules.extras)).collect()
    }

    /// Answers records, in order; each on its own.
    #[must_use]
    pub fn estimate(&self, records: &[Record], options: EstimateOptions) -> Vec<Estimate> {
        self.estimate_hiding(records, None, options)
    }

    /// Answers records as if no more than the inputs of `shown` were known of them.
    #[must_use]
    pub fn estimate_showing(&self, records: &[Record], shown: Pattern, options: EstimateOptions) -> Vec<Estimate> {
        self.estimate_hiding(records, Some(shown), options)
    }

    /// Answers one record with the least latency; equal to [`Model::estimate`] to the last bit.
    #[must_use]
    pub fn estimate_one(&self, record: &Record, options: EstimateOptions) -> Estimate {
        BUFFERS.with_borrow_mut(|Buffers { row, fills, .. }| {
            self.read(record, row);
            fills.clear();
            fills.extend(self.parts.fills.iter().enumerate().map(|(index, stage)| match stage {
                _ if !row.numeric[index].is_nan() => f64::NAN,
                Some(stage) => unscaled(index, stage.predict_row(row) + self.offset(index, row)),
                None => self.usual(index),
            }));
            let predicted = Predicted { log_ratio: self.parts.ratio.predict_row(row), log_spread: self.parts.spread.predict_row(row) };
            self.conclude(record, row, fills, predicted, options)
        })
    }

    pub(crate) fn site_levels(&self) -> &SiteLevels {
        &self.parts.site_levels
    }

    fn estimate_hiding(&self, records: &[Record], shown: Option<Pattern>, options: EstimateOptions) -> Vec<Estimate> {
        let mut estimates = Vec::with_capacity(records.len());
        for records in records.chunks(BLOCK_ROWS) {
            BUFFERS.with_borrow_mut(|buffers| self.estimate_block(records, shown, options, buffers, &mut estimates));
        }
        estimates
    }

    fn estimate_block(
        &self,
        records: &[Record],
        shown: Option<Pattern>,
        options: EstimateOptions,
        Buffers { row, block, fills }: &mut Buffers,
        estimates: &mut Vec<Estimate>,
    ) {
        block.clear();
        block.numeric.resize(self.parts.ranges.len(), Vec::new());
        for record in records {
            self.read(record, row);
            block.push(row);
        }
        if let Some(shown) = shown {
            block.mask(shown);
        }
        let log_ratio = self.parts.ratio.predict(block);
        let log_spread = self.parts.spread.predict(block);
        let inputs = self.parts.fills.len();
        fills.clear();
        fills.resize(records.len() * inputs, f64::NAN);
        for (index, stage) in self.parts.fills.iter().enumerate() {
            let unknown: Vec<usize> = (0..block.len()).filter(|&row| block.numeric[index][row].is_nan()).collect();
            if unknown.is_empty() {
                continue;
            }
            let Some(stage) = stage else {
                unknown.iter().for_each(|row| fills[row * inputs + index] = self.usual(index));
                continue;
            };
            for (&place, value) in unknown.iter().zip(stage.predict(&block.take(&unknown))) {
                block.row(place, row);
                fills[place * inputs + index] = unscaled(index, value + self.offset(index, row));
            }
        }
        for (index, record) in records.iter().enumerate() {
            block.row(index, row);
            let predicted = Predicted { log_ratio: log_ratio[index], log_spread: log_spread[index] };
            estimates.push(self.conclude(record, row, &fills[index * inputs..][..inputs], predicted, options));
        }
    }

    /// What an input without a stage is filled with: visits as they usually are, where a model knows nothing but visits.
    fn usual(&self, index: usize) -> f64 {
        if index == VISITS { unscaled(VISITS, self.parts.mean_log_visits) } else { f64::NAN }
    }

    /// What is added to what the stage of an input says.
    fn offset(&self, index: usize, row: &InputRow) -> f64 {
        if index == VISITS { self.parts.visits_offsets.of(row.pattern()) } else { 0.0 }
    }

    /// From what the stages say to an answer that keeps the laws.
    fn conclude(&self, record: &Record, row: &InputRow, fills: &[f64], predicted: Predicted, options: EstimateOptions) -> Estimate {
        let predicted = predicted.bounded();
        let known_visits = if row.numeric[VISITS].is_nan() { None } else { record.visits.map(whole_visits) };
        // A known number of users bounds unknown visits from below.
        let least_visits = record.unique_users.map_or(0.0, |users| users.get().ceil());
        let visits = known_visits.unwrap_or_else(|| fills[VISITS].max(least_visits));
        let point = bounded_point(visits, predicted.log_ratio);
        let bounds = self.parts.calibration.bounds(row.pattern(), options.level);
        let (low, high) = interval(point, known_visits, predicted.log_spread, bounds);
        let filled = self.filled(fills, visits);
        let known = record.unique_users.map(UniqueUsers::get);
        let explanation = options.explain.then(|| match known {
            Some(users) => Explanation::of_known(users),
            None => explain::explain(&self.parts, row, visits, known_visits.is_some(), point),
        });
        let warnings = self.warnings(record, row);
        Estimate { point, low, high, filled, warnings, known, explanation, log_spread: predicted.log_spread }
    }

    fn filled(&self, fills: &[f64], visits: f64) -> Vec<FilledInput> {
        let shown = |(index, value): (usize, &f64)| FilledInput {
            field: numeric_field(index, &self.parts.rules.extras),
            value: if index == VISITS { visits } else { *value },
        };
        fills.iter().enumerate().filter(|(_, value)| !value.is_nan()).map(shown).collect()
    }

    fn warnings(&self, record: &Record, row: &InputRow) -> Vec<Warning> {
        let mut warnings = Vec::new();
        for (index, range) in self.parts.ranges.iter().enumerate() {
            let field = || numeric_field(index, &self.parts.rules.extras);
            match range {
                None if numeric_value(record, index).is_some() => warnings.push(Warning::NotLearned { field: field() }),
                Some((low, high)) if !row.numeric[index].is_nan() => {
                    let found = numeric_value(record, index).unwrap_or(f64::NAN);
                    if found < *low || found > *high {
                        warnings.push(Warning::OutsideTrainingRange { field: field(), found, low: *low, high: *high });
                    }
                }
                _ => {}
            }
        }
        if !self.parts.learned_category && record.category.is_some() {
            warnings.push(Warning::NotLearned { field: FaultField::Field(Field::Category) });
        }
        if let Some(source) = record.source.as_deref()
            && self.parts.sources.iter().all(|known| known.as_deref() != Some(source))
        {
            warnings.push(Warning::UnknownSource { found: source.to_owned(), used: self.source_for(record).to_owned() });
        }
        warnings.extend(self.disagreement(record));
        if row.pattern().without_host() == Pattern::NOTHING && row.numeric.iter().all(|value| value.is_nan()) {
            warnings.push(Warning::NothingKnown);
        }
        warnings
    }

    fn disagreement(&self, record: &Record) -> Option<Warning> {
        let (rank, visits) = (record.rank?.get(), record.visits?.get());
        let (low, high) = self.rank_visits.as_ref()?.contradicted(rank, visits)?;
        Some(Warning::RankAndVisitsDisagree { rank, visits, low, high })
    }

    /// The record's inputs as the stages know them: what was never learned counts as unknown.
    fn read(&self, record: &Record, row: &mut InputRow) {
        row.read(record, self.source_code(record), host_of(record, self.parts.suffixes.as_ref()));
        row.numeric.resize(self.parts.ranges.len(), f64::NAN);
        for (value, range) in row.numeric.iter_mut().zip(&self.parts.ranges) {
            if range.is_none() {
                *value = f64::NAN;
            }
        }
        if !self.parts.learned_category {
            row.category = UNKNOWN_CODE;
        }
    }

    /// Place of the record's source among the model's, from 1: a source it does not know follows the commonest.
    fn source_code(&self, record: &Record) -> u16 {
        let source = record.source.as_deref();
        self.parts.sources.iter().position(|known| known.as_deref() == source).unwrap_or(0) as u16 + 1
    }
}

/// What the record's host name says, where names were learned.
pub(crate) fn host_of(record: &Record, suffixes: Option<&Suffixes>) -> Host {
    suffixes.zip(record.site.as_deref()).map_or_else(Host::default, |(suffixes, site)| suffixes.read(site))
}

/// Visits there can be users of: part of a visit is none.
pub(crate) fn whole_visits(visits: Visits) -> f64 {
    visits.get().floor()
}

/// The point estimate: at least one user and at most one a visit, none where there are no visits.
pub(crate) fn bounded_point(visits: f64, log_ratio: f64) -> f64 {
    (visits * (-log_ratio).exp()).clamp(visits.min(1.0), visits)
}

/// The interval around a point, `bounds` spreads away from its logarithm; users cannot exceed visits that are known.
pub(crate) fn interval(point: f64, known_visits: Option<f64>, log_spread: f64, bounds: (f64, f64)) -> (f64, f64) {
    let spread = log_spread.exp();
    let low = (point * (bounds.0 * spread).exp()).max(point.min(1.0)).min(point);
    let high = (point * (bounds.1 * spread).exp()).min(known_visits.unwrap_or(f64::MAX)).max(point);
    (low, high)
}
