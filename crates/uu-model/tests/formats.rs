//! Artifacts of every format there was answer as they did in the release that wrote them.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use uu_core::{FaultField, RawRecord, RawValue, Record, check};
use uu_model::{Contents, EstimateOptions, Model};
use uu_train::TrainReport;

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
    assert!(TrainReport::of(&contents).unwrap().tuning.is_none());
    assert!(contents.trees().unwrap().contains_key("ratio"));
}

/// Bits of point, low and high as the release that wrote the artifact had them, beside what was given and the first of two extra inputs.
const OF_FORMAT_2: [(Given, Option<f64>, [u64; 3]); 6] = [
    (
        &[
            ("date", "2021-03"),
            ("site", "brand0.co.uk"),
            ("visits", "8802195.0"),
            ("rank", "7534.0"),
            ("pages_per_visit", "3.5666"),
            ("bounce_rate", "35.0"),
            ("avg_visit_duration", "177.31"),
            ("category", "Reference_Materials/Public_Records_and_Directories"),
        ],
        Some(1.8937478660309564),
        [4_706_508_975_197_217_965, 4_703_745_196_281_864_162, 4_708_030_980_421_358_327],
    ),
    (
        &[
            ("date", "2021-11"),
            ("site", "brand13.com"),
            ("rank", "2930.0"),
            ("pages_per_visit", "26.5534"),
            ("bounce_rate", "29.71"),
            ("avg_visit_duration", "735.19"),
            ("category", "Lifestyle/Jewelry_and_Luxury_Products"),
        ],
        Some(10.070640938896616),
        [4_692_870_605_432_808_904, 4_667_585_773_117_512_597, 4_719_742_002_918_650_855],
    ),
    (
        &[
            ("date", "2021-03"),
            ("visits", "12179454.0"),
            ("rank", "4909.0"),
            ("pages_per_visit", "9.9525"),
            ("bounce_rate", "18.28"),
            ("avg_visit_duration", "411.18"),
            ("category", "Finance/Finance"),
        ],
        None,
        [4_706_251_230_643_871_124, 4_699_841_825_190_000_161, 4_709_954_551_388_470_180],
    ),
    (
        &[
            ("date", "2021-08"),
            ("site", "brand31.gov"),
            ("rank", "111224.0"),
            ("pages_per_visit", "2.788"),
            ("bounce_rate", "28.06"),
            ("avg_visit_duration", "138.18"),
            ("category", "Computers_Electronics_and_Technology/Telecommunications"),
        ],
        Some(3.216871105746188),
        [4_691_347_468_163_094_070, 4_682_812_742_733_547_128, 4_700_661_946_105_524_897],
    ),
    (
        &[
            ("date", "2021-05"),
            ("visits", "448193.0"),
            ("rank", "454706.0"),
            ("pages_per_visit", "1.9641"),
            ("bounce_rate", "63.69"),
            ("avg_visit_duration", "65.56"),
            ("category", "Vehicles/Motorsports"),
        ],
        None,
        [4_687_106_350_285_719_001, 4_679_773_510_587_553_198, 4_691_443_509_574_500_352],
    ),
    (
        &[
            ("date", "2022-12"),
            ("rank", "31973.0"),
            ("pages_per_visit", "2.715"),
            ("bounce_rate", "54.6"),
            ("avg_visit_duration", "153.32"),
            ("category", "Travel_and_Tourism/Ground_Transportation"),
        ],
        None,
        [4_693_855_529_554_505_464, 4_676_424_072_172_088_117, 4_712_675_452_877_309_532],
    ),
];

/// Of two extra inputs one was learned; format 2 had their ids follow those of the built-in inputs.
#[test]
fn an_artifact_of_format_2_answers_as_it_did_to_the_last_bit() {
    let model = Model::from_bytes(include_bytes!("fixtures/format-2.uumodel")).unwrap();
    for (given, extra, bits) in OF_FORMAT_2 {
        let record = Record { extras: vec![extra, None], ..record(&model, given) };
        let estimate = model.estimate_one(&record, EstimateOptions::default());
        assert_eq!([estimate.point, estimate.low, estimate.high].map(f64::to_bits), bits, "{given:?}");
    }
    let unknown = model.inputs().not_learned;
    assert_eq!(unknown, [FaultField::Extra("never_known".to_owned())]);
    assert!(model.drift_reference().is_some());
}
