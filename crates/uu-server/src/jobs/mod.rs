//! `/jobs`: how far re-trainings are, and what came of them.

mod events;

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;
use uu_registry::{Job, JobId, Scope};

pub(crate) use events::{__path_events, events};

use crate::access::Caller;
use crate::app::App;
use crate::parameters::NoParameters;
use crate::problem::{Kind, Problem, ProblemDocument};
use crate::schema::lifecycle::{JobStateDocument, OutcomeDocument, ProgressDocument};

/// Jobs that are listed.
const LISTED: u32 = 100;

/// The newest jobs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobList {
    /// The newest first.
    #[schema(value_type = Vec<JobDocument>)]
    jobs: Vec<Job>,
}

/// A job.
#[derive(Debug, ToSchema)]
#[schema(as = Job)]
#[expect(dead_code, reason = "describes what the registry's own type is written as")]
pub(crate) struct JobDocument {
    /// Its number.
    #[schema(example = 12)]
    id: i64,
    /// What kind of work.
    #[schema(example = "retrain")]
    kind: String,
    /// `queued`, `running`, `succeeded`, `refused` (done, and the answer is no), `failed`, `cancelled`, or `lost` (its worker is gone).
    #[schema(value_type = JobStateDocument)]
    state: String,
    /// What was asked for.
    #[schema(value_type = Object)]
    request: serde_json::Value,
    /// Who asked.
    by: String,
    /// Who has it, or had it.
    worker: Option<String>,
    /// How far it is: `stage`, `done`, `of`.
    progress: Option<ProgressDocument>,
    /// What came of it: `retraining` with the decision, its reasons and the gate's figures, and `data_quality`; or the `reason` of a failure.
    outcome: Option<OutcomeDocument>,
    /// Whether its worker was asked to stop.
    cancel_requested: bool,
    /// The job this one tries again.
    retry_of: Option<i64>,
    /// When it was asked for.
    queued_at: String,
    /// When a worker took it.
    started_at: Option<String>,
    /// When it ended.
    ended_at: Option<String>,
}

/// Lists the newest hundred jobs.
#[utoipa::path(get, path = "/jobs", operation_id = "list_jobs", tag = "retrain", responses((status = 200, description = "The jobs", body = JobList)))]
pub(crate) async fn list(State(app): State<Arc<App>>, _: NoParameters) -> Result<Json<JobList>, Problem> {
    Ok(Json(JobList { jobs: app.ask(|registry| registry.jobs(LISTED)).await? }))
}

/// Shows a job: how far it is, or what came of it.
#[utoipa::path(
    get,
    path = "/jobs/{id}",
    operation_id = "show_job",
    tag = "retrain",
    params(("id" = i64, Path, minimum = 1, description = "Number of the job")),
    responses(
        (status = 200, description = "The job", body = JobDocument),
        (status = 404, description = "There is no such job", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn show(State(app): State<Arc<App>>, Path(id): Path<String>, _: NoParameters) -> Result<Json<Job>, Problem> {
    let id = parsed(&id)?;
    Ok(Json(app.ask(move |registry| registry.job(id)).await?))
}

/// Calls a job off: at once where it waits, within some seconds where it runs. Nothing it did is kept but rows that were delivered.
#[utoipa::path(
    delete,
    path = "/jobs/{id}",
    operation_id = "cancel_job",
    tag = "retrain",
    params(("id" = i64, Path, minimum = 1, description = "Number of the job")),
    responses(
        (status = 202, description = "It is called off", body = JobDocument),
        (status = 401, description = "No good token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "There is no such job", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "It has ended", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn cancel(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Extension(caller): Extension<Caller>,
    _: NoParameters,
) -> Result<Response, Problem> {
    let id = parsed(&id)?;
    let cancelled = app.ask(move |registry| {
        registry.request_cancel(id, &caller.by)?;
        registry.job(id)
    });
    Ok((StatusCode::ACCEPTED, Json(cancelled.await?)).into_response())
}

/// Does again what a job that was refused, failed, was cancelled or lost was asked for; its files are kept for a day. A job that was asked for by force needs
/// the scope `admin` again.
#[utoipa::path(
    post,
    path = "/jobs/{id}/retry",
    operation_id = "retry_job",
    tag = "retrain",
    params(("id" = i64, Path, minimum = 1, description = "Number of the job")),
    responses(
        (status = 202, description = "The job that does it again", body = JobDocument),
        (status = 401, description = "No good token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The scope does not reach: what was asked for by force needs `admin`", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "There is no such job", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "It has not ended, succeeded, or is retried already", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 429, description = "Too many jobs are pending", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn retry(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Extension(caller): Extension<Caller>,
    _: NoParameters,
) -> Result<Response, Problem> {
    let id = parsed(&id)?;
    let job = app.ask(move |registry| registry.job(id)).await?;
    if uu_service::jobs::is_forced(&job) {
        caller.must_have(Scope::Admin)?;
    }
    let bounds = app.lifecycle.queue;
    let again = app.ask(move |registry| registry.job(registry.retry(id, caller.asker(bounds))?));
    Ok(accepted(again.await?))
}

/// A job that was asked for, and where it can be looked at.
pub(crate) fn accepted(job: Job) -> Response {
    let location = format!("/jobs/{}", job.id);
    (StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(job)).into_response()
}

fn parsed(id: &str) -> Result<JobId, Problem> {
    id.parse().map(JobId).map_err(|_| Problem::new(Kind::NotFound, "a job is named by its number"))
}
