//! Units and marks of numbers, file by file.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float32Array, StringArray};
use arrow::record_batch::RecordBatch;
use rstest::rstest;
use uu_data::read::{BounceRateUnit, Decimal, Input, ReadError, ReadOptions, open};

use crate::formats::{parquet, read, read_with, table};

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

#[rstest]
#[case::percent("45", "45", Some("if the file has percent, pass `--bounce-rate-unit percent`"))]
#[case::just_above("1.2", "1.2", Some("if the file has percent, pass `--bounce-rate-unit percent`"))]
#[case::negative("-0.05", "-0.05", Some("leave the value empty (or null) where it is unknown"))]
#[case::no_number("52%", "`52%`", Some("write the fraction: 0.52"))]
fn a_rate_that_is_no_fraction_is_refused_as_it_was_given_in_every_format(
    #[case] rate: &str,
    #[case] found: &str,
    #[case] hint: Option<&str>,
) {
    let options = ReadOptions { bounce_rate_unit: Some(BounceRateUnit::Fraction), ..ReadOptions::default() };
    for (name, bytes) in rates(&[&format!("a.example|{rate}")]).in_every_format() {
        let error = read_with(name, &bytes, &options).err().unwrap();
        let expected = format!("bounce rate must be a fraction between 0 and 1, as declared, got {found}");
        assert!(error.to_string().ends_with(&expected), "{name}: {error}");
        assert_eq!(error.hint().as_deref(), hint, "{name}");
    }
    let given = [("0.07", 7.0), ("1", 100.0), ("0", 0.0)];
    for (name, bytes) in rates(&given.map(|(rate, _)| format!("a{rate}.example|{rate}")).each_ref().map(String::as_str)).in_every_format() {
        let read = read_with(name, &bytes, &options).unwrap();
        let found: Vec<f64> = read.rows.iter().map(|row| row.record.bounce_rate.unwrap().get().round()).collect();
        assert_eq!(found, given.map(|(_, percent)| percent), "{name}");
    }
}

#[rstest]
#[case(None, "-5", "bounce rate must be between 0 and 100 percent, got -5")]
#[case(Some(BounceRateUnit::Percent), "143", "bounce rate must be between 0 and 100 percent, as declared, got 143")]
fn the_hint_names_no_unit_where_none_can_help(#[case] unit: Option<BounceRateUnit>, #[case] rate: &str, #[case] expected: &str) {
    let options = ReadOptions { bounce_rate_unit: unit, ..ReadOptions::default() };
    for (name, bytes) in rates(&[&format!("a.example|{rate}")]).in_every_format() {
        let error = read_with(name, &bytes, &options).err().unwrap();
        assert!(error.to_string().ends_with(expected), "{name}: {error}");
        assert!(!error.hint().unwrap_or_default().contains("--bounce-rate-unit"), "{name}");
    }
}

/// Rows of so many sites with each rate.
fn sites(rates: &[(&str, usize)]) -> Vec<String> {
    let all = rates.iter().flat_map(|(rate, count)| std::iter::repeat_n(*rate, *count));
    all.enumerate().map(|(site, rate)| format!("s{site}.example|{rate}")).collect()
}

#[rstest]
#[case::one_of_twelve(&[("0.41", 11), ("45", 1)])]
#[case::the_percent_first(&[("45", 1), ("0.41", 5)])]
#[case::two_exports_in_one(&[("0.41", 30), ("45", 20)])]
fn one_rate_in_percent_does_not_settle_the_unit_of_the_others(#[case] given: &[(&str, usize)]) {
    let rows = sites(given);
    for (name, bytes) in rates(&rows.iter().map(String::as_str).collect::<Vec<_>>()).in_every_format() {
        let error = read(name, &bytes).err().unwrap();
        assert!(
            error.to_string().contains("all bounce rates in one unit") && error.to_string().contains("such as 0.41"),
            "{name}: {error}"
        );
        assert!(error.hint().unwrap().contains("--bounce-rate-unit fraction"), "{name}");
        let options = ReadOptions { bounce_rate_unit: Some(BounceRateUnit::Percent), ..ReadOptions::default() };
        assert_eq!(read_with(name, &bytes, &options).unwrap().rows.len(), rows.len(), "{name}");
    }
}

