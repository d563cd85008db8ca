//! `/predict/batch`: runs that come to nothing, and the reason of a failure however late it comes.

use std::time::{Duration, Instant};

use rstest::rstest;
use serde_json::Value;
use uu_server::{Access, Limits, Policies};

use crate::client::{Answer, Client, request};
use crate::server::Server;

const CSV: &str = "text/csv";
const NDJSON: &str = "application/x-ndjson";
const JSON: &str = "application/json";

fn post(server: &Server, query: &str, kind: &str, body: &str) -> Answer {
    server.client().request("POST", &format!("/predict/batch{query}"), &[("content-type", kind)], body.as_bytes())
}

#[rstest]
#[case::a_header_alone(CSV, "date,visits\n", "", "a header alone")]
#[case::an_empty_list(JSON, "[]", "", "none")]
#[case::every_row_skipped(CSV, "date,visits\nnever,5\n2024-01,many\n", "?skipBadRows=true", "2 rows, which all break rules")]
#[case::the_only_line_skipped(NDJSON, "{\"date\":\"never\",\"visits\":5}\n", "?skipBadRows=true", "1 row, which breaks rules")]
#[case::the_only_element_skipped(JSON, "[{\"date\":\"never\",\"visits\":5}]", "?skipBadRows=true", "1 row, which breaks rules")]
fn a_batch_without_a_row_is_no_success(#[case] kind: &str, #[case] body: &str, #[case] query: &str, #[case] found: &str) {
    let server = Server::start();
    for accept in [CSV, NDJSON, JSON, "application/vnd.apache.parquet"] {
        let headers = [("content-type", kind), ("accept", accept)];
        let answer = server.client().request("POST", &format!("/predict/batch{query}"), &headers, body.as_bytes());
        assert_eq!((answer.status, &answer.json()["errors"][0]["code"]), (422, &"no_rows".into()), "{accept}: {}", answer.text());
        assert!(answer.json()["errors"][0]["found"].as_str().unwrap().starts_with(found), "{}", answer.text());
    }
}

#[test]
fn rows_that_were_left_out_say_why() {
    let server = Server::start();
    let answer = post(&server, "?skipBadRows=true", CSV, "date,visits\nnever,5\n");
    assert_eq!(answer.json()["errors"][1]["code"], "bad_date", "{}", answer.text());
}

#[rstest]
#[case::rows_behind_the_header("/predict/batch", "date,site,visits,note2024-12,a.com,1000,x2024-12,b.com,2000,y", 422)]
#[case::no_input_is_left("/predict/batch", "date,site,visits2024-12,a.com,1000", 400)]
#[case::no_date_is_left("/predict/batch", "visits,date2024-12", 400)]
#[case::labels("/retrain", "date,site,visits,unique_users2024-12,a.com,1000,500", 422)]
fn rows_glued_to_their_header_lead_to_the_option_of_curl(#[case] path: &str, #[case] body: &str, #[case] status: u16) {
    let server = Server::start();
    let token = server.token(uu_registry::Scope::Admin);
    let answer = server.client().request("POST", path, &[("authorization", &token), ("content-type", CSV)], body.as_bytes());
    assert_eq!(answer.status, status, "{}", answer.text());
    assert!(answer.text().contains("--data-binary @rows.csv"), "{}", answer.text());
}

#[rstest]
#[case("/predict/batch")]
#[case("/retrain")]
fn a_table_without_its_type_is_told_the_header_to_add(#[case] path: &str) {
    let server = Server::start();
    let token = server.token(uu_registry::Scope::Admin);
    let form = [("authorization", token.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    for headers in [&form[..], &form[..1]] {
        let answer = server.client().request("POST", path, headers, b"date,visits\n2024-01,5\n");
        assert_eq!(answer.status, 415, "{}", answer.text());
        assert!(answer.text().contains("-H 'Content-Type: text/csv'"), "{}", answer.text());
    }
}

#[test]
fn a_fault_of_a_row_is_told_in_terms_of_rows() {
    let server = Server::start();
    let body = "date,visits,bounce_rate,avg_visit_duration\nnever,12k,143,00:03:12\n2024-01,5,52%,3\n";
    let answer = post(&server, "", CSV, body);
    assert_eq!(answer.status, 422);
    let json = answer.json();
    assert_eq!(json["detail"], "2 rows break rules; `?skipBadRows=true` leaves such rows out");
    let hints: Vec<&str> = json["errors"].as_array().unwrap().iter().filter_map(|error| error["hint"].as_str()).collect();
    for (hint, says) in hints.iter().zip(["12000", "?bounceRateUnit=fraction", "192", "52"]) {
        assert!(hint.contains(says), "{hint}");
    }
    assert!(!answer.text().contains("keyed by date") && !answer.text().contains("the key"), "{}", answer.text());
}

#[rstest]
#[case::days_without_a_site(CSV, "date,visits,rank\n2024-12-01,5,1\n2024-12-02,6,1\n2024-12-03,7,1\n", "repeated_months")]
#[case::weeks_without_a_site(NDJSON, "{\"date\":\"2024-12-02\",\"visits\":5}\n{\"date\":\"2024-12-09\",\"visits\":5}\n", "repeated_months")]
#[case::rows_by_device(
    JSON,
    r#"[{"date":"2024-12-01","site":"a.com","visits":5},{"date":"2024-12-01","site":"a.com","visits":6}]"#,
    "repeated_months"
)]
fn rows_that_are_no_months_are_refused_with_the_parameter_that_takes_them(#[case] kind: &str, #[case] body: &str, #[case] code: &str) {
    let server = Server::start();
    let answer = post(&server, "", kind, body);
    assert_eq!((answer.status, &answer.json()["errors"][0]["code"]), (422, &code.into()), "{}", answer.text());
    assert!(answer.json()["errors"][0]["hint"].as_str().unwrap().contains("?allowRepeatedMonths=true"), "{}", answer.text());
    assert_eq!(post(&server, "?allowRepeatedMonths=true", kind, body).status, 200);
}

