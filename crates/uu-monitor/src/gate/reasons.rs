//! Why the gate decided as it did: a code, data, and words made when it is shown.

use std::fmt;

use super::laws::BrokenLaw;
use super::metric::MetricComparison;

/// One reason.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    /// The challenger breaks a law.
    BrokenLaw(BrokenLaw),
    /// A figure is worse.
    Worse(MetricComparison),
    /// There are too few sealed sites.
    TooFewSites {
        /// Those there are.
        found: usize,
        /// Those it takes.
        needed: usize,
    },
    /// A figure's interval is too wide.
    CannotTell(MetricComparison),
    /// No figure is worse by more than the margin.
    NotWorse {
        /// Sealed sites it was told on.
        sites: usize,
    },
    /// There is no champion; laws and coverage hold.
    FirstModel,
}

impl Reason {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::BrokenLaw(_) => "broken_law",
            Self::Worse(_) => "worse",
            Self::TooFewSites { .. } => "too_few_sites",
            Self::CannotTell(_) => "cannot_tell",
            Self::NotWorse { .. } => "not_worse",
            Self::FirstModel => "first_model",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BrokenLaw(BrokenLaw { law, request }) => write!(formatter, "on the golden request `{request}`, {law}"),
            Self::Worse(metric) if metric.difference.is_none() => {
                write!(formatter, "{} is {}", metric.metric, Percent(metric.challenger))?;
                between(formatter, metric)
            }
            Self::Worse(metric) => {
                write!(formatter, "{} is worse by {}", metric.metric, Difference(metric, metric.difference.unwrap_or(f64::NAN)))?;
                between(formatter, metric)
            }
            Self::TooFewSites { found, needed } => {
                write!(formatter, "{found} sealed sites have labels that neither model saw, and a comparison takes {needed}")
            }
            Self::CannotTell(metric) => {
                let difference = Difference(metric, metric.difference.unwrap_or(f64::NAN));
                write!(formatter, "{}: the difference of {difference} may be chance", metric.metric)?;
                between(formatter, metric)?;
                match metric.sites_needed {
                    Some(needed) => write!(formatter, "; some {needed} sealed sites would tell"),
                    None => Ok(()),
                }
            }
            Self::NotWorse { sites } => write!(formatter, "no figure is worse by more than the margin on {sites} sealed sites"),
            Self::FirstModel => formatter.write_str("there is no champion to compare with; the laws hold"),
        }
    }
}

fn between(formatter: &mut fmt::Formatter<'_>, metric: &MetricComparison) -> fmt::Result {
    let Some((low, high)) = metric.interval else { return Ok(()) };
    if metric.difference.is_none() {
        return write!(formatter, " (95 % interval {} to {})", Percent(low), Percent(high));
    }
    write!(formatter, " (95 % interval {} to {})", Difference(metric, low), Difference(metric, high))
}

/// A share as percent.
struct Percent(f64);

impl fmt::Display for Percent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:.1} %", self.0 * 100.0)
    }
}

/// A difference in the unit of its figure: percent of the champion's, or points of coverage.
struct Difference<'a>(&'a MetricComparison, f64);

impl fmt::Display for Difference<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = if self.0.metric.is_coverage() { "points" } else { "%" };
        write!(formatter, "{:+.1} {unit}", self.1 * 100.0)
    }
}
