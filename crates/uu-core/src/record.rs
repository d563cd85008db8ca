//! The checked record of one site and one month.

use crate::{AvgVisitDuration, BounceRate, Category, Month, PagesPerVisit, Rank, UniqueUsers, Visits};

/// The source of generated rows: they never train a model together with measured ones.
pub const GENERATED: &str = "generated";

/// What is known of one site in one month, every value within its range.
///
/// Built by [`crate::check`] alone, so holding one means that its rules were kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The month.
    pub month: Month,
    /// Host name in its one form, or another name in lower case; groups the months of one site. See [`crate::host_of_site`].
    pub site: Option<Box<str>>,
    /// Where the label comes from, and so whose definition of unique users it follows.
    pub source: Option<Box<str>>,
    /// Which ranking the rank is a position in.
    pub rank_source: Option<Box<str>>,
    /// Position in that ranking.
    pub rank: Option<Rank>,
    /// Sessions in the month.
    pub visits: Option<Visits>,
    /// Pages per visit.
    pub pages_per_visit: Option<PagesPerVisit>,
    /// Bounce rate, percent.
    pub bounce_rate: Option<BounceRate>,
    /// Mean visit duration, seconds.
    pub avg_visit_duration: Option<AvgVisitDuration>,
    /// Category of the site.
    pub category: Option<Category>,
    /// Unique users: the label.
    pub unique_users: Option<UniqueUsers>,
    /// Extra inputs, in the order of [`crate::Rules::extras`].
    pub extras: Vec<Option<f64>>,
}

impl Record {
    /// A record of that month of which nothing else is known.
    #[must_use]
    pub fn unknown(month: Month) -> Self {
        Self {
            month,
            site: None,
            source: None,
            rank_source: None,
            rank: None,
            visits: None,
            pages_per_visit: None,
            bounce_rate: None,
            avg_visit_duration: None,
            category: None,
            unique_users: None,
            extras: Vec::new(),
        }
    }

    /// Whether it was generated, and not measured.
    #[must_use]
    pub fn is_generated(&self) -> bool {
        self.source.as_deref() == Some(GENERATED)
    }
}
