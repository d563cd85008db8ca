//! A study of a few hundred generated sites, made once: what its figures must be, and what becomes of them.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::collections::BTreeSet;
use std::fs;
use std::ops::ControlFlow;
use std::sync::{Mutex, OnceLock};

use serde_json::Value;
use uu_core::Rules;
use uu_research::{Study, StudyError, StudySettings, check_folder, html, json, leaderboard_csv, markdown, study, write};
use uu_testkit::models::{cleaned, quick_settings};
use uu_train::{Progress, Silent};

/// Enough that half of two thirds of their rows are still enough to train on.
const SITES: usize = 520;

fn settings(threads: usize) -> StudySettings {
    StudySettings {
        seed: 5,
        trials: 3,
        folds: 3,
        tuning_rows: 300,
        slow_rows: 200,
        resamples: 50,
        threads,
        train: quick_settings(),
        command: "uu-predictor research --data 'a & b.csv'".to_owned(),
        ..StudySettings::default()
    }
}

/// Hears how far the study is.
#[derive(Default)]
struct Heard(Mutex<Vec<(u64, u64)>>);

impl Progress for Heard {
    fn report(&self, _: &'static str, done: u64, of: u64) -> ControlFlow<()> {
        self.0.lock().unwrap().push((done, of));
        ControlFlow::Continue(())
    }
}

fn shared() -> &'static (Study, Vec<(u64, u64)>) {
    static STUDY: OnceLock<(Study, Vec<(u64, u64)>)> = OnceLock::new();
    STUDY.get_or_init(|| {
        let (dataset, quality) = cleaned(SITES);
        let heard = Heard::default();
        let study = study((&dataset, &quality), &Rules::default(), &settings(2), &heard).unwrap();
        (study, heard.0.into_inner().unwrap())
    })
}

/// The figures without what the clock said.
fn timeless(study: &Study) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.retain(|name, _| !name.ends_with("seconds") && name != "predict_micros");
                fields.values_mut().for_each(strip);
            }
            Value::Array(values) => values.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut value = serde_json::to_value(study).unwrap();
    strip(&mut value);
    value
}

#[test]
fn what_is_read_back_renders_the_same() {
    let (study, _) = shared();
    let read: Study = serde_json::from_str(&json(study)).unwrap();
    assert!(&read == study, "a figure was not read as it was written");
    assert!(html(&read) == html(study), "the page differs");
    assert_eq!(markdown(&read), markdown(study));
    assert_eq!(leaderboard_csv(&read), leaderboard_csv(study));
}

#[test]
fn the_same_seed_gives_the_same_figures_on_one_thread() {
    let (dataset, quality) = cleaned(SITES);
    let again = study((&dataset, &quality), &Rules::default(), &settings(1), &Silent).unwrap();
    assert!(timeless(&again) == timeless(&shared().0), "a figure depends on the number of threads or on the clock");
}

#[test]
fn every_model_is_on_both_leaderboards_with_figures_that_can_be() {
    let (study, _) = shared();
    let expected = [
        "global ratio",
        "ratio per category",
        "rank power law",
        "random forest on raw users",
        "linear",
        "ridge",
        "elastic net",
        "k nearest neighbours",
        "random forest",
        "extra trees",
        "XGBoost (smartcore)",
        "LightGBM, L1",
        "LightGBM, L2",
        "UU Predictor",
        "ensemble",
    ];
    for board in [&study.models.leaderboard, &study.validation.leaderboard] {
        let names: BTreeSet<&str> = board.iter().map(|entry| entry.model.as_str()).collect();
        assert_eq!(names, expected.into_iter().collect());
        assert!(board.is_sorted_by(|a, b| a.errors.rmsle <= b.errors.rmsle));
        for entry in board {
            assert!(entry.size_bytes > 0 && entry.errors.rows > 0 && entry.fit_seconds >= 0.0, "{}", entry.model);
        }
        let rmsle = |name: &str| board.iter().find(|entry| entry.model == name).unwrap().errors.rmsle;
        assert!(rmsle("LightGBM, L2") < rmsle("global ratio"));
        assert!(rmsle("UU Predictor") < rmsle("ratio per category"));
        assert!(rmsle("linear") < rmsle("rank power law"));
    }
}

#[test]
fn the_sites_set_aside_are_not_among_those_that_were_looked_at() {
    let (study, _) = shared();
    let (split, overview) = (&study.provenance.split, &study.data.overview);
    assert_eq!(split.development_rows + split.set_aside_rows, overview.rows);
    assert_eq!(split.development_sites + split.set_aside_sites, overview.sites);
    assert!(study.validation.rows <= split.set_aside_rows && study.models.rows <= split.development_rows);
}

