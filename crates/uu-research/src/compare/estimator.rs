//! What every compared estimator is: something that learns from rows and estimates users of others.

use uu_train::tuning::Dimension;

use super::features::Features;
use super::rows::Rows;
use crate::StudyError;

/// Rows to learn from.
pub(crate) struct Lesson<'a> {
    pub(crate) rows: &'a Rows,
    /// Which of them.
    pub(crate) places: &'a [usize],
    /// Their features, one row for each place.
    pub(crate) features: &'a Features,
    pub(crate) seed: u64,
}

/// Rows to estimate.
pub(crate) struct Question<'a> {
    pub(crate) rows: &'a Rows,
    pub(crate) places: &'a [usize],
    pub(crate) features: &'a Features,
}

/// An estimator with hyperparameters.
pub(crate) trait Estimator: Sync + Send {
    /// Its hyperparameters; none where there is nothing to tune.
    fn space(&self) -> Vec<Dimension> {
        Vec::new()
    }

    /// Fits; the same lesson and hyperparameters give the same estimates. `hyperparameters` are in the order of the space.
    fn fit(&self, lesson: &Lesson<'_>, hyperparameters: &[f64]) -> Result<Box<dyn Fitted>, StudyError>;
}

/// A fitted estimator.
pub(crate) trait Fitted: Send {
    /// Users of each row of the question, within their bounds; NaN where it cannot answer.
    fn estimate(&self, question: &Question<'_>) -> Result<Vec<f64>, StudyError>;

    /// Bytes it takes to keep it.
    fn size_bytes(&self) -> usize;
}

impl Lesson<'_> {
    /// The logarithm of visits per user of each row.
    pub(crate) fn log_ratios(&self) -> Vec<f64> {
        self.places.iter().map(|&row| self.rows.log_ratio(row)).collect()
    }
}

impl Question<'_> {
    /// Users at predicted logarithms of visits per user.
    pub(crate) fn users(&self, log_ratios: &[f64]) -> Vec<f64> {
        self.places.iter().zip(log_ratios).map(|(&row, &log_ratio)| self.rows.users_at(row, log_ratio)).collect()
    }
}

/// The error of a library, as an error of the study.
pub(crate) fn refused(model: &'static str) -> impl Fn(&dyn std::fmt::Display) -> StudyError {
    move |reason| StudyError::Estimator { model, reason: reason.to_string() }
}
