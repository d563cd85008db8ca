//! Trainings through the safe door: determinism, refusals, cancellation.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::ops::ControlFlow;

use uu_lightgbm::{Booster, LightGbmError, Objective, Parameters, TrainedText, TrainingSet, extended, train};

const ROWS: usize = 20_000;

struct Data {
    features: Vec<f64>,
    names: Vec<String>,
    labels: Vec<f32>,
    weights: Vec<f32>,
}

/// Four noisy features, one of them with holes.
fn data() -> Data {
    let mut state = 7_u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut features: Vec<f64> = (0..4 * ROWS).map(|_| uniform()).collect();
    features.iter_mut().step_by(7).take(ROWS / 14).for_each(|cell| *cell = f64::NAN);
    let labels = (0..ROWS)
        .map(|row| {
            let first = if features[row].is_nan() { 0.3 } else { features[row] };
            (first.sin() + features[ROWS + row] * features[2 * ROWS + row] + 0.1 * uniform()) as f32
        })
        .collect();
    let weights = (0..ROWS).map(|_| 0.5 + uniform() as f32).collect();
    Data { features, names: (0..4).map(|i| format!("f{i}")).collect(), labels, weights }
}

fn fit(data: &Data, parameters: &Parameters) -> Result<TrainedText, LightGbmError> {
    let set = TrainingSet::new(&data.features, &data.names, &data.labels)?.with_weights(&data.weights)?;
    train(&set, parameters, &mut |_, _| ControlFlow::Continue(()))
}

#[test]
fn the_text_is_the_same_at_one_and_two_threads() {
    let data = data();
    for objective in [Objective::L2, Objective::L1, Objective::Quantile { alpha: 0.9 }] {
        let parameters = Parameters {
            objective,
            num_iterations: 30,
            bagging_fraction: 0.8,
            bagging_freq: 1,
            feature_fraction: 0.8,
            ..Parameters::default()
        };
        let one = fit(&data, &Parameters { num_threads: 1, ..parameters.clone() }).unwrap();
        let two = fit(&data, &Parameters { num_threads: 2, ..parameters }).unwrap();
        assert_eq!(one.num_iterations(), 30);
        assert!(one.as_str().contains("[num_threads: 0]"));
        assert!(one == two, "the texts differ for {objective:?}");
    }
}

#[test]
fn predictions_follow_the_labels_and_contributions_add_up_to_them() {
    let data = data();
    let text = fit(&data, &Parameters::default()).unwrap();
    let booster = Booster::from_text(&text, 1).unwrap();
    let row = |r: usize| (0..4).map(move |c| c * ROWS + r);
    let rows: Vec<f64> = (0..100).flat_map(row).map(|i| data.features[i]).collect();
    let predictions = booster.predict(&rows).unwrap();
    let contributions = booster.predict_contributions(&rows).unwrap();
    for (r, prediction) in predictions.iter().enumerate() {
        assert!((prediction - f64::from(data.labels[r])).abs() < 0.3);
        let sum: f64 = contributions[r * 5..(r + 1) * 5].iter().sum();
        assert!((sum - prediction).abs() < 1e-9);
    }
    assert!(matches!(booster.predict(&rows[1..]), Err(LightGbmError::Length { .. })));
}

