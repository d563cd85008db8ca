//! Values that are given by name.

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
