//! What an answer says beyond its estimate: visits per user, known months, doubts about the values given.

use rstest::rstest;
use serde_json::{Value, json};

use crate::client::Answer;
use crate::server::Server;

fn codes(answer: &Answer, month: &str) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let json = answer.json();
    let warnings = json[month]["warnings"].as_array().unwrap();
    let codes = warnings.iter().map(|warning| warning["code"].as_str().unwrap().to_owned());
    codes.filter(|code| code != "outside_training_range").collect()
}

#[rstest]
#[case::given_visits(r#"{"2024-01": {"visits": 1000000}}"#)]
#[case::filled_visits(r#"{"2024-01": {"alexa": 1000}}"#)]
#[case::known_users(r#"{"2024-01": {"visits": 5000, "uniqueUsers": 1234}}"#)]
fn visits_per_user_is_the_ratio_of_what_is_shown(#[case] body: &str) {
    let server = Server::start();
    let month = server.client().post_json("/predict", body).json()["2024-01"].clone();
    let ratio = month["visits"].as_f64().unwrap() / month["uniqueUsers"].as_f64().unwrap();
    assert!((month["visitsPerUser"].as_f64().unwrap() - ratio).abs() <= 0.005, "{month}");
}

#[rstest]
#[case(0, 0)]
#[case(7, 0)]
fn where_there_are_no_users_visits_per_user_is_null(#[case] visits: u32, #[case] users: u32) {
    let server = Server::start();
    let answer = server.client().post_json("/predict", &json!({"2024-01": {"visits": visits, "uniqueUsers": users}}).to_string());
    assert_eq!(answer.json()["2024-01"]["visitsPerUser"], Value::Null, "{}", answer.text());
}

#[test]
fn a_known_month_says_so_and_is_explained_as_known() {
    let server = Server::start();
    let body = r#"{"2024-01": {"visits": 5000, "uniqueUsers": 1234}, "2024-02": {"visits": 5000}}"#;
    let json = server.client().post_json("/predict?explain=true", body).json();
    assert_eq!(json["2024-01"]["known"], true);
    assert_eq!(json["2024-01"]["explanation"], json!({"base": 1234, "factors": {}, "known": true}));
    assert_eq!(json["2024-02"].get("known"), None);
    assert!(json["2024-02"]["explanation"]["factors"]["visits"].is_number());
}

#[rstest]
#[case::a_fraction(r#"{"2024-01": {"visits": 9000, "bounceRate": 0.43}}"#, true)]
#[case::a_text(r#"{"2024-01": {"visits": 9000, "bounce_rate": "0.43"}}"#, true)]
#[case::with_a_one(r#"{"2024-01": {"visits": 9000, "bounceRate": 0.43}, "2024-02": {"bounceRate": 1}}"#, true)]
#[case::percent(r#"{"2024-01": {"visits": 9000, "bounceRate": 43}}"#, false)]
#[case::beside_one_of_percent(r#"{"2024-01": {"visits": 9000, "bounceRate": 0.43}, "2024-02": {"bounceRate": 43}}"#, true)]
#[case::among_many_of_percent(
    r#"{"2024-01": {"bounceRate": 0.43}, "2024-02": {"bounceRate": 43}, "2024-03": {"bounceRate": 41}, "2024-04": {"bounceRate": 40}, "2024-05": {"bounceRate": 45}}"#,
    false
)]
#[case::nothing_but_zero(r#"{"2024-01": {"visits": 9000, "bounceRate": 0}}"#, false)]
#[case::zero_and_one(r#"{"2024-01": {"visits": 9000, "bounceRate": 0}, "2024-02": {"bounceRate": 1}}"#, false)]
fn bounce_rates_that_look_like_fractions_are_warned_of(#[case] body: &str, #[case] warned: bool) {
    let server = Server::start();
    let answer = server.client().post_json("/predict", body);
    assert_eq!(codes(&answer, "2024-01").contains(&"bounce_rate_fraction".to_owned()), warned, "{}", answer.text());
}

