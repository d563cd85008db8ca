//! Units and marks of numbers, file by file.

use rstest::rstest;
use uu_data::read::{BounceRateUnit, Decimal, ReadError, ReadOptions};

use crate::formats::{read, read_with, table};

const FRACTIONS: [&str; 6] = ["a.example|0.33", "b.example|0.41", "c.example|", "d.example|1", "e.example|0", "f.example|0.62"];

fn rates(rows: &[&str]) -> crate::formats::Table {
    let rows: Vec<String> = rows.iter().map(|row| format!("2024-12|{row}|100000")).collect();
    table("date|site|bounce_rate|visits", &rows.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn a_file_of_fractions_is_refused_until_its_unit_is_given() {
    for (name, bytes) in rates(&FRACTIONS).in_every_format() {
        let error = read(name, &bytes).err().unwrap();
        assert!(matches!(error, ReadError::BounceRateFractions { known: 5, .. }), "{name}: {error}");
        assert!(error.hint().unwrap().contains("--bounce-rate-unit fraction"), "{name}");
        let of = |unit| {
            let options = ReadOptions { bounce_rate_unit: Some(unit), ..ReadOptions::default() };
            read_with(name, &bytes, &options).unwrap().rows[1].record.bounce_rate.map(uu_core::BounceRate::get)
        };
        assert_eq!((of(BounceRateUnit::Fraction), of(BounceRateUnit::Percent)), (Some(41.0), Some(0.41)), "{name}");
    }
}

#[rstest]
#[case(&["a.example|0.33", "b.example|0.41"], &["bounce_rate_fraction"])]
#[case(&["a.example|33", "b.example|0.41"], &[])]
#[case(&["a.example|0", "b.example|1"], &[])]
#[case(&["a.example|1", "b.example|"], &[])]
fn few_fractions_are_warned_of_and_percents_are_not(#[case] rows: &[&str], #[case] codes: &[&str]) {
    for (name, bytes) in rates(rows).in_every_format() {
        assert_eq!(read(name, &bytes).unwrap().codes(0), codes, "{name}");
    }
}

const GERMAN: [&str; 3] = ["2024-12|eins.example|250.000", "2024-12|zwei.example|87.500", "2024-12|drei.example|940.250"];

#[rstest]
#[case(';')]
#[case('\t')]
fn points_that_may_part_thousands_are_refused_with_both_readings(#[case] delimiter: char) {
    let bytes = table("date|site|visits", &GERMAN).csv(delimiter);
    let error = read("a.csv", &bytes).err().unwrap();
    assert_eq!(error.to_string(), "`a.csv` column `visits`: `250.000` can be read as 250 or as 250000");
    assert!(error.hint().unwrap().contains("--decimal comma"));
    let with = |decimal| read_with("a.csv", &bytes, &ReadOptions { decimal: Some(decimal), ..ReadOptions::default() }).unwrap().visits();
    assert_eq!(with(Decimal::Comma), [Some(250_000.0), Some(87_500.0), Some(940_250.0)]);
    assert_eq!(with(Decimal::Point), [Some(250.0), Some(87.5), Some(940.25)]);
}

#[test]
fn one_decimal_number_shows_that_points_are_decimal_points() {
    let bytes = table("date|site|visits", &["2024-12|a.example|250.000", "2024-12|b.example|87.5"]).csv(';');
    assert_eq!(read("a.csv", &bytes).unwrap().visits(), [Some(250.0), Some(87.5)]);
}

#[test]
fn elsewhere_a_count_with_a_point_is_warned_of() {
    for (name, bytes) in table("date|site|visits", &GERMAN).in_every_format() {
        let read = read(name, &bytes).unwrap();
        assert!((0..3).all(|row| read.codes(row) == ["fractional_count"]), "{name}");
    }
}

#[test]
fn decimal_commas_are_read_where_they_are_declared_in_every_format() {
    let rows = ["2024-12|a.example|1.234.567|3,25|52,5"];
    for (name, bytes) in table("date|site|visits|pages_per_visit|bounce_rate", &rows).in_every_format() {
        let options = ReadOptions { decimal: Some(Decimal::Comma), ..ReadOptions::default() };
        let record = read_with(name, &bytes, &options).unwrap().rows.remove(0).record;
        let values = (
            record.visits.map(uu_core::Visits::get),
            record.pages_per_visit.map(uu_core::PagesPerVisit::get),
            record.bounce_rate.map(uu_core::BounceRate::get),
        );
        assert_eq!(values, (Some(1_234_567.0), Some(3.25), Some(52.5)), "{name}");
        assert!(read(name, &bytes).is_err(), "{name}: undeclared, they are refused");
    }
}
