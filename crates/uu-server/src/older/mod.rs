//! The older flat form: one site-month without a date in, the interval out. Its answer has two numbers and nothing else, so what is to be said about the
//! inputs is a header.

mod given;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderName, Method};
use axum::response::{IntoResponse, Response};
use given::Given;
use serde::Serialize;
use utoipa::ToSchema;
use uu_core::{Field, Record, Warning};
use uu_model::EstimateOptions;
use uu_service::Served;

use crate::app::App;
use crate::body::{is_json, media_type, read_text, read_whole, refuse_encoding};
use crate::header_list::{self, encoded};
use crate::predict::{Prepared, json_response};
use crate::problem::{Kind, Problem, ProblemDocument, shortened};
use crate::schema::shapes;

/// The warnings of the other routes: their codes, and the fields they are about.
const WARNINGS: HeaderName = HeaderName::from_static("warnings");

/// The older flat form's input; keys that are absent are unknown.
#[derive(Clone, Debug, ToSchema)]
#[schema(rename_all = "PascalCase")]
#[expect(dead_code, reason = "describes the input, which is read without it")]
pub(crate) struct OlderRequest {
    #[schema(schema_with = shapes::rank)]
    alexa: Option<f64>,
    #[schema(minimum = 0.0)]
    visits: Option<f64>,
    #[schema(minimum = 1.0)]
    pages_per_visit: Option<f64>,
    #[schema(minimum = 0.0, maximum = 100.0)]
    bounce_rate: Option<f64>,
    #[schema(minimum = 0.0)]
    avg_visit_duration: Option<f64>,
    #[schema(schema_with = shapes::category)]
    category: Option<String>,
}

/// The interval of the estimate; both null where nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct OlderAnswer {
    /// Lower end, users.
    min: Option<u64>,
    /// Upper end, users.
    max: Option<u64>,
}

/// Estimates the interval of one site in the current month, from a JSON or form body.
///
/// A name that is given twice, in whatever spelling or place, and a name that is no field's are refused.
#[utoipa::path(
    post,
    path = "/predictor/predict",
    tag = "older",
    request_body(content((OlderRequest = "application/json"), (OlderRequest = "application/x-www-form-urlencoded"))),
    responses(
        (status = 200, description = "The interval", body = OlderAnswer, headers(
            ("Warnings" = String, description = "What is to be said about the inputs, parted by commas, the first 2 KiB: the codes of the warnings of `/predict`, with the field each is about, such as `fractional_count;field=visits`"),
        )),
        (status = 422, description = "Values break rules", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn post_older(State(app): State<Arc<App>>, request: Request) -> Response {
    respond(&app, request).await.unwrap_or_else(IntoResponse::into_response)
}

/// The same from query parameters.
#[utoipa::path(
    get,
    path = "/predictor/predict",
    tag = "older",
    params(
        ("Alexa" = Option<u64>, Query, minimum = 1),
        ("Visits" = Option<f64>, Query, minimum = 0.0, example = 1_000_000),
        ("PagesPerVisit" = Option<f64>, Query, minimum = 1.0),
        ("BounceRate" = Option<f64>, Query, minimum = 0.0, maximum = 100.0),
        ("AvgVisitDuration" = Option<f64>, Query, minimum = 0.0),
        ("Category" = Option<String>, Query),
    ),
    responses(
        (status = 200, description = "The interval", body = OlderAnswer, headers(
            ("Warnings" = String, description = "What is to be said about the inputs, parted by commas, the first 2 KiB: the codes of the warnings of `/predict`, with the field each is about, such as `fractional_count;field=visits`"),
        )),
        (status = 422, description = "Values break rules", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn get_older(State(app): State<Arc<App>>, request: Request) -> Response {
    respond(&app, request).await.unwrap_or_else(IntoResponse::into_response)
}

/// The same, under the shorter path.
#[utoipa::path(
    get,
    path = "/predictor",
    tag = "older",
    params(
        ("Alexa" = Option<u64>, Query, minimum = 1),
        ("Visits" = Option<f64>, Query, minimum = 0.0, example = 1_000_000),
        ("PagesPerVisit" = Option<f64>, Query, minimum = 1.0),
        ("BounceRate" = Option<f64>, Query, minimum = 0.0, maximum = 100.0),
        ("AvgVisitDuration" = Option<f64>, Query, minimum = 0.0),
        ("Category" = Option<String>, Query),
    ),
    responses((status = 200, description = "The interval", body = OlderAnswer)),
)]
pub(crate) async fn get_older_root(State(app): State<Arc<App>>, request: Request) -> Response {
    respond(&app, request).await.unwrap_or_else(IntoResponse::into_response)
}

async fn respond(app: &App, request: Request) -> Result<Response, Problem> {
    let served = app.served()?;
    let (head, body) = request.into_parts();
    let mut given = Given::new(served.model.rules());
    given.take_pairs(head.uri.query().unwrap_or_default());
    let bytes;
    if head.method == Method::POST {
        refuse_encoding(&head.headers)?;
        let media_type = media_type(&head.headers).unwrap_or_else(|| "application/json".to_owned());
        bytes = read_whole(body, app.limits.body_bytes).await?;
        let text = read_text(&bytes)?;
        match media_type.as_str() {
            "application/x-www-form-urlencoded" => given.take_pairs(text),
            json if is_json(json) => given.take_json(text)?,
            other => {
                let detail = format!("`application/json` or `application/x-www-form-urlencoded` is expected, got `{}`", shortened(other));
                return Err(Problem::new(Kind::UnsupportedMediaType, detail));
            }
        }
    }
    let Prepared { records, warnings } = Prepared::of_one(given.checked()?);
    let mut warnings: Vec<Warning> = warnings.into_iter().flatten().collect();
    let answer = records.first().map_or(OlderAnswer { min: None, max: None }, |record| answer(record, &served, &mut warnings));
    let mut response = json_response(serde_json::to_vec(&answer).expect("numbers can always be written"));
    header_list::insert(response.headers_mut(), WARNINGS, warnings.iter().map(entry));
    Ok(response)
}

/// A warning as an entry of the header: `unknown_category;field=category`.
fn entry(warning: &Warning) -> String {
    match warning.field() {
        Some(field) => format!("{};field={}", warning.code(), encoded(field.json())),
        None => warning.code().to_owned(),
    }
}

/// The interval; what the model notices is added to `warnings`.
fn answer(record: &Record, served: &Served, warnings: &mut Vec<Warning>) -> OlderAnswer {
    let known = Field::all().any(|field| field.is_input() && record.knows(field)) || record.extras.iter().any(Option::is_some);
    if !known {
        return OlderAnswer { min: None, max: None };
    }
    let estimate = served.model.estimate_one(record, EstimateOptions::default());
    served.count(record, &estimate);
    let (low, high) = estimate.whole_interval();
    warnings.extend(estimate.warnings);
    OlderAnswer { min: Some(low), max: Some(high) }
}