#[test]
fn of_rates_in_two_units_the_fractions_are_warned_of() {
    let server = Server::start();
    let answer = server.client().post_json("/predict", r#"{"2024-01": {"bounceRate": 0.45}, "2024-02": {"bounceRate": 45}}"#);
    assert!(!codes(&answer, "2024-02").contains(&"bounce_rate_fraction".to_owned()), "{}", answer.text());
    assert!(answer.text().contains("if it is a fraction, it is 45 percent") && answer.text().contains("--bounce-rate-unit fraction"));
}

#[test]
fn a_fraction_as_a_query_parameter_is_warned_of_too() {
    let server = Server::start();
    let answer = server.client().get("/predict?date=2024-01&visits=9000&bounceRate=0.43");
    assert_eq!(codes(&answer, "2024-01"), ["bounce_rate_fraction"]);
}

#[rstest]
#[case("2024-01", false)]
#[case("1985-01", true)]
#[case("0204-12", true)]
#[case("9999-12", true)]
fn months_that_cannot_have_been_measured_are_warned_of(#[case] month: &str, #[case] warned: bool) {
    let server = Server::start();
    let answer = server.client().post_json("/predict", &format!("{{\"{month}\": {{\"visits\": 9000}}}}"));
    let warnings = answer.json()[month]["warnings"].clone();
    let found = warnings.as_array().unwrap().iter().any(|warning| warning["field"] == "date" && warning["code"] == "implausible_value");
    assert_eq!(found, warned, "{warnings}");
}

#[test]
fn an_answer_sent_back_is_estimated_anew_and_not_taken_for_known() {
    let server = Server::start();
    let mut client = server.client();
    let first = client
        .post_json("/predict", r#"{"domain": "a.com", "2024-01": {"visits": 90000, "bounce_rate": null}, "2024-02": {"alexa": 50000}}"#);
    let again = client.post_json("/predict", first.text());
    for month in ["2024-01", "2024-02"] {
        let (before, after) = (&first.json()[month], &again.json()[month]);
        for key in ["uniqueUsers", "uniqueUsersLow", "uniqueUsersHigh", "visits", "bounceRate", "visitsPerUser"] {
            assert_eq!(before[key], after[key], "{key} of {month}");
        }
        assert_eq!(after.get("known"), None);
        let mut told: Vec<&str> = Vec::new();
        for warning in after["warnings"].as_array().unwrap() {
            assert_ne!(warning["code"], "unknown_field", "{warning}");
            if warning["code"] == "own_estimate" {
                told.push(warning["field"].as_str().unwrap());
            }
        }
        assert!(told.contains(&"uniqueUsers") && told.contains(&"bounceRate"), "{told:?}");
        assert_eq!(told.contains(&"visits"), month == "2024-02", "{told:?}");
        let filled = after["filled"].as_array().unwrap();
        assert!(!filled.iter().any(|key| key == "uniqueUsers") || after["uniqueUsers"].is_number());
    }
}

#[test]
fn a_known_month_sent_back_stays_known() {
    let server = Server::start();
    let mut client = server.client();
    let first = client.post_json("/predict", r#"{"2024-01": {"visits": 5000, "uniqueUsers": 1234}}"#);
    let again = client.post_json("/predict", first.text());
    let month = &again.json()["2024-01"];
    assert_eq!((&month["known"], &month["uniqueUsers"]), (&json!(true), &json!(1234)));
    assert!(!codes(&again, "2024-01").contains(&"unknown_field".to_owned()), "{}", again.text());
}

#[rstest]
#[case::a_label_beside_a_level(r#"{"2024-01": {"visits": 5000, "uniqueUsers": 1234, "level": 0.8}}"#, true)]
#[case::without_its_filled_inputs(r#"{"2024-01": {"visits": 5000, "uniqueUsers": 1234, "uniqueUsersLow": 5, "model": "v0001"}}"#, true)]
#[case::an_answer(r#"{"2024-01": {"visits": 5000, "uniqueUsers": 1234, "uniqueUsersLow": 5, "filled": [], "model": "v0001"}}"#, false)]
#[case::said_to_be_estimated(
    r#"{"2024-01": {"uniqueUsers": 1234, "uniqueUsersLow": 5, "filled": "x", "model": 3, "known": false}}"#,
    false
)]
fn only_a_whole_answer_is_recognized_as_one(#[case] body: &str, #[case] known: bool) {
    let server = Server::start();
    let month = server.client().post_json("/predict", body).json()["2024-01"].clone();
    assert_eq!(month.get("known").is_some(), known, "{month}");
}

#[rstest]
#[case::a_row_of_a_batch(
    r#"{"2024-12": {"visits": 1000000, "rank": 500, "unique_users": 1234, "unique_users_low": 5, "unique_users_high": 9, "filled": ["rank"], "warnings": [], "model": "v0001"}}"#,
    "unique_users"
)]
#[case::one_site_of_the_command_line(
    r#"{"2024-12": {"visits": 1000000, "rank": 500, "unique_users": 1234, "unique_users_low": 5, "unique_users_high": 9, "level": 0.9, "visits_per_user": 2.1, "definition": "panel", "filled": ["rank"], "warnings": [], "model": "v0001"}}"#,
    "unique_users"
)]
#[case::an_answer(
    r#"{"2024-12": {"visits": 1000000, "rank": 500, "uniqueUsers": 1234, "uniqueUsersLow": 5, "uniqueUsersHigh": 9, "filled": ["alexa"], "model": "v0001"}}"#,
    "uniqueUsers"
)]
#[case::a_row_of_csv(
    r#"{"2024-12": {"visits": "1000000", "rank": "500", "unique_users": "1234", "unique_users_low": "5", "unique_users_high": "9", "filled": "rank; bounce_rate", "model": "v0001"}}"#,
    "unique_users"
)]
fn an_output_in_either_spelling_is_estimated_anew(#[case] body: &str, #[case] users: &str) {
    let server = Server::start();
    let answer = server.client().post_json("/predict", body);
    let month = answer.json()["2024-12"].clone();
    assert_eq!(month.get("known"), None, "{month}");
    assert!(month[users].as_f64().unwrap() > 1234.0, "{month}");
    assert!(month["filled"].as_array().unwrap().contains(&json!("rank")), "{month}");
    assert!(month.get("unique_users_low").is_none() && month.get("visits_per_user").is_none(), "{month}");
    assert_eq!(codes(&answer, "2024-12"), ["own_estimate", "own_estimate"]);
}

