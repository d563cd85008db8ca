//! Values that are given by name.

use std::str::FromStr;

use clap::ValueEnum;
use uu_data::read::{BounceRateUnit, Decimal, Format};

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
