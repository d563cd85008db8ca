//! Correlations of every pair of quantities.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use uu_data::Dataset;

use crate::quantities::{Quantity, RATIO};
use crate::split::site_keys;
use crate::statistics::{Correlation, partial_correlations, pearson, spearman};

/// Rows that know both of a pair, without which nothing is said of it.
const FEWEST_ROWS: usize = 30;

/// Correlations of the quantities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Correlations {
    /// The quantities, in the order of the figures.
    pub names: Vec<String>,
    /// Every pair that rows know.
    pub pairs: Vec<PairFigures>,
    /// The quantities of the partial correlations: visits per user and the inputs.
    pub partial_names: Vec<String>,
    /// Rows that know all of these.
    pub partial_rows: usize,
    /// Partial correlations on the logarithmic scale, given all others; `None` where too few rows know all of them, or where one
    /// follows from the others.
    pub partial: Option<Vec<Vec<f64>>>,
}

/// One pair of quantities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairFigures {
    /// The first quantity.
    pub a: String,
    /// The second quantity.
    pub b: String,
    /// Sites among the rows: intervals count these, since months of one site say much the same.
    pub sites: usize,
    /// Pearson's coefficient of the values as they are.
    pub pearson: Option<Correlation>,
    /// Pearson's coefficient of their logarithms; a share stays as it is.
    pub pearson_log: Option<Correlation>,
    /// Spearman's coefficient, which is the same on both scales.
    pub spearman: Option<Correlation>,
}

impl Correlations {
    pub(super) fn of(dataset: &Dataset, quantities: &[Quantity]) -> Self {
        let sites = site_keys(dataset.records());
        let mut pairs = Vec::new();
        for (index, a) in quantities.iter().enumerate() {
            pairs.extend(quantities[index + 1..].iter().filter_map(|b| pair(a, b, &sites)));
        }
        // The label is visits over their ratio: with both of these among the others it would be known exactly.
        let of_ratio: Vec<&Quantity> = quantities.iter().filter(|quantity| quantity.is_input || quantity.name == RATIO).collect();
        let scaled: Vec<Vec<f64>> = of_ratio.iter().map(|quantity| quantity.scaled()).collect();
        let known: Vec<usize> = (0..dataset.len()).filter(|&row| scaled.iter().all(|column| !column[row].is_nan())).collect();
        let columns: Vec<Vec<f64>> = scaled.iter().map(|column| known.iter().map(|&row| column[row]).collect()).collect();
        Self {
            names: quantities.iter().map(|quantity| quantity.name.clone()).collect(),
            pairs,
            partial_names: of_ratio.iter().map(|quantity| quantity.name.clone()).collect(),
            partial_rows: known.len(),
            partial: (known.len() >= FEWEST_ROWS).then(|| partial_correlations(&columns)).flatten(),
        }
    }
}

fn pair(a: &Quantity, b: &Quantity, sites: &[u64]) -> Option<PairFigures> {
    let known: Vec<usize> = (0..sites.len()).filter(|&row| !a.values[row].is_nan() && !b.values[row].is_nan()).collect();
    if known.len() < FEWEST_ROWS {
        return None;
    }
    let independent = known.iter().map(|&row| sites[row]).collect::<BTreeSet<u64>>().len();
    let pick = |values: &[f64]| -> Vec<f64> { known.iter().map(|&row| values[row]).collect() };
    let (raw_a, raw_b) = (pick(&a.values), pick(&b.values));
    Some(PairFigures {
        a: a.name.clone(),
        b: b.name.clone(),
        sites: independent,
        pearson: pearson(&raw_a, &raw_b, independent),
        pearson_log: pearson(&pick(&a.scaled()), &pick(&b.scaled()), independent),
        spearman: spearman(&raw_a, &raw_b, independent),
    })
}
