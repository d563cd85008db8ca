//! Whose observations speak against a champion.
//!
//! Whoever may send observations may make them up. So evidence counts as corroborated only where it would suffice without any one sender: for each of
//! them the rest alone must tell that the champion is worse, whatever sites the observations are of.
//!
//! Rejected: a share at most for each sender lets a liar double what few honest observations say by chance. Counting what a sender says of sites that the
//! versions compared were trained on: the sites are not made up, but their months, inputs and labels are whatever the sender likes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uu_core::stats::site_hash;

use super::{LiveError, LiveVerdict, Observation, difference};

/// Observations that are kept for it: several times what any verdict takes.
const MOST: usize = 20_000;

/// Senders that are left out one after the other, those with most observations first; the others have too few to decide anything.
const MOST_SENDERS: usize = 32;

/// What is done where the observations of one sender alone show that a champion is worse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OneSender {
    /// It is logged, and a person decides.
    #[default]
    Suggest,
    /// The version before is put in use again.
    RollBack,
}

/// Observations of a champion by their senders.
#[derive(Debug, Default)]
pub struct Evidence {
    counted: Vec<Counted>,
    /// Sites that each sender has named.
    named: BTreeSet<(usize, u64)>,
    senders: BTreeMap<String, usize>,
}

#[derive(Clone, Copy, Debug)]
struct Counted {
    sender: usize,
    site: Option<u64>,
    difference: f64,
}

/// How far the evidence depends on one sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceReport {
    /// Senders of observations that counted.
    pub senders: usize,
    /// Whether it shows without any one of them that the champion is worse.
    pub is_corroborated: bool,
}

impl Evidence {
    /// Counts an observation.
    pub fn observe(&mut self, observation: Observation<'_>, sender: &str) {
        let Some(difference) = difference(observation).filter(|_| self.counted.len() < MOST) else { return };
        let next = self.senders.len();
        let sender = match self.senders.get(sender) {
            Some(sender) => *sender,
            None => *self.senders.entry(sender.to_owned()).or_insert(next),
        };
        let site = observation.site.map(|site| site_hash(site, 0));
        if site.is_none_or(|site| self.named.insert((sender, site))) {
            self.counted.push(Counted { sender, site, difference });
        }
    }

    /// Whether it shows without any one sender that the champion is worse.
    #[must_use]
    pub fn is_corroborated(&self) -> bool {
        let mut of_senders: BTreeMap<usize, usize> = BTreeMap::new();
        for counted in &self.counted {
            *of_senders.entry(counted.sender).or_default() += 1;
        }
        let mut senders: Vec<(usize, usize)> = of_senders.into_iter().map(|(sender, count)| (count, sender)).collect();
        senders.sort_unstable_by(|a, b| b.cmp(a));
        senders.truncate(MOST_SENDERS);
        self.shows_without(None) && senders.into_iter().all(|(_, sender)| self.shows_without(Some(sender)))
    }

    /// How far it depends on one sender.
    #[must_use]
    pub fn report(&self) -> EvidenceReport {
        EvidenceReport { senders: self.senders.len(), is_corroborated: self.is_corroborated() }
    }

    fn shows_without(&self, sender: Option<usize>) -> bool {
        let mut error = LiveError::default();
        let counts = |counted: &&Counted| Some(counted.sender) != sender;
        self.counted.iter().filter(counts).for_each(|counted| error.count(counted.site, counted.difference));
        matches!(error.report().verdict, LiveVerdict::RollBack { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many observations by which the champion is off by `factor`, each of a site of its own.
    fn send(evidence: &mut Evidence, sender: &str, (count, factor): (usize, f64)) {
        for number in 0..count {
            let site = format!("{sender}{number}.example");
            let observation = Observation { site: Some(&site), actual: 10_000.0, champion: 10_000.0 * factor, previous: 10_000.0 };
            evidence.observe(observation, sender);
        }
    }

    fn corroborated(sent: &[(&str, (usize, f64))]) -> bool {
        let mut evidence = Evidence::default();
        sent.iter().for_each(|(sender, what)| send(&mut evidence, sender, *what));
        evidence.is_corroborated()
    }

    #[test]
    fn one_sender_alone_shows_nothing_however_much_it_sends() {
        assert!(!corroborated(&[]));
        assert!(!corroborated(&[("liar", (5_000, 2.7))]));
        assert!(!corroborated(&[("liar", (5_000, 2.7)), ("honest", (500, 1.0))]));
        assert!(!corroborated(&[("liar", (5_000, 2.7)), ("honest", (5, 2.0))]), "too few to tell anything");
    }

    #[test]
    fn two_senders_do() {
        assert!(corroborated(&[("one", (200, 2.0)), ("other", (200, 2.0))]));
        assert!(corroborated(&[("one", (150, 2.0)), ("other", (150, 2.0)), ("third", (20, 1.0))]));
        assert!(!corroborated(&[("one", (200, 1.0)), ("other", (200, 1.0))]), "an equal model");
    }

    #[test]
    fn a_sender_cannot_use_up_the_sites_of_others() {
        let mut evidence = Evidence::default();
        for sender in ["liar", "one", "other"] {
            for number in 0..200 {
                let (site, factor) = (format!("s{number}.example"), if sender == "liar" { 1.0 } else { 2.0 });
                let observation = Observation { site: Some(&site), actual: 10_000.0, champion: 10_000.0 * factor, previous: 10_000.0 };
                evidence.observe(observation, sender);
                evidence.observe(observation, sender);
            }
        }
        assert_eq!((evidence.counted.len(), evidence.report().senders), (600, 3), "a site counts once for each sender");
    }
}
