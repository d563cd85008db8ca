//! Cleaning of training data: named, counted rules; nothing is dropped silently.

mod duplicates;
mod outliers;
mod quantised;
mod report;
mod rules;

use std::collections::BTreeMap;

use uu_core::{Checked, Record, UniqueUsers};

use crate::Dataset;
use crate::read::{BadRows, Chunk, ColumnUse, Input, ReadError, ReadOptions, SkippedRows, open};

pub use report::{FieldShare, MainLoss, PatternCount, QualityReport, SourceCount};
pub use rules::{CleanAction, CleanRule, Example, RuleCount};

pub(crate) use duplicates::{one_of_each, same_source_site_and_month};
use rules::Tally;

/// How to clean.
///
/// | name | default | purpose |
/// | --- | --- | --- |
/// | `extras` | none | names of the extra inputs, in the order of the records' |
/// | `users_tolerance` | 0.03 | share by which unique users may exceed visits and be set equal |
/// | `input_deviations` | 8 | robust standard deviations, on the log scale, beyond which an input is unknown |
/// | `label_deviations` | 10 | the same for visits per unique user, beyond which the row is dropped |
#[derive(Clone, Debug, PartialEq)]
pub struct CleanOptions {
    /// Names of the extra inputs.
    pub extras: Vec<String>,
    /// Share by which unique users may exceed visits.
    pub users_tolerance: f64,
    /// Bound for inputs.
    pub input_deviations: f64,
    /// Bound for labels.
    pub label_deviations: f64,
}

impl Default for CleanOptions {
    fn default() -> Self {
        Self { extras: Vec::new(), users_tolerance: 0.03, input_deviations: 8.0, label_deviations: 10.0 }
    }
}

impl CleanOptions {
    /// Cleaning of rows a model is judged on: what is merely unusual stays, or the figures would flatter.
    #[must_use]
    pub fn for_judging() -> Self {
        Self { input_deviations: f64::INFINITY, label_deviations: f64::INFINITY, ..Self::default() }
    }
}

/// The rows cannot be trained on together.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CleanError {
    /// Generated rows and measured ones.
    #[error("generated rows must not train a model together with measured ones, got {generated} generated and {others} other rows")]
    GeneratedMixed {
        /// Generated rows.
        generated: u64,
        /// Rows of other sources, or of none.
        others: u64,
    },
    /// There is nothing left.
    #[error("at least one row must be left after cleaning, got {} rows and none left{}", .0.rows_read, because(.0))]
    NothingLeft(
        /// What each rule dropped.
        Box<QualityReport>,
    ),
}

fn because(report: &QualityReport) -> String {
    report.main_loss().map_or_else(String::new, |loss| format!(": {loss}"))
}

impl CleanError {
    /// A hint at the way out.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::GeneratedMixed { .. } => "train on the files with measured rows alone",
            Self::NothingLeft(_) => "the data-quality report says what each rule dropped",
        }
    }
}

/// A record, and which of the inputs it came from.
struct InputRecord {
    record: Record,
    input: usize,
}

/// Takes rows of one or several inputs and cleans them together.
pub struct Cleaner {
    options: CleanOptions,
    rows: Vec<(InputRecord, Vec<uu_core::Warning>)>,
    inputs: usize,
    skipped: SkippedRows,
    numbers_from_text: BTreeMap<String, u64>,
    columns: ColumnUse,
}

impl Cleaner {
    /// A cleaner that has no rows yet.
    #[must_use]
    pub fn new(options: CleanOptions) -> Self {
        Self {
            options,
            rows: Vec::new(),
            inputs: 0,
            skipped: SkippedRows::default(),
            numbers_from_text: BTreeMap::new(),
            columns: ColumnUse::default(),
        }
    }

    /// Adds how the columns of an input were used, for the report.
    pub fn add_columns(&mut self, columns: ColumnUse) {
        self.columns.join(columns);
    }

    /// Begins the next input: where records of one source, site and month differ, the later input's is kept.
    pub fn next_input(&mut self) {
        self.inputs += 1;
    }

    /// Adds a row of the current input.
    pub fn add(&mut self, row: Checked) {
        self.rows.push((InputRecord { record: row.record, input: self.inputs }, row.warnings));
    }

    /// Reads an input as the next one, with what it skipped and converted; `rows_read` hears how many rows there are in all.
    ///
    /// **Errors**: the input cannot be read, or has bad rows under [`BadRows::Fail`].
    pub fn read(&mut self, input: Input, options: &ReadOptions, policy: BadRows, rows_read: &mut dyn FnMut(u64)) -> Result<(), ReadError> {
        self.next_input();
        let mut reader = open(input, options.clone())?;
        for chunk in reader.by_ref() {
            self.add_chunk(chunk?, policy)?;
            rows_read(self.rows.len() as u64);
        }
        self.columns.join(reader.columns());
        Ok(())
    }

