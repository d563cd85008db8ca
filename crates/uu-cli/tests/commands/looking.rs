//! Commands that look at a store, or change what it holds, make none.

use std::fs;
use std::path::Path;

use rstest::rstest;

use crate::fixture::{empty_store, fails, json, run, succeeds};

#[rstest]
#[case(&["models", "list"])]
#[case(&["models", "show"])]
#[case(&["models", "log"])]
#[case(&["models", "promote", "v0001"])]
#[case(&["models", "rollback"])]
#[case(&["models", "export", "--artifact", "x.uumodel"])]
#[case(&["jobs", "list"])]
#[case(&["jobs", "show", "1"])]
#[case(&["jobs", "cancel", "1"])]
#[case(&["jobs", "retry", "1"])]
#[case(&["observations", "list"])]
#[case(&["observations", "release", "1"])]
#[case(&["observations", "quarantine", "1", "--reason", "x"])]
#[case(&["observations", "quarantine", "--by", "eve", "--reason", "x"])]
#[case(&["drift"])]
#[case(&["tokens", "list"])]
#[case(&["tokens", "revoke", "1"])]
#[case(&["evaluate", "--data", "x.csv"])]
#[case(&["predict", "--visits", "1000"])]
#[case(&["predict", "--input", "x.csv"])]
#[case(&["backup", "--output", "x.tar.zst"])]
fn where_there_is_no_store_none_is_made(#[case] args: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let (missing, other) = (folder.path().join("nowhere"), folder.path().join("other"));
    fs::create_dir_all(other.join("models")).unwrap();
    for store in [&missing, &other] {
        let error = fails(&[args, &["--store", store.to_str().unwrap()]].concat());
        assert!(error.contains("there is no store at") && error.contains("hint: train a model") && error.contains("--store"), "{error}");
    }
    assert!(!missing.exists(), "nothing is made");
    assert_eq!(fs::read_dir(&other).unwrap().count(), 1, "a folder of something else stays as it is");
    assert!(!Path::new("x.tar.zst").exists() && !Path::new("x.uumodel").exists());
}

#[test]
fn a_store_without_a_model_says_so_and_how_to_make_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = empty_store(folder.path());
    let listed = succeeds(&["models", "list", "--store", &store]);
    assert_eq!((listed.out.as_str(), listed.err.contains("no model yet; `uu-predictor train --data FILE`")), ("", true), "{}", listed.err);
    assert_eq!(json(&succeeds(&["models", "list", "--json", "--store", &store]).out), serde_json::json!([]));
    for args in [["models", "show"].as_slice(), &["predict", "--visits", "1000"], &["drift"], &["models", "export", "--trees", "x"]] {
        let error = fails(&[args, &["--store", &store]].concat());
        assert!(error.contains("no model yet") && error.contains("uu-predictor train --data FILE"), "{args:?}: {error}");
    }
    for args in [["jobs", "list"], ["observations", "list"]] {
        let told = succeeds(&[args.as_slice(), &["--store", &store]].concat());
        assert!(told.out.is_empty() && told.err.contains("yet"), "{args:?}: {}", told.err);
    }
}

#[test]
fn categories_need_no_store() {
    let all = json(&succeeds(&["categories", "--json"]).out);
    assert_eq!(all.as_array().unwrap().len(), 209);
    let found = json(&succeeds(&["categories", "soccer", "--json"]).out);
    assert_eq!((&found[0]["path"], &found[0]["top"]), (&"Sports/Soccer".into(), &"Sports".into()));
    let code = found[0]["code"].to_string();
    assert!(succeeds(&["categories", &code]).out.contains("Sports/Soccer"));
    assert!(succeeds(&["categories", "arts", "&", "music"]).out.contains("Arts_and_Entertainment/Music"));
    let misspelt = run(&["categories", "Socer"]);
    assert_eq!(misspelt.code, 1);
    assert!(misspelt.out.contains("Sports/Soccer") && misspelt.err.contains("no category matches `Socer`"), "{}", misspelt.out);
    assert_eq!(run(&["categories", "Socer", "--json"]).out.trim(), "[]", "a script must not take a suggestion for a find");
    assert_eq!(run(&["categories", "9999"]).code, 1);
}
