//! The canonical form of a forest: what is stored, and what every fast layout is derived from.

use serde::{Deserialize, Serialize};

use super::error::ForestError;

/// Most columns that a feature can have: one for each way to treat what is missing, and one for categories.
const COLUMNS_OF_FEATURE: usize = 4;

/// Most category codes of a column: they are codes of 16 bits.
const MOST_CODES: usize = 1 << 16;

/// Longest path from the root to a leaf: the tables for explanations take time in proportion to it, for every node.
const MOST_DEPTH: usize = 1_024;

/// Trees over columns of bins.
///
/// A **column** is a feature together with how its missing values are told apart; its values are cut into **bins**, and
/// splits compare bins, which is exact: with `bin(x)` the number of cut points below `x`, `x <= cuts[k]` if and only if
/// `bin(x) <= k`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Trees {
    pub(crate) feature_names: Vec<String>,
    pub(crate) columns: Vec<Column>,
    pub(crate) trees: Vec<Tree>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Column {
    pub(crate) feature: u32,
    pub(crate) values: Values,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Values {
    /// Bins `0..=cuts.len()` hold the values between the ascending cuts; the next bin holds what is missing.
    Numeric { missing: Missing, cuts: Vec<f64> },
    /// Bin `i` holds `codes[i]`, ascending; the next bin holds every other value.
    Categorical { codes: Vec<u32> },
}

/// What a column takes for missing: LightGBM's `missing_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Missing {
    /// Nothing: NaN is read as zero.
    None,
    /// Zero and NaN.
    Zero,
    /// NaN.
    Nan,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tree {
    pub(crate) splits: Vec<Split>,
    pub(crate) leaves: Vec<Leaf>,
}

/// A child `>= 0` is the split with that index, one below 0 is the leaf `!child`; split 0 is the root.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Split {
    pub(crate) column: u32,
    pub(crate) test: Test,
    pub(crate) left: i32,
    pub(crate) right: i32,
}

/// What sends a row to the left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Test {
    /// A bin of at most `cut`; the missing bin goes where `missing_left` says.
    AtMost { cut: u32, missing_left: bool },
    /// One of these bins, ascending.
    OneOf { bins: Vec<u32> },
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Leaf {
    pub(crate) value: f64,
    /// Training rows that ended here.
    pub(crate) count: u32,
}

impl Column {
    pub(crate) fn num_bins(&self) -> u32 {
        self.last_bin() + 1
    }

    /// The bin of missing values, or of categories no split names.
    pub(crate) fn last_bin(&self) -> u32 {
        match &self.values {
            Values::Numeric { cuts, .. } => cuts.len() as u32 + 1,
            Values::Categorical { codes } => codes.len() as u32,
        }
    }
}

impl Test {
    /// `last_bin` is the column's.
    pub(crate) fn goes_left(&self, bin: u32, last_bin: u32) -> bool {
        match self {
            Test::AtMost { missing_left, .. } if bin == last_bin => *missing_left,
            Test::AtMost { cut, .. } => bin <= *cut,
            Test::OneOf { bins } => bins.binary_search(&bin).is_ok(),
        }
    }
}

impl Tree {
    /// Training rows of all leaves.
    pub(crate) fn count(&self) -> u64 {
        self.leaves.iter().map(|leaf| u64::from(leaf.count)).sum()
    }

    /// The child that stands for the whole tree.
    pub(crate) fn root(&self) -> i32 {
        if self.splits.is_empty() { !0 } else { 0 }
    }
}

impl Trees {
    /// The sum of each tree's largest leaf: no sum of trees is farther from zero.
    pub(crate) fn most(&self) -> f64 {
        let of_tree = |tree: &Tree| tree.leaves.iter().fold(0.0, |most: f64, leaf| most.max(leaf.value.abs()));
        self.trees.iter().map(of_tree).sum()
    }

    /// Checks everything the evaluators index by, so that bytes from a damaged artifact are an error and not a panic.
    pub(crate) fn check(&self) -> Result<(), ForestError> {
        let most = self.feature_names.len().saturating_mul(COLUMNS_OF_FEATURE);
        at_most("columns", most, self.columns.len())?;
        for (index, column) in self.columns.iter().enumerate() {
            if let Values::Categorical { codes } = &column.values {
                at_most("category codes", MOST_CODES, codes.len())?;
            }
            within(index, "feature", column.feature.into(), self.feature_names.len())?;
            let ascending = match &column.values {
                Values::Numeric { cuts, .. } => cuts.is_sorted_by(|a, b| a < b) && !cuts.iter().any(|cut| cut.is_nan()),
                Values::Categorical { codes } => codes.is_sorted_by(|a, b| a < b),
            };
            if !ascending {
                return Err(ForestError::Unsorted { column: index });
            }
        }
        self.trees.iter().enumerate().try_for_each(|(index, tree)| self.check_tree(index, tree))
    }

