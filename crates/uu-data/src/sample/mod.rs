//! Generated site-months, for trying the product and for testing it without anybody's data.
//!
//! The model, its sources and what it reaches are described in `data/README.md`. In short: a site has a category, a size, a loyalty and
//! a depth; unique users and visits follow a repeat-visit model (negative binomial, truncated at zero) whose mean rises with loyalty;
//! pages, bounce rate, duration and rank follow from the same factors.
//!
//! **Invariant**: a site's rows depend on its number and the settings, never on how many sites there are, on the machine or on
//! what was drawn before.

mod flaws;
mod month;
mod random;
mod repeat_visits;
mod site;
#[cfg(test)]
mod tests;
mod world;

use uu_core::Record;
use uu_core::stats::site_hash;

use self::flaws::Observer;
use self::random::{Draws, Purpose};
use self::site::Site;

/// The source, and the rank source, of every generated record.
pub const SOURCE: &str = uu_core::GENERATED;

/// The sample that ships with the product: `data/sample.parquet`, 10,000 sites of seed 1.
pub const BUNDLED: &[u8] = include_bytes!("../../../../data/sample.parquet");

/// Keeps the draws of a site apart from its fold, which is hashed from the same name and often the same seed.
const NOT_A_FOLD: u64 = 0x9FB2_1C65_1E98_DF25;

/// What to generate.
///
/// | name | default | range | purpose |
/// | --- | --- | --- | --- |
/// | `sites` | 10,000 | 0 or more | number of sites, of four months each on average |
/// | `seed` | 1 | any | another seed, other sites |
/// | `unlabelled_share` | 0 | 0 to 1 | share of months whose unique users are unknown |
/// | `gross_error_share` | 0.003 | 0 to 1 | share of months with a gross error |
/// | `small_site_share` | 0.25 | 0 to 1 | share of sites below 200,000 users, down to 500 |
///
/// A share outside its range acts as the end it lies beyond.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleSettings {
    /// Number of sites.
    pub sites: u64,
    /// Seed of all draws.
    pub seed: u64,
    /// Share of months whose unique users are unknown.
    pub unlabelled_share: f64,
    /// Share of months with a gross error.
    pub gross_error_share: f64,
    /// Share of sites below 200,000 users.
    pub small_site_share: f64,
}

impl Default for SampleSettings {
    fn default() -> Self {
        Self { sites: 10_000, seed: 1, unlabelled_share: 0.0, gross_error_share: 0.003, small_site_share: 0.25 }
    }
}

/// Generates site-months, site by site and month by month, in constant memory.
///
/// The same settings give the same records on every machine, and more sites leave the first ones as they were. Gross errors are among
/// them on purpose (more users than visits, 5,000,000 pages per visit, repeated months): clean the records as any others.
pub fn generate(settings: &SampleSettings) -> impl Iterator<Item = Record> + Send + use<> {
    let settings = settings.clone();
    (0..settings.sites).flat_map(move |number| site_records(&settings, number))
}

fn site_records(settings: &SampleSettings, number: u64) -> Vec<Record> {
    let name = format!("site-{number:07}.example");
    let site_seed = site_hash(&name, settings.seed ^ NOT_A_FOLD);
    let site = Site::draw(&mut Draws::new(site_seed, Purpose::Site), settings.small_site_share);
    let mut months = Draws::new(site_seed, Purpose::Months);
    let mut observer = Observer::new(settings, &site, &name, Draws::new(site_seed, Purpose::Flaws));
    let mut records = Vec::with_capacity(site.months as usize + 1);
    for offset in 0..site.months {
        let month = site.first_month.plus(offset).expect("the window lies in the calendar");
        observer.observe(&month::draw(&site, month, offset, &mut months), &mut records);
    }
    records
}
