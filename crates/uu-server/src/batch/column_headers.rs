//! How the columns of a batch were used, as headers of its answer.

use axum::http::{HeaderMap, HeaderName};
use uu_data::read::ColumnUse;

use crate::header_list::{self, encoded};

const UNUSED: HeaderName = HeaderName::from_static("unused-columns");
const ABSENT: HeaderName = HeaderName::from_static("absent-inputs");
const NOTES: HeaderName = HeaderName::from_static("notes");

/// Adds the headers; where every column is used and nothing was noticed there are none.
pub(super) fn insert(headers: &mut HeaderMap, columns: &ColumnUse) {
    header_list::insert(headers, NOTES, columns.notes.iter().map(|note| note.code().to_owned()));
    if columns.unused.is_empty() {
        return;
    }
    let near = |name: &String| columns.near.iter().find(|(near, _)| near == name);
    // Those that may have been meant come first.
    let mut unused: Vec<&String> = columns.unused.iter().collect();
    unused.sort_by_key(|name| near(name).is_none());
    let unused = unused.into_iter().map(|name| match near(name) {
        Some((_, field)) => format!("{};near={}", encoded(name), field.column()),
        None => encoded(name).to_string(),
    });
    header_list::insert(headers, UNUSED, unused);
    header_list::insert(headers, ABSENT, columns.absent.iter().map(|field| field.column().to_owned()));
}
