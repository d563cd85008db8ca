//! Values that are given by name.

use std::str::FromStr;

use clap::ValueEnum;
use uu_data::read::{BounceRateUnit, Decimal, Format};
use uu_registry::Timestamp;

/// Formats by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatName {
    /// Comma-separated values with a header
    Csv,
    /// One JSON array of objects
    Json,
    /// One JSON object a line
    Ndjson,
    /// Apache Parquet
    Parquet,
    /// The nested JSON export: one object a site, with values by date
    Nested,
}

/// Units by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BounceRateUnitName {
    /// 0 to 100
    Percent,
    /// 0 to 1
    Fraction,
}

/// Decimal marks by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DecimalName {
    /// 1234.5
    Point,
    /// 1234,5 or 1.234,5
    Comma,
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressStyle {
    /// A bar on a terminal, a line now and then elsewhere
    Bar,
    /// One JSON object a line, for a parent process
    Json,
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Csv => Self::Csv,
            FormatName::Json => Self::Json,
            FormatName::Ndjson => Self::Ndjson,
            FormatName::Parquet => Self::Parquet,
            FormatName::Nested => Self::Nested,
        }
    }
}

impl From<BounceRateUnitName> for BounceRateUnit {
    fn from(name: BounceRateUnitName) -> Self {
        match name {
            BounceRateUnitName::Percent => Self::Percent,
            BounceRateUnitName::Fraction => Self::Fraction,
        }
    }
}

impl From<DecimalName> for Decimal {
    fn from(name: DecimalName) -> Self {
        match name {
            DecimalName::Point => Self::Point,
            DecimalName::Comma => Self::Comma,
        }
    }
}

/// A whole number that is not negative.
pub(super) fn whole<N: FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| "expected a whole number, such as 12".to_owned())
}

/// A number with or without a fraction.
pub(super) fn number(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|number: &f64| number.is_finite()).ok_or_else(|| "expected a number, such as 0.9".to_owned())
}

/// The beginning of a day.
pub(super) fn day(text: &str) -> Result<Timestamp, String> {
    let mut parts = text.splitn(3, '-').map(|part| part.bytes().all(|digit| digit.is_ascii_digit()).then(|| part.parse::<i64>().ok())?);
    let mut next = || parts.next().flatten();
    let named = (next(), next(), next());
    let found = if let (Some(year), Some(month), Some(day)) = named { Timestamp::of_date(year, month, day) } else { None };
    found.ok_or_else(|| "expected a day of the calendar, such as 2027-01-31".to_owned())
}

/// Milliseconds of a duration.
pub(super) fn duration(text: &str) -> Result<i64, String> {
    const HOUR_MS: i64 = 3_600_000;
    const MOST_MS: i64 = 100 * 365 * 24 * HOUR_MS;
    let units = [("h", HOUR_MS), ("d", 24 * HOUR_MS), ("w", 7 * 24 * HOUR_MS)];
    let found = units.iter().find_map(|(unit, of_one)| text.strip_suffix(unit)?.parse::<i64>().ok()?.checked_mul(*of_one));
    found.filter(|milliseconds| (1..=MOST_MS).contains(milliseconds)).ok_or_else(|| "expected a time such as 12h, 90d or 4w".to_owned())
}

/// The number of a job.
pub(super) fn job_number(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| "expected the number of a job; `uu-predictor jobs list` lists them".to_owned())
}

/// The number of a batch of observations.
pub(super) fn batch_number(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| "expected the number of a batch; `uu-predictor observations list` lists them".to_owned())
}

/// A record's number in the audit log.
pub(super) fn log_number(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| "expected the number of a record; `uu-predictor models log` lists them".to_owned())
}
