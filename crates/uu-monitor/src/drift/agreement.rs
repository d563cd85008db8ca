//! Labels beside estimates: how many lie within the intervals, and by which factor they are off.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uu_core::stats::chance::{binomial_bounds, median_bounds};
use uu_core::stats::{median, site_hash};

/// Level of the bounds.
const CERTAINTY: f64 = 0.95;

/// A label beside its estimate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compared<'a> {
    /// The site, where it is known.
    pub site: Option<&'a str>,
    /// The label.
    pub actual: f64,
    /// The estimate.
    pub point: f64,
    /// Its interval.
    pub interval: (f64, f64),
}

/// How far labels agree with estimates.
///
/// Sites are counted, not rows: months of one site err together. A site counts by the share of its labels within their intervals and
/// by the median of its labels over their estimates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// Labels.
    pub rows: usize,
    /// Their sites; labels without a site are of one each.
    pub sites: usize,
    /// Share of labels within their intervals.
    pub coverage: f64,
    /// Its 95 % bounds, exact for any number of sites.
    pub coverage_bounds: (f64, f64),
    /// Median of label over estimate.
    pub median_factor: f64,
    /// Its 95 % bounds; `None` where there are too few sites for any.
    pub factor_bounds: Option<(f64, f64)>,
}

/// The labels of one site.
#[derive(Default)]
struct Site {
    covered: usize,
    log_factors: Vec<f64>,
}

impl Agreement {
    /// Compares labels with estimates; `None` of none.
    #[must_use]
    pub fn of<'a>(labels: impl Iterator<Item = Compared<'a>>) -> Option<Self> {
        let mut by_site: BTreeMap<(bool, u64), Site> = BTreeMap::new();
        let mut rows = 0;
        for label in labels {
            let key = label.site.map_or((false, rows), |site| (true, site_hash(site, 0)));
            let site = by_site.entry(key).or_default();
            site.covered += usize::from((label.interval.0..=label.interval.1).contains(&label.actual));
            // Fewer than one user is no different from one: the logarithm would run away.
            site.log_factors.push(label.actual.max(1.0).ln() - label.point.max(1.0).ln());
            rows += 1;
        }
        let sites = by_site.len();
        if sites == 0 {
            return None;
        }
        let coverage = by_site.values().map(|site| site.covered as f64 / site.log_factors.len() as f64).sum::<f64>() / sites as f64;
        let mut factors: Vec<f64> = by_site.into_values().map(|mut site| median(&mut site.log_factors)).collect();
        let median_factor = median(&mut factors).exp();
        factors.sort_by(f64::total_cmp);
        let (low, high) = median_bounds(&factors, CERTAINTY);
        Some(Self {
            rows: rows as usize,
            sites,
            coverage,
            coverage_bounds: binomial_bounds((coverage * sites as f64).round() as usize, sites, CERTAINTY),
            median_factor,
            factor_bounds: low.is_finite().then(|| (low.exp(), high.exp())),
        })
    }
}
