//! The binary from outside: trainings that are refused, versions that are not put in use, and deliveries that teach nothing.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;

const HEADER: &str = "date,site,source,visits,unique_users,pages_per_visit,rank\n";

/// Rows of some sites and months, each site with a level of its own; `row` may change the cells.
fn rows(sites: usize, months: usize, change: impl Fn(usize, usize, &mut [String; 7])) -> String {
    let mut text = HEADER.to_owned();
    for site in 0..sites {
        let draw = |step: usize| ((site * 31 + 7) * step % 1_009) as f64 / 1_009.0;
        let (level, per_user) = ((12.0 + 3.0 * draw(613)).exp(), 1.2 + 3.0 * draw(271));
        for month in 0..months {
            let noise = 1.0 + 0.2 * (((site * 17 + month * 29 + 3) * 401 % 997) as f64 / 997.0 - 0.5);
            let visits = level * noise;
            let mut cells = [
                format!("{}-{:02}", 2019 + month / 12, month % 12 + 1),
                format!("client{site}.example.com"),
                "ga".to_owned(),
                format!("{visits:.0}"),
                format!("{:.0}", visits / per_user / noise.sqrt()),
                format!("{:.2}", 1.0 + per_user),
                format!("{:.0}", 3e10 / visits),
            ];
            change(site, month, &mut cells);
            writeln!(text, "{}", cells.join(",")).unwrap();
        }
    }
    text
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::cargo_bin("uu-predictor").unwrap();
    command.current_dir(folder).args(arguments).args(["--store", "store"]).env_remove("UU_STORE").output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_training_that_is_refused_prints_what_cleaning_did_and_says_what_is_needed() {
    let swapped = |count: usize| {
        rows(90, 10, move |site, _, cells| {
            if site >= 90 - count {
                cells.swap(3, 4);
            }
        })
    };
    let cases = [
        (rows(1, 800, |_, _, _| {}), "error: 800 rows of 1 site: at least 6 sites are needed"),
        (rows(5, 160, |_, _, _| {}), "error: 800 rows of 5 sites: at least 6 sites are needed"),
        (rows(100, 3, |_, _, _| {}), "error: 300 rows have both visits and unique users of 1 or more; 500 are needed"),
        (swapped(90), "unique users exceed visits in 900 of 900 rows (`users_exceed_visits`): are the columns swapped?"),
        (swapped(88), "unique users exceed visits in 880 of 900 rows (`users_exceed_visits`): are the columns swapped?"),
        (rows(90, 10, |_, _, cells| cells[4].clear()), "`no_label` took 900 of 900 rows"),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (rows, expected) in cases {
        fs::write(folder.path().join("rows.csv"), rows).unwrap();
        let output = run(folder.path(), &["train", "--data", "rows.csv"]);
        let told = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(output.stdout.is_empty() && told.contains(expected), "{told}");
        assert!(told.find("rows read, ").unwrap() < told.find("error:").unwrap(), "the data-quality report comes first: {told}");
        assert!(!folder.path().join("store").exists(), "no new store is left behind");
    }
}

#[test]
fn rows_that_are_held_out_are_told_where_too_few_remain() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("rows.csv"), rows(250, 2, |_, _, _| {})).unwrap();
    let told = stderr(&run(folder.path(), &["train", "--data", "rows.csv"]));
    assert!(
        told.contains("of 500 rows remain to train on (") && told.contains(" held out to judge later versions); 500 are needed"),
        "{told}"
    );
}

#[test]
fn more_folds_than_sites_are_refused_with_the_setting_to_change() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("rows.csv"), rows(12, 60, |_, _, _| {})).unwrap();
    let mut command = Command::cargo_bin("uu-predictor").unwrap();
    command.current_dir(folder.path()).args(["train", "--data", "rows.csv", "--store", "store"]);
    let output = command.env("UU_TRAIN__FOLDS", "20").env("UU_TRAIN__SEALED_SITES", "0").output().unwrap();
    let told = stderr(&output);
    assert!(
        told.contains("12 sites cannot be divided into 20 folds: at least 20 sites are needed, or fewer folds (the setting `train.folds`)"),
        "{told}"
    );
    assert!(!folder.path().join("store").exists());
}

