//! The binary from outside: a user's path from rows to estimates, its errors, its settings.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::OnceLock;

use assert_cmd::Command;
use tempfile::TempDir;

/// A folder with rows, a small model trained on them, and rows to estimate; made once.
struct Fixture {
    folder: TempDir,
}

impl Fixture {
    fn get() -> &'static Self {
        static FIXTURE: OnceLock<Fixture> = OnceLock::new();
        FIXTURE.get_or_init(|| {
            let fixture = Self { folder: tempfile::tempdir().unwrap() };
            succeeds(&["sample", "--sites", "400", "--seed", "3", "--output", &fixture.path("train.csv")]);
            succeeds(&["sample", "--sites", "60", "--seed", "4", "--unlabelled-share", "1", "--output", &fixture.path("unknown.parquet")]);
            // Several sites of the generator share their names over seeds, so the label is not what tells them apart.
            let args = ["train", "--data", &fixture.path("train.csv"), "--store", &fixture.path("store"), "--json"];
            fs::write(fixture.path("report.json"), succeeds(&args).stdout).unwrap();
            fixture
        })
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }
}

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::cargo_bin("uu-predictor").unwrap();
    for name in ["UU_STORE", "UU_DATABASE_URL", "UU_DATABASE_URL_FILE", "UU_ARTIFACTS_URL"] {
        command.env_remove(name);
    }
    command.current_dir(folder).args(args).env("NO_COLOR", "1").env("USER", "ann");
    command
}

fn run(args: &[&str]) -> Output {
    command(Path::new("."), args).output().unwrap()
}

