//! What a model answers about one site-month.

use uu_core::{FaultField, Field, Warning};

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

/// Factors whose product with `base` is the unrounded point, to a relative 1e-9.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The estimate of which no input says anything: users.
    pub base: f64,
    /// The factor of each input and of each later step, in a fixed order; 1 changes nothing.
    pub factors: Vec<(Factor, f64)>,
}

/// What a factor stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Factor {
    /// A field of the record or an extra input.
    Input(FaultField),
    /// Filling unknown visits.
    FilledVisits,
    /// The site's own level, told by its known months.
    SiteLevel,
    /// The bounds `1 <= unique users <= visits`.
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
}
