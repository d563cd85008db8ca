//! What every operation of the API's description has in common: who needs a token, and which refusals may come.

use axum::http::{Method, StatusCode};
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, Response, ResponseBuilder, SecurityRequirement};

use super::operations;
use crate::access::{Tokens, needed};
use crate::origins;
use crate::problem::Kind;
use crate::route::{Audience, Route, Table};

/// The name of the security scheme.
pub(super) const TOKEN: &str = "token";

/// Gives every operation its security, and the answers that it may have beside those it describes itself.
pub(super) fn completed(mut api: OpenApi, table: &Table) -> OpenApi {
    let token = SecurityRequirement::new::<_, [&str; 0], &str>(TOKEN, []);
    for (path, item) in &mut api.paths.paths {
        for (method, operation) in operations(item) {
            let Some((route, audience)) = table.declared(&method, path) else { continue };
            operation.security = Some(match audience {
                Audience::Everybody => Vec::new(),
                Audience::Readers | Audience::Operators => vec![SecurityRequirement::default(), token.clone()],
                Audience::Holders(_) => vec![token.clone()],
            });
            // Files may be named by `uri` instead.
            if let (Route::Retrain, Some(RefOr::T(body))) = (route, &mut operation.request_body) {
                body.required = None;
            }
            for kind in refusals((route, audience), &method, operation) {
                let status = kind.status().as_u16().to_string();
                operation.responses.responses.entry(status).or_insert_with(|| RefOr::T(answer(kind)));
            }
        }
    }
    api
}

/// How an operation may be refused.
fn refusals((route, audience): (Route, Audience), method: &Method, operation: &Operation) -> Vec<Kind> {
    let mut kinds = vec![Kind::MalformedRequest, Kind::Misdirected, Kind::Internal];
    if !origins::is_safe(method) {
        kinds.push(Kind::ForeignOrigin);
    }
    let is_plain = matches!(route, Route::Health | Route::Documentation | Route::Metrics);
    if !is_plain {
        kinds.extend([Kind::Validation, Kind::Timeout]);
    }
    // Tokens are in the store.
    if needed(Some(audience), Tokens::All, true).is_some() {
        kinds.extend([Kind::Unauthorized, Kind::TooMany, Kind::StoreAway]);
    }
    if needed(Some(audience), Tokens::Writing, true).is_some() {
        kinds.extend([Kind::Forbidden, Kind::StoreFull]);
    }
    if operation.request_body.is_some() {
        kinds.extend([Kind::MalformedBody, Kind::TooLarge]);
        // The body of a promotion is read as JSON whatever it calls itself.
        if route != Route::Models {
            kinds.push(Kind::UnsupportedMediaType);
        }
    }
    let is_in_path = |parameter: &RefOr<Parameter>| matches!(parameter, RefOr::T(Parameter { parameter_in: ParameterIn::Path, .. }));
    if operation.parameters.iter().flatten().any(is_in_path) {
        kinds.push(Kind::NotFound);
    }
    kinds
}