fn succeeds(args: &[&str]) -> Output {
    let output = run(args);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

fn fails(args: &[&str]) -> String {
    let output = run(args);
    assert_eq!(output.status.code(), Some(2), "{args:?}: {}", String::from_utf8_lossy(&output.stdout));
    assert!(output.stdout.is_empty(), "an error leaves standard output empty");
    String::from_utf8(output.stderr).unwrap()
}

fn json(bytes: &[u8]) -> serde_json::Value {
    serde_json::from_slice(bytes).unwrap()
}

#[test]
fn rows_become_a_model_and_the_model_estimates() {
    let fixture = Fixture::get();
    let report = json(&fs::read(fixture.path("report.json")).unwrap());
    assert_eq!(report["version"], "v0001");
    assert_eq!(report["promoted"], true);
    assert!(report["evaluation"]["overall"]["errors"]["median_ape"].as_f64().unwrap() < 0.4);
    for name in ["out.csv", "out.ndjson", "out.json", "out.parquet", "out.csv.gz"] {
        let output = fixture.path(name);
        succeeds(&["predict", "--input", &fixture.path("unknown.parquet"), "--output", &output, "--store", &fixture.path("store")]);
        assert!(fs::metadata(output).unwrap().len() > 1_000, "{name}");
    }
    let csv = fs::read_to_string(fixture.path("out.csv")).unwrap();
    let header = csv.lines().next().unwrap();
    for column in ["site", "date", "visits", "unique_users", "unique_users_low", "unique_users_high", "filled", "warnings", "model"] {
        assert!(header.split(',').any(|name| name == column), "{column} is not in {header}");
    }
    let rows = fs::read_to_string(fixture.path("out.ndjson")).unwrap();
    assert_eq!(rows.lines().count(), csv.lines().count() - 1);
    for row in rows.lines() {
        let row = json(row.as_bytes());
        let number = |key: &str| row[key].as_f64().unwrap();
        assert!(number("unique_users_low") <= number("unique_users") && number("unique_users") <= number("unique_users_high"), "{row}");
        assert!(number("unique_users") <= number("visits"), "{row}");
    }
}

#[test]
fn a_site_s_known_months_tell_of_its_others_where_rows_are_taken_by_site() {
    for names in [["a.com", "b.com"], ["10576", "10577"], ["shop a", "shop b"]] {
        known_months_tell_of_others(names);
    }
}

fn known_months_tell_of_others([other, site]: [&str; 2]) {
    let fixture = Fixture::get();
    // Five users a visit fewer than the model would think: the site's visitors come back more often than others'.
    let known = |site: &str, month: u32| format!("{site},2024-{month:02},100000,2.5,{}\n", if month == 6 { "" } else { "12000" });
    let others = |site: &str| format!("{site},2024-06,100000,2.5,\n");
    let rows: String = ["site,date,visits,pages_per_visit,unique_users\n".to_owned(), known(site, 6), others(other)]
        .into_iter()
        .chain((1..=5).map(|month| known(site, month)))
        .collect();
    let args = ["predict", "--input", "-", "--output", "-", "--store", &fixture.path("store")];
    let estimates = |more: &[&str]| {
        let output = command(Path::new("."), &[args.as_slice(), more].concat()).write_stdin(rows.clone()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let rows: Vec<Vec<String>> = text.lines().skip(1).map(|row| row.split(',').map(str::to_owned).collect()).collect();
        rows
    };
    let of = |rows: &[Vec<String>], site: &str| -> f64 {
        rows.iter().find(|row| row[0] == site && row[1] == "2024-06").unwrap()[4].parse().unwrap()
    };
    let (alone, by_site) = (estimates(&[]), estimates(&["--by-site"]));
    assert_eq!(alone[0][0], site, "rows stay where they are");
    assert!(by_site.is_sorted_by(|a, b| a[..2] <= b[..2]), "{by_site:?}");
    assert!((of(&alone, other) - of(&by_site, other)).abs() < 0.5, "a site without known months is estimated as before");
    let (before, after) = (of(&alone, site), of(&by_site, site));
    assert!((after - 12_000.0).abs() < (before - 12_000.0).abs(), "{before} {after}");
}

#[test]
fn rows_of_one_site_and_month_do_not_reveal_their_labels_to_each_other() {
    let fixture = Fixture::get();
    let header = "site,date,visits,unique_users\n";
    let estimates = |rows: &[&str]| {
        let args = ["predict", "--input", "-", "--output", "-", "--by-site", "--store", &fixture.path("store")];
        let output = command(Path::new("."), &args).write_stdin(format!("{header}{}", rows.concat())).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let place = text.lines().next().unwrap().split(',').position(|name| name == "unique_users").unwrap();
        text.lines().skip(1).map(|row| row.split(',').nth(place).unwrap().to_owned()).collect::<Vec<String>>()
    };
    let (bare, www) = ("a.com,2024-12,1000000,150000\n", "www.a.com,2024-12,1000000,150000\n");
    let alone = estimates(&[bare]);
    assert_eq!(estimates(&[bare, www]), [alone.concat(), alone.concat()]);
    assert_eq!(estimates(&[bare, "a.com,2024-12,1000000,\n"]), [alone.concat(), alone.concat()]);
    assert_ne!(estimates(&[bare, "a.com,2024-11,1000000,150000\n"])[1], alone[0], "another month does");
}

#[test]
fn a_search_within_a_budget_comes_before_the_training_and_is_told() {
    let fixture = Fixture::get();
    let args = ["train", "--data", &fixture.path("train.csv"), "--store", &fixture.path("tuned"), "--tune", "3", "--json"];
    let report = json(&succeeds(&args).stdout);
    let trials = report["tuning"]["trials"].as_array().unwrap();
    assert_eq!(trials.len(), 3);
    let first = &trials[0]["hyperparameters"];
    assert_eq!((&first[0]["name"], &first[0]["value"]), (&"learning_rate".into(), &0.05.into()), "the defaults are tried first");
    let best = report["tuning"]["best"].as_u64().unwrap() as usize;
    assert!(trials[best]["rmsle"].as_f64() <= trials[0]["rmsle"].as_f64());
    assert!(trials[0].get("seconds").is_none(), "an artifact must not depend on the clock");
    assert!(fails(&["train", "--bundled-sample", "--store", &fixture.path("tuned"), "--tune", "1001"]).contains("1001"));
}

#[test]
fn standard_input_and_output_serve_as_files() {
    let fixture = Fixture::get();
    let rows = "date,visits,pages_per_visit\n2024-05,120000,2.5\n2024-06,,\n";
    let args = ["predict", "--input", "-", "--output", "-", "--store", &fixture.path("store")];
    let output = command(Path::new("."), &args).write_stdin(rows).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 3);
}

#[test]
fn the_nested_export_is_read_and_an_array_comes_out() {
    let fixture = Fixture::get();
    let nested = r#"[{"domain_name": "a.com", "visits": {"2018-12-01": 1000000}, "summary": {"2018-12-01": {"category": "Sports/Soccer"}},
        "engagement": {"2018-12-01": {"AvgVisitDuration": 120, "PagesPerVisit": 3.5, "BounceRate": -1, "UniqueUsers": -1}},
        "alexa": {"2018-12-01": {"popularityText": 5000}}}]"#;
    let args = ["predict", "--input", "-", "--format", "nested", "--output", "-", "--store", &fixture.path("store")];
    let output = command(Path::new("."), &args).write_stdin(nested).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows = json(&output.stdout);
    assert_eq!((&rows[0]["site"], rows.as_array().unwrap().len()), (&"a.com".into(), 1));
    assert!(rows[0]["unique_users"].as_u64().unwrap() > 0 && rows[0]["bounce_rate"].is_number(), "{rows}");
}

