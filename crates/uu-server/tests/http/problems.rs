//! What is refused, and how that is said.

use insta::assert_snapshot;
use rstest::rstest;

use crate::client::Answer;
use crate::server::Server;

fn pretty(answer: &Answer) -> String {
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{}", answer.text());
    assert_eq!(answer.json()["status"], answer.status, "{}", answer.text());
    let mut document = answer.json();
    let id = document.as_object_mut().and_then(|document| document.remove("requestId"));
    assert_eq!(id.as_ref().and_then(|id| id.as_str()), answer.header("x-request-id"));
    serde_json::to_string_pretty(&document).unwrap()
}

#[test]
fn every_fault_of_every_month_is_listed_at_once() {
    let server = Server::start();
    let request = r#"{
        "2018-12-01": {"domain": "a.com", "visits": -1, "bounceRate": 143.1, "pages_per_visit": "many", "visits": 3},
        "2018-13": {"visits": true},
        "2018-12": {"domain": "b.com", "alexa": 1e400},
        "2019-01": 7
    }"#;
    let answer = server.client().post_json("/predict", request);
    assert_eq!(answer.status, 422);
    assert_snapshot!(pretty(&answer), @r#"
    {
      "detail": "9 values break rules",
      "errorCount": 9,
      "errors": [
        {
          "code": "duplicate_field",
          "date": "2018-12-01",
          "expected": "each field once",
          "field": "visits",
          "found": "`visits` again",
          "message": "a field must be given once, got `visits` again, or another name of the same field",
          "pointer": "/2018-12-01/visits"
        },
        {
          "code": "not_a_number",
          "date": "2018-12-01",
          "expected": "a number",
          "field": "pages_per_visit",
          "found": "`many`",
          "hint": "leave the value empty (or null) where it is unknown; write numbers without separators",
          "message": "pages per visit must be a number, got `many`",
          "pointer": "/2018-12-01/pages_per_visit"
        },
        {
          "code": "out_of_range",
          "date": "2018-12-01",
          "expected": "between 0 and 100 percent",
          "field": "bounceRate",
          "found": "143.1",
          "hint": "the bounce rate is in percent: a fraction of 0.43 is 43",
          "message": "bounce rate must be between 0 and 100 percent, got 143.1",
          "pointer": "/2018-12-01/bounceRate"
        },
        {
          "code": "bad_date",
          "date": "2018-13",
          "expected": "a date like `2018-12-01` or `2018-12`",
          "found": "`2018-13`",
          "hint": "the body is an object keyed by date: {\"2018-12-01\": {\"visits\": 1000000}}",
          "message": "date must be a date like `2018-12-01` or `2018-12`, got `2018-13`",
          "pointer": "/2018-13"
        },
        {
          "code": "not_a_number",
          "date": "2018-13",
          "expected": "a number",
          "field": "visits",
          "found": "a boolean",
          "hint": "leave the value empty (or null) where it is unknown; write numbers without separators",
          "message": "visits must be a number, got a boolean",
          "pointer": "/2018-13/visits"
        },
        {
          "code": "not_a_number",
          "date": "2018-12",
          "expected": "a number",
          "field": "alexa",
          "found": "`1e400`",
          "hint": "leave the value empty (or null) where it is unknown; write numbers without separators",
          "message": "rank must be a number, got `1e400`",
          "pointer": "/2018-12/alexa"
        },
        {
          "code": "not_an_object",
          "date": "2019-01",
          "expected": "an object of the month's values",
          "found": "a number",
          "hint": "the body is an object keyed by date: {\"2018-12-01\": {\"visits\": 1000000}}",
          "message": "a month must be an object of its values, got a number",
          "pointer": "/2019-01"
        },
        {
          "code": "duplicate_month",
          "date": "2018-12",
          "expected": "a month that is given once",
          "found": "`2018-12-01` and `2018-12`",
          "message": "date must be a month that is given once, got `2018-12-01` and `2018-12`",
          "pointer": "/2018-12"
        },
        {
          "code": "several_sites",
          "date": "2018-12",
          "expected": "the request's one site, `a.com`",
          "field": "domain",
          "found": "`b.com`",
          "hint": "send one request for each site, or use the batch",
          "message": "site must be the request's one site, `a.com`, got `b.com`",
          "pointer": "/2018-12/domain"
        }
      ],
      "status": 422,
      "title": "the request breaks rules",
      "type": "urn:uu-predictor:problem:validation"
    }
    "#);
}

