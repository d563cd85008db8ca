//! Slow, stalled, too large and too many: what connections can do, and how the server ends.

use std::time::Duration;

use rstest::rstest;
use uu_server::Limits;

use crate::client::{Client, request};
use crate::server::Server;

const MONTH: &str = r#"{"2018-12": {"visits": 1000}}"#;
/// The head of a request whose body is that month, once it is asked for.
const BEGUN: &[u8] =
    b"POST /predict HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\ncontent-type: application/json\r\ncontent-length: 29\r\n\r\n";
const SHORT: Duration = Duration::from_millis(300);

#[test]
fn slow_headers_are_cut_off_and_slow_bodies_answered_408() {
    // A server for each: whoever is slow at one is not to be cut off at the other, however busy the machine is.
    let server = Server::with(Limits { header_timeout: SHORT, ..Limits::default() });
    let mut headers = server.client();
    headers.send(b"POST /predict HTTP/1.1\r\nhost: te");
    assert!(headers.receive().is_none_or(|answer| answer.status == 408), "the connection ends");
    let server = Server::with(Limits { request_timeout: SHORT, ..Limits::default() });
    let mut body = server.client();
    body.send(b"POST /predict HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"2018");
    let answer = body.receive().expect("an answer");
    assert_eq!(answer.status, 408);
    assert_eq!(answer.json()["type"], "urn:uu-predictor:problem:timeout");
    assert!(body.receive().is_none(), "the connection is closed");
}

#[test]
fn a_body_beyond_the_limit_is_refused_whether_announced_or_not() {
    let server = Server::with(Limits { body_bytes: 1_000, ..Limits::default() });
    let body = format!("{{\"2018-12\": {{\"category\": \"{}\"}}}}", "x".repeat(2_000));
    let answer = server.client().post_json("/predict", &body);
    assert_eq!(answer.status, 413, "{}", answer.text());
    let mut chunked = server.client();
    chunked.send(b"POST /predict HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n");
    chunked.send(format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len()).as_bytes());
    assert_eq!(chunked.receive().expect("an answer").status, 413);
}

#[test]
fn a_refusal_that_comes_early_is_read_by_those_who_send_everything_first() {
    let server = Server::with(Limits { body_bytes: 1_000, ..Limits::default() });
    let body = vec![b'a'; 20_000_000];
    let json = ("content-type", "application/json");
    for (path, headers, expected) in [
        ("/observations", vec![json], 401),
        ("/retrain", vec![json], 401),
        ("/predict", vec![("content-type", "image/png")], 415),
        ("/predict/batch", vec![("content-type", "image/png")], 415),
        ("/predict?level=7", vec![json], 422),
        ("/nowhere", vec![json], 404),
        ("/categories", vec![json], 405),
    ] {
        let mut client = server.client();
        assert!(client.send(&request("POST", path, &headers, &body)), "{path}: everything is taken");
        assert_eq!(client.receive().expect("an answer").status, expected, "{path}");
        assert_eq!(client.get("/health/live").status, 200, "{path}: the connection goes on");
    }
    let mut client = server.client();
    assert!(client.send(&request("POST", "/predict", &[json], &body)), "everything is taken");
    assert_eq!(client.receive().expect("an answer").status, 413);
}

#[test]
fn who_waits_for_a_word_before_sending_is_refused_at_once() {
    let server = Server::start();
    let mut client = server.client();
    client.send(b"POST /observations HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n");
    assert_eq!(client.receive().expect("an answer").status, 401, "no interim answer asks for what is not read");
}

#[test]
fn headers_beyond_the_limit_are_refused() {
    let server = Server::start();
    let mut client = server.client();
    client.send(&request("GET", "/health/live", &[("x-large", &"x".repeat(400_000))], b""));
    assert!(client.receive().is_none_or(|answer| answer.status == 431));
    assert_eq!(server.client().get("/health/live").status, 200);
}

#[test]
fn pipelined_requests_are_answered_in_their_order() {
    let server = Server::start();
    let mut client = server.client();
    let bodies: Vec<String> = (1..=50).map(|visits| format!("{{\"2018-12\": {{\"visits\": {visits}}}}}")).collect();
    let json = [("content-type", "application/json")];
    let bytes: Vec<u8> = bodies.iter().flat_map(|body| request("POST", "/predict", &json, body.as_bytes())).collect();
    client.send(&bytes);
    for visits in 1..=50 {
        assert_eq!(client.receive().expect("an answer").json()["2018-12"]["visits"], visits);
    }
}

#[test]
fn connections_beyond_the_cap_wait_for_a_place() {
    let server = Server::with(Limits { connections: 1, ..Limits::default() });
    let mut first = server.client();
    first.send(BEGUN);
    assert_eq!(first.receive().expect("an interim answer").status, 100);
    let mut second = server.client();
    second.send(&request("GET", "/categories", &[], b""));
    first.send(MONTH.as_bytes());
    assert_eq!(first.receive().expect("an answer").status, 200, "the first keeps its place");
    drop(first);
    assert_eq!(second.receive().expect("the place is free").status, 200);
}

/// However long idle connections may stay where there is room.
const LONG: Duration = Duration::from_secs(3_600);

#[rstest]
#[case::silent(b"")]
#[case::beginning_a_request(b"GET /health/live HTTP/1.1\r\nhost: te")]
#[case::after_a_request(b"GET /health/live HTTP/1.1\r\nhost: test\r\n\r\n")]
fn idle_connections_close_the_server_to_nobody(#[case] sent: &[u8]) {
    let server = Server::with(Limits { connections: 8, header_timeout: LONG, ..Limits::default() });
    let mut idle: Vec<Client> = (0..60).map(|_| server.client()).collect();
    idle.iter_mut().for_each(|client| {
        client.send(sent);
    });
    assert_eq!(server.client().get("/health/live").status, 200);
    assert_eq!(server.client().get("/health/ready").status, 200);
    assert_eq!(server.client().get("/categories").status, 200, "those that are idle make room");
}

