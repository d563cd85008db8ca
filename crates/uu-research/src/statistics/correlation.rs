//! How two columns go together, and how sure that is.

use serde::{Deserialize, Serialize};

/// Two-sided 95 % quantile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// An interval of 95 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// A correlation with its interval.
///
/// **Source**: Fisher's z; for ranks with the standard error of Bonett and Wright (2000), `sqrt((1 + r^2 / 2) / (n - 3))`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Correlation {
    /// The coefficient.
    pub value: f64,
    /// Its interval; `None` of fewer than five independent pairs.
    pub interval: Option<Interval>,
    /// Pairs it was computed from.
    pub rows: usize,
}

/// Pearson's coefficient of the pairs; `None` where a column does not vary. `independent` is how many pairs say something of their own:
/// months of one site say much the same.
pub(crate) fn pearson(a: &[f64], b: &[f64], independent: usize) -> Option<Correlation> {
    let value = coefficient(a, b)?;
    Some(Correlation { value, interval: interval(value, 1.0, independent), rows: a.len() })
}

/// Spearman's coefficient: Pearson's of the ranks, ties sharing their mean rank.
pub(crate) fn spearman(a: &[f64], b: &[f64], independent: usize) -> Option<Correlation> {
    let value = coefficient(&ranks(a), &ranks(b))?;
    Some(Correlation { value, interval: interval(value, 1.0 + value * value / 2.0, independent), rows: a.len() })
}

fn coefficient(a: &[f64], b: &[f64]) -> Option<f64> {
    let (mean_a, mean_b) = (super::mean(a), super::mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (x - mean_a, y - mean_b);
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    (aa > 0.0 && bb > 0.0).then(|| (ab / (aa * bb).sqrt()).clamp(-1.0, 1.0))
}

fn interval(value: f64, variance: f64, independent: usize) -> Option<Interval> {
    if independent < 5 {
        return None;
    }
    // A coefficient of exactly 1 has no finite z; the interval of the one that is taken in its place may end before it.
    let z = value.clamp(-1.0 + 1e-12, 1.0 - 1e-12).atanh();
    let error = Z * (variance / (independent as f64 - 3.0)).sqrt();
    Some(Interval { low: (z - error).tanh().min(value), high: (z + error).tanh().max(value) })
}

fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    while start < order.len() {
        let tied = order[start..].iter().take_while(|&&index| values[index] == values[order[start]]).count().max(1);
        let shared = start as f64 + (tied as f64 + 1.0) / 2.0;
        order[start..start + tied].iter().for_each(|&index| ranks[index] = shared);
        start += tied;
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The golden figures were computed by hand from the definitions.
    #[test]
    fn coefficients_agree_with_the_definitions() {
        let (a, b) = ([1.0, 2.0, 3.0, 4.0, 5.0], [2.0, 1.0, 4.0, 3.0, 5.0]);
        assert!((pearson(&a, &b, 5).unwrap().value - 0.8).abs() < 1e-12);
        let skewed = [1.0, 10.0, 100.0, 1000.0, 10000.0];
        assert!((spearman(&a, &skewed, 5).unwrap().value - 1.0).abs() < 1e-12);
        assert_eq!(ranks(&[5.0, 1.0, 5.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
    }

    #[test]
    fn the_interval_is_that_of_fisher() {
        let interval = interval(0.5, 1.0, 28).unwrap();
        assert!((interval.low - 0.155_9).abs() < 1e-3 && (interval.high - 0.736_7).abs() < 1e-3, "{interval:?}");
    }

    #[test]
    fn an_interval_holds_its_coefficient_where_that_is_1() {
        let (up, down) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [6.0, 5.0, 4.0, 3.0, 2.0, 1.0]);
        for (values, value) in [(up, 1.0), (down, -1.0)] {
            let interval = spearman(&up, &values, 6).unwrap().interval.unwrap();
            assert!(interval.low <= value && value <= interval.high, "{interval:?}");
        }
    }

    #[test]
    fn a_column_that_does_not_vary_goes_together_with_nothing() {
        assert_eq!(pearson(&[1.0, 1.0, 1.0], &[1.0, 2.0, 3.0], 3), None);
        assert_eq!(spearman(&[], &[], 0), None);
    }

    proptest! {
        #[test]
        fn ranks_ignore_what_keeps_the_order(pairs in proptest::collection::vec((0.0f64..20.0, -5.0f64..5.0), 6..40)) {
            let (a, b): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
            let grown: Vec<f64> = a.iter().map(|value| value.exp()).collect();
            let (plain, grown) = (spearman(&a, &b, a.len()), spearman(&grown, &b, a.len()));
            prop_assert_eq!(plain.is_some(), grown.is_some());
            if let (Some(plain), Some(grown)) = (plain, grown) {
                prop_assert!((plain.value - grown.value).abs() < 1e-9);
                let interval = plain.interval.unwrap();
                prop_assert!(interval.low <= plain.value && plain.value <= interval.high);
            }
        }
    }
}