#[test]
fn a_command_that_fails_before_there_is_a_model_leaves_no_new_store_behind() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, rows: &str| fs::write(folder.path().join(name), rows).unwrap();
    write("few.csv", &rows(100, 3, |_, _, _| {}));
    write("bad.csv", &rows(100, 6, |_, _, cells| cells[3] = "many".to_owned()));
    for arguments in [
        &["train", "--data", "few.csv"][..],
        &["train", "--data", "bad.csv"],
        &["train", "--data", "absent.csv"],
        &["train", "--data", "few.csv", "--new-store"],
        &["retrain", "--data", "bad.csv"],
        &["research", "--data", "bad.csv", "--out", "report"],
    ] {
        let output = run(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left.len(), 2, "{arguments:?}: {left:?}");
    }
    // One that is there stays, and so does a folder that is to be one.
    fs::create_dir(folder.path().join("store")).unwrap();
    assert_eq!(run(folder.path(), &["train", "--data", "few.csv"]).status.code(), Some(2));
    assert_eq!(fs::read_dir(folder.path().join("store")).unwrap().count(), 0);
    fs::remove_dir(folder.path().join("store")).unwrap();
    fs::write(folder.path().join("store"), "a file").unwrap();
    let output = run(folder.path(), &["train", "--data", "few.csv"]);
    assert!(output.status.code() == Some(2) && stderr(&output).contains("store"), "{}", stderr(&output));
}

#[test]
fn of_a_dozen_sites_few_are_held_out() {
    let folder = tempfile::tempdir().unwrap();
    for sites in [7, 12] {
        let months = 600_usize.div_ceil(sites);
        fs::write(folder.path().join("rows.csv"), rows(sites, months, |_, _, _| {})).unwrap();
        let output = run(folder.path(), &["train", "--data", "rows.csv", "--json", "--no-promote"]);
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stderr(&output)));
        assert_eq!(report["about"]["sites"], sites - 1, "{}", stderr(&output));
    }
}

/// Half of the sites have ten times the users that their inputs suggest, and nothing tells which.
fn of_two_worlds(sites: usize, months: usize) -> String {
    rows(sites, months, |site, month, cells| {
        let visits = 1e6 + ((site * 7 + month * 13) % 50) as f64 * 1e3;
        cells[3] = format!("{visits:.0}");
        let per_user = if site % 12 == 0 { 40.0 } else { 1.5 + (site % 5) as f64 * 0.01 };
        cells[4] = format!("{:.0}", visits / per_user);
        cells[5] = "3".to_owned();
        cells[6] = "1000".to_owned();
    })
}

#[test]
fn a_dozen_sites_train_and_the_verdict_on_their_intervals_decides_whether_the_version_answers() {
    let folder = tempfile::tempdir().unwrap();
    for (name, rows) in [("plain.csv", rows(12, 60, |_, _, _| {})), ("worlds.csv", of_two_worlds(12, 60))] {
        fs::write(folder.path().join(name), rows).unwrap();
        let mut command = Command::cargo_bin("uu-predictor").unwrap();
        command.current_dir(folder.path()).args(["train", "--data", name, "--json", "--store", "store"]);
        // Which of a dozen are held out is chance, and may leave too few rows.
        let output = command.env("UU_TRAIN__SEALED_SITES", "0").output().unwrap();
        let told = stderr(&output);
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{told}"));
        let coverage = report["evaluation"]["overall"]["intervals"]["coverage"].as_f64().unwrap();
        let promoted = report["promoted"].as_bool().unwrap();
        assert_eq!(output.status.code(), Some(i32::from(!promoted)), "{name}: {told}");
        assert!(promoted || coverage < 0.85, "{name}: {coverage}");
        assert_eq!(promoted, coverage >= 0.8 && report["refused"].is_null(), "{name}: {coverage}");
        if !promoted {
            assert!(
                told.contains("not promoted: `v000") && told.contains("sites would do") && told.contains("models promote v000"),
                "{told}"
            );
        }
    }
}

