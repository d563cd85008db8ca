//! Query parameters: each of them once, and none that the route does not have.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use uu_core::{FaultRule, nearest};
use uu_data::read::{BounceRateUnit, Decimal};
use uu_model::{EstimateOptions, LEVELS};

use crate::problem::{FaultReport, Faults, Problem, shortened};

/// The parameters of a route.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameters {
    /// Those that may be given once.
    pub(crate) once: &'static [&'static str],
    /// Those that may be given several times.
    pub(crate) several: &'static [&'static str],
}

impl Parameters {
    /// Parameters that may each be given once.
    pub(crate) const fn once(once: &'static [&'static str]) -> Self {
        Self { once, several: &[] }
    }

    /// Reads a query: `take` gets the name and the value of each parameter the route has.
    ///
    /// **Errors**: every parameter that the route does not have, that is given twice, or that `take` finds a fault with.
    pub(crate) fn read(self, query: Option<&str>, mut take: impl FnMut(&'static str, &str, &mut Faults)) -> Result<(), Problem> {
        let mut faults = Faults::default();
        let mut seen: Vec<&str> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            let Some(known) = self.names().find(|known| *known == name) else {
                faults.push(|| self.unknown(&name, &value));
                continue;
            };
            if seen.contains(&known) && self.once.contains(&known) {
                faults.push(|| given_twice(known));
            }
            seen.push(known);
            take(known, &value, &mut faults);
        }
        if faults.is_empty() { Ok(()) } else { Err(Problem::validation(faults)) }
    }

    fn names(self) -> impl Iterator<Item = &'static str> {
        self.once.iter().chain(self.several).copied()
    }

    /// A parameter that the route does not have.
    pub(crate) fn unknown(self, name: &str, value: &str) -> FaultReport {
        let expected = listed(self.names());
        FaultReport {
            code: "unknown_parameter".to_owned(),
            field: Some(shortened(name)),
            found: format!("`{}={}`", shortened(name), shortened(value)),
            message: format!("there is no query parameter `{}`, expected {expected}", shortened(name)),
            expected,
            hint: nearest(name, self.names()).map(|near| format!("did you mean `{near}`?")),
            ..FaultReport::default()
        }
    }
}

/// The names in a sentence: `a`, `b` or `c`.
fn listed(names: impl Iterator<Item = &'static str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => "no parameters".to_owned(),
        [name] => name.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// A parameter that may be given once, and was given again.
pub(crate) fn given_twice(name: &str) -> FaultReport {
    let name = shortened(name);
    FaultReport {
        code: FaultRule::DuplicateField.code().to_owned(),
        found: format!("`{name}` again"),
        expected: "each parameter once".to_owned(),
        message: format!("a query parameter must be given once, got `{name}` again"),
        field: Some(name),
        ..FaultReport::default()
    }
}

/// Refuses every query parameter, on routes that have none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoParameters;

impl<S: Sync> FromRequestParts<S> for NoParameters {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Parameters::once(&[]).read(parts.uri.query(), |_, _, _| ()).map(|()| Self)
    }
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
pub(crate) fn read_bounce_rate_unit(value: &str, faults: &mut Faults) -> Option<BounceRateUnit> {
    match value {
        "percent" => Some(BounceRateUnit::Percent),
        "fraction" => Some(BounceRateUnit::Fraction),
        _ => {
            faults.push(|| bad_parameter("bad_unit", "bounceRateUnit", value, "`percent` or `fraction`"));
            None
        }
    }
}

/// Reads the decimal mark of numbers in texts.
pub(crate) fn read_decimal(value: &str, faults: &mut Faults) -> Option<Decimal> {
    match value {
        "point" => Some(Decimal::Point),
        "comma" => Some(Decimal::Comma),
        _ => {
            faults.push(|| bad_parameter("bad_decimal", "decimal", value, "`point` or `comma`"));
            None
        }
    }
}

fn bad_level(found: &str) -> FaultReport {
    let mut report = bad_parameter("bad_level", "level", found, "a share between 0.5 and 0.99");
    if found.trim().trim_end_matches('%').parse::<f64>().is_ok_and(|percent| (50.0..=99.0).contains(&percent)) {
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
