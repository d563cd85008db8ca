//! Whether any input knows the label: what is too good to be true is worth a look before it is believed.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uu_data::Dataset;

use crate::quantities::Quantity;
use crate::split::site_keys;
use crate::statistics::spearman;

/// A rank correlation with the label beyond which an input is suspected: visits themselves, by far the best honest input, reach 0.9 to
/// 0.97 on real data.
const SUSPECT_CORRELATION: f64 = 0.99;

/// Share of rows in which the label is one and the same multiple of the input, beyond which it is suspected.
const SUSPECT_SHARE: f64 = 0.1;

/// What the check found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Leakage {
    /// Each numeric input.
    pub inputs: Vec<InputCheck>,
    /// Labelled rows whose inputs and label, to the last digit, are those of a row of another site: a site under two names is on both
    /// sides of a split.
    pub rows_repeated_under_other_sites: usize,
    /// Labelled rows.
    pub labelled_rows: usize,
}

/// What one input says of the label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InputCheck {
    /// The input.
    pub input: String,
    /// Rows that know it and the label.
    pub rows: usize,
    /// Its rank correlation with the label.
    pub spearman: Option<f64>,
    /// Share of the rows in which it equals the label.
    pub equal_share: f64,
    /// Share of the rows that have the commonest quotient of label and input.
    pub same_quotient_share: f64,
    /// Whether it should be looked at.
    pub suspect: bool,
}

impl Leakage {
    pub(super) fn of(dataset: &Dataset, quantities: &[Quantity]) -> Self {
        let Some(label) = quantities.iter().find(|quantity| quantity.name == "unique_users") else {
            return Self { inputs: Vec::new(), rows_repeated_under_other_sites: 0, labelled_rows: 0 };
        };
        let inputs = quantities.iter().filter(|quantity| quantity.is_input);
        Self {
            inputs: inputs.clone().map(|input| check(input, label)).collect(),
            rows_repeated_under_other_sites: repeated(dataset, &inputs.collect::<Vec<_>>(), label),
            labelled_rows: label.known().len(),
        }
    }
}

fn check(input: &Quantity, label: &Quantity) -> InputCheck {
    let pairs = input.values.iter().zip(&label.values).filter(|(input, label)| !input.is_nan() && !label.is_nan());
    let (values, labels): (Vec<f64>, Vec<f64>) = pairs.map(|(input, label)| (*input, *label)).unzip();
    let rows = values.len();
    let share = |count: usize| count as f64 / rows.max(1) as f64;
    let equal = values.iter().zip(&labels).filter(|(value, label)| value == label).count();
    let mut quotients: BTreeMap<u64, usize> = BTreeMap::new();
    for (value, label) in values.iter().zip(&labels).filter(|(value, label)| **value > 0.0 && **label > 0.0) {
        // Five digits: a label made from the input and then rounded still shows.
        *quotients.entry((label / value * 1e5).round() as u64).or_default() += 1;
    }
    let spearman = spearman(&values, &labels, 0).map(|correlation| correlation.value);
    let (equal_share, same_quotient_share) = (share(equal), share(quotients.values().copied().max().unwrap_or(0)));
    let suspect = spearman.is_some_and(|value| value.abs() > SUSPECT_CORRELATION) || equal_share.max(same_quotient_share) > SUSPECT_SHARE;
    InputCheck { input: input.name.clone(), rows, spearman, equal_share, same_quotient_share, suspect }
}

fn repeated(dataset: &Dataset, inputs: &[&Quantity], label: &Quantity) -> usize {
    let sites = site_keys(dataset.records());
    let mut sites_of: BTreeMap<Vec<u64>, (usize, BTreeSet<u64>)> = BTreeMap::new();
    for (row, site) in sites.iter().enumerate().filter(|(row, _)| !label.values[*row].is_nan()) {
        let numbers = inputs.iter().chain([&label]).map(|quantity| quantity.values[row].to_bits()).collect();
        let found = sites_of.entry(numbers).or_default();
        found.0 += 1;
        found.1.insert(*site);
    }
    sites_of.values().filter(|(_, sites)| sites.len() > 1).map(|(rows, _)| rows).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantities::quantities;
    use uu_core::{Month, Record, UniqueUsers, Visits};

    fn rows(count: usize, users: impl Fn(f64) -> f64) -> Dataset {
        let row = |index: usize| {
            let visits = 1000.0 + (index * index % 977) as f64 * 13.0;
            Record {
                site: Some(format!("s{index}.com").into_boxed_str()),
                visits: Visits::new(visits).ok(),
                unique_users: UniqueUsers::new(users(visits)).ok(),
                ..Record::unknown(Month::new(2024, 1).unwrap())
            }
        };
        Dataset::new(Vec::new(), (0..count).map(row).collect())
    }

    #[test]
    fn a_label_that_was_made_from_an_input_is_suspected() {
        let dataset = rows(200, |visits| (visits * 0.4).round());
        let leakage = Leakage::of(&dataset, &quantities(&dataset));
        assert!(leakage.inputs[0].suspect && leakage.inputs[0].spearman.unwrap() > 0.99);
    }

    #[test]
    fn an_honest_input_is_not_suspected() {
        let dataset = rows(200, |visits| visits / (1.5 + (visits * 7.3).sin()));
        let leakage = Leakage::of(&dataset, &quantities(&dataset));
        assert!(!leakage.inputs[0].suspect, "{:?}", leakage.inputs[0]);
    }

    #[test]
    fn a_site_under_two_names_is_found() {
        let dataset = rows(50, |visits| visits / 2.0);
        let mut records = dataset.records().to_vec();
        records.push(Record { site: Some("alias.com".into()), ..records[7].clone() });
        let dataset = Dataset::new(Vec::new(), records);
        assert_eq!(Leakage::of(&dataset, &quantities(&dataset)).rows_repeated_under_other_sites, 2);
    }
}
