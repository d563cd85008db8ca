//! What operators and documentation need.

use uu_server::{Limits, openapi};
use uu_service::Readiness;

use crate::server::Server;

#[test]
fn a_server_without_a_model_says_how_far_it_is() {
    let server = Server::without_model(Limits::default());
    let mut client = server.client();
    server.serving.report(Readiness::Preparing { stage: "training on the bundled sample".to_owned(), done: 0.25 });
    assert_eq!(client.get("/health/live").status, 200);
    let ready = client.get("/health/ready");
    assert_eq!((ready.status, ready.header("retry-after")), (503, Some("1")));
    assert_eq!(ready.text(), r#"{"status":"preparing","stage":"training on the bundled sample","done":0.25}"#);
    for path in ["/predict?date=2018-12&visits=1", "/predictor?Visits=3"] {
        let refused = client.get(path);
        assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")), "{path}");
        assert_eq!(refused.json()["detail"], "training on the bundled sample (25 percent done)");
    }
    server.install();
    assert_eq!(client.get("/health/ready").text(), r#"{"status":"ready","model":"test-1"}"#);
    assert_eq!(client.get("/predict?date=2018-12&visits=1").status, 200);
}

#[test]
fn a_failed_start_keeps_its_reason_out_of_problems() {
    let server = Server::without_model(Limits::default());
    server.serving.report(Readiness::Failed { reason: "the disk is full".to_owned() });
    let answer = server.client().get("/predict?date=2018-12&visits=1");
    assert_eq!(answer.status, 503);
    assert!(!answer.text().contains("disk"));
}

#[test]
fn metrics_count_requests_by_route_and_status() {
    let server = Server::start();
    let mut client = server.client();
    client.get("/predict?date=2018-12&visits=1");
    client.get("/predict?date=never");
    client.get("/made/up/by/a/client");
    let text = client.get("/metrics").text().to_owned();
    for line in [
        r#"uu_http_requests_total{route="/predict",status="2xx"} 1"#,
        r#"uu_http_requests_total{route="/predict",status="4xx"} 1"#,
        r#"uu_http_requests_total{route="other",status="4xx"} 1"#,
        r#"uu_http_request_duration_seconds_count{route="/predict"} 2"#,
        "uu_http_connections 1",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    assert!(!text.contains("made"));
}

/// Names and types of the metrics in Prometheus' text form.
fn types(text: &str) -> std::collections::BTreeMap<&str, &str> {
    text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')).collect()
}

#[test]
fn what_is_exposed_is_documented_in_both_languages() {
    let server = Server::start();
    server.install_as("v0003");
    let mut client = server.client();
    client.get("/models");
    let text = client.get("/metrics").text().to_owned();
    let exposed = types(&text);
    for document in [include_str!("../../../../docs/operation.md"), include_str!("../../../../docs/operation.ru.md")] {
        for (name, kind) in &exposed {
            assert!(document.contains(&format!("| `{name}` | {kind} |")), "{name} ({kind}) is not documented");
        }
    }
    // A histogram of several samples has its buckets, and everything that is not counted yet is 0.
    for line in [
        "uu_model_version 3",
        "uu_build_info{version=\"",
        "uu_jobs{state=\"queued\"} 0",
        "uu_jobs_ended_total{outcome=\"lost\"} 0",
        "uu_warnings_total{code=\"unknown_category\"} 0",
        "uu_batch_rows_total{outcome=\"estimated\"} 0",
        "uu_batches_running 0",
        "uu_store_request_duration_seconds_count 1",
    ] {
        assert!(text.lines().any(|found| found.starts_with(line)), "{line} in {text}");
    }
    #[cfg(target_os = "linux")]
    assert_eq!(exposed.keys().filter(|name| name.starts_with("process_")).count(), 7, "{exposed:?}");
}

#[test]
fn metrics_count_problems_warnings_batches_and_refused_tokens() {
    let server = Server::start();
    let mut client = server.client();
    client.get("/predict?date=2018-12&visits=1&category=Nonsense");
    client.get("/predict?date=never");
    client.request("POST", "/predict/batch", &[("content-type", "text/csv")], b"date,visits,category\n2018-12,5,Nonsense\n2018-11,7,\n");
    let skipping = b"date,visits\n2018-12,5\nnever,7\n";
    client.request("POST", "/predict/batch?skipBadRows=true", &[("content-type", "text/csv")], skipping);
    client.request("POST", "/models/v0001/promote", &[], b"");
    client.request("POST", "/models/v0001/promote", &[("authorization", "Bearer uu_wrong")], b"");
    let read = server.token(uu_registry::Scope::Read);
    client.request("POST", "/models/v0001/promote", &[("authorization", &read)], b"");
    let text = client.get("/metrics").text().to_owned();
    for line in [
        r#"uu_http_problems_total{type="validation"} 1"#,
        r#"uu_http_problems_total{type="unauthorized"} 2"#,
        r#"uu_http_problems_total{type="forbidden"} 1"#,
        r#"uu_warnings_total{code="unknown_category"} 2"#,
        r#"uu_batch_rows_total{outcome="estimated"} 3"#,
        r#"uu_batch_rows_total{outcome="skipped"} 1"#,
        r#"uu_batch_bytes_total{direction="received"} 81"#,
        r#"uu_tokens_refused_total{reason="missing"} 1"#,
        r#"uu_tokens_refused_total{reason="invalid"} 1"#,
        r#"uu_tokens_refused_total{reason="scope"} 1"#,
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
}

#[test]
fn the_taxonomy_is_listed() {
    let server = Server::start();
    let json = server.client().get("/categories").json();
    let entries = json.as_array().unwrap();
    assert_eq!(entries.len(), 209);
    assert_eq!(entries[0]["code"], 1);
    assert!(entries.iter().all(|entry| entry["path"].as_str().unwrap().starts_with(entry["top"].as_str().unwrap())));
}

#[test]
fn the_documentation_is_served_from_the_binary() {
    let server = Server::start();
    let mut client = server.client();
    assert_eq!(client.get("/docs").header("location"), Some("/docs/"));
    let page = client.get("/docs/");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html")));
    assert!(!page.text().contains("http://") && !page.text().contains("https://"), "nothing comes from elsewhere: {}", page.text());
    assert!(client.get("/docs/swagger-initializer.js").text().contains("/openapi.json"));
    assert!(client.get("/docs/swagger-ui-bundle.js").body.len() > 100_000);
    assert_eq!(client.get("/docs/none").status, 404);
}

#[test]
fn every_route_is_described_and_every_described_route_is_there() {
    let server = Server::start();
    let mut client = server.client();
    let json = client.get("/openapi.json").json();
    assert_eq!(json, serde_json::to_value(openapi()).unwrap());
    let paths: Vec<&String> = json["paths"].as_object().unwrap().keys().collect();
    insta::assert_snapshot!(paths.iter().map(|path| path.as_str()).collect::<Vec<_>>().join(" "), @"/audit-log /categories /docs /docs/ /docs/{file} /drift /health/live /health/ready /jobs /jobs/{id} /jobs/{id}/events /jobs/{id}/retry /metrics /models /models/rollback /models/{version} /models/{version}/promote /observations /openapi.json /predict /predict/batch /predictor /predictor/predict /retrain");
    for path in paths {
        let named = path.replace("{file}", "index.html").replace("{id}", "1").replace("{version}", "v0001");
        let answer = client.request("OPTIONS", &named, &[], b"");
        assert_eq!(answer.status, 405, "{path}");
    }
    let example = &json["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]["example"];
    let answer = client.post_json("/predict", &example.to_string());
    assert_eq!(answer.status, 200, "the example works: {}", answer.text());
}
