//! Draws that are the same on every machine.
//!
//! `rand_distr` is not used: its normal and gamma draws go through the platform's `ln` and `exp`, whose last bit differs between C
//! libraries. Here a PCG stream gives uniforms, a rational approximation turns them into normals, and every transcendental function
//! comes from `libm`, which is plain arithmetic.

use rand_pcg::Pcg64;
use rand_pcg::rand_core::Rng as _;
use uu_core::stats::chance::normal_quantile;

/// A stream of draws; each purpose has a stream of its own, so that more draws for one do not shift another's.
pub(super) struct Draws(Pcg64);

/// What a stream is for.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    Site = 1,
    Months = 2,
    Flaws = 3,
}

impl Draws {
    pub(super) fn new(site_seed: u64, purpose: Purpose) -> Self {
        Self(Pcg64::new(u128::from(site_seed), purpose as u128))
    }

    /// Uniform in the open interval (0, 1).
    pub(super) fn uniform(&mut self) -> f64 {
        unit_interval(self.0.next_u64())
    }

    /// Standard normal.
    pub(super) fn normal(&mut self) -> f64 {
        normal_quantile(self.uniform())
    }

    /// Whether an event of that probability happens.
    pub(super) fn happens(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }
}

/// The 53 high bits as a number in (0, 1), never an end of it.
pub(super) fn unit_interval(bits: u64) -> f64 {
    ((bits >> 11) as f64 + 0.5) / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_of_one_site_differ() {
        let first = |purpose| Draws::new(7, purpose).uniform();
        assert_ne!(first(Purpose::Site), first(Purpose::Months));
        assert_ne!(first(Purpose::Months), first(Purpose::Flaws));
    }
}
