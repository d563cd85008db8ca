//! Bounds on a share and on a median that hold whatever the distribution.

/// Steps of a bisection of `[0, 1]`: beyond them a double has no digits left.
const BISECTIONS: u32 = 60;

/// Bounds of the share behind `successes` of `trials`, at `level`: they miss it in at most a share `1 - level` of the cases, each side
/// in half of those.
///
/// Exact, and so right for a handful of trials too. Without trials the bounds are 0 and 1.
///
/// **Source**: Clopper and Pearson 1934, DOI 10.1093/biomet/26.4.404.
///
/// **Panics** if there are more successes than trials.
#[must_use]
pub fn binomial_bounds(successes: usize, trials: usize, level: f64) -> (f64, f64) {
    assert!(successes <= trials, "no more successes than trials");
    let tail = (1.0 - level) / 2.0;
    let (won, lost) = (successes as f64, (trials - successes) as f64);
    let low = if successes == 0 { 0.0 } else { root(|share| incomplete_beta(share, won, lost + 1.0), tail) };
    let high = if successes == trials { 1.0 } else { root(|share| incomplete_beta(share, won + 1.0, lost), 1.0 - tail) };
    (low, high)
}

/// Bounds of the median of what `sorted` was drawn from, at `level`; infinite where there are too few values to tell.
///
/// They are order statistics: the number of draws below the median is binomial, whatever the distribution.
///
/// **Source**: Thompson 1936, DOI 10.1214/aoms/1177732502.
#[must_use]
pub fn median_bounds(sorted: &[f64], level: f64) -> (f64, f64) {
    let tail = (1.0 - level) / 2.0;
    let count = sorted.len();
    // The share of samples with at most `below` of them under the median falls short of the tail up to some rank, and not beyond.
    let at_most = |below: usize| incomplete_beta(0.5, (count - below) as f64, below as f64 + 1.0);
    let (mut possible, mut beyond) = (0, count / 2 + 1);
    while beyond - possible > 1 {
        let middle = usize::midpoint(possible, beyond);
        if at_most(middle - 1) <= tail { possible = middle } else { beyond = middle }
    }
    match possible {
        0 => (f64::NEG_INFINITY, f64::INFINITY),
        rank => (sorted[rank - 1], sorted[count - rank]),
    }
}

/// Where a function that grows on `[0, 1]` takes `value`.
fn root(function: impl Fn(f64) -> f64, value: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..BISECTIONS {
        let middle = f64::midpoint(low, high);
        if function(middle) < value { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// The regularised incomplete beta function of positive `a` and `b`: the share of the beta distribution below `x`.
///
/// **Source**: DLMF 8.17.22, a continued fraction that converges fast below the mean; above it, by symmetry (8.17.4).
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(1.0 - x, b, a);
    }
    let log_front = libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b) + a * x.ln() + b * (-x).ln_1p();
    log_front.exp() / (a * continued_fraction(x, a, b))
}

/// Evaluated from the front (Lentz 1976): numerator and denominator of each step are kept away from zero.
fn continued_fraction(x: f64, a: f64, b: f64) -> f64 {
    const MOST_TERMS: u32 = 100_000;
    const LEAST: f64 = 1e-300;
    const PRECISE: f64 = 1e-15;
    let away_from_zero = |value: f64| if value.abs() < LEAST { LEAST } else { value };
    let (mut fraction, mut upper, mut lower) = (1.0, 1.0, 0.0);
    for term in 1..MOST_TERMS {
        let half = f64::from(term / 2);
        let coefficient = if term % 2 == 0 {
            half * (b - half) * x / ((a + 2.0 * half - 1.0) * (a + 2.0 * half))
        } else {
            -(a + half) * (a + b + half) * x / ((a + 2.0 * half) * (a + 2.0 * half + 1.0))
        };
        lower = 1.0 / away_from_zero(1.0 + coefficient * lower);
        upper = away_from_zero(1.0 + coefficient / upper);
        let step = upper * lower;
        fraction *= step;
        if (step - 1.0).abs() < PRECISE {
            break;
        }
    }
    fraction
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    /// The exact bounds where they have a closed form: all or none of `n` trials leave the tail's `n`-th root.
    #[rstest]
    #[case(1)]
    #[case(10)]
    #[case(1_000)]
    fn none_and_all_have_their_closed_form(#[case] trials: usize) {
        let end = 0.025f64.powf(1.0 / trials as f64);
        let (none, all) = (binomial_bounds(0, trials, 0.95), binomial_bounds(trials, trials, 0.95));
        assert!(none.0 == 0.0 && (none.1 - (1.0 - end)).abs() < 1e-9, "{none:?}");
        assert!(all.1 == 1.0 && (all.0 - end).abs() < 1e-9, "{all:?}");
        assert_eq!(binomial_bounds(0, 0, 0.95), (0.0, 1.0));
    }

    proptest! {
        #[test]
        fn the_bounds_leave_the_tails_they_should(trials in 1usize..60, share in 0.0f64..=1.0, level in 0.5f64..0.999) {
            let successes = (share * trials as f64) as usize;
            let (low, high) = binomial_bounds(successes, trials, level);
            let share = successes as f64 / trials as f64;
            prop_assert!(low <= share && share <= high);
            // Summed term by term, as the definition has it.
            let probability = |of: &dyn Fn(usize) -> bool, share: f64| -> f64 {
                let mut choose = 1.0;
                (0..=trials).map(|count| {
                    if count > 0 { choose *= (trials - count + 1) as f64 / count as f64 }
                    if of(count) { choose * share.powi(count as i32) * (1.0 - share).powi((trials - count) as i32) } else { 0.0 }
                }).sum()
            };
            let tail = (1.0 - level) / 2.0;
            if successes > 0 { prop_assert!((probability(&|count| count >= successes, low) - tail).abs() < 1e-9) }
            if successes < trials { prop_assert!((probability(&|count| count <= successes, high) - tail).abs() < 1e-9) }
        }

        #[test]
        fn more_values_bound_a_median_more_closely(count in 6usize..400) {
            let values = |count: usize| (0..count).map(|value| value as f64 / (count - 1) as f64).collect::<Vec<f64>>();
            let (low, high) = median_bounds(&values(count), 0.95);
            let (inner_low, inner_high) = median_bounds(&values(count * 4), 0.95);
            prop_assert!(low <= 0.5 && 0.5 <= high && inner_high - inner_low <= high - low);
        }
    }

    /// Ranks that tables of the sign test print for 95 %.
    #[rstest]
    #[case(5, None)]
    #[case(6, Some((1, 6)))]
    #[case(10, Some((2, 9)))]
    #[case(20, Some((6, 15)))]
    #[case(100, Some((40, 61)))]
    fn a_median_lies_between_the_ranks_of_the_sign_test(#[case] count: usize, #[case] ranks: Option<(usize, usize)>) {
        let values: Vec<f64> = (1..=count).map(|value| value as f64).collect();
        let expected = ranks.map_or((f64::NEG_INFINITY, f64::INFINITY), |(low, high)| (low as f64, high as f64));
        assert_eq!(median_bounds(&values, 0.95), expected);
    }
}
