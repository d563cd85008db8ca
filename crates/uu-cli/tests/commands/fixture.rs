//! A folder with rows and a store with a small model of them, made once; and the binary as a user runs it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{self, Stdio};
use std::sync::OnceLock;

use assert_cmd::Command;
use tempfile::TempDir;

/// Variables of this machine that would change what is tested.
const FOREIGN: [&str; 5] = ["UU_STORE", "UU_DATABASE_URL", "UU_DATABASE_URL_FILE", "UU_ARTIFACTS_URL", "COLUMNS"];

/// What a run came to.
pub(crate) struct Told {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) struct Fixture {
    folder: TempDir,
    /// What `train` printed for people, at 80 columns.
    pub(crate) trained: String,
}

/// The model knows the extra input `backlinks`, and its rows are of the source `panel`.
pub(crate) fn fixture() -> &'static Fixture {
    static FIXTURE: OnceLock<Fixture> = OnceLock::new();
    FIXTURE.get_or_init(|| {
        let mut fixture = Fixture { folder: tempfile::tempdir().unwrap(), trained: String::new() };
        succeeds(&["sample", "--sites", "400", "--seed", "3", "--output", &fixture.path("sample.csv")]);
        let rows = fs::read_to_string(fixture.path("sample.csv")).unwrap().replace("generated", "panel");
        let with_extra = |(row, line): (usize, &str)| match row {
            0 => format!("{line},backlinks\n"),
            _ => format!("{line},{}\n", row * 37 % 1000),
        };
        fs::write(fixture.path("train.csv"), rows.lines().enumerate().map(with_extra).collect::<String>()).unwrap();
        let args = ["train", "--data", &fixture.path("train.csv"), "--extra-input", "backlinks", "--store", &fixture.store()];
        fixture.trained = run_in(&args, &[("COLUMNS", "80")]).out;
        fixture
    })
}

impl Fixture {
    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn store(&self) -> String {
        self.path("store")
    }
}

/// The binary with arguments, without what this machine has set.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::cargo_bin("uu-predictor").unwrap();
    for name in FOREIGN {
        command.env_remove(name);
    }
    command.args(args).env("NO_COLOR", "1").env("USER", "ann");
    command
}

/// The same as a process whose standard output can be chosen.
pub(crate) fn binary(args: &[&str]) -> process::Command {
    let mut binary = process::Command::new(assert_cmd::cargo::cargo_bin!("uu-predictor"));
    for name in FOREIGN {
        binary.env_remove(name);
    }
    binary.args(args).env("NO_COLOR", "1").env("USER", "ann");
    binary
}

/// What a server without a standard output logs until it listens.
pub(crate) fn log_of_server(store: &str, environment: &[(&str, &str)]) -> String {
    let mut server = binary(&["serve", "--listen", "127.0.0.1:0", "--store", store]);
    let mut server = server.envs(environment.iter().copied()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = String::new();
    for line in BufReader::new(server.stderr.take().unwrap()).lines().map_while(Result::ok) {
        log.push_str(&line);
        log.push('\n');
        if line.contains("listening on") {
            break;
        }
    }
    server.kill().unwrap();
    server.wait().unwrap();
    log
}

pub(crate) fn run_in(args: &[&str], environment: &[(&str, &str)]) -> Told {
    told(command(args).envs(environment.iter().copied()))
}

pub(crate) fn told(command: &mut Command) -> Told {
    let output = command.output().unwrap();
    Told {
        code: output.status.code().unwrap(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

pub(crate) fn run(args: &[&str]) -> Told {
    run_in(args, &[])
}

/// Runs it on rows at its standard input.
pub(crate) fn run_on(rows: &str, args: &[&str]) -> Told {
    told(command(args).write_stdin(rows.to_owned()))
}

pub(crate) fn succeeds(args: &[&str]) -> Told {
    let told = run(args);
    assert_eq!(told.code, 0, "{args:?}: {}", told.err);
    told
}

/// What an error says; nothing is on standard output.
pub(crate) fn fails(args: &[&str]) -> String {
    let told = run(args);
    assert_eq!((told.code, told.out.as_str()), (2, ""), "{args:?}: {}", told.err);
    told.err
}

pub(crate) fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A store without a model.
pub(crate) fn empty_store(folder: &Path) -> String {
    let store = folder.join("empty").to_str().unwrap().to_owned();
    succeeds(&["tokens", "create", "first", "--store", &store]);
    store
}
