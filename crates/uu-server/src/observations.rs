//! `POST /observations`: known unique users, kept for the next training.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;
use uu_service::observing::{ObserveError, observe};

use crate::access::{Caller, store_problem};
use crate::app::App;
use crate::body::{read_json, read_text};
use crate::predict::checked_records;
use crate::problem::{FaultReport, Faults, Problem, ProblemDocument};
use crate::schema::PredictRequest;

/// Observations that are kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Observed {
    /// The batch they came in.
    #[schema(example = 7)]
    batch: i64,
    /// How many they are.
    #[schema(example = 1)]
    observations: usize,
}

/// Keeps known unique users: months of one site as `/predict` takes them, each with its `uniqueUsers`.
///
/// They are kept when this is answered. The next training learns from them, and a version that was put in use a while ago is taken back where
/// they speak against it.
#[utoipa::path(
    post,
    path = "/observations",
    tag = "retrain",
    request_body(
        content = PredictRequest,
        description = "Months keyed by date, each with its `uniqueUsers`",
        example = json!({"2018-12-01": {"domain": "example.com", "visits": 1_000_000, "uniqueUsers": 420_000}}),
    ),
    responses(
        (status = 201, description = "They are kept", body = Observed),
        (status = 401, description = "No good token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The scope `write` is needed", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "Values break rules; all of them are listed", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "The store cannot be reached; nothing is kept", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 507, description = "The store is full; nothing is kept", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn post_observations(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Observed>), Problem> {
    let bytes = read_json(&headers, body, app.limits.body_bytes).await?;
    let records = checked_records(read_text(&bytes)?, &app.lifecycle.rules, &app.limits)?;
    let (observations, rules) = (records.len(), app.lifecycle.rules.clone());
    let told = |error| match error {
        ObserveError::Store(error) => store_problem(&error),
        ObserveError::WithoutUsers { .. } => without_users(&error),
    };
    let batch = app.ask_or(move |registry| observe(registry, &records, &rules, &caller.by), told).await?;
    Ok((StatusCode::CREATED, Json(Observed { batch: batch.0, observations })))
}

fn without_users(error: &ObserveError) -> Problem {
    let mut faults = Faults::default();
    faults.push(|| FaultReport {
        code: "no_unique_users".to_owned(),
        field: Some("uniqueUsers".to_owned()),
        found: "none".to_owned(),
        expected: "the number of unique users, in each month".to_owned(),
        message: error.to_string(),
        hint: Some("{\"2018-12-01\": {\"domain\": \"example.com\", \"visits\": 1000000, \"uniqueUsers\": 420000}}".to_owned()),
        ..FaultReport::default()
    });
    Problem::validation(faults)
}
