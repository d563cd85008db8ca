//! Estimates as columns: what a file or a frame has beside the columns it came with.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, ListBuilder, StringArray, StringBuilder, StructArray};
use arrow::datatypes::{DataType, Field as Column, Schema};
use rayon::prelude::*;
use uu_core::{Category, Checked, FaultField, Field, OutputColumn, Record, UniqueUsers, Warning};
use uu_data::write::Added;
use uu_model::{Estimate, EstimateOptions, FilledInput, Model};

/// Rows that one thread estimates at a time: enough to keep the trees in its cache, few enough to share a chunk evenly.
const BLOCK_ROWS: usize = 1_024;

/// Rows whose estimates are asked for.
#[derive(Debug)]
pub struct ColumnRequest {
    /// The rows.
    pub rows: Vec<Checked>,
    /// Whether rows of the whole batch may carry labels: then there is a column `unique_users_known`. The same for all chunks of a batch;
    /// see [`may_carry_labels`].
    pub labels: bool,
    /// Whether consecutive rows of one site are its months, and those whose users are known tell of the others.
    pub by_site: bool,
    /// How the estimates are asked for.
    pub options: EstimateOptions,
}

/// Whether rows of these columns may carry labels, under any of the label's names; those of an earlier output count.
#[must_use]
pub fn may_carry_labels(schema: &Schema) -> bool {
    let is_label =
        |name: &str| OutputColumn::named(name) == Some(OutputColumn::UniqueUsersKnown) || Field::named(name) == Some(Field::UniqueUsers);
    schema.fields().iter().any(|column| is_label(column.name()))
}

/// Estimates every row on all threads; `name` is what the column `model` says. No estimate depends on its own row's label.
///
/// **Shapes**: a value for each row in the filled inputs, `unique_users`, `unique_users_low`, `unique_users_high`,
/// `unique_users_known` where rows may carry labels, `filled`, `warnings`, `model`, and `explanation` where it is asked for.
///
/// **Missing values**: null in `unique_users_known` where the label is unknown.
#[must_use]
pub fn estimate_columns(model: &Model, name: &str, request: ColumnRequest) -> Vec<Added> {
    let ColumnRequest { rows, labels: with_labels, by_site, options } = request;
    let (mut records, warnings): (Vec<Record>, Vec<Vec<Warning>>) = rows.into_iter().map(|row| (row.record, row.warnings)).unzip();
    // What a record does not carry, its estimate cannot depend on.
    let labels: Vec<Option<UniqueUsers>> = records.iter_mut().map(|record| record.unique_users.take()).collect();
    let mut estimates: Vec<Estimate> = records.par_chunks(BLOCK_ROWS).flat_map_iter(|block| model.estimate(block, options)).collect();
    if by_site {
        move_months(model, &records, &labels, &mut estimates, options);
    }
    let labels = with_labels.then_some(labels.as_slice());
    Columns { model, name, options, labels, warnings: &warnings, estimates: &estimates }.all()
}

/// A site's months, their known users, and their estimates.
type SiteMonths<'a> = (&'a [Record], &'a [Option<UniqueUsers>], &'a mut [Estimate]);

/// Moves each site's months by what its other months with known users say.
fn move_months(model: &Model, records: &[Record], labels: &[Option<UniqueUsers>], estimates: &mut [Estimate], options: EstimateOptions) {
    let mut rest = estimates;
    let mut start = 0;
    let mut sites: Vec<SiteMonths<'_>> = Vec::new();
    for months in records.chunk_by(|a, b| a.site.is_some() && a.site == b.site) {
        let (of_site, others) = std::mem::take(&mut rest).split_at_mut(months.len());
        let own = &labels[start..start + months.len()];
        if months.len() > 1 && own.iter().any(Option::is_some) {
            sites.push((months, own, of_site));
        }
        rest = others;
        start += months.len();
    }
    sites.into_par_iter().for_each(|(months, labels, estimates)| model.move_months(months, labels, |_| true, estimates, options));
}

/// Builds the columns beside the rows' own.
struct Columns<'a> {
    model: &'a Model,
    name: &'a str,
    options: EstimateOptions,
    labels: Option<&'a [Option<UniqueUsers>]>,
    warnings: &'a [Vec<Warning>],
    estimates: &'a [Estimate],
}

