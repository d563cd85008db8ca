//! Where requests come from: pages of other sites, names that lead here, heads that two readers would read in two ways. And what browsers are told
//! of the answers.

use rstest::rstest;
use uu_registry::Scope;
use uu_server::{Access, Policies, Tokens};

use crate::client::Answer;
use crate::server::Server;

fn open_to_all() -> Server {
    let access = Access { tokens: Tokens::None, origins: vec!["https://pages.example".to_owned()], ..Access::default() };
    let server = Server::under(Policies { access, ..Policies::default() });
    server.install();
    server
}

/// What a request of these bytes is answered.
fn answer(server: &Server, bytes: &str) -> Answer {
    let mut client = server.client();
    client.send(bytes.as_bytes());
    client.receive().expect("an answer")
}

const PLAIN: (&str, &str) = ("content-type", "text/plain");
const FORM: (&str, &str) = ("content-type", "multipart/form-data; boundary=x");

#[rstest]
#[case("POST", "/models/v0001/promote", &[("origin", "http://evil.example"), PLAIN])]
#[case("POST", "/models/rollback", &[("origin", "null")])]
#[case("POST", "/retrain?force=true", &[("origin", "http://evil.example"), FORM])]
#[case("POST", "/retrain", &[("sec-fetch-site", "cross-site"), FORM])]
#[case("POST", "/observations", &[("sec-fetch-site", "same-site"), PLAIN])]
#[case("POST", "/observations", &[("origin", "http://test:5001"), PLAIN])]
#[case("POST", "/jobs/1/retry", &[("sec-fetch-site", "cross-site"), ("origin", "http://test")])]
#[case("DELETE", "/jobs/1", &[("origin", "http://test.evil.example")])]
#[case("PUT", "/models/v0001", &[("origin", "http://evil.example")])]
#[case("POST", "/predict", &[("origin", "http://evil.example"), PLAIN])]
fn a_page_of_another_site_changes_nothing(#[case] method: &str, #[case] path: &str, #[case] headers: &[(&str, &str)]) {
    let server = open_to_all();
    let refused = server.client().request(method, path, headers, b"{}");
    assert_eq!((refused.status, &refused.json()["type"]), (403, &"urn:uu-predictor:problem:foreign-origin".into()));
    // Nor where it has somebody's token.
    let server = Server::start();
    let token = server.token(Scope::Admin);
    let headers = [headers, &[("authorization", token.as_str())]].concat();
    assert_eq!(server.client().request(method, path, &headers, b"{}").status, 403);
    assert!(server.registry.jobs(10).unwrap().is_empty());
}

#[rstest]
#[case(&[])]
#[case(&[("origin", "http://test")])]
#[case(&[("origin", "https://test")])]
#[case(&[("origin", "https://pages.example")])]
#[case(&[("sec-fetch-site", "same-origin"), ("origin", "http://test")])]
#[case(&[("sec-fetch-site", "none")])]
#[case(&[("sec-fetch-site", "cross-site"), ("origin", "https://pages.example")])]
fn pages_of_its_own_and_those_that_are_listed_may_and_so_may_what_is_no_browser(#[case] headers: &[(&str, &str)]) {
    let server = open_to_all();
    let answer = server.client().request("POST", "/models/v0001/promote", headers, b"");
    assert_eq!(answer.status, 404, "there is no such version: {}", answer.text());
    assert_eq!(server.client().request("GET", "/models", &[("sec-fetch-site", "cross-site")], b"").status, 200, "reading changes nothing");
}

