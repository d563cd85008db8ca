//! Arguments of `predict`.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use uu_core::Field;
use uu_registry::ModelVersion;

use super::names::number;
use super::{FormatName, Reading};

/// Arguments of `predict`.
#[derive(Debug, Args)]
pub(crate) struct Predict {
    /// File with site-months; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub input: Option<PathBuf>,
    /// File to write, its format by extension; `-` is standard output [default: standard output, in the format of the input]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// How the input is read.
    #[command(flatten)]
    pub reading: Reading,
    /// Format of the output [default: by extension, or as the input]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub output_format: Option<FormatName>,
    /// Level of the intervals, from 0.5 to 0.99
    #[arg(long, default_value_t = 0.9, value_parser = number)]
    pub level: f64,
    /// Explain the estimates: by which factor each input raises or lowers them
    #[arg(long)]
    pub explain: bool,
    /// Take the rows of one site for its months, so that those whose unique users are known tell of the others; the output is sorted by site
    /// and month. What does not fit memory is sorted in temporary files (`TMPDIR` names their folder)
    #[arg(long)]
    pub by_site: bool,
    /// Write CSV that a spreadsheet may open: with an apostrophe before each cell and column name that it would take for a formula
    #[arg(long)]
    pub spreadsheet_safe: bool,
    /// Version of the model [default: the one in use]
    #[arg(long, value_name = "VERSION")]
    pub model: Option<ModelVersion>,
    /// Print the estimate of one site as one JSON object; for files, see `--output-format`
    #[arg(long, conflicts_with = "input")]
    pub json: bool,
    /// One site.
    #[command(flatten)]
    pub fields: Fields,
}

/// The fields of one site-month, as they were typed: they are checked as those of a row are.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "One site in place of a file (leave out what is unknown)")]
pub(crate) struct Fields {
    /// The month, as 2024-12 or any day of it [default: the current month]
    #[arg(long, value_name = "MONTH", value_hint = ValueHint::Other)]
    pub date: Option<String>,
    /// Host name
    #[arg(long, value_name = "HOST", value_hint = ValueHint::Hostname)]
    pub site: Option<String>,
    /// Visits (sessions) in the month
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_hint = ValueHint::Other)]
    pub visits: Option<String>,
    /// Pages per visit
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_hint = ValueHint::Other)]
    pub pages_per_visit: Option<String>,
    /// Bounce rate in percent, 0 to 100
    #[arg(long, value_name = "PERCENT", allow_negative_numbers = true, value_hint = ValueHint::Other)]
    pub bounce_rate: Option<String>,
    /// Average visit duration in seconds
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_hint = ValueHint::Other)]
    pub avg_visit_duration: Option<String>,
    /// Position in a global ranking; 1 is the most visited site
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_hint = ValueHint::Other)]
    pub rank: Option<String>,
    /// Category: a path, a name or a code; `uu-predictor categories` lists them
    #[arg(long, value_name = "CATEGORY", allow_negative_numbers = true, value_hint = ValueHint::Other)]
    pub category: Option<String>,
    /// Whose definition of unique users to follow [default: the commonest of the training data]
    #[arg(long, value_name = "NAME", value_hint = ValueHint::Other)]
    pub source: Option<String>,
    /// Which ranking `--rank` is a position in
    #[arg(long, value_name = "NAME", value_hint = ValueHint::Other)]
    pub rank_source: Option<String>,
    /// An extra input of the model; may be given several times
    #[arg(long = "extra", value_name = "NAME=VALUE", value_hint = ValueHint::Other)]
    pub extras: Vec<String>,
}

impl Fields {
    /// The option of a field that was given, if any was.
    pub(crate) fn first_given(&self) -> Option<String> {
        let given = self.values().into_iter().find(|(_, value)| value.is_some()).map(|(field, _)| field.column().replace('_', "-"));
        let option = given.or_else(|| (!self.extras.is_empty()).then(|| "extra".to_owned()))?;
        Some(format!("--{option}"))
    }

    /// Each field with what was typed for it.
    pub(crate) fn values(&self) -> [(Field, Option<&str>); 10] {
        [
            (Field::Date, &self.date),
            (Field::Site, &self.site),
            (Field::Source, &self.source),
            (Field::RankSource, &self.rank_source),
            (Field::Rank, &self.rank),
            (Field::Visits, &self.visits),
            (Field::PagesPerVisit, &self.pages_per_visit),
            (Field::BounceRate, &self.bounce_rate),
            (Field::AvgVisitDuration, &self.avg_visit_duration),
            (Field::Category, &self.category),
        ]
        .map(|(field, value)| (field, value.as_deref()))
    }
}
