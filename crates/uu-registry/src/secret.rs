//! Values that must not be shown.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize, Serializer};

use crate::objects::URL_OPTIONS;

/// What stands for a secret wherever it would be shown.
const REDACTED: &str = "[redacted]";

/// The same for a URL's fragment, which no setting has a use for.
const FRAGMENT: &str = "#[redacted]";

/// A text that no log, error or listing shows: a database's URL with its password, an access token.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text from being shown.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that uses it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self::new(text))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(REDACTED)
    }
}

/// Settings are printed, so a secret in them is written as its stand-in.
impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(REDACTED)
    }
}

/// A setting's text as it may be shown: where it is a URL, without its user and password, and without the values of options other than
/// those that the product knows; an address as the value of one of these likewise.
///
/// What is no URL, and looks like none, stays as it is.
#[must_use]
pub fn without_secrets(text: &str) -> Cow<'_, str> {
    let (scheme, rest) = match text.find("://") {
        Some(at) => text.split_at(at + 3),
        None => ("", text),
    };
    let (user, rest) = split_user(scheme, rest);
    let (rest, fragment) = rest.split_once('#').filter(|_| !scheme.is_empty()).map_or((rest, ""), |(rest, _)| (rest, FRAGMENT));
    let (place, options) = rest.split_once('?').map_or((rest, None), |(place, options)| (place, Some(options)));
    let shown_options = options.map(|options| options.split('&').map(shown_option).collect::<Vec<_>>());
    let is_open = user.is_empty() && fragment.is_empty() && shown_options.iter().flatten().all(|option| matches!(option, Cow::Borrowed(_)));
    if is_open {
        return Cow::Borrowed(text);
    }
    let user = if user.is_empty() { String::new() } else { format!("{REDACTED}@") };
    let options = shown_options.map(|options| format!("?{}", options.join("&"))).unwrap_or_default();
    Cow::Owned(format!("{scheme}{user}{place}{options}{fragment}"))
}

/// The user and password of a URL without its scheme, and what comes after them. They may hold characters that should have been encoded:
/// what comes before them must then look like no host.
fn split_user<'t>(scheme: &str, rest: &'t str) -> (&'t str, &'t str) {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if let (Some(at), false) = (authority.rfind('@'), scheme.is_empty()) {
        return (&rest[..at], &rest[at + 1..]);
    }
    let may_be_host = match authority.rsplit_once(':') {
        Some((_, port)) => !scheme.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit()),
        None => true,
    };
    match rest.rfind('@') {
        Some(at) if !may_be_host => (&rest[..at], &rest[at + 1..]),
        _ => ("", rest),
    }
}

/// An option of a URL's query.
fn shown_option(option: &str) -> Cow<'_, str> {
    let Some((name, value)) = option.split_once('=') else {
        return if option.is_empty() || URL_OPTIONS.contains(&option) { Cow::Borrowed(option) } else { Cow::Owned(REDACTED.to_owned()) };
    };
    if !URL_OPTIONS.contains(&name) {
        return Cow::Owned(format!("{name}={REDACTED}"));
    }
    let decoded = percent_decode_str(value).decode_utf8_lossy();
    match without_secrets(&decoded) {
        Cow::Borrowed(_) => Cow::Borrowed(option),
        Cow::Owned(shown) => Cow::Owned(format!("{name}={shown}")),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("s3://bucket/prefix?region=eu-west-1&allow_http=true", "s3://bucket/prefix?region=eu-west-1&allow_http=true")]
    #[case("s3://bucket/a@b?endpoint=http://127.0.0.1:9000", "s3://bucket/a@b?endpoint=http://127.0.0.1:9000")]
    #[case("https://example.com:8443", "https://example.com:8443")]
    #[case("./uu-store", "./uu-store")]
    #[case("info,uu_server=debug", "info,uu_server=debug")]
    #[case("127.0.0.1:5000", "127.0.0.1:5000")]
    #[case("s3://ann:hunter2@bucket/prefix", "s3://[redacted]@bucket/prefix")]
    #[case("s3://ann:hun/ter2@bucket/prefix", "s3://[redacted]@bucket/prefix")]
    #[case("s3://ann:hunter2?@bucket", "s3://[redacted]@bucket")]
    #[case("s3://hunter2@bucket", "s3://[redacted]@bucket")]
    #[case("ann:hunter2@bucket/prefix", "[redacted]@bucket/prefix")]
    #[case("s3:/ann:hunter2@bucket", "[redacted]@bucket")]
    #[case("s3://bucket?secret_access_key=hunter2&region=x", "s3://bucket?secret_access_key=[redacted]&region=x")]
    #[case("s3://bucket?Secret%5Faccess_key=hunter2", "s3://bucket?Secret%5Faccess_key=[redacted]")]
    #[case("s3://bucket?hunter2", "s3://bucket?[redacted]")]
    #[case("s3://bucket?endpoint=http://ann:hunter2@host:9000", "s3://bucket?endpoint=http://[redacted]@host:9000")]
    #[case("s3://bucket?endpoint=http%3A%2F%2Fann%3Ahunter2%40host", "s3://bucket?endpoint=http://[redacted]@host")]
    #[case("s3://bucket#hunter2", "s3://bucket#[redacted]")]
    #[case("s3://bucket?region=x#hunter2", "s3://bucket?region=x#[redacted]")]
    fn a_url_is_shown_without_what_may_be_secret(#[case] url: &str, #[case] shown: &str) {
        assert_eq!(without_secrets(url), shown);
    }

    #[test]
    fn a_secret_is_not_shown() {
        let secret = Secret::new("postgres://uu:hunter2@db/uu");
        assert!(!format!("{secret:?} {}", serde_json::to_string(&secret).unwrap()).contains("hunter2"));
        assert_eq!(secret.expose(), "postgres://uu:hunter2@db/uu");
    }
}
