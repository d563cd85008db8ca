//! Daily and weekly rows, and sites listed twice.

use uu_data::read::{ReadError, ReadNote, ReadOptions};

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
            assert!(matches!(error, ReadError::RepeatedMonths { several: 1, of: 1, .. }), "{name}: {error}");
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
        assert_eq!(site, "shop.example", "{name}");
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