#[rstest]
#[case::beside_its_estimate(
    r#""unique_users": 1234, "unique_users_low": 5, "unique_users_high": 9, "unique_users_known": 2000, "filled": []"#
)]
#[case::without_its_estimate(r#""unique_users_known": 2000, "filled": []"#)]
#[case::in_the_spelling_of_answers(r#""uniqueUsersKnown": 2000, "uniqueUsers": 1234, "filled": []"#)]
fn known_users_beside_an_estimate_are_known(#[case] keys: &str) {
    let server = Server::start();
    let answer = server.client().post_json("/predict", &format!("{{\"2024-12\": {{\"visits\": 1000000, {keys}}}}}"));
    let month = answer.json()["2024-12"].clone();
    let users = month.get("unique_users").or(month.get("uniqueUsers"));
    assert_eq!((users, &month["uniqueUsersLow"], &month["known"]), (Some(&json!(2000)), &json!(2000), &json!(true)), "{month}");
    assert_eq!(codes(&answer, "2024-12"), [""; 0]);
}

#[test]
fn an_output_without_its_filled_inputs_is_warned_of() {
    let server = Server::start();
    let body = r#"{"2024-12": {"visits": 1000000, "unique_users": 1234, "unique_users_low": 5, "unique_users_high": 9}}"#;
    let answer = server.client().post_json("/predict", body);
    assert_eq!(codes(&answer, "2024-12"), ["own_estimate", "filled_inputs_unmarked"]);
}

