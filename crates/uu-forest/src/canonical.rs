//! From a parsed text to the canonical form: which columns there are, and which bins each split compares.

use std::collections::{BTreeMap, BTreeSet};

use super::error::{ForestError, Place};
use super::text::{ModelText, TreeText};
use super::trees::{Column, Leaf, Missing, Split, Test, Tree, Trees, Values};

/// Bits of LightGBM's `decision_type`.
const CATEGORICAL: u8 = 1;
const DEFAULT_LEFT: u8 = 2;

/// A feature and how it is read; `None` is categorical.
type Key = (u32, Option<Missing>);

impl Trees {
    pub(crate) fn from_text(text: ModelText) -> Result<Self, ForestError> {
        let columns = columns(&text.trees)?;
        let index: BTreeMap<Key, u32> = columns.iter().zip(0..).map(|(column, at)| (key(column), at)).collect();
        let mut trees = Vec::with_capacity(text.trees.len());
        for (at, source) in text.trees.iter().enumerate() {
            let splits = 0..source.split_feature.len();
            trees.push(Tree {
                splits: splits.map(|split| convert(source, at, split, &index, &columns)).collect::<Result<_, _>>()?,
                leaves: source.leaf_value.iter().zip(&source.leaf_count).map(|(&value, &count)| Leaf { value, count }).collect(),
            });
        }
        let trees = Self { feature_names: text.feature_names, columns, trees };
        trees.check()?;
        Ok(trees)
    }
}

fn key(column: &Column) -> Key {
    match column.values {
        Values::Numeric { missing, .. } => (column.feature, Some(missing)),
        Values::Categorical { .. } => (column.feature, None),
    }
}

/// Every column some split uses, by feature, with all its cuts or category codes.
fn columns(trees: &[TreeText]) -> Result<Vec<Column>, ForestError> {
    let mut cuts: BTreeMap<Key, Vec<f64>> = BTreeMap::new();
    let mut codes: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    for (at, tree) in trees.iter().enumerate() {
        for (split, &feature) in tree.split_feature.iter().enumerate() {
            match missing(tree, at, split)? {
                None => codes.entry(feature).or_default().extend(category_codes(tree, at, split)?),
                kind => cuts.entry((feature, kind)).or_default().push(threshold(tree, at, split)?),
            }
        }
    }
    let numeric = cuts.into_iter().filter_map(|((feature, kind), mut cuts)| {
        cuts.sort_by(f64::total_cmp);
        cuts.dedup();
        kind.map(|missing| Column { feature, values: Values::Numeric { missing, cuts } })
    });
    let categorical = codes.into_iter().map(|(feature, codes)| {
        let codes = codes.into_iter().collect();
        Column { feature, values: Values::Categorical { codes } }
    });
    Ok(numeric.chain(categorical).collect())
}

fn convert(tree: &TreeText, at: usize, split: usize, index: &BTreeMap<Key, u32>, columns: &[Column]) -> Result<Split, ForestError> {
    let column = index[&(tree.split_feature[split], missing(tree, at, split)?)];
    let test = match &columns[column as usize].values {
        Values::Numeric { cuts, .. } => {
            let threshold = threshold(tree, at, split)?;
            Test::AtMost {
                cut: cuts.partition_point(|&cut| cut < threshold) as u32,
                missing_left: tree.decision_type[split] & DEFAULT_LEFT != 0,
            }
        }
        Values::Categorical { codes } => {
            let own = category_codes(tree, at, split)?;
            Test::OneOf { bins: own.iter().map(|code| codes.partition_point(|c| c < code) as u32).collect() }
        }
    };
    Ok(Split { column, test, left: tree.left_child[split], right: tree.right_child[split] })
}

/// `None` for a categorical split.
fn missing(tree: &TreeText, at: usize, split: usize) -> Result<Option<Missing>, ForestError> {
    let decision = tree.decision_type[split];
    if decision & CATEGORICAL != 0 {
        return Ok(None);
    }
    match decision >> 2 {
        0 => Ok(Some(Missing::None)),
        1 => Ok(Some(Missing::Zero)),
        2 => Ok(Some(Missing::Nan)),
        _ => Err(bad(at, "decision_type", &decision.to_string())),
    }
}

/// LightGBM writes an infinite threshold as a large number, and NaN never.
fn threshold(tree: &TreeText, at: usize, split: usize) -> Result<f64, ForestError> {
    let threshold = tree.threshold[split];
    if threshold.is_nan() { Err(bad(at, "threshold", "nan")) } else { Ok(threshold) }
}

/// The ascending codes that go left: the bits of a set which the threshold numbers.
fn category_codes(tree: &TreeText, at: usize, split: usize) -> Result<Vec<u32>, ForestError> {
    let set = tree.threshold[split];
    let words = (set >= 0.0 && set.fract() == 0.0)
        .then(|| {
            let set = set as usize;
            let from = *tree.cat_boundaries.get(set)? as usize;
            let to = *tree.cat_boundaries.get(set.checked_add(1)?)? as usize;
            tree.cat_threshold.get(from..to)
        })
        .flatten()
        .ok_or_else(|| bad(at, "cat_boundaries", &set.to_string()))?;
    let bits =
        (0_u32..).zip(words).flat_map(|(word, &bits)| (0..32).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| word * 32 + bit));
    Ok(bits.collect())
}

fn bad(tree: usize, field: &'static str, found: &str) -> ForestError {
    ForestError::BadField { place: Place::Tree(tree), field, found: found.to_owned() }
}
