//! What changed between months.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uu_core::{Month, Scale};
use uu_data::Dataset;

use crate::quantities::{Quantity, quantities};
use crate::statistics::{mean, quantile, sorted};

/// Sites that both of two months need before they are compared.
const FEWEST_SITES: usize = 10;

/// Months side by side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Months {
    /// Each month.
    pub figures: Vec<MonthFigures>,
    /// The same sites in one month and the next one there is.
    pub changes: Vec<Change>,
}

/// One month.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MonthFigures {
    /// The month.
    pub month: String,
    /// Its rows.
    pub rows: usize,
    /// Median of each quantity that a row of the month knows.
    pub medians: BTreeMap<String, f64>,
}

/// How one quantity of the sites that are in both months moved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The earlier month.
    pub from: String,
    /// The later month.
    pub to: String,
    /// The quantity.
    pub quantity: String,
    /// Sites that know it in both.
    pub sites: usize,
    /// Median factor from the earlier to the later month; of a share, the median difference.
    pub median: f64,
    /// Whether `median` is a factor.
    pub is_factor: bool,
    /// Standard deviation of the change of a single site, on the logarithmic scale where it is a factor.
    pub sd: f64,
}

impl Months {
    pub(super) fn of(dataset: &Dataset) -> Self {
        let quantities = quantities(dataset);
        let mut rows_of: BTreeMap<Month, Vec<usize>> = BTreeMap::new();
        for (row, record) in dataset.records().iter().enumerate() {
            rows_of.entry(record.month).or_default().push(row);
        }
        let figures = rows_of.iter().map(|(month, rows)| MonthFigures {
            month: month.to_string(),
            rows: rows.len(),
            medians: quantities.iter().filter_map(|quantity| Some((quantity.name.clone(), median_of(quantity, rows)?))).collect(),
        });
        let pairs: Vec<(&Month, &Month)> = rows_of.keys().zip(rows_of.keys().skip(1)).collect();
        let changes = pairs.iter().flat_map(|(from, to)| changes(dataset, &quantities, (**from, &rows_of[*from]), (**to, &rows_of[*to])));
        Self { figures: figures.collect(), changes: changes.collect() }
    }
}

fn median_of(quantity: &Quantity, rows: &[usize]) -> Option<f64> {
    let known: Vec<f64> = rows.iter().map(|&row| quantity.values[row]).filter(|value| !value.is_nan()).collect();
    (!known.is_empty()).then(|| quantile(&sorted(&known), 0.5))
}

fn changes(dataset: &Dataset, quantities: &[Quantity], (from, earlier): (Month, &[usize]), (to, later): (Month, &[usize])) -> Vec<Change> {
    let key = |row: usize| {
        let record = &dataset.records()[row];
        record.site.as_deref().map(|site| (record.source.as_deref(), site))
    };
    let before: BTreeMap<_, usize> = earlier.iter().filter_map(|&row| Some((key(row)?, row))).collect();
    let pairs: Vec<(usize, usize)> = later.iter().filter_map(|&row| Some((*before.get(&key(row)?)?, row))).collect();
    let change = |quantity: &Quantity| {
        let scaled = quantity.scaled();
        let steps: Vec<f64> = pairs.iter().map(|&(a, b)| scaled[b] - scaled[a]).filter(|step| !step.is_nan()).collect();
        if steps.len() < FEWEST_SITES {
            return None;
        }
        let (median, mean) = (quantile(&sorted(&steps), 0.5), mean(&steps));
        let variance = steps.iter().map(|step| (step - mean).powi(2)).sum::<f64>() / (steps.len() - 1) as f64;
        let is_factor = quantity.scale != Scale::Linear;
        Some(Change {
            from: from.to_string(),
            to: to.to_string(),
            quantity: quantity.name.clone(),
            sites: steps.len(),
            median: if is_factor { median.exp() } else { median },
            is_factor,
            sd: variance.sqrt(),
        })
    };
    quantities.iter().filter_map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uu_core::{Record, Visits};

    #[test]
    fn sites_that_are_in_both_months_are_compared_with_themselves() {
        let row = |site: usize, month: u32, visits: f64| Record {
            site: Some(format!("s{site}.com").into_boxed_str()),
            visits: Visits::new(visits).ok(),
            ..Record::unknown(Month::new(2024, month).unwrap())
        };
        let both = (0..20).flat_map(|site| [row(site, 1, 1000.0 + site as f64), row(site, 3, 2.0 * (1000.0 + site as f64))]);
        let dataset = Dataset::new(Vec::new(), both.chain([row(99, 3, 1e9)]).collect());
        let months = Months::of(&dataset);
        assert_eq!(months.figures.len(), 2);
        assert_eq!(months.figures[1].rows, 21);
        let change = &months.changes[0];
        assert_eq!((change.from.as_str(), change.to.as_str(), change.sites), ("2024-01-01", "2024-03-01", 20));
        assert!((change.median - 2.0).abs() < 1e-9 && change.sd < 1e-9 && change.is_factor);
    }
}
