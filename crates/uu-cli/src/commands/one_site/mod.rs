//! `predict` for one site, whose fields stand on the command line.

mod explained;
mod given;

use std::process::ExitCode;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use uu_core::{BounceRate, FaultField, Field, OutputColumn, Record, Visits, Warning};
use uu_data::read::Decimal;
use uu_model::{Estimate, EstimateOptions};
use uu_service::{Served, load};

use super::{checked_level, existing};
use crate::arguments::{BounceRateUnitName, Predict};
use crate::output::{Page, counted, print, print_json, whole};
use crate::settings::Settings;

/// An estimate and what it was made of.
struct Answer {
    served: Served,
    record: Record,
    warnings: Vec<Warning>,
    estimate: Estimate,
    level: f64,
    unit: BounceRateUnitName,
}

/// Estimates one site, of which the option `given` was typed, and prints the answer.
pub(crate) fn run(arguments: &Predict, given: &str, settings: &Settings) -> anyhow::Result<ExitCode> {
    given::refuse_file_options(arguments, given)?;
    let level = checked_level(arguments.level)?;
    let served = load(&existing(settings)?, arguments.model)?;
    let unit = arguments.reading.bounce_rate_unit;
    let decimal = arguments.reading.decimal.map_or(Decimal::Point, Into::into);
    let mut checked = given::checked(&arguments.fields, given::Notation { unit, decimal }, served.model.rules())?;
    if unit.is_none()
        && let Some(found) = checked.record.bounce_rate.map(BounceRate::get).filter(|rate| *rate > 0.0 && *rate < 1.0)
    {
        checked.warnings.push(Warning::BounceRateFraction { found });
    }
    let estimate = served.model.estimate_one(&checked.record, EstimateOptions { level, explain: arguments.explain });
    let warnings = checked.warnings.iter().chain(&estimate.warnings).cloned().collect();
    let unit = unit.unwrap_or(BounceRateUnitName::Percent);
    let answer = Answer { served, record: checked.record, warnings, estimate, level, unit };
    if arguments.json {
        print_json(&answer.json())?;
    } else {
        print(&answer.page().finish())?;
    }
    Ok(ExitCode::SUCCESS)
}

impl Answer {
    fn page(&self) -> Page {
        let (low, high) = self.estimate.whole_interval();
        let [low, high] = [low, high].map(|users| whole(users as f64));
        let users = self.estimate.whole_point();
        let month = self.record.month.to_string();
        let mut page = Page::new();
        page.paragraph(&format!(
            "{} in {}, {} interval: {low} to {high}",
            counted(users, "unique user"),
            month.get(..7).unwrap_or(&month),
            percent_of(self.level)
        ));
        let filled = self.estimate.filled.iter().map(|input| {
            let (value, unit) = self.in_unit(&input.field, input.value);
            format!("{} {}{unit}", input.field.words(), shown(value))
        });
        let about = self.served.model.about();
        page.facts([
            ("visits per user", self.visits_per_user().map(|ratio| format!("{ratio:.2}")).unwrap_or_default()),
            ("filled", filled.collect::<Vec<String>>().join(", ")),
            ("definition", format!("unique users as the source `{}` counts them", self.served.model.source_for(&self.record))),
            ("model", format!("{}, trained on {}", self.served.version, counted(about.rows, "row"))),
        ]);
        if !self.warnings.is_empty() {
            let warnings: Vec<String> = self.warnings.iter().map(|warning| format!("warning: {warning}")).collect();
            page.paragraph(&warnings.join("\n"));
        }
        explained::add(&mut page, self);
        page
    }

