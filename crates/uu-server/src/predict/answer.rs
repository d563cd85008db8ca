//! Writes a prediction answer straight into bytes.

use std::io::Write;

use uu_core::{FaultField, Field, OutputColumn, Record, Warning};
use uu_model::{Estimate, EstimateOptions, Explanation};
use uu_service::Served;

use super::prepare::Prepared;
use super::request::{Entry, Given, GivenMonth, Meaning, text_of};

/// Bytes of a month's answer beyond those of its request, about.
const BYTES_ADDED_PER_MONTH: usize = 512;

/// Answers a prepared request.
pub(super) fn answer(given: &Given<'_>, prepared: &Prepared, served: &Served, options: EstimateOptions, request_bytes: usize) -> Vec<u8> {
    let estimates = match prepared.records.as_slice() {
        [record] => vec![served.model.estimate_one(record, options)],
        records => served.model.estimate_months(records, options),
    };
    let mut out = Object::open(Vec::with_capacity(request_bytes + prepared.records.len() * BYTES_ADDED_PER_MONTH));
    let mut answers = prepared.records.iter().zip(&prepared.warnings).zip(&estimates);
    for entry in &given.entries {
        match entry {
            Entry::Shared(value) => out.raw(value.key, value.json),
            Entry::Month(month) => {
                let ((record, warnings), estimate) = answers.next().expect("a prepared request has a record for each month");
                out.key(month.key);
                served.count(record, estimate);
                served.count_warnings(warnings.iter().chain(&estimate.warnings));
                let answer = MonthAnswer { month, record, warnings, estimate, served, options };
                out.nest(|bytes| answer.write(bytes));
            }
        }
    }
    out.close()
}

struct MonthAnswer<'a> {
    month: &'a GivenMonth<'a>,
    record: &'a Record,
    warnings: &'a [Warning],
    estimate: &'a Estimate,
    served: &'a Served,
    options: EstimateOptions,
}

impl MonthAnswer<'_> {
    fn write(&self, bytes: Vec<u8>) -> Vec<u8> {
        let mut out = Object::open(bytes);
        let mut filled: Vec<&str> = Vec::new();
        for value in &self.month.values {
            match value.meaning {
                Meaning::Output(output) if self.is_written_anew(output, value.key) => continue,
                Meaning::Field(_) | Meaning::Extra(_) if value.is_unknown() => {
                    self.write_filled(&mut out, value.key, value.meaning, value.json, &mut filled);
                }
                _ => out.raw(value.key, value.json),
            }
        }
        let mut added: Vec<&FaultField> = Vec::new();
        for input in &self.estimate.filled {
            if !self.gives(&input.field) {
                out.number(input.field.json(), input.value);
                added.push(&input.field);
            }
        }
        self.write_estimate(&mut out);
        out.name(OutputColumn::Filled.json());
        out.nest(|mut bytes| {
            bytes.push(b'[');
            for key in &filled {
                separate(&mut bytes, b'[');
                bytes.extend_from_slice(key.as_bytes());
            }
            for field in added {
                separate(&mut bytes, b'[');
                write_text(&mut bytes, field.json());
            }
            bytes.push(b']');
            bytes
        });
        out.name(OutputColumn::Warnings.json());
        out.nest(|bytes| self.write_warnings(bytes));
        out.text(OutputColumn::Model.json(), &self.served.version);
        if let Some(explanation) = &self.estimate.explanation {
            out.name(OutputColumn::Explanation.json());
            out.nest(|bytes| match self.record.unique_users {
                Some(known) => write_known(bytes, known.get()),
                None => write_explanation(bytes, explanation),
            });
        }
        out.close()
    }

    /// Whether the key of an earlier output is left out: the answer has its own of that name, and no key stands twice.
    fn is_written_anew(&self, output: OutputColumn, key: &str) -> bool {
        self.month.own.is_some() || text_of(key) == output.json()
    }

    /// Writes a value that was given as unknown: filled where the model fills it, else as it was.
    fn write_filled<'k>(&self, out: &mut Object, key: &'k str, meaning: Meaning, json: &str, filled: &mut Vec<&'k str>) {
        let input = self.estimate.filled.iter().find(|input| match (&input.field, meaning) {
            (FaultField::Field(field), Meaning::Field(given)) => *field == given,
            (FaultField::Extra(name), Meaning::Extra(_)) => *name == text_of(key),
            _ => false,
        });
        out.key(key);
        match (input, meaning) {
            (Some(input), _) => {
                filled.push(key);
                write_number(&mut out.bytes, input.value);
            }
            (None, Meaning::Field(Field::UniqueUsers)) => write_whole(&mut out.bytes, self.estimate.whole_point()),
            (None, Meaning::Field(Field::Source)) => write_text(&mut out.bytes, self.served.model.source_for(self.record)),
            _ => out.bytes.extend_from_slice(json.as_bytes()),
        }
    }

    fn write_estimate(&self, out: &mut Object) {
        if !self.gives(&FaultField::Field(Field::UniqueUsers)) {
            out.name(Field::UniqueUsers.json());
            match self.record.unique_users {
                Some(known) => write_number(&mut out.bytes, known.get()),
                None => write_whole(&mut out.bytes, self.estimate.whole_point()),
            }
        }
        // A known month is its own interval.
        if let Some(known) = self.record.unique_users {
            out.number(OutputColumn::UniqueUsersLow.json(), known.get());
            out.number(OutputColumn::UniqueUsersHigh.json(), known.get());
        } else {
            let (low, high) = self.estimate.whole_interval();
            out.name(OutputColumn::UniqueUsersLow.json());
            write_whole(&mut out.bytes, low);
            out.name(OutputColumn::UniqueUsersHigh.json());
            write_whole(&mut out.bytes, high);
        }
        out.number(OutputColumn::Level.json(), self.options.level);
        out.name(OutputColumn::VisitsPerUser.json());
        self.write_visits_per_user(&mut out.bytes);
        if self.record.unique_users.is_some() {
            out.truth(OutputColumn::Known);
        }
        if !self.gives(&FaultField::Field(Field::Source)) {
            out.text(Field::Source.json(), self.served.model.source_for(self.record));
        }
    }

    /// Visits, given or filled, over the users, estimated or known; null where either is not there.
    fn write_visits_per_user(&self, bytes: &mut Vec<u8>) {
        let filled = || self.estimate.filled.iter().find(|input| input.field == FaultField::Field(Field::Visits)).map(|input| input.value);
        let visits = self.record.visits.map(uu_core::Visits::get).or_else(filled);
        let users = self.record.unique_users.map_or(self.estimate.whole_point() as f64, uu_core::UniqueUsers::get);
        match visits {
            Some(visits) if users > 0.0 => write_number(bytes, rounded_ratio(visits / users)),
            _ => bytes.extend_from_slice(b"null"),
        }
    }

    fn gives(&self, field: &FaultField) -> bool {
        self.month.values.iter().any(|value| match (field, value.meaning) {
            (FaultField::Field(field), Meaning::Field(given)) => *field == given,
            (FaultField::Extra(name), Meaning::Extra(_)) => *name == text_of(value.key),
            _ => false,
        })
    }

    fn write_warnings(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        bytes.push(b'[');
        for warning in self.warnings.iter().chain(&self.estimate.warnings) {
            separate(&mut bytes, b'[');
            bytes = write_warning(bytes, warning);
        }
        bytes.push(b']');
        bytes
    }
}

