//! Rows that others put into the artifact store, learned by their URI; and the whole of a re-training with artifacts in such a store.

use uu_testkit::s3::{CREDENTIALS, S3};

use crate::fixture::fixture;
use crate::place::{Backend, Place};
use crate::server::Server;

pub(crate) fn learned(backend: &Backend) {
    let (place, fixture) = (Place::new(backend), fixture());
    let store = S3::start().unwrap();
    let url = store.new_prefix();
    let variables = [CREDENTIALS[0], CREDENTIALS[1], ("UU_ARTIFACTS_URL", url.as_str())];
    let mut train = place.command(&["train", "--data", fixture.path("first.csv").to_str().unwrap()]);
    let trained = train.envs(variables).output().unwrap();
    assert!(trained.status.success(), "{}", String::from_utf8_lossy(&trained.stderr));
    assert!(place.objects().is_empty(), "artifacts are in the other store");
    // Whoever opens the store must know where its objects are.
    let created = place.command(&["tokens", "create", "test", "--scope", "admin"]).envs(variables).output().unwrap();
    let token = String::from_utf8(created.stdout).unwrap().trim().to_owned();
    let server = Server::with_token(&place, &variables, token);

    let prefix = url.split('?').next().unwrap();
    for name in ["incoming/rows.csv", "rows.csv", "incoming/more/rows.csv"] {
        store.put_under(&url, name, &fixture.rows("second.csv"));
    }
    let ask = |uri: &str| server.ask("POST", &format!("/retrain?uri={uri}"), "application/json", b"");
    for (uri, status) in [
        (format!("{prefix}/incoming/none.csv"), 404),
        (format!("{prefix}/rows.csv"), 403),
        (format!("{prefix}/incoming/../rows.csv"), 403),
        (format!("{prefix}0/incoming/rows.csv"), 403),
        ("s3://another/incoming/rows.csv".to_owned(), 403),
    ] {
        let answer = ask(&uri);
        assert_eq!(answer.status, status, "{uri}: {}", answer.body);
    }
    assert_eq!(server.get("/jobs").json()["jobs"], serde_json::json!([]), "nothing was taken");

    let answer = ask(&format!("{prefix}/incoming/rows.csv"));
    assert_eq!(answer.status, 202, "{}\n{}", answer.body, server.log.lock().unwrap());
    let job = server.wait_for_end(answer.json()["id"].as_i64().unwrap());
    assert_eq!(job["outcome"]["retraining"]["decision"], "promoted", "{job}");
    server.wait_for_version("v0002");
    assert_eq!(ask(&format!("{prefix}/incoming/more/rows.csv")).status, 202);
    assert!(!server.log.lock().unwrap().contains(&server.token), "no secret is logged");
}
