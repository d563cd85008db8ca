//! Outputs of this product, read again.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, StringArray, StructArray};
use arrow::record_batch::RecordBatch;
use rstest::rstest;
use uu_data::read::{Input, ReadNote, ReadOptions, filled_names, open};

use crate::formats::{Rows, parquet, read, table};

const HEADER: &str =
    "date|site|visits|rank|bounce_rate|unique_users|unique_users_low|unique_users_high|unique_users_known|filled|warnings|model";

fn values(read: &Rows, row: usize) -> (Option<f64>, Option<f64>, Option<f64>, Option<f64>) {
    let record = &read.rows[row].record;
    (
        record.visits.map(uu_core::Visits::get),
        record.rank.map(uu_core::Rank::get),
        record.bounce_rate.map(uu_core::BounceRate::get),
        record.unique_users.map(uu_core::UniqueUsers::get),
    )
}

#[test]
fn estimates_and_filled_inputs_are_unknown_and_known_users_are_labels_in_every_format() {
    let rows = [
        "2024-12|a.example|12400|83919|41.5|5788|4000|7000||rank; bounce_rate||v0001",
        "2024-12|b.example|88000|51000|52|41000|30000|52000|40000|rank||v0001",
        "2024-12|c.example|88000|51000|52|41000|30000|52000||||v0001",
    ];
    for (name, bytes) in table(HEADER, &rows).in_every_format() {
        let read = read(name, &bytes).unwrap();
        assert_eq!(values(&read, 0), (Some(12_400.0), None, None, None), "{name}");
        assert_eq!(values(&read, 1), (Some(88_000.0), None, Some(52.0), Some(40_000.0)), "{name}");
        assert_eq!(values(&read, 2), (Some(88_000.0), Some(51_000.0), Some(52.0), None), "{name}");
        assert_eq!(read.columns.notes, [ReadNote::OwnOutput], "{name}");
        assert!(read.columns.unused.is_empty(), "{name}");
    }
}

#[rstest]
#[case(r#"{"2024-12":{"visits":12400,"alexa":83919,"uniqueUsers":5788,"uniqueUsersLow":4000,"uniqueUsersHigh":7000,"level":0.9,"filled":["alexa"],"warnings":[],"model":"v0001"}}"#, None)]
#[case(r#"{"2024-12":{"visits":12400,"alexa":83919,"uniqueUsers":5788,"uniqueUsersLow":5788,"uniqueUsersHigh":5788,"known":true,"filled":["alexa"],"warnings":[],"model":"v0001"}}"#, Some(5_788.0))]
fn an_answer_over_http_is_no_label_unless_it_says_so(#[case] text: &str, #[case] users: Option<f64>) {
    let read = read("a.json", text.as_bytes()).unwrap();
    assert_eq!(values(&read, 0), (Some(12_400.0), None, None, users));
    assert_eq!(read.columns.notes, [ReadNote::OwnOutput]);
}