#[test]
fn the_chosen_model_is_looked_at_from_every_side() {
    let chosen = &shared().0.chosen;
    let importance: Vec<&str> = chosen.importance.iter().map(|input| input.input.as_str()).collect();
    assert_eq!(importance[0], "visits", "{importance:?}");
    assert!(chosen.learning_curve.len() >= 2 && chosen.learning_curve.is_sorted_by(|a, b| a.rows < b.rows));
    assert!(chosen.misses.is_sorted_by(|a, b| a.factor.ln().abs() >= b.factor.ln().abs() - 0.01));
    let names: Vec<&str> = chosen.ablations.iter().map(|ablation| ablation.name.as_str()).collect();
    assert_eq!(names[..4], ["all inputs", "without rank", "without engagement", "without category"]);
    assert!(names.contains(&"visits only") && names.contains(&"rank only"));
    let all = &chosen.ablations[0];
    assert!(chosen.ablations.iter().all(|ablation| ablation.errors.rows == all.errors.rows), "the same rows each time");
    assert!(chosen.partial_dependence.iter().any(|input| input.input == "visits" && input.points.len() == 21));
    let visits = chosen.partial_dependence.iter().find(|input| input.input == "visits").unwrap();
    assert!(visits.points[20].users > 5.0 * visits.points[0].users, "more visits are more users");
    let coverages: Vec<f64> = chosen.reliability.iter().map(|level| level.intervals.coverage).collect();
    assert!(coverages.len() == 7 && coverages.is_sorted(), "a higher level holds more: {coverages:?}");
    assert!(chosen.explained.rows.len() > 100 && chosen.explained.influences[0].input == "visits");
}

#[test]
fn later_months_are_judged_by_a_model_of_earlier_ones() {
    let forward = shared().0.validation.forward.as_ref().unwrap();
    assert_eq!(forward.groups[0].name, "sites it was trained on, later months");
    assert!(forward.groups.iter().all(|group| group.baselines.len() == 3));
}

#[test]
fn the_work_that_was_announced_is_the_work_that_was_done() {
    let (_, heard) = shared();
    let (done, of) = *heard.iter().max().unwrap();
    assert_eq!(done, of);
    assert!(heard.iter().all(|(_, other)| *other == of));
}

#[test]
fn a_study_that_is_told_to_stop_stops() {
    struct Stop;
    impl Progress for Stop {
        fn report(&self, _: &'static str, _: u64, _: u64) -> ControlFlow<()> {
            ControlFlow::Break(())
        }
    }
    let (dataset, quality) = cleaned(SITES);
    let stopped = study((&dataset, &quality), &Rules::default(), &settings(2), &Stop);
    assert!(matches!(stopped, Err(StudyError::Stopped)));
}

#[test]
fn too_little_to_compare_on_is_told() {
    let (dataset, quality) = cleaned(60);
    let error = study((&dataset, &quality), &Rules::default(), &settings(2), &Silent).unwrap_err().to_string();
    assert!(error.starts_with("a study needs 751 rows with both visits and unique users"), "{error}");
}

#[test]
fn the_page_needs_nothing_beside_it_and_says_what_makes_each_figure_again() {
    let (study, _) = shared();
    let page = html(study);
    for outside in ["<script src", "<link", "<img", "@import"] {
        let (before_library, _) = page.split_once("* plotly.js (").unwrap();
        assert!(!before_library.contains(outside), "{outside}");
    }
    let told = format!("Seed 5; data {}", study.provenance.data_fingerprint);
    assert_eq!(page.matches(&told).count(), 5, "under every section");
    assert!(page.contains("uu-predictor research --data &#39;a &#38; b.csv&#39;"));
    for title in ["Data", "Relations", "Models", "The chosen model", "Final validation"] {
        assert!(page.contains(&format!(">{title}</h2>")) && markdown(study).contains(&format!("\n## {title}\n")), "{title}");
    }
    assert!(page.matches("class=\"chart\"").count() > 30);
}

#[test]
fn files_are_put_in_place_together_and_nothing_else_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("deep/report");
    let files = write(&shared().0, &out).unwrap();
    assert_eq!(files.len(), 4);
    fs::write(out.join("report.md"), "old").unwrap();
    write(&shared().0, &out).unwrap();
    assert_ne!(fs::read_to_string(out.join("report.md")).unwrap(), "old");
    let names: BTreeSet<String> = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(names, ["leaderboard.csv", "report.html", "report.json", "report.md"].map(str::to_owned).into());
    fs::remove_file(out.join("report.md")).unwrap();
    fs::create_dir(out.join("report.md")).unwrap();
    fs::write(out.join("report.html"), "old").unwrap();
    assert!(write(&shared().0, &out).is_err() && check_folder(&out, &[]).is_err());
    assert_eq!(fs::read_to_string(out.join("report.html")).unwrap(), "old", "none is replaced where one cannot be");
    assert_eq!(fs::read_dir(&out).unwrap().count(), 4);
    let taken = folder.path().join("file");
    fs::write(&taken, "").unwrap();
    assert!(write(&shared().0, &taken).unwrap_err().to_string().contains("could not be made a folder"));
}

#[test]
fn the_leaderboard_has_a_line_for_each_model() {
    let (study, _) = shared();
    let text = leaderboard_csv(study);
    assert_eq!(text.lines().count(), study.models.leaderboard.len() + 1);
    assert!(text.starts_with("model,is_baseline,rows,mae,mse,rmse,r2,rmsle,median_ape,"));
}
