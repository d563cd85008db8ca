//! The server's metrics: `declared` lists all of them.

mod declared;
mod process;
pub(crate) mod scraped;

use std::time::Duration;

use axum::response::Response;
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::problem::Kind;
use crate::route::Route;
use declared::{BATCH_BYTES, BATCH_ROWS, CONNECTIONS, DURATION, Declared, PANICS, PROBLEMS, REQUESTS, STORE_DURATION, TOKENS_REFUSED};

/// Upper bounds of the duration histogram's buckets, seconds.
const DURATIONS_S: [f64; 14] = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 5.0, 30.0];

const STATUS_CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

struct RouteMetrics {
    requests: [Counter; STATUS_CLASSES.len()],
    duration: Histogram,
}

/// Why a request was refused for its token.
#[derive(Clone, Copy, Debug)]
pub(crate) enum BadToken {
    Missing,
    Invalid,
    Scope,
    TooMany,
}

impl BadToken {
    const ALL: [&'static str; 4] = ["missing", "invalid", "scope", "too_many"];
}

/// What is counted of batches.
#[derive(Clone)]
pub(crate) struct BatchMetrics {
    pub(crate) estimated: Counter,
    pub(crate) skipped: Counter,
    pub(crate) received: Counter,
    pub(crate) sent: Counter,
}

/// Handles of the metrics that are recorded, registered once; the others are read when somebody asks for them.
pub(crate) struct Metrics {
    handle: PrometheusHandle,
    routes: [RouteMetrics; Route::ALL.len()],
    problems: [Counter; Kind::ALL.len()],
    bad_tokens: [Counter; BadToken::ALL.len()],
    pub(crate) connections: Gauge,
    pub(crate) panics: Counter,
    pub(crate) batches: BatchMetrics,
    /// Time that requests waited for the store.
    pub(crate) store: Histogram,
}

impl Metrics {
    /// What was recorded, in Prometheus' text form.
    pub(crate) fn recorded(&self) -> String {
        self.handle.render()
    }

    pub(crate) fn new() -> Self {
        let builder = PrometheusBuilder::new().set_buckets(&DURATIONS_S).expect("the list of buckets is not empty");
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        // A recorder of one's own, not the process's: tests run several servers in one process.
        metrics::with_local_recorder(&recorder, || {
            declared::ALL.iter().for_each(Declared::describe);
            let routes = Route::ALL.map(|(_, route)| RouteMetrics {
                requests: STATUS_CLASSES.map(|status| counter!(REQUESTS.name, "route" => route, "status" => status)),
                duration: histogram!(DURATION.name, "route" => route),
            });
            Self {
                handle,
                routes,
                problems: Kind::ALL.map(|kind| counter!(PROBLEMS.name, "type" => kind.name())),
                bad_tokens: BadToken::ALL.map(|reason| counter!(TOKENS_REFUSED.name, "reason" => reason)),
                connections: gauge!(CONNECTIONS.name),
                panics: counter!(PANICS.name),
                batches: BatchMetrics {
                    estimated: counter!(BATCH_ROWS.name, "outcome" => "estimated"),
                    skipped: counter!(BATCH_ROWS.name, "outcome" => "skipped"),
                    received: counter!(BATCH_BYTES.name, "direction" => "received"),
                    sent: counter!(BATCH_BYTES.name, "direction" => "sent"),
                },
                store: histogram!(STORE_DURATION.name),
            }
        })
    }

    /// Counts an answer.
    pub(crate) fn answered(&self, route: Route, response: &Response, duration: Duration) {
        let metrics = &self.routes[route as usize];
        metrics.requests[usize::from(response.status().as_u16() / 100 - 1).min(STATUS_CLASSES.len() - 1)].increment(1);
        metrics.duration.record(duration);
        if let Some(kind) = response.extensions().get::<Kind>() {
            self.problems[*kind as usize].increment(1);
        }
    }

    /// Counts a request that is refused for its token.
    pub(crate) fn bad_token(&self, reason: BadToken) {
        self.bad_tokens[reason as usize].increment(1);
    }

    /// Moves what was recorded into its buckets; what is not moved takes memory.
    pub(crate) fn upkeep(&self) {
        self.handle.run_upkeep();
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Metrics").finish_non_exhaustive()
    }
}