#[test]
fn bounce_rates_are_filled_in_the_unit_of_those_that_are_given() {
    let fixture = Fixture::get();
    let args = ["predict", "--input", "-", "--output", "-", "--bounce-rate-unit", "fraction", "--store", &fixture.path("store")];
    let output = command(Path::new("."), &args).write_stdin("date,visits,bounce_rate\n2024-05,1000,0.4\n2024-05,1000,\n").output().unwrap();
    let rows = String::from_utf8(output.stdout).unwrap();
    let rates: Vec<f64> = rows.lines().skip(1).map(|row| row.split(',').nth(2).unwrap().parse().unwrap()).collect();
    assert!(rates[0] == 0.4 && rates[1] > 0.05 && rates[1] < 1.0, "{rates:?}");
}

#[test]
fn columns_of_the_input_that_are_replaced_are_told() {
    let fixture = Fixture::get();
    let args = ["predict", "--input", "-", "--output", "-", "--store", &fixture.path("store")];
    let output = command(Path::new("."), &args).write_stdin("date,visits,model\n2024-05,1000,mine\n").output().unwrap();
    assert!(String::from_utf8(output.stderr).unwrap().contains("stand anew in the output: model"));
}

#[test]
fn an_extra_input_is_learned_from_and_filled_and_its_name_is_checked() {
    let fixture = Fixture::get();
    let rows = fs::read_to_string(fixture.path("train.csv")).unwrap();
    let with_extra: Vec<String> = rows
        .lines()
        .enumerate()
        .map(|(row, line)| if row == 0 { format!("{line},backlinks") } else { format!("{line},{}", row * 37 % 1000) })
        .collect();
    let file = fixture.path("extra.csv");
    fs::write(&file, with_extra.join("\n")).unwrap();
    let store = fixture.path("extra-store");
    let args = ["train", "--data", &file, "--store", &store];
    let output = succeeds(&[args.as_slice(), &["--extra-input", "backlinks", "--extra-input", "likes"]].concat());
    assert!(String::from_utf8(output.stderr).unwrap().contains("no row has a value of the extra input `likes`"));
    let predict = ["predict", "--input", "-", "--output", "-", "--format", "ndjson", "--store", &store];
    let output = command(Path::new("."), &predict).write_stdin("{\"date\":\"2024-05\",\"visits\":1000}\n").output().unwrap();
    let row = json(&output.stdout);
    assert!(row["backlinks"].is_number(), "{row}");
    assert!(row["filled"].as_array().unwrap().contains(&"backlinks".into()), "{row}");
    for (name, reason) in [("model", "answers use that name"), ("bounceRate", "it names the field `bounce_rate`")] {
        let error = fails(&[args.as_slice(), &["--extra-input", name]].concat());
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn evaluate_prints_figures_by_group_and_warns_of_sites_it_was_trained_on() {
    let fixture = Fixture::get();
    let args = ["evaluate", "--data", &fixture.path("train.csv"), "--store", &fixture.path("store")];
    let output = succeeds(&args);
    let text = String::from_utf8(output.stdout).unwrap();
    for title in ["all rows", "known inputs", "If only these inputs were known", "top category", "global ratio"] {
        assert!(text.contains(title), "{title}: {text}");
    }
    assert!(String::from_utf8(output.stderr).unwrap().contains("--unseen-only"));
    let output = succeeds(&[args.as_slice(), &["--json", "--level", "0.8"]].concat());
    assert_eq!(json(&output.stdout)["evaluation"]["level"], 0.8);
}

#[test]
fn models_are_listed_shown_and_exported() {
    let fixture = Fixture::get();
    let store = fixture.path("store");
    let list = json(&succeeds(&["models", "list", "--json", "--store", &store]).stdout);
    assert_eq!((&list[0]["version"], &list[0]["champion"]), (&"v0001".into(), &true.into()));
    assert_eq!((&list[0]["made_by"], &list[0]["reason"]), (&"ann".into(), &format!("trained on {}", fixture.path("train.csv")).into()));
    let shown = json(&succeeds(&["models", "show", "--json", "--store", &store]).stdout);
    assert_eq!(shown["version"], "v0001");
    let error = fails(&["models", "promote", "v0007", "--store", &store]);
    assert!(error.contains("the store has no version `v0007`; it has `v0001`"), "{error}");
    let output = succeeds(&["models", "promote", "v0001", "--store", &store]);
    assert!(String::from_utf8(output.stderr).unwrap().contains("`v0001` is the champion already"));
    let trees = fixture.path("trees");
    succeeds(&["models", "export", "--trees", &trees, "--store", &store]);
    assert!(fs::read_to_string(PathBuf::from(trees).join("ratio.txt")).unwrap().starts_with("tree\n"));
}

#[test]
fn a_promotion_is_taken_back_and_both_are_in_the_log() {
    let fixture = Fixture::get();
    let store = fixture.path("moved-store");
    // A store as the releases before kept it, with two versions, the first in use.
    fs::create_dir_all(format!("{store}/models")).unwrap();
    let artifacts = fs::read_dir(fixture.path("store/models")).unwrap().map(|entry| entry.unwrap().path());
    let artifact = artifacts.filter(|path| path.extension().is_some_and(|extension| extension == "uumodel")).last().unwrap();
    for version in ["v0001", "v0002"] {
        fs::copy(&artifact, format!("{store}/models/{version}.uumodel")).unwrap();
    }
    fs::write(format!("{store}/champion"), "v0001\n").unwrap();
    let nothing = run(&["models", "rollback", "--store", &store]);
    assert_eq!(nothing.status.code(), Some(1), "there is nothing to go back to");
    assert!(String::from_utf8(nothing.stderr).unwrap().contains("no previous version"));
    succeeds(&["models", "promote", "v0002", "--reason", "newer", "--store", &store]);
    let list = String::from_utf8(succeeds(&["models", "list", "--store", &store]).stdout).unwrap();
    assert!(list.contains("champion") && list.contains("previous") && list.contains("median APE"), "{list}");
    let output = succeeds(&["models", "rollback", "--reason", "worse", "--store", &store]);
    assert!(String::from_utf8(output.stderr).unwrap().contains("`v0001` answers again, in place of `v0002`"));
    let versions = json(&succeeds(&["models", "list", "--json", "--store", &store]).stdout);
    assert_eq!(
        (&versions[0]["anchor"], &versions[1]["anchor"]),
        (&true.into(), &false.into()),
        "what was taken back is not confirmed any more"
    );
    let log = json(&succeeds(&["models", "log", "--json", "--store", &store]).stdout);
    let told = |record: usize| {
        ["by", "action", "subject"].map(|key| log[record][key].as_str().unwrap().to_owned()).join(" ")
            + " "
            + log[record]["details"]["reason"].as_str().unwrap_or("-")
    };
    assert_eq!([told(0), told(1), told(2)], ["ann rollback v0001 worse", "ann promote v0002 newer", "uu-predictor adopt store -"]);
    assert!(String::from_utf8(succeeds(&["models", "log", "--store", &store]).stdout).unwrap().contains("worse"));
    let output = succeeds(&["models", "rollback", "--to", "v0002", "--store", &store]);
    assert!(String::from_utf8(output.stderr).unwrap().contains("`v0002` answers again, in place of `v0001`"));
}

#[test]
fn tokens_are_shown_once_listed_and_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store").to_str().unwrap().to_owned();
    let output = succeeds(&["tokens", "create", "nightly", "--scope", "write", "--store", &store]);
    let secret = String::from_utf8(output.stdout).unwrap();
    assert!(secret.starts_with("uu_") && secret.trim().len() == 46, "{secret}");
    assert!(!String::from_utf8(output.stderr).unwrap().contains(secret.trim()));
    let list = String::from_utf8(succeeds(&["tokens", "list", "--json", "--store", &store]).stdout).unwrap();
    assert!(!list.contains(secret.trim()), "{list}");
    let token = &json(list.as_bytes())[0];
    assert_eq!((&token["id"], &token["name"], &token["scope"]), (&1.into(), &"nightly".into(), &"write".into()));
    succeeds(&["tokens", "revoke", "1", "--store", &store]);
    assert_eq!(run(&["tokens", "revoke", "1", "--store", &store]).status.code(), Some(1));
    assert!(fails(&["tokens", "revoke", "7", "--store", &store]).contains("there is no token `7`"));
    assert!(run(&["tokens", "create", "x", "--scope", "root", "--store", &store]).status.code() == Some(2));
}

#[test]
fn the_database_is_named_by_a_flag_a_variable_or_a_file_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let show = ["config", "show", "--json"];
    let shown = |command: &mut Command| String::from_utf8(command.output().unwrap().stdout).unwrap();
    assert!(!shown(&mut command(folder.path(), &show)).contains("database_url"));
    let url = "postgres://uu:hunter2@db.invalid/uu";
    let file = folder.path().join("secret");
    fs::write(&file, format!("{url}\n")).unwrap();
    let by_variable = shown(command(folder.path(), &show).env("UU_DATABASE_URL", url));
    let by_file = shown(command(folder.path(), &show).env("UU_DATABASE_URL_FILE", &file));
    let by_flag = shown(&mut command(folder.path(), &[show.as_slice(), &["--database-url", url]].concat()));
    for text in [by_variable, by_file, by_flag] {
        assert_eq!(json(text.as_bytes())["database_url"], "[redacted]");
        assert!(!text.contains("hunter2"), "{text}");
    }
    let both = command(folder.path(), &show).env("UU_DATABASE_URL", url).env("UU_DATABASE_URL_FILE", &file).output().unwrap();
    assert!(String::from_utf8(both.stderr).unwrap().contains("are both set"));
    assert!(!shown(command(folder.path(), &show).env("UU_DATABASE_URL", "")).contains("database_url"), "an empty one is none");
    let error = fails(&["models", "list", "--database-url", "mysql://uu:hunter2@db/uu"]);
    assert!(error.contains("the database URL must be `postgres://") && !error.contains("hunter2"), "{error}");
    // Nobody listens there.
    let error = fails(&["models", "list", "--database-url", "postgres://uu:hunter2@127.0.0.1:1/uu", "--artifacts-url", "s3://bucket"]);
    assert!(error.contains("the database cannot be reached") && error.contains("hint: ") && !error.contains("hunter2"), "{error}");
}

