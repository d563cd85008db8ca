//! A model's life as an operator sees it.

use serde_json::{Value, json};
use uu_registry::Scope;

use crate::fixture::fixture;
use crate::place::{Backend, Place};
use crate::server::{Server, signal, wait_until};

fn decision(job: &Value) -> &Value {
    &job["outcome"]["retraining"]["decision"]
}

pub(crate) fn story(backend: &Backend) {
    let (place, fixture) = (Place::new(backend), fixture());
    let trained = place.run(&["train", "--data", fixture.path("first.csv").to_str().unwrap()]);
    assert!(trained.status.success(), "{}", String::from_utf8_lossy(&trained.stderr));
    let mut server = Server::start(&place);
    assert_eq!(server.answering(), "v0001");

    let job = server.wait_for_end(server.deliver("", &fixture.rows("second.csv")));
    assert_eq!((decision(&job), &job["state"]), (&json!("promoted"), &json!("succeeded")), "{job}");
    server.wait_for_version("v0002");
    let job = server.wait_for_end(server.deliver("", &fixture.rows("tenfold.csv")));
    assert_eq!((decision(&job), &job["state"]), (&json!("set_aside"), &json!("refused")), "{job}");
    assert!(job["outcome"]["retraining"]["reasons"][0].as_str().unwrap().contains("`panel` disagree"), "{job}");
    // Rows with more users than visits are dropped as they are cleaned, so that too few labels do more harm than too many.
    let job = server.wait_for_end(server.deliver("?force=true", &fixture.rows("tenth.csv")));
    assert_eq!((decision(&job), &job["outcome"]["retraining"]["reasons"][0]), (&json!("promoted"), &json!("forced")), "{job}");
    server.wait_for_version("v0003");

    // Of two senders: what one of them alone shows is a suggestion.
    let mut other = place.registry().create_token("other", Scope::Write, "test").unwrap().1.expose().to_owned();
    let mut sent = 0;
    for observation in fixture.observations("second.csv") {
        std::mem::swap(&mut server.token, &mut other);
        let answer = server.post_patiently("/observations", &observation);
        assert_eq!(answer.status, 201, "{}", answer.body);
        sent += 1;
        if sent % 50 == 0 && server.get("/models").json()["champion"] == "v0002" {
            break;
        }
    }
    wait_until("observations bring the version before back", || server.answering() == "v0002");
    assert_eq!(server.get("/models").json()["anchor"], "v0003", "only an admin moves it");
    let log = server.get("/audit-log?limit=1").json();
    assert_eq!((&log["records"][0]["action"], &log["records"][0]["by"]), (&json!("rollback"), &json!("watch")), "{log}");
    let drift = server.get("/drift").json();
    assert_eq!(drift["version"], "v0002");
    let output = place.run(&["jobs", "list"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("promoted v0003"), "{}", String::from_utf8_lossy(&output.stdout));
}

pub(crate) fn jobs(backend: &Backend) {
    let (place, fixture) = (Place::with_two_versions(backend), fixture());
    let mut server = Server::start(&place);
    let rows = fixture.rows("second.csv");

    let job = server.deliver("", &rows);
    wait_until("a process works", || !server.workers().is_empty());
    assert_eq!(server.ask("DELETE", &format!("/jobs/{job}"), "", b"").status, 202);
    server.wait_for_state(job, "cancelled");
    wait_until("the process is gone", || server.workers().is_empty());

    let job = server.deliver("", &rows);
    wait_until("a process works", || !server.workers().is_empty());
    signal("KILL", server.workers()[0]);
    let failed = server.wait_for_end(job);
    assert_eq!(failed["state"], "failed");
    assert!(failed["outcome"]["reason"].as_str().unwrap().contains("SIGKILL"), "{failed}");

    let again = server.post(&format!("/jobs/{job}/retry"), "").json()["id"].as_i64().unwrap();
    wait_until("a process works", || !server.workers().is_empty());
    let worker = server.workers()[0];
    // Whoever runs the checks may have lowered its own priority, and there is none below 19.
    let expected = (nice_of(server.id()).unwrap() + 10).min(19);
    wait_until("it gives way to those who ask for estimates", || nice_of(worker) == Some(expected));
    server.kill();
    wait_until("the process ends with its server", || !std::path::Path::new(&format!("/proc/{worker}/exe")).exists());
    server = Server::start(&place);
    server.wait_for_state(again, "lost");

    let again = server.post(&format!("/jobs/{again}/retry"), "").json()["id"].as_i64().unwrap();
    wait_until("a process works", || !server.workers().is_empty());
    server.stop();
    // Whoever starts next does it again by itself.
    let server = Server::start(&place);
    assert_eq!(server.state(again), "failed");
    let last = server.get("/jobs").json()["jobs"][0].clone();
    assert_eq!(last["retry_of"], again);
    let done = server.wait_for_end(last["id"].as_i64().unwrap());
    assert!(["succeeded", "refused"].contains(&done["state"].as_str().unwrap()), "{done}");
    assert!(decision(&done).is_string());
}

/// How much a process gives way to others, once it has said so.
fn nice_of(process: u32) -> Option<i32> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(16)?.parse().ok()
}

