//! What shells complete.

use std::fs;
use std::process::Command;

use rstest::rstest;

use crate::fixture::succeeds;

/// What bash offers for the last of `words`, by the script as it is printed.
fn offered(words: &[&str]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("uu-predictor.bash");
    fs::write(&script, succeeds(&["completions", "bash"]).out).unwrap();
    // As readline calls it: the function that the script registered, with the command, the word and the one before it.
    let body = r#"
        source "$1"; shift
        COMP_WORDS=(uu-predictor "$@"); COMP_CWORD=$#
        function=$(complete -p uu-predictor | sed 's/.*-F \([^ ]*\).*/\1/')
        "$function" uu-predictor "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let output = Command::new("bash").args(["--norc", "-c", body, "bash"]).arg(&script).args(words).output().unwrap();
    String::from_utf8(output.stdout).unwrap().split_whitespace().map(str::to_owned).collect()
}

#[rstest]
#[case(&["mod"], &["models"])]
#[case(&["models", "pro"], &["promote"])]
#[case(&["models", "r"], &["rollback"])]
#[case(&["predict", "--bou"], &["--bounce-rate-unit", "--bounce-rate"])]
#[case(&["predict", "--visits", "1000", "--exp"], &["--explain"])]
#[case(&["tokens", "create", "--sc"], &["--scope"])]
#[case(&["tokens", "create", "--scope", "w"], &["write"])]
#[case(&["config", "show", "--de"], &["--defaults"])]
#[case(&["train", "--prog"], &[])]
#[case(&["job"], &["jobs"])]
#[case(&["jobs", "ca"], &["cancel"])]
fn bash_completes_beyond_the_first_word_and_offers_nothing_hidden(#[case] words: &[&str], #[case] expected: &[&str]) {
    if Command::new("bash").arg("--version").output().is_err() {
        eprintln!("SKIPPED: there is no bash");
        return;
    }
    let mut offered = offered(words);
    let mut expected: Vec<String> = expected.iter().map(|word| (*word).to_owned()).collect();
    offered.sort_unstable();
    expected.sort_unstable();
    assert_eq!(offered, expected, "{words:?}");
}

#[rstest]
#[case("zsh", &["-n"])]
#[case("fish", &["--no-execute"])]
fn the_scripts_of_other_shells_can_be_read_by_them(#[case] shell: &str, #[case] check: &[&str]) {
    let script = succeeds(&["completions", shell]).out;
    assert!(script.contains("promote") && script.contains("bounce-rate") && !script.contains("job-worker"), "{shell}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("script");
    fs::write(&path, script).unwrap();
    match Command::new(shell).args(check).arg(&path).output() {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr)),
        Err(_) => eprintln!("SKIPPED: there is no {shell}"),
    }
}