#[test]
fn a_bad_row_stops_with_its_place_and_a_hint_or_is_skipped_and_counted() {
    let fixture = Fixture::get();
    let file = fixture.path("bad.csv");
    fs::write(&file, "date,visits,bounce_rate\n2024-05,1000,40\n2024-05,1000,143.1\n2024-05,many,50\n").unwrap();
    let args = ["predict", "--input", &file, "--output", "-", "--store", &fixture.path("store")];
    let error = fails(&args);
    assert!(error.contains("row 2 (line 3): bounce rate must be between 0 and 100 percent, got 143.1"), "{error}");
    assert!(error.contains("row 3 (line 4): visits must be a number, got `many`"), "{error}");
    assert!(error.contains("hint: "), "{error}");
    let output = succeeds(&[args.as_slice(), &["--skip-bad-rows"]].concat());
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 2);
    assert!(String::from_utf8(output.stderr).unwrap().contains("2 rows skipped: not_a_number 1, out_of_range 1"));
}

#[test]
fn errors_name_the_fault_and_the_way_out() {
    let fixture = Fixture::get();
    let empty = fixture.path("empty-store");
    let error = fails(&["predict", "--input", &fixture.path("train.csv"), "--output", "-", "--store", &empty]);
    assert!(error.contains("there is no store at") && error.contains("uu-predictor train --data FILE"), "{error}");
    let error = fails(&["train", "--data", "nowhere.csv", "--store", &empty]);
    assert!(error.contains("nowhere.csv"), "{error}");
    let error = fails(&["predict", "--input", &fixture.path("train.csv"), "--output", "-", "--store", &empty, "--level", "1.5"]);
    assert!(error.contains("`--level` must be between 0.5 and 0.99, got 1.5"), "{error}");
    let few = fixture.path("few.csv");
    fs::write(&few, "date,site,visits,unique_users\n2024-05,a.com,10,5\n").unwrap();
    let error = fails(&["train", "--data", &few, "--store", &empty]);
    assert!(error.contains("500 are needed"), "{error}");
    let damaged = fixture.path("damaged-store");
    fs::create_dir_all(format!("{damaged}/models")).unwrap();
    fs::write(format!("{damaged}/models/v0001.uumodel"), b"not a model").unwrap();
    fs::write(format!("{damaged}/champion"), "v0001\n").unwrap();
    let error = fails(&["predict", "--input", &fixture.path("train.csv"), "--output", "-", "--store", &damaged]);
    assert!(error.contains("version `v0001` cannot be loaded") && error.contains("not a model artifact"), "{error}");
}

