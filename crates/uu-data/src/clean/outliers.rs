//! Values far from all others of their source, by median and median absolute deviation on the log scale.

use std::collections::BTreeMap;

use uu_core::stats::median;
use uu_core::{Field, Record, UniqueUsers, Visits};

use super::CleanOptions;
use super::rules::{CleanRule, Tally};

/// Fewer known values than this say nothing about what is far.
const LEAST_VALUES: usize = 50;

/// Standard deviations of a normal distribution in one median absolute deviation.
const DEVIATIONS_PER_MAD: f64 = 1.482_602_218_505_602;

/// The centre and the scale of what is usual.
#[derive(Clone, Copy)]
struct Usual {
    centre: f64,
    deviation: f64,
}

impl Usual {
    /// `None` where there are too few values, or over half of them are the same.
    fn of(values: &mut [f64]) -> Option<Self> {
        if values.len() < LEAST_VALUES {
            return None;
        }
        let centre = median(values);
        let mut distances: Vec<f64> = values.iter().map(|value| (value - centre).abs()).collect();
        let deviation = median(&mut distances) * DEVIATIONS_PER_MAD;
        (deviation > 0.0).then_some(Self { centre, deviation })
    }

    fn is_far(self, value: f64, deviations: f64, least_factor: f64) -> bool {
        (value - self.centre).abs() > (deviations * self.deviation).max(least_factor.ln())
    }
}

/// Least factor from the median that is far, however alike the others are: where most pages have 1.2 visits a user, 3 are real.
const LEAST_INPUT_FACTOR: f64 = 10.0;

/// The same for visits per unique user, which vary less.
const LEAST_LABEL_FACTOR: f64 = 8.0;

type Value = dyn Fn(&Record) -> Option<f64>;
type Forget = dyn Fn(&mut Record);

/// An input that is judged: its name, its value on the scale it is judged on, and how it is made unknown.
struct Judged {
    name: String,
    value: Box<Value>,
    forget: Box<Forget>,
}

fn field(field: Field) -> Judged {
    Judged {
        name: field.column().to_owned(),
        value: Box::new(move |record| record.number(field).map(|value| field.scale().apply(value))),
        forget: Box::new(move |record| record.set_number(field, None).unwrap_or(())),
    }
}

/// The inputs that can be far. Bounce rates are bounded by what they are. Visits and ranks have tails so heavy that the far ones are
/// the giants, and real: on pages of Google Analytics this rule took nothing but the busiest ones.
fn judged(extras: &[String]) -> Vec<Judged> {
    let mut all = vec![field(Field::PagesPerVisit), field(Field::AvgVisitDuration)];
    for (index, name) in extras.iter().enumerate() {
        all.push(Judged {
            name: name.clone(),
            // An extra input can be negative; asinh is the logarithm that goes through zero.
            value: Box::new(move |record| record.extras.get(index).copied().flatten().map(f64::asinh)),
            forget: Box::new(move |record| {
                if let Some(value) = record.extras.get_mut(index) {
                    *value = None;
                }
            }),
        });
    }
    all
}

/// Log of visits per unique user, where both are known and at least 1.
fn label(record: &Record) -> Option<f64> {
    let (visits, users) = (record.visits.map(Visits::get)?, record.unique_users.map(UniqueUsers::get)?);
    (visits >= 1.0 && users > 0.0).then(|| (visits / users).ln())
}

/// What is usual for each source.
fn usual(rows: &[Record], value: impl Fn(&Record) -> Option<f64>) -> BTreeMap<Option<Box<str>>, Usual> {
    let mut values: BTreeMap<Option<Box<str>>, Vec<f64>> = BTreeMap::new();
    for record in rows {
        if let Some(value) = value(record) {
            values.entry(record.source.clone()).or_default().push(value);
        }
    }
    values.into_iter().filter_map(|(source, mut values)| Some((source, Usual::of(&mut values)?))).collect()
}

/// Drops rows whose label is far, then makes far inputs unknown. Labels go first, for a row whose label is void teaches nothing.
pub(super) fn remove(mut rows: Vec<Record>, options: &CleanOptions, tally: &mut Tally) -> Vec<Record> {
    let labels = usual(&rows, label);
    rows.retain(|record| {
        let far = label(record)
            .zip(labels.get(&record.source))
            .filter(|(value, usual)| usual.is_far(*value, options.label_deviations, LEAST_LABEL_FACTOR));
        if let Some((value, usual)) = far {
            tally.row(CleanRule::LabelOutlier, record, || {
                format!("{:.3} visits per unique user, where {:.3} are usual", value.exp(), usual.centre.exp())
            });
        }
        far.is_none()
    });
    for input in judged(&options.extras) {
        let usual = usual(&rows, &input.value);
        for record in &mut rows {
            let Some((value, usual)) = (input.value)(record).zip(usual.get(&record.source)) else { continue };
            if usual.is_far(value, options.input_deviations, LEAST_INPUT_FACTOR) {
                tally.value(CleanRule::InputOutlier, &input.name, record, || found(&input.name, record));
                (input.forget)(record);
            }
        }
    }
    rows
}

fn found(name: &str, record: &Record) -> String {
    let value = Field::named(name).and_then(|field| record.number(field));
    value.map_or_else(|| name.to_owned(), |value| format!("{name} {value}"))
}
