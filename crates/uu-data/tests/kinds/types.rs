//! Types of columns that other programs write: what is read can be written, and what is not used does not make a file unreadable.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, Date32Array, DictionaryArray, DurationMicrosecondArray, FixedSizeBinaryArray,
    FixedSizeListArray, Float64Array, Int32Array, Int64Array, LargeBinaryArray, MapBuilder, StringArray, StringBuilder,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field as Column, Float64Type, Int32Type, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchIterator};
use rstest::rstest;
use uu_data::read::{Decimal, ReadOptions, check_batches};

use crate::dates::rewritten;
use crate::formats::{parquet, read, read_with};

const OUTPUTS: [&str; 4] = ["out.csv", "out.json", "out.ndjson", "out.parquet"];

/// Two rows of a month with one more column.
fn beside(name: &str, values: ArrayRef) -> RecordBatch {
    let dates: ArrayRef = Arc::new(Date32Array::from(vec![20_058, 20_027]));
    let ranks: ArrayRef = Arc::new(Int64Array::from(vec![7, 8]));
    RecordBatch::try_from_iter_with_nullable([("date", dates, false), ("rank", ranks, false), (name, values, true)]).unwrap()
}

#[rstest]
#[case::bytes(Arc::new(BinaryArray::from_iter([Some(b"31000".as_slice()), None])))]
#[case::large_bytes(Arc::new(LargeBinaryArray::from_iter([Some(b"31000".as_slice()), None])))]
#[case::views(Arc::new(BinaryViewArray::from_iter([Some(b"31000".as_slice()), None])))]
#[case::dictionary(
    Arc::new(DictionaryArray::new(Int32Array::from(vec![Some(0), None]), Arc::new(BinaryArray::from_iter_values([b"31000"]))))
)]
fn numbers_in_bytes_are_read_and_written(#[case] visits: ArrayRef) {
    let given = parquet(&beside("visits", visits));
    assert_eq!(read("a.parquet", &given).unwrap().visits(), [Some(31_000.0), None]);
    for name in OUTPUTS {
        assert_eq!(read(name, &rewritten(&given, name)).unwrap().visits(), [Some(31_000.0), None], "{name}");
    }
}

#[test]
fn numbers_in_bytes_have_the_decimal_mark_that_is_declared() {
    let given = parquet(&beside("visits", Arc::new(BinaryArray::from_iter_values(["250.000", "1.234.567"]))));
    assert!(read("a.parquet", &given).err().unwrap().to_string().contains("can be read as 250 or as 250000"));
    let options = ReadOptions { decimal: Some(Decimal::Comma), ..ReadOptions::default() };
    assert_eq!(read_with("a.parquet", &given, &options).unwrap().visits(), [Some(250_000.0), Some(1_234_567.0)]);
}

#[test]
fn durations_in_a_dictionary_are_read_and_written() {
    let durations = DurationMicrosecondArray::from(vec![201_500_000]);
    let given: ArrayRef = Arc::new(DictionaryArray::<Int32Type>::new(Int32Array::from(vec![Some(0), None]), Arc::new(durations)));
    for column in ["avg_visit_duration", "note"] {
        let given = parquet(&beside(column, Arc::clone(&given)));
        for name in OUTPUTS {
            let written = rewritten(&given, name);
            let seconds = read(name, &written).unwrap().rows[0].record.avg_visit_duration.map(uu_core::AvgVisitDuration::get);
            assert_eq!(seconds, (column != "note").then_some(201.5), "{name} {column}");
        }
    }
}

fn map() -> ArrayRef {
    let mut map = MapBuilder::new(None, StringBuilder::new(), arrow::array::Int32Builder::new());
    map.keys().append_value("k\"ey");
    map.values().append_value(1);
    map.keys().append_value("b");
    map.values().append_null();
    map.append(true).unwrap();
    map.append(false).unwrap();
    Arc::new(map.finish())
}

fn pairs() -> ArrayRef {
    Arc::new(FixedSizeListArray::from_iter_primitive::<Float64Type, _, _>(vec![Some(vec![Some(0.5), None]), None], 2))
}

fn fixed_texts() -> ArrayRef {
    let item = Arc::new(Column::new("item", DataType::Utf8, true));
    let entries = Arc::new(StringArray::from(vec!["a", "b", "c", "d"]));
    Arc::new(FixedSizeListArray::new(item, 2, entries, None))
}

