//! `/predict`: what is echoed, what is filled, what is added.

use insta::assert_snapshot;
use rstest::rstest;
use serde_json::{Value, json};
use uu_server::Limits;
use uu_server::schema::{MonthAnswer, PredictAnswer};

use crate::client::Answer;
use crate::server::Server;

const EXAMPLE: &str = r#"{"2018-12-01": {"alexa": null, "visits": 1000000, "pagesPerVisit": 5000000, "bounceRate": null, "avgVisitDuration": null, "category": 100}}"#;

/// The answer with every number the model made replaced, since those change with the model.
fn redacted(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let mut json: serde_json::Map<String, Value> = serde_json::from_slice(&answer.body).unwrap();
    for month in json.values_mut().filter_map(Value::as_object_mut) {
        let filled: Vec<String> = month["filled"].as_array().unwrap().iter().map(|key| key.as_str().unwrap().to_owned()).collect();
        let estimated = ["uniqueUsers", "uniqueUsersLow", "uniqueUsersHigh"].map(str::to_owned);
        for key in filled.iter().chain(&estimated) {
            assert!(month[key].is_number(), "{key} in {}", answer.text());
            month[key] = json!("[number]");
        }
        month["warnings"].as_array_mut().unwrap().retain(|warning| warning["code"] != "outside_training_range");
        if let Some(explanation) = month.get_mut("explanation") {
            explanation["base"] = json!("[number]");
            for factor in explanation["factors"].as_object_mut().unwrap().values_mut() {
                *factor = json!("[number]");
            }
        }
    }
    serde_json::to_string_pretty(&json).unwrap()
}

fn month(answer: &Answer) -> MonthAnswer {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let PredictAnswer(months) = serde_json::from_slice(&answer.body).unwrap();
    months.into_values().next().unwrap()
}

/// The keys of the first month, in the order they stand in.
fn keys(answer: &Answer) -> Vec<String> {
    let text = answer.text();
    let inner = &text[text.find(":{").unwrap() + 1..text.len() - 1];
    struct Keys;
    impl<'de> serde::de::Visitor<'de> for Keys {
        type Value = Vec<String>;
        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("an object")
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Vec<String>, A::Error> {
            let mut keys = Vec::new();
            while let Some((key, _)) = map.next_entry::<String, serde::de::IgnoredAny>()? {
                keys.push(key);
            }
            Ok(keys)
        }
    }
    serde::Deserializer::deserialize_map(&mut serde_json::Deserializer::from_str(inner), Keys).unwrap()
}