#[test]
fn generated_rows_do_not_train_together_with_measured_ones() {
    let fixture = Fixture::get();
    let measured = fixture.path("measured.csv");
    fs::write(&measured, "date,site,source,visits,unique_users\n2024-05,a.com,panel,1000,500\n").unwrap();
    let error = fails(&["train", "--data", &fixture.path("train.csv"), &measured, "--store", &fixture.path("mixed-store")]);
    assert!(error.contains("generated rows must not train a model together with measured ones"), "{error}");
}

#[test]
fn a_flag_beats_the_environment_beats_the_file_beats_the_default() {
    let folder = tempfile::tempdir().unwrap();
    let listen = |args: &[&str], environment: Option<&str>| {
        let mut command = command(folder.path(), args);
        if let Some(address) = environment {
            command.env("UU_SERVER__LISTEN", address);
        }
        json(&command.output().unwrap().stdout)["server"]["listen"].as_str().unwrap().to_owned()
    };
    let show = ["config", "show", "--json"];
    assert_eq!(listen(&show, None), "127.0.0.1:5000");
    fs::write(folder.path().join("uu-predictor.toml"), "[server]\nlisten = \"127.0.0.1:5001\"\n").unwrap();
    assert_eq!(listen(&show, None), "127.0.0.1:5001");
    assert_eq!(listen(&show, Some("127.0.0.1:5002")), "127.0.0.1:5002");
    let store =
        command(folder.path(), &["config", "show", "--json", "--store", "flagged"]).env("UU_STORE", "environment").output().unwrap();
    assert_eq!(json(&store.stdout)["store"], "flagged");
    let store = command(folder.path(), &show).env("UU_STORE", "007").output().unwrap();
    assert_eq!(json(&store.stdout)["store"], "007", "a text that looks like a number");
    fs::write(folder.path().join("uu-predictor.toml"), "[server]\nlistne = \"127.0.0.1:5001\"\n").unwrap();
    let refused = command(folder.path(), &show).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("listne"));
}

