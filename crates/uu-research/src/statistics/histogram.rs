//! How often values fall into each of a row of equal bins.

use serde::{Deserialize, Serialize};

use super::descriptive::{quantile, sorted};

/// Counts by bin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// Ends of the bins, one more than there are bins, ascending.
    pub edges: Vec<f64>,
    /// Values in each bin; the last bin holds its upper end too.
    pub counts: Vec<u64>,
    /// Values beyond the last edge, which was cut so that the rest can be seen.
    pub beyond: u64,
}

impl Histogram {
    /// Counts `values` into `bins` equal bins from the least to the greatest; `None` where the values do not vary.
    #[must_use]
    pub fn of(values: &[f64], bins: usize) -> Option<Self> {
        Self::up_to(values, bins, 1.0)
    }

    /// The same, from the least value to that quantile: the tail of a skewed column would leave all other bins empty.
    #[must_use]
    pub fn up_to(values: &[f64], bins: usize, share: f64) -> Option<Self> {
        let sorted = sorted(values);
        let (low, high) = (*sorted.first()?, quantile(&sorted, share));
        if low >= high || bins == 0 {
            return None;
        }
        let width = (high - low) / bins as f64;
        let mut counts = vec![0; bins];
        let mut beyond = 0;
        for value in &sorted {
            if *value > high {
                beyond += 1;
            } else {
                counts[(((value - low) / width) as usize).min(bins - 1)] += 1;
            }
        }
        Some(Self { edges: (0..=bins).map(|edge| low + width * edge as f64).collect(), counts, beyond })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_value_is_in_its_bin_and_the_last_bin_is_closed() {
        let histogram = Histogram::of(&[0.0, 0.5, 1.0, 1.5, 2.0], 2).unwrap();
        assert_eq!(histogram.edges, [0.0, 1.0, 2.0]);
        assert_eq!(histogram.counts, [2, 3]);
        assert_eq!(Histogram::of(&[1.0, 1.0], 4), None);
    }

    proptest! {
        #[test]
        fn every_value_is_counted_once(values in proptest::collection::vec(0.0f64..1e9, 2..80), share in 0.5f64..1.0) {
            if let Some(histogram) = Histogram::up_to(&values, 7, share) {
                prop_assert_eq!(histogram.counts.iter().sum::<u64>() + histogram.beyond, values.len() as u64);
            }
        }
    }
}