impl Columns<'_> {
    fn all(&self) -> Vec<Added> {
        let fillable = self.model.fillable();
        let mut added: Vec<Added> = fillable.iter().map(|field| column(field.column(), Arc::new(self.filled_values(field)))).collect();
        let signed = |users: u64| i64::try_from(users).unwrap_or(i64::MAX);
        let whole = |of: fn(&Estimate) -> u64| -> ArrayRef {
            Arc::new(self.estimates.iter().map(|estimate| Some(signed(of(estimate)))).collect::<Int64Array>())
        };
        added.push(column(Field::UniqueUsers.column(), whole(Estimate::whole_point)));
        added.push(output(OutputColumn::UniqueUsersLow, whole(|estimate| estimate.whole_interval().0)));
        added.push(output(OutputColumn::UniqueUsersHigh, whole(|estimate| estimate.whole_interval().1)));
        if let Some(labels) = self.labels {
            let known: Float64Array = labels.iter().map(|label| label.map(UniqueUsers::get)).collect();
            added.push(output(OutputColumn::UniqueUsersKnown, Arc::new(known)));
        }
        added.push(output(OutputColumn::Filled, self.filled_names()));
        added.push(output(OutputColumn::Warnings, self.warning_texts()));
        let model = StringArray::from_iter_values(std::iter::repeat_n(self.name, self.estimates.len()));
        added.push(output(OutputColumn::Model, Arc::new(model)));
        if self.options.explain {
            added.push(output(OutputColumn::Explanation, self.explanations()));
        }
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
        // Looking for a near name takes longer than an estimate, and unknown names come again.
        let mut near: HashMap<&str, String> = HashMap::new();
        for (estimate, warnings) in self.estimates.iter().zip(self.warnings) {
            for warning in warnings.iter().chain(&estimate.warnings) {
                match (warning, warning.field()) {
                    (Warning::UnknownCategory { used: Some(used), .. }, _) => {
                        lists.values().append_value(format!("{}: category ({used} was used)", warning.code()));
                    }
                    (Warning::UnknownCategory { found, used: None }, _) => {
                        let near = near.entry(found).or_insert_with(|| {
                            Category::nearest(found).map_or_else(String::new, |nearest| format!(" ({nearest} is near)"))
                        });
                        lists.values().append_value(format!("{}: category{near}", warning.code()));
                    }
                    (Warning::RankAndVisitsDisagree { low, high, .. }, Some(field)) => {
                        lists.values().append_value(format!("{}: {} ({low} to {high} go with the rank)", warning.code(), field.column()));
                    }
                    (_, Some(field)) => lists.values().append_value(format!("{}: {}", warning.code(), field.column())),
                    (_, None) => lists.values().append_value(warning.code()),
                }
            }
            lists.append(true);
        }
        Arc::new(lists.finish())
    }

    /// `{base, factors: {..}}`, a number for each factor that the model has.
    fn explanations(&self) -> ArrayRef {
        let explained = || self.estimates.iter().map(|estimate| estimate.explanation.as_ref());
        let base: Float64Array = explained().map(|explanation| Some(explanation?.base)).collect();
        let factors = self.model.factors().into_iter().enumerate().map(|(place, factor)| {
            // Every explanation has the model's factors in their order.
            let values: Float64Array = explained().map(|explanation| Some(explanation?.factors.get(place)?.1)).collect();
            (factor.column().to_owned(), Arc::new(values) as ArrayRef)
        });
        let factors = structure(factors.collect());
        structure(vec![("base".to_owned(), Arc::new(base)), ("factors".to_owned(), factors)])
    }
}

fn structure(fields: Vec<(String, ArrayRef)>) -> ArrayRef {
    let of = |(name, values): (String, ArrayRef)| {
        let kind: DataType = values.data_type().clone();
        (Arc::new(Column::new(name, kind, true)), values)
    };
    Arc::new(StructArray::from(fields.into_iter().map(of).collect::<Vec<_>>()))
}

fn output(column: OutputColumn, values: ArrayRef) -> Added {
    self::column(column.column(), values)
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
