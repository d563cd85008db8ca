//! Months of one site, answered together: those whose users are known tell of the others.

use std::collections::BTreeMap;

use uu_core::{FaultField, Field, Record, UniqueUsers};

use crate::estimate::{Estimate, EstimateOptions, Explanation, Factor};
use crate::input::{Pattern, VISITS};
use crate::model::{Model, whole_visits};
use crate::site_level::{Shift, Shifted};

impl Model {
    /// Answers months of one site, in order: the known unique users of some move the estimates of the others of their source.
    ///
    /// Where no month's users are known, or the training data had too few sites with two known months, it is [`Model::estimate`].
    #[must_use]
    pub fn estimate_months(&self, records: &[Record], options: EstimateOptions) -> Vec<Estimate> {
        let mut estimates = self.estimate(records, options);
        let known: Vec<&Record> = records.iter().filter(|record| record.unique_users.is_some_and(|users| users.get() >= 1.0)).collect();
        if known.is_empty() {
            return estimates;
        }
        let mut errors_by_pattern: BTreeMap<Pattern, Vec<(f64, &str)>> = BTreeMap::new();
        for (record, estimate) in records.iter().zip(&mut estimates).filter(|(record, _)| record.unique_users.is_none()) {
            let pattern = self.pattern_of(record);
            let Some(level) = self.site_levels().of(pattern.knows_numeric(VISITS)) else { continue };
            let errors = errors_by_pattern.entry(pattern).or_insert_with(|| self.errors(&known, pattern));
            let source = self.source_for(record);
            let of_source: Vec<f64> = errors.iter().filter(|(_, of)| *of == source).map(|(error, _)| *error).collect();
            if !of_source.is_empty() {
                let known_visits = record.visits.filter(|_| pattern.knows_numeric(VISITS)).map(whole_visits);
                shift(estimate, known_visits, level.shift(&of_source), level.bounds(options.level));
            }
        }
        estimates
    }

    /// Errors of the known months over their expected spread, each with its source, had they been asked with the inputs of `pattern`.
    fn errors<'m>(&'m self, known: &[&Record], pattern: Pattern) -> Vec<(f64, &'m str)> {
        let asked: Vec<Record> = known.iter().map(|record| Record { unique_users: None, ..(*record).clone() }).collect();
        let estimates = self.estimate_showing(&asked, pattern, EstimateOptions::default());
        let error = |(record, estimate): (&&Record, Estimate)| {
            let users = record.unique_users.map_or(f64::NAN, UniqueUsers::get);
            let error = (users.ln() - estimate.point.ln()) / estimate.log_spread.exp();
            error.is_finite().then(|| (error, self.source_for(record)))
        };
        known.iter().zip(estimates).filter_map(error).collect()
    }
}

/// Moves an estimate by the site's level; visits that were filled go along, so that they stay no fewer than the users.
fn shift(estimate: &mut Estimate, known_visits: Option<f64>, shift: Shift, bounds: (f64, f64)) {
    let Shifted { factor, point, interval: (low, high) } = shift.apply(estimate.point, estimate.log_spread, known_visits, bounds);
    let unbounded = estimate.point * factor;
    if known_visits.is_none() {
        for filled in estimate.filled.iter_mut().filter(|filled| filled.field == FaultField::Field(Field::Visits)) {
            filled.value = (filled.value * factor).round().max(point.ceil());
        }
    }
    if let Some(explanation) = &mut estimate.explanation {
        explain(explanation, factor, if unbounded > 0.0 { point / unbounded } else { 1.0 });
    }
    (estimate.point, estimate.low, estimate.high) = (point, low, high);
}

fn explain(explanation: &mut Explanation, of_level: f64, of_bounds: f64) {
    for (factor, value) in &mut explanation.factors {
        match factor {
            Factor::SiteLevel => *value *= of_level,
            Factor::Bounds => *value *= of_bounds,
            _ => {}
        }
    }
}
