//! Batches in memory, and rows under the names of their fields.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, StringArray};
use arrow::datatypes::{Float64Type, Int64Type};
use arrow::record_batch::{RecordBatch, RecordBatchIterator, RecordBatchReader};
use uu_core::{Checked, Rules};
use uu_data::clean::{CleanOptions, clean};
use uu_data::read::{BadRows, BounceRateUnit, Chunk, Format, Input, ReadError, ReadOptions, SkippedRows, check_batches, open};
use uu_data::write::{Added, records_batch, with_added};

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).unwrap()
}

fn months(visits: &[f64]) -> RecordBatch {
    let dates: StringArray = visits.iter().map(|_| Some("2024-12")).collect();
    batch(vec![("date", Arc::new(dates)), ("visits", Arc::new(Float64Array::from(visits.to_vec())))])
}

fn reader(batches: Vec<RecordBatch>) -> impl RecordBatchReader {
    let schema = batches[0].schema();
    RecordBatchIterator::new(batches.into_iter().map(Ok), schema)
}

fn chunks(batches: Vec<RecordBatch>, chunk_rows: usize) -> Vec<Chunk> {
    let options = ReadOptions { chunk_rows, ..ReadOptions::default() };
    check_batches("frame", reader(batches), &options).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn rows_are_counted_through_batches_and_the_chunks_they_are_divided_into() {
    let chunks = chunks(vec![months(&[1.0, 2.0, 3.0]), months(&[]), months(&[4.0, -5.0])], 2);
    let sizes: Vec<(u64, usize)> = chunks.iter().map(|chunk| (chunk.first_row, chunk.batch.num_rows())).collect();
    assert_eq!(sizes, [(1, 2), (3, 2), (5, 1)]);
    let bad = chunks[2].rows[0].as_ref().unwrap_err();
    assert_eq!(bad.to_string(), "`frame` row 5: visits must be a number of visits, 0 or more, got -5");
}

#[test]
fn how_a_frame_comes_divided_changes_nothing() {
    let rates = |rates: &[f64]| {
        let dates: StringArray = rates.iter().map(|_| Some("2024-12")).collect();
        let rates: Float64Array = rates.iter().copied().map(Some).collect();
        batch(vec![("date", Arc::new(dates) as ArrayRef), ("bounce_rate", Arc::new(rates))])
    };
    let found = chunks(vec![rates(&[0.5; 5]), rates(&[50.0; 50])], 1_000);
    assert!(found[0].rows.iter().all(|row| row.as_ref().unwrap().warnings.is_empty()));
    let days = |days: Vec<(String, String)>| {
        let (dates, sites): (Vec<String>, Vec<String>) = days.into_iter().unzip();
        let visits = Float64Array::from(vec![5.0; dates.len()]);
        let columns: Vec<(&str, ArrayRef)> =
            vec![("date", Arc::new(StringArray::from(dates))), ("site", Arc::new(StringArray::from(sites))), ("visits", Arc::new(visits))];
        batch(columns)
    };
    let first = days(["2024-12-01", "2024-12-15"].map(|day| (day.to_owned(), "a.com".to_owned())).into());
    let second = days((0..50).map(|site| ("2024-12-01".to_owned(), format!("s{site}.com"))).collect());
    assert_eq!(chunks(vec![first, second], 1_000)[0].rows.len(), 52);
}

#[test]
fn a_frame_without_rows_still_has_its_columns() {
    let chunks = chunks(vec![months(&[])], 10);
    assert_eq!(chunks.len(), 1);
    assert_eq!(chunks[0].batch.num_columns(), 2);
}

#[test]
fn a_frame_without_dates_is_refused() {
    let visits = batch(vec![("visits", Arc::new(Int64Array::from(vec![1])))]);
    let refused = check_batches("frame", reader(vec![visits]), &ReadOptions::default()).map(|_| ()).unwrap_err();
    assert!(matches!(refused, ReadError::NoDateColumn { .. }), "{refused}");
}

#[test]
fn fields_get_their_own_names_types_and_units_and_keep_the_values_they_were_given() {
    let text = "Month;Domain;alexa;pagesPerVisit;bounceRate;Category;backlinks;note\n\
        2024-12-31;WWW.Example.com;7;5000000;0.25;no such thing;3;x\n\
        2024-11;;;;;100;;y\n";
    let options = ReadOptions {
        format: Some(Format::Csv),
        rules: Rules { extras: vec!["backlinks".to_owned()], ..Rules::default() },
        bounce_rate_unit: Some(BounceRateUnit::Fraction),
        ..ReadOptions::default()
    };
    let chunk = open(Input::bytes("file.csv", text), options.clone()).unwrap().next().unwrap().unwrap();
    let given = chunk.passed(BadRows::Fail, &mut SkippedRows::default()).unwrap().as_given(&options);
    assert_eq!(given.schema(), records_batch(&[], &options.rules.extras).schema());
    let column = |name: &str| given.column_by_name(name).unwrap().clone();
    let texts =
        |name: &str| -> Vec<Option<String>> { column(name).as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect() };
    let numbers = |name: &str| -> Vec<Option<f64>> { column(name).as_primitive::<Float64Type>().iter().collect() };
    assert_eq!(texts("site"), [Some("example.com".to_owned()), None]);
    assert_eq!(texts("category"), [Some("no such thing".to_owned()), Some("100".to_owned())]);
    assert_eq!(numbers("pages_per_visit"), [Some(5_000_000.0), None]);
    assert_eq!(numbers("bounce_rate"), [Some(25.0), None]);
    assert_eq!(numbers("backlinks"), [Some(3.0), None]);
    assert_eq!(column("rank").as_primitive::<Int64Type>().iter().collect::<Vec<_>>(), [Some(7), None]);
    assert_eq!(column("visits").null_count(), 2);
}

#[test]
fn what_was_given_is_checked_and_cleaned_again_as_it_was() {
    let text = "date,site,visits,unique_users,rank\n\
        2024-12,a.com,1000,400,nan\n2024-12,b.com,2000,700,5\n2024-12,Total,3000,1100,\n2024-12,blog,10,5,\n2024-12,nan,50,20,\n";
    let options = ReadOptions::default();
    let chunk = open(Input::bytes("tot.csv", text), options.clone()).unwrap().next().unwrap().unwrap();
    let good = chunk.passed(BadRows::Fail, &mut SkippedRows::default()).unwrap();
    let given = good.as_given(&options);
    let again = check_batches("frame", reader(vec![given]), &options).unwrap().next().unwrap().unwrap();
    let again: Vec<Checked> = again.rows.into_iter().collect::<Result<_, _>>().unwrap();
    let records = |rows: &[Checked]| rows.iter().map(|row| row.record.clone()).collect::<Vec<_>>();
    assert_eq!(records(&again), records(&good.rows));
    let (of_file, report) = clean(good.rows, CleanOptions::default()).unwrap();
    let (of_frame, again) = clean(again, CleanOptions::default()).unwrap();
    assert_eq!(of_frame.records(), of_file.records());
    for rule in ["total_row", "not_a_host"] {
        assert_eq!((report.rule(rule).unwrap().rows, again.rule(rule).unwrap().rows), (1, 1), "{rule}");
    }
}

#[test]
fn an_added_column_fills_what_is_unknown_and_leaves_what_was_given() {
    let given = months(&[10.0, f64::NAN]);
    let visits: ArrayRef = Arc::new(Float64Array::from(vec![Some(1.0), Some(2.0)]));
    let model: ArrayRef = Arc::new(StringArray::from(vec!["m", "m"]));
    let added = [Added { name: "visits".to_owned(), values: visits }, Added { name: "model".to_owned(), values: model }];
    let table = with_added(&given, &added, &[]).unwrap();
    assert_eq!(table.schema().fields().iter().map(|column| column.name().as_str()).collect::<Vec<_>>(), ["date", "visits", "model"]);
    assert_eq!(table.column(1).as_primitive::<Float64Type>().values(), &[10.0, 2.0]);
}
