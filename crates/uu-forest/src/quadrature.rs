//! Gauss-Legendre quadrature on `[0, 1]`, which `contributions.rs` integrates with.

use std::f64::consts::PI;

/// Quadrature points that are worked on together: enough for 16 features on a path; longer paths take more passes.
pub(crate) const POINTS: usize = 8;

/// A number at each of them.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(crate) struct AtPoints(pub(crate) [f64; POINTS]);

/// Points and weights: at least `least` of them, in groups of [`POINTS`].
///
/// **Source**: Newton's method on the Legendre polynomial from Tricomi's first guess (Press et al., Numerical Recipes, 4.6).
pub(crate) fn gauss_legendre(least: usize) -> Vec<(AtPoints, AtPoints)> {
    let n = least.next_multiple_of(POINTS);
    let point = |i: usize| {
        let mut x = (PI * (i as f64 + 0.75) / (n as f64 + 0.5)).cos();
        let mut slope = 1.0;
        // Newton doubles the right digits each time: from some three, ten steps are plenty.
        for _ in 0..10 {
            let (mut p, mut before) = (1.0, 0.0);
            for k in 0..n {
                let k = k as f64;
                (p, before) = (((2.0 * k + 1.0) * x * p - k * before) / (k + 1.0), p);
            }
            slope = n as f64 * (x * p - before) / (x * x - 1.0);
            x -= p / slope;
        }
        ((1.0 - x) / 2.0, 1.0 / ((1.0 - x * x) * slope * slope))
    };
    let mut groups = Vec::with_capacity(n / POINTS);
    for first in (0..n).step_by(POINTS) {
        let group: [(f64, f64); POINTS] = std::array::from_fn(|i| point(first + i));
        groups.push((AtPoints(group.map(|(point, _)| point)), AtPoints(group.map(|(_, weight)| weight))));
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quadrature_is_exact_for_powers_below_twice_its_points() {
        for least in [1, 8, 9, 40] {
            let groups = gauss_legendre(least);
            for power in [0, 1, 2, 5, 13] {
                let integral: f64 = groups
                    .iter()
                    .flat_map(|(points, weights)| points.0.iter().zip(&weights.0))
                    .map(|(point, weight)| point.powi(power) * weight)
                    .sum();
                assert!((integral * f64::from(power + 1) - 1.0).abs() < 1e-13, "t^{power} by {least} points");
            }
        }
    }
}
