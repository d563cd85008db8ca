//! The server's metrics: `declared` lists all of them.

mod declared;
mod process;
mod scraped;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::app::App;
use crate::problem::Kind;
use declared::{BATCH_BYTES, BATCH_ROWS, CONNECTIONS, DURATION, Declared, PANICS, PROBLEMS, REQUESTS, STORE_DURATION, TOKENS_REFUSED};
use scraped::scraped;

/// Upper bounds of the duration histogram's buckets, seconds.
const DURATIONS_S: [f64; 14] = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 5.0, 30.0];

const STATUS_CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Routes as the metrics tell them apart: a closed set, whatever paths clients make up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Predict,
    Batch,
    Older,
    Categories,
    Retrain,
    Jobs,
    Observations,
    Models,
    Drift,
    AuditLog,
    Health,
    Documentation,
    Metrics,
    Other,
}

impl Route {
    const ALL: [(Self, &'static str); 14] = [
        (Self::Predict, "/predict"),
        (Self::Batch, "/predict/batch"),
        (Self::Older, "/predictor"),
        (Self::Categories, "/categories"),
        (Self::Retrain, "/retrain"),
        (Self::Jobs, "/jobs"),
        (Self::Observations, "/observations"),
        (Self::Models, "/models"),
        (Self::Drift, "/drift"),
        (Self::AuditLog, "/audit-log"),
        (Self::Health, "/health"),
        (Self::Documentation, "/docs"),
        (Self::Metrics, "/metrics"),
        (Self::Other, "other"),
    ];

    /// Its name in metrics, and in the log where a path has no route of its own.
    pub(crate) fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    pub(crate) fn of(path: &str) -> Self {
        match path {
            "/predict" => Self::Predict,
            "/predict/batch" => Self::Batch,
            "/predictor" | "/predictor/predict" => Self::Older,
            "/categories" => Self::Categories,
            "/retrain" => Self::Retrain,
            "/observations" => Self::Observations,
            "/drift" => Self::Drift,
            "/audit-log" => Self::AuditLog,
            "/health/live" | "/health/ready" => Self::Health,
            "/openapi.json" => Self::Documentation,
            "/metrics" => Self::Metrics,
            path if is_at_or_below(path, "/docs") => Self::Documentation,
            path if is_at_or_below(path, "/jobs") => Self::Jobs,
            path if is_at_or_below(path, "/models") => Self::Models,
            _ => Self::Other,
        }
    }
}

fn is_at_or_below(path: &str, route: &str) -> bool {
    path.strip_prefix(route).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

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

/// The server's metrics, in Prometheus' text form.
#[utoipa::path(get, path = "/metrics", tag = "operation", responses((status = 200, description = "Metrics", body = String, content_type = "text/plain")))]
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], app.metrics.handle.render() + &scraped(&app))
}
