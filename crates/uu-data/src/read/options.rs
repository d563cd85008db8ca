//! How an input is read.

use std::borrow::Cow;

use uu_core::{BounceRateUnit, Fault, FaultField, Month, Rules};

use super::Format;
use super::decimal::{not_a_comma, with_point};
use crate::newest_month;

/// The decimal mark of numbers in texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decimal {
    /// `1234.5`; nothing parts thousands.
    Point,
    /// `1234,5`; points, blanks and apostrophes part thousands: `1.234,5`.
    Comma,
}

impl Decimal {
    /// A number with this mark as one with a point, and without what parts its thousands; any other text as it is.
    ///
    /// **Errors**: the text has the other mark; the fault names `field`.
    pub fn with_point(self, field: impl FnOnce() -> FaultField, text: &str) -> Result<Cow<'_, str>, Fault> {
        match self {
            Self::Point => Ok(Cow::Borrowed(text)),
            Self::Comma => with_point(text).ok_or_else(|| not_a_comma(field(), text)),
        }
    }
}

/// How to read.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// The format; by extension, and by content where that says nothing, when not given.
    pub format: Option<Format>,
    /// What the check needs to know.
    pub rules: Rules,
    /// The unit of the bounce rates, for the whole file. Where none is given it is percent, and a file whose bounce rates are mostly fractions
    /// is refused.
    pub bounce_rate_unit: Option<BounceRateUnit>,
    /// The decimal mark of the whole file. Where none is given it is a point, and a file is refused whose points may all part thousands: with
    /// semicolons or tabs, or where every value of a column of counts has such a point.
    pub decimal: Option<Decimal>,
    /// Takes files of which most site-months have several rows, as daily and weekly exports have.
    pub allow_repeated_months: bool,
    /// Whether the rows were read and checked before: nothing about the file as a whole is asked again.
    pub is_trusted: bool,
    /// The last month that can have been measured.
    pub newest_month: Option<Month>,
    /// Most rows of a chunk.
    pub chunk_rows: usize,
    /// Most bytes that a compressed input may stand for.
    pub decompressed_bytes: u64,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            format: None,
            rules: Rules::default(),
            bounce_rate_unit: None,
            decimal: None,
            allow_repeated_months: false,
            is_trusted: false,
            newest_month: Some(newest_month()),
            chunk_rows: 16_384,
            decompressed_bytes: u64::MAX,
        }
    }
}

impl ReadOptions {
    /// For rows that were read and checked before: nothing about the file as a whole is asked again.
    #[must_use]
    pub fn trusted(self) -> Self {
        Self { bounce_rate_unit: Some(self.bounce_rate_unit.unwrap_or_default()), decimal: Some(Decimal::Point), is_trusted: true, ..self }
    }
}