    /// Adds the rows of a chunk of the current input, with what it skipped and converted.
    ///
    /// **Errors**: bad rows under [`BadRows::Fail`].
    pub fn add_chunk(&mut self, chunk: Chunk, policy: BadRows) -> Result<(), ReadError> {
        let chunk = chunk.passed(policy, &mut self.skipped)?;
        for (column, count) in chunk.numbers_from_text {
            *self.numbers_from_text.entry(column).or_default() += count;
        }
        chunk.rows.into_iter().for_each(|row| self.add(row));
        Ok(())
    }

    /// Cleans the rows.
    ///
    /// **Errors**: generated rows among others, or no row left.
    pub fn finish(self) -> Result<(Dataset, QualityReport), CleanError> {
        let rows_read = self.rows.len() as u64;
        refuse_mixture(self.rows.iter().map(|(row, _)| &row.record))?;
        let mut tally = Tally::default();
        let mut rows = self.rows;
        // Sorted before anything is counted, so that the examples do not depend on the order of rows.
        rows.sort_by(|(a, _), (b, _)| crate::dataset::canonical_order(&a.record, &b.record));
        for (row, warnings) in &rows {
            for warning in warnings {
                tally.warning(warning, &row.record);
            }
        }
        rows.retain(|(_, warnings)| !warnings.iter().any(is_a_sum));
        let rows = duplicates::remove(rows.into_iter().map(|(row, _)| row).collect(), &mut tally);
        let rows: Vec<Record> = rows.into_iter().filter_map(|record| consistent(record, &self.options, &mut tally)).collect();
        let rows = outliers::remove(rows, &self.options, &mut tally);
        quantised::count(&rows, &mut tally);
        for record in rows.iter().filter(|record| record.unique_users.is_none()) {
            tally.row(CleanRule::NoLabel, record, || "unique users unknown".to_owned());
        }
        let mut report = QualityReport::of(rows_read, tally.finish(), &rows, &self.options.extras);
        report.skipped(&self.skipped);
        report.numbers_from_text = self.numbers_from_text;
        report.notes = self.columns.lines();
        if rows.is_empty() {
            return Err(CleanError::NothingLeft(Box::new(report)));
        }
        Ok((Dataset::new(self.options.extras, rows), report))
    }
}

/// Cleans the rows of one input.
///
/// **Errors**: generated rows among others, or no row left.
pub fn clean(rows: impl IntoIterator<Item = Checked>, options: CleanOptions) -> Result<(Dataset, QualityReport), CleanError> {
    let mut cleaner = Cleaner::new(options);
    for row in rows {
        cleaner.add(row);
    }
    cleaner.finish()
}

/// A total is no site's: it is the sum of the others.
fn is_a_sum(warning: &uu_core::Warning) -> bool {
    matches!(warning, uu_core::Warning::TotalRow { .. })
}

/// Generated rows say nothing of measured ones.
pub(crate) fn refuse_mixture<'a>(rows: impl Iterator<Item = &'a Record>) -> Result<(), CleanError> {
    let (mut generated, mut others) = (0, 0);
    for record in rows {
        *(if record.is_generated() { &mut generated } else { &mut others }) += 1;
    }
    if generated > 0 && others > 0 { Err(CleanError::GeneratedMixed { generated, others }) } else { Ok(()) }
}

/// The record with its label in agreement with its visits, or none where it contradicts them.
fn consistent(mut record: Record, options: &CleanOptions, tally: &mut Tally) -> Option<Record> {
    let (Some(visits), Some(users)) = (record.visits.map(uu_core::Visits::get), record.unique_users.map(UniqueUsers::get)) else {
        return Some(record);
    };
    let found = || format!("unique users {users}, visits {visits}");
    if users > visits * (1.0 + options.users_tolerance) {
        tally.row(CleanRule::UsersExceedVisits, &record, found);
        return None;
    }
    if users > visits {
        tally.row(CleanRule::UsersSetToVisits, &record, found);
        record.unique_users = UniqueUsers::new(visits).ok();
    } else if visits == 0.0 {
        tally.row(CleanRule::ZeroVisits, &record, found);
        record.unique_users = None;
    } else if users == 0.0 {
        tally.row(CleanRule::ZeroUsers, &record, found);
        record.unique_users = None;
    }
    Some(record)
}
