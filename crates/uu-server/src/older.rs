//! The older flat form: one site-month without a date in, the interval out.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::{Request, State};
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::value::RawValue as RawJson;
use utoipa::ToSchema;
use uu_core::{Field, Month, RawRecord, RawValue, Record, Rules, check};
use uu_service::{EstimateOptions, Served};

use crate::app::App;
use crate::body::{is_json, media_type, read_text, read_whole, refuse_encoding};
use crate::predict::{json_response, known_only, malformed, raw_value};
use crate::problem::{Faults, Kind, Problem, ProblemDocument, shortened};

/// The older flat form's input; keys that are absent are unknown.
#[derive(Clone, Debug, ToSchema)]
#[schema(rename_all = "PascalCase")]
#[expect(dead_code, reason = "describes the input, which is read without it")]
pub(crate) struct OlderRequest {
    alexa: Option<f64>,
    visits: Option<f64>,
    pages_per_visit: Option<f64>,
    bounce_rate: Option<f64>,
    avg_visit_duration: Option<f64>,
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
#[utoipa::path(
    post,
    path = "/predictor/predict",
    tag = "older",
    request_body(content((OlderRequest = "application/json"), (OlderRequest = "application/x-www-form-urlencoded"))),
    responses(
        (status = 200, description = "The interval", body = OlderAnswer),
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
        ("Alexa" = Option<f64>, Query),
        ("Visits" = Option<f64>, Query, example = 1_000_000),
        ("PagesPerVisit" = Option<f64>, Query),
        ("BounceRate" = Option<f64>, Query),
        ("AvgVisitDuration" = Option<f64>, Query),
        ("Category" = Option<String>, Query),
    ),
    responses(
        (status = 200, description = "The interval", body = OlderAnswer),
        (status = 422, description = "Values break rules", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn get_older(State(app): State<Arc<App>>, request: Request) -> Response {
    respond(&app, request).await.unwrap_or_else(IntoResponse::into_response)
}

/// The same, under the shorter path.
#[utoipa::path(get, path = "/predictor", tag = "older", responses((status = 200, description = "The interval", body = OlderAnswer)))]
pub(crate) async fn get_older_root(State(app): State<Arc<App>>, request: Request) -> Response {
    respond(&app, request).await.unwrap_or_else(IntoResponse::into_response)
}

async fn respond(app: &App, request: Request) -> Result<Response, Problem> {
    let served = app.served()?;
    let (head, body) = request.into_parts();
    let rules = served.model.rules();
    let mut raw = RawRecord::new();
    let query = head.uri.query().unwrap_or_default();
    set_pairs(&mut raw, known_only(query, rules), rules);
    let bytes;
    if head.method == Method::POST {
        refuse_encoding(&head.headers)?;
        let media_type = media_type(&head.headers).unwrap_or_else(|| "application/json".to_owned());
        bytes = read_whole(body, app.limits.body_bytes).await?;
        let text = read_text(&bytes)?;
        match media_type.as_str() {
            "application/x-www-form-urlencoded" => set_pairs(&mut raw, known_only(text, rules), rules),
            json if is_json(json) => set_json(&mut raw, text, rules)?,
            other => {
                let detail = format!("`application/json` or `application/x-www-form-urlencoded` is expected, got `{}`", shortened(other));
                return Err(Problem::new(Kind::UnsupportedMediaType, detail));
            }
        }
    }
    if raw.get(Field::Date).is_unknown() {
        raw.set(Field::Date, RawValue::Text(Cow::Owned(current_month().to_string())));
    }
    let checked = check(&raw, rules).map_err(|found| {
        let mut faults = Faults::default();
        for fault in &found {
            faults.push_fault(fault, None, None);
        }
        Problem::validation(faults)
    })?;
    let answer = answer(&checked.record, &served);
    Ok(json_response(serde_json::to_vec(&answer).expect("numbers can always be written")))
}

fn answer(record: &Record, served: &Served) -> OlderAnswer {
    let known = record.rank.is_some()
        || record.visits.is_some()
        || record.pages_per_visit.is_some()
        || record.bounce_rate.is_some()
        || record.avg_visit_duration.is_some()
        || record.category.is_some()
        || record.extras.iter().any(Option::is_some);
    if !known {
        return OlderAnswer { min: None, max: None };
    }
    let estimate = served.model.estimate_one(record, EstimateOptions::default());
    served.count(record, &estimate);
    let (low, high) = estimate.whole_interval();
    OlderAnswer { min: Some(low), max: Some(high) }
}

fn set_pairs<'a>(raw: &mut RawRecord<'a>, pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>, rules: &Rules) {
    for (name, value) in pairs {
        set(raw, &name, RawValue::text(value), rules);
    }
}

fn set_json<'a>(raw: &mut RawRecord<'a>, text: &'a str, rules: &Rules) -> Result<(), Problem> {
    let values: BTreeMap<Cow<'a, str>, &'a RawJson> = serde_json::from_str(text).map_err(|error| malformed(&error))?;
    for (name, value) in values {
        set(raw, &name, raw_value(value.get()), rules);
    }
    Ok(())
}

fn set<'a>(raw: &mut RawRecord<'a>, name: &str, value: RawValue<'a>, rules: &Rules) {
    if let Some(field) = Field::named(name) {
        raw.set(field, value);
    } else if let Some(index) = rules.extras.iter().position(|extra| extra == name) {
        raw.set_extra(index, value);
    }
}

/// The month it is: the older form has no date.
fn current_month() -> Month {
    const SECONDS_PER_DAY: u64 = 86_400;
    let days = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs() / SECONDS_PER_DAY);
    let month = i64::try_from(days).ok().and_then(Month::of_day_since_1970);
    month.unwrap_or_else(|| Month::new(2000, 1).expect("the year 2000 has a January"))
}
