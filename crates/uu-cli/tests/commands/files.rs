//! `predict` and `sample` with files: where they write, in which format, and when that was no success.

use std::fs;
use std::path::Path;

use rstest::rstest;

use crate::fixture::{command, fails, fixture, json, run, run_on, succeeds};

const ROWS: &str = "date,visits\n2024-05,120000\n";

#[test]
fn without_an_output_rows_go_to_standard_output_in_the_format_of_the_input() {
    let store = fixture().store();
    let predict = ["predict", "--input", "-", "--store", &store];
    let csv = run_on(ROWS, &predict);
    assert!(csv.out.starts_with("date,visits,") && csv.out.lines().count() == 2, "{}", csv.out);
    let rows = run_on("{\"date\":\"2024-05\",\"visits\":120000}\n", &predict);
    assert!(json(&rows.out)["unique_users"].is_number(), "{}", rows.out);
    let sample = fixture().path("few.parquet");
    succeeds(&["sample", "--sites", "3", "--output", &sample]);
    let parquet = command(&["predict", "--input", &sample, "--store", &store]).output().unwrap();
    assert!(parquet.stdout.starts_with(b"PAR1"));
    let as_csv = succeeds(&["predict", "--input", &sample, "--output-format", "csv", "--store", &store]);
    assert!(as_csv.out.lines().next().unwrap().contains("unique_users_low"));
}

#[rstest]
#[case("out.xlsx", "ends in `.xlsx`")]
#[case("out", "has no extension")]
#[case("out.tsv", "ends in `.tsv`")]
#[case("out.csv.bak", "ends in `.bak`")]
#[case("out.gz", "ends in `.gz`")]
fn an_extension_that_names_no_format_is_refused_unless_the_format_is_given(#[case] name: &str, #[case] told: &str) {
    let folder = tempfile::tempdir().unwrap();
    let (rows, output) = (folder.path().join("rows.csv"), folder.path().join(name));
    fs::write(&rows, ROWS).unwrap();
    let [rows, output] = [&rows, &output].map(|path| path.to_str().unwrap());
    let store = fixture().store();
    let predict = ["predict", "--input", rows, "--output", output, "--store", &store];
    let sample = ["sample", "--sites", "2", "--output", output];
    for args in [predict.as_slice(), &sample] {
        let error = fails(args);
        assert!(error.contains("`.parquet`") && error.contains(told) && error.contains("--output-format"), "{error}");
        assert!(!Path::new(output).exists());
        succeeds(&[args, &["--output-format", "ndjson"]].concat());
        assert!(fs::metadata(output).unwrap().len() > 0);
        fs::remove_file(output).unwrap();
    }
}

#[test]
fn a_device_needs_no_extension() {
    let store = fixture().store();
    let told = run_on(ROWS, &["predict", "--input", "-", "--output", "/dev/null", "--store", &store]);
    assert_eq!((told.code, told.err.trim_end()), (0, "1 row estimated"));
}

#[rstest]
#[case("csv", "date,visits\n", "the input has no rows\nhint: a CSV file has one line for each row")]
#[case("json", "[]", "the input has no rows\nhint: a JSON file has an array")]
#[case("csv", "date,visits\n2024-05,many\n2024-05,-3\n", "every row was skipped")]
#[case("ndjson", "{\"date\":\"June\",\"visits\":5}\n", "every row was skipped")]
fn a_run_without_an_estimate_is_no_success(#[case] format: &str, #[case] rows: &str, #[case] told: &str) {
    let store = fixture().store();
    let run = run_on(rows, &["predict", "--input", "-", "--format", format, "--skip-bad-rows", "--store", &store]);
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(run.err.contains("nothing was estimated") && run.err.contains(told), "{}", run.err);
}

#[test]
fn one_row_is_one_row() {
    let store = fixture().store();
    let predict = ["predict", "--input", "-", "--skip-bad-rows", "--store", &store];
    assert_eq!(run_on(ROWS, &predict).err.trim_end(), "1 row estimated");
    let told = run_on(&format!("{ROWS}2024-06,many\n"), &predict);
    assert!(told.err.contains("1 row estimated\n1 row skipped: not_a_number 1"), "{}", told.err);
    let told = run_on(&format!("{ROWS}2024-06,5\n"), &predict);
    assert!(told.err.contains("2 rows estimated"), "{}", told.err);
    assert!(run(&["sample", "--sites", "1", "--output", "-"]).err.contains("of 1 site generated"));
}

#[test]
fn an_output_for_a_spreadsheet_has_no_formulas() {
    let store = fixture().store();
    let rows = "date,visits,note\n2024-05,120000,\"=HYPERLINK(\"\"http://evil.example\"\")\"\n2024-05,120000,-5\n";
    let predict = ["predict", "--input", "-", "--store", &store];
    let safe = run_on(rows, &[&predict[..], &["--spreadsheet-safe"]].concat());
    assert!(safe.out.contains(",\"'=HYPERLINK(") && safe.out.contains(",-5,"), "{}", safe.out);
    let echoed = run_on(rows, &predict);
    assert!(echoed.out.contains(",\"=HYPERLINK("), "{}", echoed.out);
    let json = run_on(rows, &[&predict[..], &["--spreadsheet-safe", "--output-format", "ndjson"]].concat());
    assert!(json.out.contains(r#""note":"=HYPERLINK("#), "{}", json.out);
}
