//! What makes an input unreadable as a whole.

use std::borrow::Cow;
use std::fmt::{self, Write};
use std::io;
use std::sync::Arc;

use arrow::error::ArrowError;
use uu_core::{Escaping, Fault, FaultField, FaultRule, Field, Month, SAVE_AS_UTF8, Shortest, escaped};

use super::header::are_other_letters;
use super::repeats::Repetition;
use super::{MAX_COLUMNS, MAX_ROW_BYTES, RowFaults};

/// Reading cannot go on.
///
/// A row that breaks a rule is not one of these until it is asked to be: see [`super::BadRows`].
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The input cannot be opened.
    Open {
        /// The input.
        file: Arc<str>,
        /// Why.
        source: io::Error,
    },
    /// Reading failed on the way.
    Io {
        /// The input.
        file: Arc<str>,
        /// The last row that was read.
        row: u64,
        /// Why.
        source: io::Error,
    },
    /// The content stops before its end.
    Truncated {
        /// The input.
        file: Arc<str>,
        /// The last whole row.
        row: u64,
        /// What is cut off.
        what: &'static str,
    },
    /// Rows that are sorted on disk could not be kept there.
    Spill {
        /// The input.
        file: Arc<str>,
        /// Why.
        source: io::Error,
    },
    /// Rows of different columns could not be brought together.
    Unsorted {
        /// The input.
        file: Arc<str>,
        /// Why.
        reason: String,
    },
    /// There is nothing in it.
    Empty {
        /// The input.
        file: Arc<str>,
    },
    /// One row is larger than any record can be.
    RowTooLarge {
        /// The input.
        file: Arc<str>,
        /// The row.
        row: u64,
    },
    /// There are more columns than any table of records has.
    TooManyColumns {
        /// The input.
        file: Arc<str>,
        /// How many it has.
        columns: usize,
    },
    /// A Parquet file cannot be read in pieces that are small enough.
    LargePieces {
        /// The input.
        file: Arc<str>,
        /// What is too large.
        reason: String,
    },
    /// The first row of a CSV file is one of values.
    NoHeader {
        /// The input.
        file: Arc<str>,
        /// Its cells.
        columns: Vec<String>,
    },
    /// No column says which month a row is of.
    NoDateColumn {
        /// The input.
        file: Arc<str>,
        /// The columns it has.
        columns: Vec<String>,
    },
    /// No column is an input of the model.
    NoInputColumn {
        /// The input.
        file: Arc<str>,
        /// The columns it has.
        columns: Vec<String>,
    },
    /// Two columns are of one field.
    DuplicateColumn {
        /// The input.
        file: Arc<str>,
        /// The field.
        field: String,
        /// One column.
        first: String,
        /// The other.
        second: String,
    },
    /// The text is in an encoding that is not read.
    Encoding {
        /// The input.
        file: Arc<str>,
        /// What it is.
        found: &'static str,
    },
    /// It is a file of a format that is not read.
    ForeignFormat {
        /// The input.
        file: Arc<str>,
        /// What it is, with its article.
        name: &'static str,
        /// What to do.
        hint: &'static str,
    },
    /// Bounce rates between 0 and 1, and none or few above: they are fractions, by all appearance.
    BounceRateFractions {
        /// The input.
        file: Arc<str>,
        /// How many there are, as far as the file was read.
        known: u64,
        /// How many of them are above 1.
        percents: u64,
        /// One that is not.
        found: f64,
    },
    /// Every point in a column of counts has three digits behind it: it may part thousands, as the delimiter, the other points or all of the column's
    /// values suggest.
    GroupedNumbers {
        /// The input.
        file: Arc<str>,
        /// The column.
        column: String,
        /// A number of it.
        found: String,
    },
    /// Most sites have several rows of a month: they are days, weeks or parts of it.
    RepeatedMonths {
        /// The input.
        file: Arc<str>,
        /// How most of them repeat the month.
        by: Repetition,
        /// Site-months with several rows, as far as the file was read.
        several: usize,
        /// Site-months.
        of: usize,
        /// The first such site; none where no row has a site.
        site: Option<String>,
        /// Its month.
        month: Month,
    },
    /// The JSON is not an array of records.
    Json {
        /// The input.
        file: Arc<str>,
        /// The element, counted from 1.
        row: u64,
        /// What should be there.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// The Parquet file is damaged, or is none.
    Parquet {
        /// The input.
        file: Arc<str>,
        /// What the Parquet library says.
        reason: String,
    },
    /// The pages of a Parquet file are compressed with what is not read.
    Codec {
        /// The input.
        file: Arc<str>,
        /// The column.
        column: String,
        /// The codec.
        codec: &'static str,
    },
    /// Batches in memory cannot be had from whoever holds them.
    Batches {
        /// The input.
        file: Arc<str>,
        /// The last row that was read.
        row: u64,
        /// Why.
        source: ArrowError,
    },
    /// Rows break the rules of a record, and were not to be skipped.
    BadRows {
        /// The first of them.
        rows: Vec<RowFaults>,
        /// How many of the chunk's rows break a rule.
        total: u64,
    },
}

