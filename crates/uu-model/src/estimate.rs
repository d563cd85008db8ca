//! What a model answers about one site-month.

use uu_core::{FaultField, Field, Record, Visits, Warning};

/// How an estimate is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EstimateOptions {
    /// The interval's level, in `[0.5, 0.99]`; see [`crate::LEVELS`].
    pub level: f64,
    /// Whether each input's factor is computed too.
    pub explain: bool,
}

impl Default for EstimateOptions {
    fn default() -> Self {
        Self { level: 0.9, explain: false }
    }
}

/// Unique users of one site-month, with what was filled and noticed on the way.
///
/// **Units**: users, as `source` counts them. Laws: `1 <= point <= visits` where visits (given or filled) are 1 or more, 0 where they
/// are 0, and `low <= point <= high`.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// The point estimate, not rounded.
    pub point: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
    /// Values of the numeric inputs that were unknown and that the model has learned, in the order of the fields.
    pub filled: Vec<FilledInput>,
    /// What is to be said about the inputs, beyond what the check said.
    pub warnings: Vec<Warning>,
    /// Unique users of the month where the record has them: they stand in the estimate's place, and `point` is what the model would have
    /// said.
    pub known: Option<f64>,
    /// Each input's factor, where it was asked for.
    pub explanation: Option<Explanation>,
    /// Logarithm of the error that was to be expected.
    pub(crate) log_spread: f64,
}

/// A filled input: which one, and its value as it is to be shown (rounded as its field is).
#[derive(Clone, Debug, PartialEq)]
pub struct FilledInput {
    /// A field of the record or an extra input.
    pub field: FaultField,
    /// The value.
    pub value: f64,
}

/// Why the answer is what it is: factors whose product with `base` is the unrounded point, to a relative 1e-9.
///
/// A known month is its own explanation: `base` is the known number, and there are no factors.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// Whether the month's unique users are known.
    pub known: bool,
    /// Users: the estimate before any input is considered, or the known number.
    pub base: f64,
    /// The factor of each input that the model has and of each later step, in a fixed order; 1 changes nothing.
    pub factors: Vec<(Factor, f64)>,
}

impl Explanation {
    /// A known month's.
    pub(crate) fn of_known(users: f64) -> Self {
        Self { known: true, base: users, factors: Vec::new() }
    }

    /// The base times all factors, in their order.
    #[must_use]
    pub fn product(&self) -> f64 {
        self.factors.iter().fold(self.base, |product, (_, factor)| product * factor)
    }
}

/// What a factor stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Factor {
    /// What the value of an input does to the estimate, where it is known; what not knowing it does, where it is not. The factor of visits
    /// holds both how many there are, relative to the training data's, and what their number says of visits per user. `source` is the
    /// source whose definition is followed, `month` the season.
    Input(FaultField),
    /// Imputed visits over those of the training data: it stands in the place of the factor of known visits, and is 1 where visits are known.
    FilledVisits,
    /// The site's own level: what its other months with known unique users show, 1 where there are none.
    SiteLevel,
    /// The bounds `1 <= unique users <= visits`: 1 where the estimate lies within them by itself.
    Bounds,
}

impl Factor {
    /// The factor's key in JSON.
    #[must_use]
    pub fn json(&self) -> &str {
        match self {
            Self::Input(FaultField::Field(Field::Date)) => "month",
            Self::Input(field) => field.json(),
            Self::FilledVisits => "filledVisits",
            Self::SiteLevel => "siteLevel",
            Self::Bounds => "bounds",
        }
    }

    /// The factor's name in a file's column.
    #[must_use]
    pub fn column(&self) -> &str {
        match self {
            Self::Input(FaultField::Field(Field::Date)) => "month",
            Self::Input(field) => field.column(),
            Self::FilledVisits => "filled_visits",
            Self::SiteLevel => "site_level",
            Self::Bounds => "bounds",
        }
    }
}

impl Estimate {
    /// The point as a whole number of users.
    #[must_use]
    pub fn whole_point(&self) -> u64 {
        self.point.round() as u64
    }

    /// The interval widened to whole users, so that it still contains the rounded point.
    #[must_use]
    pub fn whole_interval(&self) -> (u64, u64) {
        (self.low.floor().min(self.point.round()) as u64, self.high.round().max(self.point.round()) as u64)
    }

    /// Visits per unique user: the visits of `record`, or those that were imputed, over its unique users, known or estimated. None where
    /// there are no users.
    ///
    /// **Shapes**: `record` is the one that was asked.
    #[must_use]
    pub fn visits_per_user(&self, record: &Record) -> Option<f64> {
        let filled = || self.filled.iter().find(|input| input.field == FaultField::Field(Field::Visits)).map(|input| input.value);
        let visits = filled().or_else(|| record.visits.map(Visits::get))?;
        let users = self.known.unwrap_or(self.point);
        (users > 0.0).then(|| visits / users)
    }
}