#[test]
fn health_is_answered_where_no_place_can_be_had() {
    let server = Server::with(Limits { connections: 1, header_timeout: LONG, request_timeout: LONG, ..Limits::default() });
    let mut busy = server.client();
    busy.send(BEGUN);
    assert_eq!(busy.receive().expect("an interim answer").status, 100);
    for path in ["/health/live", "/health/ready"] {
        let mut client = server.client();
        assert_eq!(client.get(path).status, 200);
        assert!(!client.send(&request("GET", "/categories", &[], b"")) || client.receive().is_none(), "one answer each");
    }
    busy.send(MONTH.as_bytes());
    assert_eq!(busy.receive().expect("an answer").status, 200);
}

#[rstest]
#[case::with_a_body_that_comes_slowly(b"GET /health/live HTTP/1.1\r\nhost: test\r\ncontent-length: 100000\r\n\r\nx")]
#[case::with_a_body_of_any_length(b"GET /health/live HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n5\r\nx")]
#[case::beginning_another_request(b"GET / HTTP/1.1\r\n")]
#[case::beginning_a_request_for_health(b"GET /health/live HTTP/1.1\r\nhost: te")]
fn health_is_answered_however_many_ask_for_it_and_do_not_finish(#[case] sent: &[u8]) {
    let limits = Limits { connections: 64, connections_per_address: 1, header_timeout: LONG, request_timeout: LONG, ..Limits::default() };
    let server = Server::with(limits);
    let mut busy = server.client();
    busy.send(BEGUN);
    assert_eq!(busy.receive().expect("an interim answer").status, 100);
    let mut others: Vec<Client> = (0..31).map(|_| server.client()).collect();
    others.iter_mut().for_each(|client| {
        client.send(sent);
    });
    for _ in 0..3 {
        assert_eq!(server.client().get("/health/live").status, 200);
        let empty = server.client().request("GET", "/health/ready", &[("content-length", "0")], b"");
        assert_eq!(empty.status, 200, "a body of no bytes is none");
    }
    busy.send(MONTH.as_bytes());
    assert_eq!(busy.receive().expect("an answer").status, 200);
}

#[rstest]
#[case("GET", "/categories")]
#[case("POST", "/predict")]
fn who_gets_no_place_is_refused_as_others_are(#[case] method: &str, #[case] path: &str) {
    let server = Server::with(Limits { connections: 1, header_timeout: SHORT, request_timeout: LONG, ..Limits::default() });
    let mut busy = server.client();
    busy.send(BEGUN);
    assert_eq!(busy.receive().expect("an interim answer").status, 100);
    let refused = server.client().request(method, path, &[("x-request-id", "a-1"), ("content-type", "application/json")], MONTH.as_bytes());
    assert_eq!((refused.status, refused.header("x-request-id"), refused.header("retry-after")), (503, Some("a-1"), Some("1")));
    assert_eq!((refused.header("x-content-type-options"), refused.header("connection")), (Some("nosniff"), Some("close")));
    let json = refused.json();
    assert_eq!((&json["type"], &json["requestId"]), (&"urn:uu-predictor:problem:no-room".into(), &"a-1".into()));
    busy.send(MONTH.as_bytes());
    assert_eq!(busy.receive().expect("an answer").status, 200);
}

#[test]
fn a_request_in_flight_keeps_its_connection_while_idle_ones_are_closed() {
    let server = Server::with(Limits { connections: 2, connections_per_address: 2, header_timeout: LONG, ..Limits::default() });
    let (mut busy, mut idle) = (server.client(), server.client());
    busy.send(BEGUN);
    assert_eq!(busy.receive().expect("an interim answer").status, 100);
    assert_eq!(idle.get("/categories").status, 200);
    assert_eq!(server.client().get("/categories").status, 200, "the idle one makes room");
    assert!(idle.receive().is_none(), "it is closed");
    busy.send(MONTH.as_bytes());
    assert_eq!(busy.receive().expect("an answer").status, 200);
}

#[test]
fn stopping_finishes_what_is_in_flight() {
    let mut server = Server::start();
    let mut idle = server.client();
    assert_eq!(idle.get("/health/live").status, 200);
    let mut busy = server.client();
    let whole = request("POST", "/predict", &[("content-type", "application/json")], MONTH.as_bytes());
    let (head, rest) = whole.split_at(whole.len() - 10);
    // The interim answer shows that the request is being handled before the server is told to stop.
    let head = String::from_utf8(head.to_vec()).unwrap().replacen("\r\n", "\r\nexpect: 100-continue\r\n", 1);
    busy.send(head.as_bytes());
    assert_eq!(busy.receive().expect("an interim answer").status, 100);
    server.stop();
    assert!(idle.receive().is_none(), "an idle connection is closed");
    busy.send(rest);
    assert_eq!(busy.receive().expect("the answer").status, 200);
    server.wait();
}

#[test]
fn stopping_does_not_wait_for_ever() {
    let mut server = Server::with(Limits { shutdown_timeout: SHORT, ..Limits::default() });
    let mut stuck = server.client();
    stuck.send(
        b"POST /predict HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n",
    );
    assert_eq!(stuck.receive().expect("an interim answer").status, 100);
    server.stop();
    server.wait();
    assert!(stuck.receive().is_none());
}
