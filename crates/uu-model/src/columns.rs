//! Estimates as columns: what a file or a frame has beside the columns it came with.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, ListBuilder, StringArray, StringBuilder};
use rayon::prelude::*;
use uu_core::{Checked, FaultField, Field, Record, Warning};
use uu_data::write::Added;

use crate::estimate::{Estimate, EstimateOptions, FilledInput};
use crate::model::Model;

/// Rows that one thread estimates at a time: enough to keep the trees in its cache, few enough to share a chunk evenly.
const BLOCK_ROWS: usize = 1_024;

/// Estimates every row, each on its own, on all threads; `name` is what the column `model` says.
///
/// **Shapes**: a value for each row in the filled inputs, `unique_users`, `unique_users_low`, `unique_users_high`, `filled`, `warnings`
/// and `model`; explanations have no column.
#[must_use]
pub fn estimate_columns(model: &Model, name: &str, rows: Vec<Checked>, options: EstimateOptions) -> Vec<Added> {
    let (records, warnings) = parted(rows);
    let estimates = each(model, &records, options);
    Columns { model, name, records: &records, warnings: &warnings, estimates: &estimates }.all()
}

/// As [`estimate_columns`], but consecutive rows of one site are its months, and those whose users are known tell of the others.
#[must_use]
pub fn estimate_columns_by_site(model: &Model, name: &str, rows: Vec<Checked>, options: EstimateOptions) -> Vec<Added> {
    let (records, warnings) = parted(rows);
    let mut estimates = each(model, &records, options);
    let sites = records.chunk_by(|a, b| a.site.is_some() && a.site == b.site);
    let starts = sites.scan(0, |next, months| Some((std::mem::replace(next, *next + months.len()), months)));
    let tells = |months: &[Record]| months.iter().any(|month| month.unique_users.is_some()) && months.len() > 1;
    let telling: Vec<(usize, &[Record])> = starts.filter(|(_, months)| tells(months)).collect();
    let together: Vec<Vec<Estimate>> = telling.par_iter().map(|(_, months)| model.estimate_months(months, options)).collect();
    for ((start, _), of_site) in telling.into_iter().zip(together) {
        of_site.into_iter().enumerate().for_each(|(month, estimate)| estimates[start + month] = estimate);
    }
    Columns { model, name, records: &records, warnings: &warnings, estimates: &estimates }.all()
}

fn parted(rows: Vec<Checked>) -> (Vec<Record>, Vec<Vec<Warning>>) {
    rows.into_iter().map(|checked| (checked.record, checked.warnings)).unzip()
}

fn each(model: &Model, records: &[Record], options: EstimateOptions) -> Vec<Estimate> {
    records.par_chunks(BLOCK_ROWS).flat_map_iter(|block| model.estimate(block, options)).collect()
}

/// Builds the columns beside the rows' own.
struct Columns<'a> {
    model: &'a Model,
    name: &'a str,
    records: &'a [Record],
    warnings: &'a [Vec<Warning>],
    estimates: &'a [Estimate],
}

impl Columns<'_> {
    fn all(&self) -> Vec<Added> {
        let fillable = self.model.fillable();
        let mut added: Vec<Added> = fillable.iter().map(|field| column(field.column(), Arc::new(self.filled_values(field)))).collect();
        let (mut points, mut lows, mut highs) = (Vec::new(), Vec::new(), Vec::new());
        for (record, estimate) in self.records.iter().zip(self.estimates) {
            let (point, low, high) = whole(record, estimate);
            points.push(point);
            lows.push(low);
            highs.push(high);
        }
        added.push(column(Field::UniqueUsers.column(), Arc::new(Int64Array::from(points))));
        added.push(column("unique_users_low", Arc::new(Int64Array::from(lows))));
        added.push(column("unique_users_high", Arc::new(Int64Array::from(highs))));
        added.push(column("filled", self.filled_names()));
        added.push(column("warnings", self.warning_texts()));
        let model = StringArray::from_iter_values(std::iter::repeat_n(self.name, self.records.len()));
        added.push(column("model", Arc::new(model)));
        added
    }

    fn filled_values(&self, field: &FaultField) -> Float64Array {
        let value = |estimate: &Estimate| estimate.filled.iter().find(|input| input.field == *field).map(|input| input.value);
        self.estimates.iter().map(value).collect()
    }

    fn filled_names(&self) -> ArrayRef {
        let mut lists = ListBuilder::new(StringBuilder::new());
        for (estimate, warnings) in self.estimates.iter().zip(self.warnings) {
            for input in estimate.filled.iter().filter(|input| !was_given(input, warnings)) {
                lists.values().append_value(input.field.column());
            }
            lists.append(true);
        }
        Arc::new(lists.finish())
    }

    fn warning_texts(&self) -> ArrayRef {
        let mut lists = ListBuilder::new(StringBuilder::new());
        for (estimate, warnings) in self.estimates.iter().zip(self.warnings) {
            for warning in warnings.iter().chain(&estimate.warnings) {
                match warning.field() {
                    Some(field) => lists.values().append_value(format!("{}: {}", warning.code(), field.column())),
                    None => lists.values().append_value(warning.code()),
                }
            }
            lists.append(true);
        }
        Arc::new(lists.finish())
    }
}

fn column(name: &str, values: ArrayRef) -> Added {
    Added { name: name.to_owned(), values }
}

/// Whether an input the model filled was given all the same, and left out of the estimate: then it stands as given.
fn was_given(input: &FilledInput, warnings: &[Warning]) -> bool {
    warnings.iter().any(|warning| {
        matches!(warning, Warning::Implausible { .. } | Warning::BelowOne { .. }) && warning.field().as_ref() == Some(&input.field)
    })
}

/// Point and interval in whole users; a known month is its own interval.
fn whole(record: &Record, estimate: &Estimate) -> (i64, i64, i64) {
    match record.unique_users.map(uu_core::UniqueUsers::get) {
        Some(known) => (known.round() as i64, known.floor() as i64, known.ceil() as i64),
        None => {
            let (low, high) = estimate.whole_interval();
            let signed = |users: u64| i64::try_from(users).unwrap_or(i64::MAX);
            (signed(estimate.whole_point()), signed(low), signed(high))
        }
    }
}
