//! What a user is told about input that cannot be used.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::fmt::Write as _;

use uu_data::read::{BadRows, Format, Input, ReadOptions, open, read_all};

/// Reads everything and shows what went wrong, with the hints.
fn told(name: &str, bytes: impl AsRef<[u8]>) -> String {
    told_with(name, bytes, &ReadOptions::default())
}

fn told_with(name: &str, bytes: impl AsRef<[u8]>, options: &ReadOptions) -> String {
    let bytes = bytes.as_ref().to_vec();
    match read_all(vec![Input::bytes(name, bytes)], options, BadRows::Fail) {
        Ok((rows, _)) => format!("{} rows", rows.len()),
        Err(error) => {
            let mut text = format!("error: {error}");
            if let Some(hint) = error.hint() {
                write!(text, "\nhint: {hint}").unwrap();
            }
            text
        }
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_bad_value_is_told_with_file_row_found_and_expected() {
    insta::assert_snapshot!(told("sites.csv", "date,visits,bounce_rate\n2024-01,5,40\n2024-01,7,143.1\n2024-13,x,1\n"), @r"
    error: `sites.csv` row 2 (line 3): bounce rate must be between 0 and 100 percent, got 143.1
    `sites.csv` row 3 (line 4): date must be a date like `2018-12-01` or `2018-12`, got `2024-13`; visits must be a number, got `x`
    hint: the bounce rate is in percent; if the file has a fraction, pass `--bounce-rate-unit fraction`
    ");
    insta::assert_snapshot!(told("sites.ndjson", "{\"date\":\"2024-01\",\"visits\":true}\n\n{\"date\":\"2024-01\",\"visits\":[1]}"), @r"
    error: `sites.ndjson` row 1: visits must be a number, got a boolean
    `sites.ndjson` row 2: visits must be a number, got a list
    hint: leave the value empty (or null) where it is unknown; write numbers without separators
    ");
    insta::assert_snapshot!(told("sites.json", "[{\"date\":\"2024-01\",\"alexa\":1,\"rank\":2}]"), @r"
    error: `sites.json` row 1: rank must be given once, got two values
    hint: pass `--skip-bad-rows` to go on without such rows
    ");
}

#[test]
fn a_row_of_another_shape_is_told() {
    insta::assert_snapshot!(told("sites.csv", "date,visits\n2024-01,5\n2024-02\n2024-03,1,2\n"), @r"
    error: `sites.csv` row 2 (line 3): row must be 2 cells wide, as the header is, got 1
    `sites.csv` row 3 (line 4): row must be 2 cells wide, as the header is, got 3
    hint: pass `--skip-bad-rows` to go on without such rows
    ");
    insta::assert_snapshot!(told("sites.csv", b"date,visits,site\n2024-01,5,a\xFFb.com\n"), @r"
    error: `sites.csv` row 1 (line 2): row must be text in UTF-8, got the byte 0xFF
    hint: save the file as UTF-8 (spreadsheet programs call it `CSV UTF-8`), or convert it, for instance with `iconv -f WINDOWS-1252 -t UTF-8` (`WINDOWS-1251` where its letters are Cyrillic)
    ");
    insta::assert_snapshot!(told("sites.ndjson", "{\"date\":\"2024-01\",\"visits\":1}\n{\"date\":\n[1]\n\"x\"\n"), @r"
    error: `sites.ndjson` row 2: row must be a JSON object, got broken JSON (EOF while parsing a value at line 1 column 8)
    `sites.ndjson` row 3: row must be a JSON object, got a list
    `sites.ndjson` row 4: row must be a JSON object, got a text
    hint: pass `--skip-bad-rows` to go on without such rows
    ");
}

#[test]
fn a_file_without_date_or_input_lists_its_columns() {
    insta::assert_snapshot!(told("sites.csv", "month_name,visits\nMay,5\n"), @r"
    error: `sites.csv` must have a column `date`, got `month_name`, `visits`
    hint: name the column of the month `date`; it holds days like `2018-12-01` or months like `2018-12`
    ");
    insta::assert_snapshot!(told("sites.csv", "date,hits\n2024-01,5\n"), @r"
    error: `sites.csv` must have at least one of `visits`, `rank`, `pages_per_visit`, `bounce_rate`, `avg_visit_duration`, `category`, got `date`, `hits`
    hint: the header must name the columns; extra inputs are named in the configuration
    ");
    insta::assert_snapshot!(told("sites.json", "[{\"visits\": 5}]"), @r"
    error: `sites.json` must have a column `date`, got `visits`
    hint: name the column of the month `date`; it holds days like `2018-12-01` or months like `2018-12`
    ");
    insta::assert_snapshot!(told("sites.csv", "date,rank,alexa\n2024-01,5,6\n"), @"error: `sites.csv` must have one column of each field, got `rank` and `alexa`, which are both rank");
}

#[test]
fn a_file_that_is_cut_off_or_is_something_else_is_told() {
    let csv = "date,visits\n".to_owned() + &"2024-01,5\n".repeat(5000);
    let mut cut = gzip(csv.as_bytes());
    cut.truncate(cut.len() - 20);
    insta::assert_snapshot!(told("cut.csv.gz", &cut), @"error: `cut.csv.gz` ends too early, after row 0: the compressed data are cut off");
    let mut frame = zstd::encode_all(csv.as_bytes(), 1).unwrap();
    frame.truncate(frame.len() - 2);
    insta::assert_snapshot!(told("cut.csv.zst", &frame), @"error: `cut.csv.zst` ends too early, after row 0: the compressed data are cut off");
    insta::assert_snapshot!(told("cut.json", "[{\"date\":\"2024-01\",\"visits\":1},{\"date\""), @"error: `cut.json` ends too early, after row 1: the last JSON record is cut off");
    insta::assert_snapshot!(told("open.json", "[{\"date\":\"2024-01\",\"visits\":1}"), @"error: `open.json` ends too early, after row 1: the JSON array is not closed");
    insta::assert_snapshot!(told("comma.json", "[{\"date\":\"2024-01\",\"visits\":1},]"), @"error: `comma.json` row 2: expected a record after the comma, got `]`");
    insta::assert_snapshot!(told("more.json", "[{\"date\":\"2024-01\",\"visits\":1}] x"), @"error: `more.json` row 2: expected nothing after the array, got `x`");
    insta::assert_snapshot!(told("text.json", "hello"), @r"
    error: `text.json` row 1: row must be a JSON object, got broken JSON (expected value at line 1 column 1)
    hint: pass `--skip-bad-rows` to go on without such rows
    ");
    insta::assert_snapshot!(told("empty.csv", ""), @"error: `empty.csv` is empty");
    insta::assert_snapshot!(told("none.parquet", "PAR1 not really PAR1"), @"error: `none.parquet` is not a readable Parquet file: EOF: Parquet file too small. Size is 20 but need 544828532");
    insta::assert_snapshot!(told("wide.csv", b"\xFF\xFE\0\0d\0\0\0"), @r"
    error: `wide.csv` must be text in UTF-8, got UTF-32
    hint: convert it, for instance with `iconv -f UTF-32 -t UTF-8`
    ");
}

#[test]
fn marks_line_ends_and_delimiters_of_other_programs_are_read() {
    assert_eq!(told("a.csv", "\u{feff}date,visits\r\n2024-01,5\r\n\r\n2024-02,6"), "2 rows");
    assert_eq!(told("a.csv", "date;visits\n2024-01;5\n"), "1 rows");
    assert_eq!(told("a.tsv", "date\tvisits\n2024-01\t5\n"), "1 rows");
    assert_eq!(
        told("a.json", "\u{feff} [ {\"date\":\"2024-01\",\"visits\":\"1200\"} , {\"date\":\"2024-02\",\"visits\":null} ] \n"),
        "2 rows"
    );
    assert_eq!(told("a.json", "{\"date\":\"2024-01\",\"visits\":1}\n{\"date\":\"2024-01\",\"visits\":1}"), "2 rows");
    assert_eq!(told("a.json", "{\"2024-01-01\": {\"visits\": 5}, \"2024-02-01\": {}}"), "2 rows");
    assert_eq!(told("stdin", "[]"), "0 rows");
}

#[test]
fn fractions_are_read_as_such_only_when_declared() {
    let csv = "date,bounce_rate\n2024-01,0.4\n2024-02,1.2\n";
    assert_eq!(told("a.csv", csv), "2 rows");
    let options = ReadOptions { bounce_rate_unit: Some(uu_data::read::BounceRateUnit::Fraction), ..ReadOptions::default() };
    insta::assert_snapshot!(told_with("a.csv", csv, &options), @r"
    error: `a.csv` row 2 (line 3): bounce rate must be a fraction between 0 and 1, as declared, got 1.2
    hint: if the file has percent, pass `--bounce-rate-unit percent`
    ");
}

#[test]
fn numbers_in_texts_are_read_and_counted() {
    let json = "[{\"date\":\"2024-01\",\"visits\":\"1200\",\"rank\":1},{\"date\":\"2024-01\",\"visits\":5,\"category\":\"Games\"}]";
    let chunk = open(Input::bytes("a.json", json), ReadOptions::default()).unwrap().next().unwrap().unwrap();
    assert_eq!(chunk.numbers_from_text.into_iter().collect::<Vec<_>>(), [("visits".to_owned(), 1)]);
}

#[test]
fn many_bad_rows_are_listed_up_to_twenty_with_their_number() {
    let csv = "date,visits\n".to_owned() + &"2024-01,-1\n".repeat(100);
    let text = told("a.csv", csv);
    assert_eq!(text.lines().count(), 22);
    assert!(text.contains("\nand 80 more rows\nhint: leave the value empty"), "{text}");
}

#[test]
fn bad_rows_can_be_skipped_and_are_counted_by_rule() {
    let csv = "date,visits,rank\n2024-01,5,1\n2024-01,x,0\n2024-02,-1,1\nMay,1,1\n2024-03,1\n2024-04,6,2\n";
    let options = ReadOptions { chunk_rows: 2, ..ReadOptions::default() };
    let (rows, skipped) = read_all(vec![Input::bytes("a.csv", csv)], &options, BadRows::Skip).unwrap();
    assert_eq!((rows.len(), skipped.total, skipped.examples.len()), (2, 4, 4));
    let counts: Vec<(&str, u64)> = skipped.by_rule.into_iter().collect();
    assert_eq!(counts, [("bad_date", 1), ("malformed_row", 1), ("not_a_number", 1), ("out_of_range", 2)]);
}

#[test]
fn a_row_without_end_is_refused_before_it_fills_the_memory() {
    let quoted = format!("date,visits\n2024-01,\"{}", "x".repeat(40 << 20));
    insta::assert_snapshot!(told("bomb.csv.gz", gzip(quoted.as_bytes())), @"error: `bomb.csv.gz` row 1: a row must be at most 16 MiB, got more");
    let object = format!("[{{\"date\":\"{}", "x".repeat(40 << 20));
    insta::assert_snapshot!(told("bomb.json", object), @"error: `bomb.json` row 1: a row must be at most 16 MiB, got more");
    let line = "{".repeat(40 << 20);
    insta::assert_snapshot!(told("bomb.ndjson", line), @"error: `bomb.ndjson` row 1: a row must be at most 16 MiB, got more");
}

#[test]
fn deep_nesting_is_an_error_and_not_a_crash() {
    let deep = format!("[{{\"date\":\"2024-01\",\"visits\":{}1{}}}]", "[".repeat(100_000), "]".repeat(100_000));
    insta::assert_snapshot!(told("deep.json", deep), @r"
    error: `deep.json` row 1: visits must be a number, got a list
    hint: leave the value empty (or null) where it is unknown; write numbers without separators
    ");
    let open = "[".repeat(1_000_000);
    insta::assert_snapshot!(told("open.json", open), @"error: `open.json` ends too early, after row 0: the last JSON record is cut off");
}

/// The same line again and again, so that the content is nowhere as a whole.
struct Lines {
    line: &'static [u8],
    taken: usize,
    left: usize,
}

impl std::io::Read for Lines {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let rest = &self.line[self.taken..];
        let count = rest.len().min(buffer.len()).min(self.left);
        buffer[..count].copy_from_slice(&rest[..count]);
        self.taken = (self.taken + count) % self.line.len();
        self.left -= count;
        Ok(count)
    }
}

#[test]
fn a_large_file_comes_in_chunks_of_bounded_size() {
    let line = b"2024-01,5,example.com\n";
    let lines = std::io::Read::chain(&b"date,visits,site\n"[..], Lines { line, taken: 0, left: 1_000_000 * line.len() });
    let input = Input::Stream { name: "long".to_owned(), reader: Box::new(lines) };
    let options = ReadOptions { format: Some(Format::Csv), ..ReadOptions::default() };
    let mut next = 1;
    for chunk in open(input, options).unwrap() {
        let chunk = chunk.unwrap();
        assert!(chunk.rows.len() <= 16_384 && chunk.rows.len() == chunk.batch.num_rows());
        assert_eq!(chunk.first_row, next);
        next += chunk.rows.len() as u64;
    }
    assert_eq!(next, 1_000_001);
}

#[test]
fn long_rows_make_short_chunks() {
    let row = format!("2024-01,5,\"{}\"\n", "n".repeat(1 << 20));
    let csv = "date,visits,note\n".to_owned() + &row.repeat(100);
    let longest = open(Input::bytes("a.csv", csv), ReadOptions::default()).unwrap().map(|chunk| chunk.unwrap().rows.len()).max();
    assert_eq!(longest, Some(32));
}

#[test]
fn damaged_parquet_is_an_error_wherever_it_is_damaged() {
    use uu_data::write::{Output, WriteOptions, write_records};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let records: Vec<uu_core::Record> = (1..=12)
        .map(|month| uu_core::Record {
            visits: uu_core::Visits::new(f64::from(month) * 1000.0).ok(),
            ..uu_core::Record::unknown(uu_core::Month::new(2024, month).unwrap())
        })
        .collect();
    write_records(records.clone(), &[], Output::Path(path.clone()), WriteOptions::default()).unwrap();
    let whole = std::fs::read(&path).unwrap();
    for place in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[place] ^= 0x55;
        // Either an error or rows: what counts is that nothing panics and nothing hangs.
        let _ = read_all(vec![Input::bytes("a.parquet", damaged)], &ReadOptions::default(), BadRows::Skip);
        let _ = read_all(vec![Input::bytes("a.parquet", whole[..place].to_vec())], &ReadOptions::default(), BadRows::Skip);
    }
}
