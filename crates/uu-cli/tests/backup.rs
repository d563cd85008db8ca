//! A backup made while the server answers, what is restored from it, and what happens where a store has lost its database.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use uu_registry::{Change, Location, NewVersion, Registry};
use uu_testkit::models::unsound;

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(store: &Path) -> Self {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin!("uu-predictor"))
            .args(["serve", "--listen", "127.0.0.1:0", "--store"])
            .arg(store)
            .env("NO_COLOR", "1")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let said = |line: String| Some(line.split_once("listening on http://")?.1.split_whitespace().next()?.to_owned());
        let address = lines.by_ref().map_while(Result::ok).find_map(said).expect("the server says where it listens");
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    fn get(&self, path: &str) -> (String, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().to_owned(), body.to_owned())
    }

    fn answers(&self) -> Vec<(String, String)> {
        ["visits=1000", "visits=1000000&category=100", "rank=500", ""]
            .map(|query| self.get(&format!("/predict?date=2018-12&{query}")))
            .to_vec()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(store: &Path, arguments: &[&str]) -> Output {
    Command::new(assert_cmd::cargo::cargo_bin!("uu-predictor")).args(arguments).arg("--store").arg(store).output().unwrap()
}

fn done(store: &Path, arguments: &[&str]) -> String {
    let output = run(store, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_backup_made_while_serving_restores_the_same_answers_and_the_same_audit_log() {
    let folder = tempfile::tempdir().unwrap();
    let (store, restored) = (folder.path().join("store"), folder.path().join("restored"));
    let (rows, file) = (folder.path().join("rows.csv"), folder.path().join("backup.tar.zst"));
    let file = file.to_str().unwrap();
    done(&store, &["sample", "--sites", "300", "--output", rows.to_str().unwrap()]);
    done(&store, &["train", "--data", rows.to_str().unwrap()]);
    done(&store, &["train", "--data", rows.to_str().unwrap(), "--seed", "1"]);
    done(&store, &["models", "rollback", "--reason", "a trial"]);
    done(&store, &["tokens", "create", "nightly"]);

    let server = Server::start(&store);
    let before = server.answers();
    let (stop, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                assert_eq!(server.get("/predict?date=2018-12&visits=1000").0, "200");
                asked.fetch_add(1, Ordering::Relaxed);
            }
        });
        while asked.load(Ordering::Relaxed) == 0 {
            std::thread::yield_now();
        }
        done(&store, &["backup", "--output", file]);
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3, "store, rows and backup, and nothing half written");

    done(&restored, &["restore", "--input", file]);
    for listing in [["models", "log", "--json"], ["models", "list", "--json"], ["tokens", "list", "--json"]] {
        assert_eq!(done(&store, &listing), done(&restored, &listing));
    }
    assert_eq!(Server::start(&restored).answers(), before);

    // What holds something is replaced only where that is asked for; a pipe will do for a file.
    let refused = run(&restored, &["restore", "--input", file]);
    assert_eq!(refused.status.code(), Some(2));
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(told.contains("the store is not empty") && told.contains("--replace"), "{told}");
    // A server keeps what it counts of its requests, so it is to be gone.
    drop(server);
    done(&store, &["backup", "--output", file]);
    let piped = run(&store, &["backup", "--output", "-"]);
    assert!(piped.status.success() && piped.stdout == std::fs::read(file).unwrap(), "the same store gives the same bytes");
    done(&restored, &["restore", "--input", file, "--replace"]);
    assert_eq!(done(&store, &["models", "log", "--json"]), done(&restored, &["models", "log", "--json"]));
}

/// A store with a version, the rows it was trained on, and its backup.
struct Trained {
    folder: tempfile::TempDir,
    store: PathBuf,
    rows: String,
    backup: String,
}

impl Trained {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let (store, rows, backup) = (folder.path().join("store"), path("rows.csv"), path("backup.tar.zst"));
        done(&store, &["sample", "--sites", "300", "--output", &rows]);
        done(&store, &["train", "--data", &rows]);
        done(&store, &["backup", "--output", &backup]);
        Self { folder, store, rows, backup }
    }

    /// The database's file, once what SQLite keeps beside it is gone.
    fn lose(&self) -> PathBuf {
        for name in ["registry.sqlite", "registry.sqlite-wal", "registry.sqlite-shm"] {
            let _ = fs::remove_file(self.store.join(name));
        }
        self.store.join("registry.sqlite")
    }

    /// What is said where a command ends with exit code 2 and prints nothing.
    fn refused(&self, arguments: &[&str]) -> String {
        let output = run(&self.store, arguments);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), b"".as_slice()), "{arguments:?}: {told}");
        told
    }
}

