//! All figures of every model, with how far they move from fold to fold.

use serde::{Deserialize, Serialize};
use uu_core::stats::{ErrorMetrics, IntervalMetrics};

use super::cross_validation::Compared;
use super::rows::Rows;

/// One model's figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The model.
    pub model: String,
    /// Whether it is one of the simple estimates that stand in every table.
    pub is_baseline: bool,
    /// Errors over all held-out rows it answered.
    pub errors: ErrorMetrics,
    /// Coverage and width of its 90 % intervals, where it gives any.
    pub intervals: Option<IntervalMetrics>,
    /// Standard errors over the folds; `None` of a single split.
    pub spread: Option<MetricErrors>,
    /// Each fold's figures.
    pub folds: Vec<FoldSpread>,
    /// Rows a fit learned from.
    pub train_rows: usize,
    /// Mean time of a fit, on one thread.
    pub fit_seconds: f64,
    /// Time of an estimate among others, on one thread.
    pub predict_micros: f64,
    /// Bytes of a fitted model.
    pub size_bytes: usize,
}

/// Figures of one fold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FoldSpread {
    /// Median absolute percentage error.
    pub median_ape: f64,
    /// Root mean squared logarithmic error.
    pub rmsle: f64,
    /// Mean absolute error.
    pub mae: f64,
}

/// Standard errors of the mean over folds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricErrors {
    /// Of the median absolute percentage error.
    pub median_ape: f64,
    /// Of the root mean squared logarithmic error.
    pub rmsle: f64,
    /// Of the mean absolute error.
    pub mae: f64,
}

/// The figures of held-out estimates; `None` where the model answered no row. `fold_of` has a fold for each row that is judged.
pub(crate) fn entry(compared: &Compared, rows: &Rows, judged: &[usize], fold_of: &[usize]) -> Option<Entry> {
    let answered: Vec<usize> = judged.iter().copied().filter(|&row| !compared.estimates[row].is_nan()).collect();
    let errors = errors(compared, rows, &answered)?;
    let folds = fold_of.iter().max().map_or(0, |last| last + 1);
    let of_fold = |fold: usize| {
        let held_out: Vec<usize> = answered.iter().copied().filter(|&row| fold_of[row] == fold).collect();
        let errors = self::errors(compared, rows, &held_out)?;
        Some(FoldSpread { median_ape: errors.median_ape, rmsle: errors.rmsle, mae: errors.mae })
    };
    let folds: Vec<FoldSpread> = (0..folds).filter_map(of_fold).collect();
    Some(Entry {
        model: compared.name.clone(),
        is_baseline: compared.is_baseline,
        errors,
        intervals: None,
        spread: MetricErrors::of(&folds),
        folds,
        train_rows: compared.train_rows,
        fit_seconds: compared.fit_seconds,
        predict_micros: compared.predict_seconds * 1e6 / judged.len().max(1) as f64,
        size_bytes: compared.size_bytes,
    })
}

fn errors(compared: &Compared, rows: &Rows, places: &[usize]) -> Option<ErrorMetrics> {
    let pick = |values: &[f64]| -> Vec<f64> { places.iter().map(|&row| values[row]).collect() };
    ErrorMetrics::of(&pick(&rows.users), &pick(&compared.estimates))
}

impl MetricErrors {
    fn of(folds: &[FoldSpread]) -> Option<Self> {
        let error = |figure: fn(&FoldSpread) -> f64| {
            let figures: Vec<f64> = folds.iter().map(figure).collect();
            let mean = crate::statistics::mean(&figures);
            let squares: f64 = figures.iter().map(|figure| (figure - mean).powi(2)).sum();
            (squares / (figures.len() - 1) as f64 / figures.len() as f64).sqrt()
        };
        (folds.len() > 1).then(|| Self { median_ape: error(|f| f.median_ape), rmsle: error(|f| f.rmsle), mae: error(|f| f.mae) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standard_error_is_that_of_the_mean() {
        let fold = |rmsle: f64| FoldSpread { median_ape: 0.2, rmsle, mae: 1.0 };
        let errors = MetricErrors::of(&[fold(0.1), fold(0.2), fold(0.3)]).unwrap();
        assert!((errors.rmsle - (0.01f64 / 3.0).sqrt()).abs() < 1e-12 && errors.mae == 0.0);
        assert_eq!(MetricErrors::of(&[fold(0.1)]), None);
    }
}
