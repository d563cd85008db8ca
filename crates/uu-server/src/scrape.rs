//! `GET /metrics`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use crate::app::App;
use crate::metrics::scraped::scraped;

/// The server's metrics, in Prometheus' text form.
#[utoipa::path(get, path = "/metrics", tag = "operation", responses((status = 200, description = "Metrics", body = String, content_type = "text/plain")))]
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        app.metrics.recorded() + &scraped(&app.serving, app.batches.taken()),
    )
}