#[test]
fn a_column_of_an_output_alone_is_echoed_and_means_no_field() {
    let server = Server::start();
    let answer = server.client().post_json("/predict", r#"{"2024-12": {"visits": 5000, "uniqueUsers": 900, "unique_users_low": 5}}"#);
    let month = answer.json()["2024-12"].clone();
    assert_eq!((&month["known"], &month["unique_users_low"]), (&json!(true), &json!(5)), "{month}");
    assert_eq!(codes(&answer, "2024-12"), ["unknown_field"]);
    assert!(!answer.text().contains("did you mean"), "{}", answer.text());
}

#[test]
fn a_misspelt_key_is_warned_of_with_the_near_one() {
    let server = Server::start();
    let answer = server.client().post_json("/predict", r#"{"2024-01": {"vists": 5000, "visits": 4000}}"#);
    assert!(answer.text().contains("did you mean `visits`?"), "{}", answer.text());
}

#[rstest]
#[case::a_number(r#"{"2024-01": {"visits": 9000, "bounceRate": "N/A"}}"#, "bounceRate")]
#[case::a_rank_of_python(r#"{"2024-01": {"visits": 9000, "alexa": "nan"}}"#, "alexa")]
#[case::visits(r#"{"2024-01": {"alexa": 900, "visits": " null "}}"#, "visits")]
#[case::in_the_other_spelling(r#"{"2024-01": {"visits": 9000, "pages_per_visit": "(not set)"}}"#, "pages_per_visit")]
fn a_marker_of_a_missing_value_is_filled_as_null_is(#[case] body: &str, #[case] key: &str) {
    let server = Server::start();
    let answer = server.client().post_json("/predict", body);
    assert!(codes(&answer, "2024-01").contains(&"missing_marker".to_owned()), "{}", answer.text());
    let month = answer.json()["2024-01"].clone();
    assert!(month[key].is_number() && month["filled"].as_array().unwrap().contains(&key.into()), "{month}");
    let given = serde_json::from_str::<Value>(body).unwrap();
    let mut null = given.clone();
    null["2024-01"][key] = Value::Null;
    let of_null = server.client().post_json("/predict", &null.to_string()).json()["2024-01"].clone();
    assert_eq!((&month[key], &month["uniqueUsers"]), (&of_null[key], &of_null["uniqueUsers"]));
}

#[test]
fn a_marker_in_the_place_of_known_users_or_of_a_source_is_answered_as_null_is() {
    let server = Server::start();
    let body = r#"{"2024-01": {"visits": 9000, "uniqueUsers": "-", "source": "None", "category": "N/A", "notes": "N/A"}}"#;
    let month = server.client().post_json("/predict", body).json()["2024-01"].clone();
    assert!(month["uniqueUsers"].is_number() && month.get("known").is_none(), "{month}");
    assert_eq!((&month["source"], &month["category"], &month["notes"]), (&"test".into(), &"N/A".into(), &"N/A".into()));
}

#[rstest]
#[case::one_month(r#"{"2024-01": {"visits": 9000, "bounceRate": 0.45}}"#, "it is 45 percent: write that")]
#[case::a_text(r#"{"2024-01": {"visits": 9000, "bounceRate": "0.57"}}"#, "it is 57 percent: write that")]
fn the_warning_of_a_fraction_names_the_way_out(#[case] body: &str, #[case] way_out: &str) {
    let server = Server::start();
    let text = server.client().post_json("/predict", body).text().to_owned();
    assert!(text.contains(way_out) && text.contains("bounceRateUnit=fraction"), "{text}");
}

#[rstest]
#[case::of_an_answer(r#"{"visits": 9000, "uniqueUsers": 777, "filled": ["alexa"], "model": "v0001"}"#)]
#[case::of_a_file(r#"{"visits": 9000, "unique_users": 777, "Filled": "", "Model": "v0001", "warnings": ""}"#)]
#[case::in_capitals(r#"{"Visits": 9000, "Unique_Users": 777, "Unique_Users_Low": 700, "Unique_Users_High": 800, "Filled": "rank"}"#)]
fn an_estimate_that_lost_its_interval_is_no_known_month(#[case] month: &str) {
    let server = Server::start();
    let answer = server.client().post_json("/predict", &format!(r#"{{"2024-01": {month}}}"#));
    assert!(codes(&answer, "2024-01").contains(&"own_estimate".to_owned()), "{}", answer.text());
    assert_eq!(answer.json()["2024-01"].get("known"), None, "{}", answer.text());
}

#[rstest]
#[case(r#"{"visits": 9000, "uniqueUsers": 777, "filled": "yes", "model": "v0001"}"#)]
#[case(r#"{"visits": 9000, "uniqueUsers": 777, "filled": [], "model": "tesla"}"#)]
fn known_users_beside_keys_that_anybody_may_have_are_known(#[case] month: &str) {
    let server = Server::start();
    let answer = server.client().post_json("/predict", &format!(r#"{{"2024-01": {month}}}"#));
    assert_eq!((&answer.json()["2024-01"]["known"], &answer.json()["2024-01"]["uniqueUsers"]), (&json!(true), &json!(777)));
}

#[test]
fn months_of_two_names_that_are_no_hosts_are_of_two_sites() {
    let server = Server::start();
    let months = |first: &str, second: &str| {
        let body = json!({"2024-01": {"domain": first, "visits": 9000}, "2024-02": {"domain": second, "visits": 9000}});
        server.client().post_json("/predict", &body.to_string())
    };
    let refused = months("Shop A", "Shop B");
    assert_eq!((refused.status, &refused.json()["errors"][0]["code"]), (422, &json!("several_sites")), "{}", refused.text());
    assert_eq!(months("Shop A", "shop  a").status, 200);
}

#[rstest]
#[case("My Shop")]
#[case("info@example.com")]
#[case("-a.example")]
fn a_name_that_is_no_host_is_warned_of_and_stops_nothing(#[case] name: &str) {
    let server = Server::start();
    let answer = server.client().post_json("/predict", &json!({"2024-01": {"domain": name, "visits": 9000}}).to_string());
    assert!(codes(&answer, "2024-01").contains(&"not_a_host".to_owned()), "{}", answer.text());
}
