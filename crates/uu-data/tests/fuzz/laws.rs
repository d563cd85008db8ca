//! The laws of files: what is read is a table of records, which are written and read back as they are.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use arrow::record_batch::{RecordBatch, RecordBatchIterator};
use uu_core::{
    AvgVisitDuration, BounceRate, Category, Checked, Field, Month, PagesPerVisit, Rank, RawRecord, RawValue, Record, Rules, UniqueUsers,
    Visits, check,
};
use uu_data::clean::{CleanAction, CleanError, CleanOptions, clean};
use uu_data::read::{BadRows, Format, GoodChunk, Input, ReadOptions, SkippedRows, check_batches, open, read_all};
use uu_data::write::{Output, WriteOptions, Writer, write_records};

/// The name of the extra input.
pub(crate) const EXTRA: &str = "load";

const WRITTEN: [Format; 4] = [Format::Csv, Format::Json, Format::Ndjson, Format::Parquet];

fn options(format: Option<Format>, chunk_rows: usize) -> ReadOptions {
    let rules = Rules { extras: vec![EXTRA.to_owned()], ..Rules::default() };
    ReadOptions { format, rules, chunk_rows, ..ReadOptions::default() }
}

/// The values of a record, as a record is given.
pub(crate) fn named(record: &Record) -> Vec<(Field, RawValue<'_>)> {
    let text = |text: &Option<Box<str>>| text.as_ref().map(|text| RawValue::text(text.to_string()));
    let number = |number: Option<f64>| number.map(RawValue::Number);
    let values = [
        (Field::Date, Some(RawValue::text(record.month.to_string()))),
        (Field::Site, text(&record.site)),
        (Field::Source, text(&record.source)),
        (Field::RankSource, text(&record.rank_source)),
        (Field::Rank, number(record.rank.map(Rank::get))),
        (Field::Visits, number(record.visits.map(Visits::get))),
        (Field::PagesPerVisit, number(record.pages_per_visit.map(PagesPerVisit::get))),
        (Field::BounceRate, number(record.bounce_rate.map(BounceRate::get))),
        (Field::AvgVisitDuration, number(record.avg_visit_duration.map(AvgVisitDuration::get))),
        (Field::Category, record.category.map(|category: Category| RawValue::text(category.path()))),
        (Field::UniqueUsers, number(record.unique_users.map(UniqueUsers::get))),
    ];
    values.into_iter().filter_map(|(field, value)| Some((field, value?))).collect()
}

/// What is in a record is within its range, and is itself when it is checked again.
pub(crate) fn holds(record: &Record, rules: &Rules) {
    let mut raw = RawRecord::new();
    named(record).into_iter().for_each(|(field, value)| raw.set(field, value));
    record.extras.iter().enumerate().for_each(|(index, extra)| raw.set_extra(index, RawValue::number(*extra)));
    match check(&raw, rules) {
        Ok(again) => assert_eq!(again.record, *record, "a record that is checked again is another one"),
        Err(faults) => panic!("a record that is checked again is refused: {}; {record:?}", faults[0]),
    }
    assert_eq!(Month::from_index(record.month.index()), Some(record.month));
    assert!(record.extras.iter().flatten().all(|extra| extra.is_finite()), "{record:?}");
}

/// Reads bytes as a file, and what was read once more after it was written.
pub(crate) fn file(name: &str, format: Option<Format>, bytes: &[u8]) -> String {
    // Every third input is read in chunks of a few rows: as many as a file of its length can have, and no more than some dozens.
    let chunk_rows = if bytes.len().is_multiple_of(3) { 2.max(bytes.len() / 128) } else { 16_384 };
    let options = options(format, chunk_rows);
    let reader = match open(Input::bytes(name, bytes.to_vec()), options.clone()) {
        Ok(reader) => reader,
        Err(error) => return kind(&format!("{error} {:?}", error.hint())),
    };
    let (format, mut next_row, mut good) = (reader.format(), 1, Vec::new());
    let (mut skipped, mut came_to, mut again) = (SkippedRows::default(), BTreeSet::new(), Vec::new());
    for chunk in reader {
        let chunk = match chunk {
            Ok(chunk) => chunk,
            Err(error) => {
                came_to.insert(kind(&format!("{error} {:?}", error.hint())));
                break;
            }
        };
        // Rows without a value are passed over, and counted.
        assert!(chunk.first_row >= next_row, "{} after {next_row}", chunk.first_row);
        assert_eq!(chunk.batch.num_rows(), chunk.rows.len());
        assert!(chunk.json.as_ref().is_none_or(|json| json.len() == chunk.rows.len()));
        next_row = chunk.first_row + chunk.rows.len() as u64;
        for row in &chunk.rows {
            match row {
                Ok(checked) => {
                    holds(&checked.record, &options.rules);
                    came_to.extend(checked.warnings.iter().map(|warning| warning.code().to_owned()));
                }
                Err(bad) => {
                    assert!(!bad.faults.is_empty() && !bad.to_string().is_empty());
                    came_to.extend(bad.faults.iter().map(|fault| fault.rule.code().to_owned()));
                }
            }
        }
        let chunk = chunk.passed(BadRows::Skip, &mut skipped).expect("bad rows are left out");
        again.extend(checked_again(&chunk.as_given(&options), &options));
        good.push(chunk);
    }
    let records: Vec<Record> = good.iter().flat_map(|chunk| chunk.rows.iter().map(|row| row.record.clone())).collect();
    cleaned_alike(good.iter().flat_map(|chunk| chunk.rows.clone()).collect(), again, &options);
    let turn = WRITTEN[bytes.len() % WRITTEN.len()];
    written_as_records(&records, turn);
    // Where only rows that were left out have an input, objects without them are no file of records.
    if skipped.total == 0 || matches!(format, Format::Csv | Format::Parquet) {
        written_as_given(&good, format, &records, &options);
    }
    format!("{format} {} {came_to:?}", (records.len() + 1).ilog2())
}

