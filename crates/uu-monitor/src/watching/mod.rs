//! Watching a champion after its promotion: is it, on observations that arrive, worse than the one before?
//!
//! Each observation is estimated by both, and the difference of the two errors, on the logarithmic scale, is what counts: what both
//! get wrong says nothing. A difference is at most the logarithm of the factor between the two estimates, and is cut at a factor of e.
//!
//! **The rule.** The mean difference has a confidence sequence of 95 %: bounds that hold at every look at once, so that looking often,
//! and stopping when it suits, makes no error likelier. The champion is rolled back as soon as the lower bound exceeds 1 %: it is worse, by
//! more than the gate lets through. It is confirmed as soon as the upper bound is below 3 %, and then watched no longer. A model that is as good as the one
//! before has mean difference 0, and is rolled back in at most one of forty runs, however long it is watched; one whose estimates are
//! off by a factor of two is caught within a hundred observations.
//!
//! A site counts once, by its first observation: its months err together, and the bounds need differences of which none foretells the
//! next. Rows without a site count each.
//!
//! Whose observations these are is asked before a rollback ([`Evidence`]): one sender alone may make them up.
//!
//! Rejected: a test at fixed counts (Bonferroni over looks) needs a plan of looks, and observations arrive as they please; a test of
//! the champion's errors alone cannot tell a bad model from bad labels, which harm both.

mod confidence_sequence;
mod evidence;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use uu_core::stats::site_hash;

use confidence_sequence::ConfidenceSequence;
pub use evidence::{Evidence, EvidenceReport, OneSender};

/// Differences beyond a factor of e count as one of e: a sequence's bounds need a bound.
const MOST_DIFFERENCE: f64 = 1.0;

/// The champion is rolled back where it is worse by more than this: what the gate lets through must not be rolled back for it.
const TOLERANCE: f64 = 0.01;

/// The champion is confirmed where it is not worse by as much as this. Closer to the tolerance, twice as many observations would be
/// needed for each halving of what is left.
const CONFIRMED_BELOW: f64 = 0.03;

/// An observation with what both models made of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation<'a> {
    /// The site, where it is known.
    pub site: Option<&'a str>,
    /// The unique users that were observed.
    pub actual: f64,
    /// The new champion's estimate.
    pub champion: f64,
    /// The estimate of the one before.
    pub previous: f64,
}

/// The errors of a champion beside those of the one before, as observations arrive.
///
/// The same observations in the same order give the same report; it can be made anew from those that were kept.
#[derive(Clone, Debug, Default)]
pub struct LiveError {
    sequence: ConfidenceSequence,
    sites: BTreeSet<u64>,
    repeated: usize,
    void: usize,
    verdict: LiveVerdict,
}

/// What is to be done with a new champion.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum LiveVerdict {
    /// Nothing can be told yet.
    #[default]
    KeepWatching,
    /// It is not worse than the one before.
    Confirmed,
    /// It is worse: the one before should answer again.
    RollBack {
        /// Why.
        reason: RollBackReason,
    },
}

/// The figures a rollback rests on, as they were when it was decided.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RollBackReason {
    /// Observations that had counted.
    pub observations: usize,
    /// Mean difference of the errors of the logarithm.
    pub mean_difference: f64,
    /// Its bounds.
    pub bounds: (f64, f64),
}

/// How a champion stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiveReport {
    /// What is to be done.
    #[serde(flatten)]
    pub verdict: LiveVerdict,
    /// Observations that counted.
    pub observations: usize,
    /// Observations of sites that had counted before.
    pub repeated: usize,
    /// Observations that say nothing: no users, or an estimate of none.
    pub void: usize,
    /// How much larger the champion's error is, on the logarithmic scale; `None` before the first observation.
    pub mean_difference: Option<f64>,
    /// Bounds of the mean difference that hold at every look at once.
    pub bounds: (f64, f64),
}

impl LiveError {
    /// Counts an observation. Once the champion is confirmed or to be rolled back, that stands, and nothing more is counted.
    pub fn observe(&mut self, observation: Observation<'_>) {
        if self.verdict != LiveVerdict::KeepWatching {
            return;
        }
        match difference(observation) {
            Some(difference) => self.count(observation.site.map(|site| site_hash(site, 0)), difference),
            None => self.void += 1,
        }
    }

    /// Counts a difference of errors, and says no more once a verdict stands.
    fn count(&mut self, site: Option<u64>, difference: f64) {
        if self.verdict != LiveVerdict::KeepWatching {
            return;
        }
        if site.is_some_and(|site| !self.sites.insert(site)) {
            self.repeated += 1;
            return;
        }
        self.sequence.add(f64::midpoint(difference / MOST_DIFFERENCE, 1.0));
        self.verdict = self.judge();
    }

    /// How the champion stands.
    #[must_use]
    pub fn report(&self) -> LiveReport {
        let observations = self.sequence.count();
        LiveReport {
            verdict: self.verdict.clone(),
            observations,
            repeated: self.repeated,
            void: self.void,
            mean_difference: (observations > 0).then(|| on_the_scale_of_differences(self.sequence.mean())),
            bounds: self.bounds(),
        }
    }

    fn bounds(&self) -> (f64, f64) {
        let (low, high) = self.sequence.bounds();
        (on_the_scale_of_differences(low), on_the_scale_of_differences(high))
    }

    fn judge(&self) -> LiveVerdict {
        let bounds = self.bounds();
        if bounds.0 > TOLERANCE {
            let mean_difference = on_the_scale_of_differences(self.sequence.mean());
            LiveVerdict::RollBack { reason: RollBackReason { observations: self.sequence.count(), mean_difference, bounds } }
        } else if bounds.1 < CONFIRMED_BELOW {
            LiveVerdict::Confirmed
        } else {
            LiveVerdict::KeepWatching
        }
    }
}

/// How much larger the champion's error is, on the logarithmic scale and cut; `None` where the observation says nothing.
fn difference(Observation { actual, champion, previous, .. }: Observation<'_>) -> Option<f64> {
    if [actual, champion, previous].iter().any(|users| !users.is_finite() || *users < 1.0) {
        return None;
    }
    let error = |estimate: f64| (actual.ln() - estimate.ln()).abs();
    Some((error(champion) - error(previous)).clamp(-MOST_DIFFERENCE, MOST_DIFFERENCE))
}

impl fmt::Display for RollBackReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times = |difference: f64| difference.exp();
        write!(
            formatter,
            "over {} sites its error is {:.2} times that of the version before (at least {:.2} times)",
            self.observations,
            times(self.mean_difference),
            times(self.bounds.0)
        )
    }
}

/// From `[0, 1]`, where the sequence lives.
fn on_the_scale_of_differences(value: f64) -> f64 {
    (2.0 * value - 1.0) * MOST_DIFFERENCE
}
