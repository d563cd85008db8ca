//! The forest against LightGBM itself, bit by bit, and against damaged input.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::ops::ControlFlow;
use std::sync::LazyLock;

use proptest::prelude::*;
use uu_forest::{Forest, ForestError, Scratch};
use uu_lightgbm::{Booster, Objective, Parameters, TrainedText, TrainingSet, train};

const ROWS: usize = 3_000;
const FEATURES: usize = 6;

/// SplitMix64, so that the trained models are the same in every run.
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Column-major features: uniform, heavy-tailed, signed with zeros, small integers, log-like, categories.
fn features(random: &mut Random, holes: bool) -> Vec<f64> {
    let mut cells = Vec::with_capacity(ROWS * FEATURES);
    for column in 0..FEATURES {
        for _ in 0..ROWS {
            let u = random.uniform();
            let value = match column {
                0 => u,
                1 => (12.0 * u).exp(),
                2 if u < 0.3 => 0.0,
                2 => u - 0.6,
                3 => (u * 10.0).floor(),
                4 => (u - 0.5) * 1e-30,
                _ => (u * 40.0).floor(),
            };
            cells.push(if holes && random.uniform() < 0.2 { f64::NAN } else { value });
        }
    }
    cells
}

struct Case {
    name: &'static str,
    text: TrainedText,
    booster: Booster,
    forest: Forest,
    /// Values to probe each split with: every threshold in the text.
    thresholds: Vec<f64>,
}

// The boosters are used by one test at a time: `Booster` is not `Sync`.
static CASES: LazyLock<std::sync::Mutex<Vec<Case>>> = LazyLock::new(|| {
    let small = Parameters { num_iterations: 40, min_data_in_leaf: 3, ..Parameters::default() };
    let extra = |name: &str, value: &str| [(name.to_owned(), value.to_owned())].into();
    let case = |name, holes, categorical: &[usize], parameters: Parameters| fit(name, holes, categorical, &parameters);
    std::sync::Mutex::new(vec![
        case("l2 without holes", false, &[], small.clone()),
        case("l2 with holes", true, &[], small.clone()),
        case("l1", true, &[], Parameters { objective: Objective::L1, ..small.clone() }),
        case("quantile", true, &[], Parameters { objective: Objective::Quantile { alpha: 0.9 }, ..small.clone() }),
        case("huber", true, &[], Parameters { objective: Objective::Huber { alpha: 0.9 }, ..small.clone() }),
        case("zero as missing", true, &[], Parameters { extra: extra("zero_as_missing", "true"), ..small.clone() }),
        case("no missing", true, &[], Parameters { extra: extra("use_missing", "false"), ..small.clone() }),
        case("categories", true, &[3, 5], small.clone()),
        case("63 leaves", true, &[], Parameters { num_leaves: 63, ..small.clone() }),
        case("300 leaves", true, &[5], Parameters { num_leaves: 300, num_iterations: 7, ..small.clone() }),
        case("stumps", true, &[], Parameters { num_leaves: 2, ..small.clone() }),
        case("bagging", true, &[], Parameters { bagging_fraction: 0.6, bagging_freq: 1, feature_fraction: 0.5, ..small.clone() }),
        case("no split", true, &[], Parameters { min_data_in_leaf: 2_000, ..small.clone() }),
        case("17 trees", true, &[], Parameters { num_iterations: 17, ..small.clone() }),
        case("extra trees", true, &[], Parameters { extra: extra("extra_trees", "true"), ..small.clone() }),
        case("smoothed paths", true, &[], Parameters { extra: extra("path_smooth", "3"), ..small }),
    ])
});

