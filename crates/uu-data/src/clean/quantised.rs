//! Labels that sampling has rounded: small numbers that are multiples of one step.
//!
//! An analytics program that counts one visit in a thousand reports 1,137, 2,273, 3,410: the step is the sampling factor, and a label
//! of a few steps carries an error of tens of percent.

use std::collections::BTreeMap;

use uu_core::{Month, Record, UniqueUsers};

use super::rules::{CleanRule, Tally};

/// A label of fewer steps than this is uncertain by a sixth or more: the square root of the steps over the steps.
const FEW_STEPS: f64 = 40.0;

/// Labels up to so many steps show whether there is a step; above, the neighbours come too close to tell.
const TELLING_STEPS: f64 = 10.0;

/// How near a multiple a label must lie, as a share of the step.
const NEAR: f64 = 0.02;

/// Fewer labels than this show nothing.
const LEAST_LABELS: usize = 30;

/// Share of telling labels near a multiple; by chance it is 4 %.
const LEAST_SHARE: f64 = 0.8;

/// Counts the labels that are a few steps, in each month of a source that has a step.
pub(super) fn count(rows: &[Record], tally: &mut Tally) {
    let mut groups: BTreeMap<(Option<&str>, Month), Vec<&Record>> = BTreeMap::new();
    for record in rows.iter().filter(|record| users(record) > 1.0) {
        groups.entry((record.source.as_deref(), record.month)).or_default().push(record);
    }
    for group in groups.into_values() {
        let Some(step) = step(&group) else { continue };
        for record in group {
            if users(record) < FEW_STEPS * step {
                tally.row(CleanRule::QuantisedLabel, record, || format!("unique users {} in steps of {step:.0}", users(record)));
            }
        }
    }
}

fn users(record: &Record) -> f64 {
    record.unique_users.map_or(0.0, UniqueUsers::get)
}

/// The step of a group: its least label, if the other small ones are multiples of it. A step of 1 is counting.
fn step(group: &[&Record]) -> Option<f64> {
    let least = group.iter().map(|record| users(record)).min_by(f64::total_cmp)?;
    if least < 50.0 {
        return None;
    }
    let steps = group.iter().map(|record| users(record) / least).filter(|steps| *steps < TELLING_STEPS);
    let (mut telling, mut near) = (0, 0);
    for steps in steps {
        telling += 1;
        near += usize::from((steps - steps.round()).abs() < NEAR);
    }
    (telling >= LEAST_LABELS && near as f64 >= LEAST_SHARE * telling as f64).then_some(least)
}
