//! What to do with rows that break a rule: stop, or go on and count them.

use std::collections::BTreeMap;

use arrow::array::BooleanArray;
use arrow::compute::filter_record_batch;
use arrow::record_batch::RecordBatch;
use serde_json::value::RawValue;
use uu_core::Checked;

use super::{Chunk, Input, ReadError, ReadOptions, RowFaults, open};

/// Most faulty rows that an error lists.
const LISTED_ROWS: usize = 20;

/// Most faulty rows that are kept as examples when skipping.
const EXAMPLE_ROWS: usize = 5;

/// What to do with a row that breaks a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BadRows {
    /// The first chunk with such a row is an error that lists them.
    #[default]
    Fail,
    /// Leave such rows out, counted.
    Skip,
}

/// The rows that were left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SkippedRows {
    /// How many.
    pub total: u64,
    /// How many rows broke each rule, by the rule's code; a row counts once for each rule it breaks.
    pub by_rule: BTreeMap<&'static str, u64>,
    /// The first of them.
    pub examples: Vec<RowFaults>,
}

/// The rows of a chunk that passed; all parts are of the same rows.
#[derive(Debug)]
pub struct GoodChunk {
    /// The columns as given.
    pub batch: RecordBatch,
    /// The objects as given, where the input was JSON.
    pub json: Option<Vec<Box<RawValue>>>,
    /// The checked rows.
    pub rows: Vec<Checked>,
    /// Values of numeric fields that were given as text, by column; of all rows of the chunk.
    pub numbers_from_text: BTreeMap<String, u64>,
}

impl SkippedRows {
    /// Counts what another input skipped too.
    pub fn join(&mut self, other: Self) {
        self.total += other.total;
        for (code, rows) in other.by_rule {
            *self.by_rule.entry(code).or_default() += rows;
        }
        self.examples.extend(other.examples);
        self.examples.truncate(EXAMPLE_ROWS);
    }

    fn add(&mut self, bad: &RowFaults) {
        self.total += 1;
        let mut codes: Vec<&'static str> = bad.faults.iter().map(|fault| fault.rule.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        for code in codes {
            *self.by_rule.entry(code).or_default() += 1;
        }
        if self.examples.len() < EXAMPLE_ROWS {
            self.examples.push(bad.clone());
        }
    }
}

impl Chunk {
    /// The rows that passed; the others are an error or are counted in `skipped`.
    ///
    /// **Errors**: [`ReadError::BadRows`] under [`BadRows::Fail`].
    pub fn passed(self, policy: BadRows, skipped: &mut SkippedRows) -> Result<GoodChunk, ReadError> {
        let bad = self.rows.iter().filter(|row| row.is_err()).count();
        if bad == 0 {
            return Ok(GoodChunk {
                batch: self.batch,
                json: self.json,
                rows: self.rows.into_iter().flatten().collect(),
                numbers_from_text: self.numbers_from_text,
            });
        }
        if policy == BadRows::Fail {
            let rows = self.rows.into_iter().filter_map(Result::err).take(LISTED_ROWS).collect();
            return Err(ReadError::BadRows { rows, total: bad as u64 });
        }
        let good: BooleanArray = self.rows.iter().map(|row| Some(row.is_ok())).collect();
        let batch = filter_record_batch(&self.batch, &good).expect("one flag for each row");
        let json = self.json.map(|json| json.into_iter().zip(good.values()).filter_map(|(object, good)| good.then_some(object)).collect());
        let mut rows = Vec::with_capacity(self.rows.len() - bad);
        for row in self.rows {
            match row {
                Ok(checked) => rows.push(checked),
                Err(bad) => skipped.add(&bad),
            }
        }
        Ok(GoodChunk { batch, json, rows, numbers_from_text: self.numbers_from_text })
    }
}

/// Reads every row of some inputs into memory, for training and judging.
///
/// **Errors**: the first input that cannot be read, or the first bad rows under [`BadRows::Fail`].
pub fn read_all(inputs: Vec<Input>, options: &ReadOptions, policy: BadRows) -> Result<(Vec<Checked>, SkippedRows), ReadError> {
    let mut rows = Vec::new();
    let mut skipped = SkippedRows::default();
    for input in inputs {
        for chunk in open(input, options.clone())? {
            rows.extend(chunk?.passed(policy, &mut skipped)?.rows);
        }
    }
    Ok((rows, skipped))
}
