//! Tokens, which are printed once: one that nobody could see is none.

use std::fs::File;
use std::process::{Command, Output, Stdio};

use crate::fixture::{binary, fixture, json, log_of_server, succeeds};

/// Standard outputs that do not show what is written to them.
fn blind() -> [(&'static str, Stdio); 3] {
    let (reader, closed) = std::io::pipe().unwrap();
    drop(reader);
    let full = File::options().write(true).open("/dev/full").unwrap();
    [("a full device", full.into()), ("a closed pipe", closed.into()), ("the null device", Stdio::null())]
}

fn tokens(store: &str) -> usize {
    json(&succeeds(&["tokens", "list", "--json", "--store", store]).out).as_array().unwrap().len()
}

fn error_of(output: Output) -> String {
    assert_eq!(output.status.code(), Some(2));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_token_that_nobody_could_see_is_not_created() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store").to_str().unwrap().to_owned();
    succeeds(&["tokens", "create", "seen", "--store", &store]);
    for (name, stdout) in blind() {
        let output = binary(&["tokens", "create", "unseen", "--store", &store]).stdout(stdout).output().unwrap();
        let error = error_of(output);
        assert!(error.contains("the token could not be printed, so it was not created") && error.contains("hint: "), "{name}: {error}");
        assert_eq!(tokens(&store), 1, "{name}");
    }
    let closed = format!("exec \"$0\" tokens create unseen --store '{store}' >&-");
    let output = Command::new("sh").args(["-c", &closed]).arg(assert_cmd::cargo::cargo_bin!("uu-predictor")).output().unwrap();
    assert!(error_of(output).contains("not created"));
    assert_eq!(tokens(&store), 1, "a closed output");
    let log = succeeds(&["models", "log", "--json", "--store", &store]).out;
    assert_eq!(json(&log).as_array().unwrap().len(), 1, "what was not created is not logged: {log}");
}

#[test]
fn a_server_s_first_token_that_nobody_could_see_is_not_created() {
    for (name, stdout) in blind().into_iter().take(2) {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store").to_str().unwrap().to_owned();
        let output = binary(&["serve", "--listen", "127.0.0.1:0", "--store", &store]).stdout(stdout).output().unwrap();
        let error = error_of(output);
        assert!(error.contains("the token could not be printed, so it was not created"), "{name}: {error}");
        assert_eq!(tokens(&store), 0, "{name}: the next start prints one");
    }
}

#[test]
fn a_server_without_an_output_starts_without_a_first_token() {
    let folder = tempfile::tempdir().unwrap();
    let [store, artifact] = ["store", "model.uumodel"].map(|name| folder.path().join(name).to_str().unwrap().to_owned());
    succeeds(&["models", "export", "--artifact", &artifact, "--store", &fixture().store()]);
    let log = log_of_server(&store, &[("UU_FIRST_MODEL", &artifact)]);
    assert!(log.contains("no first token is created") && log.contains("listening on"), "{log}");
    assert_eq!(tokens(&store), 0, "the next start prints one");
}
