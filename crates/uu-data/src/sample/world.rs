//! What all generated sites share: the categories and how their visitors behave.

use std::sync::LazyLock;

use uu_core::Category;
use uu_core::stats::chance::normal_quantile;
use uu_core::stats::site_hash;

use super::random::unit_interval;
use super::repeat_visits::RepeatVisits;

/// A top category's behaviour. Its columns:
/// - `share`: percent of sites, before scaling to 1. A choice, of the order of what web directories list; it leans towards categories of
///   few visits per user, because the published quartiles have fewer visits per user (2.05 to 2.34) than the medians beside them.
/// - `visits_per_user`, `pages_per_visit`: medians over the sites of the category in `topsites_2024_12`, aggregates only. News is not in
///   that file; its values are a choice.
/// - `season`, `peak`: amplitude of the yearly wave of log audience, and the month of its crest. A choice.
struct Top {
    name: &'static str,
    share: f64,
    visits_per_user: f64,
    pages_per_visit: f64,
    season: f64,
    peak: u32,
}

const fn top(name: &'static str, share: f64, [visits_per_user, pages_per_visit]: [f64; 2], season: f64, peak: u32) -> Top {
    Top { name, share, visits_per_user, pages_per_visit, season, peak }
}

const TOPS: [Top; 24] = [
    top("Adult", 4.0, [2.43, 5.03], 0.03, 1),
    top("Arts_and_Entertainment", 6.0, [3.35, 4.11], 0.06, 12),
    top("Business_and_Consumer_Services", 6.0, [2.71, 4.46], 0.05, 11),
    top("Community_and_Society", 3.0, [2.49, 2.93], 0.06, 12),
    top("Computers_Electronics_and_Technology", 8.0, [2.84, 4.18], 0.04, 1),
    top("E-commerce_and_Shopping", 9.0, [2.40, 4.74], 0.18, 11),
    top("Finance", 4.0, [2.67, 5.52], 0.07, 3),
    top("Food_and_Drink", 4.0, [1.90, 3.22], 0.12, 12),
    top("Gambling", 2.0, [4.07, 3.89], 0.06, 11),
    top("Games", 4.0, [3.50, 4.04], 0.06, 12),
    top("Health", 5.0, [1.99, 3.12], 0.06, 1),
    top("Heavy_Industry_and_Engineering", 2.5, [2.10, 3.66], 0.06, 3),
    top("Hobbies_and_Leisure", 2.5, [2.22, 4.36], 0.08, 7),
    top("Home_and_Garden", 3.0, [1.80, 3.47], 0.15, 5),
    top("Jobs_and_Career", 2.0, [2.38, 4.25], 0.10, 1),
    top("Law_and_Government", 3.0, [2.34, 3.89], 0.05, 3),
    top("Lifestyle", 5.0, [1.97, 4.34], 0.12, 11),
    top("News_and_Media", 6.0, [2.30, 2.90], 0.03, 11),
    top("Pets_and_Animals", 2.0, [2.03, 3.57], 0.05, 5),
    top("Reference_Materials", 4.0, [2.04, 3.11], 0.15, 11),
    top("Science_and_Education", 6.0, [2.15, 3.34], 0.22, 10),
    top("Sports", 3.0, [2.57, 3.15], 0.10, 9),
    top("Travel_and_Tourism", 5.0, [1.98, 4.15], 0.20, 7),
    top("Vehicles", 4.0, [2.15, 3.74], 0.06, 4),
];

/// Median pages per visit over all of `topsites_2024_12`, against which a category's own median is an offset.
const PAGES_PER_VISIT: f64 = 3.88;

/// Share of sites known by their top category only. A choice.
const TOP_ONLY: f64 = 0.08;

/// Spread of log mean visits between the sub-categories of a top. Their median log visits per user differ by 0.23 within a top in
/// `topsites_2024_12`, and log visits per user moves by about 0.6 per unit of log mean, which would ask for 0.38; half of it is taken,
/// because the noise of a median of some 80 sites is in the 0.23, and the rest is left to the sites.
const SUB_SPREAD: f64 = 0.2;

/// The behaviour of one category, as a site draws from it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Behaviour {
    pub(super) category: Category,
    /// Log of the mean visits of a person of the audience.
    pub(super) log_mean: f64,
    /// Shape of the gamma mixture.
    pub(super) shape: f64,
    /// Log of the category's pages per visit over those of all sites.
    pub(super) depth: f64,
    /// Amplitude of the yearly wave of log audience.
    pub(super) season: f64,
    /// Month of the crest, 1 to 12.
    pub(super) peak: u32,
}

static WORLD: LazyLock<Vec<(f64, Behaviour)>> = LazyLock::new(build);

/// The behaviour of the category at `position` in (0, 1) of all sites laid end to end by category.
pub(super) fn behaviour_at(position: f64) -> Behaviour {
    let index = WORLD.partition_point(|(end, _)| *end < position);
    WORLD[index.min(WORLD.len() - 1)].1
}

fn build() -> Vec<(f64, Behaviour)> {
    let total: f64 = TOPS.iter().map(|top| top.share).sum();
    let mut world = Vec::with_capacity(Category::count());
    let mut end = 0.0;
    for top in &TOPS {
        for (share, behaviour) in behaviours(top) {
            end += share * top.share / total;
            world.push((end, behaviour));
        }
    }
    world
}

/// The categories below a top with their shares of it. Shares and offsets of sub-categories are invented, but fixed: they come from a
/// hash of the name and not from the seed, so that every sample is of the same world.
fn behaviours(top: &Top) -> Vec<(f64, Behaviour)> {
    let code = Category::from_name(top.name).expect("a test finds every top of the table in the taxonomy");
    // Gamma shapes are not in any of the data: fitted shapes of site visits lie between 0.5 and 1, smaller where regulars dominate.
    let shape = 0.9 - 0.15 * (top.visits_per_user - 1.8);
    let plain = Behaviour {
        category: code,
        log_mean: RepeatVisits::log_mean_of(top.visits_per_user, shape),
        shape,
        depth: libm::log(top.pages_per_visit / PAGES_PER_VISIT),
        season: top.season,
        peak: top.peak,
    };
    let subs: Vec<Category> = Category::all().filter(|category| category.top() == code && *category != code).collect();
    if subs.is_empty() {
        return vec![(1.0, plain)];
    }
    let invented = |category: &Category, what| unit_interval(site_hash(category.path(), what));
    let weights: Vec<f64> = subs.iter().map(|category| 0.3 + invented(category, 1)).collect();
    let offsets: Vec<f64> = subs.iter().map(|category| SUB_SPREAD * normal_quantile(invented(category, 2))).collect();
    let total: f64 = weights.iter().sum();
    // Centred, so that the sub-categories leave their top's median where the table has it.
    let centre: f64 = weights.iter().zip(&offsets).map(|(weight, offset)| weight * offset / total).sum();
    let mut behaviours = vec![(TOP_ONLY, plain)];
    for ((category, weight), offset) in subs.iter().zip(&weights).zip(&offsets) {
        let behaviour = Behaviour { category: *category, log_mean: plain.log_mean + offset - centre, ..plain };
        behaviours.push(((1.0 - TOP_ONLY) * weight / total, behaviour));
    }
    behaviours
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_category_of_the_taxonomy_has_sites() {
        let present: BTreeSet<Category> = WORLD.iter().map(|(_, behaviour)| behaviour.category).collect();
        assert_eq!(present.len(), Category::count());
        let last = WORLD.last().unwrap().0;
        assert!((last - 1.0).abs() < 1e-9, "shares add up to {last}");
    }
}