#[test]
fn one_rate_in_percent_among_fractions_is_refused_with_the_parameter_of_the_unit() {
    let server = Server::start();
    let rows: String = (0..11).map(|site| format!("2024-12,s{site}.com,0.3{site}\n")).collect();
    let answer = post(&server, "", CSV, &format!("date,site,bounce_rate\n{rows}2024-12,p.com,45\n"));
    assert_eq!((answer.status, &answer.json()["errors"][0]["code"]), (422, &"bounce_rate_fraction".into()), "{}", answer.text());
    assert!(answer.json()["errors"][0]["hint"].as_str().unwrap().contains("?bounceRateUnit=fraction"), "{}", answer.text());
}

#[test]
fn a_rate_that_is_no_fraction_is_refused_as_it_was_given() {
    let server = Server::start();
    let answer = post(&server, "?bounceRateUnit=fraction", CSV, "date,site,visits,bounce_rate\n2024-12,a.com,10000,45\n");
    let error = &answer.json()["errors"][0];
    assert_eq!((answer.status, &error["found"]), (422, &"45".into()), "{}", answer.text());
    assert!(error["hint"].as_str().unwrap().contains("`?bounceRateUnit=percent`"), "{}", answer.text());
}

#[test]
fn text_that_is_no_utf8_has_a_hint_at_its_encoding() {
    let server = Server::start();
    let body = b"date,site,visits,note\n2024-12,a.com,5,caf\xE9\n";
    let answer = server.client().request("POST", "/predict/batch", &[("content-type", CSV)], body);
    assert_eq!(answer.status, 422, "{}", answer.text());
    assert!(answer.json()["errors"][0]["hint"].as_str().unwrap().contains("iconv -f WINDOWS-1252"), "{}", answer.text());
}

/// Rows whose last one is at fault, long after the answer has begun.
/// The head of a batch of some length, and its first block.
fn begun(address: &str, length: usize) -> Vec<u8> {
    let rows = format!("date,visits\n{}", "2018-12,1000\n".repeat(6_000));
    let head = "POST /predict/batch HTTP/1.1\r\nhost: test\r\ncontent-type: text/csv";
    format!("{head}\r\nx-forwarded-for: {address}\r\ncontent-length: {length}\r\n\r\n{rows}").into_bytes()
}

