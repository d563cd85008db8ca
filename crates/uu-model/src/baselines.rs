//! The simple estimates that stand in every table, so that a model is never praised for what a ratio can do.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uu_core::{Category, Rank, Record, UniqueUsers, Visits};

use crate::checks::{Soundness, ensure};

/// Fitted simple estimates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Baselines {
    /// Sum of users over sum of visits.
    ratio: f64,
    /// The same for each top category, by code.
    ratio_by_top: BTreeMap<u16, f64>,
}

/// Users of a site of rank one million, and how they grow as the rank gets better: a published power law over all sites.
const POWER_LAW: (f64, f64) = (26_400.0, -0.96);

impl Baselines {
    /// Fits the ratios on rows whose visits and users are known.
    #[must_use]
    pub fn fit(records: &[Record]) -> Self {
        let mut sums: BTreeMap<Option<u16>, (f64, f64)> = BTreeMap::new();
        for record in records {
            let (Some(users), Some(visits)) = (record.unique_users.map(UniqueUsers::get), record.visits.map(Visits::get)) else {
                continue;
            };
            for key in [None, record.category.map(top_code)] {
                let sum = sums.entry(key).or_default();
                sum.0 += users;
                sum.1 += visits;
                if record.category.is_none() {
                    break;
                }
            }
        }
        let ratio_of = |(users, visits): &(f64, f64)| if *visits > 0.0 { (users / visits).min(1.0) } else { 1.0 };
        Self {
            ratio: sums.get(&None).map_or(1.0, ratio_of),
            ratio_by_top: sums.iter().filter_map(|(top, sum)| top.map(|top| (top, ratio_of(sum)))).collect(),
        }
    }

    /// Checks that no ratio gives more users than visits.
    pub(crate) fn check(&self) -> Soundness {
        let mut ratios = self.ratio_by_top.values().chain([&self.ratio]);
        let outside = ratios.find(|ratio| !(0.0..=1.0).contains(*ratio));
        outside.map_or(Ok(()), |ratio| ensure(false, "a ratio of users to visits", "from 0 to 1", ratio))
    }

    /// The baselines' names and their estimates for a record; `None` where a baseline cannot answer it.
    #[must_use]
    pub fn estimate(&self, record: &Record) -> [(&'static str, Option<f64>); 3] {
        let visits = record.visits.map(Visits::get);
        let by_top = record.category.and_then(|category| self.ratio_by_top.get(&top_code(category))).unwrap_or(&self.ratio);
        let power_law = record.rank.map(|rank| POWER_LAW.0 * (Rank::get(rank) / 1e6).powf(POWER_LAW.1));
        [
            ("global ratio", visits.map(|visits| visits * self.ratio)),
            ("ratio per category", visits.map(|visits| visits * by_top)),
            ("rank power law", power_law),
        ]
    }
}

fn top_code(category: Category) -> u16 {
    category.top().code()
}
