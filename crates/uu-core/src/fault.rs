//! What makes a record unusable, and what only needs to be said about it.

use std::borrow::Cow;
use std::fmt;

use crate::{Category, Field};

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

impl Fault {
    /// A hint at the way out, where the fault suggests one.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match (self.rule, &self.field) {
            (FaultRule::OutOfRange, FaultField::Field(Field::BounceRate)) => {
                Some("the bounce rate is in percent; if the file has a fraction, pass `--bounce-rate-unit fraction`")
            }
            (FaultRule::OutOfRange, _) if self.found == "-1" => Some("leave the value empty (or null) where it is unknown"),
            (FaultRule::NotANumber, _) => Some("leave the value empty (or null) where it is unknown; write numbers without separators"),
            (FaultRule::SeveralSites, _) => Some("send one request for each site, or use the batch"),
            _ => None,
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
    /// The taxonomy does not know the category; it is treated as unknown.
    UnknownCategory {
        /// The name or code that was given.
        found: String,
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
            Self::RankAndVisitsDisagree { .. } => Some(FaultField::Field(Field::Visits)),
            Self::NothingKnown | Self::KnownMonthsNotUsed { .. } => None,
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
            Self::UnknownCategory { found } => {
                write!(formatter, "category `{found}` is not in the taxonomy and was treated as unknown")?;
                if found.parse::<f64>().is_ok() {
                    return write!(formatter, "; codes run from 1 to {}", Category::count());
                }
                match Category::nearest(found) {
                    Some(nearest) => write!(formatter, "; the nearest name is `{nearest}`"),
                    None => formatter.write_str("; `GET /categories` lists those there are"),
                }
            }
            Self::AmbiguousCategory { paths } => {
                let paths: Vec<String> = paths.iter().map(|path| format!("`{path}`")).collect();
                write!(formatter, "the category could be {} and was treated as unknown", paths.join(" or "))
            }
            Self::UnknownField { found } => write!(formatter, "`{found}` is no field of a record and was not used"),
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
                write!(formatter, "the model was trained without {}: the value given has no effect", field.words())
            }
            Self::UnknownSource { found, used } => {
                write!(formatter, "the model was not trained on source `{found}`; the estimate follows `{used}`")
            }
            Self::NothingKnown => formatter.write_str("no input is known; the estimate only says what is usual"),
            Self::KnownMonthsNotUsed { months: 1, reason } => write!(formatter, "the site's known month was not used: {reason}"),
            Self::KnownMonthsNotUsed { months, reason } => write!(formatter, "none of the site's {months} known months was used: {reason}"),
            Self::RankAndVisitsDisagree { rank, visits, low, high } => write!(
                formatter,
                "visits of {visits} and rank {rank} contradict each other: sites of that rank have {low} to {high} visits; give the rank of the same month, or leave it out"
            ),
        }
    }
}
