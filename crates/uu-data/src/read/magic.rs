//! Files of formats that are not read, told by their first bytes.

use super::Format;

/// A format that is not read, and the way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Foreign {
    /// What it is, with its article.
    pub(super) name: &'static str,
    /// What to do.
    pub(super) hint: &'static str,
}

const AS_CSV: &str = "open it in a spreadsheet program and save the sheet as CSV UTF-8";
const UNPACK: &str = "unpack it first; gzip and zstd are read as they are";
const AS_PARQUET: &str = "write it as Parquet or CSV";

const MAGIC: [(&[u8], Foreign); 18] = [
    (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", Foreign { name: "a spreadsheet of Excel 97 to 2003 (xls)", hint: AS_CSV }),
    (b"BZh", Foreign { name: "a bzip2 archive", hint: UNPACK }),
    (b"\xFD7zXZ\0", Foreign { name: "an xz archive", hint: UNPACK }),
    (b"7z\xBC\xAF\x27\x1C", Foreign { name: "a 7-Zip archive", hint: UNPACK }),
    (b"Rar!\x1A\x07", Foreign { name: "a RAR archive", hint: UNPACK }),
    (b"\x04\x22\x4D\x18", Foreign { name: "an LZ4 archive", hint: UNPACK }),
    (b"ARROW1", Foreign { name: "an Arrow or Feather file", hint: AS_PARQUET }),
    (b"FEA1", Foreign { name: "a Feather file", hint: AS_PARQUET }),
    (b"ORC", Foreign { name: "an ORC file", hint: AS_PARQUET }),
    (b"Obj\x01", Foreign { name: "an Avro file", hint: AS_PARQUET }),
    (b"\x89HDF\r\n\x1A\n", Foreign { name: "an HDF5 file", hint: AS_PARQUET }),
    (b"SQLite format 3\0", Foreign { name: "an SQLite database", hint: "export the table as CSV" }),
    (b"\x93NUMPY", Foreign { name: "a NumPy array", hint: AS_PARQUET }),
    (b"%PDF-", Foreign { name: "a PDF document", hint: "export the table as CSV" }),
    (b"\x80\x04\x95", Foreign { name: "a Python pickle", hint: AS_PARQUET }),
    (b"{\\rtf", Foreign { name: "an RTF document", hint: "export the table as CSV" }),
    (b"PARE", Foreign { name: "an encrypted Parquet file", hint: AS_PARQUET }),
    (b"RDX", Foreign { name: "an R data file", hint: AS_PARQUET }),
];

/// What the first bytes say a file is, where that is none of the formats that are read; `expected` is what its name or its sender says.
pub(super) fn foreign(expected: Option<Format>, head: &[u8]) -> Option<Foreign> {
    if head.starts_with(b"PK\x03\x04") {
        return Some(archive(head));
    }
    if head.starts_with(b"PAR1") {
        let is_other = expected.is_some_and(|format| format != Format::Parquet);
        return is_other.then_some(Foreign {
            name: "a Parquet file",
            hint: "name its format: `--format parquet`, or the media type `application/vnd.apache.parquet`",
        });
    }
    let known = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, foreign)| *foreign);
    known.filter(|_| !is_header(head)).or_else(|| markup(head)).or_else(|| binary(expected, head))
}

/// A header may begin like an archive: `ORCID,date,visits`. It is a line of several cells, with nothing but text below it.
fn is_header(head: &[u8]) -> bool {
    const LOOKED_AT: usize = 512;
    let is_text = |byte: &u8| !byte.is_ascii_control() || matches!(byte, b'\r' | b'\n' | b'\t');
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    head.first().is_some_and(u8::is_ascii_alphabetic)
        && line.len() < head.len()
        && line.iter().any(|byte| matches!(byte, b',' | b';' | b'\t' | b'|'))
        && std::str::from_utf8(line).is_ok()
        && head.iter().take(LOOKED_AT).all(is_text)
}

