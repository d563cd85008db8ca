//! Whether the server lives, and whether it can answer.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use uu_service::Readiness;

use crate::app::App;

/// How the server stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `live`, `ready`, `preparing` or `failed`.
    #[schema(example = "ready")]
    status: &'static str,
    /// What is being done, where the server is not ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<String>,
    /// How far it is, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    done: Option<f64>,
    /// Version of the model in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
}

impl Health {
    const LIVE: Self = Self { status: "live", stage: None, done: None, model: None };
}

/// Whether the process answers at all.
#[utoipa::path(get, path = "/health/live", tag = "operation", responses((status = 200, description = "It does", body = Health)))]
pub(crate) async fn live() -> Json<Health> {
    Json(Health::LIVE)
}

/// Whether a model is in use.
#[utoipa::path(
    get,
    path = "/health/ready",
    tag = "operation",
    responses(
        (status = 200, description = "A model answers", body = Health),
        (status = 503, description = "None does yet; the stage says why", body = Health),
    ),
)]
pub(crate) async fn ready(State(app): State<Arc<App>>) -> Response {
    if let Some(served) = app.serving.current() {
        let model = Some(served.version.clone());
        return Json(Health { status: "ready", model, ..Health::LIVE }).into_response();
    }
    let (health, retry_after_s) = match &*app.serving.readiness() {
        Readiness::Preparing { stage, done } => {
            (Health { status: "preparing", stage: Some(stage.clone()), done: Some(*done), model: None }, "1")
        }
        Readiness::Failed { reason } => (Health { status: "failed", stage: Some(reason.clone()), ..Health::LIVE }, "60"),
        Readiness::Ready => (Health { status: "preparing", ..Health::LIVE }, "1"),
    };
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, retry_after_s)], Json(health)).into_response()
}
