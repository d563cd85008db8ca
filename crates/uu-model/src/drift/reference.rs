//! What requests are held against: how the rows of the training were spread.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uu_core::{Category, Rank, Record, Visits};

use super::figure::{Bins, Figure};
use crate::artifact::ArtifactError;
use crate::checks::{Soundness, ensure, ensure_length};
use crate::input_id::{ByInput, InputId};
use crate::model::DRIFT_SECTION;
use crate::schema::{InputSchema, Sources};

/// Cells of the patterns: every set of known inputs has its own.
const PATTERNS: usize = 1 << u8::BITS;

/// The training's rows by bins of each figure, over what the model reads of a record.
#[derive(Clone, Debug)]
pub struct Reference {
    schema: Arc<InputSchema>,
    spread: Spread,
}

/// What an artifact holds of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Spread {
    /// By numeric input: its column and its bins, where it was learned.
    inputs: ByInput<Option<(String, Bins)>>,
    visits_times_rank: Option<Bins>,
    estimate: Bins,
    /// The schema's own; so are the two that follow.
    sources: Sources,
    learned_category: bool,
    learned_hosts: bool,
    /// Rows in each cell of each figure, figure after figure.
    rows: Vec<u64>,
}

/// A figure and where its cells are.
pub(super) struct Cells {
    pub(super) figure: Figure,
    pub(super) from: usize,
    pub(super) count: usize,
}

impl Reference {
    /// Counts rows, and `points`, the estimates that the model makes of some of them.
    #[cfg(feature = "train")]
    pub(crate) fn of(records: &[Record], points: Vec<f64>, schema: Arc<InputSchema>) -> Self {
        let bins = |id: InputId| Bins::of(records.iter().filter_map(|record| schema.value(record, id)).collect());
        let inputs: ByInput<_> =
            schema.ranges.entries().map(|(id, range)| range.map(|_| (schema.field(id).column().to_owned(), bins(id)))).collect();
        let both = inputs[InputId::RANK].is_some() && inputs[InputId::VISITS].is_some();
        let spread = Spread {
            visits_times_rank: both.then(|| Bins::of(records.iter().filter_map(visits_times_rank).collect())),
            inputs,
            estimate: Bins::of(points.clone()),
            sources: schema.sources.clone(),
            learned_category: schema.category,
            learned_hosts: schema.suffixes.is_some(),
            rows: Vec::new(),
        };
        let mut reference = Self { schema, spread };
        let mut rows = vec![0; reference.len()];
        records.iter().for_each(|record| reference.cells_of(record, None, |cell| rows[cell] += 1));
        let of_estimate = reference.figures().into_iter().find(|cells| cells.figure == Figure::Estimate).map_or(0, |cells| cells.from);
        points.into_iter().for_each(|point| rows[of_estimate + reference.spread.estimate.cell(point)] += 1);
        reference.spread.rows = rows;
        reference
    }

    /// Reads what an artifact holds, beside the schema of its model.
    ///
    /// **Errors**: it cannot be read, or contradicts itself or the schema.
    pub(crate) fn read(bytes: &[u8], schema: Arc<InputSchema>) -> Result<Self, ArtifactError> {
        let spread = postcard::from_bytes(bytes).map_err(|error| ArtifactError::unreadable(DRIFT_SECTION, error))?;
        let reference = Self { schema, spread };
        reference.check().map_err(|error| ArtifactError::unreadable(DRIFT_SECTION, error))?;
        Ok(reference)
    }

    /// What the artifact holds.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        postcard::to_stdvec(&self.spread).expect("a reference is numbers, texts and lists")
    }

    /// Checks that every figure has its cells, that their rows can be added up, and that they are of what the model reads.
    fn check(&self) -> Soundness {
        let (schema, spread) = (&self.schema, &self.spread);
        let of_inputs = spread.inputs.iter().flatten().map(|(_, bins)| bins);
        of_inputs.chain(&spread.visits_times_rank).chain([&spread.estimate]).try_for_each(Bins::check)?;
        ensure_length("the inputs of the drift reference", schema.ranges.len(), spread.inputs.len())?;
        let is_alike = schema.ranges.iter().map(Option::is_some).eq(spread.inputs.iter().map(Option::is_some))
            && (&schema.sources, schema.category, schema.suffixes.is_some())
                == (&spread.sources, spread.learned_category, spread.learned_hosts);
        ensure(is_alike, "the drift reference", "of what the model has learned", "another")?;
        ensure_length("the rows of the drift reference", self.len(), spread.rows.len())?;
        let sum = spread.rows.iter().try_fold(0u64, |sum, rows| sum.checked_add(*rows));
        ensure(sum.is_some(), "the rows of the drift reference", "a count that fits 64 bits", "more")
    }

    /// The figures in the order of their cells.
    pub(super) fn figures(&self) -> Vec<Cells> {
        let inputs = self.spread.inputs.iter().flatten().map(|(column, bins)| (Figure::Input(column.clone()), bins.count()));
        let relation = self.spread.visits_times_rank.iter().map(|bins| (Figure::VisitsTimesRank, bins.count()));
        let others = [
            (Figure::Estimate, self.spread.estimate.count()),
            (Figure::Category, if self.schema.category { Category::count() + 1 } else { 0 }),
            (Figure::Source, self.schema.sources.len() + 1),
            (Figure::Pattern, PATTERNS),
        ];
        let mut from = 0;
        let placed = inputs.chain(relation).chain(others).map(|(figure, count)| {
            from += count;
            Cells { figure, from: from - count, count }
        });
        placed.collect()
    }

    /// Cells of all figures.
    pub(super) fn len(&self) -> usize {
        self.figures().iter().map(|cells| cells.count).sum()
    }

    /// The training's rows in the cells of a figure.
    pub(super) fn rows(&self, cells: &Cells) -> &[u64] {
        &self.spread.rows[cells.from..cells.from + cells.count]
    }

    /// Names the cells a record and its estimate fall into, one of each figure that it says something of.
    #[inline]
    pub(super) fn cells_of(&self, record: &Record, point: Option<f64>, mut hit: impl FnMut(usize)) {
        let (schema, spread) = (&*self.schema, &self.spread);
        let mut from = 0;
        for (id, input) in spread.inputs.entries() {
            let Some((_, bins)) = input else { continue };
            schema.value(record, id).into_iter().for_each(|value| hit(from + bins.cell(value)));
            from += bins.count();
        }
        if let Some(bins) = &spread.visits_times_rank {
            visits_times_rank(record).into_iter().for_each(|value| hit(from + bins.cell(value)));
            from += bins.count();
        }
        point.into_iter().for_each(|point| hit(from + spread.estimate.cell(point)));
        from += spread.estimate.count();
        if schema.category {
            record.category.into_iter().for_each(|category| hit(from + usize::from(category.top().code())));
            from += Category::count() + 1;
        }
        // A request that names no source leaves it to the model, and says nothing of where its inputs come from.
        let source = schema.sources.learned_code_of(record.source.as_deref()).map(|code| usize::from(code) - 1);
        if record.source.is_some() || source.is_some() {
            hit(from + source.unwrap_or(schema.sources.len()));
        }
        from += schema.sources.len() + 1;
        hit(from + usize::from(schema.pattern(record).0));
    }

    /// A number that no other reference has, so that counts over other bins are not taken for its own.
    pub(super) fn fingerprint(&self) -> u64 {
        let digest = Sha256::digest(self.to_bytes());
        digest.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }
}

fn visits_times_rank(record: &Record) -> Option<f64> {
    Some(record.visits.map(Visits::get)?.max(1.0) * record.rank.map(Rank::get)?)
}