#[rstest]
#[case::map(map(), r#"{"k\"ey":1,"b":null}"#, r#""{""k\""ey"":1,""b"":null}""#)]
#[case::fixed_list(pairs(), "[0.5,null]", "0.5; ")]
#[case::fixed_list_of_texts(fixed_texts(), r#"["a","b"]"#, "a; b")]
#[case::bytes_of_a_fixed_number(Arc::new(FixedSizeBinaryArray::try_from_iter([[1_u8, 255], [0, 16]].into_iter()).unwrap()), "\"01ff\"", "01ff")]
#[case::bytes_that_are_no_text(Arc::new(BinaryArray::from_iter_values([b"\xFF\x01".as_slice(), b"a"])), "\"ff01\"", "ff01")]
fn a_column_that_is_not_used_is_carried_whatever_its_type(#[case] values: ArrayRef, #[case] json: &str, #[case] csv: &str) {
    let given = parquet(&beside("tags", values));
    let text = |name| String::from_utf8(rewritten(&given, name)).unwrap();
    assert!(text("out.ndjson").lines().next().unwrap().ends_with(&format!("\"tags\":{json}}}")), "{}", text("out.ndjson"));
    let row = text("out.csv").lines().nth(1).unwrap().to_owned();
    assert!(row == format!("2024-12-01,7,{csv}") || row == format!("2024-12-01,7,\"{csv}\""), "{row}");
    for name in OUTPUTS {
        assert_eq!(read(name, &rewritten(&given, name)).unwrap().rows[1].record.rank.map(uu_core::Rank::get), Some(8.0), "{name}");
    }
}

/// Numbers that a note beside the column calls periods.
fn periods(numbers: Vec<i64>, frequency: &str) -> RecordBatch {
    let metadata =
        [("ARROW:extension:name", "pandas.period".to_owned()), ("ARROW:extension:metadata", format!("{{\"freq\": \"{frequency}\"}}"))];
    let metadata: HashMap<String, String> = metadata.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    let visits: ArrayRef = Arc::new(Float64Array::from(vec![5.0; numbers.len()]));
    let fields =
        vec![Column::new("date", DataType::Int64, true).with_metadata(metadata), Column::new("visits", visits.data_type().clone(), true)];
    RecordBatch::try_new(Arc::new(Schema::new(fields)), vec![Arc::new(Int64Array::from(numbers)), visits]).unwrap()
}

#[rstest]
#[case("M", vec![659, 0])]
#[case("D", vec![20_069, 0])]
fn periods_are_dates_in_files_and_frames(#[case] frequency: &str, #[case] numbers: Vec<i64>) {
    let batch = periods(numbers, frequency);
    let months = |rows: Vec<String>| assert_eq!(rows, ["2024-12-01", "1970-01-01"]);
    months(read("a.parquet", &parquet(&batch)).unwrap().rows.iter().map(|row| row.record.month.to_string()).collect());
    let frame = RecordBatchIterator::new([Ok(batch.clone())], batch.schema());
    let chunk = check_batches("frame", frame, &ReadOptions::default()).unwrap().next().unwrap().unwrap();
    months(chunk.rows.iter().map(|row| row.as_ref().unwrap().record.month.to_string()).collect());
    let csv = String::from_utf8(rewritten(&parquet(&batch), "out.csv")).unwrap();
    assert!(csv.starts_with("date,visits\n2024-12-"), "{csv}");
}

#[rstest]
#[case("Q-DEC")]
#[case("W-SUN")]
fn periods_that_are_no_month_are_refused(#[case] frequency: &str) {
    assert!(read("a.parquet", &parquet(&periods(vec![219], frequency))).err().unwrap().to_string().contains("must be a date"));
}

#[test]
fn numbers_of_months_that_nothing_calls_periods_are_refused() {
    let dates = cast(&Int64Array::from(vec![659]), &DataType::Int64).unwrap();
    let visits: ArrayRef = Arc::new(Float64Array::from(vec![5.0]));
    let batch = RecordBatch::try_from_iter([("date", dates), ("visits", visits)]).unwrap();
    assert!(read("a.parquet", &parquet(&batch)).err().unwrap().to_string().contains("got 659"));
}
