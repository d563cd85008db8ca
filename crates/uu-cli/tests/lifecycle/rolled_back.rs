//! A deployment that failed: a newer version has brought the database up, and this one serves on, is started again and is backed up.

use std::process::Command;

use crate::load::REQUESTS;
use crate::place::{Backend, Place};
use crate::server::{Server, wait_until};

/// What a newer version may do to the tables without stopping this one.
const NEWER: &str = "ALTER TABLE versions ADD COLUMN language TEXT NOT NULL DEFAULT 'en';
    CREATE TABLE reports (id BIGINT PRIMARY KEY, version BIGINT NOT NULL REFERENCES versions (number));
    INSERT INTO reports (id, version) VALUES (1, 1);
    UPDATE registry_schema SET number = number + 1, table_names = table_names || ' reports'";

/// What one does that stops it.
const STOPS: &str = "UPDATE registry_schema SET lowest = number";

pub(crate) fn serves_on(backend: &Backend) {
    let place = Place::with_two_versions(backend);
    let server = Server::start(&place);
    let expected = server.post("/predict", REQUESTS[0]).body;
    execute(backend, &place, NEWER);

    // What is deployed next is backed up first, with the version that serves.
    let backup = || place.run(&["backup", "--json", "--output", "backup.tar.zst"]);
    let moved = |server: &Server| {
        for version in ["v0002", "v0001"] {
            assert_eq!(server.post(&format!("/models/{version}/promote"), "").status, 200);
            server.wait_for_version(version);
        }
        assert_eq!(server.post("/predict", REQUESTS[0]).body, expected);
        let backup = backup();
        assert!(backup.status.success(), "{}", String::from_utf8_lossy(&backup.stderr));
        let contents: serde_json::Value = serde_json::from_slice(&backup.stdout).unwrap();
        assert_eq!((&contents["rows"]["reports"], &contents["rows"]["versions"]), (&1.into(), &2.into()), "{contents}");
    };
    moved(&server);
    server.stop();
    let again = Server::start(&place);
    wait_until("it is ready", || again.get("/health/ready").status == 200);
    moved(&again);
    assert!(again.log.lock().unwrap().contains("a newer release has brought the database up"), "{}", again.log.lock().unwrap());
    again.stop();

    let restored = place.run(&["restore", "--replace", "--input", "backup.tar.zst"]);
    assert_eq!(restored.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&restored.stderr).contains("hint: restore"), "{}", String::from_utf8_lossy(&restored.stderr));
    execute(backend, &place, STOPS);
    let refused = place.run(&["serve", "--listen", "127.0.0.1:0"]);
    let told = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{told}");
    assert!(told.contains("hint: start the newer release again, or restore the backup"), "{told}");
}

fn execute(backend: &Backend, place: &Place, sql: &str) {
    match (backend, &place.database_url) {
        (Backend::Postgres(server), Some(url)) => server.execute(url, sql),
        _ => {
            const SCRIPT: &str = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=60).executescript(sys.argv[2])";
            let file = place.store.join("registry.sqlite");
            assert!(Command::new("python3").args(["-c", SCRIPT]).arg(file).arg(sql).status().expect("python3 is there").success());
        }
    }
}
