//! Objects of JSON that are keyed by month, as files: they are read, and refused, as a request for one site is.

use rstest::rstest;
use uu_data::read::{BadRows, Input, ReadOptions, SkippedRows, open};

use crate::formats::read;

#[rstest]
#[case::null(r#"{"2024-12":{"visits":10000},"2025-01":null}"#, "null under `2025-01`")]
#[case::a_number(r#"{"domain":"a.example","2024-12":{"visits":10000},"2025-01":5}"#, "a number under `2025-01`")]
#[case::numbers_alone(r#"{"site":"a.example","2024-12":10000,"2025-01":5}"#, "a number under `2024-12`")]
fn a_month_without_an_object_is_refused_by_its_name(#[case] text: &str, #[case] found: &str) {
    for name in ["a.json", "a.ndjson", "stdin"] {
        let error = read(name, text.as_bytes()).err().unwrap().to_string();
        assert!(error.contains("must be an object of a month's values") && error.contains(found), "{name}: {error}");
    }
}

#[test]
fn the_other_months_are_read_where_bad_rows_are_skipped() {
    let text = r#"{"2024-11":null,"2024-12":{"visits":10000},"2024-13":{"visits":5}}"#;
    let mut skipped = SkippedRows::default();
    let chunk = open(Input::bytes("a.json", text), ReadOptions::default()).unwrap().next().unwrap().unwrap();
    assert_eq!(chunk.passed(BadRows::Skip, &mut skipped).unwrap().rows.len(), 1);
    assert_eq!(skipped.by_rule.into_iter().collect::<Vec<_>>(), [("bad_date", 1), ("malformed_row", 1)]);
}

#[rstest]
#[case::a_domain(r#"{"domain":"a.example","2024-12":{"visits":5},"2024-11":{"visits":6}}"#)]
#[case::behind_the_months(r#"{"2024-12":{"visits":5},"2024-11":{"visits":6},"site":"www.a.example"}"#)]
#[case::and_a_note(r#"{"site":"a.example","note":"x","id":7,"2024-12":{"visits":5},"2024-11":{"visits":6}}"#)]
#[case::a_month_of_its_own(r#"{"site":"b.example","2024-12":{"visits":5,"domain":"a.example"},"2024-11":{"visits":6,"site":"a.example"}}"#)]
fn what_stands_beside_the_months_is_of_each_of_them(#[case] text: &str) {
    for name in ["a.json", "a.ndjson"] {
        let read = read(name, text.as_bytes()).unwrap();
        assert_eq!((read.visits(), read.sites()), (vec![Some(5.0), Some(6.0)], vec![Some("a.example"); 2]), "{name}");
    }
}

#[test]
fn a_record_with_a_date_is_no_object_of_months() {
    let text = r#"{"date":"2024-12","visits":5,"2024-11":{"visits":6}}"#;
    let read = read("a.ndjson", text.as_bytes()).unwrap();
    assert_eq!((read.visits(), read.columns.unused), (vec![Some(5.0)], vec!["2024-11".to_owned()]));
}

#[test]
fn a_file_of_json_has_no_header_to_be_named() {
    for text in [r#"{"2024-12":1,"5":2}"#, r#"{"x":1,"2024-12":2}"#] {
        let error = read("a.ndjson", text.as_bytes()).err().unwrap();
        assert!(error.to_string().contains("must have a column `date`"), "{error}");
        assert!(!error.hint().unwrap_or_default().contains("first line"), "{error}");
    }
}

#[test]
fn a_long_value_beside_many_months_is_refused() {
    let months: String = (0..400).map(|month| format!(",\"{}-{:02}\":{{\"visits\":5}}", 1990 + month / 12, month % 12 + 1)).collect();
    let of = |bytes: usize| format!("{{\"note\":\"{}\"{months}}}", "a".repeat(bytes));
    assert_eq!(read("a.json", of(1_000).as_bytes()).unwrap().rows.len(), 400);
    let error = read("a.json", of(1 << 20).as_bytes()).err().unwrap().to_string();
    assert!(error.contains("must be an object of months with short values beside them"), "{error}");
}
