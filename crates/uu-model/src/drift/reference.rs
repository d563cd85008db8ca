//! What requests are held against: how the rows of the training were spread.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uu_core::{Category, Rank, Record, Visits, host_of_site};

use super::figure::{Bins, Figure};
use crate::checks::{MOST_CODES, MOST_INPUTS, Soundness, at_most, ensure, ensure_length};
use crate::input::{NUMERIC, Pattern, VISITS, numeric_value};

/// Place of the rank among the numeric inputs.
const RANK: usize = 0;

/// Cells of the patterns: every set of known inputs has its own.
const PATTERNS: usize = 1 << u8::BITS;

/// The training's rows by bins of each figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// By numeric input: its column and its bins, where it was learned.
    #[serde(deserialize_with = "at_most::<_, _, MOST_INPUTS>")]
    inputs: Vec<Option<(String, Bins)>>,
    visits_times_rank: Option<Bins>,
    estimate: Bins,
    /// Sources of the training data; rows that name none are one where there were any.
    #[serde(deserialize_with = "at_most::<_, _, MOST_CODES>")]
    sources: Vec<Option<String>>,
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

/// What the model has learned, as far as it decides which cell a record falls into.
#[cfg(feature = "train")]
pub(crate) struct Learned<'a> {
    pub(crate) columns: Vec<Option<String>>,
    pub(crate) sources: &'a [Option<String>],
    pub(crate) category: bool,
    pub(crate) hosts: bool,
}

impl Reference {
    /// Counts rows, and `points`, the estimates that the model makes of some of them.
    #[cfg(feature = "train")]
    pub(crate) fn of(records: &[Record], points: Vec<f64>, learned: Learned<'_>) -> Self {
        let values = |index: usize| records.iter().filter_map(|record| numeric_value(record, index)).collect::<Vec<f64>>();
        let bins = |(index, column): (usize, Option<String>)| column.map(|column| (column, Bins::of(values(index))));
        let inputs: Vec<Option<(String, Bins)>> = learned.columns.into_iter().enumerate().map(bins).collect();
        let both = inputs[RANK].is_some() && inputs[VISITS].is_some();
        let mut reference = Self {
            visits_times_rank: both.then(|| Bins::of(records.iter().filter_map(visits_times_rank).collect())),
            inputs,
            estimate: Bins::of(points.clone()),
            sources: learned.sources.to_vec(),
            learned_category: learned.category,
            learned_hosts: learned.hosts,
            rows: Vec::new(),
        };
        let mut rows = vec![0; reference.len()];
        records.iter().for_each(|record| reference.cells_of(record, None, |cell| rows[cell] += 1));
        let of_estimate = reference.figures().into_iter().find(|cells| cells.figure == Figure::Estimate).map_or(0, |cells| cells.from);
        points.into_iter().for_each(|point| rows[of_estimate + reference.estimate.cell(point)] += 1);
        reference.rows = rows;
        reference
    }

    /// Checks that every figure has its cells, and that their rows can be added up.
    pub(crate) fn check(&self) -> Soundness {
        let of_inputs = self.inputs.iter().flatten().map(|(_, bins)| bins);
        of_inputs.chain(&self.visits_times_rank).chain([&self.estimate]).try_for_each(Bins::check)?;
        ensure_length("the rows of the drift reference", self.len(), self.rows.len())?;
        let sum = self.rows.iter().try_fold(0u64, |sum, rows| sum.checked_add(*rows));
        ensure(sum.is_some(), "the rows of the drift reference", "a count that fits 64 bits", "more")
    }

    /// The figures in the order of their cells.
    pub(super) fn figures(&self) -> Vec<Cells> {
        let inputs = self.inputs.iter().flatten().map(|(column, bins)| (Figure::Input(column.clone()), bins.count()));
        let relation = self.visits_times_rank.iter().map(|bins| (Figure::VisitsTimesRank, bins.count()));
        let others = [
            (Figure::Estimate, self.estimate.count()),
            (Figure::Category, if self.learned_category { Category::count() + 1 } else { 0 }),
            (Figure::Source, self.sources.len() + 1),
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
        &self.rows[cells.from..cells.from + cells.count]
    }

    /// Names the cells a record and its estimate fall into, one of each figure that it says something of.
    #[inline]
    pub(super) fn cells_of(&self, record: &Record, point: Option<f64>, mut hit: impl FnMut(usize)) {
        let (mut from, mut known) = (0, 0u8);
        for (index, input) in self.inputs.iter().enumerate() {
            let Some((_, bins)) = input else { continue };
            if let Some(value) = numeric_value(record, index) {
                hit(from + bins.cell(value));
                known |= if index < NUMERIC.len() { 1 << index } else { 0 };
            }
            from += bins.count();
        }
        if let Some(bins) = &self.visits_times_rank {
            visits_times_rank(record).into_iter().for_each(|value| hit(from + bins.cell(value)));
            from += bins.count();
        }
        point.into_iter().for_each(|point| hit(from + self.estimate.cell(point)));
        from += self.estimate.count();
        if self.learned_category {
            record.category.into_iter().for_each(|category| hit(from + usize::from(category.top().code())));
            from += Category::count() + 1;
        }
        // A request that names no source leaves it to the model, and says nothing of where its inputs come from.
        let source = self.sources.iter().position(|source| source.as_deref() == record.source.as_deref());
        if record.source.is_some() || source.is_some() {
            hit(from + source.unwrap_or(self.sources.len()));
        }
        from += self.sources.len() + 1;
        hit(from + usize::from(self.pattern(record, known)));
    }

    /// As [`crate::Model::pattern_of`] has it.
    fn pattern(&self, record: &Record, known: u8) -> u8 {
        let extras = self.inputs.len() > NUMERIC.len()
            && (NUMERIC.len()..self.inputs.len()).all(|index| self.inputs[index].is_some() && numeric_value(record, index).is_some());
        let category = self.learned_category && record.category.is_some();
        let host = self.learned_hosts && record.site.as_deref().is_some_and(|site| host_of_site(site).is_some());
        Pattern::of_bits(known, category, extras, host).0
    }

    /// A number that no other reference has, so that counts over other bins are not taken for its own.
    pub(super) fn fingerprint(&self) -> u64 {
        let bytes = postcard::to_stdvec(self).expect("a reference is numbers, texts and lists");
        let digest = Sha256::digest(bytes);
        digest.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }
}

fn visits_times_rank(record: &Record) -> Option<f64> {
    Some(record.visits.map(Visits::get)?.max(1.0) * record.rank.map(Rank::get)?)
}