#[rstest]
#[case("/audit-log", "rebind.evil.example", 421)]
#[case("/models", "rebind.evil.example:5000", 421)]
#[case("/health/live", "evil.example", 421)]
#[case("/models", "localhost.evil.example", 421)]
#[case("/models", "localhost:5000", 200)]
#[case("/models", "LOCALHOST", 200)]
#[case("/models", "127.0.0.1:1", 200)]
#[case("/models", "[::1]:5000", 200)]
#[case("/models", "192.0.2.1", 200)]
#[case("/models", "TEST.:80", 200)]
#[case("/models", "", 400)]
#[case("/models", "a b", 400)]
#[case("/models", "user@localhost", 400)]
fn a_server_answers_under_its_own_names_alone(#[case] path: &str, #[case] host: &str, #[case] status: u16) {
    let server = Server::start();
    let asked = answer(&server, &format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
    assert_eq!(asked.status, status);
    assert_eq!(asked.header("connection") == Some("close"), status != 200, "a connection under another name serves nothing else");
    let posted = answer(&server, &format!("POST {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nContent-Length: 0\r\n\r\n"));
    assert_eq!(posted.status == status, status != 200, "{}", posted.status);
}

#[rstest]
#[case("GET /models HTTP/1.1\r\n\r\n", 400)]
#[case("GET /models HTTP/1.0\r\n\r\n", 200)]
#[case("GET /models HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400)]
#[case("GET /models HTTP/1.1\r\nHost: localhost\r\nhost: evil.example\r\n\r\n", 400)]
#[case("GET http://evil.example/models HTTP/1.1\r\nHost: localhost\r\n\r\n", 421)]
#[case("GET http://localhost/models HTTP/1.1\r\nHost: localhost\r\n\r\n", 200)]
#[case("POST /predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400)]
#[case("POST /predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400)]
#[case("POST /predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400)]
#[case("POST /predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", 400)]
#[case("POST /categories HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", 405)]
#[case(
    "POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: identity\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n",
    415
)]
#[case(
    "POST /predict/batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nContent-Encoding: gzip, br\r\nContent-Length: 0\r\n\r\n",
    415
)]
fn a_head_that_two_readers_would_read_in_two_ways_is_refused(#[case] bytes: &str, #[case] status: u16) {
    let server = Server::start();
    assert_eq!(answer(&server, bytes).status, status);
    assert_eq!(server.client().get("/health/live").status, 200);
}

#[test]
fn an_upload_is_refused_for_any_encoding_that_is_not_read() {
    let server = Server::start();
    let token = server.token(Scope::Write);
    let csv = ("content-type", "text/csv");
    for headers in [&[csv, ("content-encoding", "br")][..], &[csv, ("content-encoding", "identity"), ("content-encoding", "zstd, gzip")]] {
        let headers = [headers, &[("authorization", token.as_str())]].concat();
        assert_eq!(server.client().request("POST", "/retrain", &headers, b"").status, 415, "{headers:?}");
    }
}

#[rstest]
#[case("GET", "/models", 200)]
#[case("GET", "/metrics", 200)]
#[case("GET", "/drift", 409)]
#[case("GET", "/nowhere", 404)]
#[case("PUT", "/predict", 405)]
#[case("POST", "/predict", 400)]
#[case("POST", "/retrain", 401)]
#[case("GET", "/predict?date=never", 422)]
#[case("GET", "/openapi.json", 200)]
#[case("GET", "/docs", 308)]
#[case("GET", "/docs/", 200)]
fn every_answer_says_what_browsers_may_do_with_it(#[case] method: &str, #[case] path: &str, #[case] status: u16) {
    let server = Server::start();
    let answer = server.client().request(method, path, &[], b"");
    assert_eq!(answer.status, status);
    let header = |name: &str| answer.header(name).unwrap_or_default().to_owned();
    let [sniffing, referrer, resource, opener] =
        ["x-content-type-options", "referrer-policy", "cross-origin-resource-policy", "cross-origin-opener-policy"].map(header);
    assert_eq!([sniffing, referrer, resource, opener], ["nosniff", "no-referrer", "same-origin", "same-origin"]);
    let policy = header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; ") && policy.ends_with("frame-ancestors 'none'"), "{policy}");
    assert_eq!(policy.contains("script-src 'self'"), path == "/docs/", "only the page runs scripts, its own");
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[test]
fn what_a_token_sees_is_kept_by_no_cache() {
    let server = Server::start();
    let token = server.token(Scope::Read);
    for path in ["/models", "/audit-log", "/predict?date=2024-01&visits=9", "/nowhere"] {
        let answer = server.client().request("GET", path, &[("authorization", &token)], b"");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    }
}
