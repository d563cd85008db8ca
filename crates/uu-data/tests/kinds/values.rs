//! Markers of missing values, sites, categories, NaN, and hints.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};
use arrow::record_batch::RecordBatch;
use rstest::rstest;

use crate::formats::{parquet, read, table};

#[rstest]
#[case("nan")]
#[case("None")]
#[case("N/A")]
#[case("#N/A")]
#[case(r"\N")]
#[case("(not set)")]
#[case("undefined")]
fn a_marker_of_a_missing_value_is_unknown_in_every_format(#[case] marker: &str) {
    let row = format!("2024-12|{marker}|{marker}|61000|{marker}|{marker}");
    for (name, bytes) in table("date|site|source|visits|rank|category", &[&row]).in_every_format() {
        let read = read(name, &bytes).unwrap();
        let record = &read.rows[0].record;
        assert_eq!((record.site.as_deref(), record.source.as_deref(), record.category, record.rank), (None, None, None, None), "{name}");
        assert_eq!(read.codes(0), ["missing_marker"; 4], "{name}");
    }
}

#[test]
fn every_spelling_of_a_site_is_one_site_in_every_format() {
    let rows = [
        "shop24.example.de",
        "www.shop24.example.de",
        "https://Shop24.example.de:8443/?a=b",
        "user@shop24.example.de:443",
        "SHOP24.EXAMPLE.DE.",
    ];
    let rows = rows.map(|site| format!("2024-12|{site}|250000"));
    let lines: Vec<&str> = rows.iter().map(String::as_str).collect();
    for (name, bytes) in table("date|site|visits", &lines).in_every_format() {
        assert_eq!(read(name, &bytes).unwrap().sites(), [Some("shop24.example.de"); 5], "{name}");
    }
}

#[test]
fn a_site_in_unicode_and_in_punycode_is_one_site_in_every_format() {
    let rows = ["2024-12|пример.рф|1", "2024-12|xn--e1afmkfd.xn--p1ai|1", "2024-12|WWW.ПРИМЕР.РФ|1"];
    for (name, bytes) in table("date|site|visits", &rows).in_every_format() {
        assert_eq!(read(name, &bytes).unwrap().sites(), [Some("xn--e1afmkfd.xn--p1ai"); 3], "{name}");
    }
}

#[rstest]
#[case("Total", "total_row")]
#[case("Grand total", "total_row")]
#[case("(other)", "total_row")]
#[case("Итого", "total_row")]
#[case("192.168.10.1", "not_a_host")]
#[case("info@example.com", "not_a_host")]
#[case("android-app://com.example.de", "not_a_host")]
#[case("-a.example", "not_a_host")]
fn what_is_no_host_is_no_site_in_every_format(#[case] site: &str, #[case] code: &'static str) {
    let row = format!("2024-12|{site}|100400");
    for (name, bytes) in table("date|site|visits", &["2024-12|blog.example|12400", &row]).in_every_format() {
        let read = read(name, &bytes).unwrap();
        assert_eq!(read.sites(), [Some("blog.example"), None], "{name}");
        assert_eq!(read.codes(1), [code], "{name}");
    }
}

#[rstest]
#[case("LocalHost", "localhost")]
#[case("My  Shop", "my shop")]
#[case("Dr. Oetker", "dr. oetker")]
#[case("10577", "10577")]
#[case("10577.0", "10577")]
fn a_name_that_is_no_host_groups_its_months_in_every_format(#[case] site: &str, #[case] name: &str) {
    let rows = [format!("2024-12|{site}|12400"), format!("2024-11|{name}|12400")];
    for (format, bytes) in table("date|site|visits", &rows.each_ref().map(String::as_str)).in_every_format() {
        let read = read(format, &bytes).unwrap();
        assert_eq!(read.sites(), [Some(name); 2], "{format}");
        assert_eq!((read.codes(0), read.codes(1)), (vec!["not_a_host"], vec!["not_a_host"]), "{format}");
    }
}

#[test]
fn a_column_of_numbers_names_its_sites() {
    let text = r#"[{"date":"2024-12","site":10577,"visits":5},{"date":"2024-11","site":"10577","visits":5}]"#;
    assert_eq!(read("a.json", text.as_bytes()).unwrap().sites(), [Some("10577"); 2]);
    let dates: ArrayRef = Arc::new(StringArray::from(vec!["2024-12", "2024-11"]));
    let visits: ArrayRef = Arc::new(Float64Array::from(vec![5.0, 6.0]));
    let whole: ArrayRef = Arc::new(Int64Array::from(vec![10_577, 10_578]));
    let with_nulls: ArrayRef = Arc::new(Float64Array::from(vec![Some(10_577.0), None]));
    for (sites, expected) in [(whole, [Some("10577"), Some("10578")]), (with_nulls, [Some("10577"), None])] {
        let columns = [("date", dates.clone()), ("site", sites), ("visits", visits.clone())];
        let bytes = parquet(&RecordBatch::try_from_iter(columns).unwrap());
        assert_eq!(read("a.parquet", &bytes).unwrap().sites(), expected);
    }
}

#[test]
fn two_slashes_of_a_path_are_one_in_every_format() {
    let rows = ["2024-12|example.de\\blog|1", "2024-11|example.de/blog|1", "2024-10|https://example.de\\blog\\|1"];
    for (name, bytes) in table("date|site|visits", &rows).in_every_format() {
        assert_eq!(read(name, &bytes).unwrap().sites(), [Some("example.de/blog"); 3], "{name}");
    }
}

