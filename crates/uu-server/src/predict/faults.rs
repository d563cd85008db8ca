//! Faults of a request's shape.

use uu_core::FaultRule;

use super::request::{GivenValue, text_of};
use crate::problem::{FaultReport, pointer, shortened};

pub(super) fn no_month() -> FaultReport {
    FaultReport {
        code: "no_month".to_owned(),
        found: "no month".to_owned(),
        expected: "at least one month, keyed by its date".to_owned(),
        message: "a request must have at least one month, keyed by its date, got none".to_owned(),
        hint: Some("{\"2018-12-01\": {\"visits\": 1000000}}".to_owned()),
        ..FaultReport::default()
    }
}

pub(super) fn too_many_months(found: usize, limit: usize) -> FaultReport {
    FaultReport {
        code: "too_many_months".to_owned(),
        found: found.to_string(),
        expected: format!("at most {limit} months"),
        message: format!("a request must have at most {limit} months, got {found}"),
        hint: Some("send the rows to `/predict/batch`".to_owned()),
        ..FaultReport::default()
    }
}

pub(super) fn not_an_object(date: &str, kind: &'static str) -> FaultReport {
    FaultReport {
        code: "not_an_object".to_owned(),
        pointer: Some(pointer(&[date])),
        date: Some(shortened(date)),
        found: kind.to_owned(),
        expected: "an object of the month's values".to_owned(),
        message: format!("a month must be an object of its values, got {kind}"),
        hint: Some("the body is an object keyed by date: {\"2018-12-01\": {\"visits\": 1000000}}".to_owned()),
        ..FaultReport::default()
    }
}

pub(super) fn too_many_fields(date: &str, found: usize, limit: usize) -> FaultReport {
    FaultReport {
        code: "too_many_fields".to_owned(),
        pointer: Some(pointer(&[date])),
        date: Some(shortened(date)),
        found: found.to_string(),
        expected: format!("at most {limit} keys"),
        message: format!("a month must have at most {limit} keys, got {found}"),
        ..FaultReport::default()
    }
}

/// A date among a month's values that is of another month than its key.
pub(super) fn other_date(date: &str, value: &GivenValue<'_>) -> FaultReport {
    let (key, found) = (text_of(value.key), shortened(&text_of(value.json)));
    FaultReport {
        code: FaultRule::DuplicateMonth.code().to_owned(),
        pointer: Some(pointer(&[date, &key])),
        date: Some(shortened(date)),
        field: Some(shortened(&key)),
        message: format!("date must be of the month that is its key, `{}`, got `{found}`", shortened(date)),
        found: format!("`{found}`"),
        expected: format!("a date of `{}`", shortened(date)),
        ..FaultReport::default()
    }
}

pub(super) fn duplicate_key(date: Option<&str>, key: &str) -> FaultReport {
    FaultReport {
        code: FaultRule::DuplicateField.code().to_owned(),
        pointer: Some(date.map_or_else(|| pointer(&[key]), |date| pointer(&[date, key]))),
        date: date.map(shortened),
        field: Some(shortened(key)),
        found: format!("`{}` again", shortened(key)),
        expected: "each field once".to_owned(),
        message: format!("a field must be given once, got `{}` again, or another name of the same field", shortened(key)),
        ..FaultReport::default()
    }
}
