//! Random draws for samples, resamples and searches: the same on every machine, but for the last bits of a logarithm or a cosine.

use super::site_hash;

/// A stream of draws: SplitMix64 (Steele, Lea and Flood 2014).
#[derive(Clone, Debug)]
pub struct Draws(u64);

impl Draws {
    /// The stream of that seed and purpose; streams of different purposes have nothing to do with each other.
    #[must_use]
    pub fn new(purpose: &str, seed: u64) -> Self {
        Self(site_hash(purpose, seed))
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number in `[0, 1)`.
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A whole number below `bound`; 0 where `bound` is.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.uniform() * bound as f64) as usize
    }

    /// A draw from the standard normal distribution, by Box and Muller.
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// The numbers from 0 to `count`, in random order.
    pub fn permutation(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            order.swap(last, self.below(last + 1));
        }
        order
    }

    /// At most `most` of the numbers from 0 to `count`, ascending.
    pub fn sample(&mut self, count: usize, most: usize) -> Vec<usize> {
        let mut drawn = self.permutation(count);
        drawn.truncate(most);
        drawn.sort_unstable();
        drawn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_and_a_purpose_give_the_same_draws_always() {
        let draws = |purpose, seed| {
            let mut draws = Draws::new(purpose, seed);
            [draws.below(1000), draws.below(1000), draws.below(1000)]
        };
        assert_eq!(draws("a", 1), draws("a", 1));
        assert_ne!(draws("a", 1), draws("a", 2));
        assert_ne!(draws("a", 1), draws("b", 1));
    }

    #[test]
    fn a_permutation_has_each_number_once_and_a_sample_no_number_twice() {
        let mut draws = Draws::new("test", 3);
        let mut all = draws.permutation(100);
        assert!(!all.is_sorted());
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
        let some = draws.sample(100, 30);
        assert!(some.len() == 30 && some.is_sorted_by(|a, b| a < b));
        assert_eq!(draws.sample(5, 30).len(), 5);
    }

    #[test]
    fn normal_draws_have_the_moments_they_should() {
        let mut draws = Draws::new("normal", 1);
        let values: Vec<f64> = (0..20_000).map(|_| draws.normal()).collect();
        let mean = values.iter().sum::<f64>() / 20_000.0;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
    }
}
