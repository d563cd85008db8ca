//! Models, jobs, observations, deliveries and drift over HTTP.

use std::fs;

use rstest::rstest;
use serde_json::{Value, json};
use uu_registry::{Change, JobId, ModelVersion, NewVersion, Outcome, Scope};
use uu_server::{Access, Limits, Policies, RateLimits, Tokens};

use crate::client::{Answer, Client};
use crate::server::{Server, artifact};

const OBSERVED: &str = r#"{"2024-03-01": {"domain": "example.com", "visits": 1000000, "uniqueUsers": 420000}}"#;
const ROWS: &str = "date,site,source,visits,unique_users\n2024-01,a.com,test,1000,500\n2024-01,b.com,test,2000,900\n";

fn post(client: &mut Client, path: &str, token: &str, (kind, body): (&str, &[u8])) -> Answer {
    client.request("POST", path, &[("authorization", token), ("content-type", kind)], body)
}

fn put(server: &Server, artifact: &[u8]) -> ModelVersion {
    let about = json!({ "median_ape": 0.165 });
    let new = NewVersion { artifact, about: &about, data_fingerprint: None, parent: None, made_by: "ann", reason: "a test" };
    server.registry.put(&new).unwrap()
}

#[rstest]
#[case("POST", "/observations", Scope::Write)]
#[case("POST", "/retrain", Scope::Write)]
#[case("POST", "/retrain?force=true", Scope::Admin)]
#[case("POST", "/models/rollback", Scope::Admin)]
#[case("POST", "/models/v0001/promote", Scope::Admin)]
#[case("POST", "/jobs/1/retry", Scope::Write)]
#[case("DELETE", "/jobs/1", Scope::Write)]
fn what_changes_something_needs_a_token_of_its_scope(#[case] method: &str, #[case] path: &str, #[case] scope: Scope) {
    let server = Server::start();
    let mut client = server.client();
    let status = |client: &mut Client, headers: &[(&str, &str)]| client.request(method, path, headers, b"").status;
    let answer = client.request(method, path, &[], b"");
    assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some("Bearer")));
    assert_eq!(answer.json()["type"], "urn:uu-predictor:problem:unauthorized");
    for wrong in ["Bearer uu_nonsense", "Basic dXU6dXU=", "Bearer"] {
        assert_eq!(status(&mut client, &[("authorization", wrong)]), 401, "{wrong}");
    }
    for held in Scope::ALL {
        let token = server.token(held);
        let found = status(&mut client, &[("authorization", &token)]);
        assert_eq!(found == 403, held < scope, "{held}: {found}");
        assert_ne!(found, 401);
    }
}

#[test]
fn a_revoked_token_is_refused_at_once_and_reading_needs_one_where_that_is_wanted() {
    let access = Access { tokens: Tokens::All, ..Access::default() };
    let server = Server::under(Policies { access, ..Policies::default() });
    server.install();
    let mut client = server.client();
    let ask = |client: &mut Client, headers: &[(&str, &str)]| client.request("GET", "/predict?date=2024-01&visits=9", headers, b"").status;
    assert_eq!(client.get("/health/ready").status, 200);
    assert_eq!((ask(&mut client, &[]), client.get("/metrics").status), (401, 401));
    let token = server.token(Scope::Write);
    assert_eq!(ask(&mut client, &[("authorization", &token)]), 200);
    assert_eq!(post(&mut client, "/observations", &token, ("application/json", OBSERVED.as_bytes())).status, 201);
    let id = server.registry.tokens().unwrap()[0].id;
    server.registry.revoke_token(id, "ann").unwrap();
    assert_eq!(post(&mut client, "/observations", &token, ("application/json", OBSERVED.as_bytes())).status, 401);
}

