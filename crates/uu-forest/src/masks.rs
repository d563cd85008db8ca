//! The tables behind every prediction: for each bin, the leaves it leaves alive.
//!
//! The idea is QuickScorer's (Lucchese et al. 2015): give each leaf a bit; a split that sends a row to one side clears the
//! bits of the other side; a leaf survives all splits only if each of its ancestors leads to it, so exactly one bit is
//! left. QuickScorer clears bits split by split. Here the masks of all splits on one column are joined beforehand, for
//! each of the few intervals between the cuts that a **tile** of 16 trees uses: what remains of 16 trees is one 64-byte
//! AND for every column, without a branch, and the tables of a tile (some 32 KiB) stay in the first-level cache while a
//! block of rows passes.
//!
//! A tree of more than 32 leaves takes several lanes of 32 leaves each. All but one of them end up without a bit, and
//! count for nothing.

use std::collections::HashMap;

use super::bins::Binner;
use super::error::ForestError;
use super::trees::{Test, Tree, Trees, Values, at_most};

/// Lanes of a tile: one 64-byte line of 32-bit masks.
pub(crate) const LANES: usize = 16;
/// Entries of all tiles' tables from bins to lines, together: a small text could ask for many trees over many bins.
const MOST_ENTRIES: usize = 1 << 25;
/// Leaves of a lane.
const LEAVES: usize = 32;

/// The surviving leaves of a tile's lanes, one cache line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(align(64))]
pub(crate) struct Line(pub(crate) [u32; LANES]);

/// A lane's leaf values by bit, and zero for the lane in which no bit is left.
pub(crate) type LaneValues = [f64; LEAVES + 1];

/// 16 lanes and what each bin does to them.
#[derive(Debug)]
pub(crate) struct Tile {
    /// Line 0 has every leaf alive: a row starts with it.
    pub(crate) lines: Vec<Line>,
    /// For each bin of each column, its line.
    pub(crate) line_of_bin: Vec<u16>,
    pub(crate) values: [LaneValues; LANES],
}

/// What one split does to one lane.
struct Effect<'a> {
    lane: usize,
    column: usize,
    test: &'a Test,
    if_left: u32,
    if_right: u32,
}

/// Lays out all trees, in their order: sums are added up tree by tree, as LightGBM does.
pub(crate) fn tiles(trees: &Trees, binner: &Binner) -> Result<Vec<Tile>, ForestError> {
    let mut lanes: Vec<Lane<'_>> = Vec::new();
    trees.trees.iter().for_each(|tree| add_lanes(tree, &mut lanes));
    at_most("bins in all tables", MOST_ENTRIES, lanes.len().div_ceil(LANES).saturating_mul(binner.num_bins()))?;
    lanes.chunks(LANES).map(|lanes| tile(lanes, trees, binner)).collect()
}

/// Up to 32 leaves of one tree and the splits above them.
struct Lane<'a> {
    values: Vec<f64>,
    effects: Vec<Effect<'a>>,
}

fn add_lanes<'a>(tree: &'a Tree, lanes: &mut Vec<Lane<'a>>) {
    let first = lanes.len();
    let order = LeafOrder::new(tree);
    for chunk in order.leaves.chunks(LEAVES) {
        let values = chunk.iter().map(|&leaf| tree.leaves[leaf].value).collect();
        lanes.push(Lane { values, effects: Vec::new() });
    }
    for (split, &(from, middle, to)) in tree.splits.iter().zip(&order.ranges) {
        for (lane, leaves) in lanes[first..].iter_mut().zip((0..).step_by(LEAVES)) {
            let (left, right) = (bits(from, middle, leaves), bits(middle, to, leaves));
            if left | right != 0 {
                lane.effects.push(Effect { lane: 0, column: split.column as usize, test: &split.test, if_left: !right, if_right: !left });
            }
        }
    }
}

/// The bits of leaves `from..to` in the lane whose leaf 0 is `first`.
fn bits(from: usize, to: usize, first: usize) -> u32 {
    let below = |leaf: usize| (1_u64 << leaf.saturating_sub(first).min(LEAVES)) - 1;
    (below(to) & !below(from)) as u32
}

