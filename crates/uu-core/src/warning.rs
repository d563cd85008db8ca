//! What is to be said about a record that can be used all the same.

use std::fmt::{self, Write};

use crate::names::Escaping;
use crate::{Category, FaultField, Field, Month, OutputColumn, Shortest};

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
    /// A value was given for an input that the model was trained without: it has no effect.
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
    /// The site's name cannot be a host: it has no suffix and no brand.
    NotAHost {
        /// The name.
        found: String,
        /// Whether it groups the months of one site all the same; otherwise the record is treated as one of an unknown site.
        groups: bool,
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
    /// The bounce rates beside it look like fractions too, see [`crate::BounceRateUnits`]; it was read as percent.
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
    /// The record is of an earlier answer of this product, without what says which inputs were filled: all are taken as given.
    FilledInputsUnmarked,
    /// Other months of the site are known, and the model could use none of them for this one.
    KnownMonthsNotUsed {
        /// How many they are.
        months: usize,
        /// Why not.
        reason: UnusedMonths,
    },
    /// Rank and visits are both given, and no site of the training data had the two together.
    RankAndVisitsDisagree {
        /// The rank.
        rank: f64,
        /// The visits.
        visits: f64,
        /// The least visits that go with the rank.
        low: f64,
        /// The most visits that go with the rank.
        high: f64,
    },
}

/// Why known months of a site say nothing of its others.
#[derive(Clone, Debug, PartialEq)]
pub enum UnusedMonths {
    /// The training data had too few sites with several known months to learn what the months of a site have in common.
    NoSiteLevel,
    /// They are of sources with another definition of unique users than the estimate follows.
    OtherSource {
        /// The source whose definition the estimate follows.
        used: String,
    },
    /// Each has less than one user.
    BelowOne,
    /// Each has visits that contradict its users.
    NoVisits,
}

impl fmt::Display for UnusedMonths {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut formatter = Escaping(formatter);
        match self {
            Self::NoSiteLevel => formatter.write_str(
                "the model's training data had too few sites with several known months to learn what the months of a site have in common",
            ),
            Self::OtherSource { used } => {
                write!(formatter, "they are of another source than `{used}`, whose definition the estimate follows")
            }
            Self::BelowOne => formatter.write_str("their unique users are below 1"),
            Self::NoVisits => formatter.write_str("they have unique users and no visits"),
        }
    }
}

