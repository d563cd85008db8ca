//! Which differences between models are real: the same rows, resampled by site.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cross_validation::Compared;
use super::rows::Rows;
use crate::statistics::{Draws, Interval, quantile, sorted};

/// A model against the reference, on the rows that both answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The model.
    pub model: String,
    /// What it is compared with.
    pub reference: String,
    /// Rows that both answered.
    pub rows: usize,
    /// Difference of the root mean squared logarithmic errors.
    pub rmsle: Difference,
    /// Difference of the median absolute percentage errors.
    pub median_ape: Difference,
    /// Difference of the mean absolute errors.
    pub mae: Difference,
}

/// The model's figure less the reference's: above 0, the reference is better.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The difference on all rows.
    pub value: f64,
    /// Its 95 % interval over resamples of the sites.
    pub interval: Interval,
    /// Whether the interval leaves zero out.
    pub is_real: bool,
}

/// Errors of one model on the rows of a comparison.
struct Errors {
    log: Vec<f64>,
    relative: Vec<f64>,
    absolute: Vec<f64>,
    /// Places of the relative errors, ascending.
    order: Vec<usize>,
}

impl Errors {
    fn of(compared: &Compared, rows: &Rows, places: &[usize]) -> Self {
        let each = |error: &dyn Fn(usize, f64) -> f64| places.iter().map(|&row| error(row, compared.estimates[row])).collect();
        let relative: Vec<f64> = each(&|row, estimate| (rows.users[row] - estimate).abs() / rows.users[row].max(1.0));
        let mut order: Vec<usize> = (0..places.len()).collect();
        order.sort_by(|&a, &b| relative[a].total_cmp(&relative[b]));
        Self {
            log: each(&|row, estimate| rows.log_error(row, estimate).powi(2)),
            absolute: each(&|row, estimate| (rows.users[row] - estimate).abs()),
            relative,
            order,
        }
    }

    /// RMSLE, median absolute percentage error and mean absolute error where each row counts as often as `weights` says.
    fn figures(&self, weights: &[u32]) -> [f64; 3] {
        let total: u64 = weights.iter().map(|&weight| u64::from(weight)).sum();
        let mean =
            |errors: &[f64]| errors.iter().zip(weights).map(|(error, &weight)| error * f64::from(weight)).sum::<f64>() / total as f64;
        let mut below = 0;
        let median = self.order.iter().find(|&&row| {
            below += u64::from(weights[row]);
            2 * below >= total
        });
        [mean(&self.log).sqrt(), median.map_or(0.0, |&row| self.relative[row]), mean(&self.absolute)]
    }
}

/// Compares `model` with `reference`; `None` where they answered no row in common.
///
/// **Source**: the percentile bootstrap of Efron, over sites: rows of one site err together. Fold after fold shares most of its training
/// rows, so a t-test over folds would take the differences for surer than they are (Bengio and Grandvalet 2004).
pub(super) fn compare(model: &Compared, reference: &Compared, rows: &Rows, resamples: usize, seed: u64) -> Option<Comparison> {
    let both = |row: &usize| !model.estimates[*row].is_nan() && !reference.estimates[*row].is_nan();
    let places: Vec<usize> = (0..rows.len()).filter(both).collect();
    if places.is_empty() {
        return None;
    }
    let errors = [model, reference].map(|compared| Errors::of(compared, rows, &places));
    let difference = |weights: &[u32]| {
        let [model, reference] = [errors[0].figures(weights), errors[1].figures(weights)];
        [0, 1, 2].map(|figure| model[figure] - reference[figure])
    };
    let values = difference(&vec![1; places.len()]);
    let mut numbers: BTreeMap<u64, usize> = BTreeMap::new();
    let site_of: Vec<usize> = places
        .iter()
        .map(|&row| {
            let next = numbers.len();
            *numbers.entry(rows.sites[row]).or_insert(next)
        })
        .collect();
    // The same resamples for every pair of models, so that their intervals can be set side by side.
    let mut draws = Draws::new("bootstrap", seed);
    let resampled: Vec<[f64; 3]> = (0..resamples)
        .map(|_| {
            let mut of_site = vec![0u32; numbers.len()];
            (0..numbers.len()).for_each(|_| of_site[draws.below(numbers.len())] += 1);
            difference(&site_of.iter().map(|&site| of_site[site]).collect::<Vec<u32>>())
        })
        .collect();
    let of = |figure: usize| {
        let ordered = sorted(&resampled.iter().map(|differences| differences[figure]).collect::<Vec<f64>>());
        let interval = Interval { low: quantile(&ordered, 0.025), high: quantile(&ordered, 0.975) };
        Difference { value: values[figure], interval, is_real: interval.low > 0.0 || interval.high < 0.0 }
    };
    Some(Comparison {
        model: model.name.clone(),
        reference: reference.name.clone(),
        rows: places.len(),
        rmsle: of(0),
        median_ape: of(1),
        mae: of(2),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use uu_testkit::models::dataset;

    fn off_by(rows: &Rows, name: &str, factor: impl Fn(usize) -> f64) -> Compared {
        let estimates = (0..rows.len()).map(|row| rows.users[row] * factor(row)).collect();
        Compared {
            name: name.to_owned(),
            is_baseline: false,
            estimates,
            fit_seconds: 0.0,
            predict_seconds: 0.0,
            size_bytes: 0,
            train_rows: 0,
        }
    }

    #[test]
    fn a_difference_of_ten_percent_is_real_and_one_by_chance_is_not() {
        let rows = Rows::of(&dataset(200));
        let (good, bad) = (off_by(&rows, "good", |_| 1.1), off_by(&rows, "bad", |_| 1.2));
        let told = compare(&bad, &good, &rows, 200, 1).unwrap();
        assert!(told.rmsle.is_real && told.median_ape.is_real && told.mae.is_real, "{told:?}");
        assert!((told.median_ape.value - 0.1).abs() < 1e-9);
        let mut draws = Draws::new("chance", 5);
        let noise: Vec<[f64; 2]> = (0..rows.len()).map(|_| [0.2 * draws.normal(), 0.2 * draws.normal()]).collect();
        let (a, b) = (off_by(&rows, "a", |row| noise[row][0].exp()), off_by(&rows, "b", |row| noise[row][1].exp()));
        assert!(!compare(&a, &b, &rows, 200, 1).unwrap().rmsle.is_real);
    }

    #[test]
    fn a_model_is_as_good_as_itself() {
        let rows = Rows::of(&dataset(60));
        let model = off_by(&rows, "a", |row| 1.0 + row as f64 / 100.0);
        let told = compare(&model, &model, &rows, 50, 1).unwrap();
        assert_eq!((told.rmsle.value, told.rmsle.is_real, told.mae.interval.high), (0.0, false, 0.0));
    }
}
