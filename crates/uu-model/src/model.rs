//! A trained model, ready to answer.

use std::cell::RefCell;
use std::ops::RangeInclusive;
use std::sync::Arc;

use uu_core::{FaultField, Field, Record, Rules, UniqueUsers, Warning};

use crate::about::About;
use crate::artifact::{self, ArtifactError, DRIFT_SECTION, MODEL_SECTION, RANK_VISITS_SECTION};
use crate::baselines::Baselines;
use crate::bounds::{bounded_point, interval, whole_visits};
use crate::checks::MOST_LOG;
use crate::earlier_formats::{PartsOfFormat1, PartsOfFormat2};
use crate::estimate::{Estimate, EstimateOptions, Explanation, Factor, FilledInput};
use crate::explain;
use crate::input::{InputBlock, InputRow};
use crate::input_id::InputId;
use crate::parts::Parts;
use crate::pattern::Pattern;
use crate::rank_visits::RankVisits;
use crate::reference::Reference;
use crate::site_level::SiteLevels;

/// Levels an interval can have: beyond them the calibration has too few rows in its tails.
pub const LEVELS: RangeInclusive<f64> = 0.5..=0.99;

/// Rows that are answered together: their features stay in the cache while the trees pass over them.
const BLOCK_ROWS: usize = 512;

/// A trained model: it answers records, alone or in blocks, from any number of threads.
#[derive(Debug)]
pub struct Model {
    about: About,
    parts: Parts,
    /// Where the training data have enough rows with both, and the release that wrote the artifact looked.
    rank_visits: Option<RankVisits>,
    /// What requests are compared with; an earlier release kept nothing.
    drift_reference: Option<Arc<Reference>>,
}

/// Which inputs a model has: what is so for every row it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inputs {
    /// Those that its estimates depend on.
    pub learned: Vec<FaultField>,
    /// Those that too few rows of the training data carried: given, they have no effect, and they are not imputed.
    pub not_learned: Vec<FaultField>,
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

impl Model {
    /// A model of parts that were just fitted.
    #[must_use]
    pub fn new(about: About, parts: Parts, rank_visits: Option<RankVisits>) -> Self {
        Self { about, parts, rank_visits, drift_reference: None }
    }

