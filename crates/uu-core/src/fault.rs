//! What makes a record unusable.

use std::borrow::Cow;
use std::fmt::{self, Write};

use crate::Field;
use crate::names::Escaping;

/// What is expected of bytes that are no text.
pub const TEXT_IN_UTF8: &str = "text in UTF-8";

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
    /// The site's name has control characters.
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
        write!(Escaping(formatter), "{} must be {}, got {}", self.field.words(), self.expected, self.found)
    }
}

impl std::error::Error for Fault {}
