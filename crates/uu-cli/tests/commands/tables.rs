//! What is printed fits the width there is, and tells its verdict first and last.

use std::fs;
use std::path::Path;

use rstest::rstest;

use crate::fixture::{fixture, run_in, succeeds};

fn lines_fit(text: &str, width: usize) {
    // A checksum is one word, and is not cut.
    let is_checksum = |line: &str| line.split(' ').next_back().is_some_and(|word| word.len() == 64);
    for line in text.lines().filter(|line| !is_checksum(line)) {
        assert!(line.chars().count() <= width, "{} columns: {line}\n{text}", line.chars().count());
    }
}

#[rstest]
#[case(&["models", "list"])]
#[case(&["models", "show"])]
#[case(&["models", "log"])]
#[case(&["jobs", "list"])]
#[case(&["observations", "list"])]
#[case(&["tokens", "list"])]
#[case(&["drift"])]
#[case(&["categories"])]
#[case(&["evaluate", "--data", "train.csv"])]
fn a_table_fits_the_columns_there_are(#[case] args: &[&str]) {
    let fixture = fixture();
    let (store, data) = (fixture.store(), fixture.path("train.csv"));
    succeeds(&["tokens", "create", "the one for the nightly job that sends all the data of the panel", "--store", &store]);
    let args: Vec<&str> = args.iter().map(|arg| if *arg == "train.csv" { data.as_str() } else { arg }).collect();
    let args = [args.as_slice(), &["--store", &store]].concat();
    let whole = run_in(&args, &[]).out;
    for width in ["72", "80", "100", "132"] {
        let told = run_in(&args, &[("COLUMNS", width)]);
        assert_eq!(told.code, 0, "{}", told.err);
        lines_fit(&told.out, width.parse().unwrap());
        let is_whole = told.out.lines().map(str::len).sum::<usize>() >= whole.lines().map(str::len).sum::<usize>();
        let words = told.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(is_whole || words.contains("A wider terminal or `--json` shows all.)") || !told.out.contains('|'), "{}", told.out);
    }
    assert!(!whole.contains("A wider terminal") && !whole.contains('…'), "without a bound everything is shown: {whole}");
}

#[test]
fn what_a_training_came_to_is_told_first_and_last_and_in_few_lines() {
    let text = &fixture().trained;
    let paragraphs: Vec<&str> = text.trim_end().split("\n\n").collect();
    let (first, last) = (paragraphs.first().unwrap(), paragraphs.iter().rfind(|part| !part.starts_with('(')).unwrap());
    assert_eq!(first, last);
    let verdict = first.replace('\n', " ");
    for part in ["Trained `v0001` into ", "answers requests from now on", "half of the estimates are within", "90 % interval holds it in"] {
        assert!(verdict.contains(part), "{part}: {verdict}");
    }
    lines_fit(&text.replace(fixture().path("").as_str(), ""), 80);
    assert!(text.lines().count() < 50, "{text}");
    assert!(text.contains("this model") && text.contains("global ratio") && text.contains("--verbose"), "{text}");
    assert!(!text.contains("top category"), "{text}");
}

#[test]
fn what_an_evaluation_came_to_is_told_first_and_last() {
    let fixture = fixture();
    let text = succeeds(&["evaluate", "--data", &fixture.path("train.csv"), "--store", &fixture.store()]).out;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.first(), lines.last());
    assert!(lines[0].starts_with("`v0001` on ") && lines[0].contains("half of the estimates are within"), "{}", lines[0]);
    assert!(text.contains("If only these inputs were known (the others hidden)"), "{text}");
}

#[test]
fn what_a_retraining_came_to_is_told_first_and_last() {
    let fixture = fixture();
    let store = fixture.path("retrained");
    copy(Path::new(&fixture.store()), Path::new(&store));
    let tenth = |line: &str| {
        let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        if let Ok(users) = cells[4].parse::<f64>() {
            cells[4] = (users * 0.1).round().to_string();
        }
        cells.join(",") + "\n"
    };
    let rows = fs::read_to_string(fixture.path("train.csv")).unwrap();
    fs::write(fixture.path("tenth.csv"), rows.lines().map(tenth).collect::<String>()).unwrap();
    let args = ["retrain", "--data", &fixture.path("tenth.csv"), "--extra-input", "backlinks", "--store", &store];
    let told = run_in(&args, &[("COLUMNS", "80")]);
    assert_eq!(told.code, 1, "{}", told.err);
    let paragraphs: Vec<&str> = told.out.trim_end().split("\n\n").collect();
    assert_eq!(paragraphs.first(), paragraphs.iter().rfind(|part| !part.starts_with('(')), "{}", told.out);
    assert!(paragraphs[0].starts_with("Set aside: nothing was trained"), "{}", told.out);
    lines_fit(&told.out, 80);
}

#[test]
fn the_version_that_answers_is_named() {
    let told = succeeds(&["models", "list", "--store", &fixture().store()]);
    assert_eq!(told.err.trim_end(), "v0001 (champion) answers requests");
    assert!(told.out.contains("champion") && told.out.contains("sha256") && told.out.contains("ann"), "{}", told.out);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
