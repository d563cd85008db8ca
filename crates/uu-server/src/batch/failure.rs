//! What a failed batch is answered with.

use uu_service::batch::{BatchError, ReadError, RowFaults, WriteError};

use super::bridge::Refusal;
use crate::problem::{Faults, Kind, Problem};

pub(super) fn problem(error: &BatchError, refusal: Option<Refusal>) -> Problem {
    match refusal {
        Some(Refusal::TooLarge(limit)) => return Problem::new(Kind::TooLarge, format!("at most {limit} bytes are read")),
        Some(Refusal::TooSlow) => return Problem::new(Kind::Timeout, "the next bytes of the body did not come in time"),
        Some(Refusal::CutOff) => return Problem::new(Kind::MalformedBody, "the body ended early"),
        Some(Refusal::TooManyRows(limit)) => {
            return Problem::new(Kind::TooLarge, format!("at most {limit} rows are read; send them in parts"));
        }
        Some(Refusal::TooLong(limit)) => {
            let detail = format!("a batch may take {} s; send it in parts", limit.as_secs());
            return Problem::new(Kind::Timeout, detail);
        }
        None => {}
    }
    match error {
        BatchError::Read(ReadError::BadRows { rows, total }) => bad_rows(rows, *total),
        BatchError::Read(ReadError::Open { source, .. } | ReadError::Io { source, .. }) if is_ours(source) => ours(error),
        BatchError::Read(error) => {
            let hint = error.hint().map(|hint| format!("; hint: {hint}")).unwrap_or_default();
            Problem::new(Kind::MalformedBody, format!("{error}{hint}"))
        }
        BatchError::Write(WriteError::Io { .. } | WriteError::NestedIsReadOnly) => ours(error),
        // What the columns are made of is the sender's: no type or size of theirs is a fault of the server.
        BatchError::Write(error) => Problem::new(Kind::MalformedBody, error.to_string()),
        BatchError::Stopped => ours(error),
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
