//! Resamples of the sites, the same for every figure, so that their intervals can be set side by side.

use uu_core::stats::Draws;
use uu_core::stats::chance::normal_quantile;

/// Level of every interval.
const LEVEL: f64 = 0.95;

/// How often each site stands in each resample.
///
/// **Source**: the bootstrap of Efron 1979, over sites: rows of one site err together.
pub(super) struct Resamples(Vec<Vec<u32>>);

impl Resamples {
    pub(super) fn of(sites: usize, count: usize, seed: u64) -> Self {
        let mut draws = Draws::new("gate", seed);
        let mut resample = || {
            let mut weights = vec![0; sites];
            (0..sites).for_each(|_| weights[draws.below(sites)] += 1);
            weights
        };
        Self((0..count).map(|_| resample()).collect())
    }

    /// A figure of each resample.
    pub(super) fn each<T>(&self, figure: impl FnMut(&Vec<u32>) -> T) -> Vec<T> {
        self.0.iter().map(figure).collect()
    }
}

/// The interval between the resampled figure's percentiles.
pub(super) fn percentiles(mut values: Vec<f64>) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values.get(((values.len().max(1) - 1) as f64 * share).round() as usize).copied().unwrap_or(f64::NAN);
    (at((1.0 - LEVEL) / 2.0), at((1.0 + LEVEL) / 2.0))
}

/// The interval by the resampled figure's standard deviation, for one of `together` figures that are to hold their level jointly.
///
/// Normal, since percentiles that far out would need resamples by the ten thousand.
pub(super) fn normal(figure: f64, values: &[f64], together: usize) -> (f64, f64) {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    let deviation = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt();
    let reach = normal_quantile(1.0 - (1.0 - LEVEL) / 2.0 / together.max(1) as f64) * deviation;
    (figure - reach, figure + reach)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_a_mean_is_as_wide_as_theory_has_it() {
        let mut draws = Draws::new("values", 1);
        let values: Vec<f64> = (0..400).map(|_| draws.normal()).collect();
        let mean = |weights: &Vec<u32>| values.iter().zip(weights).map(|(value, &weight)| value * f64::from(weight)).sum::<f64>() / 400.0;
        let resampled = Resamples::of(400, 2_000, 5).each(mean);
        let expected = 2.0 * 1.96 / 20.0;
        let (low, high) = percentiles(resampled.clone());
        assert!(((high - low) / expected - 1.0).abs() < 0.12, "{low} {high}");
        let (low, high) = normal(0.0, &resampled, 1);
        assert!(((high - low) / expected - 1.0).abs() < 0.12, "{low} {high}");
        let (lower, higher) = normal(0.0, &resampled, 64);
        assert!(lower < low && high < higher);
    }

    #[test]
    fn a_resample_has_as_many_sites_as_there_are() {
        let counts = Resamples::of(50, 20, 3).each(|weights| weights.iter().sum::<u32>());
        assert_eq!(counts, vec![50; 20]);
    }
}
