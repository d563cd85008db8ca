//! One form for the name of a site, whatever form it came in.

use std::borrow::Cow;

use crate::date_hint::digits;
use crate::names::trimmed;

/// What a text in the place of a site's name is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SiteName {
    /// A host, and the path below it that belongs to its name, in the one form.
    Host(Box<str>),
    /// The sum of the other rows.
    Total,
    /// No host, and a name all the same: a title, an identifier, a name without a dot. It has one form too.
    Name(Box<str>),
    /// Something else: an address, also a mail address, or what is spelled as no host can be.
    NotAHost,
    /// A text that no name can be: control characters within it.
    Malformed,
}

/// What exports call the row that sums up the others, in lower case.
const TOTALS: [&str; 39] = [
    "total",
    "totals",
    "grand total",
    "sub total",
    "subtotal",
    "sum",
    "overall",
    "all",
    "all sites",
    "all domains",
    "all websites",
    "all hostnames",
    "other",
    "others",
    "(other)",
    "(all)",
    "average",
    "mean",
    "median",
    "итого",
    "всего",
    "итог",
    "общий итог",
    "итого и средние",
    "прочее",
    "остальные",
    "summe",
    "gesamt",
    "gesamtsumme",
    "insgesamt",
    "totale",
    "totaal",
    "gesamtergebnis",
    "total général",
    "total general",
    "suma",
    "razem",
    "合計",
    "总计",
];

/// Most bytes of a host name and of one label of it.
///
/// **Source**: RFC 1035, section 2.3.4.
const MAX_HOST_BYTES: usize = 253;
const MAX_LABEL_BYTES: usize = 63;

/// Brings the name of a site into its one form: no scheme, user, port, query, fragment or `www.`, lower case, IDNA; a path other than `/`
/// stays, in its own case, with `/` for each `\`.
pub(crate) fn canonical(text: &str) -> SiteName {
    let text = trimmed(text);
    // Most names are in the one form already, which is found out at a glance.
    if is_host(text) && !text.starts_with("www.") && !has_punycode(text) {
        return SiteName::Host(text.into());
    }
    if is_total(text) {
        return SiteName::Total;
    }
    if text.is_empty() || text.chars().any(char::is_control) {
        return SiteName::Malformed;
    }
    match host_and_path(text) {
        Some(site) => SiteName::Host(site),
        None => name(text).map_or(SiteName::NotAHost, SiteName::Name),
    }
}

/// A host with its path in the one form; `None` where there is no host.
fn host_and_path(text: &str) -> Option<Box<str>> {
    if is_mail_address(text) {
        return None;
    }
    // Browsers take the one for the other.
    let text = if text.contains('\\') { Cow::Owned(text.replace('\\', "/")) } else { Cow::Borrowed(text) };
    let text = without_scheme(&text)?;
    let name = &text[..text.find(['?', '#']).unwrap_or(text.len())];
    if name.contains(char::is_whitespace) {
        return None;
    }
    let (authority, path) = name.split_at(name.find('/').unwrap_or(name.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = without_port(host).and_then(in_ascii)?;
    let host = without_www(&host);
    is_host(host).then(|| [host, path.trim_end_matches('/')].concat().into_boxed_str())
}

/// The one form of a name that is no host: in lower case, with single blanks, and without the `.0` of a number that a frame made of an identifier.
/// `None` for what is spelled as addresses are, which may name a host in a form that is none.
fn name(text: &str) -> Option<Box<str>> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let whole = |word: &str| word.strip_suffix(".0").filter(|whole| digits(whole)).map(str::to_owned);
    let name = match words[..] {
        [word] => whole(word).or_else(|| (!word.contains(['.', '@', ':'])).then(|| word.to_lowercase()))?,
        _ => words.join(" ").to_lowercase(),
    };
    Some(name.into_boxed_str())
}

/// The host of a site in its one form: what stands before its path; `None` where the site has a name that is no host.
#[must_use]
pub fn host_of_site(site: &str) -> Option<&str> {
    let host = site.split_once('/').map_or(site, |(host, _)| host);
    (is_host(host) && !site[host.len()..].contains(char::is_whitespace)).then_some(host)
}

/// Whether a text is what spreadsheets call a row that sums up others.
pub(crate) fn is_total(text: &str) -> bool {
    // Longer than any of them in any case.
    const MOST_BYTES: usize = 40;
    let text = text.trim_end_matches([':', '.']);
    text.len() <= MOST_BYTES && !text.contains('.') && {
        let words: Vec<&str> = text.split_whitespace().collect();
        let text = words.join(" ").to_lowercase();
        TOTALS.contains(&text.as_str())
    }
}

/// Schemes of addresses that name a host; `android-app://com.example.de` names an app.
const SCHEMES: [&str; 8] = ["http", "https", "ftp", "ftps", "sftp", "ws", "wss", "feed"];

/// Cuts `https://`, `//` and the `sc-domain:` of a search console's property; `None` where another scheme says that no host follows.
fn without_scheme(text: &str) -> Option<&str> {
    if let Some((scheme, rest)) = text.split_once("://")
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '-' | '.'))
    {
        return SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme)).then_some(rest);
    }
    Some(text.strip_prefix("//").or_else(|| text.strip_prefix("sc-domain:")).unwrap_or(text))
}

