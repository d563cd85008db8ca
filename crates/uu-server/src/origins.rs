//! Which requests come from where they seem to: the name the server is asked under, and the pages that may change something.
//!
//! A browser sends a page's requests to any server it can reach, this one on loopback included. Tokens do not hold where none are needed; what holds
//! is what a page cannot choose: `Host`, `Origin` and `Sec-Fetch-Site`. Nothing here depends on tokens or cookies.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, Method, Request, Version, header};

use crate::access::Access;
use crate::problem::{Kind, Problem, shortened};

static SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether a method is one that changes nothing.
pub(crate) fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Refuses what is not framed as one reader after the other would read it, what is asked under a name that is none of the server's, and what another
/// site's page would change. `is_open` is whether the request changes something that needs no token.
///
/// **Errors**: 400, 421, 403.
pub(crate) fn check(
    access: &Access,
    is_on_loopback: bool,
    (peer, is_open): (IpAddr, bool),
    request: &Request<Body>,
) -> Result<(), Problem> {
    check_transfer_coding(request.headers())?;
    let host = host(request)?;
    if is_asked_by_name(access, peer, is_on_loopback || is_open) {
        let target = request.uri().authority().map(|authority| split(authority.as_str()).ok_or_else(malformed_host)).transpose()?;
        for asked in host.into_iter().chain(target) {
            check_name(&access.hosts, asked)?;
        }
    }
    if is_safe(request.method()) { Ok(()) } else { check_origin(&access.origins, host, request.headers()) }
}

/// Whether a name must be one of the server's. `is_exposed` is whether a page of any other name could do harm.
fn is_asked_by_name(access: &Access, peer: IpAddr, is_exposed: bool) -> bool {
    // Whatever a trusted proxy passes on was asked under a name that leads to the proxy.
    !access.hosts.is_empty() || (is_exposed && !access.trusts(peer))
}

/// Whether a text is a name that a server can be asked under: without scheme, port and path.
#[must_use]
pub fn is_host_name(text: &str) -> bool {
    split(text).is_some_and(|host| host.port.is_none() && host.name == text)
}

/// Whether a text is the origin of a page: `https://example.com` or `http://example.com:8080`.
#[must_use]
pub fn is_origin(text: &str) -> bool {
    Origin::read(text).is_some()
}

/// Bodies are read as `chunked` says, which must then be all that was done to them: a reader before this one may undo what this one would not.
fn check_transfer_coding(headers: &HeaderMap) -> Result<(), Problem> {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let is_chunked = |coding: &header::HeaderValue| coding.to_str().is_ok_and(|coding| coding.trim().eq_ignore_ascii_case("chunked"));
    match (codings.next(), codings.next()) {
        (None, _) => Ok(()),
        (Some(coding), None) if is_chunked(coding) => Ok(()),
        _ => Err(Problem::new(Kind::MalformedRequest, "the transfer coding must be `chunked`, once, or none")),
    }
}

/// A host with the port it was asked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Host<'a> {
    name: &'a str,
    port: Option<u16>,
}

