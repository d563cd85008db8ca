//! `POST /observations`: known unique users, kept for the next training.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;
use uu_core::{FaultField, Field, Record, Rules, Warning};
use uu_service::observing::{ObserveError, observe};

use crate::access::Caller;
use crate::app::App;
use crate::body::{read_json, read_text};
use crate::limits::Limits;
use crate::parameters::NoParameters;
use crate::predict::{Prepared, checked};
use crate::problem::store_problem;
use crate::problem::{FaultReport, Faults, Kind, Problem, ProblemDocument, pointer, shortened};
use crate::schema::PredictRequest;
use crate::slots::ClientAddress;

/// Most bytes of a body that is read on the thread that serves it.
const MOST_INLINE_BYTES: usize = 16 << 10;

/// Observations that are kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Observed {
    /// The batch they came in.
    #[schema(example = 7)]
    batch: i64,
    /// How many they are.
    #[schema(example = 1)]
    observations: usize,
    /// What is to be said about their values; absent where there is nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<ObservedWarning>,
}

/// Something to be said about an observation that is kept all the same.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ObservedWarning {
    /// Stable code.
    #[schema(example = "implausible_value")]
    code: &'static str,
    /// Key of the month.
    #[schema(example = "2018-12-01")]
    date: String,
    /// Key of the field it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// The same in a sentence.
    message: String,
}

/// Keeps known unique users: months of one site as `/predict` takes them, each with its `uniqueUsers`.
///
/// Each month needs its `domain`, by which later estimates are compared with it, and unique users that are no estimate of an earlier answer.
/// They are kept when this is answered. The next training learns from them, and a version that was put in use a while ago is taken back where
/// they speak against it.
#[utoipa::path(
    post,
    path = "/observations",
    tag = "retrain",
    request_body(
        content = PredictRequest,
        description = "Months keyed by date, each with its `uniqueUsers`",
        example = json!({"2018-12-01": {"domain": "example.com", "visits": 1_000_000, "uniqueUsers": 420_000}}),
    ),
    responses(
        (status = 201, description = "They are kept", body = Observed),
        (status = 401, description = "No good token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The scope `write` is needed", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "Values break rules, all of which are listed, or can never train with the rows that are kept, or are the first generated ones and no admin's", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests, or too many observations pending or kept for one token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "The store cannot be reached; nothing is kept", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 507, description = "The store is full; nothing is kept", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn post_observations(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    _: NoParameters,
    request: Request,
) -> Result<(StatusCode, Json<Observed>), Problem> {
    let (head, body) = request.into_parts();
    let bytes = read_json(&head.headers, body, app.limits.body_bytes).await?;
    let (reading, is_small) = (Arc::clone(&app), bytes.len() <= MOST_INLINE_BYTES);
    let read = move || read(&bytes, &reading.lifecycle.rules, &reading.limits);
    let client = ClientAddress::of(&head.extensions);
    let (records, warnings) = if is_small { read()? } else { app.workers.run(Some(client), read).await?? };
    let (observations, rules) = (records.len(), app.lifecycle.rules.clone());
    let told = |error| match error {
        ObserveError::Store(error) => store_problem(&error),
        ObserveError::WithoutUsers { .. } => Problem::new(Kind::Validation, error.to_string()),
    };
    let bounds = app.lifecycle.queue;
    let batch = app.ask_or(move |registry| observe(registry, &records, &rules, caller.asker(bounds)), told).await?;
    Ok((StatusCode::CREATED, Json(Observed { batch: batch.0, observations, warnings })))
}

/// The records of a body, and what is to be said about them.
///
/// **Errors**: a body that is no JSON or not of that form; every fault of every month.
fn read(body: &[u8], rules: &Rules, limits: &Limits) -> Result<(Vec<Record>, Vec<ObservedWarning>), Problem> {
    let (dates, prepared) = checked(read_text(body)?, rules, limits)?;
    check(&dates, &prepared)?;
    let Prepared { records, warnings } = prepared;
    let warnings = dates.iter().zip(&warnings).flat_map(|(date, warnings)| warnings.iter().map(|warning| told_of(date, warning))).collect();
    Ok((records, warnings))
}

/// Whether each month can be compared with estimates: it has unique users, which nobody estimated, and a site.
///
/// **Errors**: every month that cannot.
fn check(dates: &[String], prepared: &Prepared) -> Result<(), Problem> {
    let mut faults = Faults::default();
    for (date, (record, warnings)) in dates.iter().zip(prepared.records.iter().zip(&prepared.warnings)) {
        check_users(date, record, warnings, &mut faults);
        check_site(date, record, warnings, &mut faults);
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::validation(faults)) }
}

fn check_users(date: &str, record: &Record, warnings: &[Warning], faults: &mut Faults) {
    let users = FaultField::Field(Field::UniqueUsers);
    if record.unique_users.is_some() {
        return;
    }
    let of_month = |report: FaultReport| of_month(date, Field::UniqueUsers, report);
    if warnings.contains(&Warning::OwnEstimate { field: users.clone() }) {
        return faults.push(|| {
            of_month(FaultReport {
                code: "own_estimate".to_owned(),
                found: "an estimate of an earlier answer".to_owned(),
                expected: "unique users that were measured".to_owned(),
                message: "unique users must be measured, got an estimate of an earlier answer".to_owned(),
                hint: Some("send the measured number without the other keys of the answer, or with `\"known\": true`".to_owned()),
                ..FaultReport::default()
            })
        });
    }
    let left_out = warnings.iter().find(|warning| warning.field().as_ref() == Some(&users)).map(ToString::to_string);
    faults.push(|| {
        of_month(FaultReport {
            code: "no_unique_users".to_owned(),
            found: "none".to_owned(),
            expected: "the number of unique users, in each month".to_owned(),
            message: left_out.unwrap_or_else(|| "an observation must have its unique users, got none".to_owned()),
            hint: Some("{\"2018-12-01\": {\"domain\": \"example.com\", \"visits\": 1000000, \"uniqueUsers\": 420000}}".to_owned()),
            ..FaultReport::default()
        })
    });
}

fn check_site(date: &str, record: &Record, warnings: &[Warning], faults: &mut Faults) {
    if record.site.is_some() {
        return;
    }
    let site = FaultField::Field(Field::Site);
    let left_out = warnings.iter().find(|warning| warning.field().as_ref() == Some(&site));
    faults.push(|| {
        let found = match left_out {
            Some(Warning::NotAHost { found, .. } | Warning::TotalRow { found } | Warning::MissingMarker { found, .. }) => {
                format!("`{found}`")
            }
            _ => "none".to_owned(),
        };
        of_month(
            date,
            Field::Site,
            FaultReport {
                code: "no_site".to_owned(),
                message: format!("an observation must have the host name of its site, got {found}"),
                found,
                expected: "a host name like `example.com`".to_owned(),
                hint: Some("give `domain` in the month or beside the months: later estimates of the site are compared with it".to_owned()),
                ..FaultReport::default()
            },
        )
    });
}

fn of_month(date: &str, field: Field, report: FaultReport) -> FaultReport {
    let key = field.json();
    FaultReport { pointer: Some(pointer(&[date, key])), date: Some(shortened(date)), field: Some(key.to_owned()), ..report }
}

fn told_of(date: &str, warning: &Warning) -> ObservedWarning {
    ObservedWarning {
        code: warning.code(),
        date: shortened(date),
        field: warning.field().map(|field| field.json().to_owned()),
        message: warning.to_string(),
    }
}
