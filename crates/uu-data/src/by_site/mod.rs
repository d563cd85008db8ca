//! Rows in the order of their sites and months, however many there are: sorted on disk where they do not fit one run.
//!
//! Rows are sorted a run at a time. A file of one run never leaves memory; of more, each run goes to a temporary file, in the
//! format it came in, and is read again and merged with the others.

mod merge;
mod run;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::compute::cast;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use uu_core::{Checked, Month};

use self::merge::Merge;
use self::run::{Gathered, Run};
use crate::read::{BadRows, BounceRateUnit, ColumnUse, GoodChunk, ReadError, Reader, SkippedRows};

/// Rows that are sorted in memory.
const RUN_ROWS: usize = 256 << 10;

/// Bytes that a run may take, however few its rows.
const RUN_BYTES: usize = 256 << 20;

/// Where a row stands: by site, those without one first, then by month.
type Place = (Option<Box<str>>, Month);

fn place(row: &Checked) -> Place {
    (row.record.site.clone(), row.record.month)
}

/// Rows in the order of their sites and months, in chunks that never part the months of a site.
///
/// A site with more than 262,144 rows is parted nevertheless: memory stays flat.
#[derive(Debug)]
pub struct SortedRows {
    merge: Merge,
    bounce_rate_unit: BounceRateUnit,
    skipped: SkippedRows,
    columns: ColumnUse,
}

/// Reads all rows and sorts them; `told` hears how many were read.
///
/// **Errors**: as the reader's; bad rows, unless they are skipped; a temporary file that cannot be written.
pub fn sort_by_site(reader: Reader, bad_rows: BadRows, told: &mut dyn FnMut(u64)) -> Result<SortedRows, ReadError> {
    sort_in_runs(reader, bad_rows, told, RUN_ROWS)
}

fn sort_in_runs(mut reader: Reader, bad_rows: BadRows, told: &mut dyn FnMut(u64), run_rows: usize) -> Result<SortedRows, ReadError> {
    let (options, file, bounce_rate_unit) = (reader.options().clone().trusted(), Arc::clone(reader.file()), reader.bounce_rate_unit());
    let (mut skipped, mut gathered, mut runs) = (SkippedRows::default(), Gathered::default(), Vec::new());
    for chunk in reader.by_ref() {
        gathered.push(chunk?.passed(bad_rows, &mut skipped)?);
        told(skipped.total + (runs.len() * run_rows + gathered.rows()) as u64);
        if gathered.rows() >= run_rows || gathered.bytes() >= RUN_BYTES {
            runs.push(Run::on_disk(&std::mem::take(&mut gathered).sorted(&file)?, &file, &options)?);
        }
    }
    if gathered.rows() > 0 {
        runs.push(Run::in_memory(gathered.sorted(&file)?));
    }
    Ok(SortedRows { merge: Merge::of(runs, file)?, bounce_rate_unit, skipped, columns: reader.columns() })
}

impl SortedRows {
    /// The unit of the bounce rates as they are given.
    #[must_use]
    pub fn bounce_rate_unit(&self) -> BounceRateUnit {
        self.bounce_rate_unit
    }

    /// How the columns are used, and what was noticed.
    #[must_use]
    pub fn columns(&self) -> &ColumnUse {
        &self.columns
    }

    /// Rows that were left out.
    #[must_use]
    pub fn skipped(&self) -> &SkippedRows {
        &self.skipped
    }
}

impl Iterator for SortedRows {
    type Item = Result<GoodChunk, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.merge.next_chunk().transpose()
    }
}

/// The columns that one of the schemas has, in the order of their first coming.
fn united<'a>(schemas: impl IntoIterator<Item = &'a SchemaRef>) -> SchemaRef {
    let mut schemas = schemas.into_iter();
    let Some(first) = schemas.next() else { return Arc::new(Schema::empty()) };
    let mut columns: Vec<_> = first.fields().iter().cloned().collect();
    let named = |schema: &SchemaRef| -> Vec<(String, usize)> {
        places(schema.fields().iter().map(|column| column.name())).into_iter().map(|(name, place)| (name.clone(), place)).collect()
    };
    let mut known: HashSet<(String, usize)> = named(first).into_iter().collect();
    for schema in schemas.filter(|schema| *schema != first) {
        let new = schema.fields().iter().zip(named(schema)).filter(|(_, place)| known.insert(place.clone()));
        columns.extend(new.map(|(column, _)| column.clone()));
    }
    let columns: Vec<_> = columns.iter().map(|column| column.as_ref().clone().with_nullable(true)).collect();
    Arc::new(Schema::new(columns))
}

/// Names with how many columns of the name come before: where names repeat, columns are told apart by that.
fn places<'n>(names: impl Iterator<Item = &'n String>) -> Vec<(&'n String, usize)> {
    let mut counts: HashMap<&String, usize> = HashMap::new();
    let place = |name: &'n String| {
        let count = counts.entry(name).or_default();
        *count += 1;
        (name, *count - 1)
    };
    names.map(place).collect()
}

/// The batch in the columns of `schema`; those it does not have are null.
fn conformed(batch: &RecordBatch, schema: &SchemaRef, file: &Arc<str>) -> Result<RecordBatch, ReadError> {
    let failed = |error: arrow::error::ArrowError| ReadError::Unsorted { file: Arc::clone(file), reason: error.to_string() };
    let own = places(batch.schema_ref().fields().iter().map(|column| column.name()));
    let own: HashMap<(&String, usize), usize> = own.into_iter().enumerate().map(|(index, place)| (place, index)).collect();
    let wanted = places(schema.fields().iter().map(|column| column.name()));
    let columns = schema.fields().iter().zip(wanted).map(|(column, wanted)| match own.get(&wanted).map(|index| batch.column(*index)) {
        Some(values) => cast(values, column.data_type()),
        None => Ok(arrow::array::new_null_array(column.data_type(), batch.num_rows())),
    });
    let columns = columns.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options).map_err(failed)
}

#[cfg(test)]
mod tests;
