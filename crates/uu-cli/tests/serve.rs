//! The server from outside: an empty store, the first answer, a healthcheck, a graceful stop.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

/// How long anything may take before a test fails: a machine may be slow, and busy.
const PATIENCE: Duration = Duration::from_secs(300);

/// A server on a free port; killed when the test ends.
struct Server {
    child: Child,
    address: String,
    log: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(store: &std::path::Path) -> Self {
        Self::start_with(store, &[])
    }

    fn start_with(store: &std::path::Path, settings: &[(&str, &str)]) -> Self {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin!("uu-predictor"))
            .args(["serve", "--listen", "127.0.0.1:0", "--store"])
            .arg(store)
            .env("NO_COLOR", "1")
            .envs(settings.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, receiver) = mpsc::channel();
        let lines = BufReader::new(child.stderr.take().unwrap());
        let log = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                kept.lock().unwrap().push(line.clone());
                // In JSON it is followed by a quotation mark.
                let is_behind = |letter: char| letter.is_whitespace() || letter == '"';
                let address = line.split_once("listening on http://").map(|(_, rest)| rest.split(is_behind).next().unwrap().to_owned());
                if let Some(address) = address {
                    let _ = sender.send(address);
                }
            }
        });
        let address = receiver.recv_timeout(PATIENCE).expect("the server says where it listens");
        Self { child, address, log }
    }

    /// The whole answer, as it came.
    fn answer(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// The line of the log that has all these, once it is there.
    fn line(&self, parts: &[&str]) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = self.log.lock().unwrap().iter().find(|line| parts.iter().all(|part| line.contains(part))).cloned();
            if let Some(line) = found {
                return line;
            }
            assert!(Instant::now() < deadline, "no line has {parts:?}: {:#?}", self.log.lock().unwrap());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn ask(&self, request: &str) -> (u16, String) {
        let answer = self.answer(request);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    fn get(&self, path: &str) -> (u16, String) {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
    }

    fn post(&self, path: &str, body: &str) -> (u16, String) {
        let length = body.len();
        self.ask(&format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
    }

    fn wait_until_ready(&self) {
        let deadline = Instant::now() + PATIENCE;
        while self.get("/health/ready").0 != 200 {
            assert!(Instant::now() < deadline, "not ready: {}", self.get("/health/ready").1);
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const EXAMPLE: &str = r#"{"2018-12-01": {"alexa": null, "visits": 1000000, "pagesPerVisit": 5000000, "bounceRate": null, "avgVisitDuration": null, "category": 100}}"#;

#[test]
fn an_empty_store_trains_first_says_so_and_then_answers() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    assert_eq!(server.get("/health/live").0, 200, "alive from the start");
    let (status, problem) = server.post("/predict", EXAMPLE);
    assert_eq!(status, 503, "not ready yet: {problem}");
    server.wait_until_ready();
    let (status, answer) = server.post("/predict", EXAMPLE);
    assert_eq!(status, 200, "{answer}");
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let month = &answer["2018-12-01"];
    assert_eq!(
        (month["visits"].as_u64(), month["pagesPerVisit"].as_u64(), month["category"].as_u64()),
        (Some(1_000_000), Some(5_000_000), Some(100))
    );
    let users = month["uniqueUsers"].as_u64().unwrap();
    assert!((1..=1_000_000).contains(&users));
    assert!(month["uniqueUsersLow"].as_u64().unwrap() <= users && users <= month["uniqueUsersHigh"].as_u64().unwrap());
    assert_eq!(month["filled"], serde_json::json!(["alexa", "bounceRate", "avgVisitDuration"]));
    assert_eq!(month["warnings"][0]["code"], "implausible_value");

    let healthcheck =
        assert_cmd::Command::cargo_bin("uu-predictor").unwrap().args(["healthcheck", "--address", &server.address]).output().unwrap();
    assert_eq!(healthcheck.status.code(), Some(0));

    // A second start finds the model and is ready at once.
    drop(server);
    let server = Server::start(folder.path());
    assert_eq!(server.get("/health/ready").0, 200);
    stops_gracefully(server);
}

#[test]
fn a_version_put_in_use_answers_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let rows = folder.path().join("rows.csv");
    let run = |args: &[&str]| {
        let output = assert_cmd::Command::cargo_bin("uu-predictor").unwrap().args(args).arg("--store").arg(&store).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    run(&["sample", "--sites", "300", "--output", rows.to_str().unwrap()]);
    let train = ["train", "--data", rows.to_str().unwrap()];
    run(&train);
    let server = Server::start(&store);
    let answering = || {
        let (status, answer) = server.get("/predict?date=2018-12&visits=1000");
        assert_eq!(status, 200, "{answer}");
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        answer["2018-12"]["model"].as_str().unwrap().to_owned()
    };
    let answers_soon = |version: &str| {
        let deadline = Instant::now() + PATIENCE;
        while answering() != version {
            assert!(Instant::now() < deadline, "{version} does not answer");
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    assert_eq!(answering(), "v0001");
    run(&train);
    answers_soon("v0002");
    run(&["models", "promote", "v0001"]);
    answers_soon("v0001");
    run(&["models", "rollback"]);
    answers_soon("v0002");
    // What is damaged meanwhile changes nothing.
    for file in std::fs::read_dir(store.join("models")).unwrap() {
        std::fs::write(file.unwrap().path(), b"half").unwrap();
    }
    assert_eq!(answering(), "v0002");
}

#[test]
fn an_empty_store_takes_up_the_model_that_came_with_the_installation() {
    let folder = tempfile::tempdir().unwrap();
    let (rows, model) = (folder.path().join("rows.csv"), folder.path().join("first.uumodel"));
    let (rows, model) = (rows.to_str().unwrap(), model.to_str().unwrap());
    let run = |store: &str, args: &[&str]| {
        let store = folder.path().join(store);
        let output = assert_cmd::Command::cargo_bin("uu-predictor").unwrap().args(args).arg("--store").arg(store).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    run("made", &["sample", "--sites", "300", "--output", rows]);
    run("made", &["train", "--data", rows]);
    run("made", &["models", "export", "--artifact", model]);
    for _ in ["the first start", "a later one"] {
        let server = Server::start_with(&folder.path().join("new"), &[("UU_FIRST_MODEL", model)]);
        assert_eq!(server.get("/health/ready").0, 200, "at once");
    }
    let log = run("new", &["models", "log", "--json"]);
    assert_eq!(log.matches("\"promote\"").count(), 1, "once is enough: {log}");
    assert!(log.contains("the model that this installation came with"), "{log}");
}

#[cfg(target_os = "linux")]
#[test]
fn stopping_during_the_first_training_leaves_no_process_behind() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let trainings = || uu_testkit::processes::children_of(server.child.id());
    let deadline = Instant::now() + PATIENCE;
    while trainings().is_empty() {
        assert!(Instant::now() < deadline, "no training started");
        std::thread::sleep(Duration::from_millis(20));
    }
    let children = trainings();
    stops_gracefully(server);
    for child in children {
        assert!(!std::path::Path::new("/proc").join(child.to_string()).exists(), "{child} goes on");
    }
}

#[cfg(unix)]
fn stops_gracefully(mut server: Server) {
    // The shell's own `kill`: the program of that name is not everywhere.
    let status = Command::new("sh").args(["-c", &format!("kill {}", server.child.id())]).status().unwrap();
    assert!(status.success());
    let deadline = Instant::now() + PATIENCE;
    let exit = loop {
        match server.child.try_wait().unwrap() {
            Some(exit) => break exit,
            None if Instant::now() > deadline => panic!("still there long after it was told to stop"),
            None => std::thread::sleep(Duration::from_millis(50)),
        }
    };
    assert_eq!(exit.code(), Some(0));
}

/// A server whose store takes up a small model, and a token of its.
fn with_a_model(folder: &std::path::Path, settings: &[(&str, &str)]) -> (Server, String) {
    let (store, artifact) = (folder.join("store"), folder.join("first.uumodel"));
    std::fs::write(&artifact, &uu_testkit::models::trained().artifact).unwrap();
    let create = ["tokens", "create", "importer", "--scope", "write", "--store"];
    let output = assert_cmd::Command::cargo_bin("uu-predictor").unwrap().args(create).arg(&store).output().unwrap();
    let token = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    let first = [("UU_FIRST_MODEL", artifact.to_str().unwrap())];
    (Server::start_with(&store, &[first.as_slice(), settings].concat()), token)
}

const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[test]
fn each_request_has_one_line_of_the_log_with_its_ids_and_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let (server, token) = with_a_model(folder.path(), &[]);
    let head = |id: &str| {
        format!("Host: localhost\r\nConnection: close\r\nAuthorization: Bearer {token}\r\nX-Request-Id: {id}\r\ntraceparent: {TRACE}\r\n")
    };
    let answer = server.answer(&format!("GET /predict?date=2018-12&visits=1&domain=hidden.example HTTP/1.1\r\n{}\r\n", head("one")));
    let lower = answer.to_ascii_lowercase();
    assert!(lower.contains("\r\nx-request-id: one\r\n") && lower.contains(&format!("\r\ntraceparent: {TRACE}\r\n")), "{answer}");
    let line = server.line(&["request_id=\"one\"", "answered"]);
    let length = answer.split_once("\r\n\r\n").unwrap().1.len();
    let of_body = format!("bytes_in=0 bytes_out={length} ");
    for part in
        [" INFO ", TRACE, "method=GET", "route=\"/predict\"", "path=\"/predict\"", "status=200", &of_body, "time_ms=", "address=127.0.0.1"]
    {
        assert!(line.contains(part), "{part} in {line}");
    }

    // Another way in: a route with a name in it, a token that is looked at, a body, a refusal.
    server.answer(&format!("POST /jobs/7/retry?hidden=1 HTTP/1.1\r\n{}Content-Length: 6\r\n\r\nhidden", head("two")));
    let line = server.line(&["request_id=\"two\"", "answered"]);
    for part in ["route=\"/jobs/{id}/retry\"", "path=\"/jobs/7/retry\"", "status=422", "(importer)\""] {
        assert!(line.contains(part), "{part} in {line}");
    }
    let bodies = "date,visits\n2018-12,1\n";
    let length = bodies.len();
    server.answer(&format!(
        "POST /predict/batch HTTP/1.1\r\n{}Content-Type: text/csv\r\nContent-Length: {length}\r\n\r\n{bodies}",
        head("three")
    ));
    let line = server.line(&["request_id=\"three\"", "answered"]);
    assert!(line.contains(&format!("bytes_in={length} ")) && !line.contains("bytes_out=0 "), "{line}");

    // A client that hangs up.
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.write_all(format!("POST /predict HTTP/1.1\r\n{}Content-Length: 9\r\n\r\n", head("four")).as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    drop(stream);
    server.line(&["request_id=\"four\"", "POST"]);

    // Probes are not logged at this level; an id is made where none fits.
    let answer = server.answer("GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Request-Id: a\u{7f}b\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200") || answer.starts_with("HTTP/1.1 400"), "{answer}");
    server.get("/nowhere");
    server.line(&["route=\"other\"", "path=\"/nowhere\"", "status=404"]);
    let log = server.log.lock().unwrap().join("\n");
    assert_eq!(log.matches("request_id=\"one\"").count(), 1, "{log}");
    assert!(!log.contains("hidden") && !log.contains(&token) && !log.contains("/health/live"), "{log}");
}

#[test]
fn the_access_log_is_json_or_off_where_that_is_set() {
    let folder = tempfile::tempdir().unwrap();
    let (server, _) = with_a_model(folder.path(), &[("UU_LOG__FORMAT", "json"), ("UU_LOG__LEVEL", "debug")]);
    server.answer("GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Request-Id: probe\r\n\r\n");
    let line: serde_json::Value = serde_json::from_str(&server.line(&["probe", "answered"])).unwrap();
    assert_eq!((&line["level"], &line["fields"]["request_id"], &line["fields"]["status"]), (&"DEBUG".into(), &"probe".into(), &200.into()));
    drop(server);
    let folder = tempfile::tempdir().unwrap();
    let (server, _) = with_a_model(folder.path(), &[("UU_LOG__ACCESS", "false")]);
    let answer = server.answer("GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert!(answer.to_ascii_lowercase().contains("\r\nx-request-id: "), "{answer}");
    let answer =
        server.answer("GET /predict?date=2018-12&visits=1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Request-Id: quiet\r\n\r\n");
    assert!(answer.to_ascii_lowercase().contains("\r\nx-request-id: quiet\r\n"), "{answer}");
    let log = Arc::clone(&server.log);
    stops_gracefully(server);
    let log = log.lock().unwrap().join("\n");
    assert!(log.contains("listening on") && !log.contains("access_log") && !log.contains("quiet"), "{log}");
}
