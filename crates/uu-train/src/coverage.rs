//! Whether the intervals of a new model hold: measured on held-out rows, with sites as the unit of chance.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uu_model::components::Judged;
use uu_model::{LEAST_COVERAGE, LowCoverage};

use super::held_out::HeldOut;
use super::table::Table;

/// Level of the intervals that the report judges.
pub(super) const LEVEL: f64 = 0.9;

/// Coverage below which they do not hold, however few the sites: nobody is helped by an interval that may miss one time in five.
const LEAST_OF_FEW: f64 = 0.8;

/// Distance from the level, in shares, that a statement on coverage is to tell apart.
const RESOLUTION: f64 = 0.04;

/// Standard errors that chance is given.
const STANDARD_ERRORS: f64 = 1.96;

/// Standard errors that a coverage as promised is off by once in a hundred trainings.
const BEYOND_CHANCE: f64 = 2.576;

/// How often the 90 % intervals of held-out rows hold the truth, and how certain that is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CoverageBySite {
    /// Share of the rows whose interval holds.
    pub coverage: f64,
    /// Its standard error: rows of one site err together, so sites are what is drawn.
    pub standard_error: f64,
    /// Sites of the rows.
    pub sites: usize,
}

impl CoverageBySite {
    pub(super) fn of(table: &Table<'_>, observed: &HeldOut, judged: &[Judged]) -> Self {
        let mut by_site: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
        for (row, judged) in observed.rows.iter().zip(judged) {
            let (rows, covered) = by_site.entry(table.site(*row)).or_default();
            *rows += 1.0;
            *covered += f64::from(u8::from((judged.interval.0..=judged.interval.1).contains(&judged.actual)));
        }
        let sites: Vec<(f64, f64)> = by_site.into_values().collect();
        let (rows, covered) = sites.iter().fold((0.0, 0.0), |(rows, covered), site| (rows + site.0, covered + site.1));
        let coverage = covered / rows.max(1.0);
        // The linearised variance of a ratio of sums over sites.
        let squares: f64 = sites.iter().map(|(rows, covered)| (covered - coverage * rows).powi(2)).sum();
        let count = sites.len() as f64;
        let standard_error = (squares * count / (count - 1.0).max(1.0)).sqrt() / rows.max(1.0);
        Self { coverage, standard_error, sites: sites.len() }
    }

    /// Whether the intervals hold as far as these sites can tell: [`LEAST_COVERAGE`] of the rows at least, or so few sites that intervals of
    /// 90 % could have shown it by chance, and 80 % of the rows even then.
    #[must_use]
    pub fn holds(&self) -> bool {
        let by_chance = self.coverage + BEYOND_CHANCE * self.standard_error >= LEVEL;
        self.coverage >= LEAST_COVERAGE || (by_chance && self.coverage >= LEAST_OF_FEW)
    }

    /// What is too low of it, where something is.
    #[must_use]
    pub fn low(&self) -> Option<LowCoverage> {
        LowCoverage::of(self.coverage, self.sites, self.sites_needed())
    }

    /// About how many sites would do to calibrate and to tell coverage to four points, in two digits; `None` where there are as many: then it is
    /// not for want of sites.
    #[must_use]
    pub fn sites_needed(&self) -> Option<usize> {
        let of_chance = self.sites as f64 * (STANDARD_ERRORS * self.standard_error / RESOLUTION).powi(2);
        let needed = of_chance.max(uu_data::FEW_TRAINING_SITES as f64);
        let unit = 10f64.powf(needed.log10().floor() - 1.0).max(1.0);
        let needed = ((needed / unit).ceil() * unit) as usize;
        (needed > self.sites).then_some(needed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use uu_model::About;

    #[rstest]
    #[case::as_promised(0.9, 0.05, 12, true)]
    #[case::a_little_off_on_many_sites(0.86, 0.002, 5_000, true)]
    #[case::off_on_many_sites(0.84, 0.005, 2_000, false)]
    #[case::off_by_chance_on_few(0.84, 0.04, 12, true)]
    #[case::far_off_on_few(0.721, 0.1, 12, false)]
    #[case::off_beyond_chance_on_few(0.82, 0.02, 30, false)]
    fn intervals_hold_by_their_bound_and_by_what_chance_could_do(
        #[case] coverage: f64,
        #[case] standard_error: f64,
        #[case] sites: usize,
        #[case] holds: bool,
    ) {
        assert_eq!(CoverageBySite { coverage, standard_error, sites }.holds(), holds);
    }

    #[test]
    fn coverage_that_few_sites_excuse_is_low_all_the_same() {
        let measured = CoverageBySite { coverage: 0.822, standard_error: 0.06, sites: 6 };
        assert!(measured.holds());
        let expected = "the 90 % interval holds 82.2 % of the rows of 6 sites, each held out, and 85 % are the least, so intervals may be too narrow: train on more sites";
        assert_eq!(measured.low().unwrap().to_string(), format!("{expected} (about 60 would do)"));
        let about = |coverage, sites| About { coverage, sites, ..About::default() };
        assert_eq!(LowCoverage::of_model(&about(0.822, 6)).unwrap().to_string(), expected);
        assert_eq!(CoverageBySite { coverage: 0.86, ..measured }.low(), None);
        assert_eq!(LowCoverage::of_model(&about(0.85, 6)), None);
    }

    #[test]
    fn fewer_certain_sites_ask_for_more() {
        let needed = |standard_error| CoverageBySite { coverage: 0.72, standard_error, sites: 12 }.sites_needed();
        assert_eq!((needed(0.01), needed(0.1)), (Some(60), Some(290)));
        assert_eq!(CoverageBySite { coverage: 0.8, standard_error: 0.005, sites: 4_000 }.sites_needed(), None);
    }
}
