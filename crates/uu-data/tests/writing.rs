//! What an output has beside what was given.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, DictionaryArray, Float64Array, Int32Array, ListArray, StringArray, StringBuilder, StructArray, builder::ListBuilder,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field as Column};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use rstest::rstest;
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
    b.com,2024-02,007,12.50,,20,v1,
    "#);
}

#[test]
fn csv_becomes_json_with_numbers_where_the_fields_are_numbers() {
    insta::assert_snapshot!(predicted("a.csv", CSV, Format::Ndjson), @r#"
    {"site":"a.com","date":"2024-01-15","visits":1000,"bounce_rate":41.25,"note":"x, \"y\"","uniqueUsers":10,"model":"v1","filled":["bounce_rate","visits"]}
    {"site":"b.com","date":"2024-02","visits":7,"bounce_rate":12.5,"note":null,"uniqueUsers":20,"model":"v1","filled":[]}
    "#);
}

const JSON: &str = "[{\"date\": \"2024-01\", \"visits\": 1e3, \"bounceRate\": null, \"tags\": [1,\n 2], \"model\": \"old\"}, {\"date\": \"2024-02\", \"rank\": 7, \"uniqueUsers\": 5.10}]";

#[test]
fn json_objects_are_given_back_as_they_were() {
    insta::assert_snapshot!(predicted("a.json", JSON, Format::Json), @r#"
    [
    {"date":"2024-01","visits":1e3,"bounceRate":41.25,"tags":[1,  2],"model":"v1","unique_users":10,"filled":["bounce_rate","visits"]},
    {"date":"2024-02","rank":7,"uniqueUsers":20,"bounce_rate":50,"filled":[],"model":"v1"}
    ]
    "#);
    insta::assert_snapshot!(predicted("a.json", JSON, Format::Ndjson), @r#"
    {"date":"2024-01","visits":1e3,"bounceRate":41.25,"tags":[1,  2],"model":"v1","unique_users":10,"filled":["bounce_rate","visits"]}
    {"date":"2024-02","rank":7,"uniqueUsers":20,"bounce_rate":50,"filled":[],"model":"v1"}
    "#);
}

#[test]
fn json_becomes_csv() {
    insta::assert_snapshot!(predicted("a.json", JSON, Format::Csv), @r#"
    date,visits,bounceRate,tags,model,rank,uniqueUsers,filled
    2024-01,1e3,41.25,"[1,
     2]",v1,,10,bounce_rate; visits
    2024-02,,50,,v1,7,20,
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

fn parquet_of(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

fn copied(parquet: Vec<u8>, format: Format, added: &[Added]) -> Result<uu_data::write::Written, WriteError> {
    let folder = tempfile::tempdir().unwrap();
    let options = WriteOptions { format: Some(format), ..WriteOptions::default() };
    let mut writer = Writer::create(Output::Path(folder.path().join("out")), options)?;
    for chunk in open(Input::bytes("a.parquet", parquet), ReadOptions::default()).unwrap() {
        writer.write(&chunk.unwrap().batch, None, added)?;
    }
    writer.finish()
}

#[test]
fn a_column_of_parts_is_an_object_in_json_and_its_text_in_a_cell_of_csv() {
    let parts = || {
        let factors = StructArray::from(vec![(
            Arc::new(Column::new("site_level", DataType::Float64, true)),
            Arc::new(Float64Array::from(vec![1.0, 0.5])) as ArrayRef,
        )]);
        let base: ArrayRef = Arc::new(Float64Array::from(vec![Some(2.5), None]));
        let fields = vec![
            (Arc::new(Column::new("base", DataType::Float64, true)), base),
            (Arc::new(Column::new("factors", factors.data_type().clone(), true)), Arc::new(factors) as ArrayRef),
        ];
        Added { name: "explanation".to_owned(), values: Arc::new(StructArray::from(fields)) }
    };
    let dates: ArrayRef = Arc::new(StringArray::from(vec!["2024-01", "2024-02"]));
    let visits: ArrayRef = Arc::new(Float64Array::from(vec![1_000.0, 2_000.0]));
    let batch = RecordBatch::try_from_iter([("date", dates), ("visits", visits)]).unwrap();
    let text = |format| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let mut writer =
            Writer::create(Output::Path(path.clone()), WriteOptions { format: Some(format), ..WriteOptions::default() }).unwrap();
        writer.write(&batch, None, &[parts()]).unwrap();
        writer.finish().unwrap();
        String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned()
    };
    insta::assert_snapshot!(text(Format::Ndjson), @r#"
    {"date":"2024-01","visits":1000,"explanation":{"base":2.5,"factors":{"site_level":1}}}
    {"date":"2024-02","visits":2000,"explanation":{"base":null,"factors":{"site_level":0.5}}}
    "#);
    insta::assert_snapshot!(text(Format::Csv), @r#"
    date,visits,explanation
    2024-01,1000,"{""base"":2.5,""factors"":{""site_level"":1}}"
    2024-02,2000,"{""base"":null,""factors"":{""site_level"":0.5}}"
    "#);
    assert!(text(Format::Parquet).starts_with("PAR1"));
}

#[test]
fn an_added_estimate_stands_in_the_place_of_a_label_under_any_of_its_names_without_being_told() {
    for name in ["unique_users", "uniqueUsers", "UniqueUsers", "unique users"] {
        let dates: ArrayRef = Arc::new(StringArray::from(vec!["2024-01", "2024-02"]));
        let labels: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 2.0]));
        let parquet = parquet_of(vec![("date", dates), (name, Arc::clone(&labels)), ("visits", labels)]);
        let written = copied(parquet, Format::Csv, &added()).unwrap();
        assert!(written.replaced_columns.is_empty(), "{name}");
        let json = format!("[{{\"date\":\"2024-01\",\"{name}\":7777,\"visits\":9}},{{\"date\":\"2024-02\",\"visits\":9}}]");
        let text = predicted("a.json", &json, Format::Ndjson);
        assert!(text.contains(&format!("\"{name}\":10")) && text.contains("\"unique_users\":20"), "{text}");
        let text = predicted("a.json", &json, Format::Csv);
        assert!(!text.contains("7777") && text.contains(",10,"), "{text}");
    }
}

#[test]
fn a_column_that_an_added_one_replaces_is_told() {
    let numbers: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 2.0]));
    let dates: ArrayRef = Arc::new(StringArray::from(vec!["2024-01", "2024-02"]));
    let parquet =
        parquet_of(vec![("date", dates), ("bounce_rate", Arc::clone(&numbers)), ("model", Arc::clone(&numbers)), ("note", numbers)]);
    let written = copied(parquet, Format::Csv, &added()).unwrap();
    let replaced: Vec<&str> = written.replaced_columns.iter().map(String::as_str).collect();
    assert_eq!(replaced, ["model"], "`bounce_rate` is a field, and filled where it was unknown");
}

