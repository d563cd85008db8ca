//! Taking a delivery: its rows are checked one chunk at a time, and kept with the job if they can be used.

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::sync::atomic::{AtomicBool, Ordering};

use uu_core::Rules;
use uu_data::read::{BadRows, Format, Input, ReadError, ReadOptions, SkippedRows, open, open_parquet};
use uu_registry::{Asker, JobId, NewUpload, Registry, RegistryError};

use super::{RETRAIN, RetrainRequest};
use crate::mixture;

/// A file that was delivered.
#[derive(Debug)]
pub struct Delivered {
    /// What it is called.
    pub name: String,
    /// Its format, where its name does not tell.
    pub format: Option<Format>,
    /// Its bytes, compressed or not.
    pub file: File,
}

/// What a delivery may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryLimits {
    /// Rows of all files.
    pub rows: u64,
    /// Bytes that a compressed file may stand for.
    pub decompressed_bytes: u64,
}

/// A delivery was not taken; nothing of it is kept.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// It cannot be read, or its rows break rules.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It has too many rows.
    #[error("at most {most} rows are taken at a time; send them in parts")]
    TooManyRows {
        /// How many are taken.
        most: u64,
    },
    /// It was stopped before all rows were checked.
    #[error("the rows are no longer checked: nobody waits for the answer")]
    Stopped,
    /// No row can be used.
    #[error("none of the {rows} rows can be learned from: each breaks a rule or has no unique users")]
    NoUsableRow {
        /// How many there are.
        rows: u64,
    },
    /// The file could not be read a second time.
    #[error("the delivered file cannot be read")]
    Io(#[from] std::io::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] RegistryError),
}

/// How rows are checked.
#[derive(Clone, Copy, Debug)]
pub struct Checking<'a> {
    /// What they are checked with.
    pub rules: &'a Rules,
    /// What they may take.
    pub limits: DeliveryLimits,
    /// Set once nobody waits for it any more; it is looked at between blocks of rows.
    pub stop: &'a AtomicBool,
}

impl Checking<'_> {
    /// **Errors**: it is to stop.
    fn go_on(&self) -> Result<(), AcceptError> {
        if self.stop.load(Ordering::Relaxed) { Err(AcceptError::Stopped) } else { Ok(()) }
    }
}

/// What is counted of the rows of all files.
#[derive(Default)]
struct Tally {
    rows: u64,
    usable: u64,
    generated: u64,
    others: u64,
}

/// Checks every row of the files, keeps them, and asks for a re-training with them.
///
/// **Errors**: [`AcceptError`]; nothing is kept then.
pub fn accept(
    registry: &Registry,
    files: &[Delivered],
    checking: Checking<'_>,
    request: &RetrainRequest,
    asker: Asker<'_>,
) -> Result<JobId, AcceptError> {
    let mut tally = Tally::default();
    for file in files {
        check(file, checking, request, &mut tally)?;
    }
    let Tally { rows, usable, generated, others } = tally;
    if usable == 0 {
        return Err(AcceptError::NoUsableRow { rows });
    }
    mixture::check(registry, checking.rules, (generated, others))?;
    registry.check_generated(asker, generated)?;
    let uploads: Vec<NewUpload<'_>> = files.iter().map(|file| NewUpload { name: &file.name, file: &file.file }).collect();
    // What nobody waits for is not begun.
    checking.go_on()?;
    let request = serde_json::to_value(request).expect("a request is texts, switches and numbers");
    Ok(registry.enqueue_with(RETRAIN, &request, asker, &uploads)?)
}

fn check(delivered: &Delivered, checking: Checking<'_>, request: &RetrainRequest, tally: &mut Tally) -> Result<(), AcceptError> {
    let Checking { rules, limits, .. } = checking;
    let mut file = delivered.file.try_clone()?;
    file.seek(SeekFrom::Start(0))?;
    let options = ReadOptions {
        format: delivered.format,
        rules: rules.clone(),
        bounce_rate_unit: request.bounce_rate_unit,
        decimal: request.decimal,
        allow_repeated_months: request.allow_repeated_months,
        decompressed_bytes: limits.decompressed_bytes,
        ..ReadOptions::default()
    };
    let is_parquet = delivered.format.or_else(|| Format::of_name(&delivered.name)) == Some(Format::Parquet);
    let reader = if is_parquet {
        open_parquet(&delivered.name, file, options)?
    } else {
        open(Input::Stream { name: delivered.name.clone(), reader: Box::new(file) }, options)?
    };
    let policy = if request.skip_bad_rows { BadRows::Skip } else { BadRows::Fail };
    let mut skipped = SkippedRows::default();
    for chunk in reader {
        checking.go_on()?;
        let chunk = chunk?;
        tally.rows += chunk.rows.len() as u64;
        if tally.rows > limits.rows {
            return Err(AcceptError::TooManyRows { most: limits.rows });
        }
        let good = chunk.passed(policy, &mut skipped)?;
        tally.usable += good.rows.iter().filter(|row| row.record.unique_users.is_some()).count() as u64;
        let (generated, others) = mixture::counted(good.rows.iter().map(|row| &row.record));
        (tally.generated, tally.others) = (tally.generated + generated, tally.others + others);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use uu_registry::{Location, QueueBounds};

    use super::*;

    #[test]
    fn rows_that_nobody_waits_for_are_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::open(&Location::folder(folder.path())).unwrap();
        let (rules, stop) = (Rules::default(), AtomicBool::new(true));
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"date,site,source,visits,unique_users\n2024-01,a.com,test,1000,500\n").unwrap();
        let files = [Delivered { name: "rows.csv".to_owned(), format: None, file }];
        let checking = Checking { rules: &rules, limits: DeliveryLimits { rows: 10, decompressed_bytes: 1_000 }, stop: &stop };
        let bounds = QueueBounds { pending: 1, pending_of_one: 1, kept_bytes_of_one: 1_000, ..QueueBounds::default() };
        let take = || accept(&registry, &files, checking, &RetrainRequest::default(), Asker { by: "ann", bounds, is_admin: false });
        assert!(matches!(take(), Err(AcceptError::Stopped)));
        assert!(registry.jobs(10).unwrap().is_empty());
        stop.store(false, Ordering::Relaxed);
        assert_eq!(take().unwrap(), registry.jobs(10).unwrap()[0].id);
    }
}
