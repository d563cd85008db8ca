//! What all checks share: rows that pass for measured ones, and two models of them.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use tempfile::TempDir;
use uu_registry::{Location, Registry};

use crate::place::{QUICK, binary};

/// Rows of halves of the sites, and models trained on each.
pub(crate) struct Fixture {
    folder: TempDir,
    /// Of the first half and of the second.
    pub(crate) artifacts: [Vec<u8>; 2],
}

static FIXTURE: LazyLock<Fixture> = LazyLock::new(Fixture::make);

pub(crate) fn fixture() -> &'static Fixture {
    &FIXTURE
}

impl Fixture {
    fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        run(&["sample", "--sites", "3000", "--seed", "8", "--output", path("all.csv").to_str().unwrap()]);
        let text = fs::read_to_string(path("all.csv")).unwrap();
        let (header, rows) = text.split_once('\n').unwrap();
        let mut halves = [vec![header.to_owned()], vec![header.to_owned()]];
        for row in rows.lines() {
            let site = row.split(',').nth(1).unwrap();
            halves[usize::from(site.bytes().map(u32::from).sum::<u32>() % 2 == 1)].push(row.replacen("generated", "panel", 1));
        }
        let times = |factor: f64| -> Vec<String> { halves[1].iter().map(|row| multiplied(row, factor)).collect() };
        let files =
            [("first.csv", halves[0].clone()), ("second.csv", halves[1].clone()), ("tenfold.csv", times(10.0)), ("tenth.csv", times(0.1))];
        for (name, rows) in files {
            fs::write(path(name), rows.join("\n") + "\n").unwrap();
        }
        let artifacts = ["first.csv", "second.csv"].map(|name| {
            let store = path(&format!("{name}.store"));
            run(&["train", "--data", path(name).to_str().unwrap(), "--store", store.to_str().unwrap()]);
            let registry = Registry::open(&Location::folder(&store)).unwrap();
            registry.read(registry.aliases().unwrap().champion.unwrap()).unwrap()
        });
        Self { folder, artifacts }
    }

    /// A file of rows: `first.csv`, `second.csv`, and that with other labels: `tenfold.csv`, `tenth.csv`.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn rows(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// Some rows of a file, with their header.
    pub(crate) fn few_rows(&self, name: &str, rows: usize) -> Vec<u8> {
        let text = String::from_utf8(self.rows(name)).unwrap();
        text.split_inclusive('\n').take(rows + 1).collect::<String>().into_bytes()
    }

    /// Labelled rows of a file as observations: bodies of `POST /observations`.
    pub(crate) fn observations(&self, name: &str) -> Vec<String> {
        let text = String::from_utf8(self.rows(name)).unwrap();
        let mut lines = text.lines();
        let header: Vec<&str> = lines.next().unwrap().split(',').collect();
        lines.filter_map(|line| observation(&header, line)).collect()
    }
}

/// One row as months keyed by date; `None` where its users are not known.
fn observation(header: &[&str], line: &str) -> Option<String> {
    let mut month = serde_json::Map::new();
    let mut date = String::new();
    for (name, cell) in header.iter().zip(line.split(',')).filter(|(_, cell)| !cell.is_empty()) {
        match *name {
            "date" => date = cell.to_owned(),
            // The columns' names are taken as the keys of the API are.
            _ => drop(month.insert((*name).to_owned(), cell.into())),
        }
    }
    month.contains_key("unique_users").then(|| serde_json::json!({ date: month }).to_string())
}

/// The row with other users, as if they were counted in other units.
fn multiplied(row: &str, factor: f64) -> String {
    let mut cells: Vec<String> = row.split(',').map(str::to_owned).collect();
    if let Ok(users) = cells[4].parse::<f64>() {
        cells[4] = (users * factor).round().to_string();
    }
    cells.join(",")
}

fn run(arguments: &[&str]) {
    let output = Command::new(binary()).args(arguments).envs(QUICK).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
