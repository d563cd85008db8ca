//! What spreadsheets leave behind: rows of empty cells, and totals without a date.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, StringArray};
use arrow::record_batch::RecordBatch;
use rstest::rstest;
use uu_data::read::{BadRows, ReadNote, ReadOptions, SkippedRows, check_batches};

use crate::formats::{read, table};

#[rstest]
#[case::at_the_end(&["2024-12|a.example|5", "||", "||"])]
#[case::before_the_first(&["||", "2024-12|a.example|5", "||"])]
fn rows_without_a_value_are_passed_over_and_noted_in_every_format(#[case] rows: &[&str]) {
    for (name, bytes) in table("date|site|visits", rows).in_every_format() {
        let read = read(name, &bytes).unwrap();
        assert_eq!((read.visits(), read.columns.notes), (vec![Some(5.0)], vec![ReadNote::EmptyRows { rows: 2 }]), "{name}");
    }
}

#[rstest]
#[case::of_blanks("a.csv", "date,site,visits\n2024-12,a.example,5\n , ,\t\n")]
#[case::narrower("a.csv", "date,site,visits\n2024-12,a.example,5\n,\n")]
#[case::wider("a.csv", "date;site;visits\n2024-12;a.example;5\n;;;;\n")]
#[case::of_quotes("a.csv", "date,site,visits\n2024-12,a.example,5\n\"\",\"\",\"\"\n")]
#[case::no_keys("a.json", "[{\"date\":\"2024-12\",\"visits\":5},{}]")]
#[case::empty_texts("a.ndjson", "{\"date\":\"2024-12\",\"visits\":5}\n{\"date\":\"\",\"visits\":null}\n")]
fn a_row_without_a_value_is_passed_over_whatever_its_form(#[case] name: &str, #[case] text: &str) {
    let read = read(name, text.as_bytes()).unwrap();
    assert_eq!((read.visits(), read.columns.notes), (vec![Some(5.0)], vec![ReadNote::EmptyRows { rows: 1 }]));
    assert_eq!(ReadNote::EmptyRows { rows: 1 }.to_string(), "1 row without any value was passed over");
}

#[test]
fn a_row_with_one_value_is_none_of_them() {
    for (name, bytes) in table("date|site|visits", &["2024-12|a.example|5", "||7"]).in_every_format() {
        let error = read(name, &bytes).err().unwrap().to_string();
        assert!(error.contains("row 2") && error.contains("got nothing"), "{name}: {error}");
    }
    for (name, bytes) in table("date|site|visits", &["2024-12|a.example|5", "2024-11||"]).in_every_format() {
        let read = read(name, &bytes).unwrap();
        assert_eq!((read.rows.len(), read.columns.notes), (2, vec![]), "{name}");
    }
}

/// The rows of a frame stand beside others of their program: none may be left out.
#[test]
fn a_row_of_a_frame_without_a_value_is_refused() {
    let dates: ArrayRef = Arc::new(StringArray::from(vec![Some("2024-12"), None]));
    let visits: ArrayRef = Arc::new(Float64Array::from(vec![Some(5.0), None]));
    let batch = RecordBatch::try_from_iter_with_nullable([("date", dates, true), ("visits", visits, true)]).unwrap();
    let batches = arrow::record_batch::RecordBatchIterator::new([Ok(batch.clone())], batch.schema());
    let mut chunks = check_batches("frame", batches, &ReadOptions::default()).unwrap();
    let error = chunks.next().unwrap().unwrap().passed(BadRows::Fail, &mut SkippedRows::default()).unwrap_err();
    assert!(error.to_string().contains("row 2"), "{error}");
}

#[rstest]
#[case::in_the_column_of_the_site("site|date|visits", "Total||6")]
#[case::in_another_language("site|date|visits", "Итого||6")]
#[case::in_the_column_of_the_date("date|site|visits", "Grand total||6")]
fn a_total_without_a_date_is_refused_with_the_hint_to_leave_it_out(#[case] header: &'static str, #[case] total: &str) {
    let row = if header.starts_with("site") { "a.example|2024-12|6" } else { "2024-12|a.example|6" };
    for (name, bytes) in table(header, &[row, total]).in_every_format() {
        let error = read(name, &bytes).err().unwrap();
        assert!(error.to_string().contains("row 2"), "{name}: {error}");
        assert!(error.hint().unwrap().starts_with("leave the row of the total out"), "{name}: {:?}", error.hint());
    }
    for (name, bytes) in table("site|date|visits", &["a.example||6"]).in_every_format() {
        assert!(!read(name, &bytes).err().unwrap().hint().unwrap().contains("total"), "{name}");
    }
}

#[test]
fn no_more_records_without_a_value_are_passed_over_than_a_spreadsheet_has_rows() {
    const ROWS: usize = 1 << 20;
    let of = |empty: usize| "{}\n".repeat(empty) + "{\"date\":\"2024-12\",\"visits\":5}\n";
    assert_eq!(read("a.ndjson", of(ROWS).as_bytes()).unwrap().visits(), [Some(5.0)]);
    let error = read("a.ndjson", of(ROWS + 1).as_bytes()).err().unwrap().to_string();
    assert!(error.contains(&format!("row {}: date must be", ROWS + 1)), "{error}");
}
