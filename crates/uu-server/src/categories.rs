//! `GET /categories`: the taxonomy.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::IntoResponse;
use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;
use uu_core::Category;

use crate::parameters::NoParameters;

static TAXONOMY: LazyLock<Bytes> = LazyLock::new(|| {
    let entries: Vec<CategoryEntry> = Category::all()
        .map(|category| CategoryEntry { code: category.code(), path: category.path(), top: category.top().path() })
        .collect();
    Bytes::from(serde_json::to_vec(&entries).expect("numbers and texts can always be written"))
});

/// A category of the taxonomy.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct CategoryEntry {
    /// Stable code.
    #[schema(example = 100)]
    code: u16,
    /// `Top` or `Top/Sub`.
    path: &'static str,
    /// The top category it belongs to.
    top: &'static str,
}

/// Lists the categories a record can have, in the order of their codes.
#[utoipa::path(get, path = "/categories", tag = "predict", responses((status = 200, description = "The taxonomy", body = [CategoryEntry])))]
pub(crate) async fn categories(_: NoParameters) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], TAXONOMY.clone())
}
