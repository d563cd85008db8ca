//! The one place where a raw record becomes a checked one, or a list of faults.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::fault::FaultField;
use crate::hint::Points;
use crate::missing::is_missing_marker;
use crate::names::{escaped, trimmed};
use crate::site::{SiteName, canonical};
use crate::units::OutOfRange;
use crate::{
    AvgVisitDuration, BounceRate, Category, Fault, FaultRule, Field, Month, NoCategory, PagesPerVisit, Rank, RawRecord, RawValue, Record,
    Shortest, UniqueUsers, Visits, Warning,
};

/// Longest text a name can be; longer ones are no host name, source or category.
const MAX_NAME_BYTES: usize = 2048;

/// Below this whole numbers are exact, so that two sites with numbers for names are two.
const MAX_IDENTIFIER: f64 = 9_007_199_254_740_992.0;

/// What is expected of one.
const A_SHORT_TEXT: &str = "a short text";

/// What a source calls a bounce.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BounceDefinition {
    /// A visit of one page: pages per visit and bounce rate bound each other.
    OnePage,
    /// A visit that was not engaged, as Google Analytics 4 has it.
    NotEngaged,
    /// Not declared.
    #[default]
    Unknown,
}

/// What the check needs to know beyond the record's own rules.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Names of the extra numeric inputs.
    pub extras: Vec<String>,
    /// What each source calls a bounce.
    pub bounce_definitions: BTreeMap<String, BounceDefinition>,
}

/// A record that passed, and what is to be said about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// The record.
    pub record: Record,
    /// What was noticed, in the order of the fields.
    pub warnings: Vec<Warning>,
}

/// The first year of which anybody has visits: the first web site is of 1990.
const FIRST_YEAR: u32 = 1990;

/// Counts below this are read wrongly by a factor of 1,000 where their point groups thousands; of larger ones a fraction changes nothing.
const FRACTION_MATTERS_BELOW: f64 = 100_000.0;

/// Turns a raw record into a checked one; see [`check_until`].
///
/// **Errors**: every fault of the record, in the order of the fields.
pub fn check(raw: &RawRecord<'_>, rules: &Rules) -> Result<Checked, Vec<Fault>> {
    check_until(raw, rules, None)
}

/// Turns a raw record into a checked one, at a time when no month after `newest` can have been measured.
///
/// **Missing values**: unknown stays unknown; zero is a value. Implausible values, markers of missing values (`nan`, `N/A`) and names that
/// cannot be a site's become unknown, with a warning.
///
/// **Errors**: every fault of the record, in the order of the fields.
pub fn check_until(raw: &RawRecord<'_>, rules: &Rules, newest: Option<Month>) -> Result<Checked, Vec<Fault>> {
    let mut checker = Checker { raw, newest, faults: Vec::new(), warnings: Vec::new() };
    let record = Record {
        month: checker.month(),
        site: checker.site(),
        source: checker.name(Field::Source),
        rank_source: checker.name(Field::RankSource),
        rank: checker.quantity(Field::Rank, Rank::new),
        visits: checker.quantity(Field::Visits, Visits::new),
        pages_per_visit: checker.pages_per_visit(),
        bounce_rate: checker.bounce_rate(),
        avg_visit_duration: checker.quantity(Field::AvgVisitDuration, AvgVisitDuration::new),
        category: checker.category(),
        unique_users: checker.quantity(Field::UniqueUsers, UniqueUsers::new),
        extras: checker.extras(&rules.extras),
    };
    checker.relations(&record, rules);
    if checker.faults.is_empty() { Ok(Checked { record, warnings: checker.warnings }) } else { Err(checker.faults) }
}

struct Checker<'a> {
    raw: &'a RawRecord<'a>,
    newest: Option<Month>,
    faults: Vec<Fault>,
    warnings: Vec<Warning>,
}

