//! Waiting out a store that is away for a while.

use std::thread;
use std::time::{Duration, Instant};

use uu_registry::RegistryError;

/// How long a store may be away before work that took long is given up: long enough for a database to be restarted or to fail over.
const PATIENCE: Duration = Duration::from_secs(180);

/// Between two tries.
const PAUSE: Duration = Duration::from_secs(1);

/// Does what `ask` says; where the store cannot be reached, again and again, for some minutes.
///
/// For work of minutes whose result would be lost; whoever waits for an answer wants the error at once.
///
/// **Errors**: what `ask` failed with, other than a store that comes back in time.
pub fn patiently<T>(mut ask: impl FnMut() -> Result<T, RegistryError>) -> Result<T, RegistryError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match ask() {
            Err(error @ RegistryError::Unavailable { .. }) if Instant::now() < deadline => {
                tracing::warn!(%error, "the store is away; trying again");
                thread::sleep(PAUSE);
            }
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_comes_back_is_waited_for_and_other_faults_are_told_at_once() {
        let mut answers = vec![Ok(7), Err(RegistryError::Unavailable { what: "database", source: None })];
        assert_eq!(patiently(|| answers.pop().expect("two are enough")).ok(), Some(7));
        let mut tries = 0;
        let refused: Result<(), _> = patiently(|| {
            tries += 1;
            Err(RegistryError::NoPrevious)
        });
        assert!(refused.is_err() && tries == 1);
    }
}