#[test]
fn the_example_is_answered() {
    let server = Server::start();
    let answer = server.client().post_json("/predict", EXAMPLE);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(
        keys(&answer)[..6],
        ["alexa", "visits", "pagesPerVisit", "bounceRate", "avgVisitDuration", "category"],
        "the keys of the request, in their order"
    );
    assert_snapshot!(redacted(&answer), @r#"
    {
      "2018-12-01": {
        "alexa": "[number]",
        "avgVisitDuration": "[number]",
        "bounceRate": "[number]",
        "category": 100,
        "filled": [
          "alexa",
          "bounceRate",
          "avgVisitDuration"
        ],
        "level": 0.9,
        "model": "test-1",
        "pagesPerVisit": 5000000,
        "source": "test",
        "uniqueUsers": "[number]",
        "uniqueUsersHigh": "[number]",
        "uniqueUsersLow": "[number]",
        "visits": 1000000,
        "visitsPerUser": 1.7,
        "warnings": [
          {
            "code": "implausible_value",
            "field": "pagesPerVisit",
            "message": "pages per visit of 5000000 is not plausible (above 1000) and was left out of the estimate"
          }
        ]
      }
    }
    "#);
}

#[test]
fn a_get_takes_the_same_body_and_the_same_month_as_parameters() {
    let server = Server::start();
    let posted = server.client().post_json("/predict", EXAMPLE);
    let got = server.client().request("GET", "/predict", &[], EXAMPLE.as_bytes());
    assert_eq!(got.text(), posted.text());
    let parameters = "/predict?date=2018-12-01&alexa=&visits=1000000&pagesPerVisit=5000000&bounceRate=&avgVisitDuration=&category=100";
    assert_eq!(server.client().get(parameters).text(), posted.text());
}

#[rstest]
#[case::spaces_and_order(r#"{"2018-12":{ "visits" : 1e6 , "bounceRate":4.50e+1}}"#, &[r#""visits":1e6"#, r#""bounceRate":4.50e+1"#])]
#[case::numbers_in_texts(r#"{"2018-12":{"visits":" 1200 "}}"#, &[r#""visits":" 1200 ""#])]
#[case::escapes(r#"{"2018\u002d12":{"visi\u0074s":1200,"category":"G\u0061mes"}}"#, &[r#"{"2018\u002d12":{"#, r#""visi\u0074s":1200"#, r#""category":"G\u0061mes""#])]
#[case::unknown_keys(r#"{"2018-12":{"visits":1,"nested":{"a":[1,2, 3]}}}"#, &[r#""nested":{"a":[1,2, 3]}"#, "unknown_field"])]
#[case::zero_is_a_value(r#"{"2018-12":{"visits":0}}"#, &[r#""visits":0"#, r#""uniqueUsers":0"#, r#""uniqueUsersHigh":0"#])]
#[case::implausible(r#"{"2018-12":{"visits":5e15,"alexa":3}}"#, &[r#""visits":5e15"#, "implausible_value"])]
#[case::shared_site(r#"{"domain":"a.com","2018-12":{"visits":100}}"#, &[r#"{"domain":"a.com","2018-12":{"#])]
fn what_was_given_is_echoed_letter_by_letter(#[case] request: &str, #[case] expected: &[&str]) {
    let server = Server::start();
    let answer = server.client().post_json("/predict", request);
    assert_eq!(answer.status, 200, "{}", answer.text());
    for part in expected {
        assert!(answer.text().contains(part), "{part} in {}", answer.text());
    }
}

#[test]
fn absent_inputs_are_filled_and_listed_and_the_category_is_not() {
    let server = Server::start();
    let answer = server.client().post_json("/predict", r#"{"2024-01": {"rank": 1000, "category": null}}"#);
    let month = month(&answer);
    assert_eq!(month.filled, ["visits", "pagesPerVisit", "bounceRate", "avgVisitDuration"]);
    assert!(month.visits.is_number() && month.category.is_none());
    assert!(!answer.text().contains("alexa"), "`rank` is its own name in the answer");
}

#[test]
fn a_null_under_an_alias_is_filled_under_that_alias() {
    let server = Server::start();
    let answer = server.client().post_json("/predict", r#"{"2024-01": {"rank": null, "pages_per_visit": null, "visits": 5000}}"#);
    let month = month(&answer);
    assert_eq!(month.filled[..2], ["rank", "pages_per_visit"]);
    assert!(answer.json()["2024-01"]["rank"].is_number());
}

#[test]
fn unknown_categories_are_echoed_with_the_nearest_name() {
    let server = Server::start();
    let months: Vec<String> = (1..=12).map(|month| format!("\"2018-{month:02}\":{{\"visits\":9,\"category\":\"Sport/Socer\"}}")).collect();
    let answer = server.client().post_json("/predict", &format!("{{{}}}", months.join(",")));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.text().matches(r#""category":"Sport/Socer""#).count(), 12);
    assert_eq!(answer.text().matches("the nearest name is `Sports/Soccer`").count(), 12);
}

/// Months that each have such keys.
fn months_with(months: usize, keys: &[String]) -> String {
    let keys: String = keys.iter().map(|key| format!(",\"{key}\":1")).collect();
    let months: Vec<String> =
        (0..months).map(|index| format!("\"{}-{:02}\":{{\"visits\":9000{keys}}}", 2000 + index / 12, index % 12 + 1)).collect();
    format!("{{{}}}", months.join(","))
}

#[rstest]
#[case::unknown_keys_of_many_months(90, 90, 90, 429)]
#[case::unknown_keys_as_long_as_those_of_fields(90, 90, 16, 429)]
#[case::unknown_keys_of_one_month(1, 90, 90, 429)]
#[case::a_few_keys_in_each_of_a_few_months(12, 5, 16, 200)]
#[case::one_key_in_one_month(1, 1, 16, 200)]
fn what_takes_long_leaves_the_thread_that_serves(#[case] months: usize, #[case] count: usize, #[case] length: usize, #[case] status: u16) {
    // What would leave it has nowhere to go.
    let server = Server::with(Limits { workers: 0, worker_queue: 0, ..Limits::default() });
    let name = "visitsperuser".repeat(8);
    let keys: Vec<String> = (0..count).map(|index| format!("{index:02}{}", &name[..length - 2])).collect();
    let answer = server.client().post_json("/predict", &months_with(months, &keys));
    assert_eq!(answer.status, status, "{}", answer.text());
    let whole = Server::start().client().post_json("/predict", &months_with(months, &keys));
    assert_eq!(whole.text().matches("\"unknown_field\"").count(), months * count, "{}", whole.text());
}

#[test]
fn near_names_of_unknown_keys_are_shown_however_many_there_are() {
    let server = Server::start();
    let keys = ["vists", "pagePerVisit", "sessions"].map(str::to_owned);
    for months in [1, 100] {
        let answer = server.client().post_json("/predict", &months_with(months, &keys));
        assert_eq!(answer.text().matches("did you mean `visits`?").count(), 2 * months, "{}", answer.text());
        assert_eq!(answer.text().matches("did you mean `pagesPerVisit`?").count(), months, "{}", answer.text());
    }
}

#[test]
fn a_known_month_is_its_own_interval() {
    let server = Server::start();
    let answer = server.client().post_json("/predict", r#"{"2024-01": {"visits": 5000, "uniqueUsers": 1234}}"#);
    let json = &answer.json()["2024-01"];
    assert_eq!((&json["uniqueUsers"], &json["uniqueUsersLow"], &json["uniqueUsersHigh"]), (&json!(1234), &json!(1234), &json!(1234)));
}

#[test]
fn what_the_server_answers_can_be_sent_again() {
    let server = Server::start();
    let mut client = server.client();
    let first = client.post_json("/predict", EXAMPLE);
    let again = client.post_json("/predict", first.text());
    assert_eq!(again.status, 200);
    let keys = keys(&again);
    let mut unique = keys.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), keys.len(), "no key stands twice in {keys:?}");
}

#[test]
fn a_higher_level_contains_a_lower_one() {
    let server = Server::start();
    let interval = |level: &str| {
        let month = month(&server.client().post_json(&format!("/predict?level={level}"), EXAMPLE));
        assert_eq!(month.level.to_string(), level);
        (month.unique_users_low, month.unique_users_high)
    };
    let (narrow, wide) = (interval("0.5"), interval("0.99"));
    assert!(wide.0 <= narrow.0 && narrow.1 <= wide.1, "{narrow:?} in {wide:?}");
}

#[test]
fn an_explanation_multiplies_to_the_estimate() {
    let server = Server::start();
    let month = month(&server.client().post_json("/predict?explain=true", EXAMPLE));
    let explanation = month.explanation.expect("it was asked for");
    let product = explanation.factors.values().fold(explanation.base, |product, factor| product * factor);
    assert!((product - month.unique_users.as_f64().unwrap()).abs() <= 0.5 + product * 1e-9, "{product}");
}

#[test]
fn many_months_are_answered_in_their_order_as_each_would_be_alone() {
    let server = Server::start();
    let mut client = server.client();
    let key = |index: usize| format!("{:04}-{:02}", 1000 + index / 12, 1 + (index * 7) % 12);
    let month = |index: usize| format!("\"{}\":{{\"visits\":{}}}", key(index), 1000 + index);
    let months: Vec<String> = (0..1200).map(month).collect();
    let answer = client.post_json("/predict", &format!("{{{}}}", months.join(",")));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let mut from = 0;
    for index in 0..1200 {
        from += answer.text()[from..].find(&key(index)).expect("every month, in order");
    }
    let json = answer.json();
    for index in [0, 599, 1199] {
        let alone = client.post_json("/predict", &format!("{{{}}}", month(index))).json();
        assert_eq!(json[key(index)], alone[key(index)]);
    }
}

#[test]
fn a_name_that_looks_like_a_number_is_a_name() {
    let server = Server::start();
    let answer = server.client().get("/predict?date=2018-12&visits=1000000&source=2024&domain=123");
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!((&answer.json()["2018-12"]["source"], &answer.json()["2018-12"]["domain"]), (&"2024".into(), &"123".into()));
}

#[rstest]
#[case("visits", "940.000")]
#[case("visits", "940.250")]
#[case("Visits", "940.50")]
#[case("alexa", "5.000")]
#[case("rank", "12.000")]
#[case("uniqueUsers", "495.924")]
fn a_count_with_a_point_is_the_text_that_it_is_in_a_query(#[case] name: &str, #[case] count: &str) {
    let server = Server::start();
    let got = server.client().get(&format!("/predict?date=2024-01&category=Games&{name}={count}"));
    let posted = server.client().post_json("/predict", &json!({"2024-01": {"category": "Games", name: count}}).to_string());
    assert!(got.text().contains("fractional_count"), "{}", got.text());
    assert_eq!(got.json(), posted.json());
}

#[rstest]
#[case("visits=940")]
#[case("visits=940.0")]
#[case("visits=1000000.000")]
#[case("visits=940&pagesPerVisit=3.125&bounceRate=45.125&avgVisitDuration=120.000")]
fn a_number_that_can_be_read_in_one_way_is_not_warned_of(#[case] query: &str) {
    let server = Server::start();
    let answer = server.client().get(&format!("/predict?date=2024-01&{query}"));
    assert!(answer.status == 200 && !answer.text().contains("fractional_count"), "{}", answer.text());
}

#[rstest]
#[case::addresses("10.0.0.1", "10.0.0.2")]
#[case::ids("site0001", "site0002")]
#[case::names("My Shop", "Other Shop")]
#[case::a_total("a.com", "Total")]
fn names_that_are_no_hosts_are_no_one_site(#[case] one: &str, #[case] other: &str) {
    let server = Server::start();
    let body =
        |other: &str| json!({"2024-12": {"visits": 1000, "domain": one}, "2024-11": {"visits": 900, "uniqueUsers": 880, "domain": other}});
    let answer = server.client().post_json("/predict", &body(other).to_string());
    assert_eq!((answer.status, &answer.json()["errors"][0]["code"]), (422, &json!("several_sites")), "{}", answer.text());
    let same = format!(" {} ", one.to_uppercase());
    assert_eq!(server.client().post_json("/predict", &body(&same).to_string()).status, 200);
}

#[rstest]
#[case("2024-12-01", true)]
#[case("2024-12", true)]
#[case("", true)]
#[case("2023-12-01", false)]
#[case("soon", false)]
fn a_date_among_the_values_is_that_of_the_key(#[case] date: &str, #[case] is_taken: bool) {
    let server = Server::start();
    let answer = server.client().post_json("/predict", &json!({"2024-12": {"visits": 1000, "date": date}}).to_string());
    assert_eq!(answer.status, if is_taken { 200 } else { 422 }, "{}", answer.text());
    if is_taken {
        assert_eq!(answer.json()["2024-12"]["warnings"], json!([]));
    } else {
        assert_eq!(answer.json()["errors"][0]["pointer"], "/2024-12/date");
    }
}
