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

const FORM: &str = "application/x-www-form-urlencoded";

#[rstest]
#[case::in_the_query("GET", "?Visits=1000&Visits=2000000", "", "")]
#[case::under_the_shorter_path("GET-root", "?Visits=1000&Visits=1000", "", "")]
#[case::in_two_spellings("GET", "?PagesPerVisit=3&pages_per_visit=4", "", "")]
#[case::under_two_names("GET", "?Alexa=3&rank=4", "", "")]
#[case::in_the_form("POST", "", FORM, "Visits=1000&visits=2000")]
#[case::in_query_and_form("POST", "?Visits=1000", FORM, "Visits=2000")]
#[case::in_the_object("POST", "", "application/json", r#"{"Visits": 1000, "Visits": 2000}"#)]
#[case::in_two_spellings_of_the_object("POST", "", "application/json", r#"{"Visits": 1000, "v\u0069sits": 2000}"#)]
#[case::in_query_and_object("POST", "?visits=1000", "application/json", r#"{"Visits": 2000}"#)]
fn a_field_given_twice_is_refused(#[case] method: &str, #[case] query: &str, #[case] kind: &str, #[case] body: &str) {
    let server = Server::start();
    let (method, path) = if method == "GET-root" { ("GET", "/predictor") } else { (method, "/predictor/predict") };
    let headers: &[(&str, &str)] = if kind.is_empty() { &[] } else { &[("content-type", kind)] };
    let answer = server.client().request(method, &format!("{path}{query}"), headers, body.as_bytes());
    assert_eq!(answer.status, 422, "{}", answer.text());
    assert_eq!(answer.json()["errors"][0]["code"], "duplicate_field", "{}", answer.text());
}

#[rstest]
#[case("GET", "?Vists=3", "", "", Some("Visits"))]
#[case("GET", "?sessions=3", "", "", Some("Visits"))]
#[case("GET", "?Unknown=3", "", "", None)]
#[case("POST", "", FORM, "Visits=3&BounceRat=4", Some("BounceRate"))]
#[case("POST", "", "application/json", r#"{"Visits": 3, "Page Per Visit": 4}"#, Some("PagesPerVisit"))]
fn an_unknown_name_is_refused_with_the_near_one(
    #[case] method: &str,
    #[case] query: &str,
    #[case] kind: &str,
    #[case] body: &str,
    #[case] near: Option<&str>,
) {
    let server = Server::start();
    let headers: &[(&str, &str)] = if kind.is_empty() { &[] } else { &[("content-type", kind)] };
    let answer = server.client().request(method, &format!("/predictor/predict{query}"), headers, body.as_bytes());
    assert_eq!(answer.status, 422, "{}", answer.text());
    let fault = &answer.json()["errors"][0];
    assert_eq!(fault["code"], "unknown_field");
    assert_eq!(fault["hint"].as_str(), near.map(|near| format!("did you mean `{near}`?")).as_deref());
}

