//! A database that is away for a while.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use uu_testkit::postgres::Postgres;

use crate::fixture::fixture;
use crate::place::{Backend, Place};
use crate::server::{Server, wait_until};

pub(crate) fn short(backend: &Backend) {
    away(backend, Duration::from_secs(6));
}

pub(crate) fn long(backend: &Backend) {
    away(backend, Duration::from_secs(30));
}

fn away(backend: &Backend, time: Duration) {
    // A server of its own, since other checks need theirs.
    let own = match backend {
        Backend::Sqlite => None,
        Backend::Postgres(_) => Some(Arc::new(Postgres::start().unwrap())),
    };
    let place = Place::with_two_versions(&own.as_ref().map_or(Backend::Sqlite, |own| Backend::Postgres(Arc::clone(own))));
    let server = Server::with(&place, &[("UU_SERVER__TOKENS", "all")]);
    let expected = expected_with_token(&server);
    assert_eq!(server.post("/observations", &fixture().observations("second.csv")[0]).status, 201);
    let job = server.deliver("", &fixture().rows("second.csv"));
    wait_until("a process works", || !server.workers().is_empty());

    let lock = match &own {
        None => Some(lock(&place)),
        Some(own) => {
            own.pause();
            None
        }
    };
    let begin = std::time::Instant::now();
    let mut refused = 0;
    while begin.elapsed() < time {
        let answer = server.post("/predict", crate::load::REQUESTS[0]);
        assert_eq!(answer.status, 200, "estimates need no database: {}", answer.body);
        assert!(expected.contains(&answer.body), "{}", answer.body);
        let observed = server.post("/observations", &fixture().observations("second.csv")[1]);
        assert!([201, 503].contains(&observed.status), "{}", observed.body);
        refused += usize::from(observed.status == 503);
    }
    assert!(refused > 0, "it was away");
    if let Some(mut lock) = lock {
        lock.kill().unwrap();
        lock.wait().unwrap();
    }
    if let Some(own) = &own {
        own.resume();
    }

    wait_until("observations are kept again", || server.post("/observations", &fixture().observations("second.csv")[2]).status == 201);
    // The training has waited for the database, and says what it came to.
    let job = server.wait_for_end(job);
    assert!(["succeeded", "refused"].contains(&job["state"].as_str().unwrap()), "{job}");
    assert!(place.registry().observations_after(0, 10).unwrap().len() >= 2, "what was acknowledged is there");
}

/// What either version answers to the first request, asked with a token.
fn expected_with_token(server: &Server) -> Vec<String> {
    let answers = ["v0002", "v0001"].map(|version| {
        assert_eq!(server.post(&format!("/models/{version}/promote"), "").status, 200);
        server.wait_for_version(version);
        server.post("/predict", crate::load::REQUESTS[0]).body
    });
    answers.to_vec()
}

/// Another process that holds SQLite's file: nobody else can write it, which is all of an outage that a file can have.
fn lock(place: &Place) -> Child {
    const SCRIPT: &str = "import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
db.execute('BEGIN EXCLUSIVE')
print('held', flush=True)
time.sleep(600)";
    let file = place.store.join("registry.sqlite");
    let mut child = Command::new("python3").args(["-c", SCRIPT]).arg(file).stdout(Stdio::piped()).spawn().expect("python3 is there");
    let mut said = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut said).unwrap();
    assert_eq!(said.trim(), "held");
    child
}
