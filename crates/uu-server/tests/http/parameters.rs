//! Query parameters and paths that are not there: near names, and none of them given twice.

use rstest::rstest;
use uu_registry::Scope;

use crate::server::Server;

const MONTH: &str = r#"{"2024-01": {"visits": 5000}}"#;
const ROWS: &str = "date,visits\n2024-01,5000\n";

#[rstest]
#[case("POST", "/predict?levle=0.8", Some("level"))]
#[case("POST", "/predict?Explain=true", Some("explain"))]
#[case("POST", "/predict?skipBadRows=true", None)]
#[case("GET", "/predict?date=2024-01&visits=5&levle=0.5", Some("level"))]
#[case("POST", "/predict/batch?skip_bad_rows=true", Some("skipBadRows"))]
#[case("POST", "/predict/batch?bounceUnit=fraction", Some("bounceRateUnit"))]
#[case("POST", "/retrain?forced=true", Some("force"))]
#[case("POST", "/observations?level=0.8", None)]
#[case("GET", "/audit-log?limits=3", Some("limit"))]
#[case("GET", "/categories?search=games", None)]
#[case("GET", "/models?limit=3", None)]
#[case("GET", "/jobs?state=queued", None)]
#[case("GET", "/drift?format=html", None)]
fn an_unknown_parameter_is_refused_with_the_near_one(#[case] method: &str, #[case] path: &str, #[case] near: Option<&str>) {
    let server = Server::start();
    let token = server.token(Scope::Admin);
    let (kind, body) = if path.contains("batch") || path.contains("retrain") { ("text/csv", ROWS) } else { ("application/json", MONTH) };
    let headers = [("authorization", token.as_str()), ("content-type", kind)];
    let answer = server.client().request(method, path, &headers, if method == "GET" { b"" } else { body.as_bytes() });
    assert_eq!(answer.status, 422, "{}", answer.text());
    let fault = &answer.json()["errors"][0];
    assert_eq!(fault["code"], "unknown_parameter", "{}", answer.text());
    assert!(fault["message"].as_str().unwrap().starts_with("there is no query parameter `"), "{}", answer.text());
    assert_eq!(fault["hint"].as_str(), near.map(|near| format!("did you mean `{near}`?")).as_deref(), "{}", answer.text());
}

#[rstest]
#[case("/predict?level=0.5&level=0.9", "application/json", MONTH)]
#[case("/predict?explain=true&explain=true", "application/json", MONTH)]
#[case("/predict/batch?level=0.5&level=0.9", "text/csv", ROWS)]
#[case("/predict/batch?skipBadRows=true&skipBadRows=false", "text/csv", ROWS)]
#[case("/retrain?bounceRateUnit=percent&bounceRateUnit=fraction", "text/csv", ROWS)]
fn a_parameter_given_twice_is_refused(#[case] path: &str, #[case] kind: &str, #[case] body: &str) {
    let server = Server::start();
    let token = server.token(Scope::Admin);
    let answer = server.client().request("POST", path, &[("authorization", &token), ("content-type", kind)], body.as_bytes());
    assert_eq!((answer.status, &answer.json()["errors"][0]["code"]), (422, &"duplicate_field".into()), "{}", answer.text());
}

#[test]
fn an_option_among_the_texts_of_a_form_is_told_its_place() {
    let server = Server::start();
    let token = server.token(Scope::Admin);
    let rows = "date,site,visits,unique_users\n2024-01,a.com,5000,900\n";
    let part = |name: &str, text: &str| format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
    let file = format!("--x\r\nContent-Disposition: form-data; name=\"data\"; filename=\"rows.csv\"\r\n\r\n{rows}\r\n--x--\r\n");
    let headers = [("authorization", token.as_str()), ("content-type", "multipart/form-data; boundary=x")];
    let post = |body: String| server.client().request("POST", "/retrain", &headers, body.as_bytes());
    for name in ["force", "skip_bad_rows", "bounceRateUnits"] {
        let refused = post(part(name, "true") + &file);
        assert_eq!(refused.status, 422, "{name}: {}", refused.text());
        assert!(refused.text().contains("did you mean the query parameter"), "{}", refused.text());
    }
    assert_eq!(post(part("comment", "hello") + &file).status, 202);
    let no_file = post(part("data", rows) + "--x--\r\n");
    assert!(no_file.status == 400 && no_file.text().contains("only the text `data`"), "{}", no_file.text());
}

