//! Artifacts of every format there was answer as they did in the release that wrote them.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use uu_core::{RawRecord, RawValue, Record, check};
use uu_model::{Contents, EstimateOptions, Model};

/// What stands in a request, by name.
type Given = &'static [(&'static str, &'static str)];

fn record(model: &Model, given: Given) -> Record {
    let mut raw = RawRecord::new();
    for (name, value) in given {
        raw.set(uu_core::Field::named(name).unwrap(), RawValue::Text((*value).into()));
    }
    check(&raw, model.rules()).unwrap().record
}

/// Estimates of the release that wrote the artifact: point, low, high.
const OF_FORMAT_1: [(Given, [u64; 3]); 3] = [
    (
        &[
            ("date", "2024-05"),
            ("source", "provider"),
            ("site", "shop.example.de"),
            ("visits", "120000"),
            ("pages_per_visit", "3.5"),
            ("bounce_rate", "45"),
            ("avg_visit_duration", "120"),
            ("rank", "50000"),
            ("category", "Sports/Soccer"),
        ],
        [54_018, 22_527, 83_876],
    ),
    (&[("date", "2024-05"), ("source", "provider"), ("rank", "2000"), ("category", "Gambling")], [489_860, 36_238, 44_517_536]),
    (&[("date", "2024-05"), ("source", "panel"), ("site", "a.com"), ("visits", "5000000")], [2_132_893, 923_522, 3_272_617]),
];

#[test]
fn an_artifact_of_format_1_answers_as_it_did() {
    let bytes = include_bytes!("fixtures/format-1.uumodel");
    let model = Model::from_bytes(bytes).unwrap();
    for (given, [point, low, high]) in OF_FORMAT_1 {
        let estimate = model.estimate_one(&record(&model, given), EstimateOptions::default());
        assert_eq!((estimate.whole_point(), estimate.whole_interval()), (point, (low, high)), "{given:?}");
    }
    let contents = Contents::of(bytes).unwrap();
    assert_eq!(contents.training_sites().unwrap().len(), contents.about().sites);
    assert!(contents.report().unwrap().tuning.is_none());
    assert!(contents.trees().unwrap().contains_key("ratio"));
}
