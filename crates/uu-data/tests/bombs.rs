//! Small inputs that stand for much: they are refused, or read in pieces that stay small.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, FixedSizeBinaryArray, Float64Array, Int64Array, ListArray, StringArray};
use arrow::buffer::OffsetBuffer;
use arrow::compute::take;
use arrow::datatypes::{DataType, Field as Column};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, GzipLevel};
use parquet::file::properties::{WriterProperties, WriterVersion};
use rstest::rstest;
use uu_data::read::{Input, ReadError, ReadOptions, open};

const COLUMNS: usize = 9_000;

/// Cells of all chunks' largest, and rows of all chunks.
fn read(name: &str, bytes: Vec<u8>) -> Result<(usize, usize), ReadError> {
    let (mut cells, mut rows) = (0, 0);
    for chunk in open(Input::bytes(name, bytes), ReadOptions::default())? {
        let batch = chunk?.batch;
        cells = cells.max(batch.num_rows() * batch.num_columns());
        rows += batch.num_rows();
    }
    Ok((cells, rows))
}

fn parquet(rows: usize, more: Vec<(String, ArrayRef)>) -> Vec<u8> {
    let mut columns: Vec<(String, ArrayRef)> = vec![
        ("date".to_owned(), Arc::new(StringArray::from(vec!["2024-01"; rows]))),
        ("visits".to_owned(), Arc::new(Float64Array::from(vec![1_000.0; rows]))),
    ];
    columns.extend(more);
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, values)| (name, values, true))).unwrap();
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(parquet::basic::ZstdLevel::default()))
        .set_dictionary_page_size_limit(1 << 30)
        .build();
    written(&batch, properties)
}

fn written(batch: &RecordBatch, properties: WriterProperties) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    bytes
}

fn note(values: impl arrow::array::Array + 'static) -> Vec<(String, ArrayRef)> {
    vec![("note".to_owned(), Arc::new(values))]
}

#[test]
fn a_header_of_more_columns_than_a_table_has_is_refused() {
    let csv = format!("date,visits{}\n2024-01,5\n", ",x".repeat(2_000_000));
    let error = read("wide.csv", csv.into_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "`wide.csv` must have at most 10000 columns, got 2000002");
    let columns = (0..10_000).map(|number| (format!("c{number}"), Arc::new(Int64Array::from(vec![None])) as ArrayRef)).collect();
    let error = read("wide.parquet", parquet(1, columns)).unwrap_err();
    assert_eq!(error.to_string(), "`wide.parquet` must have at most 10000 columns, got 10002");
}

#[test]
fn rows_of_many_columns_are_read_few_at_a_time() {
    const ROWS: usize = 1_000;
    let names: String = (0..COLUMNS).map(|number| format!(",c{number}")).collect();
    let csv = format!("date,visits{names}\n{}", "2024-01,5\n".repeat(ROWS));
    let objects = (0..COLUMNS).map(|number| format!(",\"c{number}\":1")).collect::<String>();
    let json = format!("{{\"date\":\"2024-01\",\"visits\":5{objects}}}\n{}", "{\"date\":\"2024-01\",\"visits\":5}\n".repeat(ROWS - 1));
    let columns = (0..COLUMNS).map(|number| (format!("c{number}"), Arc::new(Int64Array::new_null(ROWS)) as ArrayRef)).collect();
    for (name, bytes) in [("a.csv", csv.into_bytes()), ("a.ndjson", json.into_bytes()), ("a.parquet", parquet(ROWS, columns))] {
        let (cells, rows) = read(name, bytes).unwrap();
        assert_eq!(rows, ROWS, "{name}");
        assert!(cells <= 2 << 20, "{name}: {cells} cells at once");
    }
}

#[test]
fn a_page_that_takes_too_much_is_refused_before_it_is_decompressed() {
    let bomb = parquet(1, note(StringArray::from(vec!["0".repeat(300 << 20)])));
    assert!(bomb.len() < 1 << 20, "{} bytes", bomb.len());
    let error = read("page.parquet", bomb).unwrap_err();
    assert!(error.to_string().starts_with("`page.parquet` cannot be read piece by piece: its pages take 3"), "{error}");
    assert!(error.hint().is_some());
}

