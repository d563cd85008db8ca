//! Who may ask for what: tokens and their scopes.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use uu_registry::{Asker, QueueBounds, Scope};

use crate::network::Network;
use crate::problem::{Kind, Problem};
use crate::route::Audience;

/// Which requests need a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tokens {
    /// Those that change something.
    #[default]
    Writing,
    /// All but `/health`.
    All,
    /// None: whoever reaches the server may do anything.
    None,
}

/// Who asks, as the audit log names them.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) by: String,
    pub(crate) scope: Scope,
}

impl Caller {
    /// Whoever asks a server that needs no tokens: one for all addresses of an IPv6 /64, by which jobs and uploads are counted.
    pub(crate) fn anybody(address: IpAddr) -> Self {
        Self { by: format!("anybody at {}", Network::from(address)), scope: Scope::Admin }
    }

    /// The caller as whoever asks for work or sends rows.
    pub(crate) fn asker(&self, bounds: QueueBounds) -> Asker<'_> {
        Asker { by: &self.by, bounds, is_admin: self.scope >= Scope::Admin }
    }

    /// **Errors**: the token's scope does not reach so far.
    pub(crate) fn must_have(&self, needed: Scope) -> Result<(), Problem> {
        if self.scope >= needed {
            return Ok(());
        }
        Err(Problem::new(Kind::Forbidden, format!("a token of the scope `{needed}` is needed; this one has the scope `{}`", self.scope)))
    }
}

/// The scope that a request needs; where no route takes it, whoever may read may know that. Beyond loopback operators are asked for a token.
pub(crate) fn needed(audience: Option<Audience>, tokens: Tokens, is_on_loopback: bool) -> Option<Scope> {
    match (tokens, audience) {
        (Tokens::None, _) | (_, Some(Audience::Everybody)) | (Tokens::Writing, None | Some(Audience::Readers)) => None,
        (Tokens::Writing, Some(Audience::Operators)) => (!is_on_loopback).then_some(Scope::Read),
        (Tokens::All, None | Some(Audience::Readers | Audience::Operators)) => Some(Scope::Read),
        (_, Some(Audience::Holders(scope))) => Some(scope),
    }
}

/// Who is let in.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Which requests need a token.
    pub tokens: Tokens,
    /// Proxies that may say for whom they ask, by `X-Forwarded-For`.
    pub trusted_proxies: Vec<IpAddr>,
    /// Names the server is asked under, beside addresses and `localhost`. Others are refused on loopback, everywhere where there are some, and where
    /// something is to be changed and no tokens are needed.
    pub hosts: Vec<String>,
    /// Origins of other pages that may change something, as `https://example.com`.
    pub origins: Vec<String>,
}

impl Access {
    /// Whether that is a proxy which may say for whom it asks.
    pub(crate) fn trusts(&self, peer: IpAddr) -> bool {
        self.trusted_proxies.contains(&peer)
    }

    /// The address a request comes from: what a trusted proxy says last, which is what it saw itself.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.trusts(peer) {
            return peer;
        }
        let forwarded = headers.get_all("x-forwarded-for").iter().next_back().and_then(|value| value.to_str().ok());
        forwarded.and_then(|list| address_of(list.rsplit(',').next()?.trim())).unwrap_or(peer)
    }
}

/// The address of a client as a proxy writes it: alone, with its port, or an IPv6 one in brackets.
fn address_of(client: &str) -> Option<IpAddr> {
    let in_brackets = || client.strip_prefix('[')?.strip_suffix(']')?.parse().ok().map(IpAddr::V6);
    let with_port = || client.parse().ok().map(|socket: SocketAddr| socket.ip());
    client.parse().ok().or_else(with_port).or_else(in_brackets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(Some(Audience::Everybody), [None, None, None])]
    #[case(Some(Audience::Readers), [None, Some(Scope::Read), None])]
    #[case(Some(Audience::Holders(Scope::Write)), [Some(Scope::Write), Some(Scope::Write), None])]
    #[case(Some(Audience::Holders(Scope::Admin)), [Some(Scope::Admin), Some(Scope::Admin), None])]
    #[case(None, [None, Some(Scope::Read), None])]
    fn what_changes_something_needs_a_token(#[case] audience: Option<Audience>, #[case] expected: [Option<Scope>; 3]) {
        for is_on_loopback in [false, true] {
            assert_eq!([Tokens::Writing, Tokens::All, Tokens::None].map(|tokens| needed(audience, tokens, is_on_loopback)), expected);
        }
    }

    #[test]
    fn beyond_loopback_operators_need_a_token() {
        let needed = |is_on_loopback| {
            [Tokens::Writing, Tokens::All, Tokens::None].map(|tokens| needed(Some(Audience::Operators), tokens, is_on_loopback))
        };
        assert_eq!(needed(true), [None, Some(Scope::Read), None]);
        assert_eq!(needed(false), [Some(Scope::Read), Some(Scope::Read), None]);
    }

    #[rstest]
    #[case("10.0.0.1", "1.2.3.4", "1.2.3.4")]
    #[case("10.0.0.1", "9.9.9.9, 1.2.3.4", "1.2.3.4")]
    #[case("10.0.0.1", "1.2.3.4:5678", "1.2.3.4")]
    #[case("10.0.0.1", "9.9.9.9:1, [2001:db8::1]:443", "2001:db8::1")]
    #[case("10.0.0.1", "[2001:db8::1]", "2001:db8::1")]
    #[case("10.0.0.1", "2001:db8::1", "2001:db8::1")]
    #[case("10.0.0.1", "nonsense", "10.0.0.1")]
    #[case("10.0.0.1", "1.2.3.4:nonsense", "10.0.0.1")]
    #[case("10.0.0.2", "1.2.3.4", "10.0.0.2")]
    fn only_a_trusted_proxy_is_believed(#[case] peer: &str, #[case] forwarded: &str, #[case] expected: &str) {
        let access = Access { trusted_proxies: vec!["10.0.0.1".parse().unwrap()], ..Access::default() };
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", forwarded.parse().unwrap());
        assert_eq!(access.client(peer.parse().unwrap(), &headers), expected.parse::<IpAddr>().unwrap());
    }

    #[rstest]
    #[case("2001:db8::1", "anybody at 2001:db8::/64")]
    #[case("::ffff:192.0.2.1", "anybody at 192.0.2.1")]
    #[case("192.0.2.1", "anybody at 192.0.2.1")]
    fn who_needs_no_token_is_counted_by_network(#[case] address: &str, #[case] by: &str) {
        assert_eq!(Caller::anybody(address.parse().unwrap()).by, by);
    }
}
