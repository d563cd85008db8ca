//! Columns: which are used, which are not, and names that stand twice or hold what cannot be seen.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Float64Array, NullArray, StringArray};
use arrow::record_batch::RecordBatch;
use rstest::rstest;
use uu_core::Field;
use uu_data::read::{ColumnUse, Input, ReadNote, ReadOptions, open};
use uu_data::write::{Added, Output, WriteOptions, Writer, Written};

use crate::formats::{format_of, parquet, read, table};

#[test]
fn columns_under_other_names_are_reported_with_what_they_may_be() {
    let header = "date|Domain|Total Visits|Pages / Visit|Avg. Visit Duration|Bounce Rate|Global Rank|Category|notes";
    let rows = ["2024-12|shop-b.example|31000|1.7|44|71.0|640000|Sports/Soccer|x"];
    for (name, bytes) in table(header, &rows).in_every_format() {
        let columns = read(name, &bytes).unwrap().columns;
        assert_eq!(columns.unused, ["Total Visits", "Pages / Visit", "Avg. Visit Duration", "Global Rank", "notes"], "{name}");
        assert_eq!(columns.absent, [Field::Rank, Field::Visits, Field::PagesPerVisit, Field::AvgVisitDuration], "{name}");
        let near: Vec<Field> = columns.near.iter().map(|(_, field)| *field).collect();
        assert_eq!(near, [Field::Visits, Field::PagesPerVisit, Field::AvgVisitDuration, Field::Rank], "{name}");
        insta::allow_duplicates! {
            insta::assert_snapshot!(columns.lines().join("\n"), @r"
            columns not used: `Total Visits` (is it `visits`?), `Pages / Visit` (is it `pages_per_visit`?), `Avg. Visit Duration` (is it `avg_visit_duration`?), `Global Rank` (is it `rank`?), `notes`
            inputs without a column: rank, visits, pages_per_visit, avg_visit_duration
            ");
        }
    }
}

#[test]
fn an_input_is_absent_from_several_files_where_none_of_them_gives_it() {
    let a = table("date|Global Rank|visits|Total Users|notes", &["2024-12|640000|5|4|x"]).in_every_format();
    let b = table("date|rank|Avg. Visit Duration|bounce_rate", &["2024-12|640000|44|71.0"]).in_every_format();
    for ((name, of_a), (_, of_b)) in a.into_iter().zip(b) {
        let (a, b) = (read(name, &of_a).unwrap().columns, read(name, &of_b).unwrap().columns);
        for (first, second) in [(&a, &b), (&b, &a)] {
            let mut joined = ColumnUse::default();
            joined.join(first.clone());
            assert_eq!((&joined.absent, &joined.near), (&first.absent, &first.near), "{name}");
            joined.join(second.clone());
            assert_eq!(joined.absent, [Field::PagesPerVisit, Field::AvgVisitDuration, Field::Category], "{name}");
            let mut near: Vec<&str> = joined.near.iter().map(|(name, _)| name.as_str()).collect();
            near.sort_unstable();
            assert_eq!(near, ["Avg. Visit Duration", "Total Users"], "{name}: `rank` is given by the other");
        }
    }
}

#[test]
fn nothing_is_reported_where_every_column_is_used() {
    for (name, bytes) in table("date|site|visits", &["2024-12|a.example|5"]).in_every_format() {
        assert!(read(name, &bytes).unwrap().columns.lines().is_empty(), "{name}");
    }
}

#[rstest]
#[case("visits\u{a0} ")]
#[case("\u{feff}visits")]
#[case("vis\u{200b}its")]
#[case("Visits\n")]
#[case("\u{2003}VISITS")]
fn what_cannot_be_seen_in_a_name_does_not_count(#[case] visits: &'static str) {
    let header: &'static str = Box::leak(format!("date|site|{visits}|pages\u{a0}per\nvisit").into_boxed_str());
    let mut given = table(header, &["2024-12|a.example|31000|1.7"]);
    given.keep_header(header);
    for (name, bytes) in given.in_every_format() {
        let read = read(name, &bytes).unwrap();
        assert_eq!(read.visits(), [Some(31_000.0)], "{name}");
        assert_eq!(read.rows[0].record.pages_per_visit.map(uu_core::PagesPerVisit::get), Some(1.7), "{name}");
        assert!(read.columns.unused.is_empty(), "{name}");
    }
}

/// What is written of an input, with one column added.
fn written(name: &str, bytes: &[u8], out: &str) -> (Vec<u8>, Written) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(out);
    let mut writer =
        Writer::create(Output::Path(path.clone()), WriteOptions { format: Some(format_of(out)), ..WriteOptions::default() }).unwrap();
    for chunk in open(Input::bytes(name, bytes.to_vec()), ReadOptions::default()).unwrap() {
        let chunk = chunk.unwrap();
        let model: ArrayRef = Arc::new(StringArray::from(vec!["v1"; chunk.batch.num_rows()]));
        let rates: ArrayRef = Arc::new(Float64Array::from(vec![51.81; chunk.batch.num_rows()]));
        let added = [Added { name: "model".to_owned(), values: model }, Added { name: "bounce_rate".to_owned(), values: rates }];
        writer.write(&chunk.batch, chunk.json.as_deref(), &added).unwrap();
    }
    let report = writer.finish().unwrap();
    (std::fs::read(path).unwrap(), report)
}