#[test]
fn bytes_that_rows_share_are_written_out_a_few_rows_at_a_time() {
    const ROWS: usize = 500;
    const BYTES: usize = 1 << 20;
    let value = vec![7; BYTES];
    let binary = BinaryArray::from(vec![value.as_slice(); ROWS]);
    let fixed = FixedSizeBinaryArray::try_from_iter(std::iter::repeat_n(&value, ROWS)).unwrap();
    for (name, bytes) in [("binary", parquet(ROWS, note(binary))), ("fixed", parquet(ROWS, note(fixed)))] {
        assert!(bytes.len() < 3 * BYTES, "{name}: {} bytes", bytes.len());
        let (cells, rows) = read("bytes.parquet", bytes).unwrap();
        assert_eq!(rows, ROWS, "{name}");
        assert!(cells / 3 * BYTES <= 32 << 20, "{name}: {} rows at once", cells / 3);
    }
    let too_large = FixedSizeBinaryArray::try_from_iter(std::iter::once(vec![7; 17 << 20])).unwrap();
    let error = read("row.parquet", parquet(1, note(too_large))).unwrap_err();
    assert_eq!(error.to_string(), "`row.parquet` row 1: a row must be at most 16 MiB, got more");
}

/// One row with a list of so many entries, all the same.
fn list(entry: &dyn arrow::array::Array, count: usize) -> ListArray {
    let entries = take(entry, &arrow::array::UInt32Array::from(vec![0; count]), None).unwrap();
    let column = Arc::new(Column::new("item", DataType::clone(entries.data_type()), true));
    ListArray::new(column, OffsetBuffer::from_lengths([count]), entries, None)
}

#[test]
fn lists_are_kept_as_they_were_declared_and_endless_ones_refused() {
    let short = list(&StringArray::from(vec!["rank"]), 3);
    let mut reader = open(Input::bytes("a.parquet", parquet(1, note(short.clone()))), ReadOptions::default()).unwrap();
    assert_eq!(**reader.next().unwrap().unwrap().batch.column_by_name("note").unwrap(), short);
    let numbers = list(&Int64Array::from(vec![7]), 10_000_000);
    let error = read("list.parquet", parquet(1, note(numbers))).unwrap_err();
    assert!(error.to_string().contains("the lists of a row group take 160000000 bytes"), "{error}");
    let texts = list(&StringArray::from(vec!["x".repeat(1 << 10)]), 100_000);
    let error = read("list.parquet", parquet(1, note(texts))).unwrap_err();
    assert_eq!(error.to_string(), "`list.parquet` row 1: a row must be at most 16 MiB, got more");
}

#[test]
fn a_table_of_contents_and_headers_of_pages_that_lie_are_refused() {
    let contents = vec![0; 33 << 20];
    let long = [b"PAR1", contents.as_slice(), &(33_u32 << 20).to_le_bytes(), b"PAR1"].concat();
    assert!(read("a.parquet", long).unwrap_err().to_string().contains("its table of contents takes 34603008 bytes"));
    let whole = parquet(3, Vec::new());
    // The first page's header begins right after the four letters; whatever is in its place is an error, never a crash.
    for byte in 4..60 {
        for value in [0x00, 0x15, 0x19, 0x1B, 0x1C, 0x7F, 0xFF] {
            let mut damaged = whole.clone();
            damaged[byte] = value;
            drop(read("a.parquet", damaged));
        }
    }
}

