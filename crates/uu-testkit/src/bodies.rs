//! Bodies that are small and stand for much.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, StringArray};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

/// A Parquet file of months with those visits and `more` columns beside them, its dictionaries as large as their values.
///
/// **Shapes**: each of `more` has `rows` values.
///
/// **Panics**: columns of other lengths.
#[must_use]
pub fn parquet(rows: usize, visits: f64, more: impl IntoIterator<Item = (String, ArrayRef)>) -> Vec<u8> {
    let dates: ArrayRef = Arc::new(StringArray::from(vec!["2024-01"; rows]));
    let visits: ArrayRef = Arc::new(Float64Array::from(vec![visits; rows]));
    let columns = [("date".to_owned(), dates), ("visits".to_owned(), visits)].into_iter().chain(more);
    let columns = columns.map(|(name, values)| (name, values, true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns).expect("columns of one length");
    let codec = Compression::ZSTD(ZstdLevel::default());
    let properties = WriterProperties::builder().set_compression(codec).set_dictionary_page_size_limit(1 << 30).build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).expect("types that Parquet has");
    writer.write(&batch).expect("memory takes all that is written");
    writer.close().expect("memory takes all that is written");
    bytes
}