/// A message quotes names and values of the input, which must not command the terminal that shows it.
impl fmt::Display for ReadError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = Escaping(formatter);
        match self {
            Self::Open { file, source } => write!(shown, "`{file}` cannot be opened: {source}"),
            Self::Io { file, row, source } => write!(shown, "`{file}` cannot be read after row {row}: {source}"),
            Self::Truncated { file, row, what } => write!(shown, "`{file}` ends too early, after row {row}: {what}"),
            Self::Spill { file, source } => write!(
                shown,
                "the rows of `{file}` could not be kept in a temporary file while they are sorted; `TMPDIR` names another folder: {source}"
            ),
            Self::Unsorted { file, reason } => write!(shown, "the rows of `{file}` cannot be sorted: {reason}"),
            Self::Empty { file } => write!(shown, "`{file}` is empty"),
            Self::RowTooLarge { file, row } => {
                write!(shown, "`{file}` row {row}: a row must be at most {} MiB, got more", MAX_ROW_BYTES >> 20)
            }
            Self::TooManyColumns { file, columns } => write!(shown, "`{file}` must have at most {MAX_COLUMNS} columns, got {columns}"),
            Self::LargePieces { file, reason } => write!(shown, "`{file}` cannot be read piece by piece: {reason}"),
            Self::NoHeader { file, columns } => {
                write!(shown, "`{file}` must begin with a header that names its columns, got a row of values: {}", listed(columns))
            }
            Self::NoDateColumn { file, columns } => write!(shown, "`{file}` must have a column `date`, got {}", listed(columns)),
            Self::NoInputColumn { file, columns } => write!(
                shown,
                "`{file}` must have at least one of `visits`, `rank`, `pages_per_visit`, `bounce_rate`, `avg_visit_duration`, `category`, got {}",
                listed(columns)
            ),
            Self::DuplicateColumn { file, field, first, second } => {
                write!(shown, "`{file}` must have one column of each field, got `{first}` and `{second}`, which are both {field}")
            }
            Self::Encoding { file, found } => write!(shown, "`{file}` must be text in UTF-8, got {found}"),
            Self::ForeignFormat { file, name, .. } => write!(shown, "`{file}` must be CSV, JSON, NDJSON or Parquet, got {name}"),
            Self::BounceRateFractions { file, known, percents: 0, found } => {
                write!(
                    shown,
                    "`{file}` must give bounce rates in percent, got {known} that are all at most 1, such as {}",
                    Shortest(*found)
                )
            }
            Self::BounceRateFractions { file, known, percents, found } => {
                let few = known - percents;
                write!(
                    shown,
                    "`{file}` must give all bounce rates in one unit, got {few} of {known} that are at most 1, such as {}",
                    Shortest(*found)
                )
            }
            Self::GroupedNumbers { file, column, found } => {
                let (point, group) = (found.parse::<f64>().unwrap_or_default(), found.replace('.', ""));
                write!(shown, "`{file}` column `{column}`: `{found}` can be read as {point} or as {group}")
            }
            Self::RepeatedMonths { file, by, several, of, site, month } => {
                let rows = if *by == Repetition::Days { "rows of several days" } else { "several rows" };
                let read = if site.is_some() { "site-months" } else { "months" };
                write!(
                    shown,
                    "`{file}` must have one row for each site and month, got {rows} for {several} of the {of} {read} read so far, such as "
                )?;
                match site {
                    Some(site) => write!(shown, "`{site}` in {}", month_of(*month)),
                    None => write!(shown, "{}, and no row has a site", month_of(*month)),
                }
            }
            Self::Json { file, row, expected, found } => write!(shown, "`{file}` row {row}: expected {expected}, got {found}"),
            Self::Parquet { file, reason } => write!(shown, "`{file}` is not a readable Parquet file: {reason}"),
            Self::Codec { file, column, codec } => {
                write!(shown, "`{file}` column `{column}` must be compressed with snappy, zstd or gzip, or not at all, got {codec}")
            }
            Self::Batches { file, row, source } => write!(shown, "`{file}` cannot be read after row {row}: {source}"),
            // A line for each row, and each row escapes itself.
            Self::BadRows { rows, total } => formatter.write_str(&lines(rows, *total)),
        }
    }
}

