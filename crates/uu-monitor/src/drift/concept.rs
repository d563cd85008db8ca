//! Drift of what is estimated: labels that arrive, beside the estimates, month after month.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uu_core::Month;

use super::agreement::{Agreement, Compared};
use super::report::DriftVerdict;

/// Factors between labels and estimates from which on a shift is moderate and strong: an interval of 90 % spans a factor of some 1.5 to
/// each side, so the second is half of it.
const MODERATE_FACTOR: f64 = 1.1;
const STRONG_FACTOR: f64 = 1.25;

/// Coverage of the 90 % interval below which it is moderate and strong.
const MODERATE_COVERAGE: f64 = 0.87;
const STRONG_COVERAGE: f64 = 0.8;

/// A label that arrived, beside the estimate of the model it is held against.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arrival<'a> {
    /// The month in which it arrived, which need not be the month it speaks of.
    pub arrived: Month,
    /// The label and the estimate, with its 90 % interval.
    pub compared: Compared<'a>,
}

/// Labels beside estimates, over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConceptDrift {
    /// What the latest month says that has enough sites to say something.
    pub verdict: DriftVerdict,
    /// Months of arrival, the earliest first.
    pub months: Vec<MonthOfArrivals>,
}

/// Labels that arrived in one month.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MonthOfArrivals {
    /// First day of the month.
    pub month: String,
    /// What its labels say.
    pub verdict: DriftVerdict,
    /// How far they agree.
    #[serde(flatten)]
    pub agreement: Agreement,
}

/// Holds labels against estimates by month of arrival.
///
/// A month is told to have drifted only where the 95 % bounds say so: a shift of the median, or a coverage that fell.
#[must_use]
pub fn concept_drift<'a>(arrivals: impl IntoIterator<Item = Arrival<'a>>) -> ConceptDrift {
    let mut by_month: BTreeMap<Month, Vec<Compared<'a>>> = BTreeMap::new();
    for arrival in arrivals {
        by_month.entry(arrival.arrived).or_default().push(arrival.compared);
    }
    let month = |(month, labels): (Month, Vec<Compared<'a>>)| {
        let agreement = Agreement::of(labels.into_iter())?;
        Some(MonthOfArrivals { month: month.to_string(), verdict: verdict(&agreement), agreement })
    };
    let months: Vec<MonthOfArrivals> = by_month.into_iter().filter_map(month).collect();
    let latest = months.iter().rev().map(|month| month.verdict).find(|verdict| *verdict != DriftVerdict::TooFew);
    ConceptDrift { verdict: latest.unwrap_or(DriftVerdict::TooFew), months }
}

fn verdict(agreement: &Agreement) -> DriftVerdict {
    let Some((low, high)) = agreement.factor_bounds else { return DriftVerdict::TooFew };
    let beyond = |factor: f64, coverage: f64| low > factor || high < 1.0 / factor || agreement.coverage_bounds.1 < coverage;
    if beyond(STRONG_FACTOR, STRONG_COVERAGE) {
        DriftVerdict::Strong
    } else if beyond(MODERATE_FACTOR, MODERATE_COVERAGE) {
        DriftVerdict::Moderate
    } else {
        DriftVerdict::Stable
    }
}
