//! `GET /audit-log`: what was done to models, tokens and batches, by whom and why.

use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use serde::Serialize;
use utoipa::ToSchema;
use uu_registry::AuditRecord;

use crate::app::App;
use crate::parameters::{Parameters, bad_parameter};
use crate::problem::{Problem, ProblemDocument};
use crate::schema::lifecycle::AuditDocument;

/// Records that are listed unless asked otherwise, and at most.
const LISTED: (u32, u32) = (20, 1_000);

/// What was done.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditLog {
    /// The newest first; each with its number, who, what, to what, when, why, and the figures it rests on.
    #[schema(value_type = Vec<AuditDocument>)]
    records: Vec<AuditRecord>,
}

/// Lists what was done to models, tokens and batches, the newest first.
#[utoipa::path(
    get,
    path = "/audit-log",
    tag = "models",
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "Records at most, up to 1,000; 20 unless asked otherwise"),
        ("before" = Option<i64>, Query, description = "Only records older than the one of this number"),
    ),
    responses(
        (status = 200, description = "The records", body = AuditLog),
        (status = 503, description = "The store cannot be reached", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn audit_log(State(app): State<Arc<App>>, RawQuery(query): RawQuery) -> Result<Json<AuditLog>, Problem> {
    let (mut limit, mut before) = (LISTED.0, None);
    Parameters::once(&["limit", "before"]).read(query.as_deref(), |name, value, faults| match (name, value.parse::<i64>()) {
        ("limit", Ok(number)) if (1..=i64::from(LISTED.1)).contains(&number) => limit = u32::try_from(number).unwrap_or(LISTED.1),
        ("limit", _) => faults.push(|| bad_parameter("bad_number", "limit", value, "a number from 1 to 1000")),
        (_, Ok(number)) => before = Some(number),
        _ => faults.push(|| bad_parameter("bad_number", name, value, "the number of a record")),
    })?;
    let records = app.ask(move |registry| registry.audit_log(limit, before)).await?;
    Ok(Json(AuditLog { records }))
}
