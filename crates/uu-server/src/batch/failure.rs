//! What a failed batch is answered with.

use uu_service::batch::{BatchError, ReadError, RowFaults, WriteError};

use crate::problem::{Faults, Kind, Problem};
use crate::streaming::Refusal;

pub(super) fn problem(error: &BatchError, refusal: Option<Refusal>) -> Problem {
    if let Some(refusal) = refusal {
        return refusal.problem();
    }
    match error {
        BatchError::Read(error) => unreadable(error),
        BatchError::Write(WriteError::Io { .. } | WriteError::NestedIsReadOnly) => ours(error),
        // What the columns are made of is the sender's: no type or size of theirs is a fault of the server.
        BatchError::Write(error) => Problem::new(Kind::MalformedBody, error.to_string()),
        BatchError::Stopped => ours(error),
    }
}

/// What rows that cannot be read are answered with.
pub(crate) fn unreadable(error: &ReadError) -> Problem {
    match error {
        ReadError::BadRows { rows, total } => bad_rows(rows, *total),
        ReadError::Open { source, .. } | ReadError::Io { source, .. } if source.kind() == std::io::ErrorKind::FileTooLarge => {
            Problem::new(Kind::TooLarge, source.to_string())
        }
        ReadError::Open { source, .. } | ReadError::Io { source, .. } if is_ours(source) => Problem::of_spooling(source),
        _ => {
            let hint = error.hint().map(|hint| format!("; hint: {hint}")).unwrap_or_default();
            Problem::new(Kind::MalformedBody, format!("{error}{hint}"))
        }
    }
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
            faults.push_row_fault(fault, row.row);
        }
    }
    let listed = rows.len();
    let detail = format!("{total} of the first rows break rules, of which {listed} are listed; `skipBadRows=true` leaves such rows out");
    Problem::validation(faults).with_detail(detail)
}
