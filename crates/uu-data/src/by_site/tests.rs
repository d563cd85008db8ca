use proptest::prelude::*;

use super::*;
use crate::read::{Format, Input, ReadOptions, open};

fn sorted(text: &str, format: Format, run_rows: usize) -> Vec<GoodChunk> {
    let options = ReadOptions { format: Some(format), chunk_rows: 3, allow_repeated_months: true, ..ReadOptions::default() };
    let reader = open(Input::bytes("rows", text.to_owned().into_bytes()), options).unwrap();
    sort_in_runs(reader, BadRows::Skip, &mut |_| {}, run_rows).unwrap().collect::<Result<_, _>>().unwrap()
}

/// Site, month and visits of each row, as checked; and its note, as given.
fn rows_of(chunks: &[GoodChunk]) -> Vec<(Option<String>, Month, f64, String)> {
    let mut rows = Vec::new();
    for chunk in chunks {
        let notes = cast(chunk.batch.column_by_name("note").unwrap(), &arrow::datatypes::DataType::Utf8).unwrap();
        let notes = arrow::array::AsArray::as_string::<i32>(&notes).clone();
        for (index, row) in chunk.rows.iter().enumerate() {
            let record = &row.record;
            let note = if arrow::array::Array::is_null(&notes, index) { String::new() } else { notes.value(index).to_owned() };
            rows.push((record.site.as_deref().map(str::to_owned), record.month, record.visits.unwrap().get(), note));
        }
    }
    rows
}

fn csv(rows: &[(u8, u32, u16)]) -> String {
    let mut text = "site,date,visits,note\n".to_owned();
    for (index, (site, month, visits)) in rows.iter().enumerate() {
        let site = if *site == 0 { String::new() } else { format!("s{site}.com") };
        text += &format!("{site},2024-{month:02},{visits},n{index}\n");
    }
    text
}

fn ndjson(rows: &[(u8, u32, u16)]) -> String {
    let mut text = String::new();
    for (index, (site, month, visits)) in rows.iter().enumerate() {
        let site = if *site == 0 { "null".to_owned() } else { format!(r#""s{site}.com""#) };
        // Not every object has every key.
        let note = if index % 3 == 0 { String::new() } else { format!(r#","note":"n{index}""#) };
        text += &format!("{{\"site\":{site},\"date\":\"2024-{month:02}\",\"visits\":{visits}{note}}}\n");
    }
    text
}

proptest! {
    #[test]
    fn runs_on_disk_give_what_one_run_in_memory_gives(
        rows in proptest::collection::vec((0u8..9, 1u32..13, 0u16..1000), 2..60), run_rows in 1usize..12,
    ) {
        for (text, format) in [(csv(&rows), Format::Csv), (ndjson(&rows), Format::Ndjson)] {
            let (whole, parts) = (sorted(&text, format, usize::MAX), sorted(&text, format, run_rows));
            let found = rows_of(&whole);
            prop_assert_eq!(&found, &rows_of(&parts));
            prop_assert!(found.is_sorted_by(|a, b| (&a.0, a.1) <= (&b.0, b.1)));
            let objects = |chunks: &[GoodChunk]| -> Vec<String> {
                chunks.iter().flat_map(|chunk| chunk.json.iter().flatten()).map(|object| object.get().to_owned()).collect()
            };
            prop_assert_eq!(objects(&whole), objects(&parts));
            let warnings = |chunks: &[GoodChunk]| -> Vec<Vec<uu_core::Warning>> {
                chunks.iter().flat_map(|chunk| &chunk.rows).map(|row| row.warnings.clone()).collect()
            };
            prop_assert_eq!(warnings(&whole), warnings(&parts));
            let mut given: Vec<f64> = rows.iter().map(|row| f64::from(row.2)).collect();
            let mut kept: Vec<f64> = found.iter().map(|row| row.2).collect();
            given.sort_by(f64::total_cmp);
            kept.sort_by(f64::total_cmp);
            prop_assert_eq!(given, kept);
        }
    }
}

#[test]
fn the_months_of_a_site_are_never_parted() {
    let rows: Vec<(u8, u32, u16)> = (0..40_000u32).map(|row| ((row % 200 + 1) as u8, row % 12 + 1, 7)).collect();
    let chunks = sorted(&csv(&rows), Format::Csv, 9_000);
    assert!(chunks.len() > 1);
    for pair in chunks.windows(2) {
        assert_ne!(pair[0].rows.last().unwrap().record.site, pair[1].rows[0].record.site);
    }
    assert_eq!(chunks.iter().map(|chunk| chunk.rows.len()).sum::<usize>(), rows.len());
}

#[test]
fn bad_rows_are_counted_or_an_error() {
    let text = "site,date,visits\na.com,2024-01,-5\nb.com,2024-01,5\n";
    let reader = || open(Input::bytes("rows", text), ReadOptions { format: Some(Format::Csv), ..ReadOptions::default() }).unwrap();
    let rows = sort_by_site(reader(), BadRows::Skip, &mut |_| {}).unwrap();
    assert_eq!(rows.skipped().total, 1);
    assert!(matches!(sort_by_site(reader(), BadRows::Fail, &mut |_| {}), Err(ReadError::BadRows { total: 1, .. })));
}
