//! What a site does in one month, nothing of it unknown or wrong.

use uu_core::Month;

use super::random::Draws;
use super::repeat_visits::RepeatVisits;
use super::site::Site;

/// Spread of a month around its site. Google Analytics months of one US federal site, years apart, differ by 0.067 in log visits per user
/// (so 0.11 in log mean, which moves it by 0.6), 0.13 in log pages, 0.23 in log duration and 0.30 in log visits (robust spreads, the last three with trend
/// and season in them); a site's months here are neighbours, so somewhat less is taken for those three.
const AUDIENCE_NOISE: f64 = 0.12;
const LOG_MEAN_NOISE: f64 = 0.11;
const BOUNCE_NOISE: f64 = 0.12;
const PAGES_NOISE: f64 = 0.10;
const DURATION_NOISE: f64 = 0.15;
const RANK_NOISE: f64 = 0.15;

/// The power law of rank: `log rank = centre - scale * log traffic`. The weights below add up to 0.95 without pages, so rank falls as
/// users^-1.03, near the inverse of the published users = 26,400 (rank / 10^6)^-0.96. The centre is fitted to the published quartiles
/// of rank, which ask for half as many users again at the median as that law has.
const RANK_CENTRE: f64 = 25.55;
const RANK_SCALE: f64 = 1.08;

/// Weights of log visits, log users and log pages in the traffic that rank follows. A least squares fit of log rank in `topsites_2024_12`
/// gives 0.8, 0.15 and 0.4, but there rank was made of the same visits; the rank of the published quartiles (Alexa's) was a mean of users
/// and page views. These stand between, and give log visits per user its -0.27 with log rank.
const RANK_WEIGHTS: [f64; 3] = [0.60, 0.35, 0.25];

/// The true values of a site in a month, rounded as they will be written.
#[derive(Clone, Copy, Debug)]
pub(super) struct TrueMonth {
    pub(super) month: Month,
    pub(super) visits: f64,
    pub(super) unique_users: f64,
    pub(super) rank: f64,
    pub(super) pages_per_visit: f64,
    /// Percent.
    pub(super) bounce_rate: f64,
    /// Seconds.
    pub(super) avg_visit_duration: f64,
}

/// Draws a month; `offset` counts from the site's first.
pub(super) fn draw(site: &Site, month: Month, offset: u32, draws: &mut Draws) -> TrueMonth {
    let from_middle = f64::from(offset) - 0.5 * f64::from(site.months - 1);
    let log_audience = site.log_audience + site.trend * from_middle + season(site, month) + AUDIENCE_NOISE * draws.normal();
    let log_mean = site.log_mean + LOG_MEAN_NOISE * draws.normal();
    let model = RepeatVisits { mean: libm::exp(log_mean), shape: site.shape };
    let (unique_users, visits) = users_and_visits(libm::exp(log_audience), model, draws);

    let bounce_logit = site.bounce_logit + BOUNCE_NOISE * draws.normal();
    let bounce_rate = rounded(100.0 / (1.0 + libm::exp(-bounce_logit)), 100.0);
    let bounced = bounce_rate / 100.0;
    let pages_beyond = libm::exp(site.log_pages_beyond + PAGES_NOISE * draws.normal());
    // A bounced visit has one page, any other two or more; rounded up, so that rounding cannot break pages >= 2 - bounce.
    let pages_per_visit = (1e4 * (bounced + (1.0 - bounced) * (2.0 + pages_beyond))).ceil() / 1e4;
    let avg_visit_duration = rounded(libm::exp(site.log_duration + DURATION_NOISE * draws.normal()), 100.0);

    let [by_visits, by_users, by_pages] = RANK_WEIGHTS;
    let log_traffic = by_visits * libm::log(visits) + by_users * libm::log(unique_users) + by_pages * libm::log(pages_per_visit);
    let log_rank = RANK_CENTRE - RANK_SCALE * log_traffic + site.log_rank + RANK_NOISE * draws.normal();
    let rank = libm::exp(log_rank).round().max(1.0);
    TrueMonth { month, visits, unique_users, rank, pages_per_visit, bounce_rate, avg_visit_duration }
}

fn season(site: &Site, month: Month) -> f64 {
    let months_from_peak = f64::from(month.month_of_year()) - f64::from(site.behaviour.peak);
    site.behaviour.season * libm::cos(std::f64::consts::TAU * months_from_peak / 12.0)
}

/// Unique users and their visits out of an audience: binomial, then a sum of zero-truncated negative binomials.
///
/// Both are drawn as normals of the exact mean and variance. With hundreds of users or more the error of that is far below the noise
/// of a month, and the number of draws stays the same for every site.
fn users_and_visits(audience: f64, model: RepeatVisits, draws: &mut Draws) -> (f64, f64) {
    let reach = model.reach();
    let spread = (audience * reach * (1.0 - reach)).sqrt();
    let users = (audience * reach + spread * draws.normal()).round().max(1.0);
    let spread = (users * model.variance_per_user()).sqrt();
    let visits = (users * model.visits_per_user() + spread * draws.normal()).round().max(users);
    (users, visits)
}

fn rounded(value: f64, steps_per_unit: f64) -> f64 {
    (value * steps_per_unit).round() / steps_per_unit
}
