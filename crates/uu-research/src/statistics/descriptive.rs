//! The shape of one column of numbers.

use serde::{Deserialize, Serialize};

/// Moments and quantiles of the known values of a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Known values.
    pub count: usize,
    /// Mean.
    pub mean: f64,
    /// Standard deviation, with `count - 1` below the sum; 0 of one value.
    pub sd: f64,
    /// Third standardised moment; `None` where the values do not vary.
    pub skew: Option<f64>,
    /// Least value.
    pub min: f64,
    /// 5 % quantile.
    pub q05: f64,
    /// First quartile.
    pub q25: f64,
    /// Median.
    pub median: f64,
    /// Third quartile.
    pub q75: f64,
    /// 95 % quantile.
    pub q95: f64,
    /// Greatest value.
    pub max: f64,
}

impl Summary {
    /// The shape of `values`; `None` where there is none.
    ///
    /// **Panics** on a value that is not finite.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        assert!(values.iter().all(|value| value.is_finite()), "unknown values are left out before");
        let sorted = sorted(values);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let mean = mean(values);
        let moment = |power: i32| values.iter().map(|value| (value - mean).powi(power)).sum::<f64>();
        let squares = moment(2);
        let count = values.len() as f64;
        Some(Self {
            count: values.len(),
            mean,
            sd: (squares / (count - 1.0).max(1.0)).sqrt(),
            skew: (min < max).then(|| moment(3) / count / (squares / count).powf(1.5)),
            min,
            q05: quantile(&sorted, 0.05),
            q25: quantile(&sorted, 0.25),
            median: quantile(&sorted, 0.5),
            q75: quantile(&sorted, 0.75),
            q95: quantile(&sorted, 0.95),
            max,
        })
    }
}

/// The mean; 0 of nothing.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The values in ascending order.
pub(crate) fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// A quantile of ascending values, linear between neighbours (type 7 of Hyndman and Fan 1996); 0 of nothing.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let place = share.clamp(0.0, 1.0) * last as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * (place - below as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The golden figures were computed with Python's `statistics` and by hand.
    #[test]
    fn the_figures_agree_with_an_independent_tool() {
        let summary = Summary::of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]).unwrap();
        assert_eq!((summary.count, summary.mean, summary.min, summary.max), (8, 5.0, 2.0, 9.0));
        assert!((summary.sd - 2.138_089_935_299_395).abs() < 1e-12);
        assert!((summary.skew.unwrap() - 0.656_25).abs() < 1e-12);
        assert_eq!((summary.q25, summary.median, summary.q75), (4.0, 4.5, 5.5));
    }

    #[test]
    fn nothing_has_no_shape_and_one_value_does_not_vary() {
        assert_eq!(Summary::of(&[]), None);
        let one = Summary::of(&[3.0]).unwrap();
        assert_eq!((one.sd, one.skew, one.median), (0.0, None, 3.0));
    }

    proptest! {
        #[test]
        fn quantiles_are_ordered_and_within_the_values(values in proptest::collection::vec(-1e6f64..1e6, 1..60)) {
            let summary = Summary::of(&values).unwrap();
            let ordered = [summary.min, summary.q05, summary.q25, summary.median, summary.q75, summary.q95, summary.max];
            prop_assert!(ordered.is_sorted());
        }
    }
}
