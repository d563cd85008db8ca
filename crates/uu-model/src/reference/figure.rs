//! The figures that are watched, and which cell of each a record falls into.

use serde::{Deserialize, Serialize};

use crate::checks::{Soundness, ensure, ensure_increasing};

/// What is watched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Figure {
    /// A numeric input, by its column.
    Input(String),
    /// Visits times rank.
    VisitsTimesRank,
    /// The estimate of unique users.
    Estimate,
    /// The top category.
    Category,
    /// The source that is named.
    Source,
    /// Which inputs are known.
    Pattern,
}

impl Figure {
    /// The name in a table.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Input(column) => column,
            Self::VisitsTimesRank => "visits_times_rank",
            Self::Estimate => "estimate",
            Self::Category => "category",
            Self::Source => "source",
            Self::Pattern => "known_inputs",
        }
    }
}

/// Bins between quantiles of the training data; a bin's upper edge belongs to it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Bins(Vec<f64>);

/// Bins of a numeric figure; fewer where values repeat.
const BINS: usize = 20;

impl Bins {
    /// Edges at even shares of the values.
    pub(super) fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let edge = |bin: usize| values.get((values.len() * bin / BINS).saturating_sub(1)).copied();
        let mut edges: Vec<f64> = (1..BINS).filter_map(edge).collect();
        edges.dedup();
        // What lies at the last edge or below is everything there is: the bin above it would be empty.
        if edges.last() == values.last() {
            edges.pop();
        }
        Self(edges)
    }

    /// Checks that every value has one bin.
    pub(super) fn check(&self) -> Soundness {
        ensure_increasing("the bins of the drift reference", &self.0)?;
        let unordered = self.0.first().filter(|edge| edge.is_nan());
        unordered.map_or(Ok(()), |edge| ensure(false, "an edge of a bin", "a number", edge))
    }

    pub(super) fn count(&self) -> usize {
        self.0.len() + 1
    }

    pub(super) fn cell(&self, value: f64) -> usize {
        self.0.partition_point(|edge| *edge < value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_value_has_a_bin_and_bins_are_about_even(values in prop::collection::vec(-1e6f64..1e6, 200..500)) {
            let bins = Bins::of(values.clone());
            let mut counts = vec![0usize; bins.count()];
            values.iter().for_each(|value| counts[bins.cell(*value)] += 1);
            prop_assert_eq!(bins.count(), BINS);
            prop_assert!(counts.iter().all(|count| (values.len() / BINS..=values.len() / BINS + 1).contains(count)), "{:?}", counts);
            prop_assert!(bins.cell(f64::INFINITY) == BINS - 1 && bins.cell(f64::NEG_INFINITY) == 0);
        }
    }

    #[test]
    fn values_that_repeat_share_a_bin() {
        let bins = Bins::of([vec![50.0; 90], vec![60.0; 10]].concat());
        assert_eq!((bins.count(), bins.cell(50.0), bins.cell(60.0), bins.cell(55.0)), (2, 0, 1, 1));
        assert_eq!(Bins::of(vec![7.0; 100]).count(), 1);
        assert_eq!(Bins::of(Vec::new()).count(), 1);
    }
}
