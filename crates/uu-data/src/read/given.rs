//! Rows under the names and in the types of their fields, with the values they were given.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Float64Array, Int64Array, StringArray};
use arrow::record_batch::RecordBatch;
use uu_core::{Checked, Field, RawValue, is_missing_marker, visible};

use super::cells::Cells;
use super::columns::{Target, column_names};
use super::{BounceRateUnit, GoodChunk, ReadOptions};
use crate::records::records_batch;

/// The columns of a chunk that may hold one field, under whatever names.
struct Given {
    cells: Vec<Cells>,
    /// The unit of the numbers, where they are bounce rates.
    unit: BounceRateUnit,
}

impl GoodChunk {
    /// The rows in the columns of [`records_batch`], with the values they were given: what the check treats as unknown since it cannot
    /// be believed stands here as it was, so that a later check says it again. Columns that are no field and no extra input are left out.
    ///
    /// **Units**: bounce rates are in percent, whatever the unit of the input.
    ///
    /// **Shapes**: `options` are those the chunk was read with.
    #[must_use]
    pub fn as_given(&self, options: &ReadOptions) -> RecordBatch {
        let extras = &options.rules.extras;
        let schema = records_batch(&[], extras).schema();
        let target = |name: &str| Field::named(name).map_or_else(|| extra(extras, name), Target::Field);
        let named = |name: &str| match extras.iter().position(|extra| *extra == visible(name)) {
            Some(place) => Some(Target::Extra(place)),
            None => Field::named(name).map(Target::Field),
        };
        // Names are looked up once, however many columns there are.
        let targets: Vec<Option<Target>> = column_names(&self.batch.schema()).iter().map(|name| named(name)).collect();
        let columns = schema.fields().iter().map(|column| {
            let target = target(column.name());
            let given = Given::of(&self.batch, &targets, target, options);
            column_of(target, &given, &self.rows)
        });
        let columns = columns.collect();
        RecordBatch::try_new(schema, columns).expect("every column has a value for each row and the type of its field")
    }
}

fn extra(extras: &[String], name: &str) -> Target {
    Target::Extra(extras.iter().position(|extra| extra == name).expect("a column is a field or an extra input"))
}

impl Given {
    /// The columns of a batch that are of `target`, where `targets` says what each of them is.
    fn of(batch: &RecordBatch, targets: &[Option<Target>], target: Target, options: &ReadOptions) -> Self {
        let places = targets.iter().enumerate().filter(|(_, of_column)| **of_column == Some(target));
        let cells = places.map(|(place, _)| Cells::of(batch.column(place), target)).collect();
        let unit = options.bounce_rate_unit.filter(|_| target == Target::Field(Field::BounceRate)).unwrap_or_default();
        Self { cells, unit }
    }

    /// A row's value: of several columns of one field, the one that is known.
    fn value(&self, row: usize) -> RawValue<'_> {
        self.cells.iter().map(|cells| cells.get(row)).find(|value| !value.is_unknown()).unwrap_or_default()
    }

    fn number(&self, row: usize) -> Option<f64> {
        let number = match self.value(row) {
            RawValue::Number(number) => Some(number),
            // `nan` spells a number that is none.
            RawValue::Text(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
            RawValue::Unknown | RawValue::Other { .. } => None,
        };
        number.map(|number| self.unit.percent(number))
    }

    fn text(&self, row: usize) -> Option<Cow<'_, str>> {
        match self.value(row) {
            RawValue::Number(number) => Some(number.to_string().into()),
            RawValue::Text(text) => Some(text).filter(|text| !is_missing_marker(text)),
            RawValue::Unknown | RawValue::Other { .. } => None,
        }
    }
}

fn column_of(target: Target, given: &Given, rows: &[Checked]) -> ArrayRef {
    let checked = |of: fn(&Checked) -> Option<&str>| Arc::new(rows.iter().map(of).collect::<StringArray>()) as ArrayRef;
    match target {
        Target::Field(Field::Date) => {
            let days: Date32Array = rows.iter().map(|row| Some(row.record.month.days_since_1970())).collect();
            Arc::new(days)
        }
        Target::Field(Field::Site) => {
            // Totals and addresses are of no site, and a later check has to see them as such again.
            let sites = rows.iter().enumerate().map(|(place, row)| match row.record.site.as_deref() {
                Some(site) => Some(Cow::Borrowed(site)),
                None => given.text(place),
            });
            Arc::new(sites.collect::<StringArray>())
        }
        Target::Field(Field::Source) => checked(|row| row.record.source.as_deref()),
        Target::Field(Field::RankSource) => checked(|row| row.record.rank_source.as_deref()),
        Target::Field(Field::Category) => Arc::new((0..rows.len()).map(|row| given.text(row)).collect::<StringArray>()),
        Target::Field(Field::Rank) => {
            let ranks: Int64Array = (0..rows.len()).map(|row| given.number(row).map(|rank| rank as i64)).collect();
            Arc::new(ranks)
        }
        Target::Field(_) | Target::Extra(_) => Arc::new((0..rows.len()).map(|row| given.number(row)).collect::<Float64Array>()),
    }
}
