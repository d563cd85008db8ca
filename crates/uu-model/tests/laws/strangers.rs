//! Artifacts of strangers: whole, with a checksum that is right, and with anything in them. What loads answers, and its answers keep the laws.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use uu_core::stats::Draws;
use uu_core::{FaultField, Field, Record, Rules, Visits, contained};
use uu_model::{ArtifactError, Contents, Estimate, EstimateOptions, Model};
use uu_monitor::drift::Window;
use uu_testkit::models::{dataset, quick_settings, resealed, sections_at, unsound};
use uu_testkit::strategies::{labelled_record, record};
use uu_train::{Correction, Silent, TrainSettings, TreeSettings, train};

/// An artifact of a few small trees: most of its bytes are those that something is looked up in.
static SMALL: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let settings = quick_settings();
    let small = |trees: &TreeSettings| TreeSettings { num_iterations: 3, num_leaves: 5, ..trees.clone() };
    let settings = TrainSettings {
        ratio: small(&settings.ratio),
        visits: small(&settings.visits),
        fill: small(&settings.fill),
        spread: small(&settings.spread),
        correction: Correction { trees: small(&settings.correction.trees), ..settings.correction.clone() },
        ..settings
    };
    train(&dataset(400), &Rules::default(), &settings, &Silent).unwrap().artifact
});

const FORMAT_1: &[u8] = include_bytes!("../fixtures/format-1.uumodel");
const FORMAT_2: &[u8] = include_bytes!("../fixtures/format-2.uumodel");

/// Where each section of an artifact is.
fn sections(artifact: &[u8]) -> BTreeMap<String, Range<usize>> {
    let mut from = sections_at(artifact);
    let header: serde_json::Value = serde_json::from_slice(&artifact[24..from]).unwrap();
    let sections = header["sections"].as_array().unwrap().iter();
    let placed = sections.map(|section| {
        let bytes = section["bytes"].as_u64().unwrap() as usize;
        from += bytes;
        (section["name"].as_str().unwrap().to_owned(), from - bytes..from)
    });
    placed.collect()
}

/// Numbers that make others wrong.
const NUMBERS: [f64; 12] =
    [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, 1e300, -1e60, 5e-324, -0.0, -1.0, 1e5, f64::MIN_POSITIVE];
const BYTES: [u8; 8] = [0, 1, 2, 5, 127, 128, 254, 255];

/// Changes some bytes within a range.
fn change(content: &mut [u8], within: &Range<usize>, draws: &mut Draws) {
    let length = within.len();
    let place = within.start + draws.below(length);
    let put = |content: &mut [u8], bytes: &[u8]| {
        let end = (place + bytes.len()).min(within.end);
        content[place..end].copy_from_slice(&bytes[..end - place]);
    };
    match draws.below(6) {
        0 => content[place] = draws.below(256) as u8,
        1 => content[place] = BYTES[draws.below(BYTES.len())],
        2 => put(content, &NUMBERS[draws.below(NUMBERS.len())].to_le_bytes()),
        3 => put(content, &(NUMBERS[draws.below(NUMBERS.len())] as f32).to_le_bytes()),
        4 => {
            let (from, count) = (within.start + draws.below(length), draws.below(24));
            let taken = content[from..(from + count).min(within.end)].to_vec();
            put(content, &taken);
        }
        // One byte less here, and one more there.
        _ => {
            let other = within.start + draws.below(length);
            content[place.min(other)..=place.max(other)].rotate_left(1);
        }
    }
}

/// Months of a site, some with known users, and single records.
fn records() -> Vec<Record> {
    let mut runner = TestRunner::deterministic();
    let drawn = proptest::prop_oneof![record(), record(), labelled_record()];
    let mut records: Vec<Record> = (0..14).map(|_| drawn.new_tree(&mut runner).unwrap().current()).collect();
    let unknown = Record::unknown("2024-05".parse().unwrap());
    records.extend([0.0, 0.5, 1.0, 1e12].map(|visits| Record { visits: Visits::new(visits).ok(), ..unknown.clone() }));
    records.push(unknown);
    records
}

