//! Errors of one model's points, and their figures where each site counts as often as a resample says.

use uu_model::Estimate;

use super::metric::Metric;

/// The figures, in the order of [`Errors::figures`].
pub(super) const FIGURES: [Metric; 4] = [Metric::MedianApe, Metric::Rmsle, Metric::LogMae, Metric::Mae];

/// Errors row by row.
pub(super) struct Errors {
    relative: Vec<f64>,
    log: Vec<f64>,
    absolute: Vec<f64>,
    /// Places of the relative errors, ascending.
    order: Vec<usize>,
}

impl Errors {
    pub(super) fn of(actual: &[f64], estimates: &[Estimate]) -> Self {
        let each = |error: &dyn Fn(f64, f64) -> f64| -> Vec<f64> {
            actual.iter().zip(estimates).map(|(actual, estimate)| error(*actual, estimate.point)).collect()
        };
        // As in `uu_core::stats::ErrorMetrics`: fewer than one user count as one in percentages, so that they stay finite.
        let relative = each(&|actual, point| (actual - point).abs() / actual.max(1.0));
        let mut order: Vec<usize> = (0..relative.len()).collect();
        order.sort_by(|&a, &b| relative[a].total_cmp(&relative[b]));
        Self {
            log: each(&|actual, point| (actual.ln_1p() - point.ln_1p()).abs()),
            absolute: each(&|actual, point| (actual - point).abs()),
            relative,
            order,
        }
    }

    /// The figures, a row weighing what its site weighs.
    pub(super) fn figures(&self, site_of: &[usize], weights: &[u32]) -> [f64; FIGURES.len()] {
        let weight = |row: usize| f64::from(weights[site_of[row]]);
        let total: f64 = (0..site_of.len()).map(weight).sum();
        let mean = |errors: &[f64], power: i32| {
            errors.iter().enumerate().map(|(row, error)| error.powi(power) * weight(row)).sum::<f64>() / total.max(1.0)
        };
        let mut below = 0.0;
        let middle = self.order.iter().find(|&&row| {
            below += weight(row);
            2.0 * below >= total
        });
        [middle.map_or(f64::NAN, |&row| self.relative[row]), mean(&self.log, 2).sqrt(), mean(&self.log, 1), mean(&self.absolute, 1)]
    }
}
