//! The nested export: months are joined by date.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use proptest::prelude::*;
use uu_core::{Record, Visits};
use uu_data::read::{BadRows, Format, Input, ReadOptions, read_all};

fn read(json: &str, format: Option<Format>) -> Vec<Record> {
    let options = ReadOptions { format, ..ReadOptions::default() };
    let (rows, _) = read_all(vec![Input::bytes("export.json", json.to_owned())], &options, BadRows::Fail).unwrap();
    rows.into_iter().map(|checked| checked.record).collect()
}

const SITE: &str = r#"[{"domain_name": "example.com",
    "visits": {"2018-02-01": 200, "2018-01-01": 100, "2018-03-01": -1},
    "summary": {"2018-01-01": {"category": "Sports/Soccer", "title": "x"}},
    "engagement": {"2018-03-01": {"AvgVisitDuration": -1, "PagesPerVisit": 3.5, "BounceRate": 0, "UniqueUsers": 30},
                   "2018-01-01": {"AvgVisitDuration": 61.5, "UniqueUsers": null}},
    "alexa": {"2018-04": {"popularityText": 1234}}}]"#;

#[test]
fn every_month_of_any_section_is_a_row() {
    for format in [None, Some(Format::Nested)] {
        let rows = read(SITE, format);
        let months: Vec<String> = rows.iter().map(|row| row.month.to_string()).collect();
        assert_eq!(months, ["2018-01-01", "2018-02-01", "2018-03-01", "2018-04-01"]);
        assert!(rows.iter().all(|row| row.site.as_deref() == Some("example.com")));
        let visits: Vec<Option<f64>> = rows.iter().map(|row| row.visits.map(Visits::get)).collect();
        assert_eq!(visits, [Some(100.0), Some(200.0), None, None]);
        assert_eq!(rows[0].category.map(uu_core::Category::path), Some("Sports/Soccer"));
        assert_eq!(rows[2].bounce_rate.map(uu_core::BounceRate::get), Some(0.0), "zero is a value");
        assert_eq!((rows[2].avg_visit_duration, rows[0].unique_users), (None, None));
        assert_eq!(rows[3].rank.map(uu_core::Rank::get), Some(1234.0));
    }
}

#[test]
fn minus_one_is_unknown_in_the_nested_export_and_nowhere_else() {
    assert_eq!(read(SITE, None)[2].visits, None);
    let options = ReadOptions::default();
    let flat = r#"[{"date": "2018-01-01", "visits": -1}]"#;
    let error = read_all(vec![Input::bytes("flat.json", flat)], &options, BadRows::Fail).unwrap_err();
    assert_eq!(error.to_string(), "`flat.json` row 1: visits must be a number of visits, 0 or more, got -1");
}

#[test]
fn a_section_of_another_kind_is_a_bad_row() {
    let json = r#"[{"domain_name": "a.com", "visits": {"2018-01-01": 1}, "engagement": [1, 2]}]"#;
    let error = read_all(vec![Input::bytes("e.json", json)], &ReadOptions::default(), BadRows::Fail).unwrap_err();
    assert_eq!(error.to_string(), "`e.json` row 1: row must be a JSON object, got a list");
    let json = r#"[{"domain_name": "a.com", "visits": {"2018-01-01": 1, "2018-01": 2}}]"#;
    let error = read_all(vec![Input::bytes("e.json", json)], &ReadOptions::default(), BadRows::Fail).unwrap_err();
    assert_eq!(error.to_string(), "`e.json` row 1: visits must be given once, got two values");
}

#[test]
fn a_site_that_stands_for_more_than_it_can_be_is_a_bad_row() {
    let refused =
        |json: String| read_all(vec![Input::bytes("e.json", json)], &ReadOptions::default(), BadRows::Fail).unwrap_err().to_string();
    let months = |count: u32| {
        (0..count).map(|number| format!("\"{:04}-{:02}\":1", 1000 + number / 12, number % 12 + 1)).collect::<Vec<_>>().join(",")
    };
    // The name is written beside each of its months.
    let long = refused(format!("[{{\"domain_name\":\"{}\",\"visits\":{{{}}}}}]", "a".repeat(1 << 20), months(100)));
    assert_eq!(long, "`e.json` row 1: row must be a site with a short `domain_name`, got one of 1048578 bytes");
    let sections = format!("\"visits\":{{{}}},", months(100)).repeat(1_201);
    let many = refused(format!("[{{\"domain_name\":\"a.com\",{sections}\"alexa\":{{}}}}]"));
    assert_eq!(many, "`e.json` row 1: row must be a site of at most 120,000 months in all its sections, got more");
    let keys = refused(format!("[{{\"date\":\"2024-01\"{}}}]", ",\"visits\":1".repeat(120_000)));
    assert!(keys.starts_with("`e.json` row 1: row must be a JSON object, got broken JSON (more than 120000 keys"), "{keys}");
}

fn section(months: &[u32], value: impl Fn(u32) -> String) -> String {
    let entries: Vec<String> = months.iter().map(|month| format!("\"2020-{month:02}-01\": {}", value(*month))).collect();
    format!("{{{}}}", entries.join(", "))
}

proptest! {
    #[test]
    fn the_order_of_keys_changes_nothing(
        visits in Just((1..=12).collect::<Vec<u32>>()).prop_shuffle(),
        engagement in Just((1..=12).collect::<Vec<u32>>()).prop_shuffle(),
        alexa in Just((1..=12).collect::<Vec<u32>>()).prop_shuffle(),
        sections in Just(vec![0usize, 1, 2, 3]).prop_shuffle(),
    ) {
        let parts = [
            "\"domain_name\": \"a.com\"".to_owned(),
            format!("\"visits\": {}", section(&visits, |month| (month * 1000).to_string())),
            format!("\"engagement\": {}", section(&engagement, |month| format!("{{\"UniqueUsers\": {}}}", month * 10))),
            format!("\"alexa\": {}", section(&alexa, |month| format!("{{\"popularityText\": {month}}}"))),
        ];
        let ordered: Vec<&str> = sections.iter().map(|index| parts[*index].as_str()).collect();
        let rows = read(&format!("[{{{}}}]", ordered.join(", ")), None);
        prop_assert_eq!(rows.len(), 12);
        for row in rows {
            let month = f64::from(row.month.month_of_year());
            prop_assert_eq!(row.visits.map(Visits::get), Some(month * 1000.0));
            prop_assert_eq!(row.unique_users.map(uu_core::UniqueUsers::get), Some(month * 10.0));
            prop_assert_eq!(row.rank.map(uu_core::Rank::get), Some(month));
        }
    }
}