#[test]
fn json_that_cannot_be_read_names_its_line_and_column() {
    let server = Server::start();
    let answer = server.client().post_json("/predict", "{\"2018-12\": {\n  \"visits\": 1,\n}}");
    assert_eq!(answer.status, 400);
    assert_snapshot!(pretty(&answer), @r#"
    {
      "column": 1,
      "detail": "trailing comma",
      "line": 3,
      "status": 400,
      "title": "the body cannot be read",
      "type": "urn:uu-predictor:problem:malformed-body"
    }
    "#);
}

#[rstest]
#[case("not JSON", b"hello", 400)]
#[case("nothing", b"", 400)]
#[case("a list", b"[1]", 400)]
#[case("two documents", b"{} {}", 400)]
#[case("cut off", b"{\"2018-12\": {\"visits\": 1", 400)]
#[case("invalid UTF-8", b"{\"2018-12\": {\"category\": \"\xff\"}}", 400)]
#[case("no month", b"{}", 422)]
#[case("a flat month", b"{\"visits\": 3}", 422)]
#[case("a lone surrogate", b"{\"2018-12\": {\"domain\": \"\\ud800 x\"}}", 422)]
#[case("a lone surrogate in a name", b"{\"2018-12\": {\"domain\": \"\\ud800x.com\"}}", 422)]
#[case("NaN", b"{\"2018-12\": {\"visits\": NaN}}", 400)]
#[case("a text infinity", b"{\"2018-12\": {\"visits\": \"inf\"}}", 422)]
#[case("an object for a number", b"{\"2018-12\": {\"visits\": {}}}", 422)]
fn what_is_no_request_is_refused(#[case] what: &str, #[case] body: &[u8], #[case] status: u16) {
    let server = Server::start();
    let answer = server.client().request("POST", "/predict", &[("content-type", "application/json")], body);
    assert_eq!(answer.status, status, "{what}: {}", answer.text());
    pretty(&answer);
}

#[rstest]
#[case("level=1.5", "bad_level")]
#[case("level=nan", "bad_level")]
#[case("level=90", "bad_level")]
#[case("explain=maybe", "bad_switch")]
#[case("levle=0.8", "unknown_parameter")]
fn a_bad_parameter_is_refused(#[case] query: &str, #[case] code: &str) {
    let server = Server::start();
    let answer = server.client().post_json(&format!("/predict?{query}"), r#"{"2018-12": {"visits": 1}}"#);
    assert_eq!(answer.status, 422);
    assert_eq!(answer.json()["errors"][0]["code"], code, "{}", answer.text());
}

#[test]
fn routes_methods_and_media_types_that_are_not_there_are_problems_too() {
    let server = Server::start();
    let mut client = server.client();
    let missing = client.get("/nowhere");
    assert_eq!(missing.status, 404);
    assert_snapshot!(pretty(&missing), @r#"
    {
      "detail": "there is no route `/nowhere`; the routes are listed under `/docs`",
      "status": 404,
      "title": "no such resource",
      "type": "urn:uu-predictor:problem:not-found"
    }
    "#);
    let method = client.request("DELETE", "/predict", &[], b"");
    assert_eq!(method.status, 405);
    assert_eq!(method.header("allow"), Some("GET,HEAD,POST"));
    assert_snapshot!(pretty(&method), @r#"
    {
      "detail": "the `Allow` header lists the methods it takes",
      "status": 405,
      "title": "the resource does not take this method",
      "type": "urn:uu-predictor:problem:method-not-allowed"
    }
    "#);
    let form = client.request("POST", "/predict", &[("content-type", "application/x-www-form-urlencoded")], b"visits=1");
    assert_eq!(form.status, 415);
    assert_snapshot!(pretty(&form), @r#"
    {
      "detail": "`application/json` is expected, got `application/x-www-form-urlencoded`; curl needs `-H 'Content-Type: application/json'` beside `-d`",
      "status": 415,
      "title": "the media type is not supported",
      "type": "urn:uu-predictor:problem:unsupported-media-type"
    }
    "#);
    let packed = client.request("POST", "/predict", &[("content-type", "application/json"), ("content-encoding", "br")], b"{}");
    assert_eq!(packed.status, 415);
}

#[test]
fn too_many_months_and_too_many_keys_are_refused_and_counted() {
    let server = Server::start();
    let mut client = server.client();
    let months: Vec<String> = (0..60_000).map(|index| format!("\"{:04}-{:02}\":{{}}", 1 + index / 12, 1 + index % 12)).collect();
    let answer = client.post_json("/predict", &format!("{{{}}}", months.join(",")));
    assert_eq!(answer.status, 422, "{}", answer.text());
    assert_eq!(answer.json()["errors"][0]["found"], "60000");
    let keys: Vec<String> = (0..5_000).map(|index| format!("\"k{index}\":1")).collect();
    let answer = client.post_json("/predict", &format!("{{\"2018-12\":{{{}}}}}", keys.join(",")));
    assert_eq!(answer.status, 422, "{}", answer.text());
    assert_eq!(answer.json()["errors"][0]["code"], "too_many_fields");
}

#[test]
fn the_list_of_faults_is_bounded_and_their_count_is_not() {
    let server = Server::start();
    let months: Vec<String> =
        (0..1_200).map(|index| format!("\"{:04}-{:02}\":{{\"visits\":-1,\"alexa\":-1}}", 1 + index / 12, 1 + index % 12)).collect();
    let answer = server.client().post_json("/predict", &format!("{{{}}}", months.join(",")));
    assert_eq!(answer.status, 422);
    let json = answer.json();
    assert_eq!(json["errorCount"], 2_400);
    assert_eq!(json["errors"].as_array().unwrap().len(), 1_000);
}

#[test]
fn the_form_type_that_curl_sends_by_itself_is_told_the_header_to_add() {
    let server = Server::start();
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let refused = server.client().request("POST", "/predict", &form, br#"{"2018-12": {"visits": 1}}"#);
    assert_eq!(refused.status, 415, "{}", refused.text());
    assert!(refused.text().contains("-H 'Content-Type: application/json'"), "{}", refused.text());
}
