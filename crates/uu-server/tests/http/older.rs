//! The older flat form.

use rstest::rstest;
use serde_json::json;

use crate::server::Server;

#[test]
fn query_json_and_form_mean_the_same() {
    let server = Server::start();
    let mut client = server.client();
    let query = "Alexa=5000&Visits=1000000&PagesPerVisit=3.5&BounceRate=40&AvgVisitDuration=200&Category=Games";
    let got = client.get(&format!("/predictor/predict?{query}"));
    assert_eq!(got.status, 200, "{}", got.text());
    let (min, max) = (got.json()["min"].as_u64().unwrap(), got.json()["max"].as_u64().unwrap());
    assert!(min <= max && max <= 1_000_000);
    assert_eq!(got.text(), format!("{{\"min\":{min},\"max\":{max}}}"));
    let form = client.request("POST", "/predictor/predict", &[("content-type", "application/x-www-form-urlencoded")], query.as_bytes());
    assert_eq!(form.text(), got.text());
    let body =
        json!({"Alexa": 5000, "Visits": 1_000_000, "PagesPerVisit": 3.5, "BounceRate": 40, "AvgVisitDuration": 200, "Category": "Games"});
    assert_eq!(client.post_json("/predictor/predict", &body.to_string()).text(), got.text());
    assert_eq!(client.get(&format!("/predictor?{query}")).text(), got.text());
}

#[rstest]
#[case("/predictor")]
#[case("/predictor/predict")]
#[case("/predictor/predict?Visits=&Category=")]
#[case("/predictor/predict?Unknown=3")]
fn where_nothing_is_known_both_ends_are_null(#[case] path: &str) {
    let server = Server::start();
    let answer = server.client().get(path);
    assert_eq!((answer.status, answer.text()), (200, r#"{"min":null,"max":null}"#));
}

#[test]
fn every_bad_value_is_listed() {
    let server = Server::start();
    let answer = server.client().get("/predictor/predict?Visits=-5&BounceRate=abc");
    assert_eq!(answer.status, 422);
    let json = answer.json();
    let fields: Vec<&str> = json["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["visits", "bounceRate"]);
}