/// A zip archive, which a workbook is too.
fn archive(head: &[u8]) -> Foreign {
    let holds = |name: &[u8]| head.windows(name.len()).any(|bytes| bytes == name);
    if holds(b"[Content_Types].xml") || holds(b"xl/") || holds(b"_rels/") {
        return Foreign { name: "an Excel workbook (xlsx)", hint: AS_CSV };
    }
    if holds(b"opendocument.spreadsheet") {
        return Foreign { name: "an OpenDocument spreadsheet (ods)", hint: AS_CSV };
    }
    Foreign { name: "a zip archive", hint: UNPACK }
}

fn markup(head: &[u8]) -> Option<Foreign> {
    let text = head.strip_prefix(super::format::BOM).unwrap_or(head).trim_ascii_start();
    let begins = |tag: &[u8]| text.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag));
    if [&b"<!doctype html"[..], b"<html", b"<table", b"<head", b"<body", b"<!--"].into_iter().any(begins) {
        return Some(Foreign {
            name: "a web page (HTML)",
            hint: "the download may have ended at a login or error page; export the table as CSV",
        });
    }
    begins(b"<?xml").then_some(Foreign { name: "an XML document", hint: "export the table as CSV or JSON" })
}

/// Zero bytes stand in no text.
fn binary(expected: Option<Format>, head: &[u8]) -> Option<Foreign> {
    const LOOKED_AT: usize = 512;
    let is_binary = expected != Some(Format::Parquet) && head.iter().take(LOOKED_AT).filter(|byte| **byte == 0).count() > 4;
    is_binary
        .then_some(Foreign { name: "a binary file", hint: "files are CSV, JSON, NDJSON or Parquet, also compressed with gzip or zstd" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(b"PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0[Content_Types].xml", "an Excel workbook (xlsx)")]
    #[case(b"PK\x03\x04\x14\0\0\0\0\0mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "an OpenDocument spreadsheet (ods)")]
    #[case(b"PK\x03\x04\x14\0\0\0\0\0sites.csv", "a zip archive")]
    #[case(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1\0\0", "a spreadsheet of Excel 97 to 2003 (xls)")]
    #[case(b"BZh91AY&SY\x01\x02", "a bzip2 archive")]
    #[case(b"ARROW1\0\0\xFF\xFF", "an Arrow or Feather file")]
    #[case(b"ORC\x08\x03\x10", "an ORC file")]
    #[case(b"ORC\n\x0c\n\x04\x08\x02\x12\0", "an ORC file")]
    #[case(b"ORC,\n\x04\x08\x02", "an ORC file")]
    #[case(b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n1 0 obj", "a PDF document")]
    #[case(b"%PDF-1.4, made by hand\n1 0 obj\n", "a PDF document")]
    #[case(b"{\\rtf1\\ansi{\\fonttbl{\\f0 Times;}}\nText\n", "an RTF document")]
    #[case(b"RDX3\nX\n\0\0\0\x03", "an R data file")]
    #[case(b"\xEF\xBB\xBF\n<!DOCTYPE HTML><html>", "a web page (HTML)")]
    #[case(b"<?xml version=\"1.0\"?>", "an XML document")]
    #[case(b"PAR1\x15\x04", "a Parquet file")]
    #[case(b"\x01\0\0\0\0\0\0\0\x02", "a binary file")]
    fn other_formats_are_named(#[case] head: &[u8], #[case] name: &str) {
        assert_eq!(foreign(Some(Format::Csv), head).map(|foreign| foreign.name), Some(name));
    }

    #[rstest]
    #[case(Some(Format::Parquet), b"PAR1\x15\x04\0\0\0\0\0\0\0")]
    #[case(None, b"PAR1\x15\x04")]
    #[case(Some(Format::Csv), b"ORCID,date,visits\n")]
    #[case(Some(Format::Csv), b"BZh\tdate\tvisits\nx\t2024-12\t5\n")]
    #[case(Some(Format::Csv), b"date,visits\n2024-12,5\n")]
    #[case(Some(Format::Json), b"[{\"date\": \"2024-12\"}]")]
    #[case(None, b"")]
    fn what_is_read_is_not_foreign(#[case] expected: Option<Format>, #[case] head: &[u8]) {
        assert_eq!(foreign(expected, head), None);
    }
}
