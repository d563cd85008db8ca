//! How far estimates are from the truth: the figures every table of this product shows.

use serde::{Deserialize, Serialize};

/// Errors of point estimates against known unique users.
///
/// **Units**: `mae`, `rmse` in users, `mse` in users squared; `rmsle` in natural logarithms of `1 + users`; the rest are fractions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorMetrics {
    /// How many rows were compared.
    pub rows: usize,
    /// Mean absolute error.
    pub mae: f64,
    /// Mean squared error.
    pub mse: f64,
    /// Root of the mean squared error.
    pub rmse: f64,
    /// Coefficient of determination; `None` where the truth does not vary.
    pub r2: Option<f64>,
    /// Root mean squared error of `ln(1 + users)`.
    pub rmsle: f64,
    /// Median absolute percentage error.
    pub median_ape: f64,
    /// Mean absolute percentage error.
    pub mean_ape: f64,
    /// Share of estimates within 10 % of the truth.
    pub within_10: f64,
    /// Share of estimates within 30 % of the truth.
    pub within_30: f64,
}

impl ErrorMetrics {
    /// Compares estimates with the truth, row by row; `None` where there is no row.
    ///
    /// A true value below one user counts as one in percentages, so that they stay finite.
    ///
    /// **Panics** if the two slices differ in length.
    #[must_use]
    pub fn of(actual: &[f64], estimated: &[f64]) -> Option<Self> {
        assert_eq!(actual.len(), estimated.len(), "one estimate for each row");
        if actual.is_empty() {
            return None;
        }
        let rows = actual.len() as f64;
        let mean_of = |values: &dyn Fn(f64, f64) -> f64| {
            actual.iter().zip(estimated).map(|(&actual, &estimated)| values(actual, estimated)).sum::<f64>() / rows
        };
        let mean = actual.iter().sum::<f64>() / rows;
        let variance = actual.iter().map(|actual| (actual - mean).powi(2)).sum::<f64>() / rows;
        let mse = mean_of(&|actual, estimated| (actual - estimated).powi(2));
        let mut percentages: Vec<f64> =
            actual.iter().zip(estimated).map(|(actual, estimated)| (actual - estimated).abs() / actual.max(1.0)).collect();
        let within = |bound: f64| percentages.iter().filter(|&&error| error <= bound).count() as f64 / rows;
        let (within_10, within_30) = (within(0.10), within(0.30));
        Some(Self {
            rows: actual.len(),
            mae: mean_of(&|actual, estimated| (actual - estimated).abs()),
            mse,
            rmse: mse.sqrt(),
            r2: (variance > 0.0).then(|| 1.0 - mse / variance),
            rmsle: mean_of(&|actual, estimated| (actual.ln_1p() - estimated.ln_1p()).powi(2)).sqrt(),
            mean_ape: percentages.iter().sum::<f64>() / rows,
            within_10,
            within_30,
            median_ape: median(&mut percentages),
        })
    }
}

/// How honest and how sharp intervals are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IntervalMetrics {
    /// How many rows were compared.
    pub rows: usize,
    /// Share of the true values that lie within their interval, bounds included.
    pub coverage: f64,
    /// Median of the interval's width over its point.
    pub median_relative_width: f64,
}

impl IntervalMetrics {
    /// Compares intervals `(low, high)` around `estimated` with the truth; `None` where there is no row.
    ///
    /// **Panics** if the slices differ in length.
    #[must_use]
    pub fn of(actual: &[f64], estimated: &[f64], intervals: &[(f64, f64)]) -> Option<Self> {
        assert!(actual.len() == estimated.len() && actual.len() == intervals.len(), "one interval for each row");
        if actual.is_empty() {
            return None;
        }
        let covered = actual.iter().zip(intervals).filter(|&(&actual, &(low, high))| low <= actual && actual <= high).count();
        let mut widths: Vec<f64> = estimated.iter().zip(intervals).map(|(&point, &(low, high))| (high - low) / point.max(1.0)).collect();
        Some(Self { rows: actual.len(), coverage: covered as f64 / actual.len() as f64, median_relative_width: median(&mut widths) })
    }
}

/// The median: the middle value, or the mean of the two in the middle; NaN of nothing. Reorders `values`.
#[must_use]
pub fn median(values: &mut [f64]) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    let middle = values.len() / 2;
    let (_, &mut upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    if values.len() % 2 == 1 {
        return upper;
    }
    let lower = values[..middle].iter().copied().fold(f64::NEG_INFINITY, f64::max);
    f64::midpoint(lower, upper)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The golden figures were computed with Python's own arithmetic on the same six rows.
    #[test]
    fn figures_agree_with_an_independent_tool() {
        let actual = [100.0, 250.0, 1000.0, 40.0, 7.0, 0.0];
        let estimated = [110.0, 200.0, 1000.0, 60.0, 7.5, 0.5];
        let metrics = ErrorMetrics::of(&actual, &estimated).unwrap();
        assert!((metrics.mae - 13.5).abs() < 1e-12);
        assert!((metrics.mse - 500.083_333_333_333_3).abs() < 1e-9);
        assert!((metrics.r2.unwrap() - 0.995_993_354_527_923_4).abs() < 1e-12);
        assert!((metrics.median_ape - 0.15).abs() < 1e-12);
        assert!((metrics.rmsle - 0.253_044_447_073_058_9).abs() < 1e-12);
        assert_eq!(metrics.within_10, 3.0 / 6.0);
    }

    #[test]
    fn median_of_even_and_odd_counts() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&mut [4.0, 1.0, 3.0, 2.0]), 2.5);
        assert!(median(&mut []).is_nan());
    }

    #[test]
    fn an_interval_covers_its_own_bounds() {
        let metrics = IntervalMetrics::of(&[10.0, 20.0], &[10.0, 10.0], &[(10.0, 12.0), (5.0, 19.0)]).unwrap();
        assert_eq!(metrics.coverage, 0.5);
        assert!((metrics.median_relative_width - 0.8).abs() < 1e-12);
    }
}
