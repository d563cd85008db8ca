//! What makes a record unusable, and what only needs to be said about it.

use std::borrow::Cow;
use std::fmt;

use crate::names::escaped;
use crate::{Category, Field, Month};

/// One thing wrong with one value: the value cannot be used, and neither can its record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which rule was broken.
    pub rule: FaultRule,
    /// The field, or the name of the extra input.
    pub field: FaultField,
    /// What was found, shortened to what a message can hold.
    pub found: String,
    /// What was expected, in words.
    pub expected: Cow<'static, str>,
}

/// Where a fault lies within a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultField {
    /// A field of the record.
    Field(Field),
    /// An extra input, by name.
    Extra(String),
    /// The record as a whole: it could not be taken apart into fields.
    Record,
}

impl FaultField {
    /// The JSON key.
    #[must_use]
    pub fn json(&self) -> &str {
        match self {
            Self::Field(field) => field.json(),
            Self::Extra(name) => name,
            Self::Record => "",
        }
    }

    /// The column.
    #[must_use]
    pub fn column(&self) -> &str {
        match self {
            Self::Field(field) => field.column(),
            Self::Extra(name) => name,
            Self::Record => "",
        }
    }

    /// The name in a sentence.
    #[must_use]
    pub fn words(&self) -> &str {
        match self {
            Self::Field(field) => field.words(),
            Self::Extra(name) => name,
            Self::Record => "row",
        }
    }
}

/// The rules a value must keep to be used at all. The codes are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultRule {
    /// A number was expected.
    NotANumber,
    /// A text was expected.
    NotAText,
    /// The number is outside what its field can be.
    OutOfRange,
    /// The date is not one, or is missing.
    BadDate,
    /// The site's name has spaces or control characters, or is too long.
    BadSite,
    /// The field was given twice.
    DuplicateField,
    /// Two records are of the same month.
    DuplicateMonth,
    /// One request speaks of two sites.
    SeveralSites,
    /// The row cannot be taken apart: too few cells, bytes that are no text, broken JSON.
    MalformedRow,
}

impl FaultRule {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NotANumber => "not_a_number",
            Self::NotAText => "not_a_text",
            Self::OutOfRange => "out_of_range",
            Self::BadDate => "bad_date",
            Self::BadSite => "bad_site",
            Self::DuplicateField => "duplicate_field",
            Self::DuplicateMonth => "duplicate_month",
            Self::SeveralSites => "several_sites",
            Self::MalformedRow => "malformed_row",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} must be {}, got {}", self.field.words(), self.expected, self.found)
    }
}

impl std::error::Error for Fault {}

