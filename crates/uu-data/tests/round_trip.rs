//! What is written is read back, in every format and compression.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use proptest::prelude::*;
use uu_core::{
    AvgVisitDuration, BounceRate, Category, Checked, Month, PagesPerVisit, Rank, Record, Rules, UniqueUsers, Visits, is_missing_marker,
};
use uu_data::read::{BadRows, Format, Input, ReadOptions, SkippedRows, open, read_all};
use uu_data::write::{Compression, Output, WriteOptions, write_records};

fn any_record() -> impl Strategy<Value = Record> {
    let names = (
        proptest::option::of("[a-z0-9]{1,12}\\.(com|org|xn--p1ai)(/[A-Za-z,\"=]{1,8})?"),
        proptest::option::of("[a-z_,\"' ;é]{1,9}[a-z]"),
        proptest::option::of("tranco|alexa"),
    );
    let counts =
        (1u32..24_000, proptest::option::of(1u64..9_000_000), proptest::option::of(0.0..1e11f64), proptest::option::of(0u32..u32::MAX));
    let engagement = (
        proptest::option::of(1.0..100.0f64),
        proptest::option::of(0.0..=100.0f64),
        proptest::option::of(0.0..8000.0f64),
        proptest::option::of(1u32..209),
        proptest::option::of(-1e300..1e300f64),
    );
    (names, counts, engagement).prop_map(|((site, source, rank_source), (month, rank, visits, users), engagement)| {
        let (pages, bounce, duration, category, extra) = engagement;
        Record {
            month: Month::from_index(12 + month).unwrap(),
            site: site.map(String::into_boxed_str),
            // A text that marks a missing value is read as one, so no record has it.
            source: source.filter(|source| !is_missing_marker(source)).map(|source| source.trim().into()),
            rank_source: rank_source.map(String::into_boxed_str),
            rank: rank.map(|rank| Rank::new(rank as f64).unwrap()),
            visits: visits.map(|visits| Visits::new(visits).unwrap()),
            pages_per_visit: pages.map(|pages| PagesPerVisit::new(pages).unwrap()),
            bounce_rate: bounce.map(|bounce| BounceRate::new(bounce).unwrap()),
            avg_visit_duration: duration.map(|duration| AvgVisitDuration::new(duration).unwrap()),
            category: category.map(|code| Category::from_code(code).unwrap()),
            unique_users: users.map(|users| UniqueUsers::new(f64::from(users)).unwrap()),
            extras: vec![extra],
        }
    })
}

fn extras() -> Vec<String> {
    vec!["load, \"time\"".to_owned()]
}

fn options() -> ReadOptions {
    ReadOptions { rules: Rules { extras: extras(), ..Rules::default() }, chunk_rows: 7, ..ReadOptions::default() }.trusted()
}

fn read_back(path: &std::path::Path) -> Vec<Record> {
    let (rows, skipped) = read_all(vec![Input::Path(path.to_owned())], &options(), BadRows::Fail).unwrap();
    assert_eq!(skipped, SkippedRows::default());
    rows.into_iter().map(|checked: Checked| checked.record).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn records_survive_every_format_and_compression(records in proptest::collection::vec(any_record(), 1..40)) {
        let folder = tempfile::tempdir().unwrap();
        for format in ["csv", "json", "ndjson", "parquet"] {
            for compression in ["", ".gz", ".zst"] {
                let path = folder.path().join(format!("records.{format}{compression}"));
                write_records(records.clone(), &extras(), Output::Path(path.clone()), WriteOptions::default()).unwrap();
                prop_assert_eq!(&read_back(&path), &records, "{}{}", format, compression);
            }
        }
        prop_assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 12, "no temporary file is left");
    }
}

#[test]
fn compression_is_seen_by_content_and_members_are_joined() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv.gz");
    let record = Record { visits: Visits::new(5.0).ok(), site: Some("a.com".into()), ..Record::unknown(Month::new(2024, 1).unwrap()) };
    write_records([record], &[], Output::Path(path.clone()), WriteOptions::default()).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let more = folder.path().join("more");
    let options = WriteOptions { format: Some(Format::Csv), compression: Some(Compression::Gzip), ..WriteOptions::default() };
    write_records([], &[], Output::Path(more.clone()), options).unwrap();
    let one = std::fs::read(&path).unwrap();
    bytes.extend(one);
    let rows: u64 =
        open(Input::bytes("stream", bytes), ReadOptions::default()).unwrap().map(|chunk| chunk.unwrap().rows.len() as u64).sum();
    // The second member's header is a row like any other, and a bad one.
    assert_eq!(rows, 3);
    assert!(std::fs::read(more).unwrap().starts_with(&[0x1F, 0x8B]));
}

#[test]
fn no_records_are_still_columns() {
    let folder = tempfile::tempdir().unwrap();
    for format in ["csv", "json", "ndjson", "parquet"] {
        let path = folder.path().join(format!("none.{format}"));
        write_records([], &[], Output::Path(path.clone()), WriteOptions::default()).unwrap();
        if format == "ndjson" {
            assert_eq!(std::fs::read(&path).unwrap(), b"");
            continue;
        }
        assert_eq!(read_back_plain(&path), 0, "{format}");
    }
}

fn read_back_plain(path: &std::path::Path) -> usize {
    open(Input::Path(path.to_owned()), ReadOptions::default()).unwrap().map(|chunk| chunk.unwrap().rows.len()).sum()
}