fn part(name: &str, content: &str) -> String {
    format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
}

#[rstest]
#[case::many_texts((0..9_000).map(|index| part(&format!("zzzq{index:07}{}", "w".repeat(40)), "")).collect(), 413, "at most 100 texts")]
#[case::some_texts((0..9).map(|index| part(&format!("zzzq{index}"), "long ".repeat(20_000).as_str())).collect(), 400, "`zzzq4`, ..;")]
#[case::a_head_without_an_end(format!("--x\r\nContent-Disposition: {}", "w".repeat(900_000)), 413, "must begin within")]
#[case::much_before_the_first_part("w".repeat(900_000), 413, "must begin within")]
#[case::cut_off(part("a", "text"), 400, "incomplete")]
fn a_form_takes_no_more_than_its_files_do(#[case] form: String, #[case] status: u16, #[case] says: &str) {
    let server = Server::start();
    let token = server.token(Scope::Write);
    let headers = [("authorization", token.as_str()), ("content-type", "multipart/form-data; boundary=x")];
    let end = if status == 400 && says == "incomplete" { "" } else { "--x--\r\n" };
    let refused = server.client().request("POST", "/retrain", &headers, (form + end).as_bytes());
    assert_eq!(refused.status, status, "{}", refused.text());
    assert!(refused.text().contains(says) && refused.body.len() < 2_000, "{}", refused.text());
}

#[test]
fn files_of_a_form_are_taken_whatever_their_size_with_texts_between_them() {
    let server = Server::start();
    let token = server.token(Scope::Write);
    let headers = [("authorization", token.as_str()), ("content-type", "multipart/form-data; boundary=x")];
    let rows = |from: usize, count: usize| {
        let rows: String = (from..from + count).map(|row| format!("2024-01,site{row}.com,5000,900,{}\r\n", "note ".repeat(40))).collect();
        format!("date,site,visits,unique_users,note\r\n{rows}")
    };
    let file = |name: &str, rows: &str| {
        format!("--x\r\nContent-Disposition: form-data; name=\"data\"; filename=\"{name}.csv\"\r\nContent-Type: text/csv\r\n\r\n{rows}\r\n")
    };
    let form = [file("a", &rows(0, 2_000)), part("comment", &"text ".repeat(30_000)), file("b", &rows(2_000, 3)), "--x--\r\n".to_owned()];
    let taken = server.client().request("POST", "/retrain", &headers, form.concat().as_bytes());
    assert_eq!(taken.status, 202, "{}", taken.text());
}

#[rstest]
#[case("/predict?visits=5", "bad_date", "got none")]
#[case("/predict?date=2024-01&month=2024-02&visits=5", "duplicate_field", "got 2")]
#[case("/predict?date=2024-01&visits=5&visits=6", "duplicate_field", "`visits` again")]
fn a_get_needs_one_date_and_each_value_once(#[case] path: &str, #[case] code: &str, #[case] says: &str) {
    let server = Server::start();
    let answer = server.client().get(path);
    assert_eq!((answer.status, &answer.json()["errors"][0]["code"]), (422, &code.into()), "{}", answer.text());
    assert!(answer.text().contains(says), "{}", answer.text());
}

#[rstest]
#[case("POST", "/predict/", Some("/predict"))]
#[case("POST", "/predict/batch/", Some("/predict/batch"))]
#[case("GET", "/api/v1/predict", Some("/predict"))]
#[case("POST", "/Predictor/Predict", Some("/predictor/predict"))]
#[case("GET", "/model", Some("/models"))]
#[case("GET", "/health", Some("/health/live"))]
#[case("GET", "/wp-login.php", None)]
fn a_path_without_a_route_is_told_the_near_one(#[case] method: &str, #[case] path: &str, #[case] near: Option<&str>) {
    let server = Server::start();
    let answer = server.client().request(method, path, &[], b"");
    assert_eq!(answer.status, 404);
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("/docs"), "{detail}");
    assert_eq!(detail.split("did you mean `").nth(1).map(|rest| rest.split('`').next().unwrap()), near, "{detail}");
}
