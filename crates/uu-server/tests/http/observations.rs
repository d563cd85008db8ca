//! `/observations`: what is known, of a site that can be found again.

use rstest::rstest;
use serde_json::json;
use uu_registry::Scope;
use uu_server::Limits;

use crate::client::Answer;
use crate::server::Server;

fn observe(server: &Server, body: &str) -> Answer {
    observe_by(server, &server.token(Scope::Write), body)
}

fn observe_by(server: &Server, token: &str, body: &str) -> Answer {
    server.client().request("POST", "/observations", &[("authorization", token), ("content-type", "application/json")], body.as_bytes())
}

#[rstest]
#[case::none(r#"{"2024-03": {"visits": 5, "uniqueUsers": 3}}"#, "none")]
#[case::null(r#"{"2024-03": {"domain": null, "visits": 5, "uniqueUsers": 3}}"#, "none")]
#[case::an_address(r#"{"2024-03": {"domain": "192.168.0.1", "visits": 5, "uniqueUsers": 3}}"#, "`192.168.0.1`")]
#[case::a_total(r#"{"domain": "Total", "2024-03": {"visits": 5, "uniqueUsers": 3}}"#, "`Total`")]
#[case::a_marker(r#"{"2024-03": {"domain": "nan", "visits": 5, "uniqueUsers": 3}}"#, "`nan`")]
fn an_observation_without_the_name_of_a_host_is_refused(#[case] body: &str, #[case] found: &str) {
    let server = Server::start();
    let answer = observe(&server, body);
    assert_eq!(answer.status, 422, "{}", answer.text());
    let json = answer.json();
    assert_eq!(
        (&json["errorCount"], &json["errors"][0]["code"], &json["errors"][0]["found"]),
        (&json!(1), &json!("no_site"), &json!(found))
    );
    assert_eq!(json["errors"][0]["pointer"], "/2024-03/domain");
    assert!(server.registry.batches().unwrap().is_empty());
}

#[rstest]
#[case::an_identifier(r#"{"2024-03": {"domain": "10577", "visits": 5, "uniqueUsers": 3}}"#)]
#[case::a_title(r#"{"domain": "My Shop", "2024-03": {"visits": 5, "uniqueUsers": 3}}"#)]
fn an_observation_of_a_name_that_is_no_host_is_kept(#[case] body: &str) {
    let server = Server::start();
    let answer = observe(&server, body);
    assert_eq!(answer.status, 201, "{}", answer.text());
}

#[rstest]
#[case::many(1_000, 429)]
#[case::one(1, 201)]
fn a_large_body_is_checked_on_no_thread_that_serves(#[case] months: usize, #[case] status: u16) {
    // What would leave it has nowhere to go.
    let server = Server::with(Limits { workers: 0, worker_queue: 0, ..Limits::default() });
    let month = |index: usize| format!(",\"{}-{:02}\":{{\"visits\":9000,\"uniqueUsers\":300}}", 1990 + index / 36, index % 12 + 1);
    let body = format!("{{\"domain\":\"a.com\"{}}}", (0..months).map(month).collect::<String>());
    assert_eq!(observe(&server, &body).status, status);
}

