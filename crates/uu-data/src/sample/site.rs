//! What is drawn once per site: its size, its audience's loyalty, its depth, and how it changes.

use uu_core::Month;
use uu_core::stats::chance::normal_quantile;

use super::random::Draws;
use super::repeat_visits::RepeatVisits;
use super::world::{Behaviour, behaviour_at};

/// Users that separate the sites the published quartiles describe from the smaller ones.
pub(super) const LARGE: f64 = 200_000.0;

/// Log of a large site's users over [`LARGE`]: lognormal up to its upper quartile. The published quartiles 371 k, 582 k and 1.18 M give
/// ln ln ratios of -0.48, 0.07 and 0.57, that is a centre of 0.05 and a spread of 0.78; months that cross the line shift the fit a little.
const EXCESS_LOG_CENTRE: f64 = -0.011;
const EXCESS_LOG_SPREAD: f64 = 0.816;

/// Beyond the upper quartile users fall off as a Pareto law of index 1: users follow rank^-0.96 over the whole web.
const TAIL_INDEX: f64 = 1.0;

/// The largest site's users, some 3 billion: `topsites_2024_12` ends there, and so do the persons on the net.
const MOST_USERS: f64 = 3e9;

/// Small sites: users fall below [`LARGE`] by an exponential factor of this mean log, down to the least. A choice that puts half of them
/// above 70,000 and one in thirty below 2,500.
const SMALL_LOG_MEAN: f64 = 1.5;
const LEAST_USERS: f64 = 500.0;

/// Loyalty is skewed: `(exp(h z) - 1) / h`. Log visits per user has a skewness of 1.4 within a category in `topsites_2024_12`.
const LOYALTY_SKEW: f64 = 0.35;

/// All sites' log mean visits against the table of categories. The published figures have 2.2 visits per user where the table's medians
/// average 2.4; this meets them half-way: medians by category some 7 % low, quartiles of visits some 7 % high, of users some 6 % low.
const LOG_MEAN_OFFSET: f64 = -0.16;

/// Loadings of log mean visits on loyalty and depth: with the category they give log visits per user a spread within categories of 0.4
/// (0.57 in `topsites_2024_12`, but the published quartiles of visits and users leave room for no more) and a correlation with log pages of 0.48.
const LOG_MEAN_LOYALTY: f64 = 0.54;
const LOG_MEAN_DEPTH: f64 = 0.05;

/// Bounds of log mean visits, for sites without end: they keep visits per user between 1.003 and some 80, where `topsites_2024_12` ends at 76.
const LOG_MEAN_RANGE: [f64; 2] = [-6.0, 4.2];

/// Spread of the log shape between sites. A choice: no data tells.
const SHAPE_SPREAD: f64 = 0.25;

/// Logit of the bounce rate, log of the pages beyond two of a visit that does not bounce, log duration: centre, and loadings on the
/// category's depth, on loyalty, on the site's depth and on a draw of its own. Fitted by least squares to the published quartiles and to
/// the three Pearson correlations, the own draws being fixed beforehand.
const BOUNCE: Loadings = Loadings { centre: 0.114, category: -0.40, loyalty: -0.134, depth: -0.613, own: 0.50 };
const PAGES_BEYOND: Loadings = Loadings { centre: 1.071, category: 1.0, loyalty: 0.491, depth: 0.723, own: 0.35 };
const DURATION: Loadings = Loadings { centre: 5.045, category: 0.0, loyalty: 0.078, depth: 0.789, own: 0.35 };

/// Deviations of log pages bend towards this bound, so that the deepest of 40,000 months has about the published 105 pages.
const PAGES_BOUND: f64 = 5.0;

/// Spread of the growth of log audience per month. A choice: two sites in five gain or lose a fifth within a year.
const TREND_SPREAD: f64 = 0.02;

/// Spread of log rank around the power law between sites: with the month's part it gives the published quartiles of rank.
const RANK_SPREAD: f64 = 0.60;

/// Months a site can be seen in: two years from January 2021, around the month of the published figures.
const FIRST_YEAR: u32 = 2021;
const WINDOW: u32 = 24;
const MOST_MONTHS: u32 = 12;
/// Ratio of the truncated geometric distribution of the number of months, whose mean is then 4.0.
const MONTHS_RATIO: f64 = 0.79;

struct Loadings {
    centre: f64,
    category: f64,
    loyalty: f64,
    depth: f64,
    own: f64,
}

