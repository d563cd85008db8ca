//! The server's metrics: all of them are declared here.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use metrics::{Counter, Gauge, Histogram, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::app::App;

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
    Health,
    Documentation,
    Metrics,
    Other,
}

impl Route {
    const ALL: [(Self, &'static str); 8] = [
        (Self::Predict, "/predict"),
        (Self::Batch, "/predict/batch"),
        (Self::Older, "/predictor"),
        (Self::Categories, "/categories"),
        (Self::Health, "/health"),
        (Self::Documentation, "/docs"),
        (Self::Metrics, "/metrics"),
        (Self::Other, "other"),
    ];

    pub(crate) fn of(path: &str) -> Self {
        match path {
            "/predict" => Self::Predict,
            "/predict/batch" => Self::Batch,
            "/predictor" | "/predictor/predict" => Self::Older,
            "/categories" => Self::Categories,
            "/health/live" | "/health/ready" => Self::Health,
            "/openapi.json" => Self::Documentation,
            "/metrics" => Self::Metrics,
            path if path.starts_with("/docs") => Self::Documentation,
            _ => Self::Other,
        }
    }
}

struct RouteMetrics {
    requests: [Counter; STATUS_CLASSES.len()],
    duration: Histogram,
}

/// Handles of every metric, registered once.
pub(crate) struct Metrics {
    handle: PrometheusHandle,
    routes: [RouteMetrics; Route::ALL.len()],
    pub(crate) connections: Gauge,
    pub(crate) panics: Counter,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let builder = PrometheusBuilder::new().set_buckets(&DURATIONS_S).expect("the list of buckets is not empty");
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        // A recorder of one's own, not the process's: tests run several servers in one process.
        metrics::with_local_recorder(&recorder, || {
            describe_counter!("uu_http_requests_total", "Requests answered, by route and status class.");
            describe_histogram!("uu_http_request_duration_seconds", "Time from a request's headers to its answer's.");
            describe_gauge!("uu_http_connections", "Open connections.");
            describe_counter!("uu_http_panics_total", "Requests whose handling panicked.");
            let routes = Route::ALL.map(|(_, route)| RouteMetrics {
                requests: STATUS_CLASSES.map(|status| counter!("uu_http_requests_total", "route" => route, "status" => status)),
                duration: histogram!("uu_http_request_duration_seconds", "route" => route),
            });
            Self { handle, routes, connections: gauge!("uu_http_connections"), panics: counter!("uu_http_panics_total") }
        })
    }

    pub(crate) fn answered(&self, route: Route, status: u16, duration: Duration) {
        let metrics = &self.routes[route as usize];
        metrics.requests[usize::from(status / 100 - 1).min(STATUS_CLASSES.len() - 1)].increment(1);
        metrics.duration.record(duration);
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
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], app.metrics.handle.render())
}
