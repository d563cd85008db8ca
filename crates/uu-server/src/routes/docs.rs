//! The API's description, and the page that shows it.

use std::sync::{Arc, LazyLock};

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use bytes::Bytes;
use utoipa_swagger_ui::Config;

use super::openapi;
use crate::problem::{Kind, Problem};

static DESCRIPTION: LazyLock<Bytes> =
    LazyLock::new(|| Bytes::from(openapi().to_json().expect("the description holds nothing that JSON cannot")));

/// The description of this API (OpenAPI 3.1).
#[utoipa::path(get, path = "/openapi.json", tag = "documentation", responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json")))]
pub(crate) async fn description() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DESCRIPTION.clone())
}

/// Leads to the page that shows this description.
#[utoipa::path(get, path = "/docs", tag = "documentation", responses((status = 308, description = "To `/docs/`")))]
pub(crate) async fn docs() -> Redirect {
    Redirect::permanent("/docs/")
}

/// The page that shows this description, and lets one try it.
#[utoipa::path(get, path = "/docs/", tag = "documentation", responses((status = 200, description = "Swagger UI", content_type = "text/html")))]
pub(crate) async fn page() -> Response {
    file("")
}

/// A file of that page; all are in the binary.
#[utoipa::path(
    get,
    path = "/docs/{file}",
    tag = "documentation",
    params(("file" = String, Path, description = "Name of the file")),
    responses((status = 200, description = "The file"), (status = 404, description = "There is none of that name")),
)]
pub(crate) async fn page_file(Path(name): Path<String>) -> Response {
    file(&name)
}

fn file(name: &str) -> Response {
    match utoipa_swagger_ui::serve(name, Arc::new(Config::from("/openapi.json"))) {
        Ok(Some(file)) => ([(header::CONTENT_TYPE, file.content_type)], file.bytes.into_owned()).into_response(),
        Ok(None) => Problem::new(Kind::NotFound, "the documentation has no such file").into_response(),
        Err(error) => {
            tracing::error!(%error, name, "a file of the documentation cannot be served");
            Problem::internal().into_response()
        }
    }
}
