//! A record as it was given, before it is checked.

use std::borrow::Cow;

use crate::names::trimmed;
use crate::site::is_total;
use crate::{BounceRateUnit, Field};

/// One value as a file, a request or a frame gave it.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum RawValue<'a> {
    /// Null, absent or empty.
    #[default]
    Unknown,
    /// A number.
    Number(f64),
    /// A text; numbers in texts are read.
    Text(Cow<'a, str>),
    /// Something no field can be, such as `true` or a list.
    Other {
        /// What it is: `a boolean`, `a list`.
        kind: Cow<'static, str>,
    },
}

impl<'a> RawValue<'a> {
    /// The value of a text cell: empty is unknown.
    #[must_use]
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        let text = text.into();
        if trimmed(&text).is_empty() { Self::Unknown } else { Self::Text(text) }
    }

    /// The value of an optional number.
    #[must_use]
    pub fn number(number: Option<f64>) -> Self {
        number.map_or(Self::Unknown, Self::Number)
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }
}

/// One site-month as it was given: a value for each field, and one for each extra input.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RawRecord<'a> {
    values: [RawValue<'a>; Field::COUNT],
    extras: Vec<RawValue<'a>>,
    bounce_rate_unit: Option<BounceRateUnit>,
}

impl<'a> RawRecord<'a> {
    /// A record of which nothing is known.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a field.
    pub fn set(&mut self, field: Field, value: RawValue<'a>) {
        self.values[field as usize] = value;
    }

    /// Declares the unit of the bounce rate; where it is not declared, it is percent.
    pub fn declare_bounce_rate(&mut self, unit: Option<BounceRateUnit>) {
        self.bounce_rate_unit = unit;
    }

    /// The declared unit of the bounce rate.
    #[must_use]
    pub fn bounce_rate_unit(&self) -> Option<BounceRateUnit> {
        self.bounce_rate_unit
    }

    /// Sets the extra input at `index` of [`crate::Rules::extras`].
    pub fn set_extra(&mut self, index: usize, value: RawValue<'a>) {
        if self.extras.len() <= index {
            self.extras.resize(index + 1, RawValue::Unknown);
        }
        self.extras[index] = value;
    }

    /// The value of a field.
    #[must_use]
    pub fn get(&self, field: Field) -> &RawValue<'a> {
        &self.values[field as usize]
    }

    /// Whether it sums up other records, by the text that stands in the place of its site or of its date.
    #[must_use]
    pub fn is_total(&self) -> bool {
        [Field::Site, Field::Date].into_iter().any(|field| matches!(self.get(field), RawValue::Text(text) if is_total(trimmed(text))))
    }

    /// The value of the extra input at `index`.
    #[must_use]
    pub fn extra(&self, index: usize) -> &RawValue<'a> {
        self.extras.get(index).unwrap_or(&RawValue::Unknown)
    }
}