    /// One object with the names that a row of a file has.
    fn json(&self) -> Ordered {
        let mut object = Vec::new();
        let mut put = |name: &str, value: Value| object.push((name.to_owned(), value));
        put(Field::Date.column(), json!(self.record.month.to_string()));
        for field in Field::all().filter(|field| *field != Field::Date) {
            if let Some(value) = self.value(&FaultField::Field(field)) {
                put(field.column(), value);
            }
        }
        for (name, value) in self.served.model.rules().extras.iter().zip(&self.record.extras) {
            if let Some(value) = value {
                put(name, number(*value));
            }
        }
        for input in &self.estimate.filled {
            put(input.field.column(), number(self.in_unit(&input.field, input.value).0));
        }
        let (low, high) = self.estimate.whole_interval();
        put(Field::UniqueUsers.column(), json!(self.estimate.whole_point()));
        put(OutputColumn::UniqueUsersLow.column(), json!(low));
        put(OutputColumn::UniqueUsersHigh.column(), json!(high));
        put(OutputColumn::Level.column(), json!(self.level));
        put(OutputColumn::VisitsPerUser.column(), json!(self.visits_per_user()));
        put(OutputColumn::Definition.column(), json!(self.served.model.source_for(&self.record)));
        put(OutputColumn::Filled.column(), json!(self.estimate.filled.iter().map(|input| input.field.column()).collect::<Vec<&str>>()));
        put(OutputColumn::Warnings.column(), self.warnings.iter().map(warning).collect());
        put(OutputColumn::Model.column(), json!(self.served.version));
        if let Some(explanation) = explained::json(self) {
            put(OutputColumn::Explanation.column(), explanation);
        }
        Ordered(object)
    }

    fn visits_per_user(&self) -> Option<f64> {
        let field = FaultField::Field(Field::Visits);
        let filled = self.estimate.filled.iter().find(|input| input.field == field).map(|input| input.value);
        let visits = self.record.visits.map(Visits::get).or(filled)?;
        (self.estimate.point > 0.0).then(|| visits / self.estimate.point)
    }

    /// What is known of a field.
    fn value(&self, field: &FaultField) -> Option<Value> {
        let record = &self.record;
        match field {
            FaultField::Field(Field::Date) => Some(json!(record.month.to_string())),
            FaultField::Field(Field::UniqueUsers) | FaultField::Record => None,
            FaultField::Field(of) if of.is_number() => record.number(*of).map(|value| number(self.in_unit(field, value).0)),
            FaultField::Field(of) => record.text(*of).map(|text| json!(text)),
            FaultField::Extra(name) => {
                let index = self.served.model.rules().extras.iter().position(|extra| extra == name)?;
                record.extras.get(index).copied().flatten().map(number)
            }
        }
    }

    /// A value in the unit in which the command line has it, and how that is written.
    fn in_unit(&self, field: &FaultField, value: f64) -> (f64, &'static str) {
        match (field, self.unit) {
            (FaultField::Field(Field::BounceRate), BounceRateUnitName::Fraction) => (value / 100.0, ""),
            (FaultField::Field(Field::BounceRate), BounceRateUnitName::Percent) => (value, " %"),
            (FaultField::Field(Field::AvgVisitDuration), _) => (value, " s"),
            _ => (value, ""),
        }
    }
}

fn warning(warning: &Warning) -> Value {
    json!({ "code": warning.code(), "field": warning.field().map(|field| field.column().to_owned()), "message": warning.to_string() })
}

/// A level as it was asked for: 90 %, and not 90.0 %.
fn percent_of(level: f64) -> String {
    format!("{} %", (level * 1e4).round() / 1e2)
}

/// A number for people: thousands parted, and no more digits than say something.
fn shown(value: f64) -> String {
    if value.abs() >= 1_000.0 { whole(value) } else { ((value * 1e4).round() / 1e4).to_string() }
}

/// A number as JSON, whole ones without a fraction.
fn number(value: f64) -> Value {
    const WHOLE: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() < WHOLE { json!(value as i64) } else { json!(value) }
}

/// A JSON object whose keys stay in their order.
struct Ordered(Vec<(String, Value)>);

impl Serialize for Ordered {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}
