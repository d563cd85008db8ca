//! A site's own level: how far it lies from what the model expects, told by those of its months whose users are known.
//!
//! The error of an estimate, over the spread expected for its row, has a part that all months of a site share and a part of the month's
//! own. Both variances are estimated on sites held out whole. The shared part of a site is the mean of its known months' errors,
//! shrunk the more the fewer they are; it moves the estimates of the other months, and what is left of the uncertainty narrows their
//! intervals.
//!
//! **Source**: best linear unbiased prediction in a model with one random effect (Henderson 1975, DOI 10.2307/2529430).

use serde::{Deserialize, Serialize};
use uu_core::Month;

use crate::bounds::interval;
use crate::calibration::{Score, Scores};
use crate::checks::{MOST_LOG, Soundness, ensure, ensure_within};

/// Sites with two known months that it takes to tell the two parts of the error apart.
const MIN_SITES: usize = 50;

/// Errors beyond this share of their tails count as large as those at it: a few gross ones must not decide a variance.
const TAIL: f64 = 0.01;

/// Site levels, apart for rows that know their visits and rows that do not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SiteLevels {
    /// Of rows that know their visits.
    pub visits_known: Option<SiteLevel>,
    /// Of rows that do not.
    pub visits_unknown: Option<SiteLevel>,
}

impl SiteLevels {
    /// Checks both.
    pub(crate) fn check(&self) -> Soundness {
        [&self.visits_known, &self.visits_unknown].into_iter().flatten().try_for_each(SiteLevel::check)
    }

    /// Those of the one kind of rows.
    #[must_use]
    pub fn of(&self, visits_are_known: bool) -> Option<&SiteLevel> {
        if visits_are_known { self.visits_known.as_ref() } else { self.visits_unknown.as_ref() }
    }
}

/// How errors are shared among the months of a site; in units of the expected spread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SiteLevel {
    /// Mean error, all sites together.
    mean: f64,
    /// Variance between sites.
    between: f64,
    /// Variance between the months of a site.
    within: f64,
    /// Errors that were left, over what was expected to be left.
    scores: Scores,
}

/// What the known months of a site say of another of its months.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shift {
    /// To be added to the logarithm of the estimate, in units of the expected spread.
    pub level: f64,
    /// Standard deviation of the error that is left, over that without known months.
    pub narrowing: f64,
}

/// How many errors there are, and what they add up to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sum {
    pub count: f64,
    pub sum: f64,
}

/// Errors of a site's labelled rows in the order of their months, ready to be added up without those of one month.
#[derive(Clone, Debug)]
pub(crate) struct Errors {
    months: Vec<Month>,
    /// Sums of the errors before each row, and of all.
    before: Vec<f64>,
    /// Sums of the errors from each row on. Those of the others are added up apart from a month's own, so that not even their rounding
    /// depends on it.
    from: Vec<f64>,
}

impl Errors {
    /// **Shapes**: a month and an error for each row, in any order; a month may have several rows.
    pub(crate) fn of(mut errors: Vec<(Month, f64)>) -> Self {
        errors.sort_by_key(|(month, _)| *month);
        let mut before = vec![0.0];
        errors.iter().for_each(|(_, error)| before.push(before[before.len() - 1] + error));
        let mut from = vec![0.0; errors.len() + 1];
        errors.iter().enumerate().rev().for_each(|(place, (_, error))| from[place] = from[place + 1] + error);
        Self { months: errors.into_iter().map(|(month, _)| month).collect(), before, from }
    }

    /// The sum of all errors but those of `month`: the same whatever labels its rows have.
    pub(crate) fn without(&self, month: Month) -> Sum {
        let place = self.months.partition_point(|other| *other < month);
        let after = self.months.partition_point(|other| *other <= month);
        Sum { count: (self.months.len() - (after - place)) as f64, sum: self.before[place] + self.from[after] }
    }
}