impl Checker<'_> {
    fn fault(&mut self, rule: FaultRule, field: Field, found: String, expected: &'static str) {
        self.faults.push(Fault { rule, field: FaultField::Field(field), found, expected: Cow::Borrowed(expected) });
    }

    fn month(&mut self) -> Month {
        const EXPECTED: &str = "a date like `2018-12-01` or `2018-12`";
        let parsed = match self.raw.get(Field::Date) {
            RawValue::Text(text) => text.parse().ok(),
            RawValue::Number(number) => Month::from_digits(*number),
            RawValue::Unknown | RawValue::Other { .. } => None,
        };
        let Some(month) = parsed else {
            self.fault(FaultRule::BadDate, Field::Date, shown(self.raw.get(Field::Date)), EXPECTED);
            return Month::new(2000, 1).expect("the year 2000 has a January");
        };
        if month.year() < FIRST_YEAR || self.newest.is_some_and(|newest| month > newest) {
            self.warnings.push(Warning::ImplausibleMonth { found: month });
        }
        month
    }

    fn text(&mut self, field: Field) -> Option<&str> {
        match self.raw.get(field) {
            RawValue::Unknown => None,
            RawValue::Text(text) if is_missing_marker(text) => {
                self.warnings.push(Warning::MissingMarker { field: FaultField::Field(field), found: text.trim().to_owned() });
                None
            }
            RawValue::Text(text) if text.len() <= MAX_NAME_BYTES => Some(trimmed(text)).filter(|text| !text.is_empty()),
            other => {
                self.fault(FaultRule::NotAText, field, shown(other), A_SHORT_TEXT);
                None
            }
        }
    }

    fn name(&mut self, field: Field) -> Option<Box<str>> {
        self.text(field).map(Box::from)
    }

    fn site(&mut self) -> Option<Box<str>> {
        if let RawValue::Number(number) = self.raw.get(Field::Site)
            && number.fract() == 0.0
            && number.abs() < MAX_IDENTIFIER
        {
            let found = number.to_string();
            let name = found.clone().into_boxed_str();
            self.warnings.push(Warning::NotAHost { found, groups: true });
            return Some(name);
        }
        let text = self.text(Field::Site)?;
        let (name, found) = (canonical(text), || bare(text));
        match name {
            // Its one form may be longer than what was given.
            SiteName::Host(site) | SiteName::Name(site) if site.len() > MAX_NAME_BYTES => {
                let found = shortened(text);
                self.fault(FaultRule::NotAText, Field::Site, found, A_SHORT_TEXT);
                None
            }
            SiteName::Host(site) => Some(site),
            SiteName::Total => {
                let found = found();
                self.warnings.push(Warning::TotalRow { found });
                None
            }
            SiteName::Name(name) => {
                let found = found();
                self.warnings.push(Warning::NotAHost { found, groups: true });
                Some(name)
            }
            SiteName::NotAHost => {
                let found = found();
                self.warnings.push(Warning::NotAHost { found, groups: false });
                None
            }
            SiteName::Malformed => {
                let found = shortened(text);
                self.fault(FaultRule::BadSite, Field::Site, found, "a host name like `example.com`");
                None
            }
        }
    }

    fn number(&mut self, field: Field) -> Option<f64> {
        self.number_of(&FaultField::Field(field), self.raw.get(field))
    }

    /// The number a value is or spells; a marker of a missing value is unknown, with a warning.
    fn number_of(&mut self, field: &FaultField, value: &RawValue<'_>) -> Option<f64> {
        match read_number(value) {
            Ok(number) => number,
            Err(NoNumber::Marker(found)) => {
                self.warnings.push(Warning::MissingMarker { field: field.clone(), found });
                None
            }
            Err(NoNumber::Other(found)) => {
                self.faults.push(Fault { rule: FaultRule::NotANumber, field: field.clone(), found, expected: Cow::Borrowed("a number") });
                None
            }
        }
    }

    fn quantity<T>(&mut self, field: Field, new: fn(f64) -> Result<T, OutOfRange>) -> Option<T> {
        let found = self.number(field)?;
        match new(found) {
            Ok(quantity) => {
                self.fraction(field, found);
                self.plausible(field, found).then_some(quantity)
            }
            Err(out) => {
                self.fault(FaultRule::OutOfRange, field, Shortest(out.found).to_string(), out.expected);
                None
            }
        }
    }

    /// A point in a count may part thousands.
    fn fraction(&mut self, field: Field, found: f64) {
        if found >= FRACTION_MATTERS_BELOW || !field.is_count() {
            return;
        }
        let text = match self.raw.get(field) {
            RawValue::Text(text) => trimmed(text),
            _ => "",
        };
        if found.fract() != 0.0 || Points::of(text) == Some(Points::Either) {
            let found = if text.is_empty() { Shortest(found).to_string() } else { bare(text) };
            self.warnings.push(Warning::FractionalCount { field, found });
        }
    }

    fn plausible(&mut self, field: Field, found: f64) -> bool {
        let Some(limit) = field.plausible_max().filter(|limit| found > *limit) else { return true };
        self.warnings.push(Warning::Implausible { field, found, limit });
        false
    }

    /// Sources that miscount report fewer than one page a visit: that is unknown. Below zero is a fault.
    fn pages_per_visit(&mut self) -> Option<PagesPerVisit> {
        let field = Field::PagesPerVisit;
        if let Ok(Some(found)) = read_number(self.raw.get(field))
            && (0.0..1.0).contains(&found)
        {
            self.warnings.push(Warning::BelowOne { field, found });
            return None;
        }
        self.quantity(field, PagesPerVisit::new)
    }

    /// Faults speak of it in the unit it was given in.
    fn bounce_rate(&mut self) -> Option<BounceRate> {
        let field = Field::BounceRate;
        let Some(unit) = self.raw.bounce_rate_unit() else { return self.quantity(field, BounceRate::new) };
        let before = self.faults.len();
        let found = self.number(field);
        for fault in &mut self.faults[before..] {
            fault.expected = unit.expected().into();
        }
        let found = found?;
        let rate = BounceRate::new(unit.percent(found)).ok();
        if rate.is_none() {
            self.fault(FaultRule::OutOfRange, field, found.to_string(), unit.expected());
        }
        rate
    }

    fn category(&mut self) -> Option<Category> {
        let outcome = match self.raw.get(Field::Category) {
            RawValue::Unknown => return None,
            RawValue::Text(text) if is_missing_marker(text) => {
                self.warnings.push(Warning::MissingMarker { field: FaultField::Field(Field::Category), found: text.trim().to_owned() });
                return None;
            }
            RawValue::Number(code) => category_of_code(*code).ok_or((NoCategory::Unknown(None), code.to_string())),
            RawValue::Text(text) => match trimmed(text).parse::<f64>() {
                Ok(code) => category_of_code(code).ok_or((NoCategory::Unknown(None), bare(text))),
                Err(_) => Category::from_name(text).map_err(|error| (error, bare(text))),
            },
            other @ RawValue::Other { .. } => {
                self.fault(FaultRule::NotAText, Field::Category, shown(other), "the name or the code of a category");
                return None;
            }
        };
        match outcome {
            Ok(category) => Some(category),
            Err((NoCategory::Unknown(used), found)) => {
                self.warnings.push(Warning::UnknownCategory { found, used });
                used
            }
            Err((NoCategory::Ambiguous(paths), _)) => {
                self.warnings.push(Warning::AmbiguousCategory { paths });
                None
            }
        }
    }

    fn extras(&mut self, names: &[String]) -> Vec<Option<f64>> {
        let raw = self.raw;
        names.iter().enumerate().map(|(index, name)| self.extra(name, raw.extra(index))).collect()
    }

    fn extra(&mut self, name: &str, value: &RawValue<'_>) -> Option<f64> {
        // Nearly every value is a number or unknown, and its name need not be copied then.
        match read_number(value) {
            Ok(number) => number,
            Err(_) => self.number_of(&FaultField::Extra(name.to_owned()), value),
        }
    }

    fn relations(&mut self, record: &Record, rules: &Rules) {
        if let (Some(users), Some(visits)) = (record.unique_users, record.visits)
            && users.get() > visits.get()
        {
            self.warnings.push(Warning::UsersExceedVisits { users: users.get(), visits: visits.get() });
        }
        let definition = record.source.as_deref().and_then(|source| rules.bounce_definitions.get(source));
        if let (Some(pages), Some(bounce), Some(BounceDefinition::OnePage)) = (record.pages_per_visit, record.bounce_rate, definition) {
            // A bounced visit has one page and any other at least two.
            let least = 2.0 - bounce.get() / 100.0;
            if pages.get() < least {
                self.warnings.push(Warning::PagesBelowBounce { pages_per_visit: pages.get(), least });
            }
        }
    }
}

