//! Tokens that were found good a moment ago, so that not every request asks the store.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use uu_registry::{Registry, Scope, Timestamp};

use crate::problem::{Problem, store_problem};
use crate::workers::Workers;

/// How long a token that was found good may read without being looked up again: a revoked one is refused after so long at the latest.
const FRESH: Duration = Duration::from_secs(2);

/// How long it may read on while the store is away: estimates do not need the store, and neither shall those who may ask for them.
const LATELY: Duration = Duration::from_secs(600);

/// Tokens that are remembered; beyond, all are forgotten.
const MOST: usize = 10_000;

/// Tokens looked up at a time, and waiting for it; beyond, 429.
const LOOKUPS: (usize, usize) = (4, 512);

/// What the audit log calls a token, and its scope.
pub(crate) type Holder = (String, Scope);

/// Tokens that were found good, by a hash that nobody outside can foretell.
#[derive(Debug)]
pub(crate) struct Verified {
    seed: RandomState,
    known: Mutex<HashMap<u64, Known>>,
    /// Apart from other requests that wait for the store, so that those who need no token never hold up those who have one.
    lookups: Workers,
}

impl Default for Verified {
    fn default() -> Self {
        Self { seed: RandomState::new(), known: Mutex::default(), lookups: Workers::new(LOOKUPS.0, LOOKUPS.1) }
    }
}

#[derive(Clone, Debug)]
struct Known {
    holder: Holder,
    /// A second hash, so that two tokens are not taken for each other.
    check: u64,
    at: Instant,
    expires_at: Option<Timestamp>,
}

impl Verified {
    /// Who holds the token that came from an address; `None` where it is not good. For reading, one that was good a moment ago is.
    ///
    /// **Errors**: the store cannot be reached; 429 where too many wait to be looked up.
    pub(crate) async fn token(
        &self,
        registry: &Registry,
        (secret, address): (&str, IpAddr),
        is_reading: bool,
    ) -> Result<Option<Holder>, Problem> {
        let key = self.seed.hash_one(secret);
        let known = self.remembered(secret);
        if let Some(known) = known.as_ref().filter(|known| is_reading && known.at.elapsed() < FRESH) {
            return Ok(Some(known.holder.clone()));
        }
        let (registry, owned) = (registry.clone(), secret.to_owned());
        // Apart, so that requests that need none are not moved with the room for it.
        let refused = match Box::pin(self.lookups.run(Some(address), move || registry.verify(&owned))).await {
            Ok(Ok(Some(token))) => {
                let holder = (token.holder(), token.scope);
                let mut known = self.known();
                if known.len() >= MOST {
                    known.clear();
                }
                let expires_at = token.expires_at;
                known.insert(key, Known { holder: holder.clone(), check: self.check(secret), at: Instant::now(), expires_at });
                return Ok(Some(holder));
            }
            Ok(Ok(None)) => {
                self.known().remove(&key);
                return Ok(None);
            }
            Ok(Err(error)) => store_problem(&error),
            Err(problem) => problem,
        };
        known.filter(|known| is_reading && known.at.elapsed() < LATELY).map(|known| Some(known.holder)).ok_or(refused)
    }

    fn remembered(&self, secret: &str) -> Option<Known> {
        let (check, now) = (self.check(secret), Timestamp::now());
        let is_it = |known: &&Known| known.check == check && known.expires_at.is_none_or(|end| now < end);
        self.known().get(&self.seed.hash_one(secret)).filter(is_it).cloned()
    }

    fn check(&self, secret: &str) -> u64 {
        self.seed.hash_one((secret, "check"))
    }

    fn known(&self) -> MutexGuard<'_, HashMap<u64, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
