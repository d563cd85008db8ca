//! Rows with some of their inputs hidden, so that one model serves every pattern of missing inputs.

use uu_core::stats::site_hash;
use uu_model::Pattern;
use uu_model::components::{InputBlock, InputId};

use super::table::Table;

/// Rows to fit a stage on: the rows themselves and copies with inputs hidden.
pub(super) struct Expanded {
    pub(super) block: InputBlock,
    /// The table's row each came from.
    pub(super) origin: Vec<usize>,
    pub(super) weights: Vec<f32>,
    /// How many of the first are the rows themselves.
    pub(super) uncopied: usize,
}

/// How rows are copied.
#[derive(Clone, Copy)]
pub(super) struct Masking {
    pub(super) copies: usize,
    pub(super) weight: f64,
    /// A numeric input that every row and every copy hides: the one the stage predicts.
    pub(super) hidden: Option<InputId>,
    pub(super) seed: u64,
}

/// Copies are made until there are about this many of them: beyond, they cost time and teach nothing. On 15,000 rows a second copy is
/// worth 0.1 to 0.5 points of median error on sparse patterns, on 40,000 nothing that can be told from noise.
const ENOUGH_COPIES: usize = 30_000;

/// A copy shows its host one time in so many: a name without numbers says little, and more of them would cost what the others say.
const HOST_SHOWN_EVERY: u64 = 3;

/// How often each of `rows` rows is copied, at most `most` times.
pub(super) fn copies(rows: usize, most: usize) -> usize {
    // Where more copies are asked for, more are enough.
    (ENOUGH_COPIES * most / 2).div_ceil(rows.max(1)).min(most)
}

impl Masking {
    /// Expands the table's `rows`; each copy shows a subset of what its row knows, drawn evenly but for the host.
    pub(super) fn expand(self, table: &Table<'_>, rows: &[usize]) -> Expanded {
        let mut origin = Vec::with_capacity(rows.len() * (self.copies + 1));
        for _ in 0..=self.copies {
            origin.extend_from_slice(rows);
        }
        let mut block = table.block.take(&origin);
        let mut weights = vec![1.0; origin.len()];
        for copy in 1..=self.copies {
            for (place, &row) in rows.iter().enumerate() {
                let index = copy * rows.len() + place;
                block.mask_row(index, self.draw(table, row, copy));
                weights[index] = self.weight as f32;
            }
        }
        if let Some(hidden) = self.hidden {
            block.numeric[hidden].fill(f64::NAN);
        }
        Expanded { block, origin, weights, uncopied: rows.len() }
    }

    fn draw(self, table: &Table<'_>, row: usize, copy: usize) -> Pattern {
        let known = table.patterns[row];
        let inputs = known.without_host();
        let mut subsets: Vec<Pattern> = inputs.subsets().collect();
        if !known.knows_host() {
            // All of it is the row itself.
            subsets.pop();
        }
        let draw = site_hash("mask", table.keys[row] ^ self.seed.wrapping_add(copy as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let count = subsets.len().max(1) as u64;
        let shown = subsets.get((draw % count) as usize).copied().unwrap_or(Pattern::NOTHING);
        let shows_host = known.knows_host() && shown != inputs && (draw / count).is_multiple_of(HOST_SHOWN_EVERY);
        if shows_host { shown.with_host() } else { shown }
    }
}
