//! Daily and weekly rows, months divided by device, and sites listed twice.

use rstest::rstest;
use uu_data::read::{ReadError, ReadNote, ReadOptions, Repetition};

use crate::formats::{read, read_with, table};

fn days(of: impl Iterator<Item = u32>) -> crate::formats::Table {
    let rows: Vec<String> = of.map(|day| format!("2024-12-{day:02}|blog.example|{}", 3_000 + day)).collect();
    table("date|site|visits", &rows.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn daily_and_weekly_rows_are_refused_unless_they_are_asked_for() {
    for given in [days(1..32), days([2, 9, 16, 23, 30].into_iter()), days([1, 2].into_iter())] {
        for (name, bytes) in given.in_every_format() {
            let error = read(name, &bytes).err().unwrap();
            assert!(matches!(error, ReadError::RepeatedMonths { by: Repetition::Days, several: 1, of: 1, .. }), "{name}: {error}");
            assert!(error.hint().unwrap().contains("--allow-repeated-months"), "{name}");
            let options = ReadOptions { allow_repeated_months: true, ..ReadOptions::default() };
            let read = read_with(name, &bytes, &options).unwrap();
            assert_eq!((read.codes(0), read.codes(1)), (vec![], vec!["duplicate_month"]), "{name}");
        }
    }
}

#[test]
fn a_site_listed_twice_is_warned_of_and_noted() {
    let rows = ["2024-12|shop.example|5", "2024-12|other.example|5", "2024-12|www.shop.example|6", "2024-11|shop.example|7"];
    for (name, bytes) in table("date|site|visits", &rows).in_every_format() {
        let read = read(name, &bytes).unwrap();
        assert_eq!([0, 1, 2, 3].map(|row| read.codes(row).len()), [0, 0, 1, 0], "{name}");
        let ReadNote::RepeatedMonths { rows: 1, site, .. } = &read.columns.notes[0] else { panic!("{name}: {:?}", read.columns.notes) };
        assert_eq!(site.as_deref(), Some("shop.example"), "{name}");
    }
}

#[test]
fn rows_of_other_sources_and_rows_without_a_site_repeat_nothing() {
    let rows = ["2024-12-01|a.example|ga|5", "2024-12-02|a.example|panel|5", "2024-12-01||ga|5", "2024-12-02||ga|5"];
    for (name, bytes) in table("date|site|source|visits", &rows).in_every_format() {
        let read = read(name, &bytes).unwrap();
        assert!((0..4).all(|row| read.codes(row).is_empty()) && read.columns.notes.is_empty(), "{name}");
    }
}

#[test]
fn many_sites_of_near_names_in_many_months_repeat_nothing() {
    let sites = ('a'..='z').flat_map(|first| ('a'..='d').map(move |second| format!("{first}{second}.example")));
    let rows: Vec<String> = sites.flat_map(|site| (1..=12).map(move |month| format!("2024-{month:02}|{site}|5"))).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    for (name, bytes) in table("date|site|visits", &rows).in_every_format() {
        let read = read(name, &bytes).unwrap();
        assert!(read.columns.notes.is_empty(), "{name}: {:?}", read.columns.notes);
    }
}

fn allowed() -> ReadOptions {
    ReadOptions { allow_repeated_months: true, ..ReadOptions::default() }
}

#[rstest]
#[case::without_a_column("date|visits", &["2024-12-01|5", "2024-12-02|6", "2024-12-03|7"])]
#[case::weekly("date|visits", &["2024-11-04|5", "2024-11-11|6", "2024-12-02|6", "2024-12-09|7"])]
#[case::in_an_empty_column("date|site|visits", &["2024-12-01||5", "2024-12-02||6"])]
#[case::of_a_source("date|source|visits", &["2024-12-01T00:00:00|ga|5", "2024-12-02T00:00:00|ga|6"])]
fn days_of_one_site_without_a_name_are_refused_unless_they_are_asked_for(#[case] header: &'static str, #[case] rows: &[&str]) {
    for (name, bytes) in table(header, rows).in_every_format() {
        let error = read(name, &bytes).err().unwrap();
        assert!(matches!(error, ReadError::RepeatedMonths { by: Repetition::Days, site: None, .. }), "{name}: {error}");
        assert!(error.to_string().ends_with("2024-12, and no row has a site") || error.to_string().contains("2024-11"), "{name}: {error}");
        let hint = error.hint().unwrap();
        assert!(hint.contains("--allow-repeated-months") && hint.contains("a column `site`"), "{name}: {hint}");
        let read = read_with(name, &bytes, &allowed()).unwrap();
        assert!(read.codes(1).contains(&"duplicate_month"), "{name}");
        assert!(read.columns.lines().concat().contains("no row has a site"), "{name}");
    }
}

#[rstest]
#[case::of_an_identifier(&["2024-12-01|10577|5", "20241202|10577|6"], "10577")]
#[case::of_a_title(&["2024-12-01|My Shop|5", "20241202|my  shop|6"], "my shop")]
#[case::of_an_address(&["2024-12-01|192.168.0.1|5", "20241202|192.168.0.1|6"], "192.168.0.1")]
#[case::of_the_sum(&["2024-12-01|Total|5", "20241202|Total|6"], "Total")]
fn days_of_a_name_that_is_no_host_are_refused_with_that_name(#[case] rows: &[&str], #[case] named: &str) {
    for (name, bytes) in table("date|site|visits", rows).in_every_format() {
        let error = read(name, &bytes).err().unwrap();
        assert!(matches!(&error, ReadError::RepeatedMonths { site: Some(site), .. } if site == named), "{name}: {error}");
        assert!(read_with(name, &bytes, &allowed()).unwrap().codes(1).contains(&"duplicate_month"), "{name}");
    }
}

#[rstest]
#[case::titles(&["2024-12-01|Shop A|100000", "2024-12-31|Shop B|20000", "2024-11-30|Shop A|90000"])]
#[case::addresses(&["2024-12-01|192.168.0.1|5", "2024-12-31|192.168.0.2|6", "2024-11-30|192.168.0.1|6"])]
#[case::identifiers(&["2024-12-01|1|5", "2024-12-31|2|6"])]
#[case::beside_their_sum(&["2024-12-01|Shop A|5", "2024-12-02|Total|6", "2024-12-03|info@example.com|6"])]
#[case::and_a_row_without_one(&["2024-12-01|Shop A|5", "2024-12-02||6", "2024-12-03||6"])]
fn rows_of_several_names_that_are_no_hosts_are_of_several_sites(#[case] rows: &[&str]) {
    for (name, bytes) in table("date|site|visits", rows).in_every_format() {
        let read = read(name, &bytes).unwrap();
        assert!((0..rows.len()).all(|row| !read.codes(row).contains(&"duplicate_month")), "{name}");
        assert!(read.columns.notes.is_empty(), "{name}: {:?}", read.columns.notes);
    }
}

#[rstest]
#[case::a_year_of_one_site(&["2024-10-01|5", "2024-11-01|6", "2024-12-01|7"])]
#[case::many_sites_without_names(&["2024-12-01|5", "2024-12-01|6", "2024-12-01|7"])]
#[case::in_two_forms(&["2024-12|5", "2024-12-01|6", "2024/12/01|7", "202412|8"])]
fn months_without_a_site_are_read(#[case] rows: &[&str]) {
    for (name, bytes) in table("date|visits", rows).in_every_format() {
        let read = read(name, &bytes).unwrap();
        assert!((0..rows.len()).all(|row| read.codes(row).is_empty()) && read.columns.notes.is_empty(), "{name}");
    }
}

#[rstest]
#[case::by_device(&["2024-12-01|a.example|5", "2024-12-01|a.example|6", "2024-12-01|b.example|7", "2024-12-01|b.example|8"])]
#[case::of_one_site(&["2024-12|a.example|5", "2024-12|a.example|6"])]
#[case::by_the_hour(&["2024-12-01T00:00|a.example|5", "2024-12-01T01:00|a.example|6", "2024-12-01T02:00|www.a.example|7"])]
fn a_month_in_several_rows_of_one_date_is_refused_with_its_own_reason(#[case] rows: &[&str]) {
    for (name, bytes) in table("date|site|visits", rows).in_every_format() {
        let error = read(name, &bytes).err().unwrap();
        assert!(matches!(error, ReadError::RepeatedMonths { by: Repetition::Rows, .. }), "{name}: {error}");
        assert!(error.to_string().contains("got several rows for") && !error.to_string().contains("days"), "{name}: {error}");
        assert_eq!(read_with(name, &bytes, &allowed()).unwrap().codes(1), ["duplicate_month"], "{name}");
    }
}

#[rstest]
#[case::in_two_spellings(&["2024-12|a.example|5|1", "2024-12|https://www.a.example/|5|1"])]
#[case::with_another_rank(&["2024-12-01|a.example|5|1", "2024-12-01|a.example|5|2"])]
#[case::without_visits(&["2024-12-01|a.example||1", "2024-12-01|a.example||2"])]
fn a_row_that_is_listed_twice_is_warned_of(#[case] rows: &[&str]) {
    for (name, bytes) in table("date|site|visits|rank", rows).in_every_format() {
        assert_eq!(read(name, &bytes).unwrap().codes(1), ["duplicate_month"], "{name}");
    }
}

#[test]
fn a_month_that_is_written_in_two_ways_is_two_rows_of_it_and_no_days() {
    let rows = ["2024-12-01|a.example|5", "2024-12|a.example|6", "2024-12|b.example|5", "2024-12-01T00:00|b.example|5"];
    for (name, bytes) in table("date|site|visits", &rows).in_every_format() {
        let read = read(name, &bytes).unwrap();
        let codes: Vec<Vec<&str>> = (0..4).map(|row| read.codes(row)).collect();
        assert_eq!(codes, [vec![], vec!["duplicate_month"], vec![], vec!["duplicate_month"]], "{name}");
        assert!(matches!(read.columns.notes[0], ReadNote::RepeatedMonths { rows: 2, .. }), "{name}");
    }
}
