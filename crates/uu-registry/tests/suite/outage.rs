//! The database goes away and comes back.

use std::time::{Duration, Instant};

use serde_json::Value;
use uu_registry::{Change, JobState, Registry, RegistryError, Watch};
use uu_testkit::postgres::Postgres;

use crate::backend::Backend;
use crate::versions::put;

pub(crate) fn check() {
    // A server of its own, since the other checks need theirs.
    let server = std::sync::Arc::new(Postgres::start().unwrap());
    let fresh = Backend::Postgres(std::sync::Arc::clone(&server)).fresh();
    let registry = fresh.open();
    let version = put(&registry, b"before");
    registry.promote(version, &Change::default()).unwrap();
    let id = registry.enqueue("retrain", &Value::Null, "ann").unwrap();
    let claim = registry.claim("worker").unwrap().unwrap();
    let (mut watch, start) = (Watch::new(Duration::from_secs(30)), Instant::now());
    let look = |watch: &mut Watch, seconds| watch.look_at(&registry, start + Duration::from_secs(seconds));
    look(&mut watch, 0).unwrap();

    server.pause();
    let unavailable = |error: RegistryError| assert!(matches!(error, RegistryError::Unavailable { .. }), "{error}");
    unavailable(registry.aliases().unwrap_err());
    unavailable(registry.promote(version, &Change::default()).unwrap_err());
    unavailable(registry.beat(&claim).unwrap_err());
    unavailable(look(&mut watch, 100).unwrap_err());
    unavailable(Registry::open(&fresh.location).unwrap_err());

    server.resume();
    assert_eq!(registry.aliases().unwrap().champion, Some(version), "the next call succeeds");
    assert_eq!(put(&registry, b"after").to_string(), "v0002");
    assert!(look(&mut watch, 200).unwrap().is_empty(), "a worker that could not beat is not lost");
    registry.beat(&claim).unwrap();
    assert_eq!(registry.job(id).unwrap().state, JobState::Running);
}
