//! Dates of other programs, zones, types without a name, and months that cannot be.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Array, DictionaryArray, DurationMicrosecondArray, Float64Array, Int32Array, Int64Array, IntervalYearMonthArray,
    Time64MicrosecondArray, TimestampMicrosecondArray, TimestampNanosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit};
use arrow::record_batch::RecordBatch;
use rstest::rstest;
use uu_data::read::ReadNote;
use uu_data::write::{Compression, Output, WriteOptions, Writer};

use crate::formats::{format_of, parquet, read, table};

#[rstest]
#[case("2024-12-01T00:00:00")]
#[case("2024-12-01 00:00:00")]
#[case("2024-12-01T00:00:00.000Z")]
#[case("2024-12-01T00:00:00+09:00")]
#[case("2024-12-01 00:00:00 +0000 UTC")]
#[case("2024-12-01 12:00:00 AM")]
#[case("2024-12-01 0:00")]
#[case("20241201T000000Z")]
#[case("20241201")]
#[case("202412")]
#[case("2024/12/01")]
#[case("Dec 2024")]
#[case("1 December 2024")]
fn an_unmistakable_date_is_read_in_every_format(#[case] date: &str) {
    let row = format!("{date}|12400");
    for (name, bytes) in table("date|visits", &[&row]).in_every_format() {
        assert_eq!(read(name, &bytes).unwrap().rows[0].record.month.to_string(), "2024-12-01", "{name}");
    }
}

#[test]
fn a_year_and_a_month_in_columns_of_their_own_have_the_hint_to_join_them() {
    for (cell, part) in [("12", "a month without its year"), ("Dec", "a month without its year"), ("2024", "a year without its month")] {
        for (name, bytes) in table("year|month|visits", &[&format!("2024|{cell}|12400")]).in_every_format() {
            let hint = read(name, &bytes).err().unwrap().hint().unwrap().into_owned();
            assert!(hint.contains(part) && hint.contains("join the two into one column `date`"), "{name}: {hint}");
            assert!(!hint.contains("--skip-bad-rows"), "{name}: {hint}");
        }
    }
    let of_numbers = read("a.json", br#"[{"year":2024,"month":12,"visits":12400}]"#).err().unwrap();
    assert!(of_numbers.hint().unwrap().contains("join the two"), "{of_numbers}");
}

#[test]
fn digits_of_a_date_are_read_as_numbers_too() {
    for text in ["[{\"date\":202412,\"visits\":5}]", "[{\"date\":20241231,\"visits\":5}]", "{\"202412\":{\"visits\":5}}"] {
        assert_eq!(read("a.json", text.as_bytes()).unwrap().rows[0].record.month.to_string(), "2024-12-01", "{text}");
    }
    let dates: ArrayRef = Arc::new(Int64Array::from(vec![202_412]));
    assert_eq!(read("a.parquet", &dated(dates)).unwrap().rows[0].record.month.to_string(), "2024-12-01");
}

#[test]
fn the_number_of_a_month_beside_a_date_is_no_second_date() {
    for (name, bytes) in table("date|month|visits", &["2024-12-01|12|12400"]).in_every_format() {
        let read = read(name, &bytes).unwrap();
        assert_eq!(read.rows[0].record.month.to_string(), "2024-12-01", "{name}");
        assert_eq!(read.columns.unused, ["month"], "{name}");
    }
    for (name, bytes) in table("month|date|visits", &["12|2024-12-01|12400"]).in_every_format() {
        assert_eq!(read(name, &bytes).unwrap().rows[0].record.month.to_string(), "2024-12-01", "{name}");
    }
    for (name, bytes) in table("month|visits", &["2024-12|12400"]).in_every_format() {
        assert_eq!(read(name, &bytes).unwrap().rows[0].record.month.to_string(), "2024-12-01", "{name}");
    }
}

#[test]
fn a_month_beside_a_date_that_is_unknown_is_the_date() {
    for text in [
        r#"{"date":null,"month":"2024-12","visits":1000}"#,
        r#"{"month":"2024-12","visits":1000,"date":""}"#,
        "{\"date\":\"2024-12\",\"month\\u00a0\":12,\"visits\":1000}",
    ] {
        let read = read("a.ndjson", text.as_bytes()).unwrap();
        assert_eq!(read.rows[0].record.month.to_string(), "2024-12-01", "{text}");
    }
}

#[test]
fn a_month_beside_an_unknown_date_is_the_date_in_every_format_and_is_used() {
    for header in ["date|month|visits", "month|date|visits"] {
        let row =
            |date: &str, month: &str| if header.starts_with("date") { format!("{date}|{month}|5") } else { format!("{month}|{date}|5") };
        let rows = [row("2024-11-01", "11"), row("", "2024-12")];
        for (name, bytes) in table(header, &[&rows[0], &rows[1]]).in_every_format() {
            let read = read(name, &bytes).unwrap();
            let months: Vec<String> = read.rows.iter().map(|row| row.record.month.to_string()).collect();
            assert_eq!((months, read.columns.lines()), (vec!["2024-11-01".to_owned(), "2024-12-01".to_owned()], vec![]), "{name}");
        }
        for (name, bytes) in table(header, &[&rows[0], &row("", "12")]).in_every_format() {
            let error = read(name, &bytes).err().unwrap().to_string();
            assert!(error.contains("row 2") && error.contains("got `12`"), "{name}: {error}");
        }
    }
}

#[test]
fn every_spelling_of_a_key_that_gave_a_value_is_used() {
    let text = b"{\"month\":\"2024-11\",\"Visits\":5}\n{\"date\":\"2024-12\",\"visits\":6,\"note\":7}\n";
    let read = read("a.ndjson", text).unwrap();
    assert_eq!((read.visits(), read.columns.unused), (vec![Some(5.0), Some(6.0)], vec!["note".to_owned()]));
}

#[test]
fn a_record_of_thousands_of_months_is_checked_in_the_time_of_one() {
    let months = ",\"month\":null".repeat(9_000);
    let read = read("a.ndjson", format!("{{\"visits\":5,\"date\":\"2024-12\"{months}}}\n").repeat(20).as_bytes()).unwrap();
    assert_eq!(read.rows.len(), 20);
}

/// A Parquet file of one visit a date.
fn dated(dates: ArrayRef) -> Vec<u8> {
    let visits: ArrayRef = Arc::new(Float64Array::from(vec![5.0; dates.len()]));
    parquet(&RecordBatch::try_from_iter(vec![("date", dates), ("visits", visits)]).unwrap())
}

/// 2023-01-01 00:00 in Tokyo, which is 2022-12-31 15:00 in UTC.
const TOKYO: i64 = 1_672_498_800;

#[rstest]
#[case("Asia/Tokyo", "2023-01-01")]
#[case("+09:00", "2023-01-01")]
#[case("UTC", "2022-12-01")]
#[case("America/New_York", "2022-12-01")]
fn a_zoned_instant_is_of_the_month_of_its_own_wall_clock(#[case] zone: &str, #[case] month: &str) {
    let nanoseconds: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![TOKYO * 1_000_000_000]).with_timezone(zone));
    let microseconds: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![TOKYO * 1_000_000]).with_timezone(zone));
    for dates in [nanoseconds, microseconds] {
        assert_eq!(read("a.parquet", &dated(dates)).unwrap().rows[0].record.month.to_string(), month);
    }
}

