//! Records as columns, in the canonical order.

use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Float64Array, Int64Array, StringArray};
use arrow::datatypes::{DataType, Field as Column, Schema};
use arrow::record_batch::RecordBatch;
use uu_core::{AvgVisitDuration, BounceRate, Field, Month, PagesPerVisit, Rank, Record, UniqueUsers, Visits};

use super::{Output, WriteError, WriteOptions, Writer};

const BATCH_ROWS: usize = 64 << 10;

/// The records as a batch of columns `source, site, date, visits, unique_users, pages_per_visit, bounce_rate, avg_visit_duration,
/// rank, rank_source, category`, then the extras.
///
/// **Shapes**: each record has as many extras as are named.
#[must_use]
pub fn records_batch(records: &[Record], extras: &[String]) -> RecordBatch {
    let numbers = |of: fn(&Record) -> Option<f64>| Arc::new(records.iter().map(of).collect::<Float64Array>()) as ArrayRef;
    let texts = |of: fn(&Record) -> Option<&str>| Arc::new(records.iter().map(of).collect::<StringArray>()) as ArrayRef;
    let dates: Date32Array = records.iter().map(|record| Some(days_since_1970(record.month))).collect();
    let ranks: Int64Array = records.iter().map(|record| record.rank.map(|rank| Rank::get(rank) as i64)).collect();
    let mut columns: Vec<(&str, ArrayRef)> = vec![
        (Field::Source.column(), texts(|record| record.source.as_deref())),
        (Field::Site.column(), texts(|record| record.site.as_deref())),
        (Field::Date.column(), Arc::new(dates)),
        (Field::Visits.column(), numbers(|record| record.visits.map(Visits::get))),
        (Field::UniqueUsers.column(), numbers(|record| record.unique_users.map(UniqueUsers::get))),
        (Field::PagesPerVisit.column(), numbers(|record| record.pages_per_visit.map(PagesPerVisit::get))),
        (Field::BounceRate.column(), numbers(|record| record.bounce_rate.map(BounceRate::get))),
        (Field::AvgVisitDuration.column(), numbers(|record| record.avg_visit_duration.map(AvgVisitDuration::get))),
        (Field::Rank.column(), Arc::new(ranks)),
        (Field::RankSource.column(), texts(|record| record.rank_source.as_deref())),
        (Field::Category.column(), texts(|record| record.category.map(uu_core::Category::path))),
    ];
    for (index, name) in extras.iter().enumerate() {
        let values: Float64Array = records.iter().map(|record| record.extras.get(index).copied().flatten()).collect();
        columns.push((name, Arc::new(values)));
    }
    let schema: Vec<Column> = columns.iter().map(|(name, values)| Column::new(*name, values.data_type().clone(), true)).collect();
    let columns = columns.into_iter().map(|(_, values)| values).collect();
    debug_assert!(schema.iter().any(|column| *column.data_type() == DataType::Date32));
    RecordBatch::try_new(Arc::new(Schema::new(schema)), columns).expect("every column has a value for each record")
}

/// Writes records in the canonical columns.
///
/// **Errors**: the output fails.
pub fn write_records(records: &[Record], extras: &[String], output: Output, mut options: WriteOptions) -> Result<(), WriteError> {
    options.extras = extras.to_vec();
    let mut writer = Writer::create(output, options)?;
    // The columns are written even where there is no record.
    let chunks = records.chunks(BATCH_ROWS).chain(records.is_empty().then_some(records));
    for chunk in chunks {
        writer.write(&records_batch(chunk, extras), None, &[])?;
    }
    writer.finish().map(|_| ())
}

/// Days from 1970-01-01 to the first day of the month, in the Gregorian calendar.
///
/// **Source**: Hinnant, "chrono-compatible low-level date algorithms", `days_from_civil`.
fn days_since_1970(month: Month) -> i32 {
    let (year, month) = (month.year() as i32, month.month_of_year() as i32);
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}
