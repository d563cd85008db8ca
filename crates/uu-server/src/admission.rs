//! Lets requests in, by their tokens, and how often anybody may ask.

use std::net::IpAddr;

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, header};
use uu_registry::Scope;

use crate::access::{Caller, Tokens, needed};
use crate::app::App;
use crate::metrics::BadToken;
use crate::origins;
use crate::problem::{Kind, Problem};
use crate::route::{Audience, Matched, Route};

/// Whether a request of that method changes something, or would if there were such a route.
fn is_writing(matched: Matched, method: &Method) -> bool {
    !origins::is_safe(method) && matches!(matched.audience, None | Some(Audience::Holders(_)))
}

/// Lets a request in, or says why not; a request that is let in says who sent it.
///
/// **Errors**: what [`origins::check`] refuses; no token where one is needed, one that is not good, one whose scope does not reach; too many requests.
pub(crate) async fn admit(app: &App, matched: Matched, address: IpAddr, request: &mut Request<Body>) -> Result<(), Problem> {
    let is_open = app.access.tokens == Tokens::None && is_writing(matched, request.method());
    origins::check(&app.access, app.is_on_loopback(), (address, is_open), request)?;
    let needed = needed(matched.audience, app.access.tokens, app.is_on_loopback());
    if needed.is_none() && !(app.rates.is_on() || is_of_lifecycle(matched.route)) {
        return Ok(());
    }
    let address = app.access.client(address, request.headers());
    if matched.route != Route::Health {
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

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(Some(Audience::Holders(Scope::Write)), Method::POST, true)]
    #[case(Some(Audience::Holders(Scope::Admin)), Method::DELETE, true)]
    #[case(None, Method::POST, true)]
    #[case(Some(Audience::Operators), Method::GET, false)]
    #[case(Some(Audience::Readers), Method::POST, false)]
    fn estimates_and_reading_change_nothing(#[case] audience: Option<Audience>, #[case] method: Method, #[case] expected: bool) {
        assert_eq!(is_writing(Matched { route: Route::Other, path: None, audience }, &method), expected);
    }
}