    fn check_tree(&self, index: usize, tree: &Tree) -> Result<(), ForestError> {
        for split in &tree.splits {
            within(index, "column", split.column.into(), self.columns.len())?;
            match (&split.test, &self.columns[split.column as usize].values) {
                (Test::AtMost { cut, .. }, Values::Numeric { cuts, .. }) => {
                    within(index, "cut", (*cut).into(), cuts.len())?;
                }
                (Test::OneOf { bins }, Values::Categorical { codes }) => {
                    for &bin in bins {
                        within(index, "category", bin.into(), codes.len())?;
                    }
                    if !bins.is_sorted_by(|a, b| a < b) {
                        return Err(ForestError::Unsorted { column: split.column as usize });
                    }
                }
                _ => return Err(ForestError::NotATree { tree: index }),
            }
        }
        if tree.leaves.iter().any(|leaf| !leaf.value.is_finite()) {
            return Err(ForestError::NotFinite { tree: index });
        }
        // Explanations weigh the sides of a split by their rows. A single leaf is written without its count.
        if !tree.splits.is_empty() && tree.count() == 0 {
            return Err(ForestError::NoCounts { tree: index });
        }
        check_shape(index, tree)
    }
}

/// Every split and every leaf is reached from the root exactly once.
fn check_shape(index: usize, tree: &Tree) -> Result<(), ForestError> {
    let mut seen_splits = vec![false; tree.splits.len()];
    let mut seen_leaves = vec![false; tree.leaves.len()];
    let mut open = vec![(tree.root(), 0)];
    while let Some((child, depth)) = open.pop() {
        at_most("splits on one path", MOST_DEPTH, depth)?;
        let (seen, at) = if child >= 0 { (&mut seen_splits, child) } else { (&mut seen_leaves, !child) };
        match seen.get_mut(at as usize) {
            Some(flag) if !*flag => *flag = true,
            _ => return Err(ForestError::NotATree { tree: index }),
        }
        if child >= 0 {
            let split = &tree.splits[child as usize];
            open.extend([(split.left, depth + 1), (split.right, depth + 1)]);
        }
    }
    if seen_splits.iter().chain(&seen_leaves).all(|&seen| seen) {
        return Ok(());
    }
    Err(ForestError::NotATree { tree: index })
}

/// Refuses more of something than tables are made for.
pub(crate) fn at_most(what: &'static str, most: usize, found: usize) -> Result<(), ForestError> {
    if found <= most { Ok(()) } else { Err(ForestError::TooLarge { what, most, found }) }
}

fn within(tree: usize, what: &'static str, index: u64, count: usize) -> Result<(), ForestError> {
    if index < count as u64 { Ok(()) } else { Err(ForestError::OutOfRange { tree, what, index, count }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Forest;

    /// Splits one below the other, each with a leaf at its left.
    fn chain(splits: usize) -> Tree {
        let split = |at: usize| {
            let right = if at + 1 < splits { at as i32 + 1 } else { !(splits as i32) };
            Split { column: 0, test: Test::AtMost { cut: 0, missing_left: false }, left: !(at as i32), right }
        };
        Tree { splits: (0..splits).map(split).collect(), leaves: vec![Leaf { value: 1.0, count: 1 }; splits + 1] }
    }

    fn trees(cuts: usize, trees: Vec<Tree>) -> Trees {
        let values = Values::Numeric { missing: Missing::None, cuts: (0..cuts).map(|cut| cut as f64).collect() };
        Trees { feature_names: vec!["a".to_owned()], columns: vec![Column { feature: 0, values }], trees }
    }

    #[test]
    fn small_texts_that_ask_for_large_tables_are_refused() {
        assert!(trees(1, vec![chain(MOST_DEPTH)]).check().is_ok());
        assert!(matches!(trees(1, vec![chain(MOST_DEPTH + 1)]).check(), Err(ForestError::TooLarge { what: "splits on one path", .. })));
        let wide = |count: usize| Forest::new(trees(1 << 20, vec![chain(0); count]));
        assert!(wide(16).is_ok());
        assert!(matches!(wide(16 * 40), Err(ForestError::TooLarge { what: "bins in all tables", .. })));
        let mut repeated = trees(1, vec![chain(1)]);
        repeated.columns = vec![repeated.columns[0].clone(); 5];
        assert!(matches!(repeated.check(), Err(ForestError::TooLarge { what: "columns", most: 4, found: 5 })));
        assert_eq!(trees(1, vec![chain(3), chain(0)]).most(), 2.0);
    }
}
