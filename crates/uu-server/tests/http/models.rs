//! What is known of versions over HTTP.

use rstest::rstest;
use serde_json::{Value, json};
use uu_model::About;
use uu_registry::{NewVersion, Scope};

use crate::server::{Server, artifact};

#[rstest]
#[case::few_sites(0.822, 6, Some("holds 82.2 % of the rows of 6 sites"))]
#[case::many_sites(0.7, 5_000, Some("intervals may be too narrow"))]
#[case::as_promised(0.9, 6, None)]
#[case::at_the_bound(0.85, 6, None)]
fn a_version_of_low_coverage_has_a_warning(#[case] coverage: f64, #[case] sites: usize, #[case] warning: Option<&str>) {
    let server = Server::start();
    let about = json!(About { coverage, sites, ..About::default() });
    let new = NewVersion { artifact: artifact(), about: &about, data_fingerprint: None, parent: None, made_by: "ann", reason: "a test" };
    let version = server.registry.put(&new).unwrap().to_string();
    let token = server.token(Scope::Read);
    let get = |path: &str| server.client().request("GET", path, &[("authorization", &token)], b"").json();
    let (alone, listed) = (get(&format!("/models/{version}")), get("/models")["versions"][0].clone());
    assert_eq!((&alone, &alone["version"], &alone["about"]["sites"]), (&listed, &Value::from(version), &sites.into()));
    let found = alone["warnings"].as_array().map_or("", |warnings| warnings[0].as_str().unwrap());
    assert_eq!(found.is_empty(), warning.is_none(), "{alone}");
    assert!(found.contains(warning.unwrap_or_default()), "{found}");
}