const NOTES: &[u8] = b"date,visits,Address,Address\n2024-12,250000,first-A,second-A\n2024-12,31000,first-B,second-B\n";

#[test]
fn two_columns_of_one_name_are_carried_by_their_place() {
    let (csv, report) = written("a.csv", NOTES, "out.csv");
    insta::assert_snapshot!(String::from_utf8(csv).unwrap(), @r"
    date,visits,Address,Address,model,bounce_rate
    2024-12,250000,first-A,second-A,v1,51.81
    2024-12,31000,first-B,second-B,v1,51.81
    ");
    assert!(report.renamed_columns.is_empty());
    for out in ["out.json", "out.ndjson", "out.parquet"] {
        let (bytes, report) = written("a.csv", NOTES, out);
        assert_eq!(report.renamed_columns.into_iter().collect::<Vec<_>>(), [("Address".to_owned(), vec!["Address_2".to_owned()])], "{out}");
        let csv = String::from_utf8(written(out, &bytes, "again.csv").0).unwrap();
        assert!(
            csv.starts_with("date,visits,Address,Address_2,") && csv.contains("first-A,second-A") && csv.contains("first-B,second-B"),
            "{out}: {csv}"
        );
    }
}

#[test]
fn a_new_name_is_one_that_no_column_has() {
    let (bytes, report) = written("a.csv", b"date,visits,a,a_2,a,a\n2024-12,5,w,x,y,z\n", "out.ndjson");
    assert_eq!(report.renamed_columns["a"], ["a_3", "a_4"]);
    assert!(String::from_utf8(bytes).unwrap().contains(r#""a":"w","a_2":"x","a_3":"y","a_4":"z""#));
    let (bytes, _) = written("a.csv", b"date,visits,a,a,a_2,b,a_2,b\n2024-12,5,u,v,w,x,y,z\n", "out.ndjson");
    assert!(String::from_utf8(bytes).unwrap().contains(r#""a":"u","a_3":"v","a_2":"w","b":"x","a_2_2":"y","b_2":"z""#));
}

#[test]
fn a_key_that_stands_twice_in_a_record_keeps_both_values() {
    let text = b"{\"date\":\"2024-12\",\"visits\":5,\"note\":\"x\",\"note\":\"y\"}\n{\"date\":\"2024-12\",\"visits\":6,\"note\":\"z\"}\n";
    let (csv, _) = written("a.ndjson", text, "out.csv");
    insta::assert_snapshot!(String::from_utf8(csv).unwrap(), @r"
    date,visits,note,note,model,bounce_rate
    2024-12,5,x,y,v1,51.81
    2024-12,6,z,,v1,51.81
    ");
}

#[rstest]
#[case("out.json")]
#[case("out.ndjson")]
#[case("out.parquet")]
#[case("out.csv")]
fn a_column_of_nulls_is_filled_with_numbers(#[case] out: &str) {
    let date: ArrayRef = Arc::new(StringArray::from(vec!["2024-12"]));
    let visits: ArrayRef = Arc::new(Float64Array::from(vec![5.0]));
    let nothing: ArrayRef = Arc::new(NullArray::new(1));
    let columns = [("date", date), ("visits", visits), ("bounce_rate", nothing.clone()), ("rank", nothing.clone()), ("site", nothing)];
    let batch = RecordBatch::try_from_iter_with_nullable(columns.map(|(name, values)| (name, values, true))).unwrap();
    let (bytes, _) = written("a.parquet", &parquet(&batch), out);
    if out == "out.ndjson" {
        insta::assert_snapshot!(String::from_utf8(bytes.clone()).unwrap(), @r#"{"date":"2024-12","visits":5,"bounce_rate":51.81,"rank":null,"site":null,"model":"v1"}"#);
    }
    let read = read(out, &bytes).unwrap();
    assert_eq!(read.rows[0].record.bounce_rate.map(uu_core::BounceRate::get), Some(51.81));
}

#[rstest]
#[case("# one\n# two\n\ndate,site,visits\n2024-12,a.example,5\n", 2)]
#[case("sep=,\ndate,site,visits\n2024-12,a.example,5\n", 1)]
#[case("Traffic of our sites\n2024\ndate,site,visits\n2024-12,a.example,5\n", 2)]
fn lines_before_the_header_are_passed_over_and_noted(#[case] text: &str, #[case] lines: u64) {
    let read = read("a.csv", text.as_bytes()).unwrap();
    assert_eq!((read.visits(), read.columns.notes), (vec![Some(5.0)], vec![ReadNote::LinesBeforeHeader { lines }]));
}

#[test]
fn a_bad_row_is_named_with_its_line() {
    let text = "# one\n# two\ndate,note,visits\n2024-12,\"a\nb\",5\n2024-12,c,many\n";
    let error = read("a.csv", text.as_bytes()).err().unwrap();
    assert_eq!(error.to_string(), "`a.csv` row 2 (line 6): visits must be a number, got `many`");
}

#[test]
fn semicolons_in_a_quoted_name_part_nothing() {
    let text = "\"site (host; no www; lower case; no port)\",date,visits\na.example,2024-12,12400\n";
    assert_eq!(read("a.csv", text.as_bytes()).unwrap().visits(), [Some(12_400.0)]);
}

#[rstest]
#[case::after_the_header("date,site,visits\n# exported by hand\n2024-12,a.example,5\n", 1)]
#[case::at_the_end("date,site,visits\n2024-12,a.example,5\n# end, of file\n#\n", 2)]
#[case::as_wide_as_the_table("date,site,visits\n# made, by, hand\n2024-12,a.example,5\n", 1)]
fn lines_of_comment_between_rows_are_passed_over_and_noted(#[case] text: &str, #[case] lines: u64) {
    let read = read("a.csv", text.as_bytes()).unwrap();
    assert_eq!((read.visits(), read.columns.notes), (vec![Some(5.0)], vec![ReadNote::Comments { lines }]));
}

#[rstest]
#[case::ndjson("a.ndjson", "# one\n{\"date\":\"2024-12\",\"visits\":5}\n// two\n")]
#[case::json("a.json", "// one\n[{\"date\":\"2024-12\",\"visits\":5}\n# two\n]")]
#[case::without_a_name("stdin", "# one\n# two\n{\"date\":\"2024-12\",\"visits\":5}\n")]
fn lines_of_comment_in_json_are_passed_over_and_noted(#[case] name: &str, #[case] text: &str) {
    let read = read(name, text.as_bytes()).unwrap();
    assert_eq!((read.visits(), read.columns.notes), (vec![Some(5.0)], vec![ReadNote::Comments { lines: 2 }]));
}

#[test]
fn a_row_that_begins_as_a_comment_does_is_a_row() {
    let read = read("a.csv", b"#,date,visits\n#1,2024-12,5\n#2,2024-11,6\n").unwrap();
    assert_eq!((read.visits(), read.columns.notes), (vec![Some(5.0), Some(6.0)], vec![]));
    let too_wide = crate::formats::read("a.csv", b"id,date,visits,note\n#1,2024-12,5,hello, world\n").err().unwrap();
    assert!(too_wide.to_string().contains("row must be 4 cells wide"), "{too_wide}");
}

#[test]
fn the_reason_that_an_answer_was_cut_off_with_is_no_comment() {
    let text = b"date,site,visits\n2024-12,a.example,5\n# error: the body ended too early\n";
    assert!(read("a.csv", text).err().unwrap().to_string().contains("row 2 (line 3)"));
}

#[rstest]
#[case("a.tsv", "date\tvisits\tnotes (one, two, three, four)\n2024-12\t5\tx\n")]
#[case("a.csv", "date\tvisits\tnotes, date, visits, rank\n2024-12\t5\tx\n")]
#[case("stdin", "notes: a, b, c;date;visits\nx;2024-12;5\n")]
#[case("a.csv", "date,visits,notes; a; b; c\n2024-12,5,x\n")]
fn commas_within_a_name_part_nothing_where_another_delimiter_does(#[case] name: &str, #[case] text: &str) {
    let read = read(name, text.as_bytes()).unwrap();
    assert_eq!((read.visits(), read.columns.unused.len()), (vec![Some(5.0)], 1));
}

#[rstest]
#[case("2024-12,a.example,1000\n2024-11,a.example,900\n")]
#[case("a.example;2024-12-01;1000;3.5\n")]
fn a_table_without_a_header_is_called_so(#[case] text: &str) {
    let error = read("a.csv", text.as_bytes()).err().unwrap();
    assert!(error.to_string().contains("must begin with a header"), "{error}");
    assert!(error.hint().unwrap().contains("`date,site,visits`"));
    let wide = read("a.csv", b"site,2024-11,2024-12\na.example,5,6\n").err().unwrap();
    assert!(wide.to_string().contains("must have a column `date`"), "{wide}");
}

#[test]
fn of_two_own_columns_with_the_name_of_an_added_one_the_second_is_kept() {
    const OWN: &[u8] = b"date,visits,model,model,model_2\n2024-12,5,first,second,third\n";
    for out in ["out.csv", "out.json", "out.ndjson", "out.parquet"] {
        let (bytes, report) = written("a.csv", OWN, out);
        assert_eq!(report.renamed_columns["model"], ["model_3"], "{out}");
        assert_eq!(report.replaced_columns.iter().collect::<Vec<_>>(), ["model"], "{out}");
        let csv = String::from_utf8(written_again(out, &bytes)).unwrap();
        assert_eq!(csv, "date,visits,model,model_3,model_2,bounce_rate\n2024-12,5,v1,second,third,51.81\n", "{out}");
    }
}

/// What was written, as CSV.
fn written_again(name: &str, bytes: &[u8]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("again.csv");
    let mut writer = Writer::create(Output::Path(path.clone()), WriteOptions::default()).unwrap();
    for chunk in open(Input::bytes(name, bytes.to_vec()), ReadOptions::default()).unwrap() {
        writer.write(&chunk.unwrap().batch, None, &[]).unwrap();
    }
    writer.finish().unwrap();
    std::fs::read(path).unwrap()
}

#[test]
fn of_two_keys_with_the_name_of_an_added_one_the_second_is_kept() {
    let text = b"{\"date\":\"2024-12\",\"visits\":5,\"model\":\"a\",\"model\":\"b\",\"model\":\"c\"}\n";
    let (bytes, _) = written("a.ndjson", text, "out.ndjson");
    let expected = r#"{"date":"2024-12","visits":5,"model":"v1","model_2":"b","model_3":"c","bounce_rate":51.81}"#;
    assert_eq!(String::from_utf8(bytes).unwrap().trim_end(), expected);
}

/// Beyond what a search for each of them would take.
const REPEATS: usize = 9_000;

fn repeats(name: &str) -> String {
    (0..REPEATS).map(|key| format!(",\"{name}\":{key}")).collect()
}

#[test]
fn thousands_of_keys_with_the_name_of_an_added_one_are_renamed_in_order() {
    let text = format!("{{\"date\":\"2024-12\",\"visits\":5,\"model_3\":9{}}}\n", repeats("model"));
    let (bytes, _) = written("a.ndjson", text.as_bytes(), "out.ndjson");
    let out = String::from_utf8(bytes).unwrap();
    assert!(out.contains(r#""model_3":9,"model":"v1","model_2":1,"model_4":2,"model_5":3,"#));
    assert!(out.contains(&format!("\"model_{}\":{},", REPEATS + 1, REPEATS - 1)));
}

#[test]
fn thousands_of_keys_of_one_name_are_laid_out_in_order() {
    let wide = format!("{{\"date\":\"2024-12\",\"visits\":5{}}}\n", repeats("note"));
    let text = format!("{}{{\"date\":\"2024-11\",\"note\":1}}\n", wide.repeat(50));
    let (csv, _) = written("a.ndjson", text.as_bytes(), "out.csv");
    let csv = String::from_utf8(csv).unwrap();
    let line = |place: usize| csv.lines().nth(place).unwrap();
    assert_eq!(line(0).matches("note").count(), REPEATS);
    assert!(line(50).starts_with("2024-12,5,0,1,2,") && line(50).contains(&format!(",{},", REPEATS - 1)));
    assert!(line(51).starts_with("2024-11,,1,,,"));
}

#[test]
fn keys_that_stand_twice_keep_their_places_from_chunk_to_chunk() {
    let text = "{\"date\":\"2024-12\",\"visits\":5,\"note\":\"x\",\"note\":\"y\"}\n".repeat(3);
    for chunk_rows in [1, 2, 16_384] {
        let options = ReadOptions { chunk_rows, ..ReadOptions::default() };
        for chunk in open(Input::bytes("a.ndjson", text.clone()), options).unwrap() {
            let batch = chunk.unwrap().batch;
            assert_eq!(batch.num_columns(), 4, "{chunk_rows}");
            assert_eq!((2..4).map(|place| batch.column(place).null_count()).sum::<usize>(), 0, "{chunk_rows}");
        }
    }
}

#[test]
fn columns_without_a_name_are_counted() {
    let text = b"date,visits,,note,\n2024-12,5,,x,\n";
    let read = read("a.csv", text).unwrap();
    assert_eq!(read.columns.lines()[0], "columns not used: `note`, 2 without a name");
    let (bytes, report) = written("a.csv", text, "out.ndjson");
    assert_eq!(report.renamed_columns[""], ["unnamed_2"]);
    assert!(String::from_utf8(bytes).unwrap().contains(r#""":null,"note":"x","unnamed_2":null"#));
}