/// Whether it is a mail address, `info@example.com`, and no host with a user before it: beside such a user stands a scheme, a password, a port or a
/// path.
fn is_mail_address(text: &str) -> bool {
    const SCHEME: &str = "mailto:";
    text.get(..SCHEME.len()).is_some_and(|start| start.eq_ignore_ascii_case(SCHEME))
        || (text.contains('@') && !text.contains([':', '/', '\\']))
}

/// The host without its port; `None` for an IPv6 address, and where what follows the colon is no port.
fn without_port(host: &str) -> Option<&str> {
    match host.split_once(':') {
        None => Some(host),
        Some((host, port)) => port.bytes().all(|byte| byte.is_ascii_digit()).then_some(host),
    }
}

/// The host in lower case and ASCII; `None` where it has no such form.
fn in_ascii(host: &str) -> Option<Cow<'_, str>> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'_');
    let host = host.trim_end_matches('.');
    if host.bytes().all(is_plain) && !has_punycode(host) {
        return Some(Cow::Borrowed(host));
    }
    let lower = host.to_lowercase();
    if lower.bytes().all(is_plain) && !has_punycode(&lower) {
        return Some(Cow::Owned(lower));
    }
    match idna::domain_to_ascii_cow(host.as_bytes(), idna::AsciiDenyList::URL) {
        Ok(ascii) => Some(Cow::Owned(ascii.trim_end_matches('.').to_owned())),
        // A registered name may break a rule that is newer than it.
        Err(_) => lower.is_ascii().then_some(Cow::Owned(lower)),
    }
}

/// Cuts `www.`, unless only a suffix would be left.
fn without_www(mut host: &str) -> &str {
    while let Some(rest) = host.strip_prefix("www.").filter(|rest| rest.contains('.')) {
        host = rest;
    }
    host
}

/// Whether a label may have letters beyond ASCII, written in ASCII.
fn has_punycode(host: &str) -> bool {
    host.as_bytes().windows(4).any(|bytes| bytes == b"xn--")
}