#[rstest]
#[case::dictionary(true)]
#[case::plain_text(false)]
fn a_text_that_a_small_file_shares_among_many_rows_stays_small(#[case] declared_as_dictionary: bool) {
    const ROWS: usize = 20_000;
    const TEXT_BYTES: usize = 256 << 10;
    const BATCH: usize = 500;
    let texts = StringArray::from(vec!["x".repeat(TEXT_BYTES)]);
    let shared = DictionaryArray::new(Int32Array::from(vec![0; BATCH]), Arc::new(texts));
    let note: ArrayRef = if declared_as_dictionary { Arc::new(shared) } else { cast(&shared, &DataType::Utf8).unwrap() };
    let dates: ArrayRef = Arc::new(StringArray::from(vec!["2024-01"; BATCH]));
    let visits: ArrayRef = Arc::new(Float64Array::from(vec![1_000.0; BATCH]));
    let batch = RecordBatch::try_from_iter(vec![("date", dates), ("visits", visits), ("note", note)]).unwrap();
    let mut parquet = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut parquet, batch.schema(), None).unwrap();
    for _ in 0..ROWS / BATCH {
        writer.write(&batch).unwrap();
    }
    writer.close().unwrap();
    assert!(parquet.len() < 8 * TEXT_BYTES, "5 GB of text in {} bytes", parquet.len());
    let mut rows = 0;
    for chunk in open(Input::bytes("a.parquet", parquet), ReadOptions::default()).unwrap() {
        let chunk = chunk.unwrap();
        assert!(chunk.batch.num_rows() * TEXT_BYTES <= 64 << 20, "{} rows at once", chunk.batch.num_rows());
        assert_eq!(*chunk.batch.column_by_name("note").unwrap().data_type(), *batch.column(2).data_type(), "as it was declared");
        assert_eq!(chunk.first_row, rows + 1);
        rows += chunk.rows.len() as u64;
    }
    assert_eq!(rows, ROWS as u64);
}

#[rstest]
#[case("a.csv", "date,visits,=1+1,note\n2024-01,5,-3,\"=cmd|' /C calc'!A0, x\"\n2024-02,6,\"@SUM(A1)\",'kept\n")]
#[case(
    "a.ndjson",
    "{\"date\":\"2024-01\",\"visits\":5,\"=1+1\":-3,\"note\":\"=cmd|' /C calc'!A0, x\"}\n{\"date\":\"2024-02\",\"visits\":6,\"=1+1\":\"@SUM(A1)\",\"note\":\"'kept\"}\n"
)]
fn no_cell_or_name_is_a_formula_where_a_spreadsheet_may_open_the_output(#[case] name: &str, #[case] input: &str) {
    let output = |spreadsheet_safe: bool| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        let mut writer = Writer::create(Output::Path(path.clone()), WriteOptions { spreadsheet_safe, ..WriteOptions::default() }).unwrap();
        for chunk in open(Input::bytes(name, input.to_owned()), ReadOptions::default()).unwrap() {
            let chunk = chunk.unwrap();
            writer.write(&chunk.batch, chunk.json.as_deref(), &[]).unwrap();
        }
        writer.finish().unwrap();
        std::fs::read_to_string(path).unwrap()
    };
    let safe = "date,visits,'=1+1,note\n2024-01,5,-3,\"'=cmd|' /C calc'!A0, x\"\n2024-02,6,'@SUM(A1),'kept\n";
    assert_eq!(output(true), safe);
    assert_eq!(output(false), safe.replace("'=", "=").replace("'@", "@"), "what was given is echoed otherwise");
}
