//! Visits per user, by what a site is and by how large it is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uu_core::Visits;
use uu_data::Dataset;

use crate::quantities::visits_per_user;
use crate::statistics::Summary;

/// Visits per user of one group of rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RatioGroup {
    /// The group.
    pub name: String,
    /// Visits per user of its rows.
    pub ratio: Summary,
}

/// By top category, the lowest median first.
pub(super) fn by_category(dataset: &Dataset) -> Vec<RatioGroup> {
    let mut groups: BTreeMap<&'static str, Vec<f64>> = BTreeMap::new();
    for record in dataset.records() {
        if let Some(ratio) = visits_per_user(record) {
            groups.entry(record.category.map_or("(unknown)", |category| category.top().path())).or_default().push(ratio);
        }
    }
    let mut groups: Vec<RatioGroup> = groups.into_iter().filter_map(|(name, ratios)| group(name.to_owned(), &ratios)).collect();
    groups.sort_by(|a, b| a.ratio.median.total_cmp(&b.ratio.median));
    groups
}

/// By tenths of visits, the smallest first.
pub(super) fn by_size(dataset: &Dataset) -> Vec<RatioGroup> {
    let records = dataset.records().iter();
    let mut rows: Vec<(f64, f64)> =
        records.filter_map(|record| Some((record.visits.map(Visits::get)?, visits_per_user(record)?))).collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let tenth = |index: usize| index * rows.len() / 10;
    let of_tenth = |index: usize| {
        let rows = &rows[tenth(index)..tenth(index + 1)];
        let ratios: Vec<f64> = rows.iter().map(|(_, ratio)| *ratio).collect();
        let (first, last) = (rows.first()?.0, rows.last()?.0);
        group(format!("{first:.0} to {last:.0}"), &ratios)
    };
    (0..10).filter_map(of_tenth).collect()
}

fn group(name: String, ratios: &[f64]) -> Option<RatioGroup> {
    Some(RatioGroup { name, ratio: Summary::of(ratios)? })
}
