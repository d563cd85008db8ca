//! What an output has beside what was given.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, ListArray, StringArray, StringBuilder, builder::ListBuilder};
use uu_data::read::{Format, Input, ReadOptions, open};
use uu_data::write::{Added, Output, WriteError, WriteOptions, Writer};

fn added() -> Vec<Added> {
    let mut filled = ListBuilder::new(StringBuilder::new());
    filled.append_value([Some("bounce_rate"), Some("visits")]);
    filled.append_value(Vec::<Option<&str>>::new());
    let filled: ListArray = filled.finish();
    let column = |name: &str, values: ArrayRef| Added { name: name.to_owned(), values };
    vec![
        column("unique_users", Arc::new(Float64Array::from(vec![10.0, 20.0]))),
        column("bounce_rate", Arc::new(Float64Array::from(vec![41.25, 50.0]))),
        column("filled", Arc::new(filled)),
        column("model", Arc::new(StringArray::from(vec!["v1", "v1"]))),
    ]
}

/// Reads two rows, adds columns, and shows the output.
fn predicted(name: &str, input: &str, format: Format) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out");
    let options = WriteOptions { format: Some(format), ..WriteOptions::default() };
    let mut writer = Writer::create(Output::Path(path.clone()), options).unwrap();
    for chunk in open(Input::bytes(name, input.to_owned()), ReadOptions::default()).unwrap() {
        let chunk = chunk.unwrap();
        writer.write(&chunk.batch, chunk.json.as_deref(), &added()).unwrap();
    }
    assert!(!path.exists(), "nothing is in place before the end");
    assert_eq!(writer.finish().unwrap().rows, 2);
    String::from_utf8(std::fs::read(path).unwrap()).unwrap()
}

const CSV: &str =
    "site,date,visits,bounce_rate,note,uniqueUsers,model\na.com,2024-01-15,1e3,,\"x, \"\"y\"\"\",,old\nb.com,2024-02,007,12.50,,5,old\n";

#[test]
fn csv_keeps_what_was_given_letter_by_letter_and_fills_the_rest() {
    insta::assert_snapshot!(predicted("a.csv", CSV, Format::Csv), @r#"
    site,date,visits,bounce_rate,note,uniqueUsers,model,filled
    a.com,2024-01-15,1e3,41.25,"x, ""y""",10,v1,bounce_rate; visits
    b.com,2024-02,007,12.50,,5,v1,
    "#);
}

#[test]
fn csv_becomes_json_with_numbers_where_the_fields_are_numbers() {
    insta::assert_snapshot!(predicted("a.csv", CSV, Format::Ndjson), @r#"
    {"site":"a.com","date":"2024-01-15","visits":1000,"bounce_rate":41.25,"note":"x, \"y\"","uniqueUsers":10,"model":"v1","filled":["bounce_rate","visits"]}
    {"site":"b.com","date":"2024-02","visits":7,"bounce_rate":12.5,"note":null,"uniqueUsers":5,"model":"v1","filled":[]}
    "#);
}

const JSON: &str = "[{\"date\": \"2024-01\", \"visits\": 1e3, \"bounceRate\": null, \"tags\": [1,\n 2], \"model\": \"old\"}, {\"date\": \"2024-02\", \"rank\": 7, \"uniqueUsers\": 5.10}]";

#[test]
fn json_objects_are_given_back_as_they_were() {
    insta::assert_snapshot!(predicted("a.json", JSON, Format::Json), @r#"
    [
    {"date":"2024-01","visits":1e3,"bounceRate":41.25,"tags":[1,  2],"model":"v1","unique_users":10,"filled":["bounce_rate","visits"]},
    {"date":"2024-02","rank":7,"uniqueUsers":5.10,"bounce_rate":50,"filled":[],"model":"v1"}
    ]
    "#);
    insta::assert_snapshot!(predicted("a.json", JSON, Format::Ndjson), @r#"
    {"date":"2024-01","visits":1e3,"bounceRate":41.25,"tags":[1,  2],"model":"v1","unique_users":10,"filled":["bounce_rate","visits"]}
    {"date":"2024-02","rank":7,"uniqueUsers":5.10,"bounce_rate":50,"filled":[],"model":"v1"}
    "#);
}

#[test]
fn json_becomes_csv() {
    insta::assert_snapshot!(predicted("a.json", JSON, Format::Csv), @r#"
    date,visits,bounceRate,tags,model,rank,uniqueUsers,filled
    2024-01,1e3,41.25,"[1,
     2]",v1,,10,bounce_rate; visits
    2024-02,,50,,v1,7,5.10,
    "#);
}

#[test]
fn an_output_that_is_not_finished_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.parquet");
    std::fs::write(&path, "before").unwrap();
    let mut writer = Writer::create(Output::Path(path.clone()), WriteOptions::default()).unwrap();
    let chunk = open(Input::bytes("a.csv", CSV), ReadOptions::default()).unwrap().next().unwrap().unwrap();
    writer.write(&chunk.batch, None, &added()).unwrap();
    drop(writer);
    assert_eq!(std::fs::read(&path).unwrap(), b"before");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn the_nested_export_is_not_written() {
    let options = WriteOptions { format: Some(Format::Nested), ..WriteOptions::default() };
    assert!(matches!(Writer::create(Output::Stdout, options), Err(WriteError::NestedIsReadOnly)));
}

#[test]
fn a_column_that_comes_late_is_named() {
    let json =
        (0..5).map(|_| "{\"date\":\"2024-01\",\"visits\":1}\n").collect::<String>() + "{\"date\":\"2024-01\",\"visits\":1,\"late\":2}\n";
    let options = ReadOptions { chunk_rows: 2, ..ReadOptions::default() };
    let mut writer = Writer::create(Output::Stream(Box::new(std::io::sink())), WriteOptions::default()).unwrap();
    for chunk in open(Input::bytes("a.ndjson", json), options).unwrap() {
        let chunk = chunk.unwrap();
        writer.write(&chunk.batch, chunk.json.as_deref(), &[]).unwrap();
    }
    assert_eq!(writer.finish().unwrap().late_columns.into_iter().collect::<Vec<_>>(), ["late"]);
}