/// Rows under the names of their fields, checked once more.
fn checked_again(given: &RecordBatch, options: &ReadOptions) -> Vec<Checked> {
    let batches = RecordBatchIterator::new([Ok(given.clone())], given.schema());
    // The table has percent and numbers, and what the file as a whole was asked is answered.
    let options = ReadOptions { bounce_rate_unit: None, ..options.clone() }.trusted();
    let chunks = check_batches("given", batches, &options).expect("the columns are named as the fields");
    let rows = chunks.flat_map(|chunk| chunk.expect("a batch in memory can be read").rows);
    rows.map(|row| row.unwrap_or_else(|bad| panic!("a row that passed is refused when it is checked again: {bad}"))).collect()
}

/// What was given under the names of the fields is the same when it is checked and cleaned again.
fn cleaned_alike(of_file: Vec<Checked>, of_table: Vec<Checked>, options: &ReadOptions) {
    let records = |rows: &[Checked]| rows.iter().map(|row| row.record.clone()).collect::<Vec<Record>>();
    assert_eq!(records(&of_table), records(&of_file), "rows as they were given are others when they are checked again");
    let cleaned = |rows: Vec<Checked>| {
        let (data, report) = match clean(rows, CleanOptions { extras: options.rules.extras.clone(), ..CleanOptions::default() }) {
            Ok((data, report)) => (data.records().to_vec(), report),
            Err(CleanError::NothingLeft(report)) => (Vec::new(), *report),
            Err(CleanError::GeneratedMixed { .. }) => return None,
        };
        let dropped = report.rules.into_iter().filter(|count| count.action == CleanAction::Dropped);
        Some((data, dropped.map(|count| (count.rule, count.rows)).collect::<Vec<_>>()))
    };
    assert_eq!(cleaned(of_table), cleaned(of_file), "rows as they were given are cleaned otherwise");
}

fn written_as_records(records: &[Record], format: Format) {
    let bytes = Bytes::default();
    let options_of_writer = WriteOptions { format: Some(format), ..WriteOptions::default() };
    write_records(records.iter().cloned(), &[EXTRA.to_owned()], bytes.output(), options_of_writer).expect("records can be written");
    if records.is_empty() {
        return;
    }
    assert_same(&bytes.take(), format, records, &options(None, 16_384), "records");
}

/// The columns as they were given, in the format they were given in.
fn written_as_given(good: &[GoodChunk], format: Format, records: &[Record], options: &ReadOptions) {
    if records.is_empty() {
        return;
    }
    let format = if format == Format::Nested { Format::Json } else { format };
    let bytes = Bytes::default();
    let write = WriteOptions { format: Some(format), extras: options.rules.extras.clone(), ..WriteOptions::default() };
    let mut writer = Writer::create(bytes.output(), write).unwrap();
    for chunk in good {
        writer.write(&chunk.batch, chunk.json.as_deref(), &[]).expect("what was read can be written in its format");
    }
    writer.finish().unwrap();
    assert_same(&bytes.take(), format, records, options, "columns as given");
}

fn assert_same(bytes: &[u8], format: Format, records: &[Record], options: &ReadOptions, what: &str) {
    let options = ReadOptions { format: Some(format), ..options.clone() };
    let shown = || String::from_utf8_lossy(&bytes[..bytes.len().min(600)]).into_owned();
    match read_all(vec![Input::bytes("again", bytes.to_vec())], &options, BadRows::Fail) {
        Ok((again, _)) => {
            let again: Vec<Record> = again.into_iter().map(|checked| checked.record).collect();
            assert!(again == records, "{what}, written as {format}, are read as others: {again:?}\ninstead of {records:?}\n{}", shown());
        }
        Err(error) => panic!("{what}, written as {format}, cannot be read: {error}\n{}", shown()),
    }
}

/// A message without what it quotes and counts.
fn kind(message: &str) -> String {
    let mut quoted = false;
    let bare = message.chars().filter(|letter| {
        if *letter == '`' {
            quoted = !quoted;
        }
        !quoted && !letter.is_ascii_digit()
    });
    bare.take(200).collect()
}

/// Bytes that a writer writes and a test reads.
#[derive(Clone, Default)]
struct Bytes(Arc<Mutex<Vec<u8>>>);

impl Bytes {
    fn output(&self) -> Output {
        Output::Stream(Box::new(self.clone()))
    }

    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
