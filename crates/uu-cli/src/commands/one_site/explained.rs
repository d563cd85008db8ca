//! The factors of an estimate as a table, with what each stands for.

use serde_json::{Map, Value, json};
use uu_model::Factor;

use super::{Answer, shown};
use crate::output::{Column, Page, Table, whole};

/// Factors nearer to 1 than this change no digit that is shown of them.
const CHANGES_NOTHING: f64 = 5e-5;

/// Factors nearer to 1 than this are shown with [`DECIMALS_NEAR_ONE`].
const NEAR_ONE: f64 = 0.1;

/// Decimals of a factor near 1: what counts is how far it lies from that.
const DECIMALS_NEAR_ONE: usize = 4;

/// Adds the table to the page, where factors were asked for.
pub(super) fn add(page: &mut Page, answer: &Answer) {
    let Some(explanation) = &answer.estimate.explanation else { return };
    let mut users = explanation.base;
    let mut rows = vec![["start".to_owned(), String::new(), String::new(), whole(users)]];
    let mut meanings = vec![("start".to_owned(), meaning(""))];
    let mut without_effect = Vec::new();
    for (factor, value) in &explanation.factors {
        users *= value;
        if (value - 1.0).abs() < CHANGES_NOTHING {
            without_effect.push(name(factor));
            continue;
        }
        rows.push([name(factor), known(answer, factor), format!("x {}", rounded(*value)), whole(users)]);
        meanings.push((name(factor), meaning(factor.json())));
    }
    // The last step and the estimate above the table are one number, whatever was rounded on the way.
    rows.push(["estimate".to_owned(), String::new(), String::new(), whole(answer.estimate.whole_point() as f64)]);
    let columns = [Column::text("step"), Column::text("value").cut_to(14), Column::number("factor"), Column::number("users so far")];
    let title = "Why: each factor multiplies what stands above it; above 1 it raises the estimate, below 1 it lowers it";
    page.table(title, &Table::new(columns).rows(rows));
    page.facts(meanings.iter().map(|(step, meaning)| (step.as_str(), (*meaning).to_owned())));
    if !without_effect.is_empty() {
        page.paragraph(&format!("Without effect: {}", without_effect.join(", ")));
    }
}

/// The explanation under the names of the API, where it was asked for.
pub(super) fn json(answer: &Answer) -> Option<Value> {
    let explanation = answer.estimate.explanation.as_ref()?;
    let factors: Map<String, Value> = explanation.factors.iter().map(|(factor, value)| (factor.json().to_owned(), json!(value))).collect();
    Some(json!({ "base": explanation.base, "factors": factors }))
}

fn name(factor: &Factor) -> String {
    match (factor, factor.json()) {
        (_, "filledVisits") => "filled visits".to_owned(),
        (_, "siteLevel") => "site level".to_owned(),
        (_, "month") => "month".to_owned(),
        (Factor::Input(field), _) => field.words().to_owned(),
        (_, other) => other.to_owned(),
    }
}

fn known(answer: &Answer, factor: &Factor) -> String {
    let Factor::Input(field) = factor else { return String::new() };
    match answer.value(field) {
        Some(Value::String(text)) if factor.json() == "month" => text.chars().take(7).collect(),
        Some(Value::String(text)) => text,
        Some(value) => value.as_f64().map_or_else(|| value.to_string(), shown),
        None => "unknown".to_owned(),
    }
}

/// What a step stands for, in plain words.
fn meaning(factor: &str) -> &'static str {
    match factor {
        "" => "expected before any input is considered",
        "visits" => "how large the site is by its visits",
        "alexa" => "its place in the ranking",
        "pagesPerVisit" => "how many pages a visit has",
        "bounceRate" => "how many visits end after one page",
        "avgVisitDuration" => "how long visits last",
        "category" => "how often visitors of such sites come back",
        "domain" => "what the host name says: suffix, brand, spelling",
        "source" => "whose definition of unique users is followed",
        "month" => "the month of the year",
        "filledVisits" => "visits as they were filled, since none were given",
        "siteLevel" => "how the site's known months differ from such sites",
        "bounds" => "at least 1, and at most as many as visits",
        _ => "an extra input of this model",
    }
}

/// Three significant digits, and more near 1.
fn rounded(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    if (value - 1.0).abs() < NEAR_ONE {
        return format!("{value:.DECIMALS_NEAR_ONE$}");
    }
    let digits = (2 - value.abs().log10().floor() as i32).clamp(0, 6) as usize;
    format!("{value:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_shows_how_far_it_lies_from_1() {
        assert_eq!(
            [0.0337, 0.748, 0.993_04, 1.000_7, 1.046_5, 12.34].map(rounded),
            ["0.0337", "0.748", "0.9930", "1.0007", "1.0465", "12.3"]
        );
    }
}