#[test]
fn deliveries_that_teach_nothing_promote_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, rows: &str| fs::write(folder.path().join(name), rows).unwrap();
    let labelled = rows(200, 4, |_, _, _| {});
    write("first.csv", &labelled);
    write("unlabelled.csv", &rows(3, 1, |_, _, cells| cells[4].clear()));
    write("identical.csv", &labelled.lines().take(50).map(|line| format!("{line}\n")).collect::<String>());
    let mut with_others = labelled.lines().take(50).map(|line| format!("{line}\n")).collect::<String>();
    with_others.push_str("2030-01,new.example.com,other,5000,,3,400\n");
    write("identical_and_unlabelled.csv", &with_others);
    assert_eq!(run(folder.path(), &["train", "--data", "first.csv"]).status.code(), Some(0));

    let output = run(folder.path(), &["retrain", "--data", "unlabelled.csv"]);
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("none of the 3 rows can be learned from: each breaks a rule or has no unique users"), "{told}");
    for name in ["identical.csv", "identical_and_unlabelled.csv"] {
        let output = run(folder.path(), &["retrain", "--data", name]);
        let told = String::from_utf8_lossy(&output.stdout).replace("\n  ", " ").replace('\n', " ");
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains("has a label that is not known already: nothing was kept or trained"), "{told}");
    }
    let listed = run(folder.path(), &["models", "list", "--json"]);
    let versions: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!((versions.as_array().unwrap().len(), &versions[0]["champion"]), (1, &true.into()));
}

#[test]
fn rows_that_can_never_train_with_those_that_are_kept_are_refused_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("measured.csv"), rows(200, 4, |_, _, _| {})).unwrap();
    fs::write(folder.path().join("generated.csv"), rows(200, 4, |_, _, cells| cells[2] = "generated".to_owned())).unwrap();
    assert_eq!(run(folder.path(), &["train", "--data", "measured.csv"]).status.code(), Some(0));
    for command in ["train", "retrain"] {
        let output = run(folder.path(), &[command, "--data", "generated.csv"]);
        let told = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{command}: {told}");
        assert!(told.contains("generated rows must not train a model together with measured ones"), "{told}");
        assert!(told.contains("hint: ") && told.contains("`uu-predictor observations quarantine 1 --reason REASON`"), "{told}");
    }
    assert_eq!(run(folder.path(), &["observations", "quarantine", "1", "--reason", "a trial"]).status.code(), Some(0));
    assert_eq!(run(folder.path(), &["train", "--data", "generated.csv"]).status.code(), Some(0));
    let output = run(folder.path(), &["observations", "release", "1"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("observations quarantine 2 --reason"), "{}", stderr(&output));
}

#[test]
fn estimates_of_labelled_rows_are_no_labels_and_the_known_numbers_stand_beside_them() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("rows.csv"), rows(200, 4, |_, _, _| {})).unwrap();
    assert_eq!(run(folder.path(), &["train", "--data", "rows.csv"]).status.code(), Some(0));
    let asked = rows(3, 2, |_, month, cells| {
        if month == 1 {
            cells[4] = "12345".to_owned();
        }
    });
    fs::write(folder.path().join("asked.csv"), &asked).unwrap();
    fs::write(folder.path().join("blind.csv"), rows(3, 2, |_, _, cells| cells[4].clear())).unwrap();
    let column = |input: &str, name: &str, more: &[&str]| -> Vec<String> {
        let arguments = [&["predict", "--input", input, "--output", "out.ndjson"], more].concat();
        assert_eq!(run(folder.path(), &arguments).status.code(), Some(0));
        let text = fs::read_to_string(folder.path().join("out.ndjson")).unwrap();
        text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()[name].to_string()).collect()
    };
    assert_eq!(column("asked.csv", "unique_users", &[]), column("blind.csv", "unique_users", &[]));
    let known = column("asked.csv", "unique_users_known", &[]);
    assert_eq!((known[1].as_str(), known[3].as_str()), ("12345", "12345"));
    assert!(column("asked.csv", "unique_users", &["--by-site"]).iter().all(|users| users != "12345"));
    let labels = run(folder.path(), &["models", "show", "v0001"]);
    let shown = String::from_utf8_lossy(&labels.stdout).into_owned();
    assert!(shown.contains("not learned") && shown.contains("bounce_rate"), "{shown}");
}