#[rstest]
#[case(Some("America/New_York"))]
#[case(Some("Asia/Kolkata"))]
#[case(Some("+09:00"))]
#[case(Some("UTC"))]
#[case(None)]
fn dates_that_are_written_as_text_are_read_back_in_the_same_month(#[case] zone: Option<&str>) {
    for seconds in [TOKYO, 1_672_549_200, 1_688_162_400] {
        let instants = TimestampMicrosecondArray::from(vec![seconds * 1_000_000]).with_timezone_opt(zone);
        let given = dated(Arc::new(instants));
        let month = read("a.parquet", &given).unwrap().rows[0].record.month;
        for name in ["out.csv", "out.json", "out.ndjson", "out.parquet"] {
            let written = rewritten(&given, name);
            assert_eq!(read(name, &written).unwrap().rows[0].record.month, month, "{zone:?} {name}");
        }
    }
}

/// Reads Parquet and writes it in another format.
pub(crate) fn rewritten(given: &[u8], name: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    let options = WriteOptions { format: Some(format_of(name)), compression: Some(Compression::None), ..WriteOptions::default() };
    let mut writer = Writer::create(Output::Path(path.clone()), options).unwrap();
    for chunk in
        uu_data::read::open(uu_data::read::Input::bytes("a.parquet", given.to_vec()), uu_data::read::ReadOptions::default()).unwrap()
    {
        let chunk = chunk.unwrap();
        writer.write(&chunk.batch, chunk.json.as_deref(), &[]).unwrap();
    }
    writer.finish().unwrap();
    std::fs::read(path).unwrap()
}