/// Texts of which each begins as the one before, as writers of the format's second version write them.
fn front_coded(rows: usize, of_each: usize, compression: Compression) -> Vec<u8> {
    let text = "x".repeat(of_each);
    let columns: [(&str, ArrayRef); 3] = [
        ("date", Arc::new(StringArray::from(vec!["2024-01"; rows]))),
        ("visits", Arc::new(Float64Array::from(vec![1_000.0; rows]))),
        ("note", Arc::new(StringArray::from_iter_values((0..rows).map(|row| format!("{text}{row}"))))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_column_encoding("note".into(), parquet::basic::Encoding::DELTA_BYTE_ARRAY)
        .set_compression(compression)
        .build();
    written(&batch, properties)
}

#[test]
fn texts_that_share_their_beginnings_are_read_and_too_many_are_refused() {
    let zstd = Compression::ZSTD(parquet::basic::ZstdLevel::default());
    assert_eq!(read("front.parquet", front_coded(20_000, 40, zstd)).unwrap().1, 20_000);
    let small = front_coded(3_000, 100_000, zstd);
    assert!(small.len() < 200 << 10, "{}", small.len());
    let error = read("front.parquet", small).unwrap_err();
    assert!(matches!(&error, ReadError::LargePieces { .. }) && error.to_string().contains("texts of a row group"), "{error}");
}

#[test]
fn lengths_that_a_page_does_not_have_are_refused_before_room_is_made_for_them() {
    // Without compression the header of the lengths stands in the file as it is: blocks of 128 in 4 parts, and 100 lengths.
    let bytes = front_coded(100, 40, Compression::UNCOMPRESSED);
    let head = [0x80, 0x01, 0x04, 100];
    let places: Vec<usize> = (0..bytes.len() - 4).filter(|place| bytes[*place..].starts_with(&head)).collect();
    assert_eq!(places.len(), 2, "those of what is shared and of what is not");
    for place in places {
        let mut more = bytes.clone();
        more[place + 3] = 101;
        let error = read("more.parquet", more).unwrap_err();
        assert!(matches!(&error, ReadError::Parquet { .. }), "{error}");
    }
}

/// A column of texts in one page of gzip, which takes some 200,000 bytes.
fn gzip(version: WriterVersion) -> Vec<u8> {
    let texts: Vec<String> = (0..2_000).map(|row| format!("{:0>100}", row % 7)).collect();
    let columns: [(&str, ArrayRef); 3] = [
        ("note", Arc::new(StringArray::from(texts))),
        ("date", Arc::new(StringArray::from(vec!["2024-01"; 2_000]))),
        ("visits", Arc::new(Float64Array::from(vec![Some(1_000.0); 2_000]))),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(columns.map(|(name, values)| (name, values, true))).unwrap();
    let codec = Compression::GZIP(GzipLevel::default());
    let properties = WriterProperties::builder().set_compression(codec).set_dictionary_enabled(false).set_writer_version(version);
    // The encoding of texts as differences has a bound of its own.
    written(&batch, properties.set_column_encoding("note".into(), Encoding::PLAIN).build())
}

/// A number of the compact protocol as it stands in a header: three bytes of it.
fn number(value: u32) -> [u8; 3] {
    let zigzag = value << 1;
    [(zigzag & 0x7F) as u8 | 0x80, (zigzag >> 7 & 0x7F) as u8 | 0x80, (zigzag >> 14) as u8]
}

#[rstest]
#[case(WriterVersion::PARQUET_1_0)]
#[case(WriterVersion::PARQUET_2_0)]
fn pages_of_gzip_are_read_and_take_no_more_than_they_announce(#[case] version: WriterVersion) {
    let whole = gzip(version);
    assert!(whole.len() < 20_000, "{} bytes", whole.len());
    assert_eq!(read("a.parquet", whole.clone()).unwrap().1, 2_000);
    // The header of the first page, behind the file's mark: its kind, then what it takes once it is decompressed.
    let place = 7;
    assert!(whole[4] == 0x15 && whole[6] == 0x15, "{:?}", &whole[4..12]);
    let found: [u8; 3] = whole[place..place + 3].try_into().unwrap();
    let value = (200_000..220_000).find(|value| number(*value) == found).expect("a page of some 200,000 bytes");
    for less in [20_000, value - 1] {
        let mut bomb = whole.clone();
        bomb[place..place + 3].copy_from_slice(&number(less));
        let error = read("a.parquet", bomb).unwrap_err().to_string();
        assert!(error.contains("the header of a page contradicts itself"), "{less}: {error}");
    }
}

#[rstest]
#[case(0x06, "lzo")]
#[case(0x08, "brotli")]
#[case(0x0A, "lz4")]
#[case(0x0E, "lz4")]
fn a_codec_that_is_not_read_is_named_with_the_way_out(#[case] code: u8, #[case] name: &str) {
    /// The path of the column `date` in the table of contents, and the number of its codec, which is zstd.
    const PATH: [u8; 9] = *b"\x19\x18\x04date\x15\x0C";
    let mut other = parquet(3, Vec::new());
    let place = other.windows(PATH.len()).position(|bytes| bytes == PATH).unwrap();
    other[place + PATH.len() - 1] = code;
    let error = read("a.parquet", other).unwrap_err();
    let expected = format!("`a.parquet` column `date` must be compressed with snappy, zstd or gzip, or not at all, got {name}");
    assert_eq!(error.to_string(), expected);
    assert_eq!(error.hint().as_deref(), Some("write it again with the compression `snappy`, `zstd` or `gzip`"));
}