/// The leaves from left to right, and each split's leaves as a range with the border between its sides.
struct LeafOrder {
    leaves: Vec<usize>,
    ranges: Vec<(usize, usize, usize)>,
}

impl LeafOrder {
    fn new(tree: &Tree) -> Self {
        enum Step {
            Enter(i32),
            Between(usize),
            Leave(usize),
        }
        let mut order = Self { leaves: Vec::new(), ranges: vec![(0, 0, 0); tree.splits.len()] };
        let mut open = vec![Step::Enter(tree.root())];
        while let Some(step) = open.pop() {
            let position = order.leaves.len();
            match step {
                Step::Enter(leaf) if leaf < 0 => {
                    order.leaves.push(!leaf as usize);
                }
                Step::Enter(split) => {
                    let at = split as usize;
                    order.ranges[at].0 = position;
                    let split = &tree.splits[at];
                    open.extend([Step::Leave(at), Step::Enter(split.right), Step::Between(at), Step::Enter(split.left)]);
                }
                Step::Between(split) => order.ranges[split].1 = position,
                Step::Leave(split) => order.ranges[split].2 = position,
            }
        }
        order
    }
}

fn tile(lanes: &[Lane<'_>], trees: &Trees, binner: &Binner) -> Result<Tile, ForestError> {
    let mut start = Line([0; LANES]);
    let mut values = [[0.0; LEAVES + 1]; LANES];
    let mut effects: Vec<Vec<Effect<'_>>> = (0..binner.num_columns()).map(|_| Vec::new()).collect();
    for (at, lane) in lanes.iter().enumerate() {
        start.0[at] = bits(0, lane.values.len(), 0);
        values[at][..lane.values.len()].copy_from_slice(&lane.values);
        for effect in &lane.effects {
            effects[effect.column].push(Effect { lane: at, ..*effect });
        }
    }
    let mut tile = Tile { lines: vec![start], line_of_bin: vec![0; binner.num_bins()], values };
    for (column, effects) in effects.iter().enumerate().filter(|(_, effects)| !effects.is_empty()) {
        let last = trees.columns[column].last_bin();
        let base = binner.base(column) as usize;
        let bins = &mut tile.line_of_bin[base..=base + last as usize];
        match &trees.columns[column].values {
            Values::Numeric { .. } => add_intervals(effects, last, start, &mut tile.lines, bins),
            Values::Categorical { .. } => add_categories(effects, last, start, &mut tile.lines, bins),
        }
    }
    let most = usize::from(u16::MAX) + 1;
    let found = tile.lines.len();
    if found > most {
        return Err(ForestError::TooLarge { what: "distinct splits in 16 trees", most, found });
    }
    Ok(tile)
}

/// A new line at each cut that the tile uses, and one for what is missing.
fn add_intervals(effects: &[Effect<'_>], last: u32, start: Line, lines: &mut Vec<Line>, bins: &mut [u16]) {
    let mut cuts: Vec<u32> = effects.iter().filter_map(|effect| cut(effect.test)).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let mut from = 0;
    for end in cuts.into_iter().chain([last - 1, last]) {
        bins[from as usize..=end as usize].fill(lines.len() as u16);
        lines.push(line(effects, end, last, start));
        from = end + 1;
    }
}

fn add_categories(effects: &[Effect<'_>], last: u32, start: Line, lines: &mut Vec<Line>, bins: &mut [u16]) {
    let mut known: HashMap<Line, u16> = HashMap::new();
    for (bin, slot) in (0..=last).zip(bins) {
        let line = line(effects, bin, last, start);
        *slot = *known.entry(line).or_insert_with(|| {
            lines.push(line);
            (lines.len() - 1) as u16
        });
    }
}

fn cut(test: &Test) -> Option<u32> {
    match test {
        Test::AtMost { cut, .. } => Some(*cut),
        Test::OneOf { .. } => None,
    }
}

/// What `bin` leaves alive.
fn line(effects: &[Effect<'_>], bin: u32, last: u32, start: Line) -> Line {
    let mut line = start;
    for effect in effects {
        let mask = if effect.test.goes_left(bin, last) { effect.if_left } else { effect.if_right };
        line.0[effect.lane] &= mask;
    }
    line
}