impl Host<'_> {
    fn is_same(self, other: Self, scheme: &str) -> bool {
        let port_of = |host: Self| host.port.or(default_port(scheme));
        self.name.eq_ignore_ascii_case(other.name) && port_of(self) == port_of(other)
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme.to_ascii_lowercase().as_str() {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

/// The host that a request names; only HTTP/1.0 may leave it out.
fn host(request: &Request<Body>) -> Result<Option<Host<'_>>, Problem> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let malformed = |detail: &str| Problem::new(Kind::MalformedRequest, detail);
    match (hosts.next(), hosts.next()) {
        (None, _) if request.version() < Version::HTTP_11 => Ok(None),
        (None, _) => Err(malformed("HTTP/1.1 needs the header `Host`")),
        (Some(_), Some(_)) => Err(malformed("the header `Host` must be given once")),
        (Some(host), None) => host.to_str().ok().and_then(split).map(Some).ok_or_else(malformed_host),
    }
}

fn malformed_host() -> Problem {
    Problem::new(Kind::MalformedRequest, "the header `Host` must be a name or an address, with a port or without: `example.com:5000`")
}

/// A host and its port, where a text is nothing else.
fn split(text: &str) -> Option<Host<'_>> {
    let (name, rest) = match text.strip_prefix('[') {
        Some(inner) => {
            let end = inner.find(']')?;
            inner[..end].parse::<Ipv6Addr>().ok()?;
            text.split_at(end + 2)
        }
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let is_of_a_name = |letter: u8| letter.is_ascii_alphanumeric() || b"-._~".contains(&letter);
    let is_name = name.starts_with('[') || (!name.is_empty() && name.bytes().all(is_of_a_name));
    let port = match rest.strip_prefix(':') {
        Some("") => None,
        Some(port) => Some(port.bytes().all(|digit| digit.is_ascii_digit()).then(|| port.parse().ok())??),
        None if rest.is_empty() => None,
        None => return None,
    };
    is_name.then_some(Host { name, port })
}

/// A name that leads anywhere its owner wants may lead here, whoever's it is: a page of that name would be this server's own to a browser. Addresses
/// and `localhost` lead where they say.
fn check_name(hosts: &[String], asked: Host<'_>) -> Result<(), Problem> {
    let name = asked.name.strip_suffix('.').unwrap_or(asked.name);
    let is_address = name.starts_with('[') || name.parse::<Ipv4Addr>().is_ok();
    if is_address
        || name.eq_ignore_ascii_case("localhost")
        || hosts.iter().any(|host| host.trim_end_matches('.').eq_ignore_ascii_case(name))
    {
        return Ok(());
    }
    let detail =
        format!("the server does not answer under the name `{}`; hint: add it to `server.hosts` if it is the server's", shortened(name));
    Err(Problem::new(Kind::Misdirected, detail))
}

/// The origin of a page.
struct Origin<'a> {
    scheme: &'a str,
    host: Host<'a>,
}

impl<'a> Origin<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (scheme, host) = text.split_once("://")?;
        default_port(scheme)?;
        Some(Self { scheme, host: split(host)? })
    }

    fn is_same(&self, other: &Self) -> bool {
        self.scheme.eq_ignore_ascii_case(other.scheme) && self.host.is_same(other.host, self.scheme)
    }
}