#[rstest]
#[case("Games/Chess", Some("Games"))]
#[case("Games > Chess", Some("Games"))]
#[case("Sports | Soccer", Some("Sports/Soccer"))]
#[case("Sports: Soccer: Youth", Some("Sports/Soccer"))]
#[case("Chess", None)]
fn the_known_part_of_a_category_is_kept_in_every_format(#[case] category: &str, #[case] expected: Option<&str>) {
    // The table's own bars part its cells.
    let row = format!("2024-12|{}|5", category.replace('|', "/"));
    for (name, bytes) in table("date|category|visits", &[&row]).in_every_format() {
        let read = read(name, &bytes).unwrap();
        assert_eq!(read.rows[0].record.category.map(uu_core::Category::path), expected, "{name}");
    }
}

#[rstest]
#[case(r#"{"date":"2024-12","visits":NaN,"rank":7}"#)]
#[case(r#"{"date": "2024-12", "rank": 7, "visits": NaN}"#)]
#[case(r#"{"date":"2024-12","note":"a \" NaN","visits":NaN,"rank":7}"#)]
fn nan_in_json_is_unknown_as_it_is_in_parquet(#[case] object: &str) {
    for (name, text) in [("a.ndjson", format!("{object}\n")), ("a.json", format!("[{object}]"))] {
        let read = read(name, text.as_bytes()).unwrap();
        assert_eq!((read.visits(), read.rows[0].record.rank.map(uu_core::Rank::get)), (vec![None], Some(7.0)), "{name}");
    }
}

#[rstest]
#[case("Infinity")]
#[case("-Infinity")]
#[case("None")]
#[case("undefined")]
fn other_words_that_are_no_json_are_named(#[case] word: &str) {
    let text = format!("{{\"date\":\"2024-12\",\"visits\":{word}}}\n");
    let error = read("a.ndjson", text.as_bytes()).err().unwrap().to_string();
    assert!(error.contains(&format!("`{}`, which is no JSON: write null", word.trim_start_matches('-'))), "{error}");
}

#[rstest]
#[case("bounce_rate", "52%", "write percent without the sign: 52")]
#[case("avg_visit_duration", "00:03:21", "write seconds: 201")]
#[case("visits", "1,234", "write numbers without separators: 1234")]
#[case("avg_visit_duration", "0 days 00:03:21", "write seconds: 201")]
#[case("avg_visit_duration", "PT3M21S", "write seconds: 201")]
#[case("date", "Dez 2024", "write the year first: `2024-12`")]
#[case("date", "Дек 2024", "write the year first: `2024-12`")]
#[case("date", "12/2024", "write the year first: `2024-12`")]
#[case("date", "1733011200000", "that looks like milliseconds since 1970: write `2024-12`")]
#[case("date", "45627", "that looks like a spreadsheet's number of a day: write `2024-12`")]
#[case("date", "12/1/2024", "day and month can be mistaken for each other: write the year first, like `2018-12-01`")]
fn a_hint_fits_the_value_in_every_format(#[case] field: &'static str, #[case] value: &str, #[case] hint: &str) {
    let (date, visits) = if field == "date" { (value, "5") } else { ("2024-12", if field == "visits" { value } else { "5" }) };
    let (header, row) = match field {
        "date" | "visits" => ("date|visits", format!("{date}|{visits}")),
        "bounce_rate" => ("date|visits|bounce_rate", format!("{date}|{visits}|{value}")),
        _ => ("date|visits|avg_visit_duration", format!("{date}|{visits}|{value}")),
    };
    for (name, bytes) in table(header, &[&row]).in_every_format() {
        let error = read(name, &bytes).err().unwrap();
        assert_eq!(error.hint().unwrap(), hint, "{name}");
    }
}

#[rstest]
#[case("pages_per_visit", "3,125", "a decimal point: 3.125")]
#[case("bounce_rate", "52,125", "a decimal point: 52.125")]
#[case("visits", "250 000", "without separators: 250000")]
#[case("visits", "250'000", "without separators: 250000")]
#[case("visits", "1.234.567", "without separators: 1234567")]
fn a_number_that_a_decimal_comma_goes_with_has_its_option_in_the_hint(
    #[case] field: &'static str,
    #[case] value: &str,
    #[case] hint: &str,
) {
    let header: &'static str = if field == "visits" { "date|visits" } else { Box::leak(format!("date|{field}|visits").into_boxed_str()) };
    let row = if field == "visits" { format!("2024-12|{value}") } else { format!("2024-12|{value}|5") };
    for (name, bytes) in table(header, &[&row]).in_every_format() {
        let found = read(name, &bytes).err().unwrap().hint().unwrap().into_owned();
        assert!(found.contains(hint) && found.contains("--decimal comma"), "{name}: {found}");
    }
}

#[test]
fn visits_in_percent_are_no_visits() {
    for (name, bytes) in table("date|visits", &["2024-12|12%"]).in_every_format() {
        let hint = read(name, &bytes).err().unwrap().hint().unwrap().into_owned();
        assert!(hint.starts_with("visits cannot be a percentage"), "{name}: {hint}");
    }
}

#[test]
fn of_several_faults_each_hint_names_its_field() {
    for (name, bytes) in table("date|visits|bounce_rate|avg_visit_duration", &["2024-12|5|52%|00:03:21"]).in_every_format() {
        let hint = read(name, &bytes).err().unwrap().hint().unwrap();
        assert_eq!(hint, "bounce rate: write percent without the sign: 52; average visit duration: write seconds: 201", "{name}");
    }
}

#[test]
fn control_characters_of_the_data_are_escaped_in_messages() {
    let text = "{\"date\":\"2024-12\",\"visits\":\"1\\n2026-01-01 INFO promoted\\u001b[2J\"}\n";
    let error = read("a.ndjson", text.as_bytes()).err().unwrap().to_string();
    assert_eq!(error, r"`a.ndjson` row 1: visits must be a number, got `1\n2026-01-01 INFO promoted\u{1b}[2J`");
}
