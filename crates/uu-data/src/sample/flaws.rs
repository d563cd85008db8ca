//! What keeps generated data from being clean: unknown values and gross errors.

use uu_core::stats::chance::normal_quantile;
use uu_core::{AvgVisitDuration, BounceRate, PagesPerVisit, Rank, Record, UniqueUsers, Visits};

use super::month::TrueMonth;
use super::random::Draws;
use super::site::{LARGE, Site};
use super::{SOURCE, SampleSettings};

/// How often a value is unknown: `FLOOR + logistic(at_large + per_log * log(200,000 / users))`. A choice: panels and rankings lose
/// small sites, rankings first. At 200,000 users about 5 % of ranks, 6 % of engagement and 4 % of visits are unknown; at 10,000 users
/// 60 %, 46 % and 16 %.
struct Unknown {
    at_large: f64,
    per_log: f64,
}

const FLOOR: f64 = 0.01;
const RANK: Unknown = Unknown { at_large: -3.2, per_log: 1.2 };
const ENGAGEMENT: Unknown = Unknown { at_large: -2.9, per_log: 0.9 };
const VISITS: Unknown = Unknown { at_large: -3.5, per_log: 0.6 };
const CATEGORY: Unknown = Unknown { at_large: -3.5, per_log: 0.4 };

/// Share of months whose bounce rate alone, or duration alone, is unknown.
const ONE_ALONE: f64 = 0.01;

/// Loadings of "is it known" on the site's coverage, on the site's coverage in that field, and on the month. Their squares add up to 1,
/// so that the shares above hold while a site poorly covered in one field is so in the others and in the next month.
const COVERAGE: f64 = 0.6;
const FIELD_COVERAGE: f64 = 0.6;
const MONTH_COVERAGE: f64 = 0.529_150_262_212_918;
const CATEGORY_COVERAGE: f64 = 0.8;

/// Kinds of gross error, equally frequent.
const KINDS: f64 = 6.0;

impl Unknown {
    fn share(&self, users: f64) -> f64 {
        let logit = self.at_large + self.per_log * libm::log(LARGE / users);
        (FLOOR + 1.0 / (1.0 + libm::exp(-logit))).min(0.99)
    }
}

/// The observation of one site: what of its truth comes through.
pub(super) struct Observer<'a> {
    settings: &'a SampleSettings,
    site: &'a Site,
    name: &'a str,
    draws: Draws,
    coverage: f64,
    field_coverage: [f64; 3],
    has_category: bool,
}

impl<'a> Observer<'a> {
    pub(super) fn new(settings: &'a SampleSettings, site: &'a Site, name: &'a str, mut draws: Draws) -> Self {
        let coverage = draws.normal();
        let field_coverage = [draws.normal(), draws.normal(), draws.normal()];
        let category_coverage = COVERAGE * coverage + CATEGORY_COVERAGE * draws.normal();
        let has_category = category_coverage > normal_quantile(CATEGORY.share(site.users));
        Self { settings, site, name, draws, coverage, field_coverage, has_category }
    }

    /// Appends the month as it is observed, twice where the gross error is a repeated row.
    pub(super) fn observe(&mut self, truth: &TrueMonth, records: &mut Vec<Record>) {
        let [rank, engagement, visits] =
            [(RANK, 0), (ENGAGEMENT, 1), (VISITS, 2)].map(|(unknown, field)| self.is_known(&unknown, field, truth));
        let alone = self.draws.uniform();
        let is_labelled = !self.draws.happens(self.settings.unlabelled_share);
        let users = UniqueUsers::new(truth.unique_users).ok();
        let mut record = Record {
            site: Some(Box::from(self.name)),
            source: Some(Box::from(SOURCE)),
            rank_source: rank.then(|| Box::from(SOURCE)),
            rank: Rank::new(truth.rank).ok().filter(|_| rank),
            visits: Visits::new(truth.visits).ok().filter(|_| visits),
            pages_per_visit: PagesPerVisit::new(truth.pages_per_visit).ok().filter(|_| engagement),
            bounce_rate: BounceRate::new(truth.bounce_rate).ok().filter(|_| engagement && alone > ONE_ALONE),
            avg_visit_duration: AvgVisitDuration::new(truth.avg_visit_duration).ok().filter(|_| engagement && alone < 1.0 - ONE_ALONE),
            category: self.has_category.then_some(self.site.behaviour.category),
            unique_users: users.filter(|_| is_labelled),
            ..Record::unknown(truth.month)
        };
        let is_wrong = self.draws.happens(self.settings.gross_error_share);
        let kind = (KINDS * self.draws.uniform()) as u32;
        let size = self.draws.uniform();
        if is_wrong {
            spoil(&mut record, truth, kind, size);
        }
        let is_repeated = is_wrong && kind >= 4;
        if is_repeated {
            records.push(record.clone());
        }
        if is_wrong && kind == 5 {
            // A later figure for the same month, which contradicts the first.
            record.visits = Visits::new((truth.visits * (1.05 + 0.4 * size)).round()).ok();
        }
        records.push(record);
    }

    fn is_known(&mut self, unknown: &Unknown, field: usize, truth: &TrueMonth) -> bool {
        let coverage = COVERAGE * self.coverage + FIELD_COVERAGE * self.field_coverage[field] + MONTH_COVERAGE * self.draws.normal();
        coverage > normal_quantile(unknown.share(truth.unique_users))
    }
}

/// Puts a gross error into the record: well-formed, and known to be there whatever was unknown.
fn spoil(record: &mut Record, truth: &TrueMonth, kind: u32, size: f64) {
    match kind {
        0 => {
            record.visits = Visits::new(truth.visits).ok();
            record.unique_users = record.unique_users.and_then(|_| UniqueUsers::new((truth.visits * (1.1 + 2.0 * size)).round()).ok());
        }
        1 => record.pages_per_visit = PagesPerVisit::new(5e6).ok(),
        2 => record.bounce_rate = BounceRate::new(if size < 0.5 { 0.0 } else { 100.0 }).ok(),
        // Milliseconds taken for seconds.
        3 => record.avg_visit_duration = AvgVisitDuration::new(truth.avg_visit_duration * 1000.0).ok(),
        _ => {}
    }
}
