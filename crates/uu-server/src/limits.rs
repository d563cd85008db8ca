//! What the server refuses, so that no client can use it up.

use std::time::Duration;

use crate::paced::BodyBounds;

/// Bounds on what clients can make the server hold, do or wait for.
///
/// | name | default | purpose |
/// | --- | --- | --- |
/// | `body_bytes` | 1 MiB | largest body of a request that is read whole |
/// | `batch_body_bytes` | 4 GiB | largest body of a batch, counted as it streams, before and after decompression |
/// | `batch_spool_bytes` | 4 GiB | largest Parquet upload: it is spooled to disk, since its index stands at its end |
/// | `batch_rows` | 100 million | rows of a batch |
/// | `batch_timeout` | 1 h | time of a batch, from its first byte to its last |
/// | `months` | 1,200 | months in one request: a century |
/// | `fields_per_month` | 100 | keys in one month |
/// | `inline_months` | 100 | months answered on the thread that read them; more go to a worker |
/// | `inline_explained_months` | 1 | the same where explanations are asked for: each takes as long as a hundred estimates |
/// | `serving_threads` | number of cores | threads that serve connections, each its own |
/// | `workers` | number of cores | large requests worked on at a time |
/// | `worker_queue` | 64 | large requests waiting for a worker; of both together one address has at most three quarters; beyond, 429 |
/// | `batches` | 4 | batches running at a time, of which one address has at most three quarters; beyond, a slow one gives way to an address with fewer, or 429 |
/// | `upload_bytes` | 256 MiB | largest delivery to re-train with: a body, counted as it streams, or all files that its URIs name |
/// | `deliveries` | 4 | deliveries taken at a time, likewise |
/// | `listeners` | 64 | listeners to jobs, likewise |
/// | `connections` | 1,024 | open connections; further ones wait for a place |
/// | `connections_per_address` | 0 | those of one address, of which an IPv6 /64 is one; 0 is a quarter of all |
/// | `header_bytes` | 64 KiB | request line and headers together |
/// | `header_timeout` | 30 s | idle time, and time to send the headers; less where places run out |
/// | `request_timeout` | 30 s | time from the headers to the answer, the body included |
/// | `stall_timeout` | 30 s | time a client may leave a write, or a batch's next bytes, waiting |
/// | `least_bytes_per_s` | 1 KiB | least pace of a batch or a delivery, over that time; 0: none |
/// | `shutdown_timeout` | 30 s | time requests in flight have to finish |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest body of a request that is read whole.
    pub body_bytes: usize,
    /// Largest body of a batch, counted as it streams.
    pub batch_body_bytes: u64,
    /// Largest Parquet upload.
    pub batch_spool_bytes: u64,
    /// Rows of a batch.
    pub batch_rows: u64,
    /// Time of a batch.
    pub batch_timeout: Duration,
    /// Months in one request.
    pub months: usize,
    /// Keys in one month.
    pub fields_per_month: usize,
    /// Months answered on the thread that read them.
    pub inline_months: usize,
    /// Months answered on the thread that read them, with their explanations.
    pub inline_explained_months: usize,
    /// Threads that serve connections.
    pub serving_threads: usize,
    /// Large requests worked on at a time.
    pub workers: usize,
    /// Large requests waiting for a worker.
    pub worker_queue: usize,
    /// Batches running at a time.
    pub batches: usize,
    /// Largest delivery to re-train with.
    pub upload_bytes: u64,
    /// Deliveries taken at a time.
    pub deliveries: usize,
    /// Listeners to jobs.
    pub listeners: usize,
    /// Open connections.
    pub connections: usize,
    /// Open connections of one address; 0 is a quarter of all.
    pub connections_per_address: usize,
    /// Request line and headers together.
    pub header_bytes: usize,
    /// Idle time of a connection, and time to send the headers.
    pub header_timeout: Duration,
    /// Time from the headers to the answer.
    pub request_timeout: Duration,
    /// Time a client may leave a write, or a batch's next bytes, waiting.
    pub stall_timeout: Duration,
    /// Least pace of a batch or a delivery while it is waited for.
    pub least_bytes_per_s: u64,
    /// Time requests in flight have to finish once the server stops.
    pub shutdown_timeout: Duration,
}

impl Limits {
    /// Open connections of one address.
    #[must_use]
    pub fn connections_of_one_address(&self) -> usize {
        let most = self.connections.max(1);
        if self.connections_per_address == 0 { (most / 4).max(1) } else { self.connections_per_address.min(most) }
    }
}

impl Default for Limits {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            body_bytes: 1 << 20,
            batch_body_bytes: 4 << 30,
            batch_spool_bytes: 4 << 30,
            batch_rows: 100_000_000,
            batch_timeout: Duration::from_secs(3_600),
            months: 1_200,
            fields_per_month: 100,
            inline_months: 100,
            inline_explained_months: 1,
            serving_threads: cores,
            workers: cores,
            worker_queue: 64,
            batches: 4,
            upload_bytes: 256 << 20,
            deliveries: 4,
            listeners: 64,
            connections: 1_024,
            connections_per_address: 0,
            header_bytes: 64 << 10,
            header_timeout: Duration::from_secs(30),
            request_timeout: Duration::from_secs(30),
            stall_timeout: Duration::from_secs(30),
            least_bytes_per_s: 1 << 10,
            shutdown_timeout: Duration::from_secs(30),
        }
    }
}

impl Limits {
    /// What a body that streams may take.
    pub(crate) fn body_bounds(&self) -> BodyBounds {
        BodyBounds {
            bytes: self.batch_body_bytes,
            stall: self.stall_timeout,
            time: self.batch_timeout,
            least_bytes_per_s: self.least_bytes_per_s,
        }
    }
}
