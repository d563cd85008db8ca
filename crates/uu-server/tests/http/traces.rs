//! Ids of requests, and deliveries whose clients hang up.

use rstest::rstest;
use uu_registry::Scope;
use uu_server::{Access, Limits, Policies, RateLimits, Tokens};

use crate::client::{Answer, request};
use crate::server::Server;

fn is_made(id: &str) -> bool {
    id.len() == 36 && id.as_bytes()[14] == b'7' && id.matches('-').count() == 4
}

fn id(answer: &Answer) -> &str {
    answer.header("x-request-id").expect("every answer has the id of its request")
}

#[test]
fn every_answer_has_an_id_of_its_request() {
    let server = Server::start();
    let mut client = server.client();
    for (method, path) in
        [("GET", "/predict?date=2018-12&visits=1"), ("POST", "/retrain"), ("GET", "/nowhere"), ("PUT", "/predict"), ("GET", "/health/live")]
    {
        let made = client.request(method, path, &[], b"");
        assert!(is_made(id(&made)), "{path}: {:?}", made.headers);
        assert_eq!(made.header("traceparent"), None);
        let given = client.request(method, path, &[("X-Request-Id", "a-b.c/1"), ("traceparent", "nonsense")], b"");
        assert_eq!((id(&given), given.header("traceparent")), ("a-b.c/1", None), "{path}");
        assert_eq!(given.headers.iter().filter(|(name, _)| name == "x-request-id").count(), 1);
    }
    let first = client.get("/categories");
    assert_ne!(id(&first), id(&client.get("/categories")));
}

#[rstest]
#[case::long(&[("X-Request-Id", "x129")])]
#[case::blank(&[("X-Request-Id", "two words")])]
#[case::not_ascii(&[("X-Request-Id", "\u{e9}t\u{e9}")])]
#[case::empty(&[("X-Request-Id", "")])]
#[case::twice(&[("X-Request-Id", "one"), ("X-Request-Id", "two")])]
fn an_id_that_is_not_well_formed_is_replaced(#[case] headers: &[(&str, &str)]) {
    let server = Server::start();
    let long = "x".repeat(129);
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, if *value == "x129" { &long } else { *value })).collect();
    for path in ["/categories", "/nowhere"] {
        let answer = server.client().request("GET", path, &headers, b"");
        assert!(is_made(id(&answer)), "{path}: {:?}", answer.headers);
    }
}

#[test]
fn problems_name_their_request() {
    let access = Access { tokens: Tokens::All, ..Access::default() };
    let server = Server::under(Policies { access, ..Policies::default() });
    let (mut client, token) = (server.client(), server.token(Scope::Read));
    let (auth, given) = (("authorization", token.as_str()), ("x-request-id", "mine"));
    for (method, path, headers, body, status) in [
        ("GET", "/predict?date=2018-12&visits=1", vec![], "", 401),
        ("GET", "/predict?date=2018-12&visits=1", vec![auth], "", 503),
        ("GET", "/nowhere", vec![auth], "", 404),
        ("POST", "/categories", vec![auth], "", 405),
        ("POST", "/retrain", vec![auth], "", 403),
        ("POST", "/predict", vec![auth, ("sec-fetch-site", "cross-site")], "{}", 403),
        ("GET", "/jobs/7", vec![auth], "", 404),
        ("GET", "/audit-log?limit=0", vec![auth], "", 422),
    ] {
        let named = client.request(method, path, &[headers.as_slice(), &[given]].concat(), body.as_bytes());
        assert_eq!((named.status, named.json()["requestId"].as_str()), (status, Some("mine")), "{path}: {}", named.text());
        let made = client.request(method, path, &headers, body.as_bytes());
        assert_eq!(made.json()["requestId"], id(&made), "{path}");
    }
    // One that its handler did not answer.
    let limits = Limits { request_timeout: std::time::Duration::from_millis(200), ..Limits::default() };
    let server = Server::with(limits);
    let mut slow = server.client();
    slow.send(
        b"POST /predict HTTP/1.1\r\nhost: test\r\nx-request-id: slow\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{",
    );
    let late = slow.receive().expect("an answer");
    assert_eq!((late.status, late.json()["requestId"].as_str(), id(&late)), (408, Some("slow"), "slow"));
}

#[test]
fn a_head_has_the_length_of_the_problem_that_a_get_has() {
    let server = Server::start();
    let named = [("x-request-id", "mine")];
    let get = server.client().request("GET", "/jobs/7", &named, b"");
    let mut client = server.client();
    client.send(&request("HEAD", "/jobs/7", &named, b""));
    let head = client.receive_head().expect("an answer");
    assert_eq!((head.status, head.header("content-length")), (404, get.header("content-length")));
}

#[test]
fn a_delivery_whose_client_hangs_up_is_not_taken() {
    let rates = RateLimits { writes_per_s_per_token: 0, ..RateLimits::default() };
    let server = Server::under(Policies { limits: Limits { deliveries: 1, ..Limits::default() }, rates, ..Policies::default() });
    let token = server.token(Scope::Write);
    let headers = [("authorization", token.as_str()), ("content-type", "text/csv")];
    // Each unknown category is looked for among all names, which takes long.
    let rows: String = (0..6_000).map(|number| format!("2024-01,s{number}.com,test,1000,500,Unheard of {number}\n")).collect();
    let slow = format!("date,site,source,visits,unique_users,category\n{rows}");
    let is_taken = || server.client().request("POST", "/retrain", &headers, b"date,visits\n").status == 429;
    let gone = loop {
        let mut gone = server.client();
        gone.send(&request("POST", "/retrain", &headers, slow.as_bytes()));
        // Whoever looks may have the slot before it, and then it is refused.
        if std::iter::repeat_with(is_taken).take(20).any(|is_taken| is_taken) || !server.registry.jobs(1).unwrap().is_empty() {
            break gone;
        }
    };
    drop(gone);
    // Others are let in once the slot is free again.
    let small = b"date,site,source,visits,unique_users\n2024-01,a.com,test,1000,500\n";
    let taken = std::iter::repeat_with(|| server.client().request("POST", "/retrain", &headers, small)).find(|answer| answer.status != 429);
    let taken = taken.expect("it is asked until it is taken");
    assert_eq!((taken.status, taken.header("location")), (202, Some("/jobs/1")), "{}", taken.text());
    assert_eq!(server.registry.jobs(10).unwrap().len(), 1);
    // Whoever waits for the answer has his delivery taken.
    let stays = server.client().request("POST", "/retrain", &headers, slow.as_bytes());
    assert_eq!((stays.status, stays.header("location")), (202, Some("/jobs/2")), "{}", stays.text());
}

#[rstest]
#[case("x")]
#[case("-1")]
#[case("1.5")]
#[case("9223372036854775808")]
fn an_event_to_resume_after_is_a_number(#[case] last: &str) {
    let server = Server::start();
    server.registry.enqueue("retrain", &serde_json::json!({}), "ann").unwrap();
    let refused = server.client().request("GET", "/jobs/1/events", &[("last-event-id", last)], b"");
    assert_eq!((refused.status, refused.json()["errors"][0]["field"].as_str()), (422, Some("Last-Event-ID")), "{}", refused.text());
    let asked = server.client().get("/jobs/1/events?from=1");
    assert_eq!((asked.status, asked.json()["errors"][0]["code"].as_str()), (422, Some("unknown_parameter")), "{}", asked.text());
}