fn check_estimates(records: &[Record], estimates: &[Estimate]) {
    for (record, estimate) in records.iter().zip(estimates) {
        let Estimate { point, low, high, .. } = *estimate;
        let filled = estimate.filled.iter().find(|filled| filled.field == FaultField::Field(Field::Visits)).map(|filled| filled.value);
        let visits = record.visits.map(Visits::get).or(filled).expect("unknown visits are filled");
        assert!(point.is_finite() && low.is_finite() && high.is_finite(), "{low} {point} {high}");
        assert!(estimate.filled.iter().all(|filled| filled.value.is_finite()), "{:?}", estimate.filled);
        assert!(point <= visits && point >= visits.floor().min(1.0), "{point} of {visits}");
        assert!(low <= point && point <= high, "{low} {point} {high}");
        assert!(record.visits.is_none_or(|visits| high <= visits.get()), "{high} of {visits}");
        let answer = estimate.known.unwrap_or(point);
        let product = estimate.explanation.as_ref().map_or(answer, uu_model::Explanation::product);
        assert!((product - answer).abs() <= 1e-9 * answer, "{product} is not {answer}");
    }
}

/// Asks everything of a model that a server or a wheel asks, if it loads.
fn ask(artifact: &[u8], records: &[Record]) -> Result<(), ArtifactError> {
    let model = Model::from_bytes(artifact)?;
    let window = Model::from_bytes(artifact)?.drift_reference().map(|reference| Window::new(Arc::clone(reference), 1, 2));
    for level in [0.5, 0.99] {
        let options = EstimateOptions { level, explain: true };
        let alone: Vec<Estimate> = records.iter().map(|record| model.estimate_one(record, options)).collect();
        check_estimates(records, &alone);
        assert_eq!(model.estimate(records, options), alone);
        check_estimates(records, &model.estimate_months(records, options));
        for (record, estimate) in records.iter().zip(&alone) {
            window.iter().for_each(|window| window.record(0, record, estimate));
        }
    }
    if let Some(window) = window {
        window.turn();
        uu_monitor::drift::drift(window.reference(), &window.read()).unwrap();
    }
    let _ = (model.inputs(), model.factors(), model.fillable(), model.learned());
    let _ = uu_model::evaluate(&model, records, 0.9);
    records.iter().for_each(|record| drop((model.source_for(record).to_owned(), model.pattern_of(record))));
    let contents = Contents::of(artifact)?;
    drop((contents.trees(), uu_train::TrainReport::of(&contents), contents.training_sites()));
    Ok(())
}

/// Changes `artifact` in so many ways; how many of them load.
fn attack(artifact: &[u8], ways: usize, purpose: &str) -> usize {
    let records = records();
    ask(artifact, &records).unwrap();
    let sections = sections(artifact);
    let model = &sections["model"];
    // What is looked up stands before the trees of the first stage, and much of the rest behind them.
    let start = model.start..model.start + model.len().min(2_000);
    let header = 24..sections_at(artifact);
    let others = ["drift", "rank_visits", "sites", "report.json.zst", "trees.zst"].iter().filter_map(|name| sections.get(*name));
    let targets: Vec<&Range<usize>> = others.chain([&header]).collect();
    let mut loaded = 0;
    for way in 0..ways {
        let mut draws = Draws::new(purpose, way as u64);
        let target = match way % 8 {
            0..=2 => &start,
            3..=6 => model,
            _ => targets[draws.below(targets.len())],
        };
        let count = 1 + draws.below(3);
        let changed = resealed(artifact, |content| (0..count).for_each(|_| change(content, target, &mut draws)));
        let asked = contained(|| ask(&changed, &records)).unwrap_or_else(|_panicked| panic!("{purpose} {way} panics or breaks a law"));
        loaded += usize::from(asked.is_ok());
    }
    loaded
}

#[test]
fn an_artifact_with_anything_in_it_is_refused_or_keeps_the_laws() {
    let loaded = attack(&SMALL, 3_000, "short") + attack(FORMAT_1, 200, "format 1") + attack(FORMAT_2, 200, "format 2");
    // Most bytes are numbers, of which most others will do.
    assert!(loaded > 300, "{loaded} of 3,400");
}

#[test]
#[ignore = "long: run with ./test --full"]
fn full_an_artifact_with_anything_in_it_is_refused_or_keeps_the_laws() {
    attack(&SMALL, 200_000, "full");
    attack(FORMAT_1, 20_000, "full format 1");
    attack(FORMAT_2, 20_000, "full format 2");
    attack(&uu_testkit::models::trained().artifact, 5_000, "full trained");
}

#[test]
fn an_index_that_leads_out_of_its_list_is_named() {
    let error = Model::from_bytes(&unsound()).unwrap_err().to_string();
    assert_eq!(
        error,
        "the artifact's part `model` cannot be read: the input of a column must be one of 5, got 127; restore it from a backup or train again"
    );
}
