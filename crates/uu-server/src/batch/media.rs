//! Which formats a batch comes and goes in, as its headers say.

use axum::http::{HeaderMap, header};
use uu_data::read::Format;

use crate::body::{FORM, content_encodings, media_type};
use crate::limits::Limits;
use crate::problem::{Kind, Problem, shortened};

/// Media types by format; the first of a format is the one it is answered with.
const TYPES: [(&str, Format); 13] = [
    ("text/csv", Format::Csv),
    ("application/csv", Format::Csv),
    ("text/tab-separated-values", Format::Csv),
    ("application/x-ndjson", Format::Ndjson),
    ("application/ndjson", Format::Ndjson),
    ("application/jsonl", Format::Ndjson),
    ("application/x-jsonlines", Format::Ndjson),
    ("application/json-seq", Format::Ndjson),
    ("application/json", Format::Json),
    ("text/json", Format::Json),
    ("application/vnd.apache.parquet", Format::Parquet),
    ("application/x-parquet", Format::Parquet),
    ("application/parquet", Format::Parquet),
];

/// What came and what is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Media {
    pub(super) given: Format,
    pub(super) wanted: Format,
}

impl Media {
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let given = given(headers)?;
        // How it is compressed its reader sees by the first bytes.
        check_encoding(headers)?;
        Ok(Self { given, wanted: wanted(headers, given)? })
    }

    /// Most bytes of such a body, before and after decompression.
    pub(super) fn most_bytes(self, limits: &Limits) -> u64 {
        if self.given == Format::Parquet { limits.batch_spool_bytes } else { limits.batch_body_bytes }
    }
}

/// The media type a format is answered with.
pub(super) fn name(format: Format) -> &'static str {
    TYPES.iter().find(|(_, typed)| *typed == format).map_or("application/json", |(name, _)| name)
}

pub(crate) fn given(headers: &HeaderMap) -> Result<Format, Problem> {
    let found = media_type(headers);
    let format = found.as_deref().and_then(|found| TYPES.iter().find(|(name, _)| *name == found)).map(|(_, format)| *format);
    format.ok_or_else(|| {
        // What curl says of any body unless told otherwise, and what says nothing.
        let is_default = found.as_deref().is_none_or(|found| found == FORM || found == "application/octet-stream");
        let hint = if is_default { "; curl needs `-H 'Content-Type: text/csv'` and `--data-binary @rows.csv`" } else { "" };
        let found = found.map_or_else(|| "none".to_owned(), |found| format!("`{}`", shortened(&found)));
        let expected = "`text/csv`, `application/x-ndjson`, `application/json` or `application/vnd.apache.parquet`";
        Problem::new(Kind::UnsupportedMediaType, format!("{expected} is expected, got {found}{hint}"))
    })
}

fn wanted(headers: &HeaderMap, given: Format) -> Result<Format, Problem> {
    let mut ranges = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(Range::of)
        .filter(|range| range.quality > 0.0)
        .collect::<Vec<_>>();
    if !headers.contains_key(header::ACCEPT) {
        return Ok(given);
    }
    ranges.sort_by(|a, b| b.quality.total_cmp(&a.quality));
    ranges.iter().find_map(|range| range.format(given)).ok_or_else(|| {
        Problem::new(
            Kind::NotAcceptable,
            "the answer can be `text/csv`, `application/x-ndjson`, `application/json` or `application/vnd.apache.parquet`",
        )
    })
}

/// One entry of an `Accept` header.
struct Range {
    name: String,
    quality: f64,
}

impl Range {
    fn of(text: &str) -> Self {
        let mut parts = text.split(';');
        let name = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let quality = parts.find_map(|part| part.trim().strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
        Self { name, quality }
    }

    /// The format the entry allows; of several, the one that was given.
    fn format(&self, given: Format) -> Option<Format> {
        let allows = |name: &str| match self.name.strip_suffix('*') {
            Some("*/") => true,
            Some(kind) => kind.ends_with('/') && name.starts_with(kind),
            None => self.name == name,
        };
        if TYPES.iter().any(|(name, format)| *format == given && allows(name)) {
            return Some(given);
        }
        TYPES.iter().find(|(name, _)| allows(name)).map(|(_, format)| *format)
    }
}

/// Whether a body is compressed in a way that is read.
///
/// **Errors**: in another way, or in several.
pub(crate) fn check_encoding(headers: &HeaderMap) -> Result<(), Problem> {
    let found = content_encodings(headers);
    match found.iter().map(String::as_str).collect::<Vec<&str>>().as_slice() {
        [] | ["gzip" | "x-gzip" | "zstd"] => Ok(()),
        _ => {
            let found = shortened(&found.join(", "));
            let detail = format!("one of the content encodings `gzip`, `zstd` and `identity` is read, got `{found}`");
            Err(Problem::new(Kind::UnsupportedMediaType, detail))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(&[], true)]
    #[case(&["gzip"], true)]
    #[case(&["X-GZip"], true)]
    #[case(&["identity, zstd"], true)]
    #[case(&["identity", ""], true)]
    #[case(&["gzip", "br"], false)]
    #[case(&["identity", "br"], false)]
    #[case(&["gzip, gzip"], false)]
    #[case(&["gzip", "gzip"], false)]
    fn every_content_encoding_counts(#[case] given: &[&str], #[case] is_read: bool) {
        let mut headers = HeaderMap::new();
        given.iter().for_each(|value| {
            headers.append(header::CONTENT_ENCODING, value.parse().unwrap());
        });
        assert_eq!(check_encoding(&headers).is_ok(), is_read);
    }

    #[rstest]
    #[case("*/*", Some(Format::Csv))]
    #[case("text/csv", Some(Format::Csv))]
    #[case("text/*", Some(Format::Csv))]
    #[case("application/json", Some(Format::Json))]
    #[case("application/*", Some(Format::Csv))]
    #[case("image/png, application/x-ndjson;q=0.5, application/json;q=0.8", Some(Format::Json))]
    #[case("text/html, */*;q=0.1", Some(Format::Csv))]
    #[case("image/png", None)]
    #[case("text/csv;q=0", None)]
    fn the_best_accepted_format_is_taken(#[case] accept: &str, #[case] expected: Option<Format>) {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, accept.parse().unwrap());
        assert_eq!(wanted(&headers, Format::Csv).ok(), expected);
    }
}