/// Whether a request that changes something comes from a page of the server's own, of an origin that is listed, or from no page at all.
fn check_origin(origins: &[String], host: Option<Host<'_>>, headers: &HeaderMap) -> Result<(), Problem> {
    let found = || headers.get_all(header::ORIGIN).iter();
    let every_origin = |is_good: &dyn Fn(&Origin<'_>) -> bool| {
        found().all(|origin| origin.to_str().ok().and_then(Origin::read).is_some_and(|origin| is_good(&origin)))
    };
    let is_listed = |origin: &Origin<'_>| origins.iter().filter_map(|listed| Origin::read(listed)).any(|listed| listed.is_same(origin));
    let is_own = |origin: &Origin<'_>| host.is_some_and(|host| origin.host.is_same(host, origin.scheme));
    let mut sites = headers.get_all(&SEC_FETCH_SITE).iter().peekable();
    let is_good = if sites.peek().is_some() {
        sites.all(|site| site == "same-origin" || site == "none") || (found().next().is_some() && every_origin(&is_listed))
    } else {
        every_origin(&|origin: &Origin<'_>| is_own(origin) || is_listed(origin))
    };
    if is_good {
        return Ok(());
    }
    let origin = found()
        .next()
        .and_then(|origin| origin.to_str().ok())
        .map_or_else(|| "another site".to_owned(), |origin| format!("`{}`", shortened(origin)));
    let detail = format!("a page of {origin} may not change anything here; hint: add its origin to `server.origins` if it may");
    Err(Problem::new(Kind::ForeignOrigin, detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("localhost", Some(("localhost", None)))]
    #[case("Example.com:5000", Some(("Example.com", Some(5000))))]
    #[case("127.0.0.1:80", Some(("127.0.0.1", Some(80))))]
    #[case("[::1]:80", Some(("[::1]", Some(80))))]
    #[case("[::1]", Some(("[::1]", None)))]
    #[case("a:", Some(("a", None)))]
    #[case("", None)]
    #[case(":80", None)]
    #[case("a b", None)]
    #[case("user@a", None)]
    #[case("a/b", None)]
    #[case("a,b", None)]
    #[case("a:99999", None)]
    #[case("a:+80", None)]
    #[case("[::1", None)]
    #[case("[nonsense]", None)]
    #[case("[::1]x", None)]
    fn a_host_is_a_name_or_an_address_and_a_port(#[case] text: &str, #[case] expected: Option<(&str, Option<u16>)>) {
        assert_eq!(split(text).map(|host| (host.name, host.port)), expected);
    }

    #[rstest]
    #[case("localhost", true)]
    #[case("LOCALHOST.", true)]
    #[case("127.0.0.1", true)]
    #[case("[::1]", true)]
    #[case("uu.example", true)]
    #[case("UU.Example.", true)]
    #[case("evil.example", false)]
    #[case("localhost.evil.example", false)]
    #[case("127.0.0.1.evil.example", false)]
    #[case("0x7f.1", false)]
    fn only_names_that_are_the_servers_are_answered(#[case] name: &str, #[case] answered: bool) {
        assert_eq!(check_name(&["uu.example".to_owned()], split(name).unwrap()).is_ok(), answered);
    }

    #[rstest]
    #[case::beyond_loopback("192.0.2.9", &[], false, false)]
    #[case::where_everybody_may_do_anything("192.0.2.9", &[], true, true)]
    #[case::through_a_trusted_proxy("10.0.0.1", &[], true, false)]
    #[case::where_it_has_names("10.0.0.1", &["uu.example"], false, true)]
    fn names_are_looked_at_where_they_matter(#[case] peer: &str, #[case] hosts: &[&str], #[case] is_exposed: bool, #[case] expected: bool) {
        let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
        let access = Access { trusted_proxies: vec!["10.0.0.1".parse().unwrap()], hosts, ..Access::default() };
        assert_eq!(is_asked_by_name(&access, peer.parse().unwrap(), is_exposed), expected);
    }

    #[rstest]
    #[case(&[], true)]
    #[case(&[("origin", "http://uu.example:5000")], true)]
    #[case(&[("origin", "HTTP://UU.example:5000")], true)]
    #[case(&[("origin", "http://uu.example:5001")], false)]
    #[case(&[("origin", "http://uu.example")], false)]
    #[case(&[("origin", "http://evil.example")], false)]
    #[case(&[("origin", "http://uu.example:5000.evil.example")], false)]
    #[case(&[("origin", "null")], false)]
    #[case(&[("origin", "")], false)]
    #[case(&[("origin", "file://")], false)]
    #[case(&[("origin", "https://pages.example")], true)]
    #[case(&[("origin", "https://pages.example:443")], true)]
    #[case(&[("origin", "http://pages.example")], false)]
    #[case(&[("origin", "http://uu.example:5000"), ("origin", "http://evil.example")], false)]
    #[case(&[("sec-fetch-site", "same-origin")], true)]
    #[case(&[("sec-fetch-site", "none")], true)]
    #[case(&[("sec-fetch-site", "same-site")], false)]
    #[case(&[("sec-fetch-site", "cross-site")], false)]
    #[case(&[("sec-fetch-site", "nonsense")], false)]
    #[case(&[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")], false)]
    #[case(&[("sec-fetch-site", "same-site"), ("origin", "http://uu.example:5000")], false)]
    #[case(&[("sec-fetch-site", "cross-site"), ("origin", "https://pages.example")], true)]
    fn a_page_of_another_site_changes_nothing(#[case] given: &[(&'static str, &str)], #[case] allowed: bool) {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            headers.append(*name, value.parse().unwrap());
        }
        let origins = ["https://pages.example".to_owned()];
        assert_eq!(check_origin(&origins, split("uu.example:5000"), &headers).is_ok(), allowed);
    }
}
