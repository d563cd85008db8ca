//! `POST /predict` and `GET /predict`: one site, months keyed by date.

mod answer;
mod faults;
mod prepare;
mod query;
mod request;
mod shape;

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use uu_core::Rules;
use uu_model::EstimateOptions;
use uu_service::Served;

pub(crate) use prepare::Prepared;
pub(crate) use request::raw_value;

use crate::app::App;
use crate::body::{read_json, read_text};
use crate::limits::Limits;
use crate::malformed::{MONTHS, OBSERVED, malformed};
use crate::problem::{Kind, Problem, ProblemDocument};
use crate::schema::shapes::Date;
use crate::schema::{PredictAnswer, PredictRequest};
use crate::slots::ClientAddress;
use query::Query;

/// Estimates the unique users of one site in one or many months.
///
/// The answer has the dates and the keys of the request, in their order: what was given is echoed unchanged, what was null is filled.
#[utoipa::path(
    post,
    path = "/predict",
    tag = "predict",
    params(
        ("level" = Option<f64>, Query, minimum = 0.5, maximum = 0.99, description = "Level of the interval, 0.5 to 0.99; 0.9 unless asked otherwise"),
        ("explain" = Option<bool>, Query, description = "Adds each input's factor on the estimate"),
    ),
    request_body(
        content = PredictRequest,
        description = "Months keyed by date, `YYYY-MM-DD` or `YYYY-MM`; `domain`, `source` and `rankSource` may also stand beside them",
        example = json!({"2018-12-01": {
            "alexa": null, "visits": 1_000_000, "pagesPerVisit": 5_000_000, "bounceRate": null, "avgVisitDuration": null, "category": 100
        }}),
    ),
    responses(
        (status = 200, description = "The months, filled", body = PredictAnswer),
        (status = 400, description = "The body is not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 415, description = "The body is of another type", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "Values break rules; all of them are listed", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 429, description = "Too many large requests at once", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "No model is in use yet", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn post_predict(State(app): State<Arc<App>>, request: Request) -> Response {
    post(&app, ClientAddress::of(request.extensions()), request).await
}

/// The same for a request that comes from a peer.
pub(crate) async fn post(app: &App, peer: IpAddr, request: Request) -> Response {
    respond(app, peer, request).await.unwrap_or_else(IntoResponse::into_response)
}

/// Estimates the unique users of one month that is given as query parameters.
///
/// The JSON of `POST /predict` as the body of the GET is read too.
#[utoipa::path(
    get,
    path = "/predict",
    tag = "predict",
    params(
        ("date" = inline(Date), Query, description = "The month, `YYYY-MM-DD` or `YYYY-MM`", example = "2018-12"),
        ("domain" = Option<String>, Query, description = "Host name of the site"),
        ("alexa" = Option<u64>, Query, minimum = 1, description = "Position in a global ranking; `rank` is the same"),
        ("visits" = Option<f64>, Query, minimum = 0.0, description = "Sessions in the month", example = 1_000_000),
        ("pagesPerVisit" = Option<f64>, Query, minimum = 1.0, description = "Pages per visit"),
        ("bounceRate" = Option<f64>, Query, minimum = 0.0, maximum = 100.0, description = "Percent, 0 to 100"),
        ("avgVisitDuration" = Option<f64>, Query, minimum = 0.0, description = "Seconds"),
        ("category" = Option<String>, Query, description = "Name, path or code; see `/categories`"),
        ("uniqueUsers" = Option<f64>, Query, minimum = 0.0, description = "Unique users, where they are known"),
        ("level" = Option<f64>, Query, minimum = 0.5, maximum = 0.99, description = "Level of the interval, 0.5 to 0.99; 0.9 unless asked otherwise"),
        ("explain" = Option<bool>, Query, description = "Adds each input's factor on the estimate"),
    ),
    responses(
        (status = 200, description = "The month, filled", body = PredictAnswer),
        (status = 400, description = "The body is not JSON", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "Values break rules; all of them are listed", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "No model is in use yet", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn get_predict(State(app): State<Arc<App>>, request: Request) -> Response {
    post(&app, ClientAddress::of(request.extensions()), request).await
}

async fn respond(app: &App, peer: IpAddr, request: Request) -> Result<Response, Problem> {
    let served = app.served()?;
    let (head, body) = request.into_parts();
    let query = Query::read(head.uri.query())?;
    let as_parameters = head.method != Method::POST && body.is_end_stream();
    let bytes = if as_parameters {
        if !query.gives_a_month() {
            return Err(Problem::new(
                Kind::MalformedBody,
                "a month is expected, as a JSON body or as query parameters: `?date=2018-12&visits=1000000`",
            ));
        }
        Bytes::from(query.body()?)
    } else {
        query.refuse_rest()?;
        read_json(&head.headers, body, app.limits.body_bytes).await?
    };
    let inline = if query.options.explain { app.limits.inline_explained_months } else { app.limits.inline_months };
    let answer = match answer(&bytes, &served, query.options, &app.limits, Some(inline))? {
        Some(answer) => answer,
        None => {
            let (options, limits) = (query.options, app.limits.clone());
            let work = move || answer(&bytes, &served, options, &limits, None);
            // Looked for where it matters alone, and not for every estimate.
            let client = app.access.client(peer, &head.headers);
            // Apart, so that others are not moved with the room for it.
            Box::pin(app.workers.run(Some(client), work)).await??.expect("without a bound on inline months there is an answer")
        }
    };
    Ok(json_response(answer))
}

/// Unknown names whose near ones are found on the thread that read the request: together they take as long as some estimates.
const MOST_INLINE_UNKNOWN_NAMES: usize = 64;

/// Answers a request, or says `None` where it has more months than `most_months`, or would otherwise take long.
fn answer(
    bytes: &[u8],
    served: &Served,
    options: EstimateOptions,
    limits: &Limits,
    most_months: Option<usize>,
) -> Result<Option<Vec<u8>>, Problem> {
    let rules = served.model.rules();
    let text = read_text(bytes)?;
    let given = request::read(text, rules, limits).map_err(|error| malformed(text, &error, MONTHS))?;
    if most_months.is_some_and(|most| given.months > most && given.months <= limits.months) {
        return Ok(None);
    }
    let prepared = prepare::prepare(&given, rules, limits).map_err(Problem::validation)?;
    if most_months.is_some() && prepared.unknown_names() > MOST_INLINE_UNKNOWN_NAMES {
        return Ok(None);
    }
    Ok(Some(answer::answer(&given, &prepared, served, options, bytes.len())))
}

/// The months of a request, checked, with their keys, where nothing of it is answered.
///
/// **Errors**: a body that is no JSON or not of that form; every fault of every month.
pub(crate) fn checked(text: &str, rules: &Rules, limits: &Limits) -> Result<(Vec<String>, Prepared), Problem> {
    let given = request::read(text, rules, limits).map_err(|error| malformed(text, &error, OBSERVED))?;
    let prepared = prepare::prepare(&given, rules, limits).map_err(Problem::validation)?;
    Ok((prepare::months(&given).map(|month| month.date().into_owned()).collect(), prepared))
}

pub(crate) fn json_response(bytes: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(bytes));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