#[test]
fn durations_are_seconds_and_stay_seconds_when_they_are_written() {
    let date: ArrayRef = Arc::new(Date32Array::from(vec![20_058]));
    let duration: ArrayRef = Arc::new(DurationMicrosecondArray::from(vec![201_500_000]));
    let time: ArrayRef = Arc::new(Time64MicrosecondArray::from(vec![201_500_000]));
    for column in [duration, time] {
        let batch = RecordBatch::try_from_iter(vec![("date", date.clone()), ("avg_visit_duration", column)]).unwrap();
        let given = parquet(&batch);
        let seconds = |rows: &crate::formats::Rows| rows.rows[0].record.avg_visit_duration.map(uu_core::AvgVisitDuration::get);
        assert_eq!(seconds(&read("a.parquet", &given).unwrap()), Some(201.5));
    }
    let duration: ArrayRef = Arc::new(DurationMicrosecondArray::from(vec![201_500_000]));
    let given = parquet(&RecordBatch::try_from_iter(vec![("date", date), ("avg_visit_duration", duration)]).unwrap());
    assert_eq!(String::from_utf8(rewritten(&given, "out.csv")).unwrap(), "date,avg_visit_duration\n2024-12-01,201.5\n");
    for name in ["out.parquet", "out.ndjson"] {
        let read = read(name, &rewritten(&given, name)).unwrap();
        assert_eq!(read.rows[0].record.avg_visit_duration.map(uu_core::AvgVisitDuration::get), Some(201.5), "{name}");
    }
}

#[rstest]
#[case(DataType::Utf8)]
#[case(DataType::Date32)]
#[case(DataType::Timestamp(TimeUnit::Microsecond, None))]
fn dates_in_a_dictionary_are_dates(#[case] kind: DataType) {
    let dates: ArrayRef = Arc::new(Date32Array::from(vec![20_058, 20_058]));
    let values = cast(&dates, &kind).unwrap();
    let dictionary = DictionaryArray::try_new(Int32Array::from(vec![0, 1]), values).unwrap();
    assert_eq!(read("a.parquet", &dated(Arc::new(dictionary))).unwrap().rows[1].record.month.to_string(), "2024-12-01");
}

#[test]
fn numbers_in_a_dictionary_are_numbers_and_stay_numbers() {
    let dates: ArrayRef = Arc::new(Date32Array::from(vec![20_058, 20_058]));
    let values: ArrayRef = Arc::new(Float64Array::from(vec![41.5]));
    let rates = DictionaryArray::try_new(Int32Array::from(vec![Some(0), None]), values).unwrap();
    let batch =
        RecordBatch::try_from_iter_with_nullable([("date", dates, false), ("bounce_rate", Arc::new(rates) as ArrayRef, true)]).unwrap();
    for name in ["out.csv", "out.json", "out.parquet"] {
        let read = read(name, &rewritten(&parquet(&batch), name)).unwrap();
        let rates: Vec<_> = read.rows.iter().map(|row| row.record.bounce_rate.map(uu_core::BounceRate::get)).collect();
        assert_eq!(rates, [Some(41.5), None], "{name}");
    }
}

#[test]
fn a_type_that_is_not_read_is_named() {
    let date: ArrayRef = Arc::new(Date32Array::from(vec![20_058]));
    let visits: ArrayRef = Arc::new(IntervalYearMonthArray::from(vec![5]));
    let batch = RecordBatch::try_from_iter(vec![("date", date), ("visits", visits)]).unwrap();
    let chunks = uu_data::read::check_batches(
        "frame",
        arrow::record_batch::RecordBatchIterator::new([Ok(batch.clone())], batch.schema()),
        &uu_data::read::ReadOptions::default(),
    );
    let row = chunks.unwrap().next().unwrap().unwrap().rows.remove(0);
    assert_eq!(row.unwrap_err().to_string(), "`frame` row 1: visits must be a number, got an interval of the calendar");
}

#[rstest]
#[case("0204-12")]
#[case("1989-01")]
#[case("9999-12")]
fn a_month_that_cannot_be_is_warned_of_in_every_format(#[case] date: &str) {
    let row = format!("{date}|12400");
    for (name, bytes) in table("date|visits", &[&row]).in_every_format() {
        assert_eq!(read(name, &bytes).unwrap().codes(0), ["implausible_value"], "{name}");
    }
}

#[test]
fn last_days_of_months_are_noted_and_first_days_are_not() {
    let last = table("date|visits", &["2023-01-31|1", "2023-02-28|1", "2024-02-29|1", "2023-04-30|1"]);
    let first = table("date|visits", &["2023-01-01|1", "2023-02-01|1", "2024-02-29|1", "2023-04-01|1"]);
    for (name, bytes) in last.in_every_format() {
        assert_eq!(read(name, &bytes).unwrap().columns.notes, [ReadNote::LastDays], "{name}");
    }
    for (name, bytes) in first.in_every_format() {
        assert_eq!(read(name, &bytes).unwrap().columns.notes, [], "{name}");
    }
}
