//! Reads request bodies, within their bounds.

use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;

use crate::problem::{Kind, Problem, shortened};

/// What `curl -d` says of any body unless told otherwise.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// Reads a JSON body whole.
///
/// **Errors**: another media type, a content encoding, a body beyond `limit` bytes or cut short.
pub(crate) async fn read_json(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, Problem> {
    if let Some(found) = media_type(headers)
        && !is_json(&found)
    {
        let hint = if found == FORM { "; curl needs `-H 'Content-Type: application/json'` beside `-d`" } else { "" };
        let detail = format!("`application/json` is expected, got `{}`{hint}", shortened(&found));
        return Err(Problem::new(Kind::UnsupportedMediaType, detail));
    }
    refuse_encoding(headers)?;
    read_whole(body, limit).await
}

/// The media type without its parameters, in lower case.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().unwrap_or("(not a text)");
    Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

pub(crate) fn is_json(media_type: &str) -> bool {
    media_type == "application/json" || (media_type.starts_with("application/") && media_type.ends_with("+json"))
}

pub(crate) fn refuse_encoding(headers: &HeaderMap) -> Result<(), Problem> {
    if content_encodings(headers).is_empty() {
        return Ok(());
    }
    let detail = "a body without content encoding is expected; `/predict/batch` takes gzip and zstd";
    Err(Problem::new(Kind::UnsupportedMediaType, detail))
}

/// What was done to a body, in that order, in lower case: all of it, in whatever headers it stands.
pub(crate) fn content_encodings(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(header::CONTENT_ENCODING).iter();
    let values = values.map(|value| value.to_str().unwrap_or("(not a text)").to_ascii_lowercase());
    let encodings = values.flat_map(|value| value.split(',').map(|encoding| encoding.trim().to_owned()).collect::<Vec<_>>());
    encodings.filter(|encoding| !["", "identity"].contains(&encoding.as_str())).collect()
}

/// Reads a body whole; one that came in one piece is not copied.
pub(crate) async fn read_whole(mut body: Body, limit: usize) -> Result<Bytes, Problem> {
    let announced = body.size_hint().lower();
    if announced > limit as u64 {
        return Err(too_large(limit));
    }
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::new(Kind::MalformedBody, "the body ended early"))?;
        let Ok(data) = frame.into_data() else { continue };
        let length = first.len() + rest.len() + data.len();
        if length > limit {
            return Err(too_large(limit));
        }
        if first.is_empty() {
            first = data;
        } else {
            if rest.is_empty() {
                rest.reserve((announced as usize).saturating_sub(first.len()));
            }
            rest.extend_from_slice(&data);
        }
    }
    if rest.is_empty() {
        return Ok(first);
    }
    let mut whole = BytesMut::with_capacity(first.len() + rest.len());
    whole.extend_from_slice(&first);
    whole.extend_from_slice(&rest);
    Ok(whole.freeze())
}

fn too_large(limit: usize) -> Problem {
    Problem::new(Kind::TooLarge, format!("at most {limit} bytes are read; send many rows to `/predict/batch`"))
}

/// The body as text, without a mark of its encoding.
///
/// **Errors**: where it is not UTF-8.
pub(crate) fn read_text(bytes: &[u8]) -> Result<&str, Problem> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if let Some(encoding) = other_encoding(bytes) {
        return Err(Problem::new(Kind::MalformedBody, format!("the body is {encoding}, expected UTF-8; hint: {ICONV}")));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        Problem::new(Kind::MalformedBody, "the body is not UTF-8").at(line, column)
    })
}

const ICONV: &str = "convert it, for instance with `iconv -t UTF-8`; PowerShell writes UTF-8 with `-Encoding utf8`";

/// The encoding of two or four bytes a letter that a text is in, by its mark or by the zeros of its first letters.
fn other_encoding(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xFF, 0xFE, 0, 0, ..] | [1..=255, 0, 0, 0, ..] => Some("UTF-32 (little-endian)"),
        [0, 0, 0xFE, 0xFF, ..] | [0, 0, 0, 1..=255, ..] => Some("UTF-32 (big-endian)"),
        [0xFF, 0xFE, ..] | [1..=255, 0, ..] => Some("UTF-16 (little-endian)"),
        [0xFE, 0xFF, ..] | [0, 1..=255, ..] => Some("UTF-16 (big-endian)"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(b"\xFF\xFE{\0}\0", Some("UTF-16 (little-endian)"))]
    #[case(b"\xFE\xFF\0{\0}", Some("UTF-16 (big-endian)"))]
    #[case(b"{\0\"\0", Some("UTF-16 (little-endian)"))]
    #[case(b"\0{\0\"", Some("UTF-16 (big-endian)"))]
    #[case(b"\xFF\xFE\0\0{\0\0\0", Some("UTF-32 (little-endian)"))]
    #[case(b"\0\0\0{", Some("UTF-32 (big-endian)"))]
    #[case(b"{}", None)]
    #[case(b"{", None)]
    #[case(b"", None)]
    fn an_encoding_of_wide_letters_is_named(#[case] bytes: &[u8], #[case] expected: Option<&str>) {
        assert_eq!(other_encoding(bytes), expected);
    }

    #[test]
    fn a_mark_of_utf_8_is_passed_over() {
        assert_eq!(read_text(b"\xEF\xBB\xBF{}").ok(), Some("{}"));
    }
}
