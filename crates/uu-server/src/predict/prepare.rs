//! Checks every month of a request, and collects every fault at once.

use uu_core::{BounceRateUnits, Checked, Fault, FaultField, FaultRule, Field, OutputColumn, Record, Rules, Warning, check, check_until};
use uu_data::newest_month;

use super::faults::{duplicate_key, no_month, not_an_object, other_date, too_many_fields, too_many_months};
use super::request::{Entry, Given, GivenMonth, GivenValue, Meaning, text_of};
use super::shape;
use crate::Limits;
use crate::problem::{Faults, shortened};

/// A request that can be answered.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The months' records, in the order of the request.
    pub(crate) records: Vec<Record>,
    /// What was noticed about each.
    pub(crate) warnings: Vec<Vec<Warning>>,
}

impl Prepared {
    /// A request of one month that was checked already.
    pub(crate) fn of_one(Checked { record, warnings }: Checked) -> Self {
        let mut prepared = Self { records: vec![record], warnings: vec![warnings] };
        warn_of_fractions(&mut prepared);
        prepared
    }

    /// Names whose near ones are to be found, each as often as it takes as long as a key.
    pub(crate) fn unknown_names(&self) -> usize {
        /// There are ten times as many categories as fields, each with two names.
        const OF_A_CATEGORY: usize = 16;
        let count = |warning: &Warning| match warning {
            Warning::UnknownCategory { .. } => OF_A_CATEGORY,
            Warning::UnknownField { .. } => 1,
            _ => 0,
        };
        self.warnings.iter().flatten().map(count).sum()
    }
}

/// Checks the months of a request.
///
/// **Errors**: every fault of every month.
pub(super) fn prepare(given: &Given<'_>, rules: &Rules, limits: &Limits) -> Result<Prepared, Faults> {
    let mut faults = Faults::default();
    if given.months == 0 {
        faults.push(no_month);
    }
    if given.months > limits.months {
        faults.push(|| too_many_months(given.months, limits.months));
        return Err(faults);
    }
    let shared = shared(given, &mut faults);
    let newest = Some(newest_month());
    let mut prepared = Prepared { records: Vec::with_capacity(given.months), warnings: Vec::with_capacity(given.months) };
    for month in months(given) {
        check_shape(month, limits, &mut faults);
        match check_until(&month.record(&shared), rules, newest) {
            Ok(Checked { record, mut warnings }) => {
                warn_of_keys(month, &mut warnings);
                prepared.records.push(record);
                prepared.warnings.push(warnings);
            }
            Err(found) => {
                for fault in found {
                    push(&mut faults, &fault, month);
                }
            }
        }
    }
    check_months(given, &mut faults);
    check_sites(given, &shared, &mut faults);
    if faults.is_empty() {
        warn_of_fractions(&mut prepared);
        return Ok(prepared);
    }
    // Where no key is a date, each of them is at fault for one reason.
    Err(shape::of_another_kind(given).unwrap_or(faults))
}

pub(super) fn months<'g, 'a>(given: &'g Given<'a>) -> impl Iterator<Item = &'g GivenMonth<'a>> {
    given.entries.iter().filter_map(|entry| match entry {
        Entry::Month(month) => Some(month),
        Entry::Shared(_) => None,
    })
}

/// The values that hold for every month, each field once.
fn shared<'g, 'a>(given: &'g Given<'a>, faults: &mut Faults) -> Vec<&'g GivenValue<'a>> {
    let mut shared: Vec<&GivenValue<'_>> = Vec::new();
    for entry in &given.entries {
        let Entry::Shared(value) = entry else { continue };
        if shared.iter().any(|other| other.meaning == value.meaning) {
            faults.push(|| duplicate_key(None, &text_of(value.key)));
        }
        shared.push(value);
    }
    shared
}

fn check_shape(month: &GivenMonth<'_>, limits: &Limits, faults: &mut Faults) {
    if let Some(kind) = month.instead {
        faults.push(|| not_an_object(&month.date(), kind));
    }
    if month.count > limits.fields_per_month {
        faults.push(|| too_many_fields(&month.date(), month.count, limits.fields_per_month));
    }
    for (index, value) in month.values.iter().enumerate() {
        let again = month.values[..index].iter().any(|before| match value.meaning {
            Meaning::Field(_) | Meaning::Extra(_) => before.meaning == value.meaning,
            Meaning::Output(_) | Meaning::Unknown => before.key == value.key,
        });
        if value.is_date() && !month.is_of(value) {
            faults.push(|| other_date(&month.date(), value));
        }
        if again {
            faults.push(|| duplicate_key(Some(&month.date()), &text_of(value.key)));
        }
    }
}

