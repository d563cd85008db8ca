//! How strict the gate is.

use serde::{Deserialize, Serialize};

/// How the gate decides.
///
/// | name | default | range | purpose |
/// | --- | --- | --- | --- |
/// | `margin` | 0.01 | >= 0 | how much worse a figure may be: relative for errors, points over 100 for coverage |
/// | `resolution` | 0.1 | >= `margin` | what the data must be able to rule out for errors; the margin itself is the strictest |
/// | `coverage_resolution` | 0.04 | >= `margin` | the same for coverage |
/// | `least_sites` | 60 | >= 2 | sealed sites without which nothing is compared |
/// | `resamples` | 1,000 | >= 100 | resamples of the sites |
/// | `rows_per_pattern` | 2,000 | >= 100 | rows a pattern's coverage is measured on at most |
/// | `seed` | 0 | | draws of the resamples |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "every field has its row in the table above")]
pub struct GateSettings {
    pub margin: f64,
    pub resolution: f64,
    pub coverage_resolution: f64,
    pub least_sites: usize,
    pub resamples: usize,
    pub rows_per_pattern: usize,
    pub seed: u64,
}

impl Default for GateSettings {
    fn default() -> Self {
        Self {
            margin: 0.01,
            resolution: 0.1,
            coverage_resolution: 0.04,
            least_sites: 60,
            resamples: 1_000,
            rows_per_pattern: 2_000,
            seed: 0,
        }
    }
}