fn answer(kind: Kind) -> Response {
    let description = match kind.status() {
        StatusCode::BAD_REQUEST => "The request or its body cannot be read",
        StatusCode::UNAUTHORIZED => "A valid token is needed",
        StatusCode::FORBIDDEN => "The scope of the token does not allow it, or the page of another site asked",
        StatusCode::NOT_FOUND => "There is none of that name",
        StatusCode::REQUEST_TIMEOUT => "The request was not complete, or not answered, in time",
        StatusCode::PAYLOAD_TOO_LARGE => "The body is too large",
        StatusCode::MISDIRECTED_REQUEST => "The server is asked under a name that is not its own",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "The body is of another type",
        StatusCode::UNPROCESSABLE_ENTITY => "Parameters or values break rules; all of them are listed",
        StatusCode::TOO_MANY_REQUESTS => "Too many requests; `Retry-After` has the seconds to wait",
        StatusCode::SERVICE_UNAVAILABLE => "The store cannot be reached; nothing was changed",
        StatusCode::INSUFFICIENT_STORAGE => "The store is full; nothing was changed",
        _ => "The server failed; its log has the cause",
    };
    let problem = Content::new(Some(Ref::from_schema_name("Problem")));
    ResponseBuilder::new().description(description).content("application/problem+json", problem).build()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use crate::routes::openapi;

    /// Every operation: path, method and what is said of it.
    fn operations(api: &Value) -> Vec<(String, Value)> {
        let paths = api["paths"].as_object().unwrap().iter();
        let each = |(path, item): (&String, &Value)| {
            let of_path = item.as_object().unwrap().iter().map(|(method, operation)| (format!("{method} {path}"), operation.clone()));
            of_path.collect::<Vec<_>>()
        };
        paths.flat_map(each).collect()
    }

    #[test]
    fn every_operation_has_its_security_and_an_id_of_its_own() {
        let api = serde_json::to_value(openapi()).unwrap();
        let operations = operations(&api);
        let ids: BTreeSet<&str> = operations.iter().map(|(_, operation)| operation["operationId"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), operations.len());
        let needs = |name: &str| &operations.iter().find(|(found, _)| found == name).unwrap().1["security"];
        assert_eq!(needs("get /health/live"), &serde_json::json!([]));
        assert_eq!(needs("post /predict"), &serde_json::json!([{}, {"token": []}]));
        assert_eq!(needs("post /models/{version}/promote"), &serde_json::json!([{"token": []}]));
        assert_eq!(needs("delete /jobs/{id}"), &serde_json::json!([{"token": []}]));
        assert!(api["components"]["securitySchemes"]["token"].is_object());
    }

    #[test]
    fn what_may_refuse_is_described() {
        let api = serde_json::to_value(openapi()).unwrap();
        let operations = operations(&api);
        let statuses = |name: &str| {
            let (_, operation) = operations.iter().find(|(found, _)| found == name).unwrap();
            operation["responses"].as_object().unwrap().keys().map(|status| status.parse().unwrap()).collect::<Vec<u16>>()
        };
        assert_eq!(statuses("get /audit-log"), [200, 400, 401, 408, 421, 422, 429, 500, 503]);
        assert_eq!(statuses("post /models/rollback"), [200, 400, 401, 403, 404, 408, 409, 413, 421, 422, 429, 500, 503, 507]);
        assert_eq!(statuses("delete /jobs/{id}"), [202, 400, 401, 403, 404, 408, 409, 421, 422, 429, 500, 503, 507]);
        assert_eq!(statuses("post /observations"), [201, 400, 401, 403, 408, 413, 415, 421, 422, 429, 500, 503, 507]);
        assert_eq!(statuses("post /predictor/predict"), [200, 400, 401, 403, 408, 413, 415, 421, 422, 429, 500, 503]);
        assert_eq!(statuses("get /health/live"), [200, 400, 421, 500]);
    }

    /// A schema that is inlined beside a description becomes `allOf` of itself and any object, which no text is.
    #[test]
    fn no_value_must_be_of_two_types() {
        fn walk(place: &str, schema: &Value) {
            let parts = schema["allOf"].as_array();
            let types: BTreeSet<String> = parts.into_iter().flatten().map(|part| part["type"].to_string()).collect();
            assert!(types.len() < 2, "{place} {schema}");
            let inner = schema.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), value));
            let listed = schema.as_array().into_iter().flatten().enumerate().map(|(index, value)| (index.to_string(), value));
            inner.chain(listed).for_each(|(key, value)| walk(&format!("{place}/{key}"), value));
        }
        walk("", &serde_json::to_value(openapi()).unwrap());
    }

    #[test]
    fn bodies_and_parameters_have_their_bounds() {
        let api = serde_json::to_value(openapi()).unwrap();
        let parameter = |name: &str, path: &str, method: &str| {
            let parameters = api["paths"][path][method]["parameters"].as_array().unwrap();
            parameters.iter().find(|parameter| parameter["name"] == name).unwrap()["schema"].clone()
        };
        assert_eq!(parameter("limit", "/audit-log", "get")["minimum"], 1);
        assert_eq!(parameter("limit", "/audit-log", "get")["maximum"], 1_000);
        assert_eq!(parameter("level", "/predict", "post")["maximum"], 0.99);
        let unit = parameter("bounceRateUnit", "/predict/batch", "post").to_string();
        assert!(unit.contains(r#""enum":["percent","fraction"]"#), "{unit}");
        let uri = parameter("uri", "/retrain", "post").to_string();
        assert!(uri.contains(r#""type":"array""#) && uri.contains("minLength"), "{uri}");
        let schemas = &api["components"]["schemas"];
        assert!(schemas["PredictRequest"]["propertyNames"]["pattern"].is_string(), "{}", schemas["PredictRequest"]);
        assert_eq!(schemas["MonthRequest"]["properties"]["alexa"]["minimum"], 1);
        assert_eq!(schemas["MonthRequest"]["properties"]["category"]["type"], serde_json::json!(["string", "integer", "null"]));
        let form = &schemas["FilesForm"]["properties"]["data"];
        assert_eq!((&form["type"], &form["items"]["format"]), (&"array".into(), &"binary".into()));
        let required = |path: &str, method: &str| api["paths"][path][method]["requestBody"]["required"].as_bool().unwrap_or_default();
        assert!(required("/predict", "post") && required("/observations", "post") && required("/predict/batch", "post"));
        assert!(!required("/models/rollback", "post") && !required("/models/{version}/promote", "post") && !required("/retrain", "post"));
    }

    #[test]
    fn nothing_is_required_of_a_month_and_nothing_has_null_as_its_default() {
        let api = serde_json::to_value(openapi()).unwrap();
        assert_eq!(api["components"]["schemas"]["MonthRequest"]["required"], Value::Null);
        assert!(!api.to_string().contains(r#""default":null"#));
    }
}
