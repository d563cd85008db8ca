//! Who may ask for what: tokens, their scopes, and how often anybody may ask.

use std::net::{IpAddr, SocketAddr};

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, header};
use utoipa::openapi::{OpenApi, SecurityRequirement};
use uu_registry::{Asker, QueueBounds, RegistryError, Scope};

use crate::app::App;
use crate::description::TOKEN;
use crate::metrics::{BadToken, Route};
use crate::network::Network;
use crate::not_found::is_operation;
use crate::origins;
use crate::problem::{Kind, Problem};
use crate::routes::operations;

/// When to ask again where too many jobs are pending: a re-training takes about a minute.
const A_JOB_LATER_S: u32 = 60;

/// When to ask again where too many bytes or rows are kept: what nobody needs any more is removed once an hour.
const A_SWEEP_LATER_S: u32 = 3_600;

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
    scope: Scope,
}

impl Caller {
    /// Whoever asks a server that needs no tokens: one for all addresses of an IPv6 /64, by which jobs and uploads are counted.
    fn anybody(address: IpAddr) -> Self {
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

/// Who may send a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Audience {
    /// Everybody, always.
    Everybody,
    /// Everybody, where reading needs no token.
    Readers,
    /// Holders of a token whose scope reaches so far.
    Holders(Scope),
}

/// Who may send such a request: whatever is not listed here is for administrators.
fn audience(route: Route, method: &Method) -> Audience {
    use Audience::{Everybody, Holders, Readers};
    match (route, origins::is_safe(method)) {
        (Route::Health, true) => Everybody,
        // Estimates change nothing, whatever method asks for them.
        (Route::Predict | Route::Batch | Route::Older, _) => Readers,
        (
            Route::Categories
            | Route::Documentation
            | Route::Metrics
            | Route::Drift
            | Route::AuditLog
            | Route::Jobs
            | Route::Models
            | Route::Retrain
            | Route::Observations,
            true,
        ) => Readers,
        (Route::Retrain | Route::Observations | Route::Jobs, false) => Holders(Scope::Write),
        _ => Holders(Scope::Admin),
    }
}

/// The scope that a request needs.
pub(crate) fn needed(route: Route, method: &Method, tokens: Tokens) -> Option<Scope> {
    match (tokens, audience(route, method)) {
        (Tokens::None, _) | (_, Audience::Everybody) | (Tokens::Writing, Audience::Readers) => None,
        (Tokens::All, Audience::Readers) => Some(Scope::Read),
        (_, Audience::Holders(scope)) => Some(scope),
    }
}

/// Writes into the description of the API who may send what.
pub(crate) fn described_security(api: &mut OpenApi) {
    let token = SecurityRequirement::new::<_, [&str; 0], &str>(TOKEN, []);
    for (path, item) in &mut api.paths.paths {
        for (method, operation) in operations(item) {
            operation.security = Some(match audience(Route::of(path), &method) {
                Audience::Everybody => Vec::new(),
                Audience::Readers => vec![SecurityRequirement::default(), token.clone()],
                Audience::Holders(_) => vec![token.clone()],
            });
        }
    }
}

/// The scope that a request to a path needs. Where no route takes it, whoever may read may know that.
fn needed_at(route: Route, path: &str, (method, tokens): (&Method, Tokens)) -> Option<Scope> {
    let needed = needed(route, method, tokens);
    if needed > Some(Scope::Read) && !is_operation(method, path) {
        return (tokens == Tokens::All).then_some(Scope::Read);
    }
    needed
}

/// Whether a request of that method changes something, or would if there were such a route.
fn is_writing(route: Route, method: &Method) -> bool {
    !origins::is_safe(method) && matches!(audience(route, method), Audience::Holders(_))
}

/// Lets a request in, or says why not; a request that is let in says who sent it.
///
/// **Errors**: what [`origins::check`] refuses; no token where one is needed, one that is not good, one whose scope does not reach; too many requests.
pub(crate) async fn admit(app: &App, route: Route, address: IpAddr, request: &mut Request<Body>) -> Result<(), Problem> {
    let is_open = app.access.tokens == Tokens::None && is_writing(route, request.method());
    origins::check(app, (address, is_open), request)?;
    let needed = needed_at(route, request.uri().path(), (request.method(), app.access.tokens));
    if needed.is_none() && !(app.rates.is_on() || is_of_lifecycle(route)) {
        return Ok(());
    }
    let address = app.access.client(address, request.headers());
    if route != Route::Health {
        app.rates.of_address(address)?;
    }
    let Some(needed) = needed else {
        if app.access.tokens == Tokens::None {
            request.extensions_mut().insert(Caller::anybody(address));
        }
        return Ok(());
    };
    let Some(secret) = bearer(request.headers()) else {
        app.metrics.bad_token(BadToken::Missing);
        return Err(Problem::new(Kind::Unauthorized, "this needs `Authorization: Bearer TOKEN`; `uu-predictor tokens create` makes one"));
    };
    let is_reading = needed == Scope::Read;
    // Looked up whatever others send from its address: a good one passes.
    let Some(caller) = app.verified.token(&app.lifecycle.registry, (secret, address), is_reading).await? else {
        app.rates.a_bad_token(address).inspect_err(|_| app.metrics.bad_token(BadToken::TooMany))?;
        app.metrics.bad_token(BadToken::Invalid);
        return Err(Problem::new(Kind::Unauthorized, "the token is not good: it is unknown, was revoked or has expired"));
    };
    let caller = Caller { by: caller.0, scope: caller.1 };
    let in_time = app.rates.of_token(&caller.by, !is_reading).inspect_err(|_| app.metrics.bad_token(BadToken::TooMany));
    let allowed = in_time.and_then(|()| caller.must_have(needed).inspect_err(|_| app.metrics.bad_token(BadToken::Scope)));
    // Also where it is refused: the log names the token.
    request.extensions_mut().insert(caller);
    allowed
}

fn is_of_lifecycle(route: Route) -> bool {
    matches!(route, Route::Retrain | Route::Observations | Route::Jobs | Route::Models)
}

/// The token of a request.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// What a store that fails is answered with.
pub(crate) fn store_problem(error: &RegistryError) -> Problem {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    match error {
        RegistryError::UnknownVersion { .. } | RegistryError::UnknownJob { .. } | RegistryError::UnknownBatch { .. } => {
            Problem::new(Kind::NotFound, error.to_string())
        }
        RegistryError::Moved { .. }
        | RegistryError::NoPrevious
        | RegistryError::NeverChampion { .. }
        | RegistryError::JobState { .. }
        | RegistryError::RetriedAlready { .. } => Problem::new(Kind::Conflict, error.to_string()),
        RegistryError::Mixture(mixture) => Problem::new(Kind::Validation, format!("{mixture}; hint: {}", mixture.hint())),
        RegistryError::FirstGenerated { .. } => Problem::new(
            Kind::Validation,
            format!("{error}; hint: leave the rows of the source `generated` out, or send them with a token of the scope `admin`"),
        ),
        RegistryError::RowsFull { pending, .. } => {
            let hint = if *pending {
                "the next training takes those that are pending"
            } else {
                "an admin sets some aside with `uu-predictor observations quarantine`, or raises `retraining.kept_rows_per_token`"
            };
            Problem::new(Kind::TooMany, format!("{error}; hint: {hint}")).retry_after(A_SWEEP_LATER_S)
        }
        RegistryError::QueueFull { .. } => {
            Problem::new(Kind::TooMany, format!("{error}; hint: wait for one to end, or cancel one with `DELETE /jobs/NUMBER`"))
                .retry_after(A_JOB_LATER_S)
        }
        RegistryError::UploadsFull { .. } => {
            Problem::new(Kind::TooMany, format!("{error}; hint: files are kept until their job has succeeded, or for a day after it ended"))
                .retry_after(A_SWEEP_LATER_S)
        }
        RegistryError::BadText => Problem::new(Kind::MalformedBody, error.to_string()),
        RegistryError::Unavailable { .. } => {
            tracing::warn!(%error, cause, "a request needs the store");
            Problem::new(Kind::StoreAway, "nothing was changed; try again").retry_after(5)
        }
        RegistryError::Full { .. } => {
            tracing::error!(%error, cause, "a request needs the store");
            Problem::new(Kind::StoreFull, "nothing was changed")
        }
        _ => {
            tracing::error!(%error, cause, "the store failed");
            Problem::internal()
        }
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
    #[case(Route::Predict, Method::POST, [None, Some(Scope::Read), None])]
    #[case(Route::Health, Method::GET, [None, None, None])]
    #[case(Route::Health, Method::POST, [Some(Scope::Admin), Some(Scope::Admin), None])]
    #[case(Route::Batch, Method::PUT, [None, Some(Scope::Read), None])]
    #[case(Route::Retrain, Method::PUT, [Some(Scope::Write), Some(Scope::Write), None])]
    #[case(Route::Models, Method::PATCH, [Some(Scope::Admin), Some(Scope::Admin), None])]
    #[case(Route::Models, Method::HEAD, [None, Some(Scope::Read), None])]
    #[case(Route::Drift, Method::POST, [Some(Scope::Admin), Some(Scope::Admin), None])]
    #[case(Route::Other, Method::GET, [Some(Scope::Admin), Some(Scope::Admin), None])]
    #[case(Route::Other, Method::POST, [Some(Scope::Admin), Some(Scope::Admin), None])]
    #[case(Route::Metrics, Method::GET, [None, Some(Scope::Read), None])]
    #[case(Route::Retrain, Method::POST, [Some(Scope::Write), Some(Scope::Write), None])]
    #[case(Route::Observations, Method::POST, [Some(Scope::Write), Some(Scope::Write), None])]
    #[case(Route::Jobs, Method::GET, [None, Some(Scope::Read), None])]
    #[case(Route::Jobs, Method::DELETE, [Some(Scope::Write), Some(Scope::Write), None])]
    #[case(Route::Models, Method::GET, [None, Some(Scope::Read), None])]
    #[case(Route::Models, Method::POST, [Some(Scope::Admin), Some(Scope::Admin), None])]
    fn what_changes_something_needs_a_token(#[case] route: Route, #[case] method: Method, #[case] expected: [Option<Scope>; 3]) {
        assert_eq!([Tokens::Writing, Tokens::All, Tokens::None].map(|tokens| needed(route, &method, tokens)), expected);
    }

    #[rstest]
    #[case(Method::GET, "/nowhere", [None, Some(Scope::Read), None])]
    #[case(Method::GET, "/openapi.json", [Some(Scope::Admin), Some(Scope::Admin), None])]
    #[case(Method::HEAD, "/openapi.json", [Some(Scope::Admin), Some(Scope::Admin), None])]
    #[case(Method::POST, "/openapi.json", [None, Some(Scope::Read), None])]
    #[case(Method::DELETE, "/jobs/1", [Some(Scope::Admin), Some(Scope::Admin), None])]
    fn a_route_that_is_not_listed_is_for_administrators(#[case] method: Method, #[case] path: &str, #[case] expected: [Option<Scope>; 3]) {
        // As for a route that somebody has added to the router and nowhere else.
        let found = [Tokens::Writing, Tokens::All, Tokens::None].map(|tokens| needed_at(Route::Other, path, (&method, tokens)));
        assert_eq!(found, expected);
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
    #[case(Route::Retrain, Method::POST, true)]
    #[case(Route::Models, Method::DELETE, true)]
    #[case(Route::Other, Method::POST, true)]
    #[case(Route::Jobs, Method::GET, false)]
    #[case(Route::Predict, Method::POST, false)]
    #[case(Route::Batch, Method::POST, false)]
    fn estimates_and_reading_change_nothing(#[case] route: Route, #[case] method: Method, #[case] expected: bool) {
        assert_eq!(is_writing(route, &method), expected);
    }

    #[rstest]
    #[case("2001:db8::1", "anybody at 2001:db8::/64")]
    #[case("::ffff:192.0.2.1", "anybody at 192.0.2.1")]
    #[case("192.0.2.1", "anybody at 192.0.2.1")]
    fn who_needs_no_token_is_counted_by_network(#[case] address: &str, #[case] by: &str) {
        assert_eq!(Caller::anybody(address.parse().unwrap()).by, by);
    }
}