#[test]
fn the_api_is_described_and_shells_are_completed() {
    let api = json(&succeeds(&["openapi"]).stdout);
    for path in ["/predict", "/predict/batch", "/predictor/predict", "/categories", "/health/ready"] {
        assert!(api["paths"].get(path).is_some(), "{path}");
    }
    let completions = String::from_utf8(succeeds(&["completions", "bash"]).stdout).unwrap();
    assert!(completions.contains("uu-predictor"));
}

#[test]
fn a_healthcheck_of_nobody_is_an_error() {
    let error = fails(&["healthcheck", "--address", "127.0.0.1:1", "--timeout-s", "1"]);
    assert!(error.contains("no server answers at `127.0.0.1:1`"), "{error}");
}

#[test]
fn research_is_told_what_it_cannot_do_before_it_begins() {
    let fixture = Fixture::get();
    let (data, taken) = (fixture.path("train.csv"), fixture.path("unknown.parquet"));
    let error = fails(&["research", "--data", &data, "--out", &taken, "--no-model"]);
    assert!(error.contains("`--out` must be a folder"), "{error}");
    let out = fixture.path("no-report");
    let error = fails(&["research", "--data", &data, "--out", &out, "--no-model", "--trials", "0"]);
    assert!(error.contains("`trials` must be 1 to 1000, got 0"), "{error}");
    assert!(!Path::new(&out).exists(), "nothing is left of a report that was not made");
}

#[test]
#[ignore = "long: run with ./test --full"]
fn full_research_writes_a_report_and_stores_a_model() {
    let fixture = Fixture::get();
    let (out, store) = (fixture.path("report"), fixture.path("research-store"));
    let output = succeeds(&["research", "--data", &fixture.path("train.csv"), "--out", &out, "--trials", "1", "--store", &store]);
    assert!(String::from_utf8(output.stdout).unwrap().contains("UU Predictor"));
    for name in ["report.html", "report.md", "leaderboard.csv", "report.json"] {
        assert!(fs::metadata(Path::new(&out).join(name)).unwrap().len() > 1_000, "{name}");
    }
    let study = json(&fs::read(Path::new(&out).join("report.json")).unwrap());
    assert!(study["provenance"]["command"].as_str().unwrap().starts_with("uu-predictor research --data "));
    let shown = json(&succeeds(&["models", "show", "--json", "--store", &store]).stdout);
    assert_eq!(shown["about"]["data_fingerprint"], study["provenance"]["data_fingerprint"], "the model is of the data that was studied");
}