fn write_warning(bytes: Vec<u8>, warning: &Warning) -> Vec<u8> {
    let mut out = Object::open(bytes);
    out.text("code", warning.code());
    if let Some(field) = warning.field() {
        out.text("field", field.json());
    }
    out.text("message", &warning.to_string());
    out.close()
}

fn write_explanation(bytes: Vec<u8>, explanation: &Explanation) -> Vec<u8> {
    let mut out = Object::open(bytes);
    out.number("base", explanation.base);
    out.name("factors");
    out.nest(|bytes| {
        let mut factors = Object::open(bytes);
        for (factor, value) in &explanation.factors {
            factors.number(factor.json(), *value);
        }
        factors.close()
    });
    out.close()
}

/// A known month is explained by nothing but itself: the factors of its estimate multiply to another number.
fn write_known(bytes: Vec<u8>, users: f64) -> Vec<u8> {
    let mut out = Object::open(bytes);
    out.number("base", users);
    out.raw("\"factors\"", "{}");
    out.truth(OutputColumn::Known);
    out.close()
}

/// A ratio as people read it: two decimals, more where it is small.
fn rounded_ratio(ratio: f64) -> f64 {
    let scale = if ratio >= 1.0 { 100.0 } else { 10_000.0 };
    (ratio * scale).round() / scale
}

/// A JSON object under construction at the end of `bytes`.
struct Object {
    bytes: Vec<u8>,
}

impl Object {
    fn open(mut bytes: Vec<u8>) -> Self {
        bytes.push(b'{');
        Self { bytes }
    }

    fn close(mut self) -> Vec<u8> {
        self.bytes.push(b'}');
        self.bytes
    }

    /// Writes a key that is JSON already.
    fn key(&mut self, json: &str) {
        separate(&mut self.bytes, b'{');
        self.bytes.extend_from_slice(json.as_bytes());
        self.bytes.push(b':');
    }

    fn name(&mut self, name: &str) {
        separate(&mut self.bytes, b'{');
        write_text(&mut self.bytes, name);
        self.bytes.push(b':');
    }

    fn raw(&mut self, key: &str, json: &str) {
        self.key(key);
        self.bytes.extend_from_slice(json.as_bytes());
    }

    fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        write_text(&mut self.bytes, text);
    }

    fn number(&mut self, name: &str, number: f64) {
        self.name(name);
        write_number(&mut self.bytes, number);
    }

    fn truth(&mut self, column: OutputColumn) {
        self.name(column.json());
        self.bytes.extend_from_slice(b"true");
    }

    fn nest(&mut self, write: impl FnOnce(Vec<u8>) -> Vec<u8>) {
        self.bytes = write(std::mem::take(&mut self.bytes));
    }
}

fn separate(bytes: &mut Vec<u8>, opening: u8) {
    if bytes.last() != Some(&opening) {
        bytes.push(b',');
    }
}

fn write_text(bytes: &mut Vec<u8>, text: &str) {
    // serde_json's escaping walks byte by byte; nearly every text here needs none.
    if text.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
        bytes.push(b'"');
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(b'"');
    } else {
        serde_json::to_writer(bytes, text).expect("a text can always be written to memory");
    }
}

fn write_whole(bytes: &mut Vec<u8>, number: u64) {
    write!(bytes, "{number}").expect("a number can always be written to memory");
}

/// Writes a finite number, whole ones without a fraction.
fn write_number(bytes: &mut Vec<u8>, number: f64) {
    /// Beyond it not every whole number has its own `f64`.
    const WHOLE: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() < WHOLE {
        write!(bytes, "{}", number as i64).expect("a number can always be written to memory");
    } else {
        serde_json::to_writer(bytes, &number).expect("a number can always be written to memory");
    }
}