fn fit(name: &'static str, holes: bool, categorical: &[usize], parameters: &Parameters) -> Case {
    let mut random = Random(11);
    let cells = features(&mut random, holes);
    let at = |row: usize, column: usize| cells[column * ROWS + row];
    let known = |x: f64| if x.is_nan() { 0.7 } else { x };
    let labels: Vec<f32> = (0..ROWS)
        .map(|row| {
            let sum = known(at(row, 0)) * 3.0 + known(at(row, 1)).ln() - known(at(row, 2)).abs() * 4.0
                + (known(at(row, 3)) * 1.7).sin()
                + at(row, 4).max(0.0) * 1e30
                + (known(at(row, 5)) * 0.9).cos();
            (sum + random.uniform()) as f32
        })
        .collect();
    let weights: Vec<f32> = (0..ROWS).map(|_| 0.2 + random.uniform() as f32).collect();
    let names: Vec<String> = (0..FEATURES).map(|column| format!("feature_{column}")).collect();
    let set = TrainingSet::new(&cells, &names, &labels).unwrap();
    let set = set.with_weights(&weights).unwrap().with_categorical(categorical).unwrap();
    let text = train(&set, parameters, &mut |_, _| ControlFlow::Continue(())).unwrap();
    let lines = text.as_str().lines().filter_map(|line| line.strip_prefix("threshold="));
    let thresholds = lines.flat_map(|line| line.split(' ')).filter_map(|word| word.parse().ok()).collect();
    Case {
        name,
        booster: Booster::from_text(&text, 1).unwrap(),
        forest: Forest::from_lightgbm_text(text.as_str()).unwrap(),
        text,
        thresholds,
    }
}

/// A cell: ordinary, or one of the values where evaluators tend to differ, or at a threshold or one step beside it.
#[derive(Clone, Copy, Debug)]
enum Cell {
    Value(f64),
    Threshold { index: usize, step: i8 },
}

fn cell() -> impl Strategy<Value = Cell> {
    let odd = prop::sample::select(vec![
        f64::NAN,
        0.0,
        -0.0,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MIN_POSITIVE,
        -f64::MIN_POSITIVE,
        5e-324,
        -5e-324,
        1e-36,
        -1e-36,
        f64::from(1e-35_f32),
        -f64::from(1e-35_f32),
        1.000_000_1e-35,
        -1.000_000_1e-35,
        f64::MAX,
        f64::MIN,
        -0.5,
        -1.0,
        2_147_483_648.0,
        4_294_967_296.0,
        1e300,
    ]);
    prop_oneof![
        2 => odd.prop_map(Cell::Value),
        2 => (any::<usize>(), -1..=1_i8).prop_map(|(index, step)| Cell::Threshold { index, step }),
        2 => (0.0..1.0).prop_map(Cell::Value),
        1 => (0.0..200_000.0).prop_map(Cell::Value),
        1 => (-1e-30..1e-30).prop_map(Cell::Value),
        2 => (0..50_u32).prop_map(|code| Cell::Value(f64::from(code))),
    ]
}

fn value(cell: Cell, thresholds: &[f64]) -> f64 {
    match cell {
        Cell::Value(value) => value,
        Cell::Threshold { .. } if thresholds.is_empty() => 1.0,
        Cell::Threshold { index, step } => {
            let threshold = thresholds[index % thresholds.len()];
            match step {
                -1 => threshold.next_down(),
                0 => threshold,
                _ => threshold.next_up(),
            }
        }
    }
}

