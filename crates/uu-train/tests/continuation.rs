//! Continuing a champion: what it learns, what stays honest, and when it is refused.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::collections::BTreeSet;
use std::sync::OnceLock;

use uu_core::stats::site_hash;
use uu_core::{BounceRate, FaultField, Field, Record, Rules, UniqueUsers};
use uu_data::{Dataset, join_rows};
use uu_forest::Forest;
use uu_model::{Contents, Evaluation, Model, evaluate};
use uu_testkit::models::{dataset, model, quick_settings, sites, trained, unseen};
use uu_train::{ContinueError, MOST_CONTINUATIONS, Silent, TrainSettings, Trained, train, train_continued};

fn continued_on(champion: &[u8], new: &Dataset) -> Result<Trained, ContinueError> {
    let (joined, _) = join_rows(&dataset(1_000), new).unwrap();
    train_continued(champion, &joined, &Rules::default(), &quick_settings(), &Silent)
}

/// The champion of 1,000 sites, continued on 1,000 new ones of the same world.
fn continued() -> &'static Trained {
    static CONTINUED: OnceLock<Trained> = OnceLock::new();
    CONTINUED.get_or_init(|| continued_on(&trained().artifact, &sites(1_000..2_000)).unwrap())
}

/// Rows of 2,500 sites that neither has seen.
fn fresh() -> Vec<Record> {
    let seen: BTreeSet<Option<Box<str>>> = sites(1_000..2_000).records().iter().map(|record| record.site.clone()).collect();
    unseen(3_500).records().iter().filter(|record| !seen.contains(&record.site)).cloned().collect()
}

fn judged(artifact: &[u8], records: &[Record]) -> Evaluation {
    evaluate(&Model::from_bytes(artifact).unwrap(), records, 0.9).unwrap()
}

fn changed(rows: &Dataset, change: impl Fn(&Record) -> Record) -> Dataset {
    Dataset::new(rows.extras().to_vec(), rows.records().iter().map(change).collect())
}

fn users_times(record: &Record, factor: f64) -> Record {
    let users = record.unique_users.and_then(|users| UniqueUsers::new(users.get() * factor).ok());
    Record { unique_users: users, ..record.clone() }
}

#[test]
fn intervals_of_a_continued_model_cover_fresh_sites() {
    let (continued, champion) = (judged(&continued().artifact, &fresh()), judged(&trained().artifact, &fresh()));
    let coverage = continued.overall.intervals.coverage;
    assert!(continued.overall.errors.rows > 9_000, "{}", continued.overall.errors.rows);
    assert!((0.88..=0.92).contains(&coverage), "{coverage} of {} rows", continued.overall.errors.rows);
    for group in continued.by_mask.iter().filter(|group| group.errors.rows > 3_000) {
        assert!((0.87..=0.93).contains(&group.intervals.coverage), "{}: {}", group.name, group.intervals.coverage);
    }
    let (after, before) = (continued.overall.errors.rmsle, champion.overall.errors.rmsle);
    assert!(after < before * 1.01, "more of the same world must not make it worse: {before} became {after}");
}

#[test]
fn a_world_that_changed_is_learned_and_its_intervals_hold() {
    let new = changed(&sites(1_000..2_000), |record| users_times(record, 0.6));
    let later: Vec<Record> = fresh().iter().map(|record| users_times(record, 0.6)).collect();
    let trained_on = continued_on(&trained().artifact, &new).unwrap();
    let (continued, champion) = (judged(&trained_on.artifact, &later), judged(&trained().artifact, &later));
    let (after, before) = (continued.overall.errors.median_ape, champion.overall.errors.median_ape);
    assert!(after < 0.8 * before, "{before} became {after}");
    let coverage = continued.overall.intervals.coverage;
    assert!((0.86..=0.94).contains(&coverage), "{coverage}");
}

#[test]
fn what_is_held_out_is_of_new_sites_alone() {
    let champion = Contents::of(&trained().artifact).unwrap().training_sites().unwrap();
    assert!(continued().held_out.len() > 3_000);
    assert!(continued().held_out.iter().all(|estimate| !champion.contains(&estimate.site)));
    let now = Contents::of(&continued().artifact).unwrap().training_sites().unwrap();
    assert!(now.is_superset(&champion) && now.len() > champion.len() + 900);
}

