//! What the data are.

mod cleaning;
mod distributions;
mod months;
mod overview;

use serde::{Deserialize, Serialize};
use uu_data::Dataset;
use uu_data::clean::QualityReport;

pub use cleaning::{Cleaning, CleaningRule};
pub use distributions::{CategoryCount, Distribution};
pub use months::{Change, MonthFigures, Months};
pub use overview::{FieldFigures, MissingPattern, Overview, SourceFigures};

/// The section on the data.
///
/// Counts are of all rows; distributions and what changed are of the development sites alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataSection {
    /// How much there is, and of what.
    pub overview: Overview,
    /// What cleaning found.
    pub cleaning: Cleaning,
    /// The shape of each quantity.
    pub distributions: Vec<Distribution>,
    /// Rows by category, the most frequent first.
    pub categories: Vec<CategoryCount>,
    /// What changed between months.
    pub months: Months,
}

impl DataSection {
    pub(crate) fn of(all: &Dataset, quality: &QualityReport, development: &Dataset) -> Self {
        Self {
            overview: Overview::of(all, quality),
            cleaning: Cleaning::of(quality),
            distributions: distributions::distributions(development),
            categories: distributions::categories(all),
            months: Months::of(development),
        }
    }
}