/// Something to be said about a record that can be used all the same.
#[derive(Clone, Debug, PartialEq)]
pub enum Warning {
    /// A value was too small to be true; it is treated as unknown.
    BelowOne {
        /// The field.
        field: Field,
        /// The value.
        found: f64,
    },
    /// A well-formed value nobody would believe; it is treated as unknown.
    Implausible {
        /// The field.
        field: Field,
        /// The value.
        found: f64,
        /// The largest value that is believed.
        limit: f64,
    },
    /// The taxonomy does not know the category; what stands above it is used if that is known, else it is treated as unknown.
    UnknownCategory {
        /// The name or code that was given.
        found: String,
        /// The known category above it.
        used: Option<Category>,
    },
    /// The sub-category's name stands under several tops; it is treated as unknown.
    AmbiguousCategory {
        /// What it could mean.
        paths: Vec<Category>,
    },
    /// The key names no field and no extra input; it is echoed and not used.
    UnknownField {
        /// The key.
        found: String,
    },
    /// More unique users than visits were given.
    UsersExceedVisits {
        /// Unique users.
        users: f64,
        /// Visits.
        visits: f64,
    },
    /// Pages per visit are fewer than a bounce rate of one-page visits allows.
    PagesBelowBounce {
        /// Pages per visit.
        pages_per_visit: f64,
        /// The least the bounce rate allows.
        least: f64,
    },
    /// The value lies outside what the model was trained on.
    OutsideTrainingRange {
        /// The field or extra input.
        field: FaultField,
        /// The value.
        found: f64,
        /// The least value in the training data.
        low: f64,
        /// The greatest value in the training data.
        high: f64,
    },
    /// No training row carried this input: it stays unknown, and a given value has no effect.
    NotLearned {
        /// The field or extra input.
        field: FaultField,
    },
    /// The model was not trained on this source; the estimate follows the definition of `used`.
    UnknownSource {
        /// The source that was given.
        found: String,
        /// The source whose definition the estimate follows.
        used: String,
    },
    /// None of the model's inputs is known: the estimate only says what is usual.
    NothingKnown,
    /// A text that other programs write where nothing is known; it is treated as unknown.
    MissingMarker {
        /// The field or extra input.
        field: FaultField,
        /// The text.
        found: String,
    },
    /// The site's name cannot be a host; the record is treated as one of an unknown site.
    NotAHost {
        /// The name.
        found: String,
    },
    /// The row sums up others; it is treated as one of an unknown site.
    TotalRow {
        /// What stands in the place of the site.
        found: String,
    },
    /// No site was measured in that month: it lies before the web began, or has not begun.
    ImplausibleMonth {
        /// The month.
        found: Month,
    },
    /// A count has a decimal point, which may part thousands.
    FractionalCount {
        /// The field.
        field: Field,
        /// The number as it was given.
        found: String,
    },
    /// All bounce rates beside it are at most 1 too: they are fractions, by all appearance, and were read as percent.
    BounceRateFraction {
        /// The value.
        found: f64,
    },
    /// Another row of the same source, site and month came before.
    DuplicateMonth {
        /// The month.
        month: Month,
    },
    /// The value was estimated or filled in an earlier answer of this product; it is treated as unknown.
    OwnEstimate {
        /// The field or extra input.
        field: FaultField,
    },
}

