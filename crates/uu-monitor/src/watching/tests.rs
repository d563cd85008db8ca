use proptest::prelude::*;
use uu_core::stats::Draws;

use super::*;

/// Streams that each law is counted over.
const STREAMS: u64 = 300;

/// Watches a stream: the truth is 10,000 users, the model before errs by `spread`, part of it shared with the champion, and the champion is
/// off by `factor` beside.
fn watch(stream: u64, spread: f64, shared: f64, factor: f64, observations: usize) -> LiveReport {
    let (mut draws, mut live) = (Draws::new("observations", stream), LiveError::default());
    let own = (1.0 - shared * shared).sqrt();
    for number in 0..observations {
        let common = draws.normal();
        let mut estimate = || 10_000.0 * (spread * (shared * common + own * draws.normal())).exp();
        let (champion, previous) = (estimate() * factor, estimate());
        let site = format!("site{number}.com");
        live.observe(Observation { site: Some(&site), actual: 10_000.0, champion, previous });
    }
    live.report()
}

fn rolled_back(report: &LiveReport) -> bool {
    matches!(report.verdict, LiveVerdict::RollBack { .. })
}

#[test]
fn an_equal_model_is_rolled_back_in_under_a_twentieth_of_the_runs() {
    for (spread, shared) in [(0.3, 0.9), (0.5, 0.5), (1.5, 0.0)] {
        let back = (0..STREAMS).filter(|stream| rolled_back(&watch(*stream, spread, shared, 1.0, 2_000))).count();
        assert!((back as f64) < 0.05 * STREAMS as f64, "{spread} {shared}: {back}");
    }
}

#[test]
fn a_model_that_is_off_by_a_factor_of_two_is_caught_within_a_hundred_observations() {
    for (spread, shared) in [(0.2, 0.9), (0.35, 0.8), (0.5, 0.8)] {
        for factor in [2.0, 0.5] {
            let caught = (0..STREAMS).filter(|stream| rolled_back(&watch(*stream, spread, shared, factor, 100))).count();
            assert!(caught as f64 >= 0.98 * STREAMS as f64, "{spread} {shared} {factor}: {caught} of {STREAMS}");
        }
    }
}

#[test]
fn an_equal_and_a_better_model_are_confirmed_in_time() {
    let confirmed = |spread, shared, observations| {
        let of = |stream| watch(stream, spread, shared, 1.0, observations).verdict == LiveVerdict::Confirmed;
        (0..100).filter(|stream| of(*stream)).count()
    };
    assert!(confirmed(0.3, 0.95, 2_000) >= 90, "{}", confirmed(0.3, 0.95, 2_000));
}

proptest! {
    #[test]
    fn bad_labels_do_not_roll_a_champion_back(stream: u64, error in 2.0f64..1_000.0) {
        let (mut draws, mut live) = (Draws::new("labels", stream), LiveError::default());
        for _ in 0..300 {
            let estimate = 10_000.0 * (0.3 * draws.normal()).exp();
            let other = estimate * (0.02 * draws.normal()).exp();
            live.observe(Observation { site: None, actual: estimate * error, champion: estimate, previous: other });
        }
        prop_assert!(!rolled_back(&live.report()));
    }

    #[test]
    fn bounds_contain_the_mean_and_what_is_void_does_not_count(values in prop::collection::vec((0.0f64..1e6, 0.0f64..1e6, 0.0f64..1e6), 0..60)) {
        let mut live = LiveError::default();
        for (actual, champion, previous) in &values {
            live.observe(Observation { site: None, actual: *actual, champion: *champion, previous: *previous });
        }
        let report = live.report();
        prop_assert!(report.bounds.0 <= report.bounds.1 && report.observations + report.void <= values.len());
        prop_assert!(report.mean_difference.is_none_or(f64::is_finite));
    }
}

#[test]
fn a_site_counts_once() {
    let mut live = LiveError::default();
    for _ in 0..5 {
        live.observe(Observation { site: Some("a.com"), actual: 10.0, champion: 20.0, previous: 10.0 });
    }
    let report = live.report();
    assert_eq!((report.observations, report.repeated), (1, 4));
}

#[test]
fn a_decision_stands_and_is_told_in_words() {
    let mut live = LiveError::default();
    let bad = Observation { site: None, actual: 10_000.0, champion: 20_000.0, previous: 10_000.0 };
    while live.report().verdict == LiveVerdict::KeepWatching {
        live.observe(bad);
    }
    let report = live.report();
    let LiveVerdict::RollBack { reason } = &report.verdict else { panic!("not rolled back") };
    assert!(reason.observations < 30, "{}", reason.observations);
    assert!(reason.to_string().contains("2.00 times that of the version before"), "{reason}");
    live.observe(Observation { champion: 10_000.0, previous: 90_000.0, ..bad });
    assert_eq!(live.report(), report);
    let written = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<LiveReport>(&written).unwrap(), report);
}
