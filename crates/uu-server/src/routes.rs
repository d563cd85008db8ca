//! Every route, declared together with its entry in the API's description.

use std::sync::Arc;

use axum::Router;
use axum::response::IntoResponse;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::problem::{Kind, Problem};
use crate::{batch, categories, docs, health, metrics, older, predict};

#[derive(OpenApi)]
#[openapi(
    info(title = "UU Predictor", description = "Unique users of web sites, estimated from what is known of their traffic."),
    tags(
        (name = "predict", description = "Estimates"),
        (name = "older", description = "The flat form older clients use"),
        (name = "operation", description = "For those who run the server"),
        (name = "documentation", description = "This page"),
    ),
)]
struct Description;

fn described() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(predict::get_predict, predict::post_predict))
        .routes(routes!(batch::post_batch))
        .routes(routes!(older::get_older, older::post_older))
        .routes(routes!(older::get_older_root))
        .routes(routes!(categories::categories))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(metrics::metrics))
        .routes(routes!(docs::description))
        .routes(routes!(docs::docs))
        .routes(routes!(docs::page))
        .routes(routes!(docs::page_file))
}

/// The description of the API (OpenAPI 3.1).
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    described().into_openapi()
}

pub(crate) fn router(app: Arc<App>) -> Router {
    let (router, _) = described().split_for_parts();
    router.fallback(not_found).method_not_allowed_fallback(method_not_allowed).with_state(app)
}

async fn not_found() -> impl IntoResponse {
    Problem::new(Kind::NotFound, "the routes are listed under `/docs`")
}

async fn method_not_allowed() -> impl IntoResponse {
    Problem::new(Kind::MethodNotAllowed, "the `Allow` header lists the methods it takes")
}
