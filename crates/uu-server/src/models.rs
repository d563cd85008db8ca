//! `/models`: the versions, and which of them answers.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uu_service::registry::{Aliases, Change, ModelVersion, VersionRecord};

use crate::access::Caller;
use crate::app::App;
use crate::body::{read_text, read_whole};
use crate::malformed::{Expected, malformed};
use crate::parameters::NoParameters;
use crate::problem::{Kind, Problem, ProblemDocument};

/// The versions there are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelList {
    /// The version that answers.
    #[schema(value_type = Option<String>, example = "v0002")]
    champion: Option<ModelVersion>,
    /// The version that answered before it.
    #[schema(value_type = Option<String>, example = "v0001")]
    previous: Option<ModelVersion>,
    /// All versions, the oldest first: what each says of itself, where it comes from, who made it and why.
    #[schema(value_type = Vec<Object>)]
    versions: Vec<VersionRecord>,
}

/// Which version answers, and which did before.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AliasesAnswer {
    /// The version that answers.
    #[schema(value_type = Option<String>, example = "v0002")]
    champion: Option<ModelVersion>,
    /// The version that answered before it.
    #[schema(value_type = Option<String>, example = "v0001")]
    previous: Option<ModelVersion>,
}

/// Why the version in use is changed; all of it may be left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ChangeRequest {
    /// Why, for the audit log.
    reason: String,
    /// The version that is thought to answer now: where another one does, nothing is changed.
    #[schema(example = "v0001")]
    expected_champion: Option<String>,
}

const CHANGE: Expected = Expected {
    words: "an object",
    example: r#"{"reason": "the interval was too narrow", "expected_champion": "v0001"}"#,
    list_hint: "give the reason and the expected version of one change",
};

impl From<Aliases> for AliasesAnswer {
    fn from(aliases: Aliases) -> Self {
        Self { champion: aliases.champion, previous: aliases.previous }
    }
}

/// Lists the versions.
#[utoipa::path(
    get,
    path = "/models",
    tag = "models",
    responses(
        (status = 200, description = "The versions", body = ModelList),
        (status = 503, description = "The store cannot be reached", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(State(app): State<Arc<App>>, _: NoParameters) -> Result<Json<ModelList>, Problem> {
    let (aliases, versions) = app.ask(|registry| Ok((registry.aliases()?, registry.list()?))).await?;
    Ok(Json(ModelList { champion: aliases.champion, previous: aliases.previous, versions }))
}

/// Shows a version: what it says of itself, where it comes from, who made it and why.
#[utoipa::path(
    get,
    path = "/models/{version}",
    tag = "models",
    params(("version" = String, Path, description = "The version, as `v0001`")),
    responses(
        (status = 200, description = "The version", body = Object),
        (status = 404, description = "There is no such version", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Path(version): Path<String>,
    _: NoParameters,
) -> Result<Json<VersionRecord>, Problem> {
    let version = parsed(&version)?;
    Ok(Json(app.ask(move |registry| registry.version(version)).await?))
}

/// Puts a version in use, after it was loaded to see that it can answer; every replica follows within two seconds.
#[utoipa::path(
    post,
    path = "/models/{version}/promote",
    tag = "models",
    params(("version" = String, Path, description = "The version, as `v0001`")),
    request_body(content = ChangeRequest, description = "May be left out"),
    responses(
        (status = 200, description = "Which version answers now", body = AliasesAnswer),
        (status = 401, description = "No good token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The scope `admin` is needed", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "There is no such version", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "Another version answers than expected, or this one cannot be loaded", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn promote(
    State(app): State<Arc<App>>,
    Path(version): Path<String>,
    Extension(caller): Extension<Caller>,
    _: NoParameters,
    body: Body,
) -> Result<Json<AliasesAnswer>, Problem> {
    let version = parsed(&version)?;
    let change = change(&app, caller, body).await?;
    let moved = app.ask_for_version(move |registry| {
        uu_service::promote(registry, version, &change)?;
        Ok(registry.aliases()?)
    });
    Ok(Json(moved.await?.into()))
}

/// Puts the version in use that was before; every replica follows within two seconds.
#[utoipa::path(
    post,
    path = "/models/rollback",
    tag = "models",
    request_body(content = ChangeRequest, description = "May be left out"),
    responses(
        (status = 200, description = "Which version answers now", body = AliasesAnswer),
        (status = 401, description = "No good token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The scope `admin` is needed", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "There is no version to go back to, or another one answers than expected", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn rollback(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    _: NoParameters,
    body: Body,
) -> Result<Json<AliasesAnswer>, Problem> {
    let change = change(&app, caller, body).await?;
    let moved = app.ask_for_version(move |registry| uu_service::rollback(registry, &change));
    Ok(Json(moved.await?.into()))
}

fn parsed(version: &str) -> Result<ModelVersion, Problem> {
    version.parse().map_err(|error: uu_service::registry::BadVersion| Problem::new(Kind::NotFound, error.to_string()))
}

async fn change(app: &App, caller: Caller, body: Body) -> Result<Change, Problem> {
    let bytes = read_whole(body, app.limits.body_bytes).await?;
    let request = match read_text(&bytes)?.trim() {
        "" => ChangeRequest::default(),
        json => serde_json::from_str(json).map_err(|error| malformed(json, &error, CHANGE))?,
    };
    let expected_champion = request.expected_champion.as_deref().map(parsed).transpose()?.map(Some);
    Ok(Change { by: caller.by, reason: request.reason, expected_champion, ..Change::default() })
}
