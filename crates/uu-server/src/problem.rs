//! Errors as RFC 9457 problem documents.

mod kind;
mod store;

use std::borrow::Cow;
use std::io;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use uu_core::{Fault, FaultField, FaultRule, Field, escaped};
use uu_data::read::RowFaults;

use crate::request_id;
pub(crate) use kind::Kind;
pub(crate) use store::store_problem;

/// Most faults listed in one answer; `errorCount` counts all of them.
pub(crate) const MOST_FAULTS: usize = 1_000;

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

/// Whose terms a fault is told in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Terms {
    /// Months keyed by date.
    Months,
    /// One month without a key.
    Flat,
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
    /// Row of a batch, counted from 1, without the header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// Line of the body that the row begins in, counted from 1, where the format has lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
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
    /// The id of the request, which is the answer's `X-Request-Id` and on every line of the log that the request caused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "0193f2a0-5c1d-7b3e-9a44-2f6d1c0b8e57")]
    request_id: Option<String>,
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
        Self { kind, detail: plain(detail.into()), place: None, retry_after_s: None, faults: Vec::new(), fault_count: 0 }
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
        self.detail = plain(detail);
        self
    }

    pub(crate) fn too_many_files(most: usize) -> Self {
        Self::new(Kind::TooLarge, format!("at most {most} files are taken at a time"))
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

impl Problem {
    fn into_document(self) -> ProblemDocument {
        let (status, kind, title) = self.kind.parts();
        ProblemDocument {
            kind,
            title,
            status: status.as_u16(),
            detail: self.detail,
            request_id: request_id::current(),
            line: self.place.map(|(line, _)| line),
            column: self.place.map(|(_, column)| column),
            errors: self.faults,
            error_count: (self.fault_count > 0).then_some(self.fault_count),
        }
    }

    /// The document as JSON, for an answer that has begun.
    pub(crate) fn into_json(self) -> Vec<u8> {
        serde_json::to_vec(&self.into_document()).expect("texts and numbers can always be written")
    }

    /// What happened, in one line.
    pub(crate) fn line(&self) -> String {
        const MOST: usize = 5;
        let mut line = self.detail.clone();
        for fault in self.faults.iter().take(MOST) {
            // Of a whole file's fault the detail is the message.
            if fault.message != self.detail {
                line.push_str("; ");
                if let Some(row) = fault.row {
                    line.push_str(&format!("row {row}: "));
                }
                line.push_str(&fault.message);
            }
        }
        let mut hints = self.faults.iter().take(MOST).filter_map(|fault| fault.hint.as_deref());
        if let Some(hint) = hints.next() {
            line.push_str(&format!("; hint: {hint}"));
        }
        escaped(&line).into_owned()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, ..) = self.kind.parts();
        let (kind, retry_after_s) = (self.kind, self.retry_after_s);
        let mut response = (status, self.into_json()).into_response();
        // For the metrics.
        response.extensions_mut().insert(kind);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if kind == Kind::Unauthorized {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if matches!(kind, Kind::Timeout | Kind::TooLarge | Kind::MalformedRequest | Kind::Misdirected) {
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
            let mut report = report();
            report.found = plain(report.found);
            report.message = plain(report.message);
            report.hint = report.hint.map(plain);
            self.listed.push(report);
        }
    }

    /// Takes a fault of a row of a batch.
    pub(crate) fn push_row_fault(&mut self, fault: &Fault, of: &RowFaults) {
        let column = fault.field.column();
        let (row, line, field) = (Some(of.row), of.line, (!column.is_empty()).then(|| shortened(column)));
        self.push(|| {
            let hint = of.hint_of(fault).map(|hint| as_parameters(hint).into_owned());
            FaultReport { row, line, field, hint, ..FaultReport::of(fault, None, None, Terms::Flat) }
        });
    }

    /// Takes a fault of the record of `date`, under the key the request used for the field.
    pub(crate) fn push_fault(&mut self, fault: &Fault, date: &str, key: Option<&str>) {
        self.push(|| FaultReport::of(fault, Some(date), key, Terms::Months));
    }

    /// Takes a fault of a record that has no key.
    pub(crate) fn push_flat_fault(&mut self, fault: &Fault) {
        self.push(|| FaultReport::of(fault, None, None, Terms::Flat));
    }
}

impl FaultReport {
    fn of(fault: &Fault, date: Option<&str>, key: Option<&str>, terms: Terms) -> Self {
        let of_the_month = matches!(fault.field, FaultField::Field(Field::Date) | FaultField::Record);
        let field = key.unwrap_or(fault.field.json());
        let pointer = date.map(|date| if of_the_month { pointer(&[date]) } else { pointer(&[date, field]) });
        Self {
            code: fault.rule.code().to_owned(),
            pointer,
            row: None,
            line: None,
            date: date.map(shortened),
            field: (!of_the_month).then(|| shortened(field)),
            found: fault.found.clone(),
            expected: fault.expected.clone().into_owned(),
            message: fault.to_string(),
            hint: hint(fault, terms).map(Cow::into_owned),
        }
    }
}

/// The way out in the terms of the request; the record's own hints are about files and the command line.
fn hint(fault: &Fault, terms: Terms) -> Option<Cow<'static, str>> {
    let is_date = fault.rule == FaultRule::BadDate;
    let of_bounce_rate = fault.rule == FaultRule::OutOfRange && fault.field == FaultField::Field(Field::BounceRate);
    match terms {
        _ if of_bounce_rate && !fault.found.starts_with('-') => Some("the bounce rate is in percent: a fraction of 0.43 is 43".into()),
        Terms::Months if is_date => key_hint(fault.found.trim_matches('`')).or_else(|| fault.hint()).or(Some(KEYED_BY_DATE.into())),
        // What holds for a whole file has no place in a request of single values.
        Terms::Months | Terms::Flat => fault.hint().map(|hint| match hint.split_once("; for a whole file") {
            Some((hint, _)) => Cow::Owned(hint.to_owned()),
            None => hint,
        }),
    }
}

