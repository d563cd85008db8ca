//! Whose observations speak against a champion.
//!
//! Whoever may send observations may make them up. So evidence counts as corroborated only where it would suffice without any one sender: for each of
//! them the rest alone must tell that the champion is worse. What a sender says of sites that the versions compared have long been trained on is not left
//! out with it: such sites cannot be chosen at will, and each counts once.
//!
//! Rejected: a share at most for each sender lets a liar double what few honest observations say by chance.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uu_data::site_hash;

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
    is_known: bool,
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
    /// Counts an observation; `is_known` says whether its site has long been trained on.
    pub fn observe(&mut self, observation: Observation<'_>, sender: &str, is_known: bool) {
        let Some(difference) = difference(observation).filter(|_| self.counted.len() < MOST) else { return };
        let next = self.senders.len();
        let sender = match self.senders.get(sender) {
            Some(sender) => *sender,
            None => *self.senders.entry(sender.to_owned()).or_insert(next),
        };
        let site = observation.site.map(|site| site_hash(site, 0));
        if site.is_none_or(|site| self.named.insert((sender, site))) {
            self.counted.push(Counted { sender, site, is_known, difference });
        }
    }

    /// Whether it shows without any one sender that the champion is worse.
    #[must_use]
    pub fn is_corroborated(&self) -> bool {
        let mut of_strange_sites: BTreeMap<usize, usize> = BTreeMap::new();
        for counted in self.counted.iter().filter(|counted| !counted.is_known) {
            *of_strange_sites.entry(counted.sender).or_default() += 1;
        }
        let mut senders: Vec<(usize, usize)> = of_strange_sites.into_iter().map(|(sender, count)| (count, sender)).collect();
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
        let counts = |counted: &&Counted| counted.is_known || Some(counted.sender) != sender;
        self.counted.iter().filter(counts).for_each(|counted| error.count(counted.site, counted.difference));
        matches!(error.report().verdict, LiveVerdict::RollBack { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many observations by which the champion is off by `factor`, each of a site of its own.
    fn send(evidence: &mut Evidence, sender: &str, (count, factor, is_known): (usize, f64, bool)) {
        for number in 0..count {
            let site = format!("{sender}{number}.example");
            let observation = Observation { site: Some(&site), actual: 10_000.0, champion: 10_000.0 * factor, previous: 10_000.0 };
            evidence.observe(observation, sender, is_known);
        }
    }

    fn corroborated(sent: &[(&str, (usize, f64, bool))]) -> bool {
        let mut evidence = Evidence::default();
        sent.iter().for_each(|(sender, what)| send(&mut evidence, sender, *what));
        evidence.is_corroborated()
    }

    #[test]
    fn one_sender_alone_shows_nothing_of_made_up_sites_however_much_it_sends() {
        assert!(!corroborated(&[]));
        assert!(!corroborated(&[("liar", (5_000, 2.7, false))]));
        assert!(!corroborated(&[("liar", (5_000, 2.7, false)), ("honest", (500, 1.0, false))]));
        assert!(!corroborated(&[("liar", (5_000, 2.7, false)), ("honest", (5, 2.0, false))]), "too few to tell anything");
    }

    #[test]
    fn two_senders_and_sites_that_training_knows_do() {
        assert!(corroborated(&[("one", (200, 2.0, false)), ("other", (200, 2.0, false))]));
        assert!(corroborated(&[("one", (200, 2.0, true))]));
        assert!(corroborated(&[("one", (150, 2.0, true)), ("other", (150, 2.0, false))]));
        assert!(!corroborated(&[("one", (200, 1.0, true)), ("other", (200, 1.0, false))]), "an equal model");
    }

    #[test]
    fn a_sender_cannot_use_up_the_sites_of_others() {
        let mut evidence = Evidence::default();
        for sender in ["liar", "one", "other"] {
            for number in 0..200 {
                let (site, factor) = (format!("s{number}.example"), if sender == "liar" { 1.0 } else { 2.0 });
                let observation = Observation { site: Some(&site), actual: 10_000.0, champion: 10_000.0 * factor, previous: 10_000.0 };
                evidence.observe(observation, sender, false);
                evidence.observe(observation, sender, false);
            }
        }
        assert_eq!((evidence.counted.len(), evidence.report().senders), (600, 3), "a site counts once for each sender");
    }
}
