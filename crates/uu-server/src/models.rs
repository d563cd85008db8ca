//! `/models`: the versions, and which of them answers.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uu_model::{About, LowCoverage};
use uu_registry::{Aliases, Change, ModelVersion, VersionRecord};

use crate::access::Caller;
use crate::app::App;
use crate::body::{read_text, read_whole};
use crate::malformed::{Expected, malformed};
use crate::parameters::NoParameters;
use crate::problem::{Kind, Problem, ProblemDocument};
use crate::schema::lifecycle::VersionDocument;
use crate::schema::shapes::VersionName;

/// The versions there are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelList {
    /// The version that answers.
    #[schema(value_type = Option<String>, example = "v0002")]
    champion: Option<ModelVersion>,
    /// The version that answered before it.
    #[schema(value_type = Option<String>, example = "v0001")]
    previous: Option<ModelVersion>,
    /// The version that an admin confirmed last: without an admin, no version is put in use whose estimates lie far from it.
    #[schema(value_type = Option<String>, example = "v0001")]
    anchor: Option<ModelVersion>,
    /// All versions, the oldest first: what each says of itself, where it comes from, who made it and why, and its `warnings`, if it has any.
    #[schema(value_type = Vec<VersionDocument>)]
    versions: Vec<VersionAnswer>,
}

/// A version, and what whoever uses it must know.
#[derive(Debug, Serialize)]
pub(crate) struct VersionAnswer {
    #[serde(flatten)]
    record: VersionRecord,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

impl From<VersionRecord> for VersionAnswer {
    fn from(record: VersionRecord) -> Self {
        let about = About::deserialize(&record.about).ok();
        let low_coverage = about.as_ref().and_then(LowCoverage::of_model);
        Self { record, warnings: low_coverage.iter().map(ToString::to_string).collect() }
    }
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

/// Why the version in use is changed, and to which one; all of it may be left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RollbackRequest {
    /// Why, for the audit log.
    #[serde(default)]
    reason: String,
    /// The version that is thought to answer now: where another one does, nothing is changed.
    #[schema(example = "v0003")]
    expected_champion: Option<String>,
    /// The version to go back to, which answered at some time; without it, the one that answered before.
    #[schema(example = "v0001")]
    to: Option<String>,
}

/// Why the version in use is changed; all of it may be left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeRequest {
    /// Why, for the audit log.
    #[serde(default)]
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

const ROLLBACK: Expected = Expected {
    words: "an object",
    example: r#"{"reason": "the interval was too narrow", "expected_champion": "v0003", "to": "v0001"}"#,
    list_hint: "give the reason and the versions of one rollback",
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
    operation_id = "list_models",
    tag = "models",
    responses(
        (status = 200, description = "The versions", body = ModelList),
        (status = 503, description = "The store cannot be reached", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(State(app): State<Arc<App>>, _: NoParameters) -> Result<Json<ModelList>, Problem> {
    let (aliases, versions) = app.ask(|registry| Ok((registry.aliases()?, registry.list()?))).await?;
    let versions = versions.into_iter().map(VersionAnswer::from).collect();
    Ok(Json(ModelList { champion: aliases.champion, previous: aliases.previous, anchor: aliases.anchor, versions }))
}

/// Shows a version: what it says of itself, where it comes from, who made it and why.
///
/// `warnings` has what whoever uses it must know, and is absent where there is nothing.
#[utoipa::path(
    get,
    path = "/models/{version}",
    operation_id = "show_model",
    tag = "models",
    params(("version" = inline(VersionName), Path, example = "v0001", description = "The version, as `v0001`")),
    responses(
        (status = 200, description = "The version", body = VersionDocument),
        (status = 404, description = "There is no such version", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Path(version): Path<String>,
    _: NoParameters,
) -> Result<Json<VersionAnswer>, Problem> {
    let version = parsed(&version)?;
    Ok(Json(app.ask(move |registry| registry.version(version)).await?.into()))
}

/// Puts a version in use, after it was loaded to see that it can answer; every replica follows within two seconds.
///
/// The version is confirmed by that: later ones that learn by themselves are compared with it.
#[utoipa::path(
    post,
    path = "/models/{version}/promote",
    operation_id = "promote_model",
    tag = "models",
    params(("version" = inline(VersionName), Path, example = "v0001", description = "The version, as `v0001`")),
    request_body(content = Option<ChangeRequest>, description = "May be left out"),
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
    let ChangeRequest { reason, expected_champion } = read_change(&app, body, CHANGE).await?;
    let change = Change { confirms: true, ..change(caller, reason, expected_champion.as_deref())? };
    let moved = app.ask_for_version(move |registry| {
        uu_service::promote(registry, version, &change)?;
        Ok(registry.aliases()?)
    });
    Ok(Json(moved.await?.into()))
}

/// Puts the version in use that was before, or an earlier one; every replica follows within two seconds.
#[utoipa::path(
    post,
    path = "/models/rollback",
    operation_id = "rollback_model",
    tag = "models",
    request_body(content = Option<RollbackRequest>, description = "May be left out"),
    responses(
        (status = 200, description = "Which version answers now", body = AliasesAnswer),
        (status = 401, description = "No good token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The scope `admin` is needed", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "There is no such version", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "There is no version to go back to, or another one answers than expected", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn rollback(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    _: NoParameters,
    body: Body,
) -> Result<Json<AliasesAnswer>, Problem> {
    let RollbackRequest { reason, expected_champion, to } = read_change(&app, body, ROLLBACK).await?;
    let to = to.as_deref().map(parsed).transpose()?;
    let change = Change { confirms: true, ..change(caller, reason, expected_champion.as_deref())? };
    let moved = app.ask_for_version(move |registry| uu_service::rollback(registry, to, &change));
    Ok(Json(moved.await?.into()))
}

fn parsed(version: &str) -> Result<ModelVersion, Problem> {
    version.parse().map_err(|error: uu_registry::BadVersion| Problem::new(Kind::NotFound, error.to_string()))
}

async fn read_change<T: Default + DeserializeOwned>(app: &App, body: Body, expected: Expected) -> Result<T, Problem> {
    let bytes = read_whole(body, app.limits.body_bytes).await?;
    match read_text(&bytes)?.trim() {
        "" | "null" => Ok(T::default()),
        json => serde_json::from_str(json).map_err(|error| malformed(json, &error, expected)),
    }
}

fn change(caller: Caller, reason: String, expected_champion: Option<&str>) -> Result<Change, Problem> {
    let expected_champion = expected_champion.map(parsed).transpose()?.map(Some);
    Ok(Change { by: caller.by, reason, expected_champion, ..Change::default() })
}
