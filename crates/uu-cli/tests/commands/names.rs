//! Numbers, names and versions that are typed.

use std::fs;

use rstest::rstest;

use crate::fixture::{fails, fixture, json, run, succeeds};

#[test]
fn a_token_is_revoked_by_its_number_or_by_a_name_that_no_other_has() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store").to_str().unwrap().to_owned();
    let tokens = |args: &[&str]| run(&[&["tokens"], args, &["--store", &store]].concat());
    for name in ["first", "nightly", "twin", "twin"] {
        let told = tokens(&["create", name]);
        assert!(told.err.starts_with("Created token ") && told.err.contains("(scope read)"), "{}", told.err);
    }
    assert_eq!(tokens(&["revoke", "1"]).err.trim_end(), "token 1 is revoked");
    assert_eq!(tokens(&["revoke", "nightly"]).err.trim_end(), "token 2 is revoked");
    let again = tokens(&["revoke", "nightly"]);
    assert_eq!((again.code, again.err.trim_end()), (1, "token 2 was revoked before"));
    let several = tokens(&["revoke", "twin"]);
    assert_eq!(several.code, 2);
    assert!(several.err.contains("2 tokens are called `twin`: 3, 4") && several.err.contains("hint: "), "{}", several.err);
    assert_eq!(tokens(&["revoke", "3"]).code, 0);
    assert_eq!(tokens(&["revoke", "twin"]).err.trim_end(), "token 4 is revoked", "one good token of that name is left");
    let unknown = tokens(&["revoke", "nobody"]);
    assert!(unknown.code == 2 && unknown.err.contains("no token `nobody`") && unknown.err.contains("tokens list"), "{}", unknown.err);
    assert!(tokens(&["revoke", "9"]).err.contains("there is no token `9`"));
}

#[test]
fn a_token_that_expires_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store").to_str().unwrap().to_owned();
    let tokens = |args: &[&str]| run(&[&["tokens"], args, &["--store", &store]].concat());
    let told = tokens(&["create", "until", "--expires", "2999-12-31"]);
    assert!(told.err.contains("(scope read, good until 2999-12-31 00:00 UTC)"), "{}", told.err);
    assert_eq!(tokens(&["create", "short", "--valid-for", "90d"]).code, 0);
    let listed = tokens(&["list", "--json"]).out;
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed[0]["expires_at"], "2999-12-31T00:00:00.000Z");
    assert!(listed[1]["expires_at"].as_str().unwrap() > listed[1]["made_at"].as_str().unwrap());
    let shown = tokens(&["list"]).out;
    assert!(shown.contains("good until") && shown.contains("2999-12-31"), "{shown}");
    let past = tokens(&["create", "past", "--expires", "2001-01-01"]);
    assert!(past.code == 2 && past.err.contains("must be later than now, got 2001-01-01"), "{}", past.err);
    assert_eq!(tokens(&["create", "both", "--expires", "2999-12-31", "--valid-for", "1d"]).code, 2);
}

#[rstest]
#[case(&["tokens", "create", "x", "--expires", "2027-02-29"], "expected a day of the calendar, such as 2027-01-31")]
#[case(&["tokens", "create", "x", "--expires", "soon"], "expected a day of the calendar")]
#[case(&["tokens", "create", "x", "--valid-for", "0d"], "expected a time such as 12h, 90d or 4w")]
#[case(&["tokens", "create", "x", "--valid-for", "90"], "expected a time such as")]
#[case(&["jobs", "show", "x"], "expected the number of a job; `uu-predictor jobs list`")]
#[case(&["jobs", "cancel", "last"], "jobs list")]
#[case(&["observations", "release", "x"], "expected the number of a batch; `uu-predictor observations list`")]
#[case(&["models", "log", "--before", "x"], "`uu-predictor models log`")]
#[case(&["models", "log", "--limit", "-1"], "--limit")]
#[case(&["jobs", "list", "--limit", "all"], "expected a whole number")]
#[case(&["models", "show", "1"], "a version is named like `v0001`")]
#[case(&["predict", "--visits", "1", "--level", "high"], "expected a number, such as 0.9")]
#[case(&["train", "--bundled-sample", "--seed", "x"], "expected a whole number")]
#[case(&["sample", "--sites", "1e6", "--output", "-"], "expected a whole number")]
#[case(&["healthcheck", "--timeout-s", "soon"], "expected a whole number")]
fn a_word_in_the_place_of_a_number_is_told_in_words(#[case] args: &[&str], #[case] told: &str) {
    let error = fails(args);
    assert!(error.contains(told) && !error.contains("invalid digit") && !error.contains("float literal"), "{error}");
}

#[test]
fn a_version_is_exported_as_it_is_shown() {
    let (fixture, folder) = (fixture(), tempfile::tempdir().unwrap());
    let store = fixture.store();
    let artifact = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let export = |args: &[&str]| succeeds(&[&["models", "export", "--store", &store], args].concat());
    export(&["v0001", "--artifact", &artifact("a")]);
    export(&["--model", "v0001", "--artifact", &artifact("b")]);
    export(&["--artifact", &artifact("c")]);
    let bytes = ["a", "b", "c"].map(|name| fs::read(artifact(name)).unwrap());
    assert!(bytes[0].len() > 1_000 && bytes[0] == bytes[1] && bytes[1] == bytes[2]);
    let both = fails(&["models", "export", "v0001", "--model", "v0001", "--artifact", &artifact("d"), "--store", &store]);
    assert!(both.contains("cannot be used with"), "{both}");
    assert_eq!(json(&succeeds(&["models", "show", "v0001", "--json", "--store", &store]).out)["version"], "v0001");
}
