//! Query parameters of a prediction.

use std::borrow::Cow;

use uu_core::{Field, Points, nearest};
use uu_model::EstimateOptions;

use crate::parameters::{Parameters, given_twice, read_level, read_switch};
use crate::problem::{FaultReport, Faults, Problem};

/// The parameters that are no values of a month.
const OPTIONS: Parameters = Parameters::once(&["level", "explain"]);

/// Parameters that are looked at for misspelt options: a month of more keys is refused anyway.
const MOST_LOOKED_AT: usize = 100;

/// How the estimate is asked for, and the parameters left over.
#[derive(Debug)]
pub(crate) struct Query<'q> {
    pub(crate) options: EstimateOptions,
    rest: Vec<(Cow<'q, str>, Cow<'q, str>)>,
}

impl<'q> Query<'q> {
    /// Reads `level` and `explain`.
    ///
    /// **Errors**: a level no interval has, or a switch that is neither on nor off.
    pub(crate) fn read(query: Option<&'q str>) -> Result<Self, Problem> {
        let mut read = Self { options: EstimateOptions::default(), rest: Vec::new() };
        let Some(query) = query else { return Ok(read) };
        let mut faults = Faults::default();
        let (mut levels, mut explains) = (0, 0);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "level" => {
                    levels += 1;
                    read.options.level = read_level(&value, &mut faults);
                }
                "explain" => {
                    explains += 1;
                    read.options.explain = read_switch("explain", &value, &mut faults);
                }
                _ => read.rest.push((name, value)),
            }
        }
        for name in [("level", levels), ("explain", explains)].into_iter().filter_map(|(name, count)| (count > 1).then_some(name)) {
            faults.push(|| given_twice(name));
        }
        if faults.is_empty() { Ok(read) } else { Err(Problem::validation(faults)) }
    }

    /// Whether a month is given as parameters.
    pub(crate) fn gives_a_month(&self) -> bool {
        !self.rest.is_empty()
    }

    /// Refuses parameters beside a body: a misspelt `level` is not to pass unseen.
    pub(crate) fn refuse_rest(&self) -> Result<(), Problem> {
        let mut faults = Faults::default();
        for (name, value) in &self.rest {
            faults.push(|| beside_a_body(name, value));
        }
        if faults.is_empty() { Ok(()) } else { Err(Problem::validation(faults)) }
    }

    /// The month given as parameters, as the body that would mean the same.
    ///
    /// **Errors**: not one date, or a misspelt option.
    pub(crate) fn body(&self) -> Result<String, Problem> {
        let mut faults = Faults::default();
        for (name, value) in self.rest.iter().take(MOST_LOOKED_AT).filter(|(name, _)| is_misspelt_option(name)) {
            faults.push(|| OPTIONS.unknown(name, value));
        }
        let dates: Vec<&str> = self.rest.iter().filter(|(name, _)| is_date(name)).map(|(_, value)| &**value).collect();
        let [date] = dates[..] else {
            faults.push(|| not_one_date(&dates));
            return Err(Problem::validation(faults));
        };
        if !faults.is_empty() {
            return Err(Problem::validation(faults));
        }
        let mut body = format!("{{{}:{{", json_text(date));
        for (index, (name, value)) in self.rest.iter().filter(|(name, _)| !is_date(name)).enumerate() {
            if index > 0 {
                body.push(',');
            }
            body.push_str(&json_text(name));
            body.push(':');
            body.push_str(&json_value(name, value));
        }
        body.push_str("}}");
        Ok(body)
    }
}

fn is_date(name: &str) -> bool {
    Field::named(name) == Some(Field::Date)
}

fn is_misspelt_option(name: &str) -> bool {
    Field::named(name).is_none() && Field::nearest(name).is_none() && nearest(name, OPTIONS.once.iter().copied()).is_some()
}

fn not_one_date(dates: &[&str]) -> FaultReport {
    let (code, found) = match dates {
        [] => ("bad_date", "none".to_owned()),
        several => ("duplicate_field", several.len().to_string()),
    };
    FaultReport {
        code: code.to_owned(),
        field: Some("date".to_owned()),
        message: format!("the month must be given by one query parameter `date`, got {found}"),
        found,
        expected: "one date like `2018-12-01` or `2018-12`".to_owned(),
        hint: Some("`?date=2018-12&visits=1000000`; send several months as the body of a POST".to_owned()),
        ..FaultReport::default()
    }
}

fn beside_a_body(name: &str, value: &str) -> FaultReport {
    let mut report = OPTIONS.unknown(name, value);
    if report.hint.is_none() && Field::named(name).is_some() {
        report.hint = Some("give the month in the body, or as the query parameters of a GET without a body".to_owned());
    }
    report
}

fn json_text(text: &str) -> String {
    serde_json::to_string(text).expect("a text can always be written")
}

/// A number as it is written, anything else as a text, nothing as null. A name is a text even where it looks like a number, and so is a count with a
/// point: as a number it would not show that the point may part thousands.
fn json_value<'v>(name: &str, value: &'v str) -> Cow<'v, str> {
    if value.trim().is_empty() {
        return Cow::Borrowed("null");
    }
    let field = Field::named(name);
    let is_name = matches!(field, Some(Field::Site | Field::Source | Field::RankSource));
    let has_points = field.is_some_and(Field::is_count) && Points::of(value).is_some();
    if !is_name && !has_points && serde_json::from_str::<serde_json::Number>(value).is_ok() {
        return Cow::Borrowed(value);
    }
    Cow::Owned(json_text(value))
}
