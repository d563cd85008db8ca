//! Objects that other servers take, and tables written as objects: one fault for the whole, with the way out.

use uu_core::{Field, Month};

use super::prepare::months;
use super::request::{Given, GivenMonth, text_of};
use crate::problem::{FaultReport, Faults, shortened};

const RECORDS: &str = "send rows to `/predict/batch`, as CSV or as a list: [{\"date\": \"2018-12\", \"visits\": 1000000}]; pandas writes it with `to_json(orient=\"records\")`";

const FLAT: &str = "put the values under their month: {\"2018-12-01\": {\"visits\": 1000000}}";

/// The fault of a request in which no key is a date, where it has a form that is known; `None` where its keys are at fault one by one.
pub(super) fn of_another_kind(given: &Given<'_>) -> Option<Faults> {
    if months(given).any(|month| is_month(&month.date())) {
        return None;
    }
    let hint = months(given).find_map(way_out)?;
    let mut faults = Faults::default();
    faults.push(|| not_keyed_by_date(given, hint));
    Some(faults)
}

fn way_out(month: &GivenMonth<'_>) -> Option<String> {
    let name = month.date();
    let has = |key: &str| month.values.iter().any(|value| text_of(value.key) == key);
    let names_field = Field::named(&name).or_else(|| Field::nearest(&name)).is_some();
    match month.instead {
        // Columns of a table, or rows under a key of their own.
        Some("a list") => Some(RECORDS.to_owned()),
        Some(_) if names_field => Some(FLAT.to_owned()),
        Some(_) => None,
        None if names_field || (has("columns") && has("data")) => Some(RECORDS.to_owned()),
        None if month.values.iter().any(|value| is_month(&text_of(value.key))) => {
            Some(format!("send what stands under `{}`, without that key", shortened(&name)))
        }
        None if month.values.iter().any(|value| Field::named(&text_of(value.key)) == Some(Field::Date)) => Some(
            "the key is the month, and the site its `domain`: {\"2018-12-01\": {\"domain\": \"example.com\", \"visits\": 1000000}}"
                .to_owned(),
        ),
        None => None,
    }
}

fn is_month(text: &str) -> bool {
    text.parse::<Month>().is_ok()
}

fn not_keyed_by_date(given: &Given<'_>, hint: String) -> FaultReport {
    const LISTED: usize = 5;
    let mut keys: Vec<String> = months(given).take(LISTED).map(|month| format!("`{}`", shortened(&month.date()))).collect();
    if months(given).nth(LISTED).is_some() {
        keys.push("..".to_owned());
    }
    let found = format!("the keys {}", keys.join(", "));
    FaultReport {
        code: "not_keyed_by_date".to_owned(),
        message: format!("a request must be an object keyed by date, got {found}"),
        found,
        expected: "an object keyed by date".to_owned(),
        hint: Some(hint),
        ..FaultReport::default()
    }
}
