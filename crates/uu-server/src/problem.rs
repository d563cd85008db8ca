//! Errors as RFC 9457 problem documents.

use std::borrow::Cow;
use std::io;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use uu_core::{Fault, FaultField, FaultRule, Field};

/// Most faults listed in one answer; `errorCount` counts all of them.
pub(crate) const MOST_FAULTS: usize = 1_000;

/// What kind of problem it is: each has one status and one stable `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    MalformedBody,
    Unauthorized,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    Timeout,
    TooLarge,
    UnsupportedMediaType,
    NotAcceptable,
    Conflict,
    Validation,
    TooBusy,
    TooMany,
    Internal,
    NotReady,
    StoreAway,
    StoreFull,
}

impl Kind {
    fn parts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::MalformedBody => (StatusCode::BAD_REQUEST, "urn:uu-predictor:problem:malformed-body", "the body cannot be read"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "urn:uu-predictor:problem:unauthorized", "a token is needed"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "urn:uu-predictor:problem:forbidden", "that is not allowed"),
            Self::NotFound => (StatusCode::NOT_FOUND, "urn:uu-predictor:problem:not-found", "no such resource"),
            Self::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "urn:uu-predictor:problem:method-not-allowed", "the resource does not take this method")
            }
            Self::NotAcceptable => (StatusCode::NOT_ACCEPTABLE, "urn:uu-predictor:problem:not-acceptable", "no such answer format"),
            Self::Timeout => (StatusCode::REQUEST_TIMEOUT, "urn:uu-predictor:problem:timeout", "the request took too long"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "urn:uu-predictor:problem:body-too-large", "the body is too large"),
            Self::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "urn:uu-predictor:problem:unsupported-media-type", "the media type is not supported")
            }
            Self::Conflict => (StatusCode::CONFLICT, "urn:uu-predictor:problem:conflict", "that cannot be done as things stand"),
            Self::Validation => (StatusCode::UNPROCESSABLE_ENTITY, "urn:uu-predictor:problem:validation", "the request breaks rules"),
            Self::TooBusy => (StatusCode::TOO_MANY_REQUESTS, "urn:uu-predictor:problem:too-busy", "the server is busy"),
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, "urn:uu-predictor:problem:too-many-requests", "too many requests"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "urn:uu-predictor:problem:internal", "the server failed"),
            Self::NotReady => (StatusCode::SERVICE_UNAVAILABLE, "urn:uu-predictor:problem:not-ready", "no model is in use yet"),
            Self::StoreAway => (StatusCode::SERVICE_UNAVAILABLE, "urn:uu-predictor:problem:store-away", "the store cannot be reached"),
            Self::StoreFull => (StatusCode::INSUFFICIENT_STORAGE, "urn:uu-predictor:problem:store-full", "the store is full"),
        }
    }
}

/// An error as the client sees it.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    kind: Kind,
    detail: String,
    place: Option<(usize, usize)>,
    retry_after_s: Option<u32>,
    faults: Vec<FaultReport>,
    fault_count: usize,
}

/// One broken rule of a request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub(crate) struct FaultReport {
    /// Stable code of the rule.
    #[schema(example = "out_of_range")]
    pub code: String,
    /// JSON pointer to the value in the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/2018-12-01/bounceRate")]
    pub pointer: Option<String>,
    /// Row of a batch, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// Key of the month.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2018-12-01")]
    pub date: Option<String>,
    /// Key of the field, or name of the query parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "bounceRate")]
    pub field: Option<String>,
    /// What was found.
    #[schema(example = "143.1")]
    pub found: String,
    /// What was expected.
    #[schema(example = "between 0 and 100 percent")]
    pub expected: String,
    /// Both in a sentence.
    #[schema(example = "bounce rate must be between 0 and 100 percent, got 143.1")]
    pub message: String,
    /// The way out, where the fault suggests one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// The problem document (RFC 9457) every error is answered with.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProblemDocument {
    /// Stable URN of the kind of problem.
    #[serde(rename = "type")]
    #[schema(example = "urn:uu-predictor:problem:validation")]
    kind: &'static str,
    /// The kind in words.
    title: &'static str,
    /// The HTTP status.
    #[schema(example = 422)]
    status: u16,
    /// What happened this time.
    detail: String,
    /// Line of the body, where it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    /// Column of that line.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    /// Every rule the request broke, at most the first 1,000.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FaultReport>,
    /// How many rules it broke in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    error_count: Option<usize>,
}