impl Warning {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::BelowOne { .. } => "below_one",
            Self::Implausible { .. } => "implausible_value",
            Self::UnknownCategory { .. } => "unknown_category",
            Self::AmbiguousCategory { .. } => "ambiguous_category",
            Self::UnknownField { .. } => "unknown_field",
            Self::UsersExceedVisits { .. } => "users_exceed_visits",
            Self::PagesBelowBounce { .. } => "pages_below_bounce",
            Self::OutsideTrainingRange { .. } => "outside_training_range",
            Self::NotLearned { .. } => "not_learned",
            Self::UnknownSource { .. } => "unknown_source",
            Self::NothingKnown => "nothing_known",
            Self::MissingMarker { .. } => "missing_marker",
            Self::NotAHost { .. } => "not_a_host",
            Self::TotalRow { .. } => "total_row",
            Self::ImplausibleMonth { .. } => "implausible_value",
            Self::FractionalCount { .. } => "fractional_count",
            Self::BounceRateFraction { .. } => "bounce_rate_fraction",
            Self::DuplicateMonth { .. } => "duplicate_month",
            Self::OwnEstimate { .. } => "own_estimate",
        }
    }

    /// The field it is about, if it is about one.
    #[must_use]
    pub fn field(&self) -> Option<FaultField> {
        match self {
            Self::BelowOne { field, .. } | Self::Implausible { field, .. } => Some(FaultField::Field(*field)),
            Self::UnknownCategory { .. } | Self::AmbiguousCategory { .. } => Some(FaultField::Field(Field::Category)),
            Self::UnknownField { found } => Some(FaultField::Extra(found.clone())),
            Self::UsersExceedVisits { .. } => Some(FaultField::Field(Field::UniqueUsers)),
            Self::PagesBelowBounce { .. } => Some(FaultField::Field(Field::PagesPerVisit)),
            Self::OutsideTrainingRange { field, .. } | Self::NotLearned { field } => Some(field.clone()),
            Self::UnknownSource { .. } => Some(FaultField::Field(Field::Source)),
            Self::NothingKnown => None,
            Self::MissingMarker { field, .. } => Some(field.clone()),
            Self::NotAHost { .. } | Self::TotalRow { .. } => Some(FaultField::Field(Field::Site)),
            Self::ImplausibleMonth { .. } | Self::DuplicateMonth { .. } => Some(FaultField::Field(Field::Date)),
            Self::FractionalCount { field, .. } => Some(FaultField::Field(*field)),
            Self::BounceRateFraction { .. } => Some(FaultField::Field(Field::BounceRate)),
            Self::OwnEstimate { field } => Some(field.clone()),
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BelowOne { field, found } => {
                write!(formatter, "{} of {found} is below 1 and was treated as unknown", field.words())
            }
            Self::Implausible { field, found, limit } => {
                write!(formatter, "{} of {found} is not plausible (above {limit}) and was left out of the estimate", field.words())
            }
            Self::UnknownCategory { found, used: Some(used) } => {
                write!(formatter, "category `{found}` is not in the taxonomy; `{used}` above it was used")
            }
            Self::UnknownCategory { found, used: None } => {
                write!(formatter, "category `{found}` is not in the taxonomy and was treated as unknown")?;
                if found.parse::<f64>().is_ok() {
                    return write!(formatter, "; codes run from 1 to {}", Category::count());
                }
                match Category::nearest(found) {
                    Some(nearest) => write!(formatter, "; the nearest name is `{nearest}`"),
                    None => formatter.write_str("; `GET /categories` and `uu-predictor categories` list those there are"),
                }
            }
            Self::AmbiguousCategory { paths } => {
                let paths: Vec<String> = paths.iter().map(|path| format!("`{path}`")).collect();
                write!(formatter, "the category could be {} and was treated as unknown", paths.join(" or "))
            }
            Self::UnknownField { found } => {
                write!(formatter, "`{}` is no field of a record and was not used", escaped(found))?;
                match Field::nearest(found) {
                    Some(nearest) => write!(formatter, "; did you mean `{}`?", nearest.json()),
                    None => Ok(()),
                }
            }
            Self::UsersExceedVisits { users, visits } => {
                write!(formatter, "unique users ({users}) exceed visits ({visits})")
            }
            Self::PagesBelowBounce { pages_per_visit, least } => {
                write!(formatter, "pages per visit of {pages_per_visit} are fewer than the bounce rate allows ({least:.3})")
            }
            Self::OutsideTrainingRange { field, found, low, high } => {
                write!(formatter, "{} of {found} lies outside the training data ({low} to {high})", field.words())
            }
            Self::NotLearned { field } => {
                write!(formatter, "no training row carried {}: it has no effect and is not filled", field.words())
            }
            Self::UnknownSource { found, used } => {
                write!(formatter, "the model was not trained on source `{found}`; the estimate follows `{used}`")
            }
            Self::NothingKnown => formatter.write_str("no input is known; the estimate only says what is usual"),
            Self::MissingMarker { field, found } => {
                write!(formatter, "{} of `{}` marks a missing value and was treated as unknown", field.words(), escaped(found))
            }
            Self::NotAHost { found } => {
                write!(formatter, "site `{found}` cannot be a host name; the row was treated as one of an unknown site")
            }
            Self::TotalRow { found } => {
                write!(formatter, "site `{found}` sums up other rows; the row was treated as one of an unknown site")
            }
            Self::ImplausibleMonth { found } => {
                let (year, month) = (found.year(), found.month_of_year());
                write!(formatter, "date of {year:04}-{month:02} is not plausible: no site was measured in that month")
            }
            Self::FractionalCount { field, found } => {
                write!(
                    formatter,
                    "{} of `{found}` have a decimal point: counts are whole numbers, written without separators",
                    field.words()
                )
            }
            Self::BounceRateFraction { found } => {
                write!(
                    formatter,
                    "bounce rate of {found} was read as percent, as were all others of at most 1; a fraction of 0.43 is 43 percent"
                )
            }
            Self::DuplicateMonth { month } => {
                let (year, month) = (month.year(), month.month_of_year());
                write!(formatter, "another row of this site and of {year:04}-{month:02} came before: one row is one site in one month")
            }
            Self::OwnEstimate { field: FaultField::Field(Field::UniqueUsers) } => {
                formatter.write_str("the unique users are an earlier estimate and were treated as unknown")
            }
            Self::OwnEstimate { field } => {
                write!(formatter, "the value of {} was filled by an earlier estimate and was treated as unknown", field.words())
            }
        }
    }
}
