//! A model whose 90 % interval holds too seldom on held-out sites, though not so seldom that it does not answer: whoever uses it is warned.

use std::fmt::Write;
use std::fs;

use crate::fixture::{json, log_of_server, run_in, succeeds};

/// Rows of eight sites, each with a number of visits per user of its own.
fn rows() -> String {
    let mut text = "date,site,source,visits,unique_users,pages_per_visit,rank\n".to_owned();
    for site in 0..8 {
        let draw = |step: u32| f64::from((site * 31 + 7) * step % 1_009) / 1_009.0;
        let (level, per_user) = ((12.0 + 3.0 * draw(613)).exp(), 1.2 + 3.0 * draw(271));
        for month in 0..80 {
            let noise = 1.0 + 0.2 * (f64::from((site * 17 + month * 29 + 3) * 401 % 997) / 997.0 - 0.5);
            let (year, month, visits) = (2019 + month / 12, month % 12 + 1, level * noise);
            let (users, pages, rank) = (visits / per_user / noise.sqrt(), 1.0 + per_user, 3e10 / visits);
            writeln!(text, "{year}-{month:02},client{site}.example.com,ga,{visits:.0},{users:.0},{pages:.2},{rank:.0}").unwrap();
        }
    }
    text
}

#[test]
fn low_coverage_is_reported_wherever_a_models_quality_is() {
    const WARNING: &str = "warning: the 90 % interval holds ";
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (data, store) = (path("rows.csv"), path("store"));
    fs::write(&data, rows()).unwrap();
    // Which of so few are held out is chance.
    let all_sites = [("UU_TRAIN__SEALED_SITES", "0")];
    let trained = run_in(&["train", "--data", &data, "--json", "--store", &store], &all_sites);
    assert_eq!(trained.code, 0, "{}", trained.err);
    let report = json(&trained.out);
    let coverage = report["evaluation"]["overall"]["intervals"]["coverage"].as_f64().unwrap();
    assert!((0.8..0.85).contains(&coverage) && report["promoted"] == true, "what is tested is another case: {coverage}");
    let warning = report["warnings"][0].as_str().unwrap();
    assert!(
        warning.contains("of the rows of 8 sites, each held out, and 85 % are the least") && warning.contains("train on more sites"),
        "{warning}"
    );
    assert!(trained.err.contains(WARNING), "{}", trained.err);

    let for_people = run_in(&["train", "--data", &data, "--store", &store], &all_sites);
    assert_eq!(for_people.out.matches(WARNING).count(), 2, "first and last: {}", for_people.out);
    assert_eq!(succeeds(&["models", "show", "--store", &store]).out.matches(WARNING).count(), 2);
    assert!(json(&succeeds(&["models", "show", "--json", "--store", &store]).out)["warnings"][0].as_str().unwrap().contains("8 sites"));
    assert!(succeeds(&["models", "list", "--store", &store]).err.contains("warning: v0001: the 90 % interval holds "));
    assert!(succeeds(&["models", "promote", "v0001", "--store", &store]).err.contains(WARNING));
    let log = log_of_server(&store, &[]);
    assert!(log.contains("WARN") && log.contains("the 90 % interval holds "), "{log}");
}

#[test]
fn of_a_model_whose_intervals_hold_nothing_is_said() {
    let store = crate::fixture::fixture().store();
    for args in [&["models", "show"][..], &["models", "list"]] {
        let told = succeeds(&[args, &["--store", &store]].concat());
        assert!(!told.out.contains("are the least") && !told.err.contains("are the least"), "{} {}", told.out, told.err);
    }
    assert!(!crate::fixture::fixture().trained.contains("warning: "));
}