impl Problem {
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), place: None, retry_after_s: None, faults: Vec::new(), fault_count: 0 }
    }

    pub(crate) fn at(mut self, line: usize, column: usize) -> Self {
        self.place = Some((line, column));
        self
    }

    pub(crate) fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    pub(crate) fn validation(faults: Faults) -> Self {
        let detail = match faults.count {
            1 => "1 value breaks a rule".to_owned(),
            count => format!("{count} values break rules"),
        };
        let mut problem = Self::new(Kind::Validation, detail);
        problem.fault_count = faults.count;
        problem.faults = faults.listed;
        problem
    }

    pub(crate) fn with_detail(mut self, detail: String) -> Self {
        self.detail = detail;
        self
    }

    /// What every failure of the server itself is answered with; its cause is logged, never sent.
    pub(crate) fn internal() -> Self {
        Self::new(Kind::Internal, "the request could not be answered; the cause is in the server's log")
    }

    /// What it is answered with when a body cannot be put into a temporary file, or read from one; the cause is logged, never sent.
    pub(crate) fn of_spooling(error: &io::Error) -> Self {
        tracing::error!(%error, "a body cannot be kept in a temporary file; `TMPDIR` names another folder");
        if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
            return Self::new(Kind::StoreFull, "there is no room for the body; nothing was changed");
        }
        Self::internal()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, kind, title) = self.kind.parts();
        let document = ProblemDocument {
            kind,
            title,
            status: status.as_u16(),
            detail: self.detail,
            line: self.place.map(|(line, _)| line),
            column: self.place.map(|(_, column)| column),
            errors: self.faults,
            error_count: (self.fault_count > 0).then_some(self.fault_count),
        };
        let body = serde_json::to_vec(&document).expect("texts and numbers can always be written");
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.kind == Kind::Unauthorized {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if matches!(self.kind, Kind::Timeout | Kind::TooLarge) {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// The faults of a request, listed up to a bound and counted beyond it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    listed: Vec<FaultReport>,
    count: usize,
}

impl Faults {
    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Counts a fault, and lists it while there is room.
    pub(crate) fn push(&mut self, report: impl FnOnce() -> FaultReport) {
        self.count += 1;
        if self.listed.len() < MOST_FAULTS {
            self.listed.push(report());
        }
    }

    /// Takes a fault of a row of a batch.
    pub(crate) fn push_row_fault(&mut self, fault: &Fault, row: u64) {
        self.push(|| FaultReport { row: Some(row), field: Some(fault.field.column().to_owned()), ..FaultReport::of(fault, None, None) });
    }

    /// Takes a fault of the record of `date`, under the key the request used for the field.
    pub(crate) fn push_fault(&mut self, fault: &Fault, date: Option<&str>, key: Option<&str>) {
        self.push(|| FaultReport::of(fault, date, key));
    }
}

impl FaultReport {
    fn of(fault: &Fault, date: Option<&str>, key: Option<&str>) -> Self {
        let of_the_month = matches!(fault.field, FaultField::Field(Field::Date) | FaultField::Record);
        let field = key.unwrap_or(fault.field.json());
        let pointer = date.map(|date| if of_the_month { pointer(&[date]) } else { pointer(&[date, field]) });
        Self {
            code: fault.rule.code().to_owned(),
            pointer,
            row: None,
            date: date.map(shortened),
            field: (!of_the_month).then(|| shortened(field)),
            found: fault.found.clone(),
            expected: fault.expected.clone().into_owned(),
            message: fault.to_string(),
            hint: hint(fault).map(Cow::into_owned),
        }
    }
}

/// The way out in terms of JSON; the record's own hints speak of files.
fn hint(fault: &Fault) -> Option<Cow<'static, str>> {
    match (fault.rule, &fault.field) {
        (FaultRule::OutOfRange, FaultField::Field(Field::BounceRate)) => {
            Some("the bounce rate is in percent: a fraction of 0.43 is 43".into())
        }
        (FaultRule::BadDate, _) => {
            fault.hint().or_else(|| Some("the body is an object keyed by date: {\"2018-12-01\": {\"visits\": 1000000}}".into()))
        }
        _ => fault.hint(),
    }
}

/// A JSON pointer (RFC 6901) along those keys.
pub(crate) fn pointer(keys: &[&str]) -> String {
    keys.iter().map(|key| format!("/{}", shortened(key).replace('~', "~0").replace('/', "~1"))).collect()
}

/// A text from the request, cut where it grows too long for a message.
pub(crate) fn shortened(text: &str) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
