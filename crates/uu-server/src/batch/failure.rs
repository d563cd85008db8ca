//! What a failed batch is answered with.

use uu_core::{Shortest, escaped};
use uu_data::read::{Format, ReadError, RowFaults, SkippedRows};
use uu_data::write::WriteError;
use uu_scoring::BatchError;

use crate::line_breaks::{self, OneLine};
use crate::problem::{FaultReport, Faults, Kind, Problem, as_parameters};
use crate::streaming::RefusalCell;

/// Why a batch has no answer.
#[derive(Debug)]
pub(super) enum Failure {
    Batch(BatchError),
    /// Not one row was estimated; these were left out.
    NoRows(SkippedRows),
}

impl From<BatchError> for Failure {
    fn from(error: BatchError) -> Self {
        Self::Batch(error)
    }
}

/// What is known of the body beyond its rows.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) format: Format,
    pub(super) refusal: RefusalCell,
    pub(super) one_line: OneLine,
}

impl Sent {
    /// Whether it is a table whose rows are glued to its header.
    fn is_glued(&self) -> bool {
        self.format == Format::Csv && self.one_line.is_one_line()
    }
}

impl Failure {
    pub(super) fn problem(&self, sent: &Sent) -> Problem {
        if let Some(refusal) = sent.refusal.get() {
            return refusal.problem();
        }
        match self {
            Self::NoRows(skipped) => no_rows(skipped, sent),
            Self::Batch(BatchError::Read(
                error @ (ReadError::NoHeader { .. } | ReadError::NoDateColumn { .. } | ReadError::NoInputColumn { .. }),
            )) if sent.is_glued() => {
                Problem::new(Kind::MalformedBody, format!("{error}; the body has no line break; hint: {}", line_breaks::HINT))
            }
            Self::Batch(BatchError::Read(error)) => unreadable(error),
            Self::Batch(error @ BatchError::Write(WriteError::Io { .. } | WriteError::Place(_) | WriteError::NestedIsReadOnly)) => {
                ours(error)
            }
            // What the columns are made of is the sender's: no type or size of theirs is a fault of the server.
            Self::Batch(BatchError::Write(error)) => Problem::new(Kind::MalformedBody, error.to_string()),
            Self::Batch(error @ BatchError::Stopped) => ours(error),
        }
    }
}

/// A batch of which nothing was estimated is no success.
fn no_rows(skipped: &SkippedRows, sent: &Sent) -> Problem {
    let (found, hint) = match skipped.total {
        0 if sent.is_glued() => ("a body without a line break".to_owned(), Some(line_breaks::HINT)),
        0 if sent.format == Format::Csv => ("a header alone".to_owned(), Some(line_breaks::HINT)),
        0 if sent.format == Format::Parquet => ("none".to_owned(), Some("the file has columns and no row")),
        0 => ("none".to_owned(), Some("send one object for each row: {\"date\": \"2018-12\", \"visits\": 1000}")),
        1 => ("1 row, which breaks rules and was left out".to_owned(), None),
        total => (format!("{total} rows, which all break rules and were left out"), None),
    };
    let mut faults = Faults::default();
    faults.push(|| FaultReport {
        code: "no_rows".to_owned(),
        message: format!("a batch must have at least one row that can be estimated, got {found}"),
        found,
        expected: "at least one row that can be estimated".to_owned(),
        hint: hint.map(str::to_owned),
        ..FaultReport::default()
    });
    for row in &skipped.examples {
        for fault in &row.faults {
            faults.push_row_fault(fault, row);
        }
    }
    Problem::validation(faults).with_detail("nothing was estimated".to_owned())
}

/// What rows that cannot be read are answered with.
pub(crate) fn unreadable(error: &ReadError) -> Problem {
    match error {
        ReadError::BadRows { rows, total } => bad_rows(rows, *total),
        ReadError::Open { source, .. } | ReadError::Io { source, .. } if source.kind() == std::io::ErrorKind::FileTooLarge => {
            Problem::new(Kind::TooLarge, source.to_string())
        }
        ReadError::Open { source, .. } | ReadError::Io { source, .. } if is_ours(source) => Problem::of_spooling(source),
        ReadError::BounceRateFractions { found, .. } => of_the_whole(error, "bounce_rate_fraction", Shortest(*found).to_string()),
        ReadError::GroupedNumbers { found, .. } => of_the_whole(error, "grouped_numbers", format!("`{}`", escaped(found))),
        ReadError::RepeatedMonths { several, of, .. } => of_the_whole(error, "repeated_months", format!("{several} of {of}")),
        _ => {
            let hint = error.hint().map(|hint| format!("; hint: {}", as_parameters(hint))).unwrap_or_default();
            Problem::new(Kind::MalformedBody, format!("{error}{hint}"))
        }
    }
}

/// A body whose rows are each as they should be, and all together are not.
fn of_the_whole(error: &ReadError, code: &str, found: String) -> Problem {
    let expected = match error {
        ReadError::BounceRateFractions { .. } => "bounce rates in percent",
        ReadError::GroupedNumbers { .. } => "numbers that can be read in one way",
        _ => "one row for each site and month",
    };
    let mut faults = Faults::default();
    faults.push(|| FaultReport {
        code: code.to_owned(),
        found,
        expected: expected.to_owned(),
        message: error.to_string(),
        hint: error.hint().map(|hint| as_parameters(hint).into_owned()),
        ..FaultReport::default()
    });
    Problem::validation(faults).with_detail(error.to_string())
}

/// Whether reading failed for want of something of the server's, such as room on its disk.
fn is_ours(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
    !matches!(error.kind(), InvalidData | InvalidInput | Other | UnexpectedEof)
}

fn ours(error: &BatchError) -> Problem {
    tracing::error!(%error, "a batch failed");
    Problem::internal()
}

fn bad_rows(rows: &[RowFaults], total: u64) -> Problem {
    let mut faults = Faults::default();
    for row in rows {
        for fault in &row.faults {
            faults.push_row_fault(fault, row);
        }
    }
    let detail = match (total, rows.len() as u64) {
        (1, _) => "1 row breaks rules".to_owned(),
        (total, listed) if total > listed => format!("{total} rows break rules, of which the first {listed} are listed"),
        (total, _) => format!("{total} rows break rules"),
    };
    Problem::validation(faults).with_detail(format!("{detail}; `?skipBadRows=true` leaves such rows out"))
}
