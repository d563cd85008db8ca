//! `GET /drift`: how recent requests and observations differ from what the model in use was trained on.

use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use uu_service::{DriftStatus, DriftVerdict, drift_status};

use crate::app::App;
use crate::parameters::NoParameters;
use crate::problem::{Problem, ProblemDocument};

/// How far requests and observations have drifted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Drift)]
pub(crate) struct DriftDocument {
    /// The version in use.
    #[schema(example = "v0002")]
    version: String,
    /// The gravest of all verdicts: `too_few`, `stable`, `moderate` or `strong`.
    #[schema(example = "stable")]
    verdict: String,
    /// Requests of the last day: for each input, the estimate, the category, the source and the pattern of known inputs the population
    /// stability index (as found, and less what chance adds), what chance reaches, and the Jensen-Shannon distance. Null where an earlier
    /// release trained the model.
    requests: Option<serde_json::Value>,
    /// Replicas that counted them.
    replicas: usize,
    /// What observations say: `watch`, the error beside that of the version before, and `concept`, labels beside estimates by month of arrival.
    observations: serde_json::Value,
}

/// The same as a section of a page.
#[derive(Template)]
#[template(path = "drift.html")]
struct Section<'a> {
    status: &'a DriftStatus,
}

impl Section<'_> {
    fn words(&self, verdict: &DriftVerdict) -> &'static str {
        match verdict {
            DriftVerdict::TooFew => "too few to tell",
            DriftVerdict::Stable => "stable",
            DriftVerdict::Moderate => "moderate",
            DriftVerdict::Strong => "strong",
        }
    }

    /// A stable name for style sheets.
    fn class(&self, verdict: &DriftVerdict) -> &'static str {
        match verdict {
            DriftVerdict::TooFew => "too-few",
            DriftVerdict::Stable => "stable",
            DriftVerdict::Moderate => "moderate",
            DriftVerdict::Strong => "strong",
        }
    }
}

/// Tells how far recent requests and observations differ from what the model in use was trained on, over all replicas.
///
/// With `Accept: text/html` it is a section that a page can take in as it is.
#[utoipa::path(
    get,
    path = "/drift",
    tag = "models",
    responses(
        (status = 200, description = "How far", content((DriftDocument = "application/json"), (String = "text/html"))),
        (status = 409, description = "No version is in use", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "The store cannot be reached", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn drift(State(app): State<Arc<App>>, _: NoParameters, headers: HeaderMap) -> Result<Response, Problem> {
    let (served, worker) = (app.serving.current(), app.lifecycle.worker.clone());
    let status =
        app.ask_for_version(move |registry| drift_status(registry, served.as_ref().map(|served| (served, worker.as_str())))).await?;
    let wants_html = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains("text/html"));
    if !wants_html {
        return Ok(Json(status).into_response());
    }
    let section = Section { status: &status }.render();
    Ok(Html(section.expect("numbers and texts can always be written")).into_response())
}
