//! What is computed of columns of numbers, whatever they stand for.

mod correlation;
mod descriptive;
mod histogram;
mod matrix;

pub use correlation::{Correlation, Interval};
pub use descriptive::Summary;
pub use histogram::Histogram;

pub(crate) use correlation::{pearson, spearman};
pub(crate) use descriptive::{mean, quantile, sorted};
pub(crate) use matrix::partial_correlations;
pub(crate) use uu_core::stats::Draws;
