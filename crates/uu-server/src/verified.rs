//! Tokens that were found good a moment ago, so that not every request asks the store.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use uu_service::registry::{Registry, RegistryError, Scope};

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
    /// Who holds the token; `None` where it is not good. For reading, one that was good a moment ago is.
    ///
    /// **Errors**: the store cannot be reached.
    pub(crate) async fn token(&self, registry: &Registry, secret: &str, is_reading: bool) -> Result<Option<Holder>, RegistryError> {
        let (key, check) = (self.seed.hash_one(secret), self.seed.hash_one((secret, "check")));
        let known = self.known().get(&key).filter(|known| known.check == check).cloned();
        if let Some(known) = known.as_ref().filter(|known| is_reading && known.at.elapsed() < FRESH) {
            return Ok(Some(known.holder.clone()));
        }
        let (registry, owned) = (registry.clone(), secret.to_owned());
        let verified = tokio::task::spawn_blocking(move || registry.verify(&owned)).await;
        match verified.unwrap_or(Err(RegistryError::Unavailable { what: "database", source: None })) {
            Ok(Some(token)) => {
                let holder = (format!("token {} ({})", token.id, token.name), token.scope);
                let mut known = self.known();
                if known.len() >= MOST {
                    known.clear();
                }
                known.insert(key, Known { holder: holder.clone(), check, at: Instant::now() });
                Ok(Some(holder))
            }
            Ok(None) => {
                self.known().remove(&key);
                Ok(None)
            }
            Err(error) => match known.filter(|known| is_reading && known.at.elapsed() < WHILE_AWAY) {
                Some(known) => Ok(Some(known.holder)),
                None => Err(error),
            },
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<u64, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
