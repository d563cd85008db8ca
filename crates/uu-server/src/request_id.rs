//! What a request is known by, to its sender, to proxies on its way and in the log.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use tracing::Span;

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

tokio::task_local! {
    /// The ids of the request that this task answers.
    static CURRENT: RequestIds;
}

/// The id of the request that this task answers, where it answers one.
pub(crate) fn current() -> Option<String> {
    CURRENT.try_with(|ids| ids.id().to_owned()).ok()
}

/// A span with the ids of the request that this task answers: the one it is in, else a new one.
pub(crate) fn span() -> Span {
    let entered = Span::current();
    if entered.is_none() { CURRENT.try_with(RequestIds::span).unwrap_or(entered) } else { entered }
}

/// Most bytes of an id that is taken from a request.
const MOST_BYTES: usize = 128;

/// Bytes of an id that is made: 32 digits and 4 dashes.
const MADE_BYTES: usize = 36;

/// The ids of a request: `X-Request-Id`, which every request has, and `traceparent`, where it came with a valid one.
#[derive(Clone, Debug)]
pub(crate) struct RequestIds {
    id: Id,
    trace: Option<HeaderValue>,
}

/// An id. One that is made becomes a header's value when the answer has it, and takes no memory of its own before.
#[derive(Clone, Debug)]
enum Id {
    Given(HeaderValue),
    Made([u8; MADE_BYTES]),
}

impl Id {
    fn as_str(&self) -> &str {
        match self {
            Self::Given(id) => id.to_str().unwrap_or_default(),
            Self::Made(id) => std::str::from_utf8(id).unwrap_or_default(),
        }
    }

    fn into_header(self) -> HeaderValue {
        match self {
            Self::Given(id) => id,
            Self::Made(id) => HeaderValue::from_bytes(&id).expect("digits and dashes are a header's value"),
        }
    }
}

impl RequestIds {
    /// Takes the id that a request came with if it is short printable ASCII, else makes one (UUID, version 7).
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let given = single(headers, &REQUEST_ID).filter(|id| is_short_and_printable(id.as_bytes()));
        let id = given.map_or_else(|| Id::Made(made()), |id| Id::Given(id.clone()));
        let trace = single(headers, &TRACEPARENT).filter(|value| is_traceparent(value.as_bytes())).cloned();
        Self { id, trace }
    }

    /// Answers the request that has the ids: [`current`] and [`span`] are its.
    pub(crate) fn within<F: Future>(self, answering: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, answering)
    }

    /// A span of the log that has the ids.
    pub(crate) fn span(&self) -> Span {
        // Of the highest level, so that errors have it whatever else is logged.
        tracing::error_span!("request", request_id = self.id(), traceparent = self.traceparent())
    }

    pub(crate) fn id(&self) -> &str {
        self.id.as_str()
    }

    pub(crate) fn traceparent(&self) -> Option<&str> {
        self.trace.as_ref().and_then(|trace| trace.to_str().ok())
    }

    /// Puts the ids on the answer.
    pub(crate) fn insert(self, headers: &mut HeaderMap) {
        headers.insert(&REQUEST_ID, self.id.into_header());
        if let Some(trace) = self.trace {
            headers.insert(&TRACEPARENT, trace);
        }
    }
}

/// The value of a header that is there once.
fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

fn is_short_and_printable(id: &[u8]) -> bool {
    (1..=MOST_BYTES).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic)
}

/// Whether it is a parent as W3C's Trace Context has it: version, trace, parent and flags in lower-case hexadecimal digits. Later versions may have
/// more behind a dash.
fn is_traceparent(value: &[u8]) -> bool {
    const BYTES: usize = 55;
    let Some((parent, rest)) = value.split_at_checked(BYTES) else { return false };
    let mut parts = parent.split(|byte| *byte == b'-');
    let (Some(version), Some(trace), Some(span), Some(flags), None) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let is_hex = |digits: &[u8]| digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    let is_named = |digits: &[u8]| digits.iter().any(|digit| *digit != b'0');
    let has_lengths = [version.len(), trace.len(), span.len(), flags.len()] == [2, 32, 16, 2];
    let ends = rest.is_empty() || (version != b"00" && rest[0] == b'-' && value.len() <= MOST_BYTES && value.is_ascii());
    has_lengths && [version, trace, span, flags].into_iter().all(is_hex) && version != b"ff" && is_named(trace) && is_named(span) && ends
}