#[rstest]
#[case::half_of_few(&[("45", 1), ("0.41", 1)], true)]
#[case::a_third(&[("45", 20), ("0.41", 10)], true)]
#[case::few_of_many(&[("45", 40), ("0.8", 3)], false)]
#[case::one_of_ten(&[("45", 9), ("0.8", 1)], false)]
fn a_share_of_fractions_is_warned_of_and_a_few_low_rates_are_not(#[case] given: &[(&str, usize)], #[case] warned: bool) {
    let rows = sites(given);
    for (name, bytes) in rates(&rows.iter().map(String::as_str).collect::<Vec<_>>()).in_every_format() {
        let read = read(name, &bytes).unwrap();
        assert_eq!((read.codes(0).len(), read.codes(rows.len() - 1).len()), (0, usize::from(warned)), "{name}");
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

#[rstest]
#[case("1.234.567", ';')]
#[case("n.a.", ';')]
#[case("12.345.678", ',')]
fn what_is_no_decimal_number_does_not_show_that_points_are_decimal_points(#[case] other: &str, #[case] delimiter: char) {
    let rows = [GERMAN[0], &format!("2024-12|vier.example|{other}"), GERMAN[2]];
    let error = read("a.csv", &table("date|site|visits", &rows).csv(delimiter)).err().unwrap();
    assert!(matches!(&error, ReadError::GroupedNumbers { found, .. } if found == "250.000"), "{error}");
}

#[test]
fn groups_of_thousands_are_a_proof_in_every_format() {
    let rows = [GERMAN[0], "2024-12|vier.example|1.234.567"];
    for (name, bytes) in table("date|site|visits", &rows).in_every_format() {
        let error = read(name, &bytes).err().unwrap();
        assert!(matches!(error, ReadError::GroupedNumbers { .. }), "{name}: {error}");
    }
}

#[test]
fn elsewhere_a_count_with_a_point_is_warned_of() {
    for (name, bytes) in table("date|site|visits", &GERMAN).in_every_format() {
        let read = read(name, &bytes).unwrap();
        assert!((0..3).all(|row| read.codes(row) == ["fractional_count"]), "{name}");
    }
}

/// Rows of those visits and users, of a site each.
fn counts(values: &[(&str, &str)]) -> crate::formats::Table {
    let rows: Vec<String> =
        values.iter().enumerate().map(|(site, (visits, users))| format!("2024-12|a{site}.example|{visits}|{users}|3.125")).collect();
    table("date|site|visits|unique_users|pages_per_visit", &rows.iter().map(String::as_str).collect::<Vec<_>>())
}

#[rstest]
#[case::every_visit("visits", &[("495.924", "9"), ("87.500", "9"), ("940.250", "9"), ("1.125", "9"), ("12.000", "9"), ("", "9"), ("n/a", "9")])]
#[case::every_user("unique_users", &[("99", "95.924"), ("99", "7.500"), ("99", "40.250"), ("99", "1.125"), ("99", "12.000")])]
fn a_column_of_counts_in_which_every_value_may_be_grouped_is_refused_in_every_format(
    #[case] column: &str,
    #[case] values: &[(&str, &str)],
) {
    for (name, bytes) in counts(values).in_every_format() {
        let error = read(name, &bytes).err().unwrap();
        assert!(matches!(&error, ReadError::GroupedNumbers { column: found, .. } if found == column), "{name}: {error}");
        assert!(error.hint().unwrap().contains("`--decimal comma`"), "{name}");
        let with = |decimal| read_with(name, &bytes, &ReadOptions { decimal: Some(decimal), ..ReadOptions::default() });
        assert_eq!(with(Decimal::Point).unwrap().rows.len(), values.len(), "{name}");
    }
}

#[rstest]
#[case::a_shorter_fraction(&["495.924", "87.5", "940.250", "1.125", "12.375", "77.001"])]
#[case::a_whole_number(&["495.924", "87", "940.250", "1.125", "12.375", "77.001"])]
#[case::more_than_three_digits(&["495.924", "1087.125", "940.250", "1.125", "12.375", "77.001"])]
#[case::below_one(&["495.924", "0.125", "940.250", "1.125", "12.375", "77.001"])]
#[case::few(&["495.924", "87.125", "940.250", "1.125"])]
fn numbers_with_three_decimals_that_do_not_all_fit_are_read_in_every_format(#[case] visits: &[&str]) {
    let values: Vec<(&str, &str)> = visits.iter().map(|visits| (*visits, "1")).collect();
    let expected: Vec<Option<f64>> = visits.iter().map(|visits| visits.parse().ok()).collect();
    for (name, bytes) in counts(&values).in_every_format() {
        assert_eq!(read(name, &bytes).unwrap().visits(), expected, "{name}");
    }
}

#[test]
fn numbers_of_json_are_no_texts_and_its_texts_are() {
    let of = |quote: &str| -> String {
        let visits = ["495.924", "87.500", "940.250", "1.125", "12.000", "77.001"];
        visits.map(|visits| format!("{{\"date\":\"2024-12\",\"rank\":7,\"visits\":{quote}{visits}{quote}}}\n")).concat()
    };
    assert_eq!(read("a.ndjson", of("").as_bytes()).unwrap().visits()[..2], [Some(495.924), Some(87.5)]);
    assert!(matches!(read("a.ndjson", of("\"").as_bytes()), Err(ReadError::GroupedNumbers { .. })));
    let nested = (1..=6)
        .map(|site| format!("{{\"domain_name\":\"a{site}.example\",\"visits\":{{\"2024-12-01\":\"{site}.500\"}},\"summary\":{{}}}}\n"));
    assert!(matches!(read("a.ndjson", nested.collect::<String>().as_bytes()), Err(ReadError::GroupedNumbers { .. })));
}

#[test]
fn what_all_values_suggest_is_looked_at_over_all_chunks() {
    let options = ReadOptions { chunk_rows: 2, ..ReadOptions::default() };
    let refused = |last: &str| {
        let values = [("495.924", "9"), ("87.500", "9"), ("940.250", "9"), ("1.125", "9"), (last, "9")];
        read_with("a.csv", &counts(&values).csv(','), &options).is_err()
    };
    assert!(refused("12.000") && !refused("12"));
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

#[test]
fn a_decimal_point_where_commas_are_declared_is_a_fault_in_every_format() {
    let options = ReadOptions { decimal: Some(Decimal::Comma), ..ReadOptions::default() };
    for (visits, pages) in [("1.234", "3.5"), ("1.5E+06", "3,5"), ("250.0000", "3,5")] {
        let rows = ["2024-12|b.example|1.000|2,5".to_owned(), format!("2024-12|a.example|{visits}|{pages}")];
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        for (name, bytes) in table("date|site|visits|pages_per_visit", &rows).in_every_format() {
            let error = read_with(name, &bytes, &options).err().unwrap().to_string();
            assert!(error.contains("row 2") && error.contains("must be a number with a decimal comma, as was declared"), "{name}: {error}");
        }
    }
}

#[test]
fn numbers_that_json_has_itself_have_points_whatever_its_texts_have() {
    let text = r#"{"date":"2024-12","site":"a.example","visits":100000.5,"pages_per_visit":3.5,"bounce_rate":"43,1"}"#;
    let options = ReadOptions { decimal: Some(Decimal::Comma), ..ReadOptions::default() };
    let chunk = open(Input::bytes("a.ndjson", text.as_bytes()), options).unwrap().next().unwrap().unwrap();
    let record = &chunk.rows[0].as_ref().unwrap().record;
    let numbers = (record.visits.map(uu_core::Visits::get), record.bounce_rate.map(uu_core::BounceRate::get));
    assert_eq!(numbers, (Some(100_000.5), Some(43.1)));
    let cell = |name: &str| chunk.batch.column_by_name(name).unwrap().as_string::<i32>().value(0).to_owned();
    let cells = ["visits", "pages_per_visit", "bounce_rate"].map(cell);
    assert_eq!(cells, ["100000.5", "3.5", "43.1"], "the columns that are written say the same");
}

#[test]
fn numbers_of_32_bits_are_shown_with_the_digits_they_were_given_with() {
    let of = |rates: &[f32]| {
        let dates: ArrayRef = Arc::new(StringArray::from(vec!["2024-12"; rates.len()]));
        let sites: ArrayRef = Arc::new(StringArray::from_iter_values((0..rates.len()).map(|site| format!("s{site}.example"))));
        let rates: ArrayRef = Arc::new(Float32Array::from(rates.to_vec()));
        let batch = RecordBatch::try_from_iter(vec![("date", dates), ("site", sites), ("bounce_rate", rates)]).unwrap();
        read("a.parquet", &parquet(&batch))
    };
    let refused = of(&[0.4; 6]).err().unwrap().to_string();
    assert!(refused.ends_with("got 6 that are all at most 1, such as 0.4"), "{refused}");
    let bad = of(&[143.1]).err().unwrap().to_string();
    assert!(bad.ends_with("got 143.1"), "{bad}");
    let warned = of(&[0.4]).unwrap().rows[0].warnings[0].to_string();
    assert!(warned.starts_with("bounce rate of 0.4 was read as percent; if it is a fraction, it is 40 percent"), "{warned}");
}