#[test]
fn an_output_that_lost_columns_is_still_one() {
    let cases: [(&'static str, &str, Option<f64>, Option<f64>); 6] = [
        ("unique_users_low|unique_users_high|model", "4000|7000|v0001", Some(83_919.0), None),
        ("unique_users_low|unique_users_high", "4000|7000", Some(83_919.0), None),
        ("uniqueUsersLow|uniqueUsersHigh|filled|model", "4000|7000|alexa|v0001", None, None),
        ("uniqueUsersLow|uniqueUsersHigh|known|filled", "5788|5788|True|rank", None, Some(5_788.0)),
        ("unique_users_high|unique_users_known|filled|model", "7000|6100|['rank' 'bounce_rate']|v0001", None, Some(6_100.0)),
        ("unique_users_known", "6100", Some(83_919.0), Some(6_100.0)),
    ];
    for (header, cells, rank, users) in cases {
        let table_header: &'static str = Box::leak(format!("date|visits|rank|unique_users|{header}").into_boxed_str());
        for (name, bytes) in table(table_header, &[&format!("2024-12|12400|83919|5788|{cells}")]).in_every_format() {
            let read = read(name, &bytes).unwrap();
            let (_, found_rank, _, found_users) = values(&read, 0);
            assert_eq!((found_rank, found_users), (rank, users), "{header} in {name}");
            let is_marked = header.contains("filled");
            let note = if is_marked { ReadNote::OwnOutput } else { ReadNote::OwnOutputUnmarked };
            assert_eq!((read.columns.notes.as_slice(), read.columns.unused.len()), ([note].as_slice(), 0), "{header} in {name}");
            assert_eq!(read.codes(0).contains(&"filled_inputs_unmarked"), !is_marked, "{header} in {name}");
        }
    }
}

#[test]
fn where_the_estimates_were_taken_out_the_known_users_are_the_label() {
    let rows = ["2024-12|12400|6100.5|rank|v0001", "2024-11|12400||rank|v0001"];
    for (name, bytes) in table("date|visits|unique_users_known|filled|model", &rows).in_every_format() {
        let read = read(name, &bytes).unwrap();
        assert_eq!((values(&read, 0).3, values(&read, 1).3), (Some(6_100.5), None), "{name}");
    }
}

#[test]
fn columns_of_an_output_are_near_no_field() {
    for (name, bytes) in table("date|visits|unique_users_low|model", &["2024-12|12400|5788|tesla"]).in_every_format() {
        let read = read(name, &bytes).unwrap();
        assert_eq!((read.columns.unused.len(), read.columns.near), (2, Vec::new()), "{name}");
        assert_eq!(read.columns.notes, [], "{name}");
    }
}

#[rstest]
#[case("rank; bounce_rate", &["rank", "bounce_rate"])]
#[case(r#"["rank","a, b; c"]"#, &["rank", "a, b; c"])]
#[case(r#""rank; visits""#, &["rank", "visits"])]
#[case("['rank', 'bounce_rate']", &["rank", "bounce_rate"])]
#[case("['rank' 'bounce_rate'\n 'load']", &["rank", "bounce_rate", "load"])]
#[case("[]", &[])]
#[case("", &[])]
#[case("null", &[])]
fn names_of_filled_inputs_are_read_as_other_programs_write_them(#[case] list: &str, #[case] names: &[&str]) {
    assert_eq!(filled_names(list), names, "{list}");
}

#[rstest]
#[case::a_model("date|visits|unique_users|model", "2024-12|12400|5788|tesla")]
#[case::a_version("date|visits|unique_users|model", "2024-12|12400|5788|v0001")]
#[case::who_filled_it_in("date|visits|unique_users|filled|model", "2024-12|12400|5788|by hand|v0001")]
#[case::whether_it_was_filled("date|visits|unique_users|filled|model", "2024-12|12400|5788|no|tesla")]
#[case::nothing_filled("date|visits|unique_users|filled|model|warnings", "2024-12|12400|5788||tesla|")]
#[case::nothing_at_all("date|visits|unique_users|filled|model", "2024-12|12400|5788||")]
fn a_label_beside_columns_that_anybody_may_have_is_a_label(#[case] header: &'static str, #[case] row: &str) {
    for (name, bytes) in table(header, &[row]).in_every_format() {
        let read = read(name, &bytes).unwrap();
        assert_eq!(values(&read, 0).3, Some(5_788.0), "{name}");
        assert_eq!(read.columns.notes, [], "{name}");
    }
}

#[rstest]
#[case::of_the_interval("Date|Site|Visits|Rank|Unique_Users|Unique_Users_Low|Unique_Users_High|Filled|Model", "4000|7000|Rank|v0001")]
#[case::in_words("DATE|SITE|VISITS|RANK|UNIQUE USERS|Unique Users Low|Unique Users High|Filled|Model", "4000|7000|rank|v0001")]
#[case::one_end("date|site|visits|rank|unique_users|UniqueUsersHigh|FILLED|MODEL", "7000|alexa|v0001")]
#[case::without_the_interval("date|site|visits|rank|unique_users|model|filled|warnings", "v0001|rank|")]
#[case::of_python("date|site|visits|rank|unique_users|Model|Filled", "0f3a9c41d2be|['rank']")]
fn an_output_is_recognized_in_any_letter_case_and_without_its_interval(#[case] header: &'static str, #[case] cells: &str) {
    let row = format!("2024-12|a.example|12400|83919|5788|{cells}");
    for (name, bytes) in table(header, &[&row]).in_every_format() {
        let read = read(name, &bytes).unwrap();
        assert_eq!(values(&read, 0), (Some(12_400.0), None, None, None), "{name}");
        assert_eq!(read.columns.notes, [ReadNote::OwnOutput], "{name}");
    }
}

#[test]
fn an_interval_in_another_spelling_is_carried_to_no_other_estimate_in_every_format() {
    let header = "Date|Visits|Unique_Users|Unique_Users_Low|Unique_Users_High|Filled|Model|Level";
    for (name, bytes) in table(header, &["2024-12|12400|5788|4000|7000|rank|v0001|senior"]).in_every_format() {
        for column in ["Unique_Users_Low", "Unique_Users_High", "Filled", "Model"] {
            assert_eq!(carried(name, &bytes, column), [None], "{column} in {name}");
        }
        assert_eq!(carried(name, &bytes, "Level"), [Some("senior".to_owned())], "{name}");
    }
    let of_another = table("Date|Visits|Unique_Users|Model|Filled", &["2024-12|12400|5788|tesla|by hand"]);
    for (name, bytes) in of_another.in_every_format() {
        assert_eq!(carried(name, &bytes, "Model"), [Some("tesla".to_owned())], "{name}");
    }
}

#[test]
fn an_output_of_which_nothing_was_filled_is_recognized_by_its_version() {
    let header = "date|site|visits|unique_users|model|filled";
    for (name, bytes) in table(header, &["2024-12|a.example|12400|5788|v0012|", "2024-12|b.example|88000|41000|v0012|"]).in_every_format() {
        let read = read(name, &bytes).unwrap();
        assert_eq!([values(&read, 0).3, values(&read, 1).3], [None, None], "{name}");
    }
    let listed = r#"{"date":"2024-12","visits":12400,"unique_users":5788,"filled":[],"model":"v0012"}"#;
    assert_eq!(values(&read("a.ndjson", listed.as_bytes()).unwrap(), 0).3, None);
}

#[test]
fn the_first_rows_with_values_decide_for_those_behind_them() {
    let rows = (0..40).map(|site| {
        let model = if site < 20 { "" } else { "v0001" };
        format!("2024-12,s{site}.example,12400,5788,{model},\n")
    });
    let text: String = std::iter::once("date,site,visits,unique_users,model,filled\n".to_owned()).chain(rows).collect();
    let options = ReadOptions { chunk_rows: 10, ..ReadOptions::default() };
    let read = crate::formats::read_with("a.csv", text.as_bytes(), &options).unwrap();
    assert_eq!([0, 19, 20, 39].map(|row| values(&read, row).3), [Some(5_788.0), Some(5_788.0), None, None]);
    assert_eq!(read.columns.notes, [ReadNote::OwnOutput]);
}

/// What the first rows of an input have in a column, as a table and as objects.
fn carried(name: &str, bytes: &[u8], column: &str) -> Vec<Option<String>> {
    let chunk = open(Input::bytes(name, bytes.to_vec()), ReadOptions::default()).unwrap().next().unwrap().unwrap();
    let text = |values: &ArrayRef, row: usize| {
        let text = arrow::util::display::array_value_to_string(values, row).unwrap();
        Some(text).filter(|text| !text.is_empty())
    };
    let of_table = |row| chunk.batch.column_by_name(column).and_then(|values| text(values, row));
    if let Some(json) = &chunk.json {
        for (row, object) in json.iter().enumerate() {
            let object: serde_json::Value = serde_json::from_str(object.get()).unwrap();
            let value = object.get(column).filter(|value| !value.is_null());
            assert_eq!(value.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)), of_table(row), "{name}");
        }
    }
    (0..chunk.batch.num_rows()).map(of_table).collect()
}