fn category_of_code(code: f64) -> Option<Category> {
    (code.fract() == 0.0 && (0.0..1e6).contains(&code)).then(|| Category::from_code(code as u32)).flatten()
}

/// Why a value is no number.
enum NoNumber {
    /// It says that nothing is known.
    Marker(String),
    /// What was found instead.
    Other(String),
}

fn read_number(value: &RawValue<'_>) -> Result<Option<f64>, NoNumber> {
    match value {
        RawValue::Unknown => Ok(None),
        RawValue::Number(number) if number.is_finite() => Ok(Some(*number)),
        RawValue::Text(text) => match trimmed(text).parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Some(number)),
            _ if is_missing_marker(text) => Err(NoNumber::Marker(text.trim().to_owned())),
            _ => Err(NoNumber::Other(shown(value))),
        },
        other => Err(NoNumber::Other(shown(other))),
    }
}

fn shown(value: &RawValue<'_>) -> String {
    match value {
        RawValue::Unknown => "nothing".to_owned(),
        RawValue::Number(number) => Shortest(*number).to_string(),
        RawValue::Text(text) => shortened(text),
        RawValue::Other { kind } => kind.clone().into_owned(),
    }
}

/// A text cut where it grows too long, without back quotes at its ends: the message that holds it puts them.
fn bare(text: &str) -> String {
    shortened(text).trim_matches('`').to_owned()
}

/// A text in back quotes, cut where it grows too long for a message, and safe to be printed.
fn shortened(text: &str) -> String {
    const MOST: usize = 60;
    let (text, dots) = match text.char_indices().nth(MOST) {
        Some((end, _)) => (&text[..end], "..."),
        None => (text, ""),
    };
    format!("`{}{dots}`", escaped(text))
}
