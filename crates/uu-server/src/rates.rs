//! How often anybody may ask.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::network::Network;
use crate::problem::{Kind, Problem};

/// Tokens that are not good, from one address and minute: guessing is hopeless anyway, and looking them up costs the store something.
const BAD_TOKENS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(30).expect("it is not zero");

/// How long an address that sent more of them gets 429 for further ones; good ones pass.
const SHUT_OUT: Duration = Duration::from_secs(60);

/// How often anybody may ask; 0 is as often as they like. Addresses of one IPv6 /64 count as one.
///
/// | name | default | purpose |
/// | --- | --- | --- |
/// | `requests_per_s_per_address` | 0 | all requests of one address but `/health` |
/// | `requests_per_s_per_token` | 0 | all requests that need a token, by token |
/// | `writes_per_s_per_token` | 50 | those of them that change something |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimits {
    /// All requests of one address.
    pub requests_per_s_per_address: u32,
    /// All requests with one token.
    pub requests_per_s_per_token: u32,
    /// Requests with one token that change something.
    pub writes_per_s_per_token: u32,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self { requests_per_s_per_address: 0, requests_per_s_per_token: 0, writes_per_s_per_token: 50 }
    }
}

type Keyed<Key> = RateLimiter<Key, HashMapStateStore<Key>, DefaultClock>;

/// What was asked lately, by address and by token.
#[derive(Debug)]
pub(crate) struct Rates {
    addresses: Option<Keyed<Network>>,
    tokens: Option<Keyed<String>>,
    writes: Option<Keyed<String>>,
    bad_tokens: Keyed<Network>,
    /// Addresses that sent too many of them, and until when further ones are refused as too many.
    shut_out: Mutex<HashMap<Network, Instant>>,
    clock: DefaultClock,
}

fn keyed<Key: std::hash::Hash + Eq + Clone>(per_second: u32) -> Option<Keyed<Key>> {
    // A second's worth may come at once.
    NonZeroU32::new(per_second).map(|rate| RateLimiter::hashmap(Quota::per_second(rate)))
}

impl Rates {
    pub(crate) fn new(limits: RateLimits) -> Self {
        Self {
            addresses: keyed(limits.requests_per_s_per_address),
            tokens: keyed(limits.requests_per_s_per_token),
            writes: keyed(limits.writes_per_s_per_token),
            bad_tokens: RateLimiter::hashmap(Quota::per_minute(BAD_TOKENS_PER_MINUTE)),
            shut_out: Mutex::default(),
            clock: DefaultClock::default(),
        }
    }

    /// Whether requests that need no token are limited.
    pub(crate) fn is_on(&self) -> bool {
        self.addresses.is_some()
    }

    /// **Errors**: the address asks too often.
    pub(crate) fn of_address(&self, address: IpAddr) -> Result<(), Problem> {
        self.counted(self.addresses.as_ref(), &address.into(), "this address")
    }

    /// **Errors**: the token is used too often.
    pub(crate) fn of_token(&self, holder: &str, writes: bool) -> Result<(), Problem> {
        let holder = holder.to_owned();
        self.counted(self.tokens.as_ref(), &holder, "this token")?;
        if writes { self.counted(self.writes.as_ref(), &holder, "this token, to change something,") } else { Ok(()) }
    }

    /// Counts a token that was not good.
    ///
    /// **Errors**: the address sent too many of them.
    pub(crate) fn a_bad_token(&self, address: IpAddr) -> Result<(), Problem> {
        let network = Network::from(address);
        let until = self.shut_out().get(&network).copied();
        match until.map(|until| until.saturating_duration_since(Instant::now())) {
            Some(wait) if !wait.is_zero() => return Err(too_many("this address sent too many tokens that are not good", wait)),
            _ => {}
        }
        if self.bad_tokens.check_key(&network).is_err() {
            self.shut_out().insert(network, Instant::now() + SHUT_OUT);
        }
        Ok(())
    }

    fn shut_out(&self) -> MutexGuard<'_, HashMap<Network, Instant>> {
        self.shut_out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what has no bearing any more.
    pub(crate) fn upkeep(&self) {
        self.addresses.iter().for_each(RateLimiter::retain_recent);
        self.tokens.iter().for_each(RateLimiter::retain_recent);
        self.writes.iter().for_each(RateLimiter::retain_recent);
        self.bad_tokens.retain_recent();
        self.shut_out().retain(|_, until| *until > Instant::now());
    }

    fn counted<Key: std::hash::Hash + Eq + Clone>(&self, limiter: Option<&Keyed<Key>>, key: &Key, who: &str) -> Result<(), Problem> {
        let Some(limiter) = limiter else { return Ok(()) };
        let late = |until: governor::NotUntil<_>| too_many(&format!("{who} asks too often"), until.wait_time_from(self.clock.now()));
        limiter.check_key(key).map_err(late)
    }
}

fn too_many(detail: &str, wait: Duration) -> Problem {
    Problem::new(Kind::TooMany, detail).retry_after(u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("2001:db8:1:2::", "2001:db8:1:3::1")]
    #[case("::ffff:192.0.2.1", "192.0.2.2")]
    fn addresses_of_one_host_are_counted_together(#[case] of_one: &str, #[case] of_another: &str) {
        let rates = Rates::new(RateLimits { requests_per_s_per_address: 1, ..RateLimits::default() });
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let next = |number: u32| match address(of_one) {
            IpAddr::V6(one) if one.to_ipv4_mapped().is_none() => IpAddr::V6((u128::from(one) + u128::from(number)).into()),
            one => one,
        };
        let limited = (0..10).filter(|number| rates.of_address(next(*number)).is_err()).count();
        assert!(limited >= 8, "{limited}");
        assert!((0..=BAD_TOKENS_PER_MINUTE.get()).all(|number| rates.a_bad_token(next(number)).is_ok()));
        assert!(rates.a_bad_token(next(1_000)).is_err());
        assert!(rates.of_address(address(of_another)).is_ok() && rates.a_bad_token(address(of_another)).is_ok());
    }
}
