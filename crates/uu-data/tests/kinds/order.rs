//! Files that are refused as a whole: whether one is does not depend on the order of its rows, nor on how they come divided.

use rstest::rstest;
use uu_data::read::{BadRows, Input, ReadError, ReadOptions, SkippedRows, open};

/// Rows per chunk, as over HTTP and on the command line, and chunks that divide nothing evenly.
const CHUNKS: [usize; 3] = [8_192, 16_384, 10_000];

/// How many rows were passed on, and why the file was refused, if it was.
fn outcome(text: &str, chunk_rows: usize) -> (usize, Option<ReadError>) {
    let mut rows = 0;
    for chunk in open(Input::bytes("a.csv", text.to_owned()), ReadOptions { chunk_rows, ..ReadOptions::default() }).unwrap() {
        match chunk.and_then(|chunk| chunk.passed(BadRows::Fail, &mut SkippedRows::default())) {
            Ok(chunk) => rows += chunk.rows.len(),
            Err(error) => return (rows, Some(error)),
        }
    }
    (rows, None)
}

/// A file of these rows, and one of them the other way round.
fn both_ways(header: &str, rows: &[String]) -> [String; 2] {
    let file = |rows: Vec<&String>| {
        rows.into_iter().fold(format!("{header}\n"), |mut text, row| {
            text.push_str(row);
            text.push('\n');
            text
        })
    };
    [file(rows.iter().collect()), file(rows.iter().rev().collect())]
}

fn grouped(numbers: impl Iterator<Item = f64>) -> Vec<String> {
    numbers.enumerate().map(|(site, visits)| format!("2024-12;s{site}.example;{visits:.3}")).collect()
}

fn rates(fractions: usize, percents: usize) -> Vec<String> {
    let rate = |site: usize| if site < fractions { "0.41" } else { "45" };
    (0..fractions + percents).map(|site| format!("2024-12;s{site}.example;{}", rate(site))).collect()
}

fn repeated(twice: usize, once: usize) -> Vec<String> {
    let rows = (0..twice).flat_map(|site| [1, 2].map(|day| format!("2024-12-{day:02};s{site}.example;5")));
    rows.chain((twice..twice + once).map(|site| format!("2024-12-01;s{site}.example;5"))).collect()
}

#[rstest]
#[case::sorted_numbers_with_three_decimals("date;site;visits", grouped((0..40_000).map(|step| 1.0 + 0.05 * f64::from(step))))]
#[case::a_third_of_low_bounce_rates("date;site;bounce_rate", rates(15_000, 30_000))]
#[case::some_site_months_twice("date;site;visits", repeated(4_096, 50_000))]
fn a_good_file_passes_whichever_rows_come_first(#[case] header: &str, #[case] rows: Vec<String>) {
    for text in both_ways(header, &rows) {
        for chunk_rows in CHUNKS {
            let (passed, error) = outcome(&text, chunk_rows);
            assert!(error.is_none() && passed == rows.len(), "{chunk_rows}: {passed} {error:?}");
        }
    }
}

#[rstest]
#[case::grouped_thousands("date;site;visits", grouped((0..40_000).map(|step| 1.0 + 0.0245 * f64::from(step))))]
#[case::mostly_fractions("date;site;bounce_rate", rates(30_000, 15_000))]
#[case::most_site_months_twice("date;site;visits", repeated(20_000, 9_000))]
fn a_file_that_is_not_what_it_should_be_is_refused_whichever_rows_come_first(#[case] header: &str, #[case] rows: Vec<String>) {
    for text in both_ways(header, &rows) {
        for chunk_rows in CHUNKS {
            assert!(outcome(&text, chunk_rows).1.is_some(), "{chunk_rows}");
        }
    }
}

#[test]
fn a_file_in_doubt_is_refused_before_a_row_is_passed_on_and_before_all_of_it_is_read() {
    let refused = both_ways("date;site;bounce_rate", &rates(300_000, 0));
    for chunk_rows in CHUNKS {
        let (passed, error) = outcome(&refused[0], chunk_rows);
        let Some(ReadError::BounceRateFractions { known, .. }) = error else { panic!("{error:?}") };
        assert_eq!(passed, 0, "{chunk_rows}");
        assert!((65_536..=65_536 + 10_000).contains(&known), "{chunk_rows}: {known}");
    }
}

#[test]
fn what_only_later_rows_show_is_refused_at_the_end() {
    let mut rows = rates(0, 70_000);
    rows.extend((0..200_000).map(|site| format!("2024-12;t{site}.example;0.41")));
    for text in both_ways("date;site;bounce_rate", &rows) {
        for chunk_rows in CHUNKS {
            let error = outcome(&text, chunk_rows).1;
            assert!(matches!(error, Some(ReadError::BounceRateFractions { .. })), "{chunk_rows}: {error:?}");
        }
    }
}
