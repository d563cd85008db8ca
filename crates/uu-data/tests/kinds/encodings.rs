//! Files of other encodings and formats.

use rstest::rstest;
use uu_data::read::ReadNote;

use crate::formats::{read, table};

fn utf16(text: &[u8], with_mark: bool, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    let text = std::str::from_utf8(text).unwrap();
    let mark = with_mark.then_some(0xFEFF);
    mark.into_iter().chain(text.encode_utf16()).flat_map(bytes).collect()
}

#[rstest]
#[case(true, u16::to_le_bytes)]
#[case(true, u16::to_be_bytes)]
#[case(false, u16::to_le_bytes)]
#[case(false, u16::to_be_bytes)]
fn utf16_is_read_in_every_text_format(#[case] with_mark: bool, #[case] bytes: fn(u16) -> [u8; 2]) {
    let given = table("date|site|visits|note", &["2024-12|пример.рф|5|\u{1f600}"; 2]).in_every_format();
    for (name, text) in given.iter().filter(|(name, _)| !name.ends_with("parquet")) {
        let read = read(name, &utf16(text, with_mark, bytes)).unwrap();
        assert_eq!(read.sites(), [Some("xn--e1afmkfd.xn--p1ai"); 2], "{name}");
        assert!(read.columns.notes.contains(&ReadNote::Utf16), "{name}");
    }
}

#[rstest]
#[case("date,visits\n2024-12,5\0\0\0\0\0\0\n", "a binary file")]
#[case("<!DOCTYPE html><html><body>Please log in", "a web page (HTML)")]
fn what_is_foreign_in_utf8_is_so_in_utf16(#[case] text: &str, #[case] found: &str) {
    for bytes in [text.as_bytes().to_vec(), utf16(text.as_bytes(), true, u16::to_le_bytes), utf16(text.as_bytes(), true, u16::to_be_bytes)]
    {
        let error = read("a.csv", &bytes).err().unwrap();
        assert!(error.to_string().contains(found), "{error}");
    }
}

#[rstest]
#[case("a.csv", b"PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0[Content_Types].xml \xa2", "an Excel workbook (xlsx)", "save the sheet as CSV UTF-8")]
#[case("a.csv", b"PK\x03\x04\x14\0\0\0\x08\0sites.csv\0\0", "a zip archive", "unpack it")]
#[case("a.csv", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1\0\0\0\0", "(xls)", "CSV UTF-8")]
#[case("a.csv.bz2", b"BZh91AY&SY\0\0", "a bzip2 archive", "unpack it")]
#[case("a.json", b"\xFD7zXZ\0\0\x04", "an xz archive", "unpack it")]
#[case("a.feather", b"ARROW1\0\0\x10\0\0\0", "an Arrow or Feather file", "Parquet or CSV")]
#[case("a.orc", b"ORC\x11\0\0\x0a", "an ORC file", "Parquet or CSV")]
#[case("a.csv", b"ORC\n\x0c\n\x04\x08\x02\x12\0", "an ORC file", "Parquet or CSV")]
#[case("a.csv", b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n1 0 obj", "a PDF document", "export the table as CSV")]
#[case("a.ndjson", b"%PDF-1.4\n1 0 obj\n", "a PDF document", "export the table as CSV")]
#[case("a.csv", b"<!DOCTYPE html><html><body>Please log in", "a web page (HTML)", "login")]
#[case("a.csv", b"PAR1\x15\x04\x15\x10", "a Parquet file", "--format parquet")]
#[case("a.csv", b"\xFF\xFE\0\0d\0\0\0a\0\0\0", "UTF-32", "iconv")]
fn a_file_of_another_format_is_named_with_the_way_out(#[case] name: &str, #[case] bytes: &[u8], #[case] found: &str, #[case] hint: &str) {
    let error = read(name, bytes).err().unwrap();
    assert!(error.to_string().ends_with(found), "{error}");
    assert!(error.hint().unwrap().contains(hint), "{:?}", error.hint());
    assert!(error.to_string().chars().all(|letter| !letter.is_control()));
}

/// Text in an encoding of one byte a letter.
fn one_byte(text: &str, encoding: &'static encoding_rs::Encoding) -> Vec<u8> {
    encoding.encode(text).0.into_owned()
}

#[rstest]
#[case::west("date|site|visits|note", "2024-12|a.example|5|caf\u{e9}", encoding_rs::WINDOWS_1252)]
#[case::cyrillic("date|site|visits|note", "2024-12|a.example|5|привет", encoding_rs::WINDOWS_1251)]
#[case::in_the_header("дата|site|visits", "2024-12|a.example|5", encoding_rs::WINDOWS_1251)]
fn text_of_one_byte_a_letter_has_a_hint_at_its_encoding(
    #[case] header: &'static str,
    #[case] row: &str,
    #[case] encoding: &'static encoding_rs::Encoding,
) {
    let given = table(header, &[row]).in_every_format();
    for (name, text) in given.iter().filter(|(name, _)| !name.ends_with("parquet")) {
        let bytes = one_byte(std::str::from_utf8(text).unwrap(), encoding);
        let error = read(name, &bytes).err().unwrap();
        let hint = error.hint().unwrap_or_default();
        assert!(
            hint.contains("UTF-8") && hint.contains("iconv -f WINDOWS-1252") && !hint.contains("--skip-bad-rows"),
            "{name}: {error}: {hint}"
        );
    }
}

#[test]
fn letters_beyond_ascii_are_read_in_utf8() {
    for (name, bytes) in table("date|site|visits|note", &["2024-12|a.example|5|caf\u{e9} привет \u{fffd}"]).in_every_format() {
        assert_eq!(read(name, &bytes).unwrap().visits(), [Some(5.0)], "{name}");
    }
}