/// Whether a text is labels of lower-case letters, digits, `-` and `_`, two or more, none of which begins or ends with `-`.
///
/// **Source**: RFC 1123, section 2.1, and `_`, which the names of some sites have all the same.
fn is_host(host: &str) -> bool {
    if host.len() > MAX_HOST_BYTES {
        return false;
    }
    let (mut labels, mut length, mut is_number, mut before) = (0, 0, true, b'.');
    for byte in host.bytes() {
        match byte {
            b'.' if (1..=MAX_LABEL_BYTES).contains(&length) && before != b'-' => (labels, length, is_number) = (labels + 1, 0, true),
            b'-' if length == 0 => return false,
            b'a'..=b'z' | b'-' | b'_' => (length, is_number) = (length + 1, false),
            b'0'..=b'9' => length += 1,
            _ => return false,
        }
        before = byte;
    }
    // A last label of digits alone is that of an address: 192.168.0.1.
    labels > 0 && (1..=MAX_LABEL_BYTES).contains(&length) && before != b'-' && !is_number
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("example.com")]
    #[case("EXAMPLE.com.")]
    #[case("www.example.com")]
    #[case("WWW.Example.Com")]
    #[case("https://example.com/")]
    #[case("http://www.example.com:8080/?q=a#top")]
    #[case("//example.com")]
    #[case("user:secret@example.com")]
    #[case("ftp://user@example.com:21/")]
    #[case("example.com?next=http://other.example/a")]
    #[case("example.com#a")]
    #[case("sc-domain:example.com")]
    #[case("example.com:")]
    #[case("user@example.com:443")]
    #[case("https://user@example.com")]
    #[case("https://example.com/?q=my shop")]
    #[case("HTTPS://example.com\\")]
    #[case("https:\\\\example.com\\")]
    fn every_form_of_a_name_is_one_site(#[case] text: &str) {
        assert_eq!(canonical(text), SiteName::Host("example.com".into()), "{text}");
    }

    #[rstest]
    #[case("пример.рф", "xn--e1afmkfd.xn--p1ai")]
    #[case("XN--E1AFMKFD.xn--p1ai", "xn--e1afmkfd.xn--p1ai")]
    #[case("Bücher.example", "xn--bcher-kva.example")]
    #[case("ｅｘａｍｐｌｅ．ｃｏｍ", "example.com")]
    #[case("例え。テスト", "xn--r8jz45g.xn--zckzah")]
    #[case("www.bücher.example:443/Neu/", "xn--bcher-kva.example/Neu")]
    fn names_of_other_scripts_have_one_form(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(canonical(text), SiteName::Host(expected.into()));
    }

    #[rstest]
    #[case("www.nasa.example/Missions/X", "nasa.example/Missions/X")]
    #[case("example.com/blog/?page=2", "example.com/blog")]
    #[case("example.com\\blog\\", "example.com/blog")]
    #[case("https://example.com\\blog/a", "example.com/blog/a")]
    #[case("www.com", "www.com")]
    #[case("under_score.example", "under_score.example")]
    #[case("example.com/@someone", "example.com/@someone")]
    #[case("com.example.app", "com.example.app")]
    #[case("a-b--c.example", "a-b--c.example")]
    fn a_path_stays_part_of_the_name(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(canonical(text), SiteName::Host(expected.into()));
        assert_eq!(host_of_site(expected), expected.split('/').next());
    }

    #[rstest]
    #[case("Total")]
    #[case("Grand  total")]
    #[case("TOTAL:")]
    #[case("(other)")]
    #[case("Итого")]
    fn sums_of_rows_are_no_sites(#[case] text: &str) {
        assert_eq!(canonical(text), SiteName::Total);
    }

    #[rstest]
    #[case("localhost", "localhost")]
    #[case("10577", "10577")]
    #[case("10577.0", "10577")]
    #[case("S1", "s1")]
    #[case("Men/Women", "men/women")]
    #[case("  My \u{a0} Shop", "my shop")]
    #[case("My Shop.example", "my shop.example")]
    #[case("Dr. Oetker", "dr. oetker")]
    #[case("example.com (main site)", "example.com (main site)")]
    #[case("example.com/my page", "example.com/my page")]
    #[case("моя\u{a0}Страница.рф", "моя страница.рф")]
    fn a_name_that_is_no_host_has_one_form_and_no_host(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(canonical(text), SiteName::Name(expected.into()));
        assert_eq!(host_of_site(expected), None);
    }

    #[rstest]
    #[case("192.168.0.1")]
    #[case("192.168.0.1:8080")]
    #[case("[2001:db8::1]")]
    #[case("2001:db8::1")]
    #[case("(blog.example)")]
    #[case("a..example")]
    #[case(".example.com")]
    #[case("example.com:port")]
    #[case("https://")]
    #[case("%D0%BF.example")]
    #[case("android-app://com.example.de")]
    #[case("ios-app://com.example.de/123")]
    #[case("chrome-extension://abc.def/page")]
    #[case("info@example.com")]
    #[case("Info@Example.COM ")]
    #[case("mailto:info@example.com")]
    #[case("MAILTO:info@example.com?subject=a")]
    #[case("-a.example")]
    #[case("a-.example")]
    #[case("shop.-example.com")]
    #[case("example.com-")]
    #[case("https://-a.example/")]
    fn what_cannot_be_a_host_is_none(#[case] text: &str) {
        assert_eq!(canonical(text), SiteName::NotAHost);
    }

    proptest! {
        #[test]
        fn the_one_form_is_its_own_form(text in "(https?://)?(www\\.)?[a-zA-Zа-яß0-9_.:/?#@-]{1,40}") {
            if let SiteName::Host(site) = canonical(&text) {
                prop_assert_eq!(canonical(&site), SiteName::Host(site));
            }
        }

        #[test]
        fn any_text_is_something(text in ".{0,60}") {
            match canonical(&text) {
                SiteName::Host(site) => {
                    prop_assert!(host_of_site(&site).is_some());
                    prop_assert_eq!(canonical(&site), SiteName::Host(site));
                }
                SiteName::Name(name) => {
                    prop_assert_eq!(host_of_site(&name), None);
                    prop_assert_eq!(canonical(&name), SiteName::Name(name));
                }
                SiteName::Total | SiteName::NotAHost | SiteName::Malformed => {}
            }
        }
    }
}