fn transposed(rows: &[f64], width: usize) -> Vec<Vec<f64>> {
    (0..width).map(|column| rows.iter().skip(column).step_by(width).copied().collect()).collect()
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn rows_and_blocks_equal_lightgbm_to_the_last_bit(
        matrix in prop::collection::vec(prop::array::uniform6(cell()), 1..300),
    ) {
        let mut scratch = Scratch::new();
        for case in CASES.lock().unwrap().iter() {
            let rows: Vec<f64> = matrix.iter().flatten().map(|&cell| value(cell, &case.thresholds)).collect();
            let expected = case.booster.predict(&rows).unwrap();
            let one_by_one: Vec<f64> =
                rows.chunks(FEATURES).map(|row| case.forest.predict_row(row, &mut scratch)).collect();
            prop_assert_eq!(bits(&one_by_one), bits(&expected), "{}", case.name);
            let columns = transposed(&rows, FEATURES);
            let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
            let mut out = vec![f64::NAN; expected.len()];
            case.forest.predict_block(&columns, &mut out, &mut scratch);
            prop_assert_eq!(bits(&out), bits(&expected), "{}", case.name);
        }
    }

    #[test]
    fn contributions_equal_lightgbm_and_add_up_to_the_prediction(
        matrix in prop::collection::vec(prop::array::uniform6(cell()), 1..4),
    ) {
        let mut scratch = Scratch::new();
        for case in CASES.lock().unwrap().iter() {
            let rows: Vec<f64> = matrix.iter().flatten().map(|&cell| value(cell, &case.thresholds)).collect();
            let expected = case.booster.predict_contributions(&rows).unwrap();
            for (row, expected) in rows.chunks(FEATURES).zip(expected.chunks(FEATURES + 1)) {
                let mut found = vec![f64::NAN; FEATURES];
                let bias = case.forest.contributions_row(row, &mut found, &mut scratch);
                found.push(bias);
                let scale = expected.iter().fold(1.0, |scale: f64, value| scale.max(value.abs()));
                for (found, expected) in found.iter().zip(expected) {
                    prop_assert!((found - expected).abs() <= 1e-10 * scale, "{}: {found} {expected}", case.name);
                }
                prop_assert_eq!(found[FEATURES].to_bits(), expected[FEATURES].to_bits(), "{}", case.name);
                let prediction = case.forest.predict_row(row, &mut scratch);
                let sum: f64 = found.iter().sum();
                prop_assert!((sum - prediction).abs() <= 1e-12 * scale, "{}", case.name);
            }
        }
    }

    #[test]
    fn damaged_texts_and_bytes_never_panic(position in any::<usize>(), byte in any::<u8>(), cut in any::<bool>()) {
        let cases = CASES.lock().unwrap();
        for case in cases.iter().filter(|case| case.forest.num_trees() <= 20) {
            let mut bytes = postcard::to_allocvec(&case.forest).unwrap();
            let at = position % bytes.len();
            if cut { bytes.truncate(at) } else { bytes[at] = byte }
            if let Ok(forest) = postcard::from_bytes::<Forest>(&bytes) {
                forest.predict_row(&vec![0.5; forest.num_features()], &mut Scratch::new());
                forest.contributions_row(&vec![0.5; forest.num_features()], &mut vec![0.0; forest.num_features()], &mut Scratch::new());
            }
            let mut text = case.text.as_str().as_bytes().to_vec();
            let at = position % text.len();
            if cut { text.truncate(at) } else { text[at] = byte.min(127) }
            let _ = Forest::from_lightgbm_text(std::str::from_utf8(&text).unwrap());
        }
    }
}

#[test]
fn a_forest_survives_its_compact_form() {
    for case in CASES.lock().unwrap().iter() {
        let bytes = postcard::to_allocvec(&case.forest).unwrap();
        let back: Forest = postcard::from_bytes(&bytes).unwrap();
        assert!(back == case.forest, "{}", case.name);
        assert!(bytes.len() * 4 < case.text.as_str().len(), "{}: {} bytes", case.name, bytes.len());
        assert_eq!(back.num_features(), FEATURES);
        assert_eq!(back.feature_names()[2], "feature_2");
    }
}

#[test]
fn models_that_are_not_one_plain_sum_are_refused() {
    let cases = CASES.lock().unwrap();
    let text = cases[0].text.as_str();
    let refused = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        Forest::from_lightgbm_text(&text.replacen(from, to, 1)).unwrap_err()
    };
    assert!(matches!(refused("num_class=1", "num_class=3"), ForestError::Unsupported { .. }));
    assert!(matches!(refused("objective=regression", "objective=poisson"), ForestError::Unsupported { .. }));
    assert!(matches!(refused("objective=regression", "objective=regression sqrt"), ForestError::Unsupported { .. }));
    assert!(matches!(refused("feature_names=", "average_output\nfeature_names="), ForestError::Unsupported { .. }));
    assert!(matches!(refused("is_linear=0", "is_linear=1"), ForestError::Unsupported { .. }));
    assert!(matches!(refused("left_child=", "left_child=0 "), ForestError::FieldLength { .. }));
    assert!(matches!(refused("leaf_value=", "values="), ForestError::MissingField { .. }));
    assert!(matches!(refused("tree\n", "{}\n"), ForestError::NotAModel { .. }));
    assert!(matches!(Forest::from_lightgbm_text(""), Err(ForestError::NotAModel { .. })));
}
