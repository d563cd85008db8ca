//! One compared figure and what is to be said of it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A figure by which two models are compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Median absolute percentage error.
    MedianApe,
    /// Root mean squared error of the logarithm.
    Rmsle,
    /// Mean absolute error of the logarithm.
    LogMae,
    /// Mean absolute error in users.
    Mae,
    /// Coverage of the 90 % interval, inputs as observed.
    Coverage,
    /// Coverage where no more than these inputs are known: rows that know more are masked down.
    CoverageOf(String),
}

/// What a figure says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricVerdict {
    /// Not worse by more than the margin.
    Accepted,
    /// Worse by more than the margin, beyond chance.
    Refused,
    /// The data cannot tell.
    Undecided,
    /// There is no champion to compare it with.
    NotCompared,
}

/// A figure of both models.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricComparison {
    /// The figure.
    pub metric: Metric,
    /// Rows it was computed on.
    pub rows: usize,
    /// The champion's; `None` where there is none.
    pub champion: Option<f64>,
    /// The challenger's.
    pub challenger: f64,
    /// How much worse the challenger is: relative to the champion for errors; for coverage, how much farther from 90 %.
    pub difference: Option<f64>,
    /// The difference's 95 % interval; without a champion, that of the coverage itself.
    pub interval: Option<(f64, f64)>,
    /// What it says.
    pub verdict: MetricVerdict,
    /// Sealed sites it would take to tell, about, where it is undecided.
    pub sites_needed: Option<usize>,
}

impl Metric {
    /// The stable code; a pattern's coverage has that of all patterns.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::MedianApe => "median_ape",
            Self::Rmsle => "rmsle",
            Self::LogMae => "log_mae",
            Self::Mae => "mae",
            Self::Coverage => "coverage",
            Self::CoverageOf(_) => "coverage_of",
        }
    }

    /// Whether the gate stays shut while it is undecided; see the module.
    #[must_use]
    pub fn must_be_told(&self) -> bool {
        !matches!(self, Self::Mae | Self::CoverageOf(_))
    }

    /// Whether it is a share of intervals that hold the truth, and its difference is in points.
    #[must_use]
    pub fn is_coverage(&self) -> bool {
        matches!(self, Self::Coverage | Self::CoverageOf(_))
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MedianApe => formatter.write_str("median absolute percentage error"),
            Self::Rmsle => formatter.write_str("RMSLE"),
            Self::LogMae => formatter.write_str("mean absolute error of the logarithm"),
            Self::Mae => formatter.write_str("mean absolute error in users"),
            Self::Coverage => formatter.write_str("coverage of the 90 % interval"),
            Self::CoverageOf(pattern) => write!(formatter, "coverage of the 90 % interval where only `{pattern}` is known"),
        }
    }
}

/// How a difference is judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) margin: f64,
    pub(super) resolution: f64,
}

/// What a difference and its interval say, and how many sites it would take where they say nothing.
///
/// An interval narrows with the square root of the sites.
pub(super) fn judged(difference: f64, (low, high): (f64, f64), sites: usize, bounds: Bounds) -> (MetricVerdict, Option<usize>) {
    let more = |width: f64, wanted: f64| {
        let times = (width / wanted.max(f64::MIN_POSITIVE)).powi(2);
        (times.is_finite() && times < 1e6).then(|| (sites as f64 * times).ceil() as usize)
    };
    if difference > bounds.margin && low > 0.0 {
        (MetricVerdict::Refused, None)
    } else if high <= bounds.resolution {
        (MetricVerdict::Accepted, None)
    } else if difference > bounds.margin {
        (MetricVerdict::Undecided, more(difference - low, difference))
    } else {
        (MetricVerdict::Undecided, more(high - difference, bounds.resolution - difference))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const BOUNDS: Bounds = Bounds { margin: 0.01, resolution: 0.05 };

    #[rstest]
    #[case::better(-0.05, (-0.08, -0.02), MetricVerdict::Accepted)]
    #[case::alike(0.0, (-0.02, 0.02), MetricVerdict::Accepted)]
    #[case::a_little_worse_beyond_chance(0.008, (0.002, 0.014), MetricVerdict::Accepted)]
    #[case::worse_beyond_chance(0.03, (0.01, 0.05), MetricVerdict::Refused)]
    #[case::worse_by_chance_perhaps(0.03, (-0.01, 0.07), MetricVerdict::Undecided)]
    #[case::worse_by_chance_perhaps_and_never_by_much(0.02, (-0.01, 0.04), MetricVerdict::Accepted)]
    #[case::alike_as_far_as_one_sees(0.0, (-0.2, 0.2), MetricVerdict::Undecided)]
    fn a_difference_is_judged(#[case] difference: f64, #[case] interval: (f64, f64), #[case] expected: MetricVerdict) {
        let (verdict, needed) = judged(difference, interval, 100, BOUNDS);
        assert_eq!((verdict, needed.is_some()), (expected, expected == MetricVerdict::Undecided));
    }

    #[test]
    fn an_interval_of_four_times_the_width_needs_sixteen_times_the_sites() {
        assert_eq!(judged(0.0, (-0.2, 0.2), 100, BOUNDS).1, Some(1_600));
    }

    #[test]
    fn the_strictest_resolution_asks_the_interval_to_end_below_the_margin() {
        let strict = Bounds { resolution: 0.01, ..BOUNDS };
        assert_eq!(judged(0.0, (-0.009, 0.009), 100, strict).0, MetricVerdict::Accepted);
        assert_eq!(judged(0.0, (-0.02, 0.02), 100, strict).0, MetricVerdict::Undecided);
        // Where the difference is the resolution, no number of sites is enough.
        assert_eq!(judged(0.01, (0.0, 0.02), 100, strict), (MetricVerdict::Undecided, None));
    }
}