impl ReadError {
    pub(super) fn from_io(file: &Arc<str>, row: u64, source: io::Error) -> Self {
        let file = file.clone();
        match source.kind() {
            io::ErrorKind::UnexpectedEof => Self::Truncated { file, row, what: "the compressed data are cut off" },
            _ => Self::Io { file, row, source },
        }
    }

    /// A hint at the way out, where there is one.
    #[must_use]
    pub fn hint(&self) -> Option<Cow<'static, str>> {
        let fixed = match self {
            Self::BadRows { rows, .. } => {
                return rows.iter().find_map(RowFaults::hint).or(Some("pass `--skip-bad-rows` to go on without such rows".into()));
            }
            Self::NoHeader { columns, .. } | Self::NoDateColumn { columns, .. } | Self::NoInputColumn { columns, .. }
                if are_other_letters(columns) =>
            {
                SAVE_AS_UTF8
            }
            Self::NoHeader { .. } => "write a first line such as `date,site,visits`, in the order of the columns",
            Self::NoDateColumn { columns, .. } => {
                let hint = "name the column of the month `date`; it holds days like `2018-12-01` or months like `2018-12`";
                // Keys that should be dates may be numbers of days or seconds.
                let first = columns.first().map(|column| Fault {
                    rule: FaultRule::BadDate,
                    field: FaultField::Field(Field::Date),
                    found: column.clone(),
                    expected: Cow::Borrowed("a date"),
                });
                return first.and_then(|fault| fault.hint()).or_else(|| Some(with_near(hint, columns, |field| field == Field::Date)));
            }
            Self::NoInputColumn { columns, .. } => {
                let hint = "the header must name the columns; extra inputs are named in the configuration";
                return Some(with_near(hint, columns, Field::is_input));
            }
            Self::ForeignFormat { hint, .. } => hint,
            Self::BounceRateFractions { .. } => {
                "if they are fractions, pass `--bounce-rate-unit fraction` (`bounceRateUnit=fraction`, `bounce_rate_unit=\"fraction\"`); if they are percent, pass `percent` in the same way"
            }
            Self::GroupedNumbers { .. } => {
                "if the points part thousands, pass `--decimal comma` (`decimal=comma`, `decimal=\"comma\"`); if they are decimal points, pass `point` in the same way"
            }
            Self::RepeatedMonths { site: None, .. } => {
                "add the rows of each month up first, or name the sites in a column `site` where they are several; if each row is a month all the same, pass `--allow-repeated-months` (`allowRepeatedMonths=true`, `allow_repeated_months=True`)"
            }
            Self::RepeatedMonths { .. } => {
                "add the rows of each month up first; if each row is a month all the same, pass `--allow-repeated-months` (`allowRepeatedMonths=true`, `allow_repeated_months=True`)"
            }
            Self::LargePieces { .. } => "write it with pages of some MiB and row groups of some 100,000 rows",
            Self::Codec { .. } => "write it again with the compression `snappy`, `zstd` or `gzip`",
            Self::Encoding { .. } => "convert it, for instance with `iconv -f UTF-32 -t UTF-8`",
            _ => return None,
        };
        Some(fixed.into())
    }
}

/// A hint, with the columns that may have been meant.
fn with_near(hint: &str, columns: &[String], wanted: impl Fn(Field) -> bool) -> Cow<'static, str> {
    let near = columns.iter().filter_map(|column| Some((column, Field::nearest(column).filter(|field| wanted(*field))?)));
    let near: Vec<String> = near.take(5).map(|(column, field)| format!("`{}` may be `{}`", escaped(column), field.column())).collect();
    if near.is_empty() { hint.to_owned().into() } else { format!("{}; {hint}", near.join(", ")).into() }
}

/// A month without its day.
fn month_of(month: Month) -> String {
    format!("{:04}-{:02}", month.year(), month.month_of_year())
}

fn listed(columns: &[String]) -> String {
    const MOST: usize = 30;
    if columns.is_empty() {
        return "no columns".to_owned();
    }
    let mut names: Vec<String> = columns.iter().take(MOST).map(|name| format!("`{}`", name.chars().take(60).collect::<String>())).collect();
    if columns.len() > MOST {
        names.push(format!("and {} more", columns.len() - MOST));
    }
    names.join(", ")
}

fn lines(rows: &[RowFaults], total: u64) -> String {
    let mut lines: Vec<String> = rows.iter().map(ToString::to_string).collect();
    if total > rows.len() as u64 {
        lines.push(format!("and {} more rows", total - rows.len() as u64));
    }
    lines.join("\n")
}
