//! The names and values of an older request: each field once, whatever its spelling and wherever it stands.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue as RawJson;
use uu_core::{Checked, Fault, FaultRule, Field, OutputColumn, RawRecord, RawValue, Rules, check_until, nearest};
use uu_data::{current_month, newest_month};

use crate::malformed::{Expected, malformed};
use crate::predict::raw_value;
use crate::problem::{FaultReport, Faults, Problem, shortened};

const FLAT: Expected = Expected {
    words: "an object of one month's values",
    example: r#"{"Visits": 1000000, "Category": "Games"}"#,
    list_hint: r#"send a list of rows to `/predict/batch`: [{"date": "2018-12", "visits": 1000000}]"#,
};

/// What was given so far.
pub(super) struct Given<'a, 'r> {
    raw: RawRecord<'a>,
    rules: &'r Rules,
    fields: Vec<Named>,
    faults: Faults,
}

/// What a name names.
#[derive(Clone, Copy, PartialEq)]
enum Named {
    Field(Field),
    Extra(usize),
}

impl<'a, 'r> Given<'a, 'r> {
    pub(super) fn new(rules: &'r Rules) -> Self {
        Self { raw: RawRecord::new(), rules, fields: Vec::new(), faults: Faults::default() }
    }

    /// Takes the pairs of a query or of a form.
    pub(super) fn take_pairs(&mut self, pairs: &'a str) {
        for (name, value) in form_urlencoded::parse(pairs.as_bytes()) {
            self.take(&name, RawValue::text(value));
        }
    }

    /// Takes the keys of a JSON object.
    ///
    /// **Errors**: a text that is no JSON, or no object.
    pub(super) fn take_json(&mut self, text: &'a str) -> Result<(), Problem> {
        let Entries(entries) = serde_json::from_str(text).map_err(|error| malformed(text, &error, FLAT))?;
        for (name, value) in entries {
            self.take(&name, raw_value(value.get()));
        }
        Ok(())
    }

    fn take(&mut self, name: &str, value: RawValue<'a>) {
        let extra = || self.rules.extras.iter().position(|extra| extra == name).map(Named::Extra);
        let Some(named) = Field::named(name).map(Named::Field).or_else(extra) else {
            let rules = self.rules;
            return self.faults.push(|| unknown(name, rules));
        };
        if self.fields.contains(&named) {
            self.faults.push(|| given_twice(name));
        }
        self.fields.push(named);
        match named {
            Named::Field(field) => self.raw.set(field, value),
            Named::Extra(index) => self.raw.set_extra(index, value),
        }
    }

    /// The record, of the current month where none was given, and what was noticed about it.
    ///
    /// **Errors**: every fault of its names and values.
    pub(super) fn checked(mut self) -> Result<Checked, Problem> {
        if self.raw.get(Field::Date).is_unknown() {
            self.raw.set(Field::Date, RawValue::Text(Cow::Owned(current_month().to_string())));
        }
        let found: Vec<Fault> = match check_until(&self.raw, self.rules, Some(newest_month())) {
            Ok(checked) if self.faults.is_empty() => return Ok(checked),
            Ok(_) => Vec::new(),
            Err(found) => found,
        };
        for fault in &found {
            self.faults.push_flat_fault(fault);
        }
        Err(Problem::validation(self.faults))
    }
}

/// An object's entries in their order, each as often as it stands there.
struct Entries<'a>(Vec<(Cow<'a, str>, &'a RawJson)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of one month's values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<'de>, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}

fn given_twice(name: &str) -> FaultReport {
    FaultReport {
        code: FaultRule::DuplicateField.code().to_owned(),
        field: Some(shortened(name)),
        found: format!("`{}` again", shortened(name)),
        expected: "each field once".to_owned(),
        message: format!("a field must be given once, got `{}` again, or another name of the same field", shortened(name)),
        ..FaultReport::default()
    }
}

fn unknown(name: &str, rules: &Rules) -> FaultReport {
    let extra = || nearest(name, rules.extras.iter().map(String::as_str)).map(str::to_owned);
    let near = Field::nearest(name).map(|field| capitalized(field.json())).or_else(extra);
    FaultReport {
        code: "unknown_field".to_owned(),
        field: Some(shortened(name)),
        found: format!("`{}`", shortened(name)),
        expected: "the name of a field".to_owned(),
        message: format!("`{}` is no field of a record", shortened(name)),
        hint: match OutputColumn::named(name) {
            Some(_) => Some("answers of `/predict` and outputs have it: send the inputs that are known, without estimates".to_owned()),
            None => near.map(|near| format!("did you mean `{near}`?")),
        },
        ..FaultReport::default()
    }
}

/// The name as this form writes it: `PagesPerVisit`.
fn capitalized(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}