    /// All that an estimate is computed from.
    pub fn into_parts(self) -> Parts {
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
            2 => postcard::from_bytes::<PartsOfFormat2>(section).map(Into::into),
            _ => postcard::from_bytes::<Parts>(section),
        };
        let parts = parts.map_err(|error| ArtifactError::unreadable(MODEL_SECTION, error))?;
        parts.check().map_err(|error| ArtifactError::unreadable(MODEL_SECTION, error))?;
        let rank_visits = artifact.later_section(RANK_VISITS_SECTION).map(RankVisits::read).transpose()?;
        let reference = artifact.later_section(DRIFT_SECTION);
        let reference = reference.map(|bytes| Reference::read(bytes, artifact.format, Arc::clone(&parts.schema))).transpose()?;
        Ok(Self { about: artifact.about, parts, rank_visits, drift_reference: reference.map(Arc::new) })
    }

    /// What requests are compared with to see whether they drift; `None` where an earlier release trained the model.
    #[must_use]
    pub fn drift_reference(&self) -> Option<&Arc<Reference>> {
        self.drift_reference.as_ref()
    }

    /// What a record must be checked with before this model can answer it.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.parts.schema.rules
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
        self.parts.schema.sources.followed_by(record.source.as_deref())
    }

    /// The pattern of those known inputs of `record` that the model has learned to use.
    #[must_use]
    pub fn pattern_of(&self, record: &Record) -> Pattern {
        self.parts.schema.pattern(record)
    }

    /// The pattern in which every input the model has learned is known.
    #[must_use]
    pub fn learned(&self) -> Pattern {
        self.parts.schema.learned().without_extras()
    }

    /// Which inputs the model has learned and which it has not.
    #[must_use]
    pub fn inputs(&self) -> Inputs {
        let learned = explain::inputs(&self.parts);
        let numeric = self.parts.schema.ranges.ids().map(|id| self.parts.schema.field(id));
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
        let filled = self.parts.fills.entries().filter(|(id, stage)| stage.is_some() || *id == InputId::VISITS);
        filled.map(|(id, _)| self.parts.schema.field(id)).collect()
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
            self.parts.schema.encode(record, row);
            fills.clear();
            fills.extend(self.parts.fills.entries().map(|(id, stage)| match stage {
                _ if !row.numeric[id].is_nan() => f64::NAN,
                Some(stage) => id.unscaled(stage.predict_row(row) + self.offset(id, row)),
                None => self.usual(id),
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
        block.numeric.resize(self.parts.schema.ranges.len(), Vec::new());
        for record in records {
            self.parts.schema.encode(record, row);
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
        for (id, stage) in self.parts.fills.entries() {
            let unknown: Vec<usize> = (0..block.len()).filter(|&row| block.numeric[id][row].is_nan()).collect();
            if unknown.is_empty() {
                continue;
            }
            let Some(stage) = stage else {
                unknown.iter().for_each(|row| fills[row * inputs + id.place()] = self.usual(id));
                continue;
            };
            for (&place, value) in unknown.iter().zip(stage.predict(&block.take(&unknown))) {
                block.row(place, row);
                fills[place * inputs + id.place()] = id.unscaled(value + self.offset(id, row));
            }
        }
        for (index, record) in records.iter().enumerate() {
            block.row(index, row);
            let predicted = Predicted { log_ratio: log_ratio[index], log_spread: log_spread[index] };
            estimates.push(self.conclude(record, row, &fills[index * inputs..][..inputs], predicted, options));
        }
    }

    /// What an input without a stage is filled with: visits as they usually are, where a model knows nothing but visits.
    fn usual(&self, id: InputId) -> f64 {
        if id == InputId::VISITS { id.unscaled(self.parts.mean_log_visits) } else { f64::NAN }
    }

    /// What is added to what the stage of an input says.
    fn offset(&self, id: InputId, row: &InputRow) -> f64 {
        if id == InputId::VISITS { self.parts.visits_offsets.of(row.pattern()) } else { 0.0 }
    }

    /// From what the stages say to an answer that keeps the laws.
    fn conclude(&self, record: &Record, row: &InputRow, fills: &[f64], predicted: Predicted, options: EstimateOptions) -> Estimate {
        let predicted = predicted.bounded();
        let known_visits = if row.numeric[InputId::VISITS].is_nan() { None } else { record.visits.map(whole_visits) };
        // A known number of users bounds unknown visits from below.
        let least_visits = record.unique_users.map_or(0.0, |users| users.get().ceil());
        let visits = known_visits.unwrap_or_else(|| fills[InputId::VISITS.place()].max(least_visits));
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
        let shown = |(id, value): (InputId, &f64)| FilledInput {
            field: self.parts.schema.field(id),
            value: if id == InputId::VISITS { visits } else { *value },
        };
        self.parts.fills.ids().zip(fills).filter(|(_, value)| !value.is_nan()).map(shown).collect()
    }

    fn warnings(&self, record: &Record, row: &InputRow) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let schema = &self.parts.schema;
        for (id, range) in schema.ranges.entries() {
            let field = || schema.field(id);
            match range {
                None if id.value(record).is_some() => warnings.push(Warning::NotLearned { field: field() }),
                Some((low, high)) if !row.numeric[id].is_nan() => {
                    let found = id.value(record).unwrap_or(f64::NAN);
                    if found < *low || found > *high {
                        warnings.push(Warning::OutsideTrainingRange { field: field(), found, low: *low, high: *high });
                    }
                }
                _ => {}
            }
        }
        if !schema.category && record.category.is_some() {
            warnings.push(Warning::NotLearned { field: FaultField::Field(Field::Category) });
        }
        if let Some(source) = record.source.as_deref()
            && schema.sources.learned_code_of(Some(source)).is_none()
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
}
