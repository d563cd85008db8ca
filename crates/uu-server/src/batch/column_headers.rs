//! How the columns of a batch were used, as headers of its answer.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use uu_service::batch::ColumnUse;

const UNUSED: HeaderName = HeaderName::from_static("unused-columns");
const ABSENT: HeaderName = HeaderName::from_static("absent-inputs");

/// Most bytes of a header's value.
const MOST_BYTES: usize = 2 << 10;

/// What is not encoded in the name of a column.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-').remove(b'.');

/// Adds the headers; where every column is used there is nothing to say.
pub(super) fn insert(headers: &mut HeaderMap, columns: &ColumnUse) {
    if columns.unused.is_empty() {
        return;
    }
    let near = |name: &String| columns.near.iter().find(|(near, _)| near == name);
    // Those that may have been meant come first.
    let mut unused: Vec<&String> = columns.unused.iter().collect();
    unused.sort_by_key(|name| near(name).is_none());
    let unused = unused.into_iter().map(|name| match near(name) {
        Some((_, field)) => format!("{};near={}", utf8_percent_encode(name, PLAIN), field.column()),
        None => utf8_percent_encode(name, PLAIN).to_string(),
    });
    add(headers, UNUSED, unused);
    add(headers, ABSENT, columns.absent.iter().map(|field| field.column().to_owned()));
}

/// Adds the names that fit.
fn add(headers: &mut HeaderMap, header: HeaderName, names: impl Iterator<Item = String>) {
    let mut list = String::new();
    for name in names {
        if list.len() + 2 + name.len() > MOST_BYTES {
            break;
        }
        if !list.is_empty() {
            list.push_str(", ");
        }
        list.push_str(&name);
    }
    if let (false, Ok(value)) = (list.is_empty(), HeaderValue::from_str(&list)) {
        headers.insert(header, value);
    }
}