#[test]
fn faults_of_names_and_values_are_listed_together_in_terms_of_one_month() {
    let server = Server::start();
    let answer = server.client().get("/predictor?Visits=-1&date=never&Vists=2");
    let json = answer.json();
    let codes: Vec<&str> = json["errors"].as_array().unwrap().iter().map(|error| error["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["unknown_field", "bad_date", "out_of_range"]);
    assert!(!answer.text().contains("keyed by date"), "{}", answer.text());
}

#[test]
fn a_list_and_an_empty_body_are_told_the_form() {
    let server = Server::start();
    let mut client = server.client();
    let list = client.post_json("/predictor/predict", "[]");
    assert_eq!(list.status, 400);
    assert!(list.text().contains("got a list") && list.text().contains("/predict/batch"), "{}", list.text());
    let empty = client.post_json("/predictor/predict", "");
    assert!(empty.status == 400 && empty.text().contains("the body is empty"), "{}", empty.text());
}

#[rstest]
#[case("GET", "?visits=1000&unique_users=900&unique_users_low=5&unique_users_high=9", "")]
#[case("POST", "", r#"{"visits": 1000, "uniqueUsers": 900, "uniqueUsersLow": 5, "uniqueUsersHigh": 9}"#)]
fn an_output_is_refused_and_no_column_of_it_is_taken_for_a_field(#[case] method: &str, #[case] query: &str, #[case] body: &str) {
    let server = Server::start();
    let path = format!("/predictor/predict{query}");
    let answer = server.client().request(method, &path, &[("content-type", "application/json")], body.as_bytes());
    let json = answer.json();
    assert_eq!((answer.status, json["errors"].as_array().unwrap().len()), (422, 2), "{json}");
    for error in json["errors"].as_array().unwrap() {
        assert_eq!(error["code"], "unknown_field");
        assert!(error["hint"].as_str().unwrap().contains("without estimates"), "{error}");
    }
}

/// The codes and fields that `POST /predict` warns of, as the header of the older route has them.
fn warned_by_predict(server: &Server, pairs: &[(&str, &str)]) -> Vec<String> {
    let date = pairs.iter().find(|(name, _)| *name == "Date").map_or("2024-01", |(_, date)| *date);
    let values: serde_json::Map<String, serde_json::Value> =
        pairs.iter().filter(|(name, _)| *name != "Date").map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    let answer = server.client().post_json("/predict", &json!({ date: values }).to_string());
    assert_eq!(answer.status, 200, "{}", answer.text());
    let json = answer.json();
    let entry = |warning: &serde_json::Value| {
        let field = warning["field"].as_str().map(|field| format!(";field={field}")).unwrap_or_default();
        format!("{}{field}", warning["code"].as_str().unwrap())
    };
    json[date]["warnings"].as_array().unwrap().iter().map(entry).collect()
}

#[rstest]
#[case(&[("Visits", "940.250")], "fractional_count;field=visits")]
#[case(&[("Visits", "940.000"), ("Date", "2024-01")], "fractional_count;field=visits")]
#[case(&[("Visits", "100000"), ("Alexa", "5.000")], "fractional_count;field=alexa")]
#[case(&[("Visits", "100000"), ("BounceRate", "0.45")], "bounce_rate_fraction;field=bounceRate")]
#[case(&[("Visits", "100000"), ("Category", "Sporst")], "unknown_category;field=category")]
#[case(&[("Visits", "100000"), ("Domain", "Total")], "total_row;field=domain")]
#[case(&[("Visits", "100000"), ("Domain", "info@example.com")], "not_a_host;field=domain")]
#[case(&[("Visits", "100000"), ("Date", "0204-12")], "implausible_value;field=date")]
#[case(&[("Visits", "100000"), ("PagesPerVisit", "5000000")], "implausible_value;field=pagesPerVisit")]
#[case(&[("Visits", "100000"), ("PagesPerVisit", "N/A")], "missing_marker;field=pagesPerVisit")]
#[case(&[("Visits", "100000"), ("Source", "another")], "unknown_source;field=source")]
fn what_predict_warns_of_is_a_header(#[case] pairs: &[(&str, &str)], #[case] expected: &str) {
    let server = Server::start();
    let query = form(pairs);
    let object: serde_json::Map<String, serde_json::Value> =
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    let answers = [
        server.client().get(&format!("/predictor/predict?{query}")),
        server.client().get(&format!("/predictor?{query}")),
        server.client().request("POST", "/predictor/predict", &[("content-type", FORM)], query.as_bytes()),
        server.client().post_json("/predictor/predict", &serde_json::Value::Object(object).to_string()),
    ];
    for answer in answers {
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.json().as_object().unwrap().len(), 2, "the two numbers and nothing else: {}", answer.text());
        let found: Vec<&str> = answer.header("warnings").unwrap_or_default().split(", ").collect();
        assert!(found.contains(&expected), "{found:?}");
        assert_eq!(found, warned_by_predict(&server, pairs));
    }
}

fn form(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{name}={}", value.replace('/', "%2F").replace('@', "%40"))).collect();
    pairs.join("&")
}

#[test]
fn where_there_is_nothing_to_say_there_is_no_header() {
    let server = Server::start();
    let answer = server.client().get("/predictor/predict?Visits=100000&BounceRate=45&Category=Games&Domain=example.com&Date=2024-01");
    assert_eq!((answer.status, answer.header("warnings")), (200, None), "{}", answer.text());
    let unknown = server.client().get("/predictor/predict?Category=Sporst");
    assert_eq!((unknown.text(), unknown.header("warnings")), (r#"{"min":null,"max":null}"#, Some("unknown_category;field=category")));
}