/// One site, before any month of it.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) behaviour: Behaviour,
    /// Users of a typical month.
    pub(super) users: f64,
    /// Log of the persons who might come, seen or not.
    pub(super) log_audience: f64,
    pub(super) log_mean: f64,
    pub(super) shape: f64,
    pub(super) bounce_logit: f64,
    pub(super) log_pages_beyond: f64,
    pub(super) log_duration: f64,
    /// Deviation of log rank from the power law.
    pub(super) log_rank: f64,
    /// Growth of log audience per month.
    pub(super) trend: f64,
    pub(super) first_month: Month,
    pub(super) months: u32,
}

impl Site {
    pub(super) fn draw(draws: &mut Draws, small_site_share: f64) -> Self {
        let behaviour = behaviour_at(draws.uniform());
        let is_small = draws.happens(small_site_share);
        let users = users(is_small, draws.uniform());
        let loyalty = (libm::exp(LOYALTY_SKEW * draws.normal()) - 1.0) / LOYALTY_SKEW;
        let depth = draws.normal();
        let shape = behaviour.shape * libm::exp(SHAPE_SPREAD * draws.normal());
        let log_mean = behaviour.log_mean + LOG_MEAN_OFFSET + LOG_MEAN_LOYALTY * loyalty + LOG_MEAN_DEPTH * depth;
        let log_mean = log_mean.clamp(LOG_MEAN_RANGE[0], LOG_MEAN_RANGE[1]);
        let typical = RepeatVisits { mean: libm::exp(log_mean), shape };
        let mut load = |loadings: &Loadings| {
            loadings.category * behaviour.depth + loadings.loyalty * loyalty + loadings.depth * depth + loadings.own * draws.normal()
        };
        let (bounce, pages, duration) = (load(&BOUNCE), load(&PAGES_BEYOND), load(&DURATION));
        let months = months(draws.uniform());
        let last_start = f64::from(WINDOW - months + 1);
        let start = (draws.uniform() * last_start) as u32;
        Self {
            behaviour,
            users,
            log_audience: libm::log(users / typical.reach()),
            log_mean,
            shape,
            bounce_logit: BOUNCE.centre + bounce,
            log_pages_beyond: PAGES_BEYOND.centre + bent(pages, PAGES_BOUND),
            log_duration: DURATION.centre + duration,
            log_rank: RANK_SPREAD * draws.normal(),
            trend: TREND_SPREAD * draws.normal(),
            first_month: Month::new(FIRST_YEAR, 1).and_then(|month| month.plus(start)).expect("the window lies in the calendar"),
            months,
        }
    }
}

/// `deviation` where it is small, never beyond `bound`.
fn bent(deviation: f64, bound: f64) -> f64 {
    let part = deviation / bound;
    deviation / (1.0 + part * part).sqrt()
}

fn users(is_small: bool, position: f64) -> f64 {
    if is_small {
        // P(log(LARGE / users) > y) = exp(-y / mean), cut off at the least number of users.
        let deepest = 1.0 - libm::exp(libm::log(LEAST_USERS / LARGE) / SMALL_LOG_MEAN);
        return LARGE * libm::exp(SMALL_LOG_MEAN * libm::log1p(-position * deepest));
    }
    LARGE * libm::exp(log_excess(position))
}

fn log_excess(position: f64) -> f64 {
    const UPPER_QUARTILE: f64 = 0.75;
    let body = |position| libm::exp(EXCESS_LOG_CENTRE + EXCESS_LOG_SPREAD * normal_quantile(position));
    if position < UPPER_QUARTILE {
        return body(position);
    }
    let start = body(UPPER_QUARTILE);
    let mass = -libm::expm1(-TAIL_INDEX * (libm::log(MOST_USERS / LARGE) - start));
    let within = (position - UPPER_QUARTILE) / (1.0 - UPPER_QUARTILE);
    start - libm::log1p(-within * mass) / TAIL_INDEX
}

fn months(position: f64) -> u32 {
    let total: f64 = (1..=MOST_MONTHS).map(weight_of_months).sum();
    let mut below = 0.0;
    for months in 1..MOST_MONTHS {
        below += weight_of_months(months) / total;
        if position < below {
            return months;
        }
    }
    MOST_MONTHS
}

fn weight_of_months(months: u32) -> f64 {
    (0..months).fold(1.0, |weight, _| weight * MONTHS_RATIO)
}
