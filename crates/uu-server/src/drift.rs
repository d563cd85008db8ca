//! `GET /drift`: how recent requests and observations differ from what the model in use was trained on.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tracing::Instrument;
use utoipa::ToSchema;
use uu_monitor::drift::DriftVerdict;
use uu_service::{DriftStatus, drift_status};

use crate::app::App;
use crate::last_drift::Computed;
use crate::parameters::NoParameters;
use crate::problem::{Problem, ProblemDocument};
use crate::schema::drift::{DriftVerdictDocument, ObservationDriftDocument, RequestDriftDocument};

/// How far requests and observations have drifted.
#[derive(Debug, ToSchema)]
#[schema(as = Drift)]
#[expect(dead_code, reason = "describes what the service's own type is written as")]
pub(crate) struct DriftDocument {
    /// The version in use.
    #[schema(example = "v0002")]
    version: String,
    /// The gravest of all verdicts: `too_few`, `stable`, `moderate` or `strong`.
    #[schema(value_type = DriftVerdictDocument)]
    verdict: String,
    /// Requests of the last day: for each input, the estimate, the category, the source and the pattern of known inputs the population
    /// stability index (as found, and less what chance adds), what chance reaches, and the Jensen-Shannon distance. Null where an earlier
    /// release trained the model.
    requests: Option<RequestDriftDocument>,
    /// Replicas that counted them.
    replicas: usize,
    /// What observations show: `watch`, the error beside that of the version before, with `evidence`, whose observations that rests on, and
    /// `suggests_rollback`, whether it is one sender's alone; and `concept`, labels beside estimates by month of arrival.
    observations: ObservationDriftDocument,
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

/// Says how far recent requests and observations differ from what the model in use was trained on, over all replicas.
///
/// It is computed at most every 30 s, and answered from memory until then. With `Accept: text/html` it is a section that a page can take in as it is.
#[utoipa::path(
    get,
    path = "/drift",
    tag = "models",
    params(("If-None-Match" = Option<String>, Header, description = "The `ETag` of an earlier answer")),
    responses(
        (status = 200, description = "How far", headers(("ETag" = String, description = "Changes with the answer")), content((DriftDocument = "application/json"), (String = "text/html"))),
        (status = 304, description = "As it was in the earlier answer"),
        (status = 409, description = "No version is in use", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "The store cannot be reached", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn drift(State(app): State<Arc<App>>, _: NoParameters, headers: HeaderMap) -> Result<Response, Problem> {
    let computed = Computed::recent(&app).await?;
    let wants_html = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains("text/html"));
    let (form, body, media) =
        if wants_html { ("html", &computed.html, "text/html; charset=utf-8") } else { ("json", &computed.json, "application/json") };
    let tag = format!("\"{:016x}-{form}\"", computed.checksum);
    let known = headers.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let is_known = known.is_some_and(|tags| tags.split(',').any(|known| known.trim().trim_start_matches("W/") == tag));
    let standing = [(header::ETAG, tag), (header::VARY, "Accept".to_owned())];
    if is_known {
        return Ok((StatusCode::NOT_MODIFIED, standing).into_response());
    }
    Ok((standing, [(header::CONTENT_TYPE, media)], body.clone()).into_response())
}

/// How long an answer is given again.
const FRESH: Duration = Duration::from_secs(30);

impl Computed {
    /// What was computed a moment ago, or is computed now: once for all who wait, and to its end, whoever still waits for it.
    ///
    /// **Errors**: no version is in use, or it cannot be loaded; the store cannot be reached.
    async fn recent(app: &Arc<App>) -> Result<Arc<Self>, Problem> {
        let app = Arc::clone(app);
        let span = tracing::Span::current();
        let computing = async move {
            let mut last = app.drift.lock().await;
            let served = app.serving.current().map(|served| served.version.clone());
            if let Some(last) = last.as_ref().filter(|last| last.at.elapsed() < FRESH && last.served == served) {
                return Ok(Arc::clone(last));
            }
            let computed = Arc::new(Self::now(&app, served).await?);
            *last = Some(Arc::clone(&computed));
            Ok(computed)
        };
        tokio::spawn(computing.instrument(span)).await.unwrap_or_else(|error| {
            tracing::error!(%error, "drift could not be computed");
            Err(Problem::internal())
        })
    }

    async fn now(app: &App, version: Option<String>) -> Result<Self, Problem> {
        let (served, worker) = (app.serving.current(), app.lifecycle.worker.clone());
        let status =
            app.ask_for_version(move |registry| drift_status(registry, served.as_ref().map(|served| (served, worker.as_str())))).await?;
        let json = serde_json::to_vec(&status).expect("numbers and texts can always be written");
        let html = Section { status: &status }.render().expect("numbers and texts can always be written");
        let mut hasher = DefaultHasher::new();
        json.hash(&mut hasher);
        Ok(Self { json: json.into(), html: html.into(), checksum: hasher.finish(), served: version, at: Instant::now() })
    }
}
