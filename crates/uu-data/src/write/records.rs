//! Records as columns, in the canonical order.

use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Float64Array, Int64Array, StringArray};
use arrow::datatypes::{DataType, Field as Column, Schema};
use arrow::record_batch::RecordBatch;
use uu_core::{AvgVisitDuration, BounceRate, Field, PagesPerVisit, Rank, Record, UniqueUsers, Visits};

use super::{Output, WriteError, WriteOptions, Writer, Written};

const BATCH_ROWS: usize = 64 << 10;

/// The records as a batch of columns `source, site, date, visits, unique_users, pages_per_visit, bounce_rate, avg_visit_duration,
/// rank, rank_source, category`, then the extras.
///
/// **Shapes**: each record has as many extras as are named.
#[must_use]
pub fn records_batch(records: &[Record], extras: &[String]) -> RecordBatch {
    let numbers = |of: fn(&Record) -> Option<f64>| Arc::new(records.iter().map(of).collect::<Float64Array>()) as ArrayRef;
    let texts = |of: fn(&Record) -> Option<&str>| Arc::new(records.iter().map(of).collect::<StringArray>()) as ArrayRef;
    let dates: Date32Array = records.iter().map(|record| Some(record.month.days_since_1970())).collect();
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

/// Writes records in the canonical columns, as they come.
///
/// **Errors**: the output fails.
pub fn write_records(
    records: impl IntoIterator<Item = Record>,
    extras: &[String],
    output: Output,
    mut options: WriteOptions,
) -> Result<Written, WriteError> {
    options.extras = extras.to_vec();
    let mut writer = Writer::create(output, options)?;
    let mut records = records.into_iter();
    let mut chunk: Vec<Record> = Vec::new();
    loop {
        chunk.clear();
        chunk.extend(records.by_ref().take(BATCH_ROWS));
        // The columns are written even where there is no record.
        if chunk.is_empty() && writer.rows() > 0 {
            return writer.finish();
        }
        writer.write(&records_batch(&chunk, extras), None, &[])?;
        if chunk.is_empty() {
            return writer.finish();
        }
    }
}
