//! The formats, and how one is told from another.

use std::path::Path;

/// A format of files and streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Cells parted by commas (semicolons and tabs are read too), with a header.
    Csv,
    /// An array of records, or one object whose keys are dates.
    Json,
    /// One record a line.
    Ndjson,
    /// Apache Parquet.
    Parquet,
    /// The nested export: an array of sites, each with its quantities keyed by date. Read only.
    Nested,
}

impl Format {
    /// The format that a file name's extension means, below `.gz` or `.zst`.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let bare = [".gz", ".gzip", ".zst", ".zstd"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(&name);
        match Path::new(bare).extension()?.to_str()? {
            "csv" | "tsv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            "parquet" | "pq" => Some(Self::Parquet),
            _ => None,
        }
    }

    /// The format of bytes, given what their name says; `None` where there are no bytes.
    ///
    /// What is told by the content is trusted over the name only where the content is unmistakable.
    pub(crate) fn of_content(named: Option<Self>, head: &[u8]) -> Option<Self> {
        let text = head.strip_prefix(BOM).unwrap_or(head);
        let first = text.iter().find(|byte| !byte.is_ascii_whitespace())?;
        // Lines of comment belong to no format.
        let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        let first = lines.filter(|line| !is_comment(line)).find_map(<[u8]>::first).unwrap_or(first);
        let found = match (named, first) {
            (Some(named), _) => named,
            (None, _) if head.starts_with(b"PAR1") => Self::Parquet,
            (None, b'[') => Self::Json,
            (None, b'{') => Self::Ndjson,
            (None, _) => Self::Csv,
        };
        Some(found)
    }
}

/// Whether a line is a comment, as JSON has none.
pub(super) fn is_comment(line: &[u8]) -> bool {
    line.starts_with(b"#") || line.starts_with(b"//")
}

/// The mark that some programs put before UTF-8 text.
pub(crate) const BOM: &[u8] = b"\xEF\xBB\xBF";

impl std::fmt::Display for Format {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Parquet => "parquet",
            Self::Nested => "nested",
        })
    }
}