#[test]
fn a_break_of_the_progress_callback_stops_the_training() {
    let data = data();
    let set = TrainingSet::new(&data.features, &data.names, &data.labels).unwrap();
    let mut seen = Vec::new();
    let result = train(&set, &Parameters::default(), &mut |done, of| {
        seen.push((done, of));
        if done == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(matches!(result, Err(LightGbmError::Stopped { done: 3, of: 100 })));
    assert_eq!(seen, [(1, 100), (2, 100), (3, 100)]);
}

#[test]
fn init_scores_are_what_the_trees_correct() {
    let data = data();
    let scores: Vec<f64> = data.labels.iter().map(|&label| f64::from(label)).collect();
    let set = TrainingSet::new(&data.features, &data.names, &data.labels).unwrap();
    let set = set.with_init_scores(&scores).unwrap();
    let text = train(&set, &Parameters::default(), &mut |_, _| ControlFlow::Continue(())).unwrap();
    let booster = Booster::from_text(&text, 1).unwrap();
    assert!(booster.predict(&[0.5; 4]).unwrap()[0].abs() < 1e-6);
}

#[test]
fn bad_shapes_and_values_are_refused_before_lightgbm_sees_them() {
    let names = ["a".to_owned(), "b".to_owned()];
    let new = |features: &[f64], labels: &[f32]| TrainingSet::new(features, &names, labels).map(|_| ()).unwrap_err();
    assert!(matches!(new(&[], &[]), LightGbmError::Empty { rows: 0, features: 2 }));
    assert!(matches!(new(&[1.0; 3], &[1.0; 2]), LightGbmError::Length { expected: 4, found: 3, .. }));
    assert!(matches!(new(&[1.0; 4], &[1.0, f32::NAN]), LightGbmError::Value { row: 1, .. }));
    let same = ["a".to_owned(), "a".to_owned()];
    assert!(matches!(TrainingSet::new(&[1.0; 4], &same, &[1.0; 2]), Err(LightGbmError::FeatureName { .. })));
    let set = TrainingSet::new(&[1.0; 4], &names, &[1.0; 2]).unwrap();
    assert!(matches!(set.clone().with_weights(&[1.0, -1.0]), Err(LightGbmError::Value { row: 1, .. })));
    assert!(matches!(set.clone().with_init_scores(&[1.0]), Err(LightGbmError::Length { found: 1, .. })));
    assert!(matches!(set.with_categorical(&[2]), Err(LightGbmError::CategoricalIndex { index: 2, .. })));
}

#[test]
fn parameters_out_of_range_are_refused_by_name() {
    let data = data();
    let refused = |parameters: Parameters| fit(&data, &parameters).unwrap_err();
    let rate = refused(Parameters { learning_rate: f64::NAN, ..Parameters::default() });
    assert!(matches!(rate, LightGbmError::Parameter { name: "learning_rate", .. }));
    let leaves = refused(Parameters { num_leaves: 1, ..Parameters::default() });
    assert!(matches!(leaves, LightGbmError::Parameter { name: "num_leaves", .. }));
    let extra = [("boosting".to_owned(), "rf".to_owned())].into();
    assert!(matches!(refused(Parameters { extra, ..Parameters::default() }), LightGbmError::ExtraParameter { .. }));
    let extra = [("monotone_constraints".to_owned(), "1".to_owned())].into();
    let error = refused(Parameters { extra, ..Parameters::default() });
    assert!(matches!(error, LightGbmError::Library { .. }), "{error}");
}

#[test]
fn a_sum_predicts_what_its_parts_do() {
    let data = data();
    let parameters = Parameters { num_iterations: 20, objective: Objective::L1, ..Parameters::default() };
    let first = fit(&data, &parameters).unwrap();
    let second = fit(&data, &Parameters { objective: Objective::L2, num_leaves: 4, seed: 3, ..parameters }).unwrap();
    let sum = first.plus(&second, 0.25).unwrap();
    assert_eq!(sum.num_iterations(), 40);
    let rows: Vec<f64> = (0..500).flat_map(|row| (0..4).map(move |column| column * ROWS + row)).map(|cell| data.features[cell]).collect();
    let predicted = |text: &TrainedText| Booster::from_text(text, 1).unwrap().predict(&rows).unwrap();
    for ((sum, first), second) in predicted(&sum).into_iter().zip(predicted(&first)).zip(predicted(&second)) {
        assert!((sum - (first + 0.25 * second)).abs() < 1e-12, "{sum} is not {first} + {second} / 4");
    }
    let contributions = Booster::from_text(&sum, 1).unwrap().predict_contributions(&rows[..4]).unwrap();
    assert!((contributions.iter().sum::<f64>() - predicted(&sum)[0]).abs() < 1e-12);
}

/// A model over as many features as there are names.
fn over(names: &[&str]) -> TrainedText {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let features: Vec<f64> = (0..names.len() * 200).map(|cell| (cell * 37 % 101) as f64).collect();
    let labels: Vec<f32> = (0..200).map(|row| (row * 37 % 101) as f32).collect();
    let set = TrainingSet::new(&features, &names, &labels).unwrap();
    train(&set, &Parameters { num_iterations: 2, ..Parameters::default() }, &mut |_, _| ControlFlow::Continue(())).unwrap()
}

#[test]
fn trees_of_other_features_are_not_added() {
    let own = over(&["a", "b"]);
    for other in [&["a", "b", "c"][..], &["a"], &["b", "a"], &["a", "d"]] {
        let other = over(other);
        assert!(matches!(own.plus(&other, 1.0), Err(LightGbmError::OtherFeatures { .. })));
        assert!(matches!(extended(own.as_str(), &other, 1.0), Err(LightGbmError::OtherFeatures { .. })));
    }
    for text in ["", "tree\nmax_feature_idx=1\n", "feature_names=a b\n"] {
        assert!(matches!(extended(text, &own, 1.0), Err(LightGbmError::OtherFeatures { .. })), "{text}");
    }
    assert!(own.plus(&over(&["a", "b"]), 1.0).is_ok());
}