impl Warning {
    /// All stable codes.
    pub const CODES: [&'static str; 21] = [
        "below_one",
        "implausible_value",
        "unknown_category",
        "ambiguous_category",
        "unknown_field",
        "users_exceed_visits",
        "pages_below_bounce",
        "outside_training_range",
        "not_learned",
        "unknown_source",
        "nothing_known",
        "missing_marker",
        "not_a_host",
        "total_row",
        "fractional_count",
        "bounce_rate_fraction",
        "duplicate_month",
        "own_estimate",
        "filled_inputs_unmarked",
        "known_months_not_used",
        "rank_and_visits_disagree",
    ];

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
            Self::FilledInputsUnmarked => "filled_inputs_unmarked",
            Self::KnownMonthsNotUsed { .. } => "known_months_not_used",
            Self::RankAndVisitsDisagree { .. } => "rank_and_visits_disagree",
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
            Self::MissingMarker { field, .. } => Some(field.clone()),
            Self::NotAHost { .. } | Self::TotalRow { .. } => Some(FaultField::Field(Field::Site)),
            Self::ImplausibleMonth { .. } | Self::DuplicateMonth { .. } => Some(FaultField::Field(Field::Date)),
            Self::FractionalCount { field, .. } => Some(FaultField::Field(*field)),
            Self::BounceRateFraction { .. } => Some(FaultField::Field(Field::BounceRate)),
            Self::OwnEstimate { field } => Some(field.clone()),
            Self::RankAndVisitsDisagree { .. } => Some(FaultField::Field(Field::Visits)),
            Self::NothingKnown | Self::FilledInputsUnmarked | Self::KnownMonthsNotUsed { .. } => None,
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut formatter = Escaping(formatter);
        match self {
            Self::BelowOne { field, found } => {
                write!(formatter, "{} of {} is below 1 and was treated as unknown", field.words(), Shortest(*found))
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
                write!(formatter, "`{found}` is no field of a record and was not used")?;
                match Field::nearest(found).filter(|_| Field::named(found).is_none()) {
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
                write!(formatter, "{} of {} lies outside the training data ({low} to {high})", field.words(), Shortest(*found))
            }
            Self::NotLearned { field } => {
                write!(formatter, "the model was trained without {}: the value given has no effect", field.words())
            }
            Self::UnknownSource { found, used } => {
                write!(formatter, "the model was not trained on source `{found}`; the estimate follows `{used}`")
            }
            Self::NothingKnown => formatter.write_str("no input is known; the estimate only says what is usual"),
            Self::MissingMarker { field, found } => {
                write!(formatter, "{} of `{found}` marks a missing value and was treated as unknown", field.words())
            }
            Self::NotAHost { found, groups: true } => {
                write!(formatter, "site `{found}` cannot be a host name; it groups the months of one site, and has no suffix and no brand")
            }
            Self::NotAHost { found, groups: false } => {
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
                // Without what binary numbers leave behind the last digit.
                let found = Shortest(*found);
                let percent = (found.as_given() * 1e8).round() / 1e6;
                write!(
                    formatter,
                    "bounce rate of {found} was read as percent; if it is a fraction, it is {percent} percent: write that, or for a whole file pass `--bounce-rate-unit fraction` (`bounceRateUnit=fraction`, `bounce_rate_unit=\"fraction\"`)"
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
            Self::FilledInputsUnmarked => write!(
                formatter,
                "the record is of an earlier answer without `{}`: inputs that were filled cannot be told from those that were given",
                OutputColumn::Filled.column()
            ),
            Self::KnownMonthsNotUsed { months: 1, reason } => write!(formatter, "the site's known month was not used: {reason}"),
            Self::KnownMonthsNotUsed { months, reason } => write!(formatter, "none of the site's {months} known months was used: {reason}"),
            Self::RankAndVisitsDisagree { rank, visits, low, high } => write!(
                formatter,
                "visits of {visits} and rank {rank} contradict each other: sites of that rank have {low} to {high} visits; give the rank of the same month, or leave it out"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Fault, FaultRule};

    const HOSTILE: &str = "a\u{1b}[31m\u{7}\r\n\u{202e}b";
    const ESCAPED: &str = r"a\u{1b}[31m\u{7}\r\n\u{202e}b";

    fn hostile() -> String {
        HOSTILE.to_owned()
    }

    fn extra() -> FaultField {
        FaultField::Extra(hostile())
    }

    #[test]
    fn no_message_about_a_record_has_a_control_character_of_the_input() {
        let other_source = UnusedMonths::OtherSource { used: hostile() };
        let warnings = [
            Warning::UnknownCategory { found: hostile(), used: None },
            Warning::UnknownCategory { found: hostile(), used: Category::from_code(1) },
            Warning::UnknownField { found: hostile() },
            Warning::OutsideTrainingRange { field: extra(), found: 1.0, low: 2.0, high: 3.0 },
            Warning::NotLearned { field: extra() },
            Warning::UnknownSource { found: hostile(), used: "panel".to_owned() },
            Warning::UnknownSource { found: "panel".to_owned(), used: hostile() },
            Warning::MissingMarker { field: extra(), found: "-".to_owned() },
            Warning::MissingMarker { field: FaultField::Record, found: hostile() },
            Warning::NotAHost { found: hostile(), groups: true },
            Warning::NotAHost { found: hostile(), groups: false },
            Warning::TotalRow { found: hostile() },
            Warning::FractionalCount { field: Field::Visits, found: hostile() },
            Warning::OwnEstimate { field: extra() },
            Warning::KnownMonthsNotUsed { months: 1, reason: other_source.clone() },
            Warning::KnownMonthsNotUsed { months: 2, reason: other_source.clone() },
        ];
        let fault = |field: FaultField, found: &str, expected: &str| {
            Fault { rule: FaultRule::NotANumber, field, found: found.to_owned(), expected: expected.to_owned().into() }.to_string()
        };
        let faults =
            [fault(extra(), "x", "a number"), fault(FaultField::Record, HOSTILE, "a number"), fault(FaultField::Record, "x", HOSTILE)];
        for text in warnings.iter().map(ToString::to_string).chain(faults).chain([other_source.to_string()]) {
            assert!(text.contains(ESCAPED), "{text}");
            assert!(!text.contains(|letter: char| letter.is_control() || letter == '\u{202e}'), "{text:?}");
        }
    }
}
