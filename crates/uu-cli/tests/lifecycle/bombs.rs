//! Small bodies that stand for much memory, sent to the routes that take tables, of which one wants no token.

use std::sync::Arc;

use arrow::array::{ArrayRef, LargeBinaryArray, StringArray};
use uu_testkit::bodies::parquet;

use crate::place::{Backend, Place};
use crate::server::{Server, say};

const PARQUET: &str = "application/vnd.apache.parquet";

/// Memory that all of them together may cost beyond what the server held before.
const MOST_GROWTH: u64 = 400 << 20;

const COLUMNS: usize = 9_000;
const ROWS: usize = 16_384;

pub(crate) fn bombs(backend: &Backend) {
    let place = Place::with_two_versions(backend);
    let before = place.objects();
    let server = Server::start(&place);
    let at_first = server.most_bytes();
    for (what, kind, body, statuses) in bodies() {
        for path in ["/retrain", "/predict/batch"] {
            let answer = server.ask("POST", path, kind, &body);
            let growth = server.most_bytes().saturating_sub(at_first) >> 20;
            say(&format!("{what}, {} KiB to {path}: {}, {growth} MiB so far", body.len() >> 10, answer.status));
            assert!(statuses.contains(&answer.status), "{what} to {path}: {} {}", answer.status, answer.body);
        }
    }
    let grown = server.most_bytes() - at_first;
    assert!(grown < MOST_GROWTH, "{} MiB", grown >> 20);
    assert_eq!(place.registry().jobs(10).unwrap().len(), 0);
    assert_eq!(place.objects().len(), before.len(), "nothing is kept");
    assert_eq!(server.answering(), "v0001");
}

/// What is sent, and what may be answered: no row of these has known users, and rows without one input are bad.
fn bodies() -> Vec<(&'static str, &'static str, Vec<u8>, &'static [u16])> {
    let header = format!("date,visits{}\n2024-01,5\n", ",x".repeat(7 << 20));
    let names: String = (0..COLUMNS).map(|number| format!(",c{number}")).collect();
    let wide = format!("date,visits{names}\n{}", "2024-01,-5\n".repeat(ROWS));
    let keys: String = (0..COLUMNS).map(|number| format!(",\"c{number}\":1")).collect();
    let first = format!("{{\"date\":\"2024-01\",\"visits\":-5{keys}}}\n");
    let objects = first + &"{\"date\":\"2024-01\",\"visits\":-5}\n".repeat(ROWS);
    let note = |values: ArrayRef| [("note".to_owned(), values)];
    let page = StringArray::from(vec!["0".repeat(600 << 20)]);
    let value = vec![7_u8; 1 << 20];
    let shared = LargeBinaryArray::from(vec![value.as_slice(); 500]);
    vec![
        ("a header of millions of columns", "text/csv", header.into_bytes(), &[400]),
        ("thousands of columns of nothing", "text/csv", wide.into_bytes(), &[422]),
        ("thousands of keys", "application/x-ndjson", objects.into_bytes(), &[422]),
        ("a page of zeros", PARQUET, parquet(1, -5.0, note(Arc::new(page))), &[400]),
        ("bytes that rows share", PARQUET, parquet(500, -5.0, note(Arc::new(shared))), &[422]),
    ]
}
