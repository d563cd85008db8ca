//! Sites on which no model version ever trains, so that any two of them can be compared on what neither has seen.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use uu_core::stats::site_hash;

use crate::dataset::Dataset;
use crate::needs::{FEW_TRAINING_SITES, HELD_OUT_SHARE};

/// Which sites are sealed.
///
/// A site is sealed by what its name hashes to, and so in every delivery of data and for all its months: a site that was sealed once
/// has never been trained on. A greater share seals the same sites and more, so that what was sealed stays so.
///
/// | name | default | range | purpose |
/// | --- | --- | --- | --- |
/// | `share` | 0.1 | 0 to 0.5 | share of the sites that are sealed; 0 seals none |
/// | `salt` | fixed | any | another salt, other sites; kept apart from the seeds of folds |
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Given", into = "Given")]
pub struct Sealed {
    share: f64,
    salt: u64,
}

/// More than this is better spent on training.
const MOST_SHARE: f64 = 0.5;

/// Nobody chooses it as a seed, so folds and sealing have nothing to do with each other.
const SALT: u64 = 0x5EA1_ED7E_57B0_0C5E;

/// A share of sites that cannot be sealed.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("the share of sealed sites must be from 0 to {MOST_SHARE}, got {found}")]
pub struct ShareOutOfRange {
    /// The share that was given.
    pub found: f64,
}

/// A data set divided into what may be trained on and what may not.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// Rows of all other sites, and rows without a site.
    pub training: Dataset,
    /// Rows of sealed sites.
    pub sealed: Dataset,
}

#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Given {
    share: f64,
    salt: u64,
}

impl Sealed {
    /// Seals that share of the sites, drawn by `salt`.
    ///
    /// **Errors**: a share below 0, above one half, or that is no number.
    pub fn new(share: f64, salt: u64) -> Result<Self, ShareOutOfRange> {
        if (0.0..=MOST_SHARE).contains(&share) { Ok(Self { share, salt }) } else { Err(ShareOutOfRange { found: share }) }
    }

    /// Seals about `wanted` of the sites of `dataset`, but no less than 2 % and no more than 15 % of them; none where none are wanted.
    ///
    /// What is sealed is lost to training, and a few hundred sites tell two models apart. As data grow the share shrinks: what is sealed then is
    /// part of what was sealed before, so neither an older model nor a newer one was trained on it. Of fewer than [`FEW_TRAINING_SITES`] sites
    /// chance would seal none or a third: there the bounds come first, and what is sealed may be others once there are more sites.
    #[must_use]
    pub fn about(wanted: usize, dataset: &Dataset) -> Self {
        Self::about_both(wanted, dataset, &Dataset::new(Vec::new(), Vec::new()))
    }

    /// The same of the sites of two data sets together.
    #[must_use]
    pub fn about_both(wanted: usize, one: &Dataset, other: &Dataset) -> Self {
        let records = one.records().iter().chain(other.records());
        let sites: BTreeSet<&str> = records.filter_map(|record| record.site.as_deref()).collect();
        let share = (wanted as f64 / sites.len().max(1) as f64).clamp(HELD_OUT_SHARE.0, HELD_OUT_SHARE.1);
        match (wanted, sites.len()) {
            (0, _) => Self { share: 0.0, salt: SALT },
            (_, ..FEW_TRAINING_SITES) => Self { share: share_of_few(share, &sites), salt: SALT },
            _ => Self { share, salt: SALT },
        }
    }

    /// The share of the sites.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.share
    }

    /// Whether no version may train on rows of `site`.
    #[must_use]
    pub fn is_sealed(&self, site: &str) -> bool {
        draw(site, self.salt) < self.share
    }

    /// Divides rows; both parts keep the canonical order. Rows without a site are never sealed: nothing tells which others are of
    /// the same one.
    #[must_use]
    pub fn split(&self, dataset: &Dataset) -> Split {
        let sealed: Vec<bool> =
            dataset.records().iter().map(|record| record.site.as_deref().is_some_and(|site| self.is_sealed(site))).collect();
        Split { training: dataset.subset(|row, _| !sealed[row]), sealed: dataset.subset(|row, _| sealed[row]) }
    }
}

/// The place of a site between 0 and 1: of 53 bits, so that comparisons are exact and a greater share contains a lesser one.
fn draw(site: &str, salt: u64) -> f64 {
    (site_hash(site, salt) >> 11) as f64 / (1u64 << 53) as f64
}

/// The share near to `share` at which at most 15 % of these sites are sealed, and one of them at least where one is not more than that.
fn share_of_few(share: f64, sites: &BTreeSet<&str>) -> f64 {
    let mut draws: Vec<f64> = sites.iter().map(|site| draw(site, SALT)).collect();
    draws.sort_unstable_by(f64::total_cmp);
    let most = (sites.len() as f64 * HELD_OUT_SHARE.1) as usize;
    let sealed = draws.partition_point(|draw| *draw < share);
    let wanted = sealed.clamp(most.min(1), most);
    match draws.get(wanted) {
        // As many lie below the next of them.
        Some(next) if wanted != sealed => next.min(MOST_SHARE),
        _ => share,
    }
}

impl Default for Sealed {
    fn default() -> Self {
        Self { share: 0.1, salt: SALT }
    }
}