#[test]
fn all_that_is_missing_is_listed_at_once() {
    let server = Server::start();
    let json = observe(&server, r#"{"2024-03": {"visits": 5}, "2024-04": {"domain": "a.com", "uniqueUsers": 9e15}}"#).json();
    let found: Vec<(&str, &str)> =
        json["errors"].as_array().unwrap().iter().map(|error| (error["date"].as_str().unwrap(), error["code"].as_str().unwrap())).collect();
    assert_eq!(found, [("2024-03", "no_unique_users"), ("2024-03", "no_site"), ("2024-04", "no_unique_users")]);
}

#[test]
fn generated_and_measured_observations_are_not_kept_together() {
    let observed =
        |source: &str| format!(r#"{{"2024-01": {{"domain": "x.com", "source": "{source}", "visits": 1000, "uniqueUsers": 500}}}}"#);
    for (first, second) in [("panel", "generated"), ("generated", "panel")] {
        let server = Server::start();
        let admin = server.token(Scope::Admin);
        let observe = |server: &Server, body: &str| observe_by(server, &admin, body);
        assert_eq!(observe(&server, &observed(first)).status, 201);
        let refused = observe(&server, &observed(second));
        assert_eq!((refused.status, refused.json()["type"].as_str()), (422, Some("urn:uu-predictor:problem:validation")), "{first}");
        assert!(refused.text().contains("generated rows must not train a model together with measured ones"), "{}", refused.text());
        assert!(refused.text().contains("`uu-predictor observations quarantine 1 --reason REASON`"), "{}", refused.text());
        server.registry.quarantine(uu_registry::BatchId(1), "a trial", "ann").unwrap();
        assert_eq!(observe(&server, &observed(second)).status, 201, "the way out leads out");
    }
}

#[test]
fn the_first_generated_rows_are_taken_from_an_admin_alone() {
    let observed =
        |source: &str| format!(r#"{{"2024-01": {{"domain": "x.com", "source": "{source}", "visits": 1000, "uniqueUsers": 500}}}}"#);
    let server = Server::start();
    let writer = server.token(Scope::Write);
    let refused = observe_by(&server, &writer, &observed("generated"));
    assert_eq!((refused.status, refused.json()["type"].as_str()), (422, Some("urn:uu-predictor:problem:validation")));
    assert!(refused.text().contains("1 generated rows are not taken") && refused.text().contains("scope `admin`"), "{}", refused.text());
    let delivered = |token: &str| {
        let rows = "date,site,source,visits,unique_users\n2024-01,a.com,generated,1000,500\n";
        server.client().request("POST", "/retrain", &[("authorization", token), ("content-type", "text/csv")], rows.as_bytes())
    };
    let refused = delivered(&writer);
    assert!(refused.status == 422 && refused.text().contains("1 generated rows are not taken"), "{}", refused.text());
    assert!(server.registry.batches().unwrap().is_empty() && server.registry.jobs(9).unwrap().is_empty());
    // Nobody else is kept from sending what was measured, and where an admin has begun with generated rows, others may go on.
    assert_eq!(observe_by(&server, &writer, &observed("panel")).status, 201);
    let server = Server::start();
    let (writer, admin) = (server.token(Scope::Write), server.token(Scope::Admin));
    assert_eq!(observe_by(&server, &admin, &observed("generated")).status, 201);
    assert_eq!(observe_by(&server, &writer, &observed("generated")).status, 201);
    // Set aside they are none.
    for batch in [1, 2] {
        server.registry.quarantine(uu_registry::BatchId(batch), "a trial", "ann").unwrap();
    }
    assert_eq!(observe_by(&server, &writer, &observed("generated")).status, 422);
    assert_eq!(observe_by(&server, &writer, &observed("panel")).status, 201);
}

#[test]
fn observations_of_one_token_are_bounded_and_others_are_not_held_up() {
    let observed = |site: usize, months: usize| {
        let month = |index: usize| {
            let (year, month) = (1930 + index / 12, index % 12 + 1);
            (format!("{year}-{month:02}"), json!({"domain": format!("s{site}.com"), "source": "panel", "visits": 1000, "uniqueUsers": 500}))
        };
        serde_json::Value::Object((0..months).map(month).collect()).to_string()
    };
    let server = Server::start();
    let (one, other) = (server.token(Scope::Write), server.token(Scope::Write));
    assert_eq!(observe_by(&server, &one, &observed(1, 1_000)).status, 201);
    let full = observe_by(&server, &one, &observed(2, 501));
    assert_eq!((full.status, full.header("retry-after")), (429, Some("3600")), "{}", full.text());
    assert!(full.text().contains("1000 observations of the same sender are pending"), "{}", full.text());
    assert_eq!(observe_by(&server, &one, &observed(2, 500)).status, 201, "up to the bound");
    assert_eq!(observe_by(&server, &other, &observed(3, 1_000)).status, 201);
    // A training makes room among those that are pending, and not among all.
    server.registry.set_examined(uu_registry::BatchId(3)).unwrap();
    assert_eq!(observe_by(&server, &one, &observed(4, 1_000)).status, 201);
    let full = observe_by(&server, &one, &observed(5, 1));
    assert!(full.status == 429 && full.text().contains("observations quarantine"), "{}", full.text());
    assert_eq!(server.registry.quarantine_all_of("token 1", "a flood", "ann").unwrap(), 3);
    assert_eq!(observe_by(&server, &one, &observed(5, 1)).status, 201);
}

#[test]
fn an_estimate_is_no_observation() {
    let server = Server::start();
    let estimated = server.client().post_json("/predict", r#"{"2024-01": {"domain": "a.com", "visits": 5000}}"#);
    let refused = observe(&server, estimated.text());
    assert_eq!((refused.status, &refused.json()["errors"][0]["code"]), (422, &json!("own_estimate")), "{}", refused.text());
    let known = server.client().post_json("/predict", r#"{"2024-01": {"domain": "a.com", "visits": 5000, "uniqueUsers": 900}}"#);
    assert_eq!(observe(&server, known.text()).status, 201);
    let kept = &server.registry.observations_after(0, 10).unwrap()[0];
    assert_eq!(kept.observation.fields["unique_users"], 900.0);
    assert!(!kept.observation.fields.contains_key("bounce_rate"), "what was filled is not observed: {:?}", kept.observation.fields);
}

#[rstest]
#[case::a_row_of_a_batch(
    r#""unique_users": 1234, "unique_users_low": 5, "unique_users_high": 9, "filled": ["rank"], "model": "v0001""#,
    None
)]
#[case::an_answer(r#""uniqueUsers": 1234, "uniqueUsersLow": 5, "uniqueUsersHigh": 9, "filled": ["alexa"], "model": "v0001""#, None)]
#[case::without_its_filled_inputs(r#""unique_users": 1234, "unique_users_low": 5, "unique_users_high": 9"#, None)]
#[case::known_beside_its_estimate(
    r#""unique_users": 1234, "unique_users_known": 2000, "filled": ["rank"], "model": "v0001""#,
    Some(2000.0)
)]
#[case::known_alone(r#""unique_users_known": 2000, "filled": ["rank"]"#, Some(2000.0))]
#[case::unknown(r#""unique_users": 1234, "unique_users_known": null, "filled": ["rank"]"#, None)]
fn of_an_output_in_either_spelling_only_known_users_are_observed(#[case] keys: &str, #[case] users: Option<f64>) {
    let server = Server::start();
    let answer = observe(&server, &format!("{{\"2024-03\": {{\"domain\": \"a.com\", \"visits\": 5000, \"rank\": 500, {keys}}}}}"));
    let kept = server.registry.observations_after(0, 10).unwrap();
    match users {
        Some(users) => {
            assert_eq!(kept[0].observation.fields["unique_users"], users, "{}", answer.text());
            assert!(!kept[0].observation.fields.contains_key("rank"), "what was filled is not observed");
        }
        None => {
            assert_eq!((answer.status, &answer.json()["errors"][0]["code"]), (422, &json!("own_estimate")), "{}", answer.text());
            assert!(kept.is_empty());
        }
    }
}

#[rstest]
#[case(r#"{"2024-03": {"domain": "a.com", "visits": 5000, "bounceRate": 0.4, "uniqueUsers": 900}}"#, "bounce_rate_fraction")]
#[case(r#"{"9999-12": {"domain": "a.com", "visits": 5000, "uniqueUsers": 900}}"#, "implausible_value")]
#[case(r#"{"2024-03": {"domain": "a.com", "vists": 5000, "uniqueUsers": 900}}"#, "unknown_field")]
fn doubts_about_an_observation_are_told(#[case] body: &str, #[case] code: &str) {
    let server = Server::start();
    let answer = observe(&server, body);
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.json()["warnings"][0]["code"], code);
}
