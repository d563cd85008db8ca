//! The last answer of `GET /drift`.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

/// The answer as it was computed last; who holds the lock computes it for all who wait.
pub(crate) type LastDrift = tokio::sync::Mutex<Option<Arc<Computed>>>;

/// An answer in both forms.
#[derive(Debug)]
pub(crate) struct Computed {
    pub(crate) json: Bytes,
    pub(crate) html: Bytes,
    pub(crate) checksum: u64,
    /// The version that answered then.
    pub(crate) served: Option<String>,
    pub(crate) at: Instant,
}
