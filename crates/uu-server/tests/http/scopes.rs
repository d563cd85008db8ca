//! Who may do what, for every operation that is described: one that somebody adds is looked at as well.

use serde_json::{Value, json};
use uu_registry::{Scope, Timestamp};
use uu_server::{Access, Policies, Tokens, openapi};

use crate::server::Server;

/// Each operation's method, path and `security`.
fn operations() -> Vec<(String, String, Value)> {
    let api = serde_json::to_value(openapi()).unwrap();
    let paths = api["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().iter().filter(|(_, operation)| operation["responses"].is_object());
            methods.map(|(method, operation)| (method.to_uppercase(), path.clone(), operation["security"].clone()))
        })
        .collect()
}

fn filled(path: &str) -> String {
    path.replace("{file}", "index.html").replace("{id}", "1").replace("{version}", "v0001")
}

fn is_public(security: &Value) -> bool {
    *security == json!([])
}

fn is_open_to_readers(security: &Value) -> bool {
    security.as_array().is_some_and(|ways| ways.contains(&json!({})))
}

#[test]
fn no_operation_is_open_unless_it_is_marked_so() {
    for tokens in [Tokens::Writing, Tokens::All] {
        let access = Access { tokens, ..Access::default() };
        let server = Server::under(Policies { access, ..Policies::default() });
        server.install();
        for (method, path, security) in operations() {
            let is_open = is_public(&security) || (tokens == Tokens::Writing && is_open_to_readers(&security));
            let status = server.client().request(&method, &filled(&path), &[], b"").status;
            assert_eq!(status != 401, is_open, "{method} {path} under {tokens:?}: {status}");
            for wrong in ["Bearer uu_wrong", "Bearer", "Basic dXU6dXU="] {
                if !is_open {
                    let refused = server.client().request(&method, &filled(&path), &[("authorization", wrong)], b"").status;
                    assert!([401, 429].contains(&refused), "{method} {path}: {refused}");
                }
            }
        }
    }
}

#[test]
fn what_is_marked_open_is_health_and_what_changes_nothing() {
    let marked = |is_marked: fn(&Value) -> bool, is_reading: bool| {
        let found = operations().into_iter().filter(|(method, _, security)| is_marked(security) && (method == "GET") == is_reading);
        found.map(|(method, path, _)| format!("{method} {path}")).collect::<Vec<_>>()
    };
    assert_eq!(marked(is_public, true), ["GET /health/live", "GET /health/ready"]);
    assert_eq!(marked(is_public, false), [""; 0]);
    assert_eq!(marked(is_open_to_readers, false), ["POST /predict", "POST /predict/batch", "POST /predictor/predict"]);
}

#[test]
fn methods_that_a_path_does_not_take_are_refused_as_such() {
    let server = Server::start();
    for (_, path, _) in operations() {
        for method in ["PUT", "PATCH", "OPTIONS", "PURGE"] {
            let status = server.client().request(method, &filled(&path), &[], b"").status;
            assert_eq!(status, 405, "{method} {path}");
        }
    }
}

#[test]
fn a_scope_that_does_not_reach_is_refused_for_every_operation() {
    let server = Server::start();
    let read = server.token(Scope::Read);
    let writing = operations().into_iter().filter(|(_, _, security)| !is_public(security) && !is_open_to_readers(security));
    let writing: Vec<(String, String)> = writing.map(|(method, path, _)| (method, path)).collect();
    assert!(writing.len() >= 6, "{writing:?}");
    for (method, path) in writing {
        let status = server.client().request(&method, &filled(&path), &[("authorization", &read)], b"").status;
        assert_eq!(status, 403, "{method} {path}");
    }
}

#[test]
fn a_token_that_expires_is_refused_from_then_on_also_where_it_was_good_a_moment_ago() {
    let access = Access { tokens: Tokens::All, ..Access::default() };
    let server = Server::under(Policies { access, ..Policies::default() });
    let until = |milliseconds| {
        let end = Timestamp::now().after(milliseconds);
        let token = server.registry.create_token_until("test", Scope::Admin, (Some(end), "test")).unwrap().1;
        format!("Bearer {}", token.expose())
    };
    let status = |token: &str, method: &str, path: &str| server.client().request(method, path, &[("authorization", token)], b"").status;
    let expired = until(-1);
    assert_eq!((status(&expired, "GET", "/models"), status(&expired, "POST", "/models/rollback")), (401, 401));
    let (long, short) = (until(3_600_000), until(1_500));
    assert_eq!((status(&long, "GET", "/models"), status(&long, "POST", "/models/rollback")), (200, 409));
    while status(&short, "GET", "/models") != 401 {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(status(&short, "POST", "/models/rollback"), 401);
}