#[test]
fn the_artifact_says_what_it_is_and_its_texts_are_its_trees() {
    let contents = Contents::of(&continued().artifact).unwrap();
    assert_eq!((contents.about().continuations, trained().about.continuations), (1, 0));
    let texts = contents.trees().unwrap();
    let in_texts: usize = texts.values().map(|text| Forest::from_lightgbm_text(text).unwrap().num_trees()).sum();
    assert_eq!(in_texts, continued().about.trees);
    let grown = continued().about.trees as f64 / trained().about.trees as f64;
    assert!((1.0..1.25).contains(&grown), "{grown}");
}

#[test]
fn the_same_rows_give_the_same_artifact_at_any_number_of_threads_and_in_any_order() {
    let (joined, _) = join_rows(&dataset(1_000), &sites(1_000..1_100)).unwrap();
    let reversed = Dataset::new(Vec::new(), joined.records().iter().rev().cloned().collect());
    let artifact = |rows, threads| {
        let settings = TrainSettings { threads: Some(threads), ..quick_settings() };
        train_continued(&trained().artifact, rows, &Rules::default(), &settings, &Silent).unwrap().artifact
    };
    assert!(artifact(&joined, 1) == artifact(&reversed, 2), "an artifact depends on the order of rows or on the threads");
}

#[test]
fn trees_do_not_grow_without_bound() {
    let mut artifact = trained().artifact.clone();
    for step in 0..MOST_CONTINUATIONS as usize {
        let from = 1_000 + step * 100;
        artifact = continued_on(&artifact, &sites(from..from + 100)).unwrap().artifact;
    }
    let about = Contents::of(&artifact).unwrap().about().clone();
    assert!(about.trees <= 2 * trained().about.trees, "{} of {}", about.trees, trained().about.trees);
    let refused = continued_on(&artifact, &sites(2_000..2_100)).unwrap_err();
    assert!(matches!(refused, ContinueError::TooManyContinuations { done: MOST_CONTINUATIONS }), "{refused}");
}

#[test]
fn what_the_champion_never_learned_is_refused_by_name() {
    let new = sites(1_000..1_100);
    let of_a_panel = changed(&new, |record| Record { source: Some("panel".into()), ..record.clone() });
    let (rules, settings) = (Rules::default(), quick_settings());
    let refused = |artifact: &[u8], rows: &Dataset| train_continued(artifact, rows, &rules, &settings, &Silent).unwrap_err();
    let unknown = refused(&trained().artifact, &of_a_panel);
    assert!(matches!(&unknown, ContinueError::UnknownSources { found } if found == &["panel"]), "{unknown}");

    let with_extra = Dataset::new(vec!["load_time_ms".to_owned()], new.records().to_vec());
    let extra = refused(&trained().artifact, &with_extra);
    assert_eq!(extra.to_string(), "the extra inputs of the data are `load_time_ms`, and those of the champion none");

    let without = |record: &Record| Record { bounce_rate: None::<BounceRate>, category: None, ..record.clone() };
    let narrow = train(&changed(&dataset(300), without), &rules, &settings, &Silent).unwrap();
    let inputs = refused(&narrow.artifact, &new);
    let expected = [Field::BounceRate, Field::Category].map(FaultField::Field);
    assert!(matches!(&inputs, ContinueError::NotLearned { fields } if *fields == expected), "{inputs}");
    assert_eq!(inputs.to_string(), "the data have inputs that the champion never learned: bounce_rate, category");
}

#[test]
fn rows_of_sites_the_champion_has_seen_cannot_judge_a_continuation() {
    let later = changed(&dataset(1_000), |record| Record { month: record.month.plus(24).unwrap(), ..record.clone() });
    let refused = continued_on(&trained().artifact, &later).unwrap_err();
    assert!(matches!(refused, ContinueError::TooFewNewSites { found: 0, needed: 60 }), "{refused}");
    let damaged = continued_on(&trained().artifact[..500], &sites(1_000..1_100)).unwrap_err();
    assert!(matches!(damaged, ContinueError::Champion(_)), "{damaged}");
}

#[test]
fn a_continued_model_keeps_the_laws_on_its_new_sites() {
    let continued = Model::from_bytes(&continued().artifact).unwrap();
    let site = sites(1_000..1_010).records()[0].clone();
    assert!(!trained().held_out.iter().any(|estimate| estimate.site == site_hash(site.site.as_deref().unwrap(), 0)));
    let asked = Record { unique_users: None, ..site };
    let (before, after) = (model().estimate_one(&asked, Default::default()), continued.estimate_one(&asked, Default::default()));
    let visits = asked.visits.map_or(f64::MAX, uu_core::Visits::get);
    assert!(before.point != after.point && after.low <= after.point && after.point <= after.high && after.point <= visits);
}
