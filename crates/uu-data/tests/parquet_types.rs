//! Parquet columns of other types than the canonical ones.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Date64Array, Decimal128Array, DictionaryArray, Float32Array, Float64Array,
    Int32Array, LargeStringArray, StringArray, StringViewArray, TimestampMicrosecondArray, TimestampMillisecondArray, TimestampSecondArray,
    UInt8Array,
};
use arrow::datatypes::{DataType, Field, Int32Type, Schema, TimeUnit};
use arrow::record_batch::RecordBatch;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::arrow::{ArrowWriter, add_encoded_arrow_schema_to_metadata};
use parquet::file::properties::WriterProperties;
use rstest::rstest;
use uu_core::{Record, Visits};
use uu_data::read::{BadRows, Input, ReadError, ReadOptions, open_parquet, read_all};

fn parquet(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, values)| (name, values, true))).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

fn read(bytes: Vec<u8>) -> Result<Vec<Record>, ReadError> {
    let (rows, _) = read_all(vec![Input::bytes("a.parquet", bytes)], &ReadOptions::default(), BadRows::Fail)?;
    Ok(rows.into_iter().map(|checked| checked.record).collect())
}

const DAY: i32 = 17_866; // 2018-12-01

#[rstest]
#[case(Arc::new(Date32Array::from(vec![DAY, DAY + 31])))]
#[case(Arc::new(Date64Array::from(vec![i64::from(DAY) * 86_400_000, i64::from(DAY + 31) * 86_400_000 + 5])))]
#[case(Arc::new(TimestampSecondArray::from(vec![i64::from(DAY) * 86_400, i64::from(DAY + 31) * 86_400 + 7_200])))]
#[case(Arc::new(TimestampMicrosecondArray::from(vec![i64::from(DAY) * 86_400_000_000, i64::from(DAY + 31) * 86_400_000_000]).with_timezone("Europe/Moscow")))]
#[case(Arc::new(StringArray::from(vec!["2018-12", "2019-01-31"])))]
#[case(Arc::new(["2018-12", "2019-01"].into_iter().collect::<DictionaryArray<Int32Type>>()))]
fn a_month_is_read_from_every_type_of_date(#[case] dates: ArrayRef) {
    let rows = read(parquet(vec![("date", dates), ("visits", Arc::new(Int32Array::from(vec![1, 2])))])).unwrap();
    let months: Vec<String> = rows.iter().map(|row| row.month.to_string()).collect();
    assert_eq!(months, ["2018-12-01", "2019-01-01"]);
}

#[rstest]
#[case(Arc::new(Int32Array::from(vec![Some(7), None])))]
#[case(Arc::new(UInt8Array::from(vec![Some(7), None])))]
#[case(Arc::new(Float32Array::from(vec![7.0, f32::NAN])))]
#[case(Arc::new(Float64Array::from(vec![7.0, f64::NAN])))]
#[case(Arc::new(Decimal128Array::from(vec![Some(700), None]).with_precision_and_scale(10, 2).unwrap()))]
#[case(Arc::new(StringArray::from(vec![Some("7"), Some(" ")])))]
#[case(Arc::new(LargeStringArray::from(vec![Some("7.0"), None])))]
#[case(Arc::new(StringViewArray::from(vec![Some("7e0"), None])))]
#[case(Arc::new([Some("7"), None].into_iter().collect::<DictionaryArray<Int32Type>>()))]
fn a_number_is_read_from_every_type_of_number(#[case] visits: ArrayRef) {
    let dates: ArrayRef = Arc::new(Date32Array::from(vec![DAY, DAY]));
    let rows = read(parquet(vec![("date", dates), ("visits", visits)])).unwrap();
    let visits: Vec<Option<f64>> = rows.iter().map(|row| row.visits.map(Visits::get)).collect();
    assert_eq!(visits, [Some(7.0), None]);
}

