//! The shape of each quantity, and rows by category.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uu_core::{Category, Scale};
use uu_data::Dataset;

use crate::quantities::{Quantity, quantities};
use crate::statistics::{Histogram, Summary};

/// Bins of a histogram: enough to see a second hump, few enough to have rows.
const BINS: usize = 40;

/// Where linear histograms end: the tail beyond would leave all other bins empty.
const SHOWN: f64 = 0.95;

/// The shape of one quantity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// The quantity.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// Its shape as it is.
    pub linear: Summary,
    /// The shape of its natural logarithm; `None` of a share, which has none.
    pub log: Option<Summary>,
    /// Counts as it is, the greatest twentieth left out.
    pub histogram: Option<Histogram>,
    /// Counts of its natural logarithm.
    pub log_histogram: Option<Histogram>,
}

/// Rows of one category.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CategoryCount {
    /// The top category; `None` where it is unknown.
    pub top: Option<String>,
    /// Rows.
    pub rows: u64,
    /// Different sub-categories below it.
    pub subcategories: u64,
}

/// The shape of every quantity that any row knows.
pub(super) fn distributions(dataset: &Dataset) -> Vec<Distribution> {
    quantities(dataset).iter().filter_map(distribution).collect()
}

fn distribution(quantity: &Quantity) -> Option<Distribution> {
    let known = quantity.known();
    let scaled: Option<Vec<f64>> =
        (quantity.scale != Scale::Linear).then(|| known.iter().map(|value| quantity.scale.apply(*value)).collect());
    Some(Distribution {
        name: quantity.name.clone(),
        unit: quantity.unit.to_owned(),
        linear: Summary::of(&known)?,
        log: scaled.as_deref().and_then(Summary::of),
        histogram: Histogram::up_to(&known, BINS, if scaled.is_some() { SHOWN } else { 1.0 }),
        log_histogram: scaled.as_deref().and_then(|scaled| Histogram::of(scaled, BINS)),
    })
}

/// Rows by top category, the most frequent first.
pub(super) fn categories(dataset: &Dataset) -> Vec<CategoryCount> {
    let mut counts: BTreeMap<Option<Category>, (u64, std::collections::BTreeSet<Category>)> = BTreeMap::new();
    for record in dataset.records() {
        let entry = counts.entry(record.category.map(Category::top)).or_default();
        entry.0 += 1;
        entry.1.extend(record.category.filter(|category| category.top() != *category));
    }
    let mut counts: Vec<CategoryCount> = counts
        .into_iter()
        .map(|(top, (rows, subcategories))| CategoryCount {
            top: top.map(|top| top.path().to_owned()),
            rows,
            subcategories: subcategories.len() as u64,
        })
        .collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.rows));
    counts
}
