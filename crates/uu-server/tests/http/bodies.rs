//! Bodies as other programs write them: marks, encodings, words that JSON does not have, the forms of other servers.

use rstest::rstest;
use uu_registry::Scope;

use crate::client::Answer;
use crate::server::Server;

const MONTH: &str = r#"{"2024-01": {"domain": "a.com", "visits": 5000, "uniqueUsers": 1200}}"#;

/// Sends a JSON body with a token that may do everything.
fn post(server: &Server, path: &str, body: &[u8]) -> Answer {
    let token = server.token(Scope::Admin);
    let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
    server.client().request("POST", path, &headers, body)
}

#[rstest]
#[case("/predict", MONTH, 200)]
#[case("/observations", MONTH, 201)]
#[case("/predictor/predict", r#"{"Visits": 5000}"#, 200)]
#[case("/predict/batch", r#"[{"date": "2024-01", "visits": 5000}]"#, 200)]
#[case("/models/v0009/promote", r#"{"reason": "a test"}"#, 404)]
#[case("/models/rollback", "", 409)]
fn a_mark_of_utf_8_before_a_body_is_passed_over(#[case] path: &str, #[case] body: &str, #[case] status: u16) {
    let server = Server::start();
    let answer = post(&server, path, &[b"\xEF\xBB\xBF", body.as_bytes()].concat());
    assert_eq!(answer.status, status, "{}", answer.text());
}

#[rstest]
fn a_body_in_utf_16_is_refused_by_its_name(
    #[values("/predict", "/observations", "/predictor/predict", "/models/v0009/promote")] path: &str,
    #[values(true, false)] has_mark: bool,
    #[values(true, false)] is_little: bool,
) {
    let server = Server::start();
    let letters = has_mark.then_some(0xFEFF).into_iter().chain(MONTH.encode_utf16());
    let body: Vec<u8> = letters.flat_map(|letter| if is_little { letter.to_le_bytes() } else { letter.to_be_bytes() }).collect();
    let answer = post(&server, path, &body);
    let named = if is_little { "UTF-16 (little-endian)" } else { "UTF-16 (big-endian)" };
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains(named) && answer.text().contains("iconv"), "{}", answer.text());
}

#[rstest]
#[case("/predict", r#"{"2018-12": {"visits": NaN}}"#, "`NaN` is not JSON; write null where a value is unknown (`visits` of `2018-12`)", 24)]
#[case("/predict", r#"{"2018-12": {"visits": 1, "bounceRate": -Infinity}}"#, "`-Infinity` is not JSON", 41)]
#[case("/observations", r#"{"2018-12": {"uniqueUsers": None}}"#, "`None` is not JSON; write null", 29)]
#[case("/predictor/predict", r#"{"Visits": undefined}"#, "`undefined` is not JSON; write null where a value is unknown (`Visits`)", 12)]
#[case("/models/rollback", r#"{"reason": None}"#, "`None` is not JSON", 12)]
#[case("/predict", r#"{"2018-12": {"visits": True}}"#, "`True` is not JSON; write `true`", 24)]
#[case("/predict", "{'2018-12': {}}", "double quotes", 2)]
fn a_word_that_json_does_not_have_is_named_with_its_place(
    #[case] path: &str,
    #[case] body: &str,
    #[case] says: &str,
    #[case] column: usize,
) {
    let server = Server::start();
    let answer = post(&server, path, body.as_bytes());
    assert_eq!(answer.status, 400, "{}", answer.text());
    let json = answer.json();
    assert!(json["detail"].as_str().unwrap().contains(says), "{}", answer.text());
    assert_eq!((&json["line"], &json["column"]), (&1.into(), &column.into()), "{}", answer.text());
}

#[rstest]
#[case("/predict", "")]
#[case("/predict", "  \n")]
#[case("/observations", "")]
fn an_empty_body_is_called_empty(#[case] path: &str, #[case] body: &str) {
    let server = Server::start();
    let answer = post(&server, path, body.as_bytes());
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("the body is empty, expected an object keyed by date"), "{}", answer.text());
}

#[rstest]
#[case::list(r#"[{"date": "2024-12", "visits": 5}]"#, 400, "/predict/batch")]
#[case::text(r#""2024-12""#, 400, "got a text")]
#[case::flat(r#"{"date": "2024-12", "domain": "a.com", "visits": 5}"#, 422, "put the values under their month")]
#[case::flat_and_misspelt(r#"{"vists": 5}"#, 422, "put the values under their month")]
#[case::instances(r#"{"instances": [{"date": "2024-12", "visits": 5}]}"#, 422, "/predict/batch")]
#[case::rows_under_another_key(r#"{"rows": [{"date": "2024-12", "visits": 5}]}"#, 422, "/predict/batch")]
#[case::split(r#"{"dataframe_split": {"columns": ["date", "visits"], "data": [["2024-12", 5]]}}"#, 422, "orient=\"records\"")]
#[case::split_alone(r#"{"columns": ["date", "visits"], "data": [["2024-12", 5]]}"#, 422, "/predict/batch")]
#[case::columns_by_index(r#"{"date": {"0": "2024-12"}, "visits": {"0": 5}}"#, 422, "/predict/batch")]
#[case::columns_as_lists(r#"{"date": ["2024-12"], "visits": [5]}"#, 422, "/predict/batch")]
#[case::wrapped(r#"{"body": {"2024-12": {"visits": 5}}}"#, 422, "send what stands under `body`")]
#[case::keyed_by_site(r#"{"a.com": {"date": "2024-12", "visits": 5}}"#, 422, "the key is the month")]
fn the_form_of_another_server_is_one_fault_with_the_way_out(#[case] body: &str, #[case] status: u16, #[case] says: &str) {
    let server = Server::start();
    let answer = post(&server, "/predict", body.as_bytes());
    assert_eq!(answer.status, status, "{}", answer.text());
    let json = answer.json();
    let told = format!("{} {}", json["detail"].as_str().unwrap(), json["errors"][0]["hint"].as_str().unwrap_or_default());
    assert!(told.contains(says), "{}", answer.text());
    if status == 422 {
        assert_eq!((&json["errorCount"], &json["errors"][0]["code"]), (&1.into(), &"not_keyed_by_date".into()), "{}", answer.text());
    }
}

#[test]
fn a_value_beside_the_months_is_told_where_it_belongs() {
    let server = Server::start();
    let answer = post(&server, "/predict", br#"{"2024-12": {"category": "Games"}, "visits": 5}"#);
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("`visits` belongs within its month"), "{}", answer.text());
    let misspelt = post(&server, "/predict", br#"{"2024-12": {"category": "Games"}, "domian": "a.com"}"#);
    assert!(misspelt.text().contains("did you mean `domain`?"), "{}", misspelt.text());
}
