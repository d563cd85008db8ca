//! Messages: what they quote of an input cannot begin a line of its own, nor command the terminal that shows it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::error::ArrowError;
use uu_core::{Fault, FaultField, FaultRule};
use uu_data::read::{ColumnUse, ReadError, ReadNote, Repetition, RowFaults};
use uu_data::replace::ReplaceError;
use uu_data::write::WriteError;

const HOSTILE: &str = "a\u{1b}[31m\u{7}\r\n\u{202e}b";
const ESCAPED: &str = r"a\u{1b}[31m\u{7}\r\n\u{202e}b";

fn hostile() -> String {
    HOSTILE.to_owned()
}

fn is_escaped(text: &str) {
    assert!(text.contains(ESCAPED), "{text}");
    assert!(!text.contains(|letter: char| letter.is_control() || letter == '\u{202e}'), "{text:?}");
}

fn row_faults(file: &str, found: &str) -> RowFaults {
    let fault =
        Fault { rule: FaultRule::NotANumber, field: FaultField::Record, found: found.to_owned(), expected: "a number".to_owned().into() };
    RowFaults { file: Arc::from(file), row: 1, line: Some(2), faults: vec![fault], is_undated_total: false }
}

#[test]
fn no_error_of_reading_has_a_control_character_of_the_input() {
    let plain: Arc<str> = Arc::from("a.csv");
    let file = || plain.clone();
    let month = "2024-12".parse().unwrap();
    let quoting = [
        ReadError::Open { file: file(), source: io::Error::other(HOSTILE) },
        ReadError::Io { file: file(), row: 1, source: io::Error::other(HOSTILE) },
        ReadError::Spill { file: file(), source: io::Error::other(HOSTILE) },
        ReadError::Unsorted { file: file(), reason: hostile() },
        ReadError::LargePieces { file: file(), reason: hostile() },
        ReadError::NoHeader { file: file(), columns: vec![hostile()] },
        ReadError::NoDateColumn { file: file(), columns: vec![hostile()] },
        ReadError::NoInputColumn { file: file(), columns: vec![hostile()] },
        ReadError::DuplicateColumn { file: file(), field: hostile(), first: "a".to_owned(), second: "b".to_owned() },
        ReadError::DuplicateColumn { file: file(), field: "visits".to_owned(), first: hostile(), second: "b".to_owned() },
        ReadError::DuplicateColumn { file: file(), field: "visits".to_owned(), first: "a".to_owned(), second: hostile() },
        ReadError::GroupedNumbers { file: file(), column: hostile(), found: "1.000".to_owned() },
        ReadError::GroupedNumbers { file: file(), column: "visits".to_owned(), found: hostile() },
        ReadError::RepeatedMonths { file: file(), by: Repetition::Days, several: 1, of: 1, site: Some(hostile()), month },
        ReadError::Json { file: file(), row: 1, expected: "an object", found: hostile() },
        ReadError::Parquet { file: file(), reason: hostile() },
        ReadError::Codec { file: file(), column: hostile(), codec: "lz4" },
        ReadError::Batches { file: file(), row: 1, source: ArrowError::SchemaError(hostile()) },
        ReadError::BadRows { rows: vec![row_faults("a.csv", HOSTILE)], total: 1 },
    ];
    quoting.iter().for_each(|error| is_escaped(&error.to_string()));
    let named: Arc<str> = Arc::from(HOSTILE);
    let file = || named.clone();
    let naming = [
        ReadError::Open { file: file(), source: io::Error::other("-") },
        ReadError::Io { file: file(), row: 1, source: io::Error::other("-") },
        ReadError::Truncated { file: file(), row: 1, what: "-" },
        ReadError::Spill { file: file(), source: io::Error::other("-") },
        ReadError::Unsorted { file: file(), reason: "-".to_owned() },
        ReadError::Empty { file: file() },
        ReadError::RowTooLarge { file: file(), row: 1 },
        ReadError::TooManyColumns { file: file(), columns: 1 },
        ReadError::LargePieces { file: file(), reason: "-".to_owned() },
        ReadError::NoHeader { file: file(), columns: Vec::new() },
        ReadError::NoDateColumn { file: file(), columns: Vec::new() },
        ReadError::NoInputColumn { file: file(), columns: Vec::new() },
        ReadError::DuplicateColumn { file: file(), field: "-".to_owned(), first: "a".to_owned(), second: "b".to_owned() },
        ReadError::Encoding { file: file(), found: "-" },
        ReadError::ForeignFormat { file: file(), name: "-", hint: "-" },
        ReadError::BounceRateFractions { file: file(), known: 1, percents: 0, found: 0.5 },
        ReadError::BounceRateFractions { file: file(), known: 6, percents: 1, found: 0.5 },
        ReadError::GroupedNumbers { file: file(), column: "-".to_owned(), found: "1.000".to_owned() },
        ReadError::RepeatedMonths { file: file(), by: Repetition::Rows, several: 1, of: 1, site: None, month },
        ReadError::Json { file: file(), row: 1, expected: "-", found: "-".to_owned() },
        ReadError::Parquet { file: file(), reason: "-".to_owned() },
        ReadError::Codec { file: file(), column: "-".to_owned(), codec: "lz4" },
        ReadError::Batches { file: file(), row: 1, source: ArrowError::SchemaError("-".to_owned()) },
        ReadError::BadRows { rows: vec![row_faults(HOSTILE, "x")], total: 1 },
    ];
    naming.iter().for_each(|error| is_escaped(&error.to_string()));
}

#[test]
fn no_error_of_writing_has_a_control_character_of_the_input() {
    let quoting = [
        WriteError::Io { file: hostile(), source: io::Error::other("-") },
        WriteError::Io { file: "-".to_owned(), source: io::Error::other(HOSTILE) },
        WriteError::NotANumber { column: hostile(), found: "-".to_owned() },
        WriteError::NotANumber { column: "visits".to_owned(), found: hostile() },
        WriteError::Column { column: hostile(), reason: ArrowError::SchemaError("-".to_owned()) },
        WriteError::Column { column: "visits".to_owned(), reason: ArrowError::SchemaError(hostile()) },
        WriteError::Columns(ArrowError::SchemaError(hostile())),
        WriteError::Parquet(parquet::errors::ParquetError::General(hostile())),
    ];
    quoting.iter().for_each(|error| is_escaped(&error.to_string()));
    let path = || PathBuf::from(hostile());
    let places = [
        ReplaceError::Folder { path: path() },
        ReplaceError::InStore { path: path(), store: path() },
        ReplaceError::DanglingLink { path: path(), to: path() },
        ReplaceError::Input { path: path(), input: "-".into() },
        ReplaceError::Input { path: "-".into(), input: path() },
        ReplaceError::NoReader { path: path(), waited_s: 1 },
        ReplaceError::Io { path: path(), source: io::Error::other(HOSTILE) },
    ];
    places.into_iter().for_each(|error| is_escaped(&WriteError::from(error).to_string()));
}

#[test]
fn no_note_on_an_input_has_a_control_character_of_it() {
    is_escaped(
        &ReadNote::RepeatedMonths { rows: 2, is_estimate: true, site: Some(hostile()), month: "2024-12".parse().unwrap() }.to_string(),
    );
    let mut columns = ColumnUse::default();
    columns.unused.push(hostile());
    is_escaped(&columns.lines().concat());
}
