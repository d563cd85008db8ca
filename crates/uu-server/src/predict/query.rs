//! Query parameters of a prediction.

use std::borrow::Cow;

use uu_core::{Field, Rules};
use uu_service::batch::BounceRateUnit;
use uu_service::{EstimateOptions, LEVELS};

use crate::problem::{FaultReport, Faults, Problem, shortened};

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
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "level" => read.options.level = read_level(&value, &mut faults),
                "explain" => read.options.explain = read_switch("explain", &value, &mut faults),
                _ => read.rest.push((name, value)),
            }
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
            faults.push(|| unknown_parameter(name, value));
        }
        if faults.is_empty() { Ok(()) } else { Err(Problem::validation(faults)) }
    }

    /// The month given as parameters, as the body that would mean the same.
    pub(crate) fn body(&self) -> Result<String, Problem> {
        let is_date = |name: &str| Field::named(name) == Some(Field::Date);
        let mut dates = self.rest.iter().filter(|(name, _)| is_date(name));
        let (Some((_, date)), None) = (dates.next(), dates.next()) else {
            let mut faults = Faults::default();
            faults.push(|| bad_parameter("bad_date", "date", "none, or several", "one date like `2018-12-01` or `2018-12`"));
            return Err(Problem::validation(faults));
        };
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

/// The parameters of the older form, as a record whose other keys are left aside.
pub(crate) fn known_only<'q>(query: &'q str, rules: &Rules) -> Vec<(Cow<'q, str>, Cow<'q, str>)> {
    form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| Field::named(name).is_some() || rules.extras.iter().any(|extra| extra == name))
        .collect()
}

fn json_text(text: &str) -> String {
    serde_json::to_string(text).expect("a text can always be written")
}

/// A number as it is written, anything else as a text, nothing as null. A name is a text even where it looks like a number.
fn json_value<'v>(name: &str, value: &'v str) -> Cow<'v, str> {
    if value.trim().is_empty() {
        return Cow::Borrowed("null");
    }
    let is_name = matches!(Field::named(name), Some(Field::Site | Field::Source | Field::RankSource));
    if !is_name && serde_json::from_str::<serde_json::Number>(value).is_ok() {
        return Cow::Borrowed(value);
    }
    Cow::Owned(json_text(value))
}

/// Reads the level of an interval.
pub(crate) fn read_level(value: &str, faults: &mut Faults) -> f64 {
    match value.trim().parse::<f64>() {
        Ok(level) if LEVELS.contains(&level) => level,
        _ => {
            faults.push(|| bad_level(value));
            EstimateOptions::default().level
        }
    }
}

/// Reads a parameter that is on or off; the bare name is on.
pub(crate) fn read_switch(name: &str, value: &str, faults: &mut Faults) -> bool {
    match value {
        "true" | "1" | "" => true,
        "false" | "0" => false,
        _ => {
            faults.push(|| bad_parameter("bad_switch", name, value, "`true` or `false`"));
            false
        }
    }
}

/// Reads the unit that rows give their bounce rates in.
pub(crate) fn read_bounce_rate_unit(value: &str, faults: &mut Faults) -> BounceRateUnit {
    match value {
        "percent" => BounceRateUnit::Percent,
        "fraction" => BounceRateUnit::Fraction,
        _ => {
            faults.push(|| bad_parameter("bad_unit", "bounceRateUnit", value, "`percent` or `fraction`"));
            BounceRateUnit::default()
        }
    }
}

fn bad_level(found: &str) -> FaultReport {
    let mut report = bad_parameter("bad_level", "level", found, "a share between 0.5 and 0.99");
    if found.trim().parse::<f64>().is_ok_and(|percent| (50.0..=99.0).contains(&percent)) {
        report.hint = Some("the level is a share: 90 percent is 0.9".to_owned());
    }
    report
}

/// A query parameter that is not what it must be.
pub(crate) fn bad_parameter(code: &str, name: &str, found: &str, expected: &str) -> FaultReport {
    let found = format!("`{}`", shortened(found));
    FaultReport {
        code: code.to_owned(),
        field: Some(shortened(name)),
        message: format!("the query parameter `{}` must be {expected}, got {found}", shortened(name)),
        found,
        expected: expected.to_owned(),
        ..FaultReport::default()
    }
}

fn unknown_parameter(name: &str, value: &str) -> FaultReport {
    FaultReport {
        code: "unknown_parameter".to_owned(),
        field: Some(shortened(name)),
        found: format!("`{}={}`", shortened(name), shortened(value)),
        expected: "`level` or `explain` beside a body".to_owned(),
        message: format!("beside a body the query parameters must be `level` or `explain`, got `{}`", shortened(name)),
        ..FaultReport::default()
    }
}