/// Asks for a batch until there is a slot, as a client does that retries after 429.
fn ask_until_answered(server: &Server, address: &str) -> Answer {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let headers = [("content-type", "text/csv"), ("x-forwarded-for", address)];
        let answer = server.client().request("POST", "/predict/batch", &headers, b"date,visits\n2018-12,1000\n");
        if answer.status != 429 || Instant::now() > deadline {
            return answer;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn who_sends_slowly_gives_way_to_an_address_that_holds_fewer() {
    let access = Access { trusted_proxies: vec!["127.0.0.1".parse().unwrap()], ..Access::default() };
    let limits = Limits { batches: 2, ..Limits::default() };
    let server = Server::under(Policies { limits, access, ..Policies::default() });
    server.install();
    let mut slow = ["192.0.2.1", "192.0.2.2"].map(|address| {
        let mut client = server.client();
        client.send(&begun(address, 50_000_000));
        client
    });
    while !server.client().get("/metrics").text().contains("uu_batches_running 2") {
        std::thread::sleep(Duration::from_millis(20));
    }
    for _ in 0..3 {
        assert_eq!(ask_until_answered(&server, "192.0.2.3").status, 200);
    }
    slow.iter_mut().for_each(|client| client.limit_patience(Duration::from_millis(200)));
    let statuses: Vec<u16> = slow.iter_mut().filter_map(Client::receive_head).map(|answer| answer.status).collect();
    assert_eq!(statuses, [408], "the other one goes on");
}

fn late_fault(kind: &str) -> String {
    const ROWS: usize = 60_000;
    let rows = (0..ROWS).map(|row| (row + 1, row.to_string())).chain([(ROWS + 1, "\"12k\\n# forged\"".to_owned())]);
    match kind {
        CSV => {
            "date,visits\n".to_owned() + &rows.map(|(_, visits)| format!("2018-12,{}\n", visits.replace("\\n", " "))).collect::<String>()
        }
        NDJSON => rows.map(|(_, visits)| format!("{{\"date\":\"2018-12\",\"visits\":{visits}}}\n")).collect(),
        _ => {
            let rows: Vec<String> = rows.map(|(_, visits)| format!("{{\"date\":\"2018-12\",\"visits\":{visits}}}")).collect();
            format!("[{}]", rows.join(","))
        }
    }
}

fn cut_off(server: &Server, given: &str, wanted: &str) -> String {
    let mut client = server.client();
    let headers = [("content-type", given), ("accept", wanted)];
    client.send(&request("POST", "/predict/batch", &headers, late_fault(given).as_bytes()));
    String::from_utf8(client.receive_cut_off()).unwrap()
}

#[test]
fn a_table_that_is_cut_off_ends_with_the_reason() {
    let server = Server::start();
    for given in [CSV, NDJSON] {
        let body = cut_off(&server, given, CSV);
        let last = body.lines().last().unwrap();
        assert!(last.starts_with("# error: 1 row breaks rules"), "{last}");
        assert!(last.contains("row 60001: visits must be a number"), "{last}");
        assert_eq!(body.lines().filter(|line| line.starts_with('#')).count(), 1);
    }
}

#[rstest]
#[case(NDJSON, NDJSON)]
#[case(JSON, JSON)]
#[case(CSV, JSON)]
fn objects_that_are_cut_off_end_with_the_problem(#[case] given: &str, #[case] wanted: &str) {
    let server = Server::start();
    let body = cut_off(&server, given, wanted);
    let last: Value = serde_json::from_str(body.lines().last().unwrap()).unwrap();
    assert_eq!((&last["error"]["status"], &last["error"]["errors"][0]["row"]), (&422.into(), &60_001.into()), "{last}");
    if wanted == JSON {
        let whole: Vec<Value> = serde_json::from_str(&format!("{body}]")).expect("only the end of the array is missing");
        assert!(whole.len() > 1);
    }
}

#[rstest]
#[case::rows(CSV, "site,date,visits\na.com,2024-12,1000\nTotal,,1000\n")]
#[case::objects(NDJSON, "{\"site\":\"a.com\",\"date\":\"2024-12\",\"visits\":1000}\n{\"site\":\"Total\",\"date\":null,\"visits\":1000}\n")]
fn a_total_without_a_date_leads_to_leaving_it_out(#[case] kind: &str, #[case] body: &str) {
    let server = Server::start();
    let answer = post(&server, "", kind, body);
    assert_eq!((answer.status, &answer.json()["errors"][0]["row"]), (422, &2.into()), "{}", answer.text());
    let hint = answer.json()["errors"][0]["hint"].as_str().unwrap().to_owned();
    assert!(hint.starts_with("leave the row of the total out") && hint.contains("?skipBadRows=true"), "{hint}");
    assert_eq!(post(&server, "?skipBadRows=true", kind, body).status, 200);
}

#[rstest]
#[case::rows(CSV, "site,date,visits\na.com,2024-12,1000\n,,\n,,\n")]
#[case::objects(JSON, "[{\"site\":\"a.com\",\"date\":\"2024-12\",\"visits\":1000},{},{\"site\":null,\"visits\":null}]")]
fn rows_without_a_value_are_no_rows(#[case] kind: &str, #[case] body: &str) {
    let headers = [("content-type", kind), ("accept", NDJSON)];
    let answer = Server::start().client().request("POST", "/predict/batch", &headers, body.as_bytes());
    assert_eq!((answer.status, answer.text().trim_end().lines().count()), (200, 1), "{}", answer.text());
}

#[rstest]
#[case(JSON)]
#[case(NDJSON)]
fn a_month_that_is_no_object_is_refused_as_in_a_request_for_one_site(#[case] kind: &str) {
    let server = Server::start();
    let body = r#"{"domain":"a.com","2024-12":{"visits":10000},"2025-01":null}"#;
    let answer = post(&server, "", kind, body);
    assert_eq!(answer.status, 422, "{}", answer.text());
    assert!(answer.text().contains("got null under `2025-01`") && !answer.text().contains("header"), "{}", answer.text());
    let left = post(&server, "?skipBadRows=true", kind, body);
    assert!(left.status == 200 && left.text().contains("a.com"), "{}", left.text());
}
