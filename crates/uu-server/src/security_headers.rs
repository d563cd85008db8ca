//! Headers that keep browsers from doing with answers what they are not for.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::route::Route;

/// On every answer.
static EVERYWHERE: [(HeaderName, HeaderValue); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
];

/// Answers are data: nothing in them is run, loaded or framed.
static DATA: HeaderValue = HeaderValue::from_static("default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");

/// The page of the description runs its own scripts, sets styles in its elements, has pictures in its style sheet, and asks this server.
static PAGE: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

static NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Adds them to an answer; `has_token` where it is for whoever sent one, which no cache is to keep.
pub(crate) fn add(headers: &mut HeaderMap, route: Route, has_token: bool) {
    headers.reserve(EVERYWHERE.len() + 2);
    for (name, value) in &EVERYWHERE {
        headers.insert(name, value.clone());
    }
    let is_page =
        route == Route::Documentation && headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    headers.insert(header::CONTENT_SECURITY_POLICY, if is_page { PAGE.clone() } else { DATA.clone() });
    if has_token {
        headers.entry(header::CACHE_CONTROL).or_insert_with(|| NO_STORE.clone());
    }
}
