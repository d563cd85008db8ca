//! Every route, declared together with its entry in the API's description.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::http::Method;
use axum::response::IntoResponse;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::description::{TOKEN, completed};
use crate::not_found::not_found;
use crate::problem::{Kind, Problem};
use crate::{audit_log, batch, categories, docs, drift, health, jobs, metrics, models, observations, older, predict, retrain};

#[derive(OpenApi)]
#[openapi(
    info(title = "UU Predictor", description = "Unique users of web sites, estimated from what is known of their traffic."),
    modifiers(&Bearer),
    components(schemas(crate::schema::lifecycle::JobEventDocument)),
    tags(
        (name = "predict", description = "Estimates"),
        (name = "retrain", description = "New data, and what comes of them"),
        (name = "models", description = "Which version answers, and how it does"),
        (name = "older", description = "The flat form older clients use"),
        (name = "operation", description = "For those who run the server"),
        (name = "documentation", description = "This page"),
    ),
)]
struct Description;

/// Bearer tokens, as the description of an API declares them.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("uu_..")
            .description(Some("made by `uu-predictor tokens create`"))
            .build();
        api.components.get_or_insert_default().add_security_scheme(TOKEN, SecurityScheme::Http(scheme));
    }
}

fn described() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(predict::get_predict, predict::post_predict))
        .routes(routes!(batch::post_batch))
        .routes(routes!(older::get_older, older::post_older))
        .routes(routes!(older::get_older_root))
        .routes(routes!(retrain::post_retrain))
        .routes(routes!(observations::post_observations))
        .routes(routes!(jobs::list))
        .routes(routes!(jobs::show, jobs::cancel))
        .routes(routes!(jobs::events))
        .routes(routes!(jobs::retry))
        .routes(routes!(models::list))
        .routes(routes!(models::show))
        .routes(routes!(models::promote))
        .routes(routes!(models::rollback))
        .routes(routes!(drift::drift))
        .routes(routes!(audit_log::audit_log))
        .routes(routes!(categories::categories))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(metrics::metrics))
        .routes(routes!(docs::description))
        .routes(routes!(docs::docs))
        .routes(routes!(docs::page))
        .routes(routes!(docs::page_file))
}

/// The paths of the routes, with the names of their variable segments in braces; those without come first.
static PATHS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut paths: Vec<String> = described().into_openapi().paths.paths.into_keys().collect();
    paths.sort_by_key(|path| path.contains('{'));
    paths
});

/// The route that a path takes, as it is declared: `/jobs/{id}` for `/jobs/7`.
pub(crate) fn template(path: &str) -> Option<&'static str> {
    PATHS.iter().map(String::as_str).find(|route| leads_to(path, route))
}

/// Whether a path takes a route.
pub(crate) fn leads_to(path: &str, route: &str) -> bool {
    let (mut parts, mut segments) = (route.split('/'), path.split('/'));
    loop {
        match (parts.next(), segments.next()) {
            (None, None) => return true,
            (Some(part), Some(segment)) if part == segment || (part.starts_with('{') && !segment.is_empty()) => {}
            _ => return false,
        }
    }
}

/// The description of the API (OpenAPI 3.1).
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    completed(described().into_openapi())
}

/// The operations of a path, with their methods.
pub(crate) fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    let operations = [
        (Method::GET, &mut item.get),
        (Method::PUT, &mut item.put),
        (Method::POST, &mut item.post),
        (Method::DELETE, &mut item.delete),
        (Method::PATCH, &mut item.patch),
    ];
    operations.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

pub(crate) fn router(app: Arc<App>) -> Router {
    let (router, _) = described().split_for_parts();
    router.fallback(not_found).method_not_allowed_fallback(method_not_allowed).with_state(app)
}

async fn method_not_allowed() -> impl IntoResponse {
    Problem::new(Kind::MethodNotAllowed, "the `Allow` header lists the methods it takes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("/predict", Some("/predict"))]
    #[case("/jobs/7", Some("/jobs/{id}"))]
    #[case("/jobs/7/events", Some("/jobs/{id}/events"))]
    #[case("/models/rollback", Some("/models/rollback"))]
    #[case("/models/v0001", Some("/models/{version}"))]
    #[case("/jobs/", None)]
    #[case("/jobs/7/8/9", None)]
    #[case("/predict/", None)]
    fn a_path_takes_the_route_that_it_fits(#[case] path: &str, #[case] expected: Option<&str>) {
        assert_eq!(template(path), expected);
    }
}
