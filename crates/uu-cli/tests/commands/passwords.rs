//! Passwords in settings, which nothing shows.

use rstest::rstest;

use crate::fixture::{command, succeeds};

const URL: &str = "s3://ann:hunter2@bucket/prefix?secret_access_key=hunter2&region=eu-west-1";

#[rstest]
#[case("UU_ARTIFACTS_URL")]
#[case("UU_STORE")]
#[case("UU_FIRST_MODEL")]
fn no_setting_shows_a_password(#[case] variable: &str) {
    for args in [["config", "show"].as_slice(), &["config", "show", "--json"]] {
        let output = command(args).env(variable, URL).output().unwrap();
        let shown = String::from_utf8(output.stdout).unwrap();
        assert!(!shown.contains("hunter2"), "{variable}: {shown}");
        assert!(shown.contains("s3://[redacted]@bucket/prefix?secret_access_key=[redacted]&region=eu-west-1"), "{variable}: {shown}");
    }
}

#[rstest]
#[case("UU_SERVER__LISTEN", URL)]
#[case("UU_SERVER__HOSTS", "[\"s3://ann:hunter2@bucket/prefix\"]")]
#[case("UU_RETRAINING__ROOTS", "[\"s3://ann:hunter2@bucket/prefix\"]")]
fn a_setting_that_cannot_be_used_is_named_without_its_password(#[case] variable: &str, #[case] value: &str) {
    let output = command(&["config", "show"]).env(variable, value).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && error.contains("[redacted]@bucket/prefix") && !error.contains("hunter2"), "{error}");
}

#[test]
fn no_error_about_settings_shows_a_password() {
    let output = command(&["config", "show"]).env("UU_DATABASE_URL_FILE", "postgres://ann:hunter2@host/uu").output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("cannot read `postgres://[redacted]@host/uu`") && !error.contains("hunter2"), "{error}");
}

#[test]
fn settings_are_shown_in_the_order_of_the_defaults() {
    let shown = succeeds(&["config", "show"]).out;
    let place = |key: &str| shown.find(key).unwrap_or_else(|| panic!("no {key} in {shown}"));
    assert!(place("store = ") < place("[data]") && place("[data]") < place("[log]") && place("[server]") < place("[train]"));
}
