//! What filled visits are moved by, so that half of the estimates made of them lie above the truth and half below.
//!
//! Huber's loss, which keeps the tails of filled visits honest, leads between median and mean, and masked copies of few inputs share their
//! trees with those of many. Where little is known, the logarithm's error is as wide as visits themselves, and that distance shows: on
//! sites held out whole an estimate from the category alone lies a tenth too low in the median. One number a pattern takes it away.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::checks::{MOST_LOG, Soundness, ensure_within};
use crate::input_id::InputId;
use crate::pattern::Pattern;

/// Held-out rows a pattern must have to be moved.
const MIN_ROWS: usize = 200;

/// A difference of logarithms for each pattern without visits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VisitsOffsets(BTreeMap<Pattern, f64>);

impl VisitsOffsets {
    /// Offsets by pattern.
    #[must_use]
    pub fn new(offsets: BTreeMap<Pattern, f64>) -> Self {
        Self(offsets)
    }

    /// The weighted median of the logarithms of truth over estimate, for each pattern without visits; a pair is a residual and its weight.
    pub fn fit(residuals: BTreeMap<Pattern, Vec<(f64, f64)>>) -> Self {
        let moved = residuals.into_iter().filter(|(pattern, rows)| !pattern.knows(InputId::VISITS) && rows.len() >= MIN_ROWS);
        Self(moved.map(|(pattern, rows)| (pattern, median(rows))).collect())
    }

    /// Checks that each is a difference of logarithms.
    pub(crate) fn check(&self) -> Soundness {
        ensure_within("the offsets of imputed visits", MOST_LOG, self.0.values().copied())
    }

    /// What is added to the logarithm of filled visits.
    pub fn of(&self, pattern: Pattern) -> f64 {
        self.0.get(&pattern).copied().unwrap_or(0.0)
    }
}

fn median(mut rows: Vec<(f64, f64)>) -> f64 {
    rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let half = rows.iter().map(|(_, weight)| weight).sum::<f64>() / 2.0;
    let mut below = 0.0;
    let middle = rows.iter().find(|(_, weight)| {
        below += weight;
        below >= half
    });
    middle.map_or(0.0, |(value, _)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uu_core::Field;

    #[test]
    fn patterns_without_visits_are_moved_by_their_weighted_median() {
        let rows = |count: usize| (0..count).map(|row| (row as f64, if row < count / 2 { 1.0 } else { 3.0 })).collect();
        let (rank, visits) = (Pattern::of(&[Field::Rank]), Pattern::of(&[Field::Visits]));
        let offsets = VisitsOffsets::fit(BTreeMap::from([(rank, rows(400)), (visits, rows(400)), (Pattern::NOTHING, rows(100))]));
        assert!((offsets.of(rank) - 266.0).abs() < 1.5, "{}", offsets.of(rank));
        assert_eq!((offsets.of(visits), offsets.of(Pattern::NOTHING)), (0.0, 0.0), "known visits stay, and few rows say little");
    }
}