fn warn_of_keys(month: &GivenMonth<'_>, warnings: &mut Vec<Warning>) {
    for value in &month.values {
        match value.meaning {
            Meaning::Field(field) if value.was_estimated => warnings.push(Warning::OwnEstimate { field: FaultField::Field(field) }),
            Meaning::Extra(_) if value.was_estimated => {
                warnings.push(Warning::OwnEstimate { field: FaultField::Extra(text_of(value.key).into_owned()) });
            }
            Meaning::Field(_) | Meaning::Extra(_) => {}
            Meaning::Output(_) if month.own.is_some() => {}
            Meaning::Output(OutputColumn::Known) => {}
            Meaning::Unknown if value.is_date() => {}
            Meaning::Output(_) | Meaning::Unknown => warnings.push(Warning::UnknownField { found: text_of(value.key).into_owned() }),
        }
    }
    if month.own.is_some_and(|own| own.filled.is_none()) {
        warnings.push(Warning::FilledInputsUnmarked);
    }
}

/// Bounce rates that look like fractions are warned of.
fn warn_of_fractions(prepared: &mut Prepared) {
    let mut units = BounceRateUnits::default();
    prepared.records.iter().filter_map(|record| record.bounce_rate).for_each(|rate| units.add(rate));
    let Some(doubt) = units.doubt() else { return };
    for (record, warnings) in prepared.records.iter().zip(&mut prepared.warnings) {
        if let Some(rate) = record.bounce_rate.filter(|rate| doubt.is_about(*rate)) {
            warnings.push(Warning::BounceRateFraction { found: rate.get() });
        }
    }
}

fn check_months(given: &Given<'_>, faults: &mut Faults) {
    if given.months < 2 {
        return;
    }
    let mut dates: Vec<_> = months(given).filter_map(|month| Some((month.date().parse::<uu_core::Month>().ok()?, month))).collect();
    dates.sort_by_key(|(date, _)| *date);
    for pair in dates.windows(2) {
        if pair[0].0 == pair[1].0 {
            let fault = Fault {
                rule: FaultRule::DuplicateMonth,
                field: FaultField::Field(Field::Date),
                found: format!("`{}` and `{}`", shortened(&pair[0].1.date()), shortened(&pair[1].1.date())),
                expected: "a month that is given once".into(),
            };
            push(faults, &fault, pair[1].1);
        }
    }
}

/// One request is one site, also where other values of a month are at fault.
fn check_sites(given: &Given<'_>, shared: &[&GivenValue<'_>], faults: &mut Faults) {
    let names_site = |value: &GivenValue<'_>| value.meaning == Meaning::Field(Field::Site);
    let mut first: Option<Box<str>> = None;
    let mut compare = |raw: uu_core::RawRecord<'_>, month: Option<&GivenMonth<'_>>, faults: &mut Faults| {
        let mut alone = uu_core::RawRecord::new();
        alone.set(Field::Date, uu_core::RawValue::Text("2000-01".into()));
        alone.set(Field::Site, raw.get(Field::Site).clone());
        let Some(site) = check(&alone, &Rules::default()).ok().and_then(|checked| identity(checked, &raw)) else { return };
        match (&first, month) {
            (None, _) => first = Some(site),
            (Some(first), Some(month)) if *first != site => {
                let expected = format!("the request's one site, `{}`", shortened(first)).into();
                let found = format!("`{}`", shortened(&site));
                push(faults, &Fault { rule: FaultRule::SeveralSites, field: FaultField::Field(Field::Site), found, expected }, month);
            }
            _ => {}
        }
    };
    if let Some(value) = shared.iter().find(|value| names_site(value)) {
        let mut raw = uu_core::RawRecord::new();
        raw.set(Field::Site, value.raw());
        compare(raw, None, faults);
    }
    for month in months(given).filter(|month| month.values.iter().any(names_site)) {
        compare(month.record(&[]), Some(month), faults);
    }
}

/// The identity of a site: its host, or the name that is no host, since two such names are not one site either.
fn identity(checked: Checked, raw: &uu_core::RawRecord<'_>) -> Option<Box<str>> {
    let is_name = |warning: &Warning| matches!(warning, Warning::NotAHost { .. } | Warning::TotalRow { .. });
    checked.record.site.or_else(|| match raw.get(Field::Site) {
        uu_core::RawValue::Text(name) if checked.warnings.iter().any(is_name) => Some(name.trim().to_lowercase().into()),
        _ => None,
    })
}

fn push(faults: &mut Faults, fault: &Fault, month: &GivenMonth<'_>) {
    let key = match fault.field {
        FaultField::Field(field) => month.key_of(Meaning::Field(field)),
        FaultField::Extra(_) | FaultField::Record => None,
    };
    faults.push_fault(fault, &month.date(), key.as_deref());
}