#[test]
fn who_asks_too_often_is_told_when_to_come_back() {
    let rates = RateLimits { requests_per_s_per_address: 20, writes_per_s_per_token: 1, ..RateLimits::default() };
    let server = Server::under(Policies { rates, ..Policies::default() });
    let mut client = server.client();
    let (one, other) = (server.token(Scope::Write), server.token(Scope::Write));
    let statuses: Vec<u16> =
        (0..5).map(|_| post(&mut client, "/observations", &one, ("application/json", OBSERVED.as_bytes())).status).collect();
    assert!(statuses.contains(&201) && statuses.contains(&429), "{statuses:?}");
    assert_eq!(
        post(&mut client, "/observations", &other, ("application/json", OBSERVED.as_bytes())).status,
        201,
        "another token is not held up"
    );
    let limited = (0..40).map(|_| client.get("/categories")).find(|answer| answer.status == 429).expect("the address is limited");
    assert!(limited.header("retry-after").is_some());
    assert_eq!(client.get("/health/live").status, 200, "health is always told");
}

#[test]
fn an_address_that_guesses_tokens_is_not_listened_to_for_a_while() {
    let server = Server::start();
    let mut client = server.client();
    let guesses: Vec<u16> =
        (0..40).map(|_| post(&mut client, "/observations", "Bearer uu_guess", ("application/json", b"{}")).status).collect();
    assert_eq!(guesses.iter().filter(|status| **status == 401).count(), 31, "{guesses:?}");
    assert_eq!(*guesses.last().unwrap(), 429);
    assert_eq!(client.get("/predict?date=2024-01&visits=9").status, 200, "who asks without a token goes on");
    // Tokens that were never used before, for what they may do and for what they may not.
    let (write, read) = (server.token(Scope::Write), server.token(Scope::Read));
    assert_eq!(post(&mut client, "/observations", &write, ("application/json", b"{}")).status, 422, "a good one passes");
    assert_eq!(post(&mut client, "/observations", &read, ("application/json", b"{}")).status, 403);
    assert_eq!(post(&mut client, "/observations", "Bearer uu_another", ("application/json", b"{}")).status, 429, "bad ones do not");
}

