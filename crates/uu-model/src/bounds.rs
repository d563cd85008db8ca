//! The laws of every estimate: no more users than visits, at least one user where there is a visit, an interval around the point.

use uu_core::Visits;

/// Visits there can be users of: part of a visit is none.
#[must_use]
pub fn whole_visits(visits: Visits) -> f64 {
    visits.get().floor()
}

/// The point estimate: at least one user and at most one a visit, none where there are no visits.
#[must_use]
pub fn bounded_point(visits: f64, log_ratio: f64) -> f64 {
    (visits * (-log_ratio).exp()).clamp(visits.min(1.0), visits)
}

/// The interval around a point, `bounds` spreads away from its logarithm; users cannot exceed visits that are known.
#[must_use]
pub fn interval(point: f64, known_visits: Option<f64>, log_spread: f64, bounds: (f64, f64)) -> (f64, f64) {
    let spread = log_spread.exp();
    let low = (point * (bounds.0 * spread).exp()).max(point.min(1.0)).min(point);
    let high = (point * (bounds.1 * spread).exp()).min(known_visits.unwrap_or(f64::MAX)).max(point);
    (low, high)
}
