//! The gate: whether a challenger may answer in the champion's place.
//!
//! Both are asked the same rows of sealed sites, which neither was trained on, and the golden requests, on which every law must hold.
//! Each figure's difference has a 95 % interval: the paired bootstrap over sites, since rows of one site err together.
//!
//! **When a figure is accepted, refused or undecided.** With `d` the challenger's figure relative to the champion's, less one (for
//! coverage: how much farther it lies from 90 %, in points), and `[low, high]` its interval:
//!
//! - *refused*: `d > margin` and `low > 0`. It is worse beyond chance, and by more than 1 % as best we know.
//! - *accepted*: not refused, and `high <= resolution`. What difference there is may be chance, and the data are enough to rule out that
//!   it is worse by more than the resolution.
//! - *undecided*: anything else: too few sites to tell; the report says how many sealed sites it would take.
//!
//! To ask that the interval itself ends below 1 % (`resolution = margin`) is the stricter test, and can be set. It is not the default:
//! two models of the same quality differ by 1 to 2 % on some 1,500 sites, so most equals, trained on fresher data, would be turned away
//! until there are ten times as many. A point estimate alone would let one in two pass that are worse, on any number of sites. The
//! resolution stands between them: what may slip through is bounded, and what does is watched after its promotion.
//!
//! The mean absolute error in users and the coverage of single patterns may refuse and need not be told: a handful of giants makes the
//! one, and a few rows some of the others. Patterns are judged at one level together (Bonferroni), or one in forty of them would refuse
//! by chance.

mod anchor;
mod bootstrap;
mod comparison;
mod coverage;
mod errors;
mod golden;
mod laws;
mod metric;
mod reasons;
mod report;
mod sealed_rows;
mod settings;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use uu_data::Dataset;
use uu_model::Model;

pub use anchor::{Compared, Distance, MOST_FACTOR, distances};
pub use laws::{BrokenLaw, Law, broken_laws};
pub use metric::{Metric, MetricComparison, MetricVerdict};
pub use reasons::Reason;
pub use report::{GateReport, GateVerdict};
pub use settings::GateSettings;

use bootstrap::Resamples;
use sealed_rows::SealedRows;

/// A model that is compared, and the sites it was trained on.
#[derive(Clone, Copy, Debug)]
pub struct Contender<'a> {
    /// The model.
    pub model: &'a Model,
    /// Those of [`uu_model::Contents::training_sites`].
    pub training_sites: &'a BTreeSet<u64>,
}

/// Compares `challenger` with `champion` on the labelled rows of sealed sites; without a champion, laws and coverage decide.
///
/// Rows without a site, and of sites that one of the two was trained on after all, are left out and counted: what a model has seen it
/// knows too well. The same models, rows and settings give the same report.
#[must_use]
pub fn gate(champion: Option<Contender<'_>>, challenger: Contender<'_>, sealed: &Dataset, settings: &GateSettings) -> GateReport {
    let contenders: Vec<Contender<'_>> = champion.into_iter().chain([challenger]).collect();
    let rows = SealedRows::of(sealed, &contenders);
    let broken_laws = broken_laws(challenger.model);
    let mut metrics = Vec::new();
    if rows.sites() >= settings.least_sites {
        let resamples = Resamples::of(rows.sites(), settings.resamples, settings.seed);
        let champion = champion.map(|champion| champion.model);
        metrics.extend(comparison::errors(&rows, champion, challenger.model, &resamples, settings));
        metrics.extend(comparison::coverages(&rows, champion, challenger.model, &resamples, settings));
    }
    GateReport {
        first_model: champion.is_none(),
        sites: rows.sites(),
        rows: rows.len(),
        sites_needed: settings.least_sites,
        rows_left_out: rows.left_out,
        metrics,
        broken_laws,
    }
}
