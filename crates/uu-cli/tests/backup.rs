//! A backup made while the server answers, and what is restored from it.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

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
        write!(stream, "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").unwrap();
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
    let piped = run(&store, &["backup", "--output", "-"]);
    assert!(piped.status.success() && piped.stdout == std::fs::read(file).unwrap(), "the same store gives the same bytes");
    done(&restored, &["restore", "--input", file, "--replace"]);
    assert_eq!(done(&store, &["models", "log", "--json"]), done(&restored, &["models", "log", "--json"]));
}
