//! Which sites are looked at, and which are set aside.

use uu_core::Record;
use uu_core::stats::site_hash;
use uu_data::Dataset;

/// Keeps the draw of the sites set aside apart from the folds, which are hashed from the same names.
const SET_ASIDE: u64 = 0x5E7A_51DE;

/// The rows of a study: sites that everything is decided on, and sites that only the final validation sees.
pub(crate) struct Parts {
    pub(crate) development: Dataset,
    pub(crate) set_aside: Dataset,
}

impl Parts {
    /// Sets aside a share of the sites by a hash of their names, whatever their rows are.
    pub(crate) fn of(dataset: &Dataset, share: f64, seed: u64) -> Self {
        let draws = dataset.site_draws(seed ^ SET_ASIDE);
        Self { development: dataset.subset(|row, _| draws[row] >= share), set_aside: dataset.subset(|row, _| draws[row] < share) }
    }
}

/// A number for each row's site, to count sites and to draw them; rows without one are sites of their own.
pub(crate) fn site_keys(records: &[Record]) -> Vec<u64> {
    let key =
        |(row, record): (usize, &Record)| record.site.as_deref().map_or_else(|| site_hash(&row.to_string(), !0), |site| site_hash(site, 0));
    records.iter().enumerate().map(key).collect()
}

/// How many sites there are.
pub(crate) fn count_sites(records: &[Record]) -> usize {
    site_keys(records).into_iter().collect::<std::collections::BTreeSet<u64>>().len()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use uu_testkit::models::dataset;

    use super::*;

    fn sites(dataset: &Dataset) -> BTreeSet<String> {
        dataset.records().iter().filter_map(|record| record.site.as_deref().map(str::to_owned)).collect()
    }

    #[test]
    fn no_site_is_on_both_sides_and_the_share_is_about_what_was_asked_for() {
        let all = dataset(400);
        let parts = Parts::of(&all, 0.25, 3);
        assert!(sites(&parts.development).is_disjoint(&sites(&parts.set_aside)));
        assert_eq!(parts.development.len() + parts.set_aside.len(), all.len());
        assert!((70..130).contains(&sites(&parts.set_aside).len()), "{}", sites(&parts.set_aside).len());
    }
}
