//! Periods of pandas: numbers of months or days since 1970, which a note beside the column calls so.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Date32Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Field as Column, Int64Type, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use uu_core::Month;

/// The type of such a column beyond its numbers.
const NAME: &str = "pandas.period";

/// What a number of a period counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Frequency {
    Months,
    Days,
}

impl Frequency {
    /// The frequency of a column of periods, where one is a month or less: others are of several months.
    fn of(column: &Column) -> Option<Self> {
        #[derive(serde::Deserialize)]
        struct Period {
            freq: String,
        }
        column.extension_type_name().filter(|name| *name == NAME)?;
        let period: Period = serde_json::from_str(column.extension_type_metadata()?).ok()?;
        match period.freq.as_str() {
            "M" | "ME" | "MS" => Some(Self::Months),
            "D" => Some(Self::Days),
            _ => None,
        }
    }

    fn days(self, column: &ArrayRef) -> Option<Date32Array> {
        if self == Self::Days {
            return Some(cast(&cast(column, &DataType::Int32).ok()?, &DataType::Date32).ok()?.as_primitive::<Date32Type>().clone());
        }
        let numbers = cast(column, &DataType::Int64).ok()?;
        Some(numbers.as_primitive::<Int64Type>().iter().map(|number| first_day(number?)).collect())
    }
}

/// The first day of the month so many months after 1970-01.
fn first_day(months: i64) -> Option<i32> {
    const MONTHS_TO_1970: i64 = 1970 * 12;
    let index = u32::try_from(months.checked_add(MONTHS_TO_1970)?).ok()?;
    Month::from_index(index).map(Month::days_since_1970)
}

/// The batch with days in the place of periods.
pub(super) fn with_days(batch: RecordBatch) -> RecordBatch {
    let schema = batch.schema();
    if schema.fields().iter().all(|column| Frequency::of(column).is_none()) {
        return batch;
    }
    let columns = schema.fields().iter().zip(batch.columns()).map(|(column, values)| {
        match Frequency::of(column).and_then(|frequency| frequency.days(values)) {
            Some(days) => (Column::new(column.name(), DataType::Date32, true), Arc::new(days) as ArrayRef),
            None => (column.as_ref().clone(), values.clone()),
        }
    });
    let (columns, values): (Vec<Column>, Vec<ArrayRef>) = columns.unzip();
    let schema = Arc::new(Schema::new_with_metadata(columns, schema.metadata().clone()));
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(schema, values, &options).expect("every column kept its rows")
}
