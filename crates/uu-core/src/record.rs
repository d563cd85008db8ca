//! The checked record of one site and one month.

use crate::{AvgVisitDuration, BounceRate, Category, Field, Month, OutOfRange, PagesPerVisit, Rank, UniqueUsers, Visits};

/// The source of generated rows: they never train a model together with measured ones.
pub const GENERATED: &str = "generated";

/// What is known of one site in one month, every value within its range.
///
/// [`crate::check`] makes one of what somebody gave, and keeps the rules between the values too.
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

    /// The value of a field that is a number, in the field's unit; `None` where it is unknown, and for fields that are none.
    #[must_use]
    #[inline]
    pub fn number(&self, field: Field) -> Option<f64> {
        match field {
            Field::Rank => self.rank.map(Rank::get),
            Field::Visits => self.visits.map(Visits::get),
            Field::PagesPerVisit => self.pages_per_visit.map(PagesPerVisit::get),
            Field::BounceRate => self.bounce_rate.map(BounceRate::get),
            Field::AvgVisitDuration => self.avg_visit_duration.map(AvgVisitDuration::get),
            Field::UniqueUsers => self.unique_users.map(UniqueUsers::get),
            Field::Date | Field::Site | Field::Source | Field::RankSource | Field::Category => None,
        }
    }

    /// Gives a field that is a number a value in its unit, or makes it unknown; other fields stay.
    ///
    /// **Errors**: [`OutOfRange`] for a value that the field cannot have; nothing is changed then.
    pub fn set_number(&mut self, field: Field, value: Option<f64>) -> Result<(), OutOfRange> {
        match field {
            Field::Rank => self.rank = value.map(Rank::new).transpose()?,
            Field::Visits => self.visits = value.map(Visits::new).transpose()?,
            Field::PagesPerVisit => self.pages_per_visit = value.map(PagesPerVisit::new).transpose()?,
            Field::BounceRate => self.bounce_rate = value.map(BounceRate::new).transpose()?,
            Field::AvgVisitDuration => self.avg_visit_duration = value.map(AvgVisitDuration::new).transpose()?,
            Field::UniqueUsers => self.unique_users = value.map(UniqueUsers::new).transpose()?,
            Field::Date | Field::Site | Field::Source | Field::RankSource | Field::Category => {}
        }
        Ok(())
    }

    /// The text of a field that is a name or a category.
    #[must_use]
    pub fn text(&self, field: Field) -> Option<&str> {
        match field {
            Field::Site => self.site.as_deref(),
            Field::Source => self.source.as_deref(),
            Field::RankSource => self.rank_source.as_deref(),
            Field::Category => self.category.map(Category::path),
            _ => None,
        }
    }

    /// Whether the field is known.
    #[must_use]
    pub fn knows(&self, field: Field) -> bool {
        field == Field::Date || self.number(field).is_some() || self.text(field).is_some()
    }

    /// Whether it was generated, and not measured.
    #[must_use]
    pub fn is_generated(&self) -> bool {
        self.source.as_deref() == Some(GENERATED)
    }
}
