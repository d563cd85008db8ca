//! What the data hold must not command the terminal, nor begin a line of its own, whatever prints it.

use std::fs;

use rstest::rstest;
use uu_data::read::ReadOptions;

use crate::fixture::{Told, command, fixture, told};

/// Sets the colour, rings the bell, and turns the direction of writing.
const HOSTILE: &str = "\u{1b}[31mred\u{7}\u{202e}";
const ESCAPED: &str = r"\u{1b}[31mred\u{7}\u{202e}";

fn is_plain(text: &str) {
    assert!(!text.contains(|letter: char| letter.is_control() && letter != '\n' || letter == '\u{202e}'), "{text:?}");
}

fn predicted(rows: &str, more: &[&str]) -> Told {
    let store = fixture().store();
    told(command(&[&["predict", "--input", "-", "--output", "/dev/null", "--store", &store], more].concat()).write_stdin(rows.to_owned()))
}

#[rstest]
#[case::renamed_columns("csv", "date,visits,H,H\n2024-12,5,a,b\n", &["--output-format", "ndjson"])]
#[case::unused_columns("csv", "date,visits,H\n2024-12,5,a\n", &[])]
#[case::keys_of_json("ndjson", "{\"date\":\"2024-12\",\"visits\":5}\n{\"date\":\"2024-12\",\"visits\":5,\"J\":1}\n", &["--output-format", "csv"])]
#[case::grouped_numbers("csv", "date;visitsH\n2024-12;250.000\n", &[])]
#[case::bad_values("csv", "date,visits\n2024-12,H\n", &[])]
#[case::skipped_rows("csv", "date,visits\n2024-12,H\n2024-12,5\n", &["--skip-bad-rows"])]
#[case::no_date("csv", "H,visits\n2024-12,5\n", &[])]
#[case::repeated_months("csv", "site,date,visits\nH.com,2024-12-01,5\nH.com,2024-12-02,5\nH.com,2024-12-03,5\n", &["--allow-repeated-months"])]
fn a_name_or_value_of_the_data_is_escaped_on_standard_error(#[case] format: &str, #[case] rows: &str, #[case] more: &[&str]) {
    let json = HOSTILE.replace('\u{1b}', "\\u001b").replace('\u{7}', "\\u0007");
    let rows = rows.replace("\"J\"", &format!("\"{json}\"")).replace('H', HOSTILE);
    let told = predicted(&rows, &[&["--format", format], more].concat());
    assert!(!told.err.is_empty());
    is_plain(&told.err);
}

#[test]
fn names_that_the_summary_of_a_batch_lists_begin_no_line() {
    let rows = "date,visits,\"a\n2026 ERROR b\",\"a\n2026 ERROR b\"\n2024-12,5,x,y\n";
    let told = predicted(rows, &["--output-format", "ndjson"]);
    assert!(told.err.contains(r"several columns `a\n2026 ERROR b`; the output has the further ones as a\n2026 ERROR b_2"), "{}", told.err);
    // The key comes in the second chunk of rows, when the header of the output stands.
    let first = "{\"date\":\"2024-12\",\"visits\":5}\n".repeat(ReadOptions::default().chunk_rows);
    let late = format!("{first}{{\"date\":\"2024-12\",\"visits\":5,\"a\\n2026 ERROR b\":1}}\n");
    let told = predicted(&late, &["--format", "ndjson", "--output-format", "csv"]);
    assert!(told.err.contains(r"not in it: a\n2026 ERROR b"), "{}", told.err);
}

#[test]
fn a_source_that_is_typed_is_escaped_in_the_warning() {
    let store = fixture().store();
    let told = told(&mut command(&["predict", "--visits", "1000", "--source", &format!("{HOSTILE}\nx"), "--store", &store]));
    assert!(told.out.contains(ESCAPED), "{} {}", told.out, told.err);
    is_plain(&told.out);
}

#[test]
fn columns_of_a_training_and_of_an_evaluation_are_escaped() {
    let fixture = fixture();
    let rows = fs::read_to_string(fixture.path("train.csv")).unwrap();
    let hostile = rows.lines().enumerate().map(|(row, line)| format!("{line},{}\n", if row == 0 { HOSTILE } else { "x" }));
    let path = fixture.path("hostile.csv");
    fs::write(&path, hostile.collect::<String>()).unwrap();
    let told = told(&mut command(&["evaluate", "--data", &path, "--store", &fixture.store()]));
    assert!(told.out.split_whitespace().collect::<String>().contains(ESCAPED), "{} {}", told.out, told.err);
    is_plain(&told.out);
    is_plain(&told.err);
}