/// No estimate without known visits grows beyond this.
const MOST_USERS: f64 = 1e12;

/// A point after its shift.
pub struct Shifted {
    /// What the level alone multiplies the point by.
    pub factor: f64,
    /// The point.
    pub point: f64,
    /// Its interval.
    pub interval: (f64, f64),
}

impl Shift {
    /// Moves a point and narrows its interval; `bounds` are those of the level it came from.
    pub fn apply(self, point: f64, log_spread: f64, known_visits: Option<f64>, bounds: (f64, f64)) -> Shifted {
        let factor = (self.level * log_spread.exp()).clamp(-MOST_LOG, MOST_LOG).exp();
        let moved = (point * factor).min(known_visits.unwrap_or(MOST_USERS)).max(point.min(1.0));
        Shifted { factor, point: moved, interval: interval(moved, known_visits, log_spread + self.narrowing.ln(), bounds) }
    }
}

impl SiteLevel {
    /// Checks the variances, which are divided by, and what is left of the errors.
    fn check(&self) -> Soundness {
        /// Errors in units of their expected size; products of two of these are far from where numbers run out.
        const VARIANCES: std::ops::RangeInclusive<f64> = 1e-30..=1e12;
        for variance in [self.between, self.within] {
            ensure(VARIANCES.contains(&variance), "a variance of the site levels", "from 1e-30 to 1e12", variance)?;
        }
        ensure_within("the mean of the site levels", *VARIANCES.end(), [self.mean])?;
        self.scores.check()
    }

    /// Learns from the errors of held-out rows, a list for each site; `None` where too few sites have two months, or share nothing.
    pub fn fit(sites: &[Vec<f64>]) -> Option<Self> {
        let several: Vec<&[f64]> = sites.iter().map(Vec::as_slice).filter(|errors| errors.len() > 1).collect();
        if several.len() < MIN_SITES {
            return None;
        }
        let (low, high) = tails(&several);
        let all = || several.iter().copied().flatten().map(|error| error.clamp(low, high));
        let count = all().count() as f64;
        let mean = all().sum::<f64>() / count;
        let total = all().map(|error| (error - mean).powi(2)).sum::<f64>() / count;
        // Each site counts once, however many months it has.
        let shared = several.iter().map(|errors| {
            let off: Vec<f64> = errors.iter().map(|error| error.clamp(low, high) - mean).collect();
            let (sum, squares) = off.iter().fold((0.0, 0.0), |(sum, squares), off| (sum + off, squares + off * off));
            (sum * sum - squares) / (off.len() * (off.len() - 1)) as f64
        });
        let between = (shared.sum::<f64>() / several.len() as f64).min(total * 0.99);
        if between <= 0.0 {
            return None;
        }
        let mut level = Self { mean, between, within: total - between, scores: Scores::default() };
        let left = several.iter().flat_map(|errors| level.left_over(errors)).map(|value| Score { value, weight: 1.0 }).collect();
        level.scores = Scores::of(left)?;
        Some(level)
    }

    /// What the errors of a site's known months say of its other months.
    pub fn shift(&self, known: &[f64]) -> Shift {
        self.shift_by(Sum { count: known.len() as f64, sum: known.iter().sum() })
    }

    /// The same, of their sum.
    pub fn shift_by(&self, Sum { count, sum }: Sum) -> Shift {
        let mean = sum / count.max(1.0);
        let share = count * self.between / (count * self.between + self.within);
        let left = self.within + self.between * (1.0 - share);
        // What all sites have in common is no site's own, and the calibration has it.
        Shift { level: (mean - self.mean) * share, narrowing: (left / (self.between + self.within)).sqrt() }
    }

    /// Multiples of the narrowed spread that lead from the logarithm of a shifted point to the interval's ends.
    pub fn bounds(&self, level: f64) -> (f64, f64) {
        self.scores.bounds(level)
    }

