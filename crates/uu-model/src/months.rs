//! Months of one site, answered together: those whose users are known tell of the others.

use std::collections::{BTreeMap, BTreeSet};

use uu_core::{FaultField, Field, Month, Record, UniqueUsers, UnusedMonths, Warning};

use crate::bounds::whole_visits;
use crate::estimate::{Estimate, EstimateOptions, Explanation, Factor};
use crate::explain::bounds_factor;
use crate::input_id::InputId;
use crate::model::Model;
use crate::pattern::Pattern;
use crate::site_level::{Errors, Shift, Shifted};

/// The labelled rows of a site.
struct KnownMonths<'a> {
    /// Their months; a month may have several rows.
    months: BTreeSet<Month>,
    /// The records without their labels.
    records: Vec<Record>,
    /// Of each its users.
    users: Vec<f64>,
    /// Of each the source whose definition an estimate of it follows.
    sources: Vec<&'a str>,
}

impl Model {
    /// Answers months of one site, in order: the known unique users of some move the estimates of the others of their source.
    ///
    /// Where no month's users are known, or the training data had too few sites with two known months, it is [`Model::estimate`].
    #[must_use]
    pub fn estimate_months(&self, records: &[Record], options: EstimateOptions) -> Vec<Estimate> {
        let mut estimates = self.estimate(records, options);
        let labels: Vec<Option<UniqueUsers>> = records.iter().map(|record| record.unique_users).collect();
        if records.len() > 1 && labels.iter().any(Option::is_some) {
            self.move_months(records, &labels, |month| labels[month].is_none(), &mut estimates, options);
        }
        estimates
    }

    /// Moves the estimates of a site's rows by its months with known users. The labels of a row's own month never do, in whichever row
    /// they stand: the month may have several.
    ///
    /// **Shapes**: a label and an estimate for each record; those that `is_asked` names are moved.
    pub fn move_months(
        &self,
        records: &[Record],
        labels: &[Option<UniqueUsers>],
        is_asked: impl Fn(usize) -> bool,
        estimates: &mut [Estimate],
        options: EstimateOptions,
    ) {
        let known = self.known_months(records, labels);
        if known.months.is_empty() {
            return;
        }
        let mut errors_by_pattern: BTreeMap<Pattern, BTreeMap<&str, Errors>> = BTreeMap::new();
        for (row, record) in records.iter().enumerate().filter(|(row, _)| is_asked(*row)) {
            let others = known.months.len() - usize::from(known.months.contains(&record.month));
            if others == 0 {
                continue;
            }
            let pattern = self.pattern_of(record);
            let source = self.source_for(record);
            let moved = self.site_levels().of(pattern.knows(InputId::VISITS)).and_then(|level| {
                let errors = errors_by_pattern.entry(pattern).or_insert_with(|| self.errors(&known, pattern)).get(source)?;
                let of_others = errors.without(record.month);
                (of_others.count > 0.0).then(|| (level.shift_by(of_others), level.bounds(options.level)))
            });
            match moved {
                Some((by, bounds)) => {
                    let known_visits = record.visits.filter(|_| pattern.knows(InputId::VISITS)).map(whole_visits);
                    shift(&mut estimates[row], known_visits, by, bounds);
                }
                None => {
                    let reason = self.why_not_used(&known, record.month, pattern, source);
                    estimates[row].warnings.push(Warning::KnownMonthsNotUsed { months: others, reason });
                }
            }
        }
    }

    fn known_months<'m>(&'m self, records: &[Record], labels: &[Option<UniqueUsers>]) -> KnownMonths<'m> {
        let mut known = KnownMonths { months: BTreeSet::new(), records: Vec::new(), users: Vec::new(), sources: Vec::new() };
        for (record, label) in records.iter().zip(labels) {
            let Some(users) = label else { continue };
            known.months.insert(record.month);
            known.records.push(Record { unique_users: None, ..record.clone() });
            known.users.push(users.get());
            known.sources.push(self.source_for(record));
        }
        known
    }

    /// Errors of the known months over their expected spread, by source, had they been asked with the inputs of `pattern`.
    fn errors<'m>(&self, known: &KnownMonths<'m>, pattern: Pattern) -> BTreeMap<&'m str, Errors> {
        let estimates = self.estimate_showing(&known.records, pattern, EstimateOptions::default());
        let mut by_source: BTreeMap<&str, Vec<(Month, f64)>> = BTreeMap::new();
        for (index, estimate) in estimates.iter().enumerate().filter(|(index, _)| known.users[*index] >= 1.0) {
            let error = (known.users[index].ln() - estimate.point.ln()) / estimate.log_spread.exp();
            if error.is_finite() {
                by_source.entry(known.sources[index]).or_default().push((known.records[index].month, error));
            }
        }
        by_source.into_iter().map(|(source, errors)| (source, Errors::of(errors))).collect()
    }

    fn why_not_used(&self, known: &KnownMonths<'_>, month: Month, pattern: Pattern, source: &str) -> UnusedMonths {
        let others = || (0..known.records.len()).filter(|&index| known.records[index].month != month);
        if others().all(|index| known.users[index] < 1.0) {
            UnusedMonths::BelowOne
        } else if others().all(|index| known.sources[index] != source) {
            UnusedMonths::OtherSource { used: source.to_owned() }
        } else if self.site_levels().of(pattern.knows(InputId::VISITS)).is_none() {
            UnusedMonths::NoSiteLevel
        } else if others().all(|index| known.sources[index] != source || known.users[index] < 1.0) {
            UnusedMonths::BelowOne
        } else {
            UnusedMonths::NoVisits
        }
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
        explain(explanation, factor, bounds_factor(point, unbounded));
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
