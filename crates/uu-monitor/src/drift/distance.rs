//! How far two distributions over the same cells lie apart, and how far chance alone would carry them.

use uu_core::stats::chance::chi_square_quantile;

/// Requests that must be expected in a cell for it to stand alone.
const LEAST_EXPECTED: f64 = 5.0;

/// What an empty cell counts for, so that logarithms stay finite.
const HALF: f64 = 0.5;

/// Two distributions, compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Distance {
    /// Population stability index, as it was found.
    pub(super) psi: f64,
    /// The same less what it would be on average without any drift; not below 0.
    pub(super) corrected: f64,
    /// What it exceeds by chance in a share `false_alarms` of the cases.
    pub(super) noise: f64,
    /// Jensen-Shannon distance, 0 to 1.
    pub(super) jensen_shannon: f64,
}

impl Distance {
    /// Compares the training's `rows` with `requests`, cell by cell.
    pub(super) fn of(rows: &[u64], requests: &[u64], false_alarms: f64) -> Self {
        let cells = pooled(rows, requests);
        let sum = |side: fn(&(f64, f64)) -> f64| cells.iter().map(side).sum::<f64>();
        let (all_rows, all_requests) = (sum(|cell| cell.0), sum(|cell| cell.1));
        let count = cells.len() as f64;
        let (mut psi, mut divergence) = (0.0, 0.0);
        for (rows, requests) in &cells {
            let expected = (rows + HALF) / (all_rows + HALF * count);
            let found = (requests + HALF) / (all_requests + HALF * count);
            let middle = f64::midpoint(expected, found);
            psi += (found - expected) * (found / expected).ln();
            divergence += f64::midpoint(expected * (expected / middle).log2(), found * (found / middle).log2());
        }
        let degrees = cells.len().saturating_sub(1);
        let per_degree = 1.0 / all_requests.max(1.0) + 1.0 / all_rows.max(1.0);
        Self {
            psi,
            corrected: (psi - degrees as f64 * per_degree).max(0.0),
            noise: chi_square_quantile(1.0 - false_alarms, degrees) * per_degree,
            jensen_shannon: divergence.max(0.0).sqrt(),
        }
    }
}

/// Rows and requests of the cells, those in which too few are to be expected put together as the last.
fn pooled(rows: &[u64], requests: &[u64]) -> Vec<(f64, f64)> {
    let all = |counts: &[u64]| counts.iter().sum::<u64>().max(1) as f64;
    let requests_per_row = all(requests) / all(rows);
    let (mut cells, mut rest) = (Vec::new(), (0.0, 0.0));
    for (&rows, &requests) in rows.iter().zip(requests) {
        let (rows, requests) = (rows as f64, requests as f64);
        if rows.min(rows * requests_per_row) >= LEAST_EXPECTED {
            cells.push((rows, requests));
        } else {
            rest = (rest.0 + rows, rest.1 + requests);
        }
    }
    if rest != (0.0, 0.0) {
        cells.push(rest);
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uu_core::stats::Draws;

    fn drawn(shares: &[f64], count: usize, draws: &mut Draws) -> Vec<u64> {
        let mut counts = vec![0; shares.len()];
        for _ in 0..count {
            let mut left = draws.uniform() * shares.iter().sum::<f64>();
            let cell = shares.iter().position(|share| {
                left -= share;
                left < 0.0
            });
            counts[cell.unwrap_or(shares.len() - 1)] += 1;
        }
        counts
    }

    /// The share of pairs of draws from one distribution whose PSI exceeds the noise, and the mean of all PSIs.
    fn without_drift(shares: &[f64], rows: usize, requests: usize) -> (f64, f64) {
        let mut draws = Draws::new("psi", 7);
        let mut pair = || Distance::of(&drawn(shares, rows, &mut draws), &drawn(shares, requests, &mut draws), 0.01);
        let found: Vec<Distance> = (0..1_000).map(|_| pair()).collect();
        let exceeding = found.iter().filter(|distance| distance.psi > distance.noise).count() as f64 / 1_000.0;
        (exceeding, found.iter().map(|distance| distance.psi).sum::<f64>() / 1_000.0)
    }

    #[test]
    fn without_drift_psi_is_as_chance_has_it() {
        for (rows, requests) in [(20_000, 200), (20_000, 2_000), (1_000, 1_000)] {
            let (exceeding, found) = without_drift(&[1.0; 20], rows, requests);
            assert!(exceeding <= 0.025, "{rows} {requests}: {exceeding}");
            let mean = 19.0 * (1.0 / rows as f64 + 1.0 / requests as f64);
            assert!((found / mean - 1.0).abs() < 0.15, "{found} for {mean}");
        }
        let rare: Vec<f64> = (0..60).map(|cell| 0.8f64.powi(cell)).collect();
        let (exceeding, _) = without_drift(&rare, 20_000, 500);
        assert!(exceeding <= 0.025, "rare cells: {exceeding}");
    }

    #[test]
    fn a_category_that_was_never_seen_is_far() {
        let distance = Distance::of(&[500, 500, 0], &[350, 350, 300], 0.01);
        assert!(distance.corrected > 0.25 && distance.psi > distance.noise && distance.jensen_shannon > 0.3, "{distance:?}");
    }

    proptest! {
        #[test]
        fn distances_are_none_of_the_same_and_never_below(rows in prop::collection::vec(0u64..10_000, 1..40)) {
            let same = Distance::of(&rows, &rows, 0.01);
            prop_assert!(same.psi.abs() < 1e-9 && same.jensen_shannon < 1e-6 && same.corrected == 0.0);
            let reversed: Vec<u64> = rows.iter().rev().copied().collect();
            let other = Distance::of(&rows, &reversed, 0.01);
            prop_assert!(other.psi >= -1e-12 && (0.0..=1.0).contains(&other.jensen_shannon) && other.noise.is_finite());
        }
    }
}
