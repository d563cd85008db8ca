//! Tokens that were found good a moment ago, so that not every request asks the store.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use uu_service::registry::{Registry, Scope};

use crate::access::store_problem;
use crate::problem::Problem;
use crate::workers::Workers;

/// How long a token that was found good may read without being looked up again: a revoked one is refused after so long at the latest.
const FRESH: Duration = Duration::from_secs(2);

/// How long it may read on while the store is away: estimates do not need the store, and neither shall those who may ask for them.
const WHILE_AWAY: Duration = Duration::from_secs(600);

/// Tokens that are remembered; beyond, all are forgotten.
const MOST: usize = 10_000;

/// What the audit log calls a token, and its scope.
pub(crate) type Holder = (String, Scope);

/// Tokens that were found good, by a hash that nobody outside can foretell.
#[derive(Debug, Default)]
pub(crate) struct Verified {
    seed: RandomState,
    known: Mutex<HashMap<u64, Known>>,
}

#[derive(Clone, Debug)]
struct Known {
    holder: Holder,
    /// A second hash, so that two tokens are not taken for each other.
    check: u64,
    at: Instant,
}

impl Verified {
    /// Who holds the token, as `store` workers find out; `None` where it is not good. For reading, one that was good a moment ago is.
    ///
    /// **Errors**: the store cannot be reached; 429 where too many wait for it.
    pub(crate) async fn token(
        &self,
        store: &Workers,
        registry: &Registry,
        secret: &str,
        is_reading: bool,
    ) -> Result<Option<Holder>, Problem> {
        let (key, check) = (self.seed.hash_one(secret), self.seed.hash_one((secret, "check")));
        let known = self.known().get(&key).filter(|known| known.check == check).cloned();
        if let Some(known) = known.as_ref().filter(|known| is_reading && known.at.elapsed() < FRESH) {
            return Ok(Some(known.holder.clone()));
        }
        let (registry, owned) = (registry.clone(), secret.to_owned());
        let failed = match store.run(move || registry.verify(&owned)).await {
            Ok(Ok(Some(token))) => {
                let holder = (format!("token {} ({})", token.id, token.name), token.scope);
                let mut known = self.known();
                if known.len() >= MOST {
                    known.clear();
                }
                known.insert(key, Known { holder: holder.clone(), check, at: Instant::now() });
                return Ok(Some(holder));
            }
            Ok(Ok(None)) => {
                self.known().remove(&key);
                return Ok(None);
            }
            Ok(Err(error)) => Err(error),
            Err(problem) => Ok(problem),
        };
        match (known.filter(|known| is_reading && known.at.elapsed() < WHILE_AWAY), failed) {
            (Some(known), _) => Ok(Some(known.holder)),
            (None, Err(error)) => Err(store_problem(&error)),
            (None, Ok(problem)) => Err(problem),
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<u64, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