impl Default for Given {
    fn default() -> Self {
        Sealed::default().into()
    }
}

impl TryFrom<Given> for Sealed {
    type Error = ShareOutOfRange;

    fn try_from(given: Given) -> Result<Self, ShareOutOfRange> {
        Self::new(given.share, given.salt)
    }
}

impl From<Sealed> for Given {
    fn from(sealed: Sealed) -> Self {
        Self { share: sealed.share, salt: sealed.salt }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;
    use uu_core::{Month, Record};

    fn rows(sites: u32) -> Dataset {
        let record =
            |site: Option<String>, month| Record { site: site.map(Box::from), ..Record::unknown(Month::new(2024, month).unwrap()) };
        let named = (0..sites).flat_map(|site| (1..=3).map(move |month| record(Some(format!("site{site}.com")), month)));
        Dataset::new(Vec::new(), named.chain((1..=3).map(|month| record(None, month))).collect())
    }

    proptest! {
        #[test]
        fn every_row_is_in_one_part_and_every_site_is_in_one_part_whole(share in 0.0f64..=0.5, salt: u64) {
            let (all, sealed) = (rows(200), Sealed::new(share, salt).unwrap());
            let Split { training, sealed: held } = sealed.split(&all);
            prop_assert_eq!(training.len() + held.len(), all.len());
            prop_assert!(held.records().iter().all(|record| record.site.as_deref().is_some_and(|site| sealed.is_sealed(site))));
            prop_assert!(training.records().iter().all(|record| !record.site.as_deref().is_some_and(|site| sealed.is_sealed(site))));
        }

        #[test]
        fn what_was_sealed_stays_sealed_when_the_share_grows(site in "[a-z]{1,12}\\.com", a in 0.0f64..=0.5, b in 0.0f64..=0.5, salt: u64) {
            let is_sealed = |share| Sealed::new(share, salt).unwrap().is_sealed(&site);
            prop_assert!(!is_sealed(a.min(b)) || is_sealed(a.max(b)));
        }
    }

    #[test]
    fn the_share_is_about_what_was_asked_for_in_every_fold_and_in_every_spelling() {
        let sealed = Sealed::default();
        for prefix in ["site", "www.x", "магазин"] {
            let mut by_fold = [[0u32; 2]; 4];
            for number in 0..20_000 {
                let site = format!("{prefix}{number}.com");
                by_fold[(site_hash(&site, 0) % 4) as usize][usize::from(sealed.is_sealed(&site))] += 1;
            }
            for [open, held] in by_fold {
                let share = f64::from(held) / f64::from(open + held);
                assert!((share / sealed.share() - 1.0).abs() < 0.2, "{prefix}: {share}");
            }
        }
    }

    #[rstest]
    #[case(-0.01)]
    #[case(0.51)]
    #[case(f64::NAN)]
    fn a_share_outside_its_range_is_refused(#[case] share: f64) {
        assert!(Sealed::new(share, 1).is_err());
        assert!(serde_json::from_str::<Sealed>(&format!("{{\"share\": {share}}}")).is_err());
    }

    #[test]
    fn what_settings_leave_out_is_the_default() {
        assert_eq!(serde_json::from_str::<Sealed>("{}").unwrap(), Sealed::default());
        let written = serde_json::to_string(&Sealed::new(0.25, 7).unwrap()).unwrap();
        assert_eq!(serde_json::from_str::<Sealed>(&written).unwrap(), Sealed::new(0.25, 7).unwrap());
    }

    #[test]
    fn as_data_grow_what_is_sealed_is_part_of_what_was() {
        let share = |wanted, sites| Sealed::about(wanted, &rows(sites)).share();
        assert_eq!((share(0, 100), share(300, 100)), (0.0, 0.15));
        assert!((share(30, 1_000) - 0.03).abs() < 0.001 && share(3, 1_000) == 0.02);
        let (few, many) = (Sealed::about(30, &rows(300)), Sealed::about(30, &rows(1_000)));
        assert!((0..1_000).map(|site| format!("site{site}.com")).all(|site| !many.is_sealed(&site) || few.is_sealed(&site)));
    }

    #[test]
    fn of_few_sites_no_more_are_sealed_than_is_documented() {
        for (sites, least, most) in [(1, 0, 0), (6, 0, 0), (7, 1, 1), (12, 1, 1), (14, 1, 2), (40, 1, 6), (59, 1, 8)] {
            for prefix in ["site", "client", "www.x", "a", "b", "shop"] {
                let site = |site: u32| Record {
                    site: Some(format!("{prefix}{site}.com").into()),
                    ..Record::unknown(Month::new(2024, 1).unwrap())
                };
                let rows = Dataset::new(Vec::new(), (0..sites).map(site).collect());
                let sealed = Sealed::about(300, &rows).split(&rows).sealed.len();
                assert!((least..=most).contains(&sealed), "{sealed} of {sites}");
            }
        }
        assert_eq!(Sealed::about(0, &rows(12)).share(), 0.0);
    }

    #[test]
    fn rows_without_a_site_are_never_sealed() {
        let split = Sealed::new(0.5, 3).unwrap().split(&rows(20));
        assert_eq!(split.training.records().iter().filter(|record| record.site.is_none()).count(), 3);
    }
}
