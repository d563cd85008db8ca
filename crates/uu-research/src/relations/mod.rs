//! How the quantities go together, and whether any input knows the label.

mod correlations;
mod leakage;
mod ratios;

use serde::{Deserialize, Serialize};
use uu_data::Dataset;

pub use correlations::{Correlations, PairFigures};
pub use leakage::{InputCheck, Leakage};
pub use ratios::RatioGroup;

use crate::quantities::quantities;

/// The section on relations, of the development sites alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RelationsSection {
    /// Every pair of quantities.
    pub correlations: Correlations,
    /// Visits per user by top category, the lowest median first.
    pub ratio_by_category: Vec<RatioGroup>,
    /// Visits per user by tenths of visits, the smallest first.
    pub ratio_by_size: Vec<RatioGroup>,
    /// Whether any input knows the label.
    pub leakage: Leakage,
}

impl RelationsSection {
    pub(crate) fn of(development: &Dataset) -> Self {
        let quantities = quantities(development);
        Self {
            correlations: Correlations::of(development, &quantities),
            ratio_by_category: ratios::by_category(development),
            ratio_by_size: ratios::by_size(development),
            leakage: Leakage::of(development, &quantities),
        }
    }
}
