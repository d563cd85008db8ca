//! What the reading of small inputs that stand for much may take, counted to the byte.
//!
//! One test in a process of its own: live bytes are counted, which no other test, no allocator and no busy machine can change.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::io::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, LargeBinaryArray, StringArray};
use peak_alloc::PeakAlloc;
use uu_data::read::{Format, Input, ReadOptions, open};
use uu_testkit::bodies::parquet;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Beside the bytes of the input, which are in memory here.
const MOST_BYTES: usize = 160 << 20;

const COLUMNS: usize = 9_000;
const ROWS: usize = 16_384;

/// Live bytes at the most while everything is read, beyond those before; and how it ended.
fn peak(name: &str, bytes: Vec<u8>, options: ReadOptions) -> (usize, String) {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let mut rows = 0;
    let outcome = open(Input::bytes(name, bytes), options).and_then(|reader| {
        for chunk in reader {
            rows += chunk?.rows.len();
        }
        Ok(())
    });
    let outcome = outcome.map_or_else(|error| error.to_string().chars().take(90).collect(), |()| format!("{rows} rows"));
    (MEMORY.peak_usage() - before, outcome)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn numbered(columns: usize, cell: impl Fn(usize) -> String) -> String {
    (0..columns).map(cell).collect()
}

const HEADER: &str = "date,visits\n";
const OBJECT: &str = "{\"date\":\"2024-01\",\"visits\":5}\n";

fn texts() -> Vec<(&'static str, &'static str, String)> {
    let names = numbered(COLUMNS, |column| format!(",c{column}"));
    let keys = numbered(COLUMNS, |column| format!(",\"c{column}\":1"));
    let wide = format!("{{\"date\":\"2024-01\",\"visits\":5{keys}}}\n");
    let keys_of = |row: usize| numbered(COLUMNS, |column| format!(",\"r{row}k{column}\":1"));
    let own_keys = numbered(250, |row| format!("{{\"date\":\"2024-01\",\"visits\":5{}}}\n", keys_of(row)));
    let long_keys = numbered(30, |row| format!("{{\"date\":\"2024-01\",\"visits\":5,\"{row}{}\":1}}\n", "a".repeat(4 << 20)));
    let same = ",\"a\":1".repeat(2_600_000);
    let months = "\"2024-01\":{},".repeat(1_200_000);
    let no_months = numbered(1_300_000, |number| format!("\"{number}\":1,"));
    let long_name = format!(
        "[{{\"domain_name\":\"{}\",\"visits\":{{{}\"x\":1}}}}]",
        "a".repeat(8 << 20),
        numbered(100_000, |number| format!("\"{number}\":1,"))
    );
    vec![
        ("a site with a long name", "a.json", long_name),
        ("a header of millions of columns", "a.csv", format!("date,visits{}\n2024-01,5\n", ",x".repeat(7 << 20))),
        ("a row of millions of cells", "a.csv", format!("{HEADER}2024-01,5{}\n", ",".repeat(15 << 20))),
        ("a row of one long cell", "a.csv", format!("{HEADER}2024-01,{}\n", "5".repeat(15 << 20))),
        ("an open quote", "a.csv", format!("{HEADER}2024-01,\"{}", "\n".repeat(40 << 20))),
        ("rows of thousands of columns", "a.csv", format!("date,visits{names}\n{}", "2024-01,5\n".repeat(ROWS))),
        ("thousands of keys in the first row", "a.ndjson", format!("{wide}{}", OBJECT.repeat(ROWS))),
        ("thousands of keys in the last row", "a.ndjson", format!("{}{wide}", OBJECT.repeat(ROWS - 1))),
        ("thousands of keys in each row", "a.ndjson", wide.repeat(300)),
        ("keys of its own in each row", "a.ndjson", own_keys),
        ("a long key of its own in each row", "a.ndjson", long_keys),
        ("millions of keys", "a.ndjson", format!("{{\"date\":\"2024-01\",\"visits\":5{same}}}\n")),
        ("millions of months", "a.json", format!("{{{months}\"2024-02\":{{\"visits\":5}}}}")),
        ("millions of brackets", "a.json", "[".repeat(15 << 20)),
        ("millions of rows", "a.ndjson", "{}\n".repeat(5 << 20)),
        ("a site of millions of months", "a.json", format!("[{{\"domain_name\":\"a.com\",\"visits\":{{{no_months}\"x\":1}}}}]")),
    ]
}

fn tables() -> Vec<(&'static str, Vec<u8>)> {
    let note = |values: ArrayRef| [("note".to_owned(), values)];
    let value = vec![7_u8; 1 << 20];
    let shared = LargeBinaryArray::from(vec![value.as_slice(); 500]);
    let page = |bytes: usize| parquet(1, 5.0, note(Arc::new(StringArray::from(vec!["0".repeat(bytes)]))));
    let empty: ArrayRef = Arc::new(Int64Array::new_null(1_000));
    vec![
        ("a page of zeros", page(300 << 20)),
        ("a page of zeros that may be read", page(120 << 20)),
        ("bytes that rows share", parquet(500, 5.0, note(Arc::new(shared)))),
        ("thousands of columns", parquet(1_000, 5.0, (0..COLUMNS).map(|column| (format!("c{column}"), empty.clone())))),
    ]
}

#[test]
fn inputs_that_stand_for_much_are_read_or_refused_in_little_memory() {
    let mut too_much = Vec::new();
    let mut measure = |what: &str, name: &str, bytes: Vec<u8>, format| {
        let length = bytes.len();
        let (peak, outcome) = peak(name, bytes, ReadOptions { format, ..ReadOptions::default() });
        eprintln!("{what}, {} KiB as {name}: {} MiB, {outcome}", length >> 10, peak >> 20);
        if peak > MOST_BYTES {
            too_much.push(format!("{what} as {name}: {} MiB", peak >> 20));
        }
    };
    for (index, (what, name, text)) in texts().into_iter().enumerate() {
        // Compressed, a body is smaller by far and takes no more: some of them show it.
        if index % 4 == 0 {
            measure(what, &format!("{name}.gz"), gzip(text.as_bytes()), None);
        }
        measure(what, name, text.into_bytes(), None);
    }
    for (what, bytes) in tables() {
        measure(what, "a.parquet", bytes, Some(Format::Parquet));
    }
    assert!(too_much.is_empty(), "more than {} MiB: {too_much:#?}", MOST_BYTES >> 20);
}
