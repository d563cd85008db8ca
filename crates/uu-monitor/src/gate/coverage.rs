//! Which intervals hold the truth, summed up by site.

use uu_model::Estimate;

/// The level of the intervals that are judged.
pub(super) const LEVEL: f64 = 0.9;

/// Rows of each site, and those of them whose interval holds the truth.
pub(super) struct Covered {
    rows: Vec<f64>,
    covered: Vec<f64>,
}

impl Covered {
    /// `rows` are places in `actual` and `site_of`; an estimate for each.
    pub(super) fn of(rows: &[usize], actual: &[f64], site_of: &[usize], sites: usize, estimates: &[Estimate]) -> Self {
        let mut sums = Self { rows: vec![0.0; sites], covered: vec![0.0; sites] };
        for (&row, estimate) in rows.iter().zip(estimates) {
            let holds = (estimate.low..=estimate.high).contains(&actual[row]);
            sums.rows[site_of[row]] += 1.0;
            sums.covered[site_of[row]] += f64::from(u8::from(holds));
        }
        sums
    }

    /// The share of intervals that hold the truth; a row weighs what its site weighs.
    pub(super) fn share(&self, weights: &[u32]) -> f64 {
        let sum = |values: &[f64]| values.iter().zip(weights).map(|(value, &weight)| value * f64::from(weight)).sum::<f64>();
        let rows = sum(&self.rows);
        if rows > 0.0 { sum(&self.covered) / rows } else { LEVEL }
    }
}

/// How far a share lies from the level.
pub(super) fn miss(share: f64) -> f64 {
    (share - LEVEL).abs()
}