const KEYED_BY_DATE: &str = "the body is an object keyed by date: {\"2018-12-01\": {\"visits\": 1000000}}";

/// The way out for a field, or what is spelled much like one, in the place of a month.
fn key_hint(found: &str) -> Option<Cow<'static, str>> {
    let named = Field::named(found);
    let field = named.or_else(|| Field::nearest(found))?;
    let name = field.json();
    Some(match (named, field) {
        (None, Field::Site | Field::Source | Field::RankSource) => format!("did you mean `{name}`?").into(),
        _ => format!("`{name}` belongs within its month: {{\"2018-12-01\": {{\"visits\": 1000000}}}}").into(),
    })
}

/// A hint with the query parameters that stand for the options of the command line: `?skipBadRows=true` for `--skip-bad-rows`.
pub(crate) fn as_parameters(hint: Cow<'static, str>) -> Cow<'static, str> {
    if !hint.contains("`--") {
        return hint;
    }
    let mut parts = hint.split("`--");
    let mut told = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (option, rest) = part.split_once('`').unwrap_or((part, ""));
        let (name, value) = option.split_once(' ').unwrap_or((option, "true"));
        told.push_str("`?");
        for (index, word) in name.split('-').enumerate() {
            let mut letters = word.chars();
            match letters.next() {
                Some(first) if index > 0 => told.push(first.to_ascii_uppercase()),
                Some(first) => told.push(first),
                None => {}
            }
            told.push_str(letters.as_str());
        }
        told.push('=');
        told.push_str(value);
        told.push('`');
        // What stands behind it in brackets is the same in the terms of other callers.
        let rest = rest.strip_prefix(" (`").and_then(|rest| rest.split_once(')')).map_or(rest, |(_, rest)| rest);
        told.push_str(rest);
    }
    Cow::Owned(told)
}

/// A JSON pointer (RFC 6901) along those keys.
pub(crate) fn pointer(keys: &[&str]) -> String {
    keys.iter().map(|key| format!("/{}", shortened(key).replace('~', "~0").replace('/', "~1"))).collect()
}

/// A text that may quote a request, as a terminal or a log may show it.
fn plain(text: String) -> String {
    if let Cow::Owned(escaped) = escaped(&text) {
        return escaped;
    }
    text
}

/// A text from the request, cut where it grows too long for a message.
pub(crate) fn shortened(text: &str) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn nothing_that_a_request_says_commands_the_terminal_that_shows_its_answer() {
        let hostile = "a\u{1b}[2J\r\nERROR forged\u{202e}b";
        let mut faults = Faults::default();
        faults.push(|| FaultReport {
            found: hostile.to_owned(),
            message: hostile.to_owned(),
            hint: Some(hostile.to_owned()),
            ..FaultReport::default()
        });
        let problems = [
            Problem::new(Kind::MalformedBody, hostile),
            Problem::validation(Faults::default()).with_detail(hostile.to_owned()),
            Problem::validation(faults),
        ];
        for problem in problems {
            let text = String::from_utf8(problem.into_json()).unwrap();
            assert!(text.contains(r"a\\u{1b}[2J\\r\\nERROR forged\\u{202e}b"), "{text}");
        }
    }

    #[rstest]
    #[case("pass `--bounce-rate-unit fraction`", "pass `?bounceRateUnit=fraction`")]
    #[case("pass `--skip-bad-rows` to go on", "pass `?skipBadRows=true` to go on")]
    #[case("pass `--decimal comma`, or `--decimal point`", "pass `?decimal=comma`, or `?decimal=point`")]
    #[case("pass `--decimal comma` (`decimal=comma`, `decimal=\"comma\"`); else", "pass `?decimal=comma`; else")]
    #[case("write seconds: 192", "write seconds: 192")]
    fn options_of_the_command_line_are_parameters_over_http(#[case] hint: &'static str, #[case] expected: &str) {
        assert_eq!(as_parameters(hint.into()), expected);
    }
}
