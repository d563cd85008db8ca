//! Statistics that every crate computes alike: error metrics, bounds of chance, random draws, hashes of sites.

pub mod chance;
mod draws;
mod hash;
mod metrics;

pub use draws::Draws;
pub use hash::site_hash;
pub use metrics::{ErrorMetrics, IntervalMetrics, median};
