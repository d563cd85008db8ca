//! The repeat-visit model: how many persons come at all, and how often they do.

/// The negative binomial distribution of the visits of one person of a site's audience in one month.
///
/// Each person's visits are Poisson; the rates are spread over the audience by a gamma distribution of mean `mean` and shape `shape`.
/// A person with no visit is not seen, so visits per *unique user* is the mean of the zero-truncated distribution.
///
/// **Source**: Ehrenberg 1959, "The pattern of consumer purchases", Applied Statistics 8; Morrison and Schmittlein 1988,
/// "Generalizing the NBD model for customer purchases", JBES 6.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct RepeatVisits {
    /// Visits of a person of the audience, seen or not.
    pub(super) mean: f64,
    /// Shape of the gamma distribution; the smaller, the more a few regulars make of the visits.
    pub(super) shape: f64,
}

impl RepeatVisits {
    /// Share of the audience with at least one visit: `1 - (k / (k + m))^k`.
    pub(super) fn reach(self) -> f64 {
        -libm::expm1(-self.shape * libm::log1p(self.mean / self.shape))
    }

    /// Visits per unique user, `m / reach`; never below 1.
    pub(super) fn visits_per_user(self) -> f64 {
        self.mean / self.reach()
    }

    /// Variance of the visits of one unique user.
    pub(super) fn variance_per_user(self) -> f64 {
        let second_moment = self.mean + self.mean * self.mean * (1.0 + 1.0 / self.shape);
        let visits_per_user = self.visits_per_user();
        (second_moment / self.reach() - visits_per_user * visits_per_user).max(0.0)
    }

    /// The logarithm of the mean at which a unique user makes `visits_per_user` visits, by bisection.
    pub(super) fn log_mean_of(visits_per_user: f64, shape: f64) -> f64 {
        let (mut low, mut high) = (-12.0, 8.0);
        // 60 halvings of an interval of 20 end below the spacing of doubles near 1.
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            let tried = Self { mean: libm::exp(middle), shape };
            if tried.visits_per_user() < visits_per_user { low = middle } else { high = middle }
        }
        low
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_unique_user_visits_at_least_once(log_mean in -6.0..4.2f64, shape in 0.1..3.0f64) {
            let model = RepeatVisits { mean: libm::exp(log_mean), shape };
            prop_assert!(model.visits_per_user() >= 1.0);
            prop_assert!(model.reach() > 0.0 && model.reach() <= 1.0);
            let back = RepeatVisits::log_mean_of(model.visits_per_user(), shape);
            prop_assert!((back - log_mean).abs() < 1e-6);
        }
    }

    /// Golden values: `scipy.stats.nbinom(k, k / (k + m))` (SciPy 1.17.1), m = 1.5, k = 0.6, truncated at zero.
    #[test]
    fn moments_agree_with_scipy() {
        let model = RepeatVisits { mean: 1.5, shape: 0.6 };
        assert!((model.reach() - REACH).abs() < 1e-12);
        assert!((model.visits_per_user() - VISITS_PER_USER).abs() < 1e-12);
        assert!((model.variance_per_user() - VARIANCE).abs() < 1e-11);
    }

    const REACH: f64 = 0.5284158788717178;
    const VISITS_PER_USER: f64 = 2.838673211718816;
    const VARIANCE: f64 = 6.135300455664067;
}