#[test]
fn what_can_be_no_number_and_no_month_is_told() {
    let flags: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), None]));
    let dates: ArrayRef = Arc::new(Date32Array::from(vec![DAY, i32::MAX]));
    let bytes = parquet(vec![("date", dates), ("visits", flags), ("rank", Arc::new(Date32Array::from(vec![None, Some(1)])))]);
    insta::assert_snapshot!(read(bytes.clone()).unwrap_err(), @r"
    `a.parquet` row 1: visits must be a number, got a boolean
    `a.parquet` row 2: date must be a date like `2018-12-01` or `2018-12`, got `day 2147483647 after 1970-01-01`; rank must be a number, got a date
    ");
    let reader = open_parquet("memory", bytes::Bytes::from(bytes), ReadOptions::default()).unwrap();
    assert_eq!(reader.map(|chunk| chunk.unwrap().rows.len()).sum::<usize>(), 2);
}

/// A file whose column `note` holds bytes, of which its Arrow schema says that they are of `declared`.
fn declared_as(declared: &DataType, notes: Vec<&[u8]>) -> Vec<u8> {
    let dates: ArrayRef = Arc::new(Date32Array::from(vec![DAY; notes.len()]));
    let visits: ArrayRef = Arc::new(Int32Array::from(vec![7; notes.len()]));
    let columns = vec![("date", dates), ("visits", visits), ("note", Arc::new(BinaryArray::from_vec(notes)) as ArrayRef)];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let given = batch.schema();
    let fields = given.fields().iter().map(|field| match field.name().as_str() {
        "note" => Arc::new(Field::new("note", declared.clone(), false)),
        _ => Arc::clone(field),
    });
    let mut properties = WriterProperties::builder().build();
    add_encoded_arrow_schema_to_metadata(&Schema::new(fields.collect::<Vec<_>>()), &mut properties);
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new_with_options(&mut bytes, batch.schema(), options).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

/// As pandas writes seconds: milliseconds in UTC, and a schema that names seconds and their zone.
#[rstest]
#[case(TimeUnit::Second)]
#[case(TimeUnit::Millisecond)]
#[case(TimeUnit::Nanosecond)]
fn a_zone_counts_whatever_the_unit_it_is_declared_with(#[case] unit: TimeUnit) {
    let midnights = [i64::from(DAY), i64::from(DAY + 31)].map(|day| day * 86_400_000 - 3_600_000);
    let dates: ArrayRef = Arc::new(TimestampMillisecondArray::from(midnights.to_vec()).with_timezone("UTC"));
    let batch = RecordBatch::try_from_iter(vec![("date", dates), ("visits", Arc::new(Int32Array::from(vec![7, 8])) as ArrayRef)]).unwrap();
    let zoned = Field::new("date", DataType::Timestamp(unit, Some("Europe/Berlin".into())), false);
    let mut properties = WriterProperties::builder().build();
    add_encoded_arrow_schema_to_metadata(&Schema::new(vec![zoned, batch.schema().field(1).clone()]), &mut properties);
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new_with_options(&mut bytes, batch.schema(), options).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let months: Vec<String> = read(bytes).unwrap().iter().map(|row| row.month.to_string()).collect();
    assert_eq!(months, ["2018-12-01", "2019-01-01"]);
}

#[rstest]
#[case(DataType::Utf8)]
#[case(DataType::LargeUtf8)]
#[case(DataType::Utf8View)]
#[case(DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)))]
fn bytes_that_a_file_calls_texts_are_looked_at(#[case] declared: DataType) {
    assert_eq!(read(declared_as(&declared, vec![b"abc", "я".as_bytes()])).unwrap().len(), 2);
    let refused = read(declared_as(&declared, vec![b"abc", b"abcd\xFF"])).unwrap_err();
    insta::allow_duplicates! {
        insta::assert_snapshot!(refused, @"`a.parquet` is not a readable Parquet file: the texts of column `note` are not UTF-8");
    }
}