/// A training that wants more memory than it is given ends alone.
pub(crate) fn memory(backend: &Backend) {
    let place = Place::with_two_versions(backend);
    let server = Server::with(&place, &[("UU_RETRAINING__MEMORY_BYTES", "120000000")]);
    let job = server.wait_for_end(server.deliver("", &fixture().rows("second.csv")));
    assert_eq!(job["state"], "failed", "{job}");
    assert!(job["outcome"]["hint"].as_str().unwrap_or_default().contains("retraining.memory_bytes"), "{job}");
    assert_eq!(server.answering(), "v0001");
}

pub(crate) fn secrets(backend: &Backend) {
    let place = Place::with_two_versions(backend);
    let server = Server::with_token(&place, &[("UU_LOG__LEVEL", "trace")], String::new());
    wait_until("the first token is printed", || !server.printed.lock().unwrap().is_empty());
    let token = server.printed.lock().unwrap().trim().to_owned();
    assert!(token.starts_with("uu_") && !token.contains('\n'), "{token}");
    assert_eq!(server.post("/models/v0002/promote", "").status, 401);
    server.stop();

    let registry = place.registry();
    let reading = registry.create_token("reader", Scope::Read, "test").unwrap().1.expose().to_owned();
    let server = Server::with_token(&place, &[("UU_LOG__LEVEL", "trace")], token.clone());
    assert_eq!(server.post("/models/v0002/promote", "").status, 200, "it is an administrator's");
    server.wait_for_version("v0002");
    assert!(server.printed.lock().unwrap().is_empty(), "it is printed once");
    let log = server.log.lock().unwrap().clone();
    for secret in [&token, &reading] {
        assert!(!log.contains(secret.as_str()), "a token is in the log");
    }
    if let Some(url) = &place.database_url {
        assert!(!log.contains(url), "the database's password is in the log");
    }
    server.stop();
    let reader = Server::with_token(&place, &[], reading);
    assert_eq!(reader.post("/models/rollback", "").status, 403);
    reader.stop();

    for token in registry.tokens().unwrap() {
        registry.revoke_token(token.id, "test").unwrap();
    }
    let refused = place.run(&["serve", "--listen", "0.0.0.0:0"]);
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(2) && words.contains("no good token"), "{words}");
}

pub(crate) fn policy(backend: &Backend) {
    let (place, fixture) = (Place::new(backend), fixture());
    assert!(place.run(&["train", "--data", fixture.path("first.csv").to_str().unwrap()]).status.success());
    let server = Server::with(&place, &[("UU_RETRAINING__AFTER_ROWS", "100")]);
    for observation in fixture.observations("second.csv").iter().take(100) {
        assert_eq!(server.post_patiently("/observations", observation).status, 201);
    }
    wait_until("the policy asks", || !server.get("/jobs").json()["jobs"].as_array().unwrap().is_empty());
    let job = server.wait_for_end(1);
    assert_eq!((&job["by"], &job["outcome"]["retraining"]["observations"]), (&json!("policy"), &json!(100)), "{job}");
    assert!(job["request"]["policy"].as_str().unwrap().contains("100 observations wait"), "{job}");
    assert!(["promoted", "refused"].contains(&decision(&job).as_str().unwrap_or_default()), "{job}");
    assert_eq!(place.registry().waiting().unwrap().rows, 0, "they were examined");
}