    /// Each month's error once the others are known, over what was expected to be left of it.
    pub fn left_over<'a>(&'a self, errors: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
        (0..errors.len()).map(move |month| {
            let Shift { level, narrowing } = self.shift(&others(errors, month));
            (errors[month] - level) / narrowing
        })
    }
}

/// All but one.
pub fn others(errors: &[f64], month: usize) -> Vec<f64> {
    errors.iter().enumerate().filter(|(other, _)| *other != month).map(|(_, error)| *error).collect()
}

fn tails(sites: &[&[f64]]) -> (f64, f64) {
    let mut sorted: Vec<f64> = sites.iter().copied().flatten().copied().collect();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
    (at(TAIL), at(1.0 - TAIL))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Errors of sites whose months share a part: evenly spread numbers stand for draws.
    fn sites(between: f64, within: f64) -> Vec<Vec<f64>> {
        let draw = |step: u64, index: u64| (index.wrapping_mul(step) % 10_007) as f64 / 10_007.0 - 0.5;
        (0..2_000)
            .map(|site| (0..4).map(|month| 0.2 + between * draw(7_919, site + 1) + within * draw(6_101, site * 4 + month + 1)).collect())
            .collect()
    }

    #[test]
    fn the_two_variances_are_found() {
        let level = SiteLevel::fit(&sites(2.0, 1.0)).unwrap();
        let uniform = 1.0 / 12.0;
        assert!((level.between / (4.0 * uniform) - 1.0).abs() < 0.1 && (level.within / uniform - 1.0).abs() < 0.2, "{level:?}");
        assert!((level.mean - 0.2).abs() < 0.02);
    }

    #[test]
    fn variances_that_cannot_be_divided_by_are_refused() {
        let sound = SiteLevel::fit(&sites(2.0, 1.0)).unwrap();
        let with = |level: SiteLevel| SiteLevels { visits_known: None, visits_unknown: Some(level) };
        assert_eq!(with(sound.clone()).check(), Ok(()));
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e300] {
            assert!(with(SiteLevel { between: bad, ..sound.clone() }).check().is_err(), "{bad}");
            assert!(with(SiteLevel { within: bad, ..sound.clone() }).check().is_err(), "{bad}");
        }
        assert!(with(SiteLevel { mean: f64::NAN, ..sound.clone() }).check().is_err());
        assert!(with(SiteLevel { scores: Scores::default(), ..sound }).check().is_err());
    }

    #[test]
    fn more_months_move_an_estimate_further_and_narrow_it_more() {
        let level = SiteLevel::fit(&sites(2.0, 1.0)).unwrap();
        let shifts: Vec<Shift> = [1, 2, 8].map(|count| level.shift(&vec![1.2; count])).into();
        assert!(shifts.windows(2).all(|pair| pair[0].level < pair[1].level && pair[0].narrowing > pair[1].narrowing));
        assert!(shifts.iter().all(|shift| shift.level < 1.0 && shift.narrowing < 1.0));
        assert_eq!(level.shift(&[]), Shift { level: 0.0, narrowing: 1.0 });
    }

    #[test]
    fn what_is_left_is_covered() {
        let errors = sites(2.0, 1.0);
        let level = SiteLevel::fit(&errors).unwrap();
        let (low, high) = level.bounds(0.9);
        let left: Vec<f64> = errors.iter().flat_map(|errors| level.left_over(errors)).collect();
        let covered = left.iter().filter(|left| (low..=high).contains(*left)).count() as f64 / left.len() as f64;
        assert!((covered - 0.9).abs() < 0.01, "{covered}");
    }

    #[test]
    fn sites_that_share_nothing_have_no_level() {
        assert_eq!(SiteLevel::fit(&sites(2.0, 1.0)[..20]), None, "too few sites");
        let alternating: Vec<Vec<f64>> = (0..200).map(|_| vec![1.0, -1.0]).collect();
        assert_eq!(SiteLevel::fit(&alternating), None);
    }
}
