//! What requests are held against: how the rows of the training were spread.

mod figure;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uu_core::{Category, Rank, Record, Visits};

use crate::artifact::ArtifactError;
use crate::artifact::DRIFT_SECTION;
use crate::checks::{Soundness, Unsound, ensure, ensure_length};
use crate::input_id::{ByInput, ByInputBeforeFormat3, InputId};
use crate::pattern::Pattern;
use crate::schema::{InputSchema, Sources};

pub use figure::Figure;

use figure::Bins;

/// The training's rows by bins of each figure, over what the model reads of a record.
#[derive(Clone, Debug)]
pub struct Reference {
    schema: Arc<InputSchema>,
    /// Every input of the schema: a request's pattern has its cell among the subsets.
    learned: Pattern,
    spread: Spread,
}

/// What an artifact holds of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Spread {
    /// By numeric input, where it was learned.
    inputs: ByInput<Option<Bins>>,
    visits_times_rank: Option<Bins>,
    estimate: Bins,
    /// Rows in each cell of each figure, figure after figure.
    rows: Vec<u64>,
}

/// The same before format 3: beside the bins stood the names of the inputs, and what the schema has as well.
#[derive(Deserialize)]
struct SpreadBeforeFormat3 {
    inputs: ByInputBeforeFormat3<Option<(String, Bins)>>,
    visits_times_rank: Option<Bins>,
    estimate: Bins,
    sources: Sources,
    learned_category: bool,
    learned_hosts: bool,
    rows: Vec<u64>,
}

/// Cells of patterns before format 3: every pattern of one byte had its own.
const PATTERNS_BEFORE_FORMAT_3: usize = 1 << u8::BITS;

/// Most inputs of which every set has a cell of its own; where a model has learned more, sets share cells.
const MOST_PATTERN_BITS: u32 = 12;

/// A figure and where its cells are.
pub struct Cells {
    /// The figure.
    pub figure: Figure,
    /// The first of its cells.
    pub from: usize,
    /// How many it has.
    pub count: usize,
}

impl Reference {
    /// Counts rows, and `points`, the estimates that the model makes of some of them.
    pub fn of(records: &[Record], points: Vec<f64>, schema: Arc<InputSchema>) -> Self {
        let bins = |id: InputId| Bins::of(records.iter().filter_map(|record| schema.value(record, id)).collect());
        let inputs: ByInput<_> = schema.ranges.entries().map(|(id, range)| range.map(|_| bins(id))).collect();
        let both = inputs[InputId::RANK].is_some() && inputs[InputId::VISITS].is_some();
        let spread = Spread {
            visits_times_rank: both.then(|| Bins::of(records.iter().filter_map(visits_times_rank).collect())),
            inputs,
            estimate: Bins::of(points.clone()),
            rows: Vec::new(),
        };
        let mut reference = Self { learned: schema.learned(), schema, spread };
        let mut rows = vec![0; reference.cell_count()];
        records.iter().for_each(|record| reference.cells_of(record, None, |cell| rows[cell] += 1));
        let of_estimate = reference.figures().into_iter().find(|cells| cells.figure == Figure::Estimate).map_or(0, |cells| cells.from);
        points.into_iter().for_each(|point| rows[of_estimate + reference.spread.estimate.cell(point)] += 1);
        reference.spread.rows = rows;
        reference
    }

    /// Reads what an artifact holds, beside the schema of its model.
    ///
    /// **Errors**: it cannot be read, or contradicts itself or the schema.
    pub fn read(bytes: &[u8], format: u32, schema: Arc<InputSchema>) -> Result<Self, ArtifactError> {
        let unreadable = |error: postcard::Error| ArtifactError::unreadable(DRIFT_SECTION, error);
        let unsound = |error| ArtifactError::unreadable(DRIFT_SECTION, error);
        let spread = match format {
            1 | 2 => postcard::from_bytes::<SpreadBeforeFormat3>(bytes).map_err(unreadable)?.of(&schema).map_err(unsound)?,
            _ => postcard::from_bytes(bytes).map_err(unreadable)?,
        };
        let reference = Self { learned: schema.learned(), schema, spread };
        reference.check().map_err(unsound)?;
        Ok(reference)
    }

    /// What the artifact holds.
    pub fn to_bytes(&self) -> Vec<u8> {
        postcard::to_stdvec(&self.spread).expect("a reference is numbers, texts and lists")
    }

