//! Lists of names as the value of a header.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};

/// Most bytes of a header's value.
const MOST_BYTES: usize = 2 << 10;

/// What is not encoded in a name.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-').remove(b'.');

/// A name, which may be of the client's choice, as it may stand in a header.
pub(crate) fn encoded(name: &str) -> PercentEncode<'_> {
    utf8_percent_encode(name, PLAIN)
}

/// Sets the header to the entries that fit, where there are any.
pub(crate) fn insert(headers: &mut HeaderMap, header: HeaderName, entries: impl Iterator<Item = String>) {
    let mut list = String::new();
    for entry in entries {
        if list.len() + 2 + entry.len() > MOST_BYTES {
            break;
        }
        if !list.is_empty() {
            list.push_str(", ");
        }
        list.push_str(&entry);
    }
    if let (false, Ok(value)) = (list.is_empty(), HeaderValue::from_str(&list)) {
        headers.insert(header, value);
    }
}
