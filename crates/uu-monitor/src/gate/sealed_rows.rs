//! The rows both contenders are asked.

use std::collections::BTreeMap;

use uu_core::stats::site_hash;
use uu_core::{Record, UniqueUsers};
use uu_data::Dataset;

use super::Contender;

/// Labelled rows of sealed sites, with their labels apart.
pub(super) struct SealedRows {
    /// Without their unique users: what is judged must not see them.
    pub(super) asked: Vec<Record>,
    pub(super) actual: Vec<f64>,
    /// Number of each row's site, from 0.
    pub(super) site_of: Vec<usize>,
    /// Labelled rows without a site, or of a site that a contender was trained on.
    pub(super) left_out: usize,
    sites: usize,
}

impl SealedRows {
    pub(super) fn of(sealed: &Dataset, contenders: &[Contender<'_>]) -> Self {
        let mut rows = Self { asked: Vec::new(), actual: Vec::new(), site_of: Vec::new(), left_out: 0, sites: 0 };
        let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
        for record in sealed.records() {
            let Some(actual) = record.unique_users.map(UniqueUsers::get) else { continue };
            let hidden = |site: &&str| contenders.iter().all(|contender| !contender.training_sites.contains(&site_hash(site, 0)));
            let Some(site) = record.site.as_deref().filter(hidden) else {
                rows.left_out += 1;
                continue;
            };
            let next = numbers.len();
            rows.site_of.push(*numbers.entry(site).or_insert(next));
            rows.actual.push(actual);
            rows.asked.push(Record { unique_users: None, ..record.clone() });
        }
        rows.sites = numbers.len();
        rows
    }

    pub(super) fn len(&self) -> usize {
        self.asked.len()
    }

    pub(super) fn sites(&self) -> usize {
        self.sites
    }

    /// Different sites among some of the rows.
    pub(super) fn sites_among(&self, rows: &[usize]) -> usize {
        let mut seen = vec![false; self.sites];
        rows.iter().for_each(|&row| seen[self.site_of[row]] = true);
        seen.iter().filter(|seen| **seen).count()
    }

    /// At most `most` of the rows, by whole sites as a hash orders them, so that every pattern is measured on the same ones.
    pub(super) fn sampled(&self, mut rows: Vec<usize>, most: usize) -> Vec<usize> {
        if rows.len() > most {
            let key = |row: usize| site_hash(self.asked[row].site.as_deref().unwrap_or_default(), SAMPLE_SEED);
            rows.sort_by_cached_key(|&row| (key(row), row));
            rows.truncate(most);
        }
        rows
    }
}

/// Which rows are measured has nothing to do with which were sealed.
const SAMPLE_SEED: u64 = 0x6A7E;