    /// Checks that every figure has its cells, that their rows can be added up, and that they are of what the model reads.
    fn check(&self) -> Soundness {
        let (schema, spread) = (&self.schema, &self.spread);
        let all = spread.inputs.iter().flatten().chain(&spread.visits_times_rank).chain([&spread.estimate]);
        all.into_iter().try_for_each(Bins::check)?;
        ensure_length("the inputs of the drift reference", schema.ranges.len(), spread.inputs.len())?;
        let is_alike = schema.ranges.iter().map(Option::is_some).eq(spread.inputs.iter().map(Option::is_some));
        ensure(is_alike, "the drift reference", "of the inputs that were learned", "of others")?;
        ensure_length("the rows of the drift reference", self.cell_count(), spread.rows.len())?;
        let sum = spread.rows.iter().try_fold(0u64, |sum, rows| sum.checked_add(*rows));
        ensure(sum.is_some(), "the rows of the drift reference", "a count that fits 64 bits", "more")
    }

    /// The figures in the order of their cells.
    pub fn figures(&self) -> Vec<Cells> {
        let inputs = self.spread.inputs.entries().filter_map(|(id, bins)| Some((id, bins.as_ref()?)));
        let inputs = inputs.map(|(id, bins)| (Figure::Input(self.schema.field(id).column().to_owned()), bins.count()));
        let relation = self.spread.visits_times_rank.iter().map(|bins| (Figure::VisitsTimesRank, bins.count()));
        let others = [
            (Figure::Estimate, self.spread.estimate.count()),
            (Figure::Category, if self.schema.category { Category::count() + 1 } else { 0 }),
            (Figure::Source, self.schema.sources.len() + 1),
            (Figure::Pattern, pattern_cells(self.learned)),
        ];
        let mut from = 0;
        let placed = inputs.chain(relation).chain(others).map(|(figure, count)| {
            from += count;
            Cells { figure, from: from - count, count }
        });
        placed.collect()
    }

    /// Cells of all figures.
    pub fn cell_count(&self) -> usize {
        self.figures().iter().map(|cells| cells.count).sum()
    }

    /// The training's rows in the cells of a figure.
    pub fn rows(&self, cells: &Cells) -> &[u64] {
        &self.spread.rows[cells.from..cells.from + cells.count]
    }

    /// Names the cells a record and its estimate fall into, one of each figure that it says something of.
    #[inline]
    pub fn cells_of(&self, record: &Record, point: Option<f64>, mut hit: impl FnMut(usize)) {
        let (schema, spread) = (&*self.schema, &self.spread);
        let mut from = 0;
        for (id, input) in spread.inputs.entries() {
            let Some(bins) = input else { continue };
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
        hit(from + pattern_cell(schema.pattern(record), self.learned));
    }

    /// A number that no other reference has, so that counts over other bins are not taken for its own.
    pub fn fingerprint(&self) -> u64 {
        let digest = Sha256::digest(self.to_bytes());
        digest.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }
}

/// The cell of a pattern among those of the inputs that were `learned`.
fn pattern_cell(pattern: Pattern, learned: Pattern) -> usize {
    pattern.place_within(learned) % pattern_cells(learned)
}

fn pattern_cells(learned: Pattern) -> usize {
    1 << learned.size().min(MOST_PATTERN_BITS)
}

impl SpreadBeforeFormat3 {
    /// The same as it is laid out now.
    ///
    /// **Errors**: it is not of what `schema` has learned, or has other cells.
    fn of(self, schema: &InputSchema) -> Result<Spread, Unsound> {
        let own = (&schema.sources, schema.category, schema.suffixes.is_some());
        let is_alike = own == (&self.sources, self.learned_category, self.learned_hosts);
        ensure(is_alike, "the drift reference", "of what the model has learned", "of something else")?;
        let mut rows = self.rows;
        let patterns = rows.len().checked_sub(PATTERNS_BEFORE_FORMAT_3).map(|from| rows.split_off(from));
        let learned = schema.learned();
        let mut cells = vec![0u64; pattern_cells(learned)];
        for (bits, rows) in (0..).zip(patterns.unwrap_or_default()) {
            let cell = &mut cells[pattern_cell(Pattern(bits), learned)];
            *cell = cell.saturating_add(rows);
        }
        rows.extend(cells);
        let inputs = self.inputs.0.into_entries().map(|(_, input)| input.map(|(_, bins)| bins)).collect();
        Ok(Spread { inputs, visits_times_rank: self.visits_times_rank, estimate: self.estimate, rows })
    }
}

fn visits_times_rank(record: &Record) -> Option<f64> {
    Some(record.visits.map(Visits::get)?.max(1.0) * record.rank.map(Rank::get)?)
}
