//! The rows a model is trained, calibrated or judged on.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use uu_core::stats::site_hash;
use uu_core::{Field, Record};

/// Checked records in a canonical order, with the names of their extra inputs.
///
/// Rows are sorted by source, site and month, and by every value where those tie, so that the order of the files they came from
/// changes nothing that is computed from them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dataset {
    extras: Vec<String>,
    records: Vec<Record>,
}

impl Dataset {
    /// Sorts the records into a data set; `extras` names their extra inputs in order.
    #[must_use]
    pub fn new(extras: Vec<String>, mut records: Vec<Record>) -> Self {
        records.sort_by(canonical_order);
        Self { extras, records }
    }

    /// Names of the extra numeric inputs, in the order of [`Record::extras`].
    #[must_use]
    pub fn extras(&self) -> &[String] {
        &self.extras
    }

    /// The rows, in canonical order.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The sources of the rows, sorted; rows without one are not counted.
    #[must_use]
    pub fn sources(&self) -> BTreeSet<&str> {
        self.records.iter().filter_map(|record| record.source.as_deref()).collect()
    }

    /// The rows for which `keep` holds, given each row's place; order stays canonical.
    #[must_use]
    pub fn subset(&self, mut keep: impl FnMut(usize, &Record) -> bool) -> Self {
        let kept = self.records.iter().enumerate().filter(|(index, record)| keep(*index, record)).map(|(_, record)| record.clone());
        Self { extras: self.extras.clone(), records: kept.collect() }
    }

    /// The fold of each row out of `folds`: all months of a site share one, drawn by a hash of the site and the seed.
    ///
    /// A row without a site is a site of its own.
    ///
    /// **Panics** if `folds` is 0.
    #[must_use]
    pub fn site_folds(&self, folds: usize, seed: u64) -> Vec<usize> {
        assert!(folds > 0, "at least one fold");
        self.site_hashes(seed).map(|hash| (hash % folds as u64) as usize).collect()
    }

    /// A number in `[0, 1)` for each row: all months of a site share one, drawn by a hash of the site and the seed.
    ///
    /// A row without a site is a site of its own.
    #[must_use]
    pub fn site_draws(&self, seed: u64) -> Vec<f64> {
        self.site_hashes(seed).map(|hash| (hash >> 11) as f64 / (1u64 << 53) as f64).collect()
    }

    /// At most about `most` rows, all months of a site or none: sites are left out by their hash.
    #[must_use]
    pub fn some_sites(&self, most: usize, seed: u64) -> Self {
        if self.len() <= most {
            return self.clone();
        }
        let share = most as f64 / self.len() as f64;
        let draws = self.site_draws(seed ^ SOME_SITES);
        self.subset(|row, _| draws[row] < share)
    }

    fn site_hashes(&self, seed: u64) -> impl Iterator<Item = u64> {
        self.records.iter().enumerate().map(move |(index, record)| match record.site.as_deref() {
            Some(site) => site_hash(site, seed),
            None => site_hash(&index.to_string(), seed ^ NO_SITE),
        })
    }
}

/// Keeps the draw of some sites apart from the folds, which are hashed from the same names.
const SOME_SITES: u64 = 0x50E5;

/// Keeps rows without a site apart from sites whose name is a number.
const NO_SITE: u64 = 0x5851_F42D_4C95_7F2D;

pub(crate) fn canonical_order(a: &Record, b: &Record) -> Ordering {
    a.source
        .cmp(&b.source)
        .then_with(|| a.site.cmp(&b.site))
        .then_with(|| a.month.cmp(&b.month))
        .then_with(|| values(a).iter().zip(values(b)).map(|(a, b)| a.total_cmp(&b)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal))
        .then_with(|| a.rank_source.cmp(&b.rank_source))
}

/// Every number of a record; unknown ones as NaN, which `total_cmp` orders like any other value.
fn values(record: &Record) -> Vec<f64> {
    const FIRST: [Field; 2] = [Field::Visits, Field::UniqueUsers];
    let unknown = |value: Option<f64>| value.unwrap_or(f64::NAN);
    let others = Field::all().filter(|field| field.is_number() && !FIRST.contains(field));
    let mut values: Vec<f64> = FIRST.into_iter().chain(others).map(|field| unknown(record.number(field))).collect();
    values.push(record.category.map_or(f64::NAN, |category| f64::from(category.code())));
    values.extend(record.extras.iter().copied().map(unknown));
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uu_core::{Month, Visits};

    fn record(site: Option<&str>, month: u32, visits: f64) -> Record {
        Record { site: site.map(Box::from), visits: Visits::new(visits).ok(), ..Record::unknown(Month::new(2024, month).unwrap()) }
    }

    proptest! {
        #[test]
        fn the_order_of_rows_changes_nothing(
            rows in proptest::collection::vec((0u8..6, 1u32..5, 0u16..5), 0..40).prop_shuffle(),
            seed: u64,
        ) {
            let build = |rows: &[(u8, u32, u16)]| {
                let rows = rows.iter().map(|(site, month, visits)| record(Some(&format!("s{site}")), *month, f64::from(*visits)));
                Dataset::new(Vec::new(), rows.collect())
            };
            let mut reversed = rows.clone();
            reversed.reverse();
            prop_assert_eq!(build(&rows).site_folds(5, seed), build(&reversed).site_folds(5, seed));
            prop_assert_eq!(build(&rows), build(&reversed));
        }
    }

    #[test]
    fn all_months_of_a_site_share_a_fold() {
        let rows = (1..=12).flat_map(|month| ["a.com", "b.com", "c.com"].map(|site| record(Some(site), month, 1.0)));
        let dataset = Dataset::new(Vec::new(), rows.collect());
        let folds = dataset.site_folds(5, 7);
        for (fold, record) in folds.iter().zip(dataset.records()) {
            let first = dataset.records().iter().position(|other| other.site == record.site).unwrap();
            assert_eq!(*fold, folds[first]);
        }
    }

    #[test]
    fn some_sites_are_whole_and_about_as_many_as_asked_for() {
        let rows = (0..400).flat_map(|index| [1, 2].map(|month| record(Some(&format!("site{index}.com")), month, 1.0)));
        let dataset = Dataset::new(Vec::new(), rows.collect());
        let some = dataset.some_sites(300, 1);
        assert!((230..370).contains(&some.len()), "{}", some.len());
        assert!(some.records().chunks(2).all(|months| months[0].site == months[1].site));
        assert_eq!(dataset.some_sites(800, 1), dataset);
    }

    #[test]
    fn folds_are_about_even() {
        let rows = (0..5000).map(|index| record(Some(&format!("site{index}.com")), 1, 1.0)).collect();
        let mut counts = [0; 5];
        for fold in Dataset::new(Vec::new(), rows).site_folds(5, 1) {
            counts[fold] += 1;
        }
        assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
    }
}
