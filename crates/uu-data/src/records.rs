//! Records as columns, in the canonical order.

use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Float64Array, Int64Array, StringArray};
use arrow::datatypes::{DataType, Field as Column, Schema};
use arrow::record_batch::RecordBatch;
use uu_core::{Field, Kind, Record};

/// The records as a batch of columns `source, site, date, visits, unique_users, pages_per_visit, bounce_rate, avg_visit_duration,
/// rank, rank_source, category`, then the extras.
///
/// **Shapes**: each record has as many extras as are named.
#[must_use]
pub fn records_batch(records: &[Record], extras: &[String]) -> RecordBatch {
    const ORDER: [Field; Field::COUNT] = [
        Field::Source,
        Field::Site,
        Field::Date,
        Field::Visits,
        Field::UniqueUsers,
        Field::PagesPerVisit,
        Field::BounceRate,
        Field::AvgVisitDuration,
        Field::Rank,
        Field::RankSource,
        Field::Category,
    ];
    let mut columns: Vec<(&str, ArrayRef)> = ORDER.iter().map(|field| (field.column(), column(records, *field))).collect();
    for (index, name) in extras.iter().enumerate() {
        let values: Float64Array = records.iter().map(|record| record.extras.get(index).copied().flatten()).collect();
        columns.push((name, Arc::new(values)));
    }
    let schema: Vec<Column> = columns.iter().map(|(name, values)| Column::new(*name, values.data_type().clone(), true)).collect();
    let columns = columns.into_iter().map(|(_, values)| values).collect();
    debug_assert!(schema.iter().any(|column| *column.data_type() == DataType::Date32));
    RecordBatch::try_new(Arc::new(Schema::new(schema)), columns).expect("every column has a value for each record")
}

fn column(records: &[Record], field: Field) -> ArrayRef {
    match field.kind() {
        Kind::Month => Arc::new(records.iter().map(|record| Some(record.month.days_since_1970())).collect::<Date32Array>()),
        Kind::Name | Kind::Category => Arc::new(records.iter().map(|record| record.text(field)).collect::<StringArray>()),
        // Positions are whole; visits and users, which sources estimate, need not be.
        Kind::Count if field == Field::Rank => {
            Arc::new(records.iter().map(|record| record.number(field).map(|rank| rank as i64)).collect::<Int64Array>())
        }
        Kind::Count | Kind::Measure => Arc::new(records.iter().map(|record| record.number(field)).collect::<Float64Array>()),
    }
}
