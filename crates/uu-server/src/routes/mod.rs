//! Every route, declared together with who may use it and with its entry in the API's description.

mod description;
mod docs;
mod not_found;

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::http::Method;
use axum::response::IntoResponse;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;
use uu_registry::Scope;

use crate::app::App;
use crate::problem::{Kind, Problem};
use crate::route::Audience::{self, Everybody, Holders, Operators, Readers};
use crate::route::{Matched, Route, Table};
use crate::{audit_log, batch, categories, drift, health, jobs, models, observations, older, predict, retrain, scrape};
use description::{TOKEN, completed};
use not_found::not_found;

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

/// The router and what its routes declare: a route is added with its purpose and with who may use it, and in no other way.
struct Routes {
    router: OpenApiRouter<Arc<App>>,
    table: Table,
}

const WRITE: Audience = Holders(Scope::Write);
const ADMIN: Audience = Holders(Scope::Admin);

impl Routes {
    fn all() -> Self {
        use Method as M;
        let none = Self { router: OpenApiRouter::with_openapi(Description::openapi()), table: Table::default() };
        none.add(Route::Predict, &[(M::GET, Readers), (M::POST, Readers)], routes!(predict::get_predict, predict::post_predict))
            .add(Route::Batch, &[(M::POST, Readers)], routes!(batch::post_batch))
            .add(Route::Older, &[(M::GET, Readers), (M::POST, Readers)], routes!(older::get_older, older::post_older))
            .add(Route::Older, &[(M::GET, Readers)], routes!(older::get_older_root))
            .add(Route::Retrain, &[(M::POST, WRITE)], routes!(retrain::post_retrain))
            .add(Route::Observations, &[(M::POST, WRITE)], routes!(observations::post_observations))
            .add(Route::Jobs, &[(M::GET, Operators)], routes!(jobs::list))
            .add(Route::Jobs, &[(M::GET, Operators), (M::DELETE, WRITE)], routes!(jobs::show, jobs::cancel))
            .add(Route::Jobs, &[(M::GET, Operators)], routes!(jobs::events))
            .add(Route::Jobs, &[(M::POST, WRITE)], routes!(jobs::retry))
            .add(Route::Models, &[(M::GET, Operators)], routes!(models::list))
            .add(Route::Models, &[(M::GET, Operators)], routes!(models::show))
            .add(Route::Models, &[(M::POST, ADMIN)], routes!(models::promote))
            .add(Route::Models, &[(M::POST, ADMIN)], routes!(models::rollback))
            .add(Route::Drift, &[(M::GET, Operators)], routes!(drift::drift))
            .add(Route::AuditLog, &[(M::GET, Operators)], routes!(audit_log::audit_log))
            .add(Route::Categories, &[(M::GET, Readers)], routes!(categories::categories))
            .add(Route::Health, &[(M::GET, Everybody)], routes!(health::live))
            .add(Route::Health, &[(M::GET, Everybody)], routes!(health::ready))
            .add(Route::Metrics, &[(M::GET, Readers)], routes!(scrape::metrics))
            .add(Route::Documentation, &[(M::GET, Readers)], routes!(docs::description))
            .add(Route::Documentation, &[(M::GET, Readers)], routes!(docs::docs))
            .add(Route::Documentation, &[(M::GET, Readers)], routes!(docs::page))
            .add(Route::Documentation, &[(M::GET, Readers)], routes!(docs::page_file))
    }

    /// Adds the operations of one path. One that `audiences` leaves out is for administrators.
    fn add(mut self, route: Route, audiences: &[(Method, Audience)], mut added: UtoipaMethodRouter<Arc<App>>) -> Self {
        let of = |method: &Method| audiences.iter().find(|(listed, _)| listed == method).map_or(ADMIN, |(_, audience)| *audience);
        for (path, item) in &mut added.1.paths {
            let found = operations(item).map(|(method, _)| (method.clone(), of(&method))).collect();
            self.table.add(route, path, found);
        }
        Self { router: self.router.routes(added), ..self }
    }
}

static TABLE: OnceLock<Table> = OnceLock::new();

/// What the routes declare. A router that is made brings it along, so that no request waits for it.
fn table() -> &'static Table {
    TABLE.get_or_init(|| Routes::all().table)
}

/// What a request's method and path lead to.
pub(crate) fn matched(method: &Method, path: &str) -> Matched {
    table().matched(method, path)
}

/// The description of the API (OpenAPI 3.1).
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    completed(Routes::all().router.into_openapi(), table())
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
    let Routes { router, table } = Routes::all();
    TABLE.get_or_init(|| table);
    let (router, _) = router.split_for_parts();
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
        assert_eq!(matched(&Method::GET, path).path, expected);
    }

    #[rstest]
    #[case(Method::GET, "/predict", Some(Readers))]
    #[case(Method::HEAD, "/predict", Some(Readers))]
    #[case(Method::POST, "/models/v0001/promote", Some(ADMIN))]
    #[case(Method::POST, "/models/rollback", Some(ADMIN))]
    #[case(Method::GET, "/docs/", Some(Readers))]
    #[case(Method::GET, "/docs/index.html", Some(Readers))]
    #[case(Method::DELETE, "/jobs/1", Some(WRITE))]
    #[case(Method::GET, "/jobs/1", Some(Operators))]
    #[case(Method::DELETE, "/predict", None)]
    #[case(Method::OPTIONS, "/predict", None)]
    #[case(Method::GET, "/models/v0001/promote", None)]
    #[case(Method::POST, "/models//promote", None)]
    #[case(Method::POST, "/models/v0001/delete", None)]
    #[case(Method::GET, "/predict/", None)]
    fn an_operation_is_known_by_its_method_and_path(#[case] method: Method, #[case] path: &str, #[case] expected: Option<Audience>) {
        assert_eq!(matched(&method, path).audience, expected);
    }

    /// As somebody adds a route and forgets to say who may use it.
    #[test]
    fn an_operation_that_names_nobody_is_for_administrators() {
        let none = Routes { router: OpenApiRouter::default(), table: Table::default() };
        let table: &'static Table =
            Box::leak(Box::new(none.add(Route::Other, &[(Method::POST, Readers)], routes!(jobs::show, jobs::cancel)).table));
        assert_eq!(table.matched(&Method::GET, "/jobs/1").audience, Some(ADMIN));
        assert_eq!(table.matched(&Method::DELETE, "/jobs/1").audience, Some(ADMIN));
        assert_eq!(table.matched(&Method::POST, "/jobs/1").audience, None);
    }
}
