//! Whether a model's intervals hold too seldom, in words.

use std::fmt;

use crate::about::About;

/// Coverage of the 90 % interval below which a model's intervals do not hold, unless so few sites could show it of intervals that do.
pub const LEAST_COVERAGE: f64 = 0.85;

/// Intervals that hold less often than [`LEAST_COVERAGE`] on sites held out. A model of few sites may answer all the same, and never without a word.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LowCoverage {
    coverage: f64,
    sites: usize,
    needed: Option<usize>,
}

impl LowCoverage {
    /// What was measured on so many held-out sites, where it is too low; and how many sites would do, where that is known.
    #[must_use]
    pub fn of(coverage: f64, sites: usize, needed: Option<usize>) -> Option<Self> {
        (coverage < LEAST_COVERAGE).then_some(Self { coverage, sites, needed })
    }

    /// What a model says of itself, where it is too low; how many sites would do is known while it is trained.
    #[must_use]
    pub fn of_model(about: &About) -> Option<Self> {
        Self::of(about.coverage, about.sites, None)
    }
}

impl fmt::Display for LowCoverage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the 90 % interval holds {:.1} % of the rows of ", self.coverage * 100.0)?;
        // Rows that name no site are sites of their own.
        match self.sites {
            0 => formatter.write_str("held-out sites")?,
            sites => write!(formatter, "{sites} sites, each held out")?,
        }
        write!(formatter, ", and {:.0} % are the least, so intervals may be too narrow: train on more sites", LEAST_COVERAGE * 100.0)?;
        match self.needed {
            Some(needed) => write!(formatter, " (about {needed} would do)"),
            None => Ok(()),
        }
    }
}
