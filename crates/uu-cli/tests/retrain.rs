//! The binary from outside: a champion, new data, and the gate between them.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// A folder with generated rows that pass for measured ones, in two halves by site.
struct Fixture {
    folder: TempDir,
}

impl Fixture {
    fn new() -> Self {
        let fixture = Self { folder: tempfile::tempdir().unwrap() };
        let all = fixture.path("all.csv");
        let output = fixture.run(&["sample", "--sites", "3000", "--seed", "8", "--output", all.to_str().unwrap()]);
        assert!(output.status.success());
        let text = fs::read_to_string(&all).unwrap();
        let (header, rows) = text.split_once('\n').unwrap();
        let mut halves = [vec![header.to_owned()], vec![header.to_owned()]];
        for row in rows.lines() {
            let site = row.split(',').nth(1).unwrap();
            halves[usize::from(site.bytes().map(u32::from).sum::<u32>() % 2 == 1)].push(row.replacen("generated", "panel", 1));
        }
        for (name, rows) in ["first.csv", "second.csv"].iter().zip(&halves) {
            fs::write(fixture.path(name), rows.join("\n") + "\n").unwrap();
        }
        let tenfold: Vec<String> = halves[1].iter().map(|row| tenfold(row)).collect();
        fs::write(fixture.path("tenfold.csv"), tenfold.join("\n") + "\n").unwrap();
        fixture
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::cargo_bin("uu-predictor").unwrap();
        command.current_dir(self.folder.path()).args(arguments).env_remove("UU_STORE").env("UU_TRAIN__SEALED_SITES", "450");
        command.output().unwrap()
    }

    /// The exit code and what is printed as JSON.
    fn json(&self, arguments: &[&str]) -> (i32, Value) {
        let output = self.run(&[arguments, &["--store", "store", "--json"]].concat());
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{errors}")))
    }
}

/// The row with ten times its users, as if they were counted in other units.
fn tenfold(row: &str) -> String {
    let mut cells: Vec<String> = row.split(',').map(str::to_owned).collect();
    if let Ok(users) = cells[4].parse::<f64>() {
        cells[4] = (users * 10.0).to_string();
    }
    cells.join(",")
}

#[test]
fn new_data_teach_a_challenger_and_labels_that_cannot_be_are_set_aside() {
    let fixture = Fixture::new();
    let (code, report) = fixture.json(&["train", "--data", "first.csv"]);
    assert_eq!((code, &report["version"]), (0, &"v0001".into()));

    let (code, report) = fixture.json(&["retrain", "--data", "second.csv"]);
    let of = &report["retraining"];
    assert_eq!(of["labels"]["verdict"], "agrees", "{of}");
    assert!(of["rows"]["added"].as_u64().unwrap() > 5_000 && of["rows"]["known"].as_u64().unwrap() > 5_000, "{of}");
    assert!(of["sealed_sites"].as_u64().unwrap() > 300, "sealed sites of both deliveries: {of}");
    assert_eq!((code, &of["decision"], &of["version"]), (0, &"promoted".into(), &"v0002".into()), "{of}");

    let (code, report) = fixture.json(&["retrain", "--data", "tenfold.csv"]);
    let of = &report["retraining"];
    assert_eq!((code, &of["decision"]), (1, &"set_aside".into()), "{of}");
    assert!(of["version"].is_null() && of["reasons"][0].as_str().unwrap().contains("`panel` disagree"), "{of}");
    let (code, again) = fixture.json(&["retrain", "--data", "tenfold.csv"]);
    assert_eq!((code, &again["retraining"]["batch"]), (1, &of["batch"]), "rows that are set aside are kept once");
    let (_, batches) = fixture.json(&["observations", "list"]);
    assert_eq!(batches.as_array().unwrap().len(), 3, "{batches}");

    let (_, versions) = fixture.json(&["models", "list"]);
    let champions: Vec<&Value> = versions.as_array().unwrap().iter().filter(|version| version["champion"] == true).collect();
    assert_eq!((champions.len(), &champions[0]["version"], &champions[0]["parent"]), (1, &"v0002".into(), &"v0001".into()));
    let (_, log) = fixture.json(&["models", "log"]);
    let text = log.to_string();
    assert!(text.contains("quarantine") && text.contains("promote"), "{text}");
}

#[test]
fn what_cannot_be_read_twice_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::cargo_bin("uu-predictor").unwrap();
    let output = command.current_dir(Path::new(folder.path())).args(["retrain", "--data", "-"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("must be files"));
}