/// A new id: nobody else's, and greater than those made before.
fn made() -> [u8; MADE_BYTES] {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    written(uuid_v7(since.as_millis(), fastrand::u128(..)))
}

/// A UUID in its usual form. Every request without an id of its own gets one, so it is written without the machinery of formatting.
fn written(id: u128) -> [u8; MADE_BYTES] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [b'-'; MADE_BYTES];
    let places = (0..MADE_BYTES).filter(|place| !matches!(place, 8 | 13 | 18 | 23));
    for (digit, place) in places.enumerate() {
        text[place] = DIGITS[(id >> (124 - 4 * digit)) as usize & 0xf];
    }
    text
}

/// A UUID of version 7: 48 bits of time, 74 random ones, and between them version and variant.
///
/// **Source**: RFC 9562, 5.7.
fn uuid_v7(unix_ms: u128, random: u128) -> u128 {
    const RANDOM: u128 = !(0xffff_ffff_ffff_f000_c000_0000_0000_0000);
    (unix_ms & 0xffff_ffff_ffff) << 80 | 7 << 76 | 2 << 62 | random & RANDOM
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("a", true)]
    #[case("Root=1-67891233-abcdef012345678912345678", true)]
    #[case("", false)]
    #[case("two words", false)]
    #[case("tab\tin", false)]
    #[case("a\u{e9}", false)]
    fn an_id_is_taken_if_it_is_short_printable_ascii(#[case] given: &str, #[case] is_taken: bool) {
        let headers = HeaderMap::from_iter([(REQUEST_ID.clone(), HeaderValue::from_bytes(given.as_bytes()).unwrap())]);
        assert_eq!(RequestIds::of(&headers).id.into_header() == given.as_bytes(), is_taken);
    }

    #[test]
    fn a_long_id_and_two_ids_are_replaced() {
        let long = "x".repeat(MOST_BYTES + 1);
        let mut headers = HeaderMap::from_iter([(REQUEST_ID.clone(), HeaderValue::from_str(&long).unwrap())]);
        assert_ne!(RequestIds::of(&headers).id.as_str(), long);
        headers.insert(&REQUEST_ID, HeaderValue::from_static("one"));
        headers.append(&REQUEST_ID, HeaderValue::from_static("two"));
        assert_eq!(RequestIds::of(&headers).id.as_str().len(), MADE_BYTES);
    }

    #[rstest]
    #[case("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true)]
    #[case("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", true)]
    #[case("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", false)]
    #[case("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false)]
    #[case("00-00000000000000000000000000000000-b7ad6b7169203331-01", false)]
    #[case("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false)]
    #[case("00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false)]
    #[case("00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333-011", false)]
    #[case("00-0af7651916cd43dd8448eb211c80319c", false)]
    fn a_traceparent_is_what_the_standard_says(#[case] value: &str, #[case] expected: bool) {
        assert_eq!(is_traceparent(value.as_bytes()), expected);
    }

    #[test]
    fn a_made_id_has_its_time_version_and_variant_and_is_no_other() {
        let id = uuid_v7(0x0123_4567_89ab, u128::MAX);
        assert_eq!(format!("{id:032x}"), "0123456789ab7fffbfffffffffffffff");
        assert_eq!(format!("{:032x}", uuid_v7(1, 0)), "00000000000170008000000000000000");
        assert_ne!(made(), made());
        assert_eq!(written(0x0123_4567_89ab_7fff_bfff_ffff_ffff_fffe), *b"01234567-89ab-7fff-bfff-fffffffffffe");
    }
    #[tokio::test]
    async fn whoever_answers_a_request_can_name_it() {
        assert_eq!(current(), None);
        let headers = HeaderMap::from_iter([(REQUEST_ID.clone(), HeaderValue::from_static("a-1"))]);
        assert_eq!(RequestIds::of(&headers).within(async { current() }).await.as_deref(), Some("a-1"));
        assert_eq!(current(), None);
    }
}
