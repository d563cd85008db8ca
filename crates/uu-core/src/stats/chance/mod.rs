//! How far chance alone can carry a figure: the distributions behind bounds and verdicts.

mod binomial;
mod normal;

pub use binomial::{binomial_bounds, median_bounds};
pub use normal::{chi_square_quantile, normal_quantile};