#[test]
fn observations_are_kept_with_all_their_faults_told() {
    let server = Server::start();
    let (mut client, token) = (server.client(), server.token(Scope::Write));
    let answer = post(&mut client, "/observations", &token, ("application/json", OBSERVED.as_bytes()));
    assert_eq!((answer.status, answer.json()), (201, json!({"batch": 1, "observations": 1})));
    let kept = &server.registry.observations_after(0, 10).unwrap()[0];
    assert_eq!((kept.observation.site.as_deref(), kept.observation.month.as_str()), (Some("example.com"), "2024-03"));
    assert_eq!(kept.observation.fields["unique_users"], 420_000.0);
    assert_eq!(server.registry.batches().unwrap()[0].by, "token 1 (test)");
    for (bad, code) in [
        (r#"{"2024-03": {"visits": 5}}"#, "no_unique_users"),
        (r#"{"2024-03": {"visits": -5, "uniqueUsers": 3}}"#, "out_of_range"),
        (r"{}", "no_month"),
    ] {
        let answer = post(&mut client, "/observations", &token, ("application/json", bad.as_bytes()));
        assert_eq!((answer.status, &answer.json()["errors"][0]["code"]), (422, &json!(code)), "{bad}");
    }
    assert_eq!(server.registry.batches().unwrap().len(), 1, "what is refused is not kept");
}

#[test]
fn versions_are_listed_promoted_and_taken_back() {
    let server = Server::start();
    let (mut client, token) = (server.client(), server.token(Scope::Admin));
    put(&server, artifact());
    put(&server, artifact());
    let damaged = put(&server, b"no artifact");
    let change = |client: &mut Client, path: &str, body: &str| post(client, path, &token, ("application/json", body.as_bytes()));
    assert_eq!(change(&mut client, "/models/rollback", "").status, 409, "there is nothing to go back to");
    assert_eq!(change(&mut client, "/models/v0001/promote", "null").json(), json!({"champion": "v0001", "previous": null}));
    let expecting = r#"{"reason": "better", "expected_champion": "v0001"}"#;
    assert_eq!(change(&mut client, "/models/v0002/promote", expecting).json(), json!({"champion": "v0002", "previous": "v0001"}));
    assert_eq!(change(&mut client, "/models/v0001/promote", expecting).status, 409, "another one answers by now");
    assert_eq!(change(&mut client, "/models/v0009/promote", "").status, 404);
    assert_eq!(change(&mut client, "/models/nonsense/promote", "").status, 404);
    assert_eq!(change(&mut client, "/models/v0001/promote", r#"{"why": 3}"#).status, 400);
    assert_eq!(change(&mut client, &format!("/models/{damaged}/promote"), "").status, 409, "what cannot answer is not put in use");
    assert_eq!(change(&mut client, "/models/rollback", "").json(), json!({"champion": "v0001", "previous": "v0002"}));
    let list = client.get("/models").json();
    assert_eq!((&list["champion"], list["versions"].as_array().unwrap().len()), (&json!("v0001"), 3));
    assert_eq!(list["anchor"], "v0001", "the confirmation of what was taken back is, too");
    let shown = client.get("/models/v0002").json();
    assert_eq!((&shown["made_by"], &shown["about"]["median_ape"]), (&json!("ann"), &json!(0.165)));
    let log = client.get("/audit-log?limit=3").json();
    let actions: Vec<&Value> = log["records"].as_array().unwrap().iter().map(|record| &record["action"]).collect();
    assert_eq!(actions, ["rollback", "promote", "promote"]);
    assert_eq!(log["records"][1]["by"], "token 1 (test)");
    assert_eq!(log["records"][1]["details"]["reason"], "better");
    assert_eq!(client.get("/audit-log?limit=0").status, 422);
}

#[test]
fn an_earlier_version_can_be_gone_back_to_by_name() {
    let server = Server::start();
    let (mut client, token) = (server.client(), server.token(Scope::Admin));
    for _ in 0..4 {
        put(&server, artifact());
    }
    let change = |client: &mut Client, path: &str, body: &str| post(client, path, &token, ("application/json", body.as_bytes()));
    for version in ["v0001", "v0002", "v0003"] {
        assert_eq!(change(&mut client, &format!("/models/{version}/promote"), "").status, 200);
        assert_eq!(client.get("/models").json()["anchor"], version);
    }
    let back = change(&mut client, "/models/rollback", r#"{"to": "v0001", "reason": "the best so far"}"#);
    assert_eq!((back.status, back.json()), (200, json!({"champion": "v0001", "previous": "v0003"})), "{}", back.text());
    assert_eq!(change(&mut client, "/models/rollback", r#"{"to": "v0004"}"#).status, 409, "it never answered");
    assert_eq!(change(&mut client, "/models/rollback", r#"{"to": "v0009"}"#).status, 404);
    assert_eq!(change(&mut client, "/models/rollback", r#"{"to": "v0002", "expected_champion": "v0003"}"#).status, 409);
    assert_eq!(change(&mut client, "/models/v0002/promote", r#"{"to": "v0001"}"#).status, 400, "a promotion names its version itself");
    assert_eq!(change(&mut client, "/models/rollback", r#"{"to": "v0002"}"#).json()["champion"], "v0002");
}

#[test]
fn a_delivery_is_checked_kept_and_asked_for() {
    let server = Server::start();
    let (mut client, token) = (server.client(), server.token(Scope::Write));
    let answer = post(&mut client, "/retrain", &token, ("text/csv", ROWS.as_bytes()));
    assert_eq!((answer.status, answer.header("location")), (202, Some("/jobs/1")), "{}", answer.text());
    assert_eq!((&answer.json()["state"], &answer.json()["by"]), (&json!("queued"), &json!("token 1 (test)")));
    let form = format!(
        "--x\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n\
         --x\r\nContent-Disposition: form-data; name=\"data\"; filename=\"rows.csv\"\r\n\r\n{ROWS}\r\n\
         --x\r\nContent-Disposition: form-data; name=\"data\"; filename=\"more.ndjson\"\r\n\r\n{}\r\n--x--\r\n",
        r#"{"date": "2024-02", "site": "c.com", "visits": 10, "unique_users": 5}"#
    );
    let answer = post(&mut client, "/retrain?skipBadRows=true", &token, ("multipart/form-data; boundary=x", form.as_bytes()));
    assert_eq!((answer.status, &answer.json()["request"]["origin"]), (202, &json!("rows.csv, more.ndjson")), "{}", answer.text());
    let kept = server.registry.uploads(JobId(2)).unwrap();
    assert_eq!(server.registry.read_upload(&kept[0]).unwrap(), ROWS.as_bytes());
    assert_eq!(client.get("/jobs").json()["jobs"].as_array().unwrap().len(), 2);
}

#[rstest]
#[case::bad_rows("text/csv", b"date,visits,unique_users\n2024-01,-5,3\n", 422, "out_of_range")]
#[case::no_labels("text/csv", b"date,visits\n2024-01,5\n", 422, "none of the 1 rows")]
#[case::nothing("text/csv", b"", 400, "empty")]
#[case::another_type("image/png", b"x", 415, "image/png")]
#[case::no_parquet("application/vnd.apache.parquet", b"PAR1 nonsense PAR1", 400, "parquet")]
#[case::no_file("multipart/form-data; boundary=x", b"--x--\r\n", 400, "has no file")]
#[case::cut_form(
    "multipart/form-data; boundary=x",
    b"--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a.csv\"\r\n\r\ndate",
    400,
    "incomplete"
)]
#[case::no_boundary("multipart/form-data", b"--x--\r\n", 415, "boundary")]
#[case::cut_gzip("text/csv", &[0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1], 400, "")]
fn what_cannot_be_learned_from_is_told_and_not_kept(#[case] kind: &str, #[case] body: &[u8], #[case] status: u16, #[case] says: &str) {
    let server = Server::start();
    let (mut client, token) = (server.client(), server.token(Scope::Write));
    let answer = post(&mut client, "/retrain", &token, (kind, body));
    assert_eq!(answer.status, status, "{}", answer.text());
    assert!(answer.text().to_lowercase().contains(says), "{}", answer.text());
    assert!(server.registry.jobs(10).unwrap().is_empty());
}

#[test]
fn what_stands_for_too_much_is_refused() {
    let server = Server::with(Limits { upload_bytes: 1_000, ..Limits::default() });
    let (mut client, token) = (server.client(), server.token(Scope::Write));
    let large = [ROWS.as_bytes(), &b"2024-01,c.com,test,5,3\n".repeat(100)].concat();
    assert_eq!(post(&mut client, "/retrain", &token, ("text/csv", &large)).status, 413);
    let mut client = server.client();
    let bomb = zstd::encode_all(&*[ROWS.as_bytes(), &b"2024-01,c.com,test,5,3\n".repeat(100_000)].concat(), 3).unwrap();
    assert!(bomb.len() < 1_000, "{}", bomb.len());
    let answer = post(&mut client, "/retrain", &token, ("text/csv", &bomb));
    assert_eq!(answer.status, 413, "{}", answer.text());
    let mut client = server.client();
    let rows = zstd::encode_all(&*[ROWS.as_bytes(), &b"2024-01,c.com,test,5,3\n".repeat(20_000)].concat(), 3).unwrap();
    let answer = post(&mut client, "/retrain", &token, ("text/csv", &rows));
    assert!(answer.status == 413 && answer.text().contains("10000 rows"), "{}", answer.text());
    assert!(server.registry.jobs(10).unwrap().is_empty());
}

/// A delivery each way: as the body, as a file of a form, by its URI.
fn delivered(server: &Server, token: &str, rows: &str) -> [Answer; 3] {
    let mut client = server.client();
    let file = server.deliveries().join("rows.csv");
    fs::write(&file, rows).unwrap();
    let form = format!("--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a.csv\"\r\n\r\n{rows}\r\n--x--\r\n");
    [
        post(&mut client, "/retrain", token, ("text/csv", rows.as_bytes())),
        post(&mut client, "/retrain", token, ("multipart/form-data; boundary=x", form.as_bytes())),
        client.request("POST", &format!("/retrain?uri=file:{}", file.display()), &[("authorization", token)], b""),
    ]
}

#[test]
fn what_can_never_train_with_what_is_kept_is_refused_however_it_comes() {
    let generated = ROWS.replace(",test,", ",generated,");
    for (kept, rows) in [("test", &generated), ("generated", &ROWS.to_owned())] {
        let server = Server::start();
        let token = server.token(Scope::Admin);
        let observed = OBSERVED.replace("\"visits\"", &format!("\"source\": \"{kept}\", \"visits\""));
        assert_eq!(post(&mut server.client(), "/observations", &token, ("application/json", observed.as_bytes())).status, 201);
        for answer in delivered(&server, &token, rows) {
            assert_eq!(answer.status, 422, "{}", answer.text());
            assert!(answer.text().contains("observations quarantine 1 --reason"), "{}", answer.text());
        }
        assert!(server.registry.jobs(10).unwrap().is_empty());
    }
    let server = Server::start();
    let both = format!("{ROWS}2024-01,c.com,generated,1000,500\n");
    for answer in delivered(&server, &server.token(Scope::Write), &both) {
        assert!(answer.status == 422 && answer.text().contains("got 1 generated and 2 other rows"), "{}", answer.text());
    }
}

#[test]
fn jobs_and_bytes_of_one_token_are_bounded_and_others_are_not_held_up() {
    let server = Server::start();
    let (one, other) = (server.token(Scope::Write), server.token(Scope::Write));
    let statuses: Vec<u16> = (0..4).flat_map(|_| delivered(&server, &one, ROWS)).map(|answer| answer.status).collect();
    assert_eq!((statuses.iter().filter(|status| **status == 202).count(), statuses.last()), (8, Some(&429)), "{statuses:?}");
    let refused = post(&mut server.client(), "/retrain", &one, ("text/csv", ROWS.as_bytes()));
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("60")), "{}", refused.text());
    assert!(refused.text().contains("8 jobs of the same sender are pending"), "{}", refused.text());
    assert_eq!(post(&mut server.client(), "/retrain", &other, ("text/csv", ROWS.as_bytes())).status, 202);

    // A job that failed may be retried, once the token has room for it.
    let claim = server.registry.claim("worker").unwrap().unwrap();
    server.registry.finish(&claim, &Outcome::Failed(Value::Null)).unwrap();
    assert_eq!(post(&mut server.client(), "/jobs/1/retry", &one, ("", b"")).status, 202);
    let claim = server.registry.claim("worker").unwrap().unwrap();
    server.registry.finish(&claim, &Outcome::Failed(Value::Null)).unwrap();
    assert_eq!(post(&mut server.client(), "/retrain", &one, ("text/csv", ROWS.as_bytes())).status, 202);
    let full = post(&mut server.client(), "/jobs/2/retry", &one, ("", b""));
    assert_eq!((full.status, full.header("retry-after")), (429, Some("60")), "{}", full.text());

    let large = format!("{ROWS}{}", "2024-01,c.com,test,5,3\n".repeat(9_000));
    let statuses: Vec<u16> =
        delivered(&server, &other, &large).into_iter().chain(delivered(&server, &other, &large)).map(|answer| answer.status).collect();
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    let full = post(&mut server.client(), "/retrain", &other, ("text/csv", large.as_bytes()));
    assert_eq!(full.status, 429, "{}", full.text());
}

#[test]
fn what_was_asked_for_by_force_is_tried_again_by_an_admin_alone() {
    let server = Server::start();
    let (admin, writer) = (server.token(Scope::Admin), server.token(Scope::Write));
    for path in ["/retrain?force=true", "/retrain"] {
        assert_eq!(post(&mut server.client(), path, &admin, ("text/csv", ROWS.as_bytes())).status, 202);
        let claim = server.registry.claim("worker").unwrap().unwrap();
        server.registry.finish(&claim, &Outcome::Failed(Value::Null)).unwrap();
    }
    let retried = |job: u32, token: &str| post(&mut server.client(), &format!("/jobs/{job}/retry"), token, ("", b"")).status;
    assert_eq!((retried(1, &writer), retried(1, &admin)), (403, 202));
    assert_eq!(retried(2, &writer), 202, "what was not forced");
    assert_eq!(retried(99, &writer), 404);
}

#[cfg(unix)]
#[test]
fn only_files_under_the_roots_can_be_named() {
    let server = Server::start();
    let (mut client, token) = (server.client(), server.token(Scope::Write));
    let root = server.deliveries();
    let outside = root.parent().unwrap().join("outside.csv");
    for path in [root.join("rows.csv"), root.join("with space.csv"), outside.clone()] {
        fs::write(path, ROWS).unwrap();
    }
    std::os::unix::fs::symlink(&outside, root.join("link.csv")).unwrap();
    std::os::unix::fs::symlink(root.parent().unwrap(), root.join("folder")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(root.join("pipe.csv")).status().unwrap().success());
    let root = root.display();
    let mut status = |uri: &str| {
        let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("uri", uri).finish();
        client.request("POST", &format!("/retrain?{query}"), &[("authorization", &token)], b"").status
    };
    for good in ["file://", "file:", "FILE:", "File:///.."].map(|begin| format!("{begin}{root}/rows.csv")) {
        // `..` above the top of the file system stays at its top.
        assert_eq!(status(&good), 202, "{good}");
    }
    for good in ["file://localhost", "FILE://LocalHost"].map(|begin| format!("{begin}{root}/with%20space.csv")) {
        assert_eq!(status(&good), 202, "{good}");
    }
    assert_eq!(status(&format!("file://{root}/missing.csv")), 404);
    for bad in [
        format!("file://{}", outside.display()),
        format!("file://{root}/../outside.csv"),
        format!("file://{root}/%2e%2e/outside.csv"),
        format!("file://{root}/link.csv"),
        format!("file://{root}/folder/outside.csv"),
        format!("file://{root}/pipe.csv"),
        format!("file://{root}"),
        format!("file://other.example{root}/rows.csv"),
        format!("file://localhost.example{root}/rows.csv"),
        format!("FILE://LOCALHOST{root}/../outside.csv"),
        "file:///etc/passwd".to_owned(),
        "file:///proc/self/environ".to_owned(),
        "file:rows.csv".to_owned(),
        "http://127.0.0.1/rows.csv".to_owned(),
        "https://example.com/rows.csv".to_owned(),
        "s3://bucket/incoming/rows.csv".to_owned(),
        "S3://bucket/incoming/rows.csv".to_owned(),
        "file".to_owned(),
        "FILE:".to_owned(),
        "/etc/passwd".to_owned(),
        "file:///nowhere/rows.csv".to_owned(),
    ] {
        assert_eq!(status(&bad), 403, "{bad}");
    }
    assert_eq!(server.registry.jobs(10).unwrap().len(), 6);
}

#[test]
fn files_that_uris_name_obey_the_bounds_of_a_form_together() {
    let length = ROWS.len() as u64;
    let server = Server::with(Limits { upload_bytes: 2 * length + 1, ..Limits::default() });
    let (root, token) = (server.deliveries(), server.token(Scope::Write));
    fs::write(root.join("rows.csv"), ROWS).unwrap();
    fs::write(root.join("one.csv"), "x").unwrap();
    let uri = |name: &str| ("uri", format!("file://{}/{name}", root.display()));
    let ask = |uris: &[(&str, String)]| {
        let query: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(uris).finish();
        server.client().request("POST", &format!("/retrain?{query}"), &[("authorization", &token)], b"")
    };
    assert_eq!(ask(&[uri("rows.csv"), uri("rows.csv")]).status, 202);
    let answer = ask(&[uri("rows.csv"), uri("rows.csv"), uri("rows.csv")]);
    assert!(answer.status == 413 && answer.text().contains("over all files"), "{}", answer.text());
    let answer = ask(&vec![uri("one.csv"); 101]);
    assert!(answer.status == 413 && answer.text().contains("100 files"), "{}", answer.text());
    assert_eq!(server.registry.jobs(10).unwrap().len(), 1);
}

#[test]
fn a_job_is_followed_called_off_and_tried_again() {
    let server = Server::start();
    let (mut client, token) = (server.client(), server.token(Scope::Write));
    assert_eq!(client.get("/jobs/1").status, 404);
    assert_eq!(client.get("/jobs/none").status, 404);
    assert_eq!(client.get("/jobs/1/events").status, 404);
    post(&mut client, "/retrain", &token, ("text/csv", ROWS.as_bytes()));
    let claim = server.registry.claim("worker").unwrap().unwrap();
    server.registry.report(&claim, &json!({"stage": "fitting", "done": 1, "of": 2})).unwrap();
    assert_eq!(client.get("/jobs/1").json()["progress"]["done"], 1);
    assert_eq!(post(&mut client, "/jobs/1/retry", &token, ("", b"")).status, 409, "it runs");
    let called_off = client.request("DELETE", "/jobs/1", &[("authorization", &token)], b"");
    assert_eq!((called_off.status, &called_off.json()["cancel_requested"]), (202, &json!(true)));
    let listener = std::thread::spawn({
        let mut client = server.client();
        move || client.get("/jobs/1/events").text().to_owned()
    });
    server.registry.finish(&claim, &Outcome::Cancelled).unwrap();
    let events = listener.join().unwrap();
    let kinds: Vec<&str> = events.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    assert_eq!(kinds, ["queued", "running", "running", "running", "cancelled"], "{events}");
    let rest = client.request("GET", "/jobs/1/events", &[("last-event-id", "4")], b"");
    assert_eq!(rest.header("content-type"), Some("text/event-stream"));
    assert!(rest.text().starts_with("id: 5\n") && rest.text().contains(r#""state":"cancelled""#), "{}", rest.text());
    for last in ["5", "9223372036854775806"] {
        let nothing = server.client().request("GET", "/jobs/1/events", &[("last-event-id", last)], b"");
        assert_eq!((nothing.status, nothing.header("connection")), (204, Some("close")), "nothing is to come");
    }
    assert_eq!(client.request("DELETE", "/jobs/1", &[("authorization", &token)], b"").status, 409, "it has ended");
    let again = post(&mut client, "/jobs/1/retry", &token, ("", b""));
    assert_eq!((again.status, again.header("location"), &again.json()["retry_of"]), (202, Some("/jobs/2"), &json!(1)));
    let once_more = post(&mut client, "/jobs/1/retry", &token, ("", b""));
    assert_eq!(once_more.status, 409, "its retry waits");
    assert!(once_more.text().contains("already retried as the job `2`"), "{}", once_more.text());
}

#[test]
fn drift_is_told_in_numbers_and_as_a_section_of_a_page() {
    let server = Server::start();
    let mut client = server.client();
    assert_eq!(client.get("/drift").status, 409, "the store has no version in use");
    let version = put(&server, artifact());
    server.registry.promote(version, &Change::default()).unwrap();
    server.install_as(&version.to_string());
    for visits in 1..=150 {
        client.get(&format!("/predict?date=2024-01&visits={visits}&category=5"));
    }
    let drift = client.get("/drift").json();
    assert_eq!((&drift["version"], &drift["requests"]["requests"], &drift["replicas"]), (&json!("v0001"), &json!(150), &json!(1)));
    assert_eq!(drift["verdict"], "strong", "none of the visits is as large as those of the training");
    let figures = drift["requests"]["figures"].as_array().unwrap();
    let visits = figures.iter().find(|figure| figure["figure"] == json!({"input": "visits"})).unwrap();
    assert_eq!((&visits["verdict"], &visits["requests"]), (&json!("strong"), &json!(150)));
    assert_eq!(drift["observations"]["concept"]["verdict"], "too_few");
    let (first, again) = (client.get("/drift"), client.get("/drift?"));
    let tag = first.header("etag").expect("a tag");
    assert_eq!((first.text(), again.header("etag")), (again.text(), Some(tag)), "it is answered from memory");
    let unchanged = client.request("GET", "/drift", &[("if-none-match", tag)], b"");
    assert_eq!((unchanged.status, unchanged.body.len()), (304, 0));
    let section = client.request("GET", "/drift", &[("accept", "text/html")], b"");
    assert_eq!(section.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(section.text().starts_with("<section id=\"drift\" class=\"drift strong\">"), "{}", section.text());
    assert!(section.text().contains("<th scope=\"row\">visits</th><td>150</td>"), "{}", section.text());
}