const EXPLAINED: &str = r#"{"base":47.5,"factors":{"visits":1.5}}"#;

#[rstest]
#[case::of_an_output("date|visits|unique_users|unique_users_low|unique_users_high|filled|explanation", "2024-12|12400|5788|4000|7000||")]
#[case::that_lost_its_interval("date|visits|unique_users|explanation", "2024-12|12400|5788|")]
fn an_explanation_of_an_earlier_estimate_is_carried_to_no_other_in_every_format(#[case] header: &'static str, #[case] row: &str) {
    let of_python = "{'base': 47.5, 'factors': {'visits': 1.5}}";
    let rows = [EXPLAINED, of_python, "", "a campaign in May", "base and factors"].map(|cell| format!("{row}{cell}"));
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let column = header.rsplit('|').next().unwrap().trim();
    for (name, bytes) in table(header, &rows).in_every_format() {
        let expected = [None, None, None, Some("a campaign in May".to_owned()), Some("base and factors".to_owned())];
        assert_eq!(carried(name, &bytes, column), expected, "{name}");
    }
}

#[test]
fn an_explanation_that_is_an_object_is_carried_to_no_other_estimate() {
    let object = format!("{{\"date\":\"2024-12\",\"visits\":12400,\"explanation\":{EXPLAINED},\"note\":\"x\"}}\n");
    assert_eq!(carried("a.ndjson", object.as_bytes(), "explanation"), [None]);
    assert_eq!(carried("a.ndjson", object.as_bytes(), "note"), [Some("x".to_owned())]);
    let kept = object.replace("base", "by");
    assert_ne!(carried("a.ndjson", kept.as_bytes(), "explanation"), [None]);

    let numbers = |value: f64| Arc::new(Float64Array::from(vec![value])) as ArrayRef;
    let fields = |names: [&str; 2]| {
        let column = |name: &str| Arc::new(arrow::datatypes::Field::new(name, arrow::datatypes::DataType::Float64, true));
        Arc::new(StructArray::from(vec![(column(names[0]), numbers(47.5)), (column(names[1]), numbers(1.5))])) as ArrayRef
    };
    for (names, is_carried) in [(["base", "factors"], false), (["by", "text"], true)] {
        let date: ArrayRef = Arc::new(StringArray::from(vec!["2024-12"]));
        let columns = [("date", date), ("visits", numbers(12_400.0)), ("explanation", fields(names))];
        let bytes = parquet(&RecordBatch::try_from_iter(columns).unwrap());
        assert_eq!(carried("a.parquet", &bytes, "explanation")[0].is_some(), is_carried, "{names:?}");
    }
}

#[test]
fn what_an_answer_says_of_its_estimate_is_carried_to_no_other_in_every_format() {
    let header = "date|visits|uniqueUsers|uniqueUsersLow|uniqueUsersHigh|level|visitsPerUser|known|filled|note";
    for (name, bytes) in table(header, &["2024-12|12400|5788|5788|5788|0.8|2.14|true||x"]).in_every_format() {
        for column in ["level", "visitsPerUser", "known"] {
            assert_eq!(carried(name, &bytes, column), [None], "{column} in {name}");
        }
        assert_eq!(carried(name, &bytes, "note"), [Some("x".to_owned())], "{name}");
        assert_eq!(values(&read(name, &bytes).unwrap(), 0).3, Some(5_788.0), "{name}: they are known all the same");
    }
    let of_another = table("date|visits|unique_users_low|unique_users_high|level|known", &["2024-12|12400|4000|7000|senior|yes"]);
    for (name, bytes) in of_another.in_every_format() {
        assert_eq!(carried(name, &bytes, "level"), [Some("senior".to_owned())], "{name}");
    }
}
