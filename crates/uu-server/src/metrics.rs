//! The server's metrics: all of them are declared here.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use metrics::{Counter, Gauge, Histogram, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use uu_core::contained_panics;
use uu_service::registry::ModelVersion;
use uu_service::{DriftVerdict, Serving};

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

/// Handles of every metric, registered once.
pub(crate) struct Metrics {
    handle: PrometheusHandle,
    recorder: Arc<PrometheusRecorder>,
    routes: [RouteMetrics; Route::ALL.len()],
    pub(crate) connections: Gauge,
    pub(crate) panics: Counter,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let builder = PrometheusBuilder::new().set_buckets(&DURATIONS_S).expect("the list of buckets is not empty");
        let recorder = Arc::new(builder.build_recorder());
        let handle = recorder.handle();
        // A recorder of one's own, not the process's: tests run several servers in one process.
        metrics::with_local_recorder(&*recorder, || {
            describe_counter!("uu_http_requests_total", "Requests answered, by route and status class.");
            describe_histogram!("uu_http_request_duration_seconds", "Time from a request's headers to its answer's.");
            describe_gauge!("uu_http_connections", "Open connections.");
            describe_counter!("uu_http_panics_total", "Requests whose handling panicked.");
            describe_counter!("uu_contained_panics_total", "Panics of libraries over damaged data, which were refused.");
            describe_gauge!("uu_model_version", "Number of the model version that answers.");
            describe_gauge!("uu_drift_verdict", "Gravest drift: 0 too few to tell, 1 stable, 2 moderate, 3 strong.");
            describe_gauge!(
                "uu_drift_psi",
                "Population stability index of recent requests against the training data, less what chance adds."
            );
            describe_gauge!("uu_drift_concept_verdict", "Drift of observations against estimates, graded as `uu_drift_verdict`.");
            describe_gauge!("uu_watch_observations", "Observations that the champion was compared on with the version before.");
            describe_gauge!("uu_watch_log_error_difference", "Mean error of the logarithm beyond that of the version before.");
            let routes = Route::ALL.map(|(_, route)| RouteMetrics {
                requests: STATUS_CLASSES.map(|status| counter!("uu_http_requests_total", "route" => route, "status" => status)),
                duration: histogram!("uu_http_request_duration_seconds", "route" => route),
            });
            Self {
                handle,
                recorder: recorder.clone(),
                routes,
                connections: gauge!("uu_http_connections"),
                panics: counter!("uu_http_panics_total"),
            }
        })
    }

    pub(crate) fn answered(&self, route: Route, status: u16, duration: Duration) {
        let metrics = &self.routes[route as usize];
        metrics.requests[usize::from(status / 100 - 1).min(STATUS_CLASSES.len() - 1)].increment(1);
        metrics.duration.record(duration);
    }

    /// Puts what is known of the model in use into its gauges.
    fn show(&self, serving: &Serving) {
        metrics::with_local_recorder(&*self.recorder, || {
            counter!("uu_contained_panics_total").absolute(contained_panics());
            if let Some(version) = serving.current().and_then(|served| served.version.parse::<ModelVersion>().ok()) {
                gauge!("uu_model_version").set(f64::from(version.number()));
            }
            let Some(drift) = serving.drift() else { return };
            let grade = |verdict: DriftVerdict| f64::from(verdict as u8);
            gauge!("uu_drift_verdict").set(grade(drift.verdict));
            for figure in drift.requests.iter().flat_map(|requests| &requests.figures) {
                // The figures are those of the model: its inputs and some others, none of which a client can make up.
                gauge!("uu_drift_psi", "figure" => figure.figure.name().to_owned()).set(figure.psi_corrected);
            }
            gauge!("uu_drift_concept_verdict").set(grade(drift.observations.concept.verdict));
            if let Some(watch) = &drift.observations.watch {
                gauge!("uu_watch_observations").set(watch.observations as f64);
                gauge!("uu_watch_log_error_difference").set(watch.mean_difference.unwrap_or_default());
            }
        });
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
    app.metrics.show(&app.serving);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], app.metrics.handle.render())
}
