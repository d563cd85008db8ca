//! What the gate found.

use serde::{Deserialize, Serialize};

use super::laws::BrokenLaw;
use super::metric::{MetricComparison, MetricVerdict};
use super::reasons::Reason;

/// Everything a decision rests on; its words are made when it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GateReport {
    /// Whether there was no champion to compare with.
    pub first_model: bool,
    /// Sealed sites that both models were asked.
    pub sites: usize,
    /// Their labelled rows.
    pub rows: usize,
    /// Sealed sites without which nothing is compared.
    pub sites_needed: usize,
    /// Labelled rows without a site, or of a site that one of the models was trained on.
    pub rows_left_out: usize,
    /// The figures; empty where there are too few sites.
    pub metrics: Vec<MetricComparison>,
    /// Laws that the challenger broke on golden requests.
    pub broken_laws: Vec<BrokenLaw>,
}

/// What the gate decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateVerdict {
    /// The challenger may answer.
    Passes,
    /// It is worse, or breaks a law.
    Refused,
    /// The sealed rows cannot tell.
    Undecided,
    /// There are fewer sealed sites than it takes to compare anything.
    TooFew,
}

impl GateReport {
    /// The decision: laws first, then what is worse, then what cannot be told.
    #[must_use]
    pub fn verdict(&self) -> GateVerdict {
        let any = |verdict| self.metrics.iter().any(|metric| metric.verdict == verdict);
        let untold = |metric: &MetricComparison| metric.verdict == MetricVerdict::Undecided && metric.metric.must_be_told();
        if !self.broken_laws.is_empty() || any(MetricVerdict::Refused) {
            GateVerdict::Refused
        } else if self.sites < self.sites_needed {
            GateVerdict::TooFew
        } else if self.metrics.iter().any(untold) {
            GateVerdict::Undecided
        } else {
            GateVerdict::Passes
        }
    }

    /// Whether the challenger may be promoted without a person: it passes, or it is the first model, keeps the laws, and there are
    /// too few sealed sites to say more. No model is worse than none.
    #[must_use]
    pub fn lets_through(&self) -> bool {
        match self.verdict() {
            GateVerdict::Passes => true,
            GateVerdict::TooFew => self.first_model,
            GateVerdict::Refused | GateVerdict::Undecided => false,
        }
    }

    /// Why it decides so, the gravest first.
    #[must_use]
    pub fn reasons(&self) -> Vec<Reason> {
        let of = |wanted: MetricVerdict| self.metrics.iter().filter(move |metric| metric.verdict == wanted);
        let mut reasons: Vec<Reason> = self.broken_laws.iter().cloned().map(Reason::BrokenLaw).collect();
        reasons.extend(of(MetricVerdict::Refused).cloned().map(Reason::Worse));
        if self.sites < self.sites_needed {
            reasons.push(Reason::TooFewSites { found: self.sites, needed: self.sites_needed });
        }
        reasons.extend(of(MetricVerdict::Undecided).filter(|metric| metric.metric.must_be_told()).cloned().map(Reason::CannotTell));
        if reasons.is_empty() {
            reasons.push(if self.first_model { Reason::FirstModel } else { Reason::NotWorse { sites: self.sites } });
        }
        reasons
    }
}