#[test]
fn every_command_refuses_a_store_that_has_lost_its_database_and_names_the_way_out() {
    let trained = Trained::new();
    let (rows, backup) = (trained.rows.as_str(), trained.backup.as_str());
    let elsewhere = trained.folder.path().join("another.tar.zst");
    let commands: [&[&str]; 13] = [
        &["serve", "--listen", "127.0.0.1:0"],
        &["models", "list"],
        &["models", "log"],
        &["models", "promote", "v0001"],
        &["tokens", "create", "nightly"],
        &["tokens", "list"],
        &["train", "--data", rows],
        &["retrain", "--data", rows],
        &["predict", "--visits", "1000"],
        &["observations", "list"],
        &["drift"],
        &["backup", "--output", elsewhere.to_str().unwrap()],
        &["restore", "--input", backup],
    ];
    let file = trained.lose();
    for is_there in [false, true] {
        if is_there {
            fs::write(&file, b"").unwrap();
        }
        for arguments in commands {
            let told = trained.refused(arguments);
            let names_the_way_out =
                told.contains("restore --replace --input FILE") && told.contains("`--new-store` with `serve` or `train`");
            assert!(told.contains(trained.store.to_str().unwrap()) && names_the_way_out, "{arguments:?}: {told}");
        }
        assert_eq!(fs::metadata(&file).is_ok_and(|file| file.len() == 0), is_there, "it is left as it is");
    }
    done(&trained.store, &["restore", "--replace", "--input", backup]);
    assert!(done(&trained.store, &["models", "list", "--json"]).contains("v0001"));

    trained.lose();
    let output = run(&trained.store, &["tokens", "create", "first", "--new-store"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && told.contains("what was left of the store is moved to") && told.contains("set-aside"), "{told}");
    // What was moved when the backup was restored is there too.
    let aside = fs::read_dir(trained.store.join("set-aside")).unwrap().map(|entry| entry.unwrap().path().join("models"));
    assert_eq!(aside.filter_map(|models| fs::read_dir(models).ok()).flatten().count(), 1, "nothing is lost");
    assert_eq!(done(&trained.store, &["models", "list", "--json"]).trim(), "[]");
    let told = trained.refused(&["train", "--data", rows, "--new-store"]);
    assert!(told.contains("there is a whole store at") && told.contains("hint: leave `--new-store` out"), "{told}");
}

#[test]
fn a_store_that_this_user_may_not_write_is_refused_with_its_path() {
    let trained = Trained::new();
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    for entry in fs::read_dir(&trained.store).unwrap() {
        let path = entry.unwrap().path();
        mode(&path, if path.is_dir() { 0o555 } else { 0o444 });
    }
    mode(&trained.store, 0o555);
    mode(trained.folder.path(), 0o755);
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("uu-predictor"));
    command.args(["tokens", "list", "--store"]).arg(&trained.store).current_dir("/");
    if fs::metadata(&trained.store).unwrap().uid() == 0 {
        // Root may write whatever the modes say.
        command.uid(65_534);
    }
    let output = command.output().unwrap();
    mode(&trained.store, 0o755);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains(trained.store.to_str().unwrap()) && told.contains("hint: every command needs the right to write"), "{told}");
}

/// A store whose model in use loads no more: what an older release, or somebody else, put there.
fn spoilt(store: &Path) {
    let registry = Registry::open(&Location::folder(store)).unwrap();
    let (artifact, about) = (&unsound(), &serde_json::Value::Null);
    let new = NewVersion { artifact, about, data_fingerprint: None, parent: None, made_by: "test", reason: "a test" };
    let version = registry.put(&new).unwrap();
    registry.promote(version, &Change::default()).unwrap();
}

#[test]
fn a_model_that_cannot_answer_is_reported_when_it_is_restored_and_never_served() {
    let folder = tempfile::tempdir().unwrap();
    let (store, restored, model) = (folder.path().join("store"), folder.path().join("restored"), folder.path().join("bad.uumodel"));
    let file = folder.path().join("backup.tar.zst");
    let file = file.to_str().unwrap();
    spoilt(&store);
    done(&store, &["backup", "--output", file]);
    std::fs::write(&model, unsound()).unwrap();
    let refused = |output: Output, expected: &str| {
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(expected) && told.contains("the input of a column must be one of 5, got 127"), "{told}");
        assert!(!told.contains("panicked"), "{told}");
    };
    refused(run(&restored, &["restore", "--input", file]), "the version in use cannot answer");
    refused(run(&restored, &["serve", "--listen", "127.0.0.1:0"]), "version `v0001` cannot be loaded");
    refused(run(&restored, &["predict", "--visits", "1000"]), "hint: promote another version");
    refused(run(&restored, &["models", "promote", "v0001"]), "version `v0001` cannot be loaded");
    let serve = Command::new(assert_cmd::cargo::cargo_bin!("uu-predictor"))
        .args(["serve", "--listen", "127.0.0.1:0", "--store"])
        .arg(folder.path().join("new"))
        .env("UU_FIRST_MODEL", &model)
        .output()
        .unwrap();
    refused(serve, "the model that this installation came with cannot be used");
}
