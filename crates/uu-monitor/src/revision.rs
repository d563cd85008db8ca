//! Labels that are known and come again with other values: a correction errs to both sides, and a shift that goes one way is a change of what is counted,
//! or of who counts.
//!
//! The champion cannot notice a shift that comes in steps, since each step is within what it allows and moves it. So new rows are compared with the
//! labels they would replace, and with the first ones that were known of the same site-months, which no step moves.
//!
//! Labels are compared by themselves and over their visits: a model learns the ratio, which other visits shift as well as other users. Sites are counted,
//! not rows, since months of one site err together; each has the median of its months.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use uu_core::stats::chance::binomial_bounds;
use uu_core::stats::median;
use uu_core::{Record, UniqueUsers, Visits};
use uu_data::Dataset;

/// Level of the sign test. One in a thousand honest corrections is set aside; eleven sites that all move one way are enough.
const LEVEL: f64 = 0.999;

/// Share of the known sites with labels that must be revised: fewer cannot move a typical estimate, and corrections of a few sites often go one way.
const LEAST_SHARE: f64 = 0.05;

/// Factor of the median beyond which a shift matters. Counts that are revised once a month is complete move by a few percent; a tenth is what the
/// drift of observations is told from.
const LEAST_FACTOR: f64 = 1.1;

/// Factors nearer to one are rounding.
const SAME: f64 = 1e-6;

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Revised {
    /// Unique users.
    Users,
    /// Unique users over visits.
    UsersPerVisit,
}

/// What new labels are compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Before {
    /// Those they would replace.
    Latest,
    /// Those that were known first, and all that came since with them.
    First,
}

/// Labels of known site-months that have other values now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Revision {
    /// What is compared.
    pub of: Revised,
    /// With what.
    pub before: Before,
    /// Site-months with another value.
    pub rows: usize,
    /// Their sites.
    pub sites: usize,
    /// Sites with known labels.
    pub known_sites: usize,
    /// Sites whose median is lower.
    pub lower: usize,
    /// Sites whose median is higher.
    pub higher: usize,
    /// Median over the sites of new over known.
    pub median_factor: f64,
}

impl Revision {
    /// Whether it goes one way, beyond chance and by enough to move estimates.
    #[must_use]
    pub fn is_a_shift(&self) -> bool {
        let is_much = self.median_factor.max(1.0 / self.median_factor) > LEAST_FACTOR;
        let are_many = self.sites as f64 >= LEAST_SHARE * self.known_sites as f64;
        let (low, high) = binomial_bounds(self.higher, self.lower + self.higher, LEVEL);
        is_much && are_many && (low > 0.5 || high < 0.5)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rows, sites, lower, higher, .. } = self;
        let of = match self.of {
            Revised::Users => "unique users",
            Revised::UsersPerVisit => "unique users per visit",
        };
        let known = match self.before {
            Before::Latest => "known",
            Before::First => "known first",
        };
        write!(
            formatter,
            "{of} of {rows} known site-months are revised one way: of {sites} sites {lower} are lower and {higher} higher, in the median {:.2} times what was {known} \
             (between {:.2} and {LEAST_FACTOR:.2} passes)",
            self.median_factor,
            1.0 / LEAST_FACTOR
        )
    }
}

/// The first revision by `new` that is a shift; `None` where none is.
///
/// `known` are the rows as they are, and those as they were known first. Rows without a site have no month that could come again.
#[must_use]
pub fn shift((latest, first): (&Dataset, &Dataset), new: &Dataset) -> Option<Revision> {
    let of_latest = Known::of(latest.records());
    let of_first = Known::of(first.records());
    // What was revised before counts towards the shift, but never sets rows aside that revise nothing themselves.
    let all = Known::of(latest.records().iter().chain(new.records()));
    let revised =
        new.records().iter().filter_map(Known::entry).any(|(key, label)| of_first.0.get(&key).is_some_and(|known| *known != label));
    let compared = [Revised::Users, Revised::UsersPerVisit].into_iter().flat_map(|of| {
        let by_itself = of_latest.revised(of, Before::Latest, new.records().iter().filter_map(Known::entry));
        let in_all = revised.then(|| of_first.revised(of, Before::First, all.0.iter().map(|(key, label)| (*key, *label)))).flatten();
        [by_itself, in_all]
    });
    compared.flatten().find(Revision::is_a_shift)
}

/// Of which row.
type Key<'a> = (Option<&'a str>, &'a str, uu_core::Month);

/// A label and the visits beside it.
type Label = (f64, Option<f64>);

/// Labels by source, site and month.
struct Known<'a>(BTreeMap<Key<'a>, Label>);

impl<'a> Known<'a> {
    /// Of two records of one key the later one counts.
    fn of(records: impl IntoIterator<Item = &'a Record>) -> Self {
        Self(records.into_iter().filter_map(Self::entry).collect())
    }

    fn entry(record: &'a Record) -> Option<(Key<'a>, Label)> {
        let users = record.unique_users.map(UniqueUsers::get).filter(|users| *users > 0.0)?;
        let visits = record.visits.map(Visits::get).filter(|visits| *visits > 0.0);
        Some(((record.source.as_deref(), record.site.as_deref()?, record.month), (users, visits)))
    }

    /// How `new` revises these; `None` where it does not.
    fn revised<'b>(&self, of: Revised, before: Before, new: impl Iterator<Item = (Key<'b>, Label)>) -> Option<Revision>
    where
        'a: 'b,
    {
        let mut by_site: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        let mut rows = 0;
        for (key, label) in new {
            let Some(log) = self.0.get(&key).and_then(|known| Some((on(of, label)? / on(of, *known)?).ln())) else { continue };
            if log.abs() > SAME {
                rows += 1;
                by_site.entry(key.1).or_default().push(log);
            }
        }
        let mut medians: Vec<f64> = by_site.into_values().map(|mut logs| median(&mut logs)).collect();
        if medians.is_empty() {
            return None;
        }
        Some(Revision {
            of,
            before,
            rows,
            sites: medians.len(),
            known_sites: self.0.keys().map(|(_, site, _)| *site).collect::<BTreeSet<&str>>().len(),
            lower: medians.iter().filter(|log| **log < 0.0).count(),
            higher: medians.iter().filter(|log| **log > 0.0).count(),
            median_factor: median(&mut medians).exp(),
        })
    }
}

fn on(of: Revised, (users, visits): Label) -> Option<f64> {
    match of {
        Revised::Users => Some(users),
        Revised::UsersPerVisit => Some(users / visits?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use uu_core::stats::Draws;
    use uu_testkit::models::dataset;

    /// The rows with each label times what `factor` gives.
    fn times(rows: &Dataset, mut factor: impl FnMut(usize) -> f64) -> Dataset {
        let change = |(row, record): (usize, &Record)| {
            let users = record.unique_users.and_then(|users| UniqueUsers::new((users.get() * factor(row)).max(1.0)).ok());
            Record { unique_users: users, ..record.clone() }
        };
        Dataset::new(Vec::new(), rows.records().iter().enumerate().map(change).collect())
    }

    fn shift_of(new: &Dataset) -> Option<Revision> {
        let known = dataset(300);
        shift((&known, &known), new)
    }

    #[rstest]
    #[case(0.5)]
    #[case(0.85)]
    #[case(1.2)]
    #[case(2.0)]
    fn a_shift_one_way_is_noticed(#[case] factor: f64) {
        let found = shift_of(&times(&dataset(300), |_| factor)).unwrap();
        assert_eq!((found.of, found.before, found.lower == 0), (Revised::Users, Before::Latest, factor > 1.0), "{found}");
        assert!((found.median_factor / factor - 1.0).abs() < 0.02 && found.sites > 100, "{found}");
    }

    #[test]
    fn other_visits_beside_the_same_users_are_a_shift_of_what_is_learned() {
        let more =
            |record: &Record| Record { visits: record.visits.and_then(|visits| Visits::new(visits.get() * 1.4).ok()), ..record.clone() };
        let rows = Dataset::new(Vec::new(), dataset(300).records().iter().map(more).collect());
        assert_eq!(shift_of(&rows).unwrap().of, Revised::UsersPerVisit);
    }

    #[test]
    fn corrections_to_both_sides_small_ones_and_those_of_few_sites_pass() {
        let rows = dataset(300);
        let mut draws = Draws::new("noise", 1);
        assert_eq!(shift_of(&times(&rows, |_| (0.5 * draws.normal()).exp())), None, "noise");
        assert_eq!(shift_of(&times(&rows, |_| 0.95)), None, "a few percent");
        let few = rows.some_sites(9, 1);
        assert_eq!(shift_of(&times(&few, |_| 0.3)), None, "nine sites of three hundred");
        assert_eq!(shift_of(&rows), None, "the same again");
        assert_eq!(shift_of(&Dataset::new(Vec::new(), Vec::new())), None);
    }

    #[test]
    fn steps_that_are_small_each_are_one_shift_from_what_was_known_first() {
        let first = dataset(300);
        let latest = times(&first, |_| 0.93);
        let step = times(&latest, |_| 0.95);
        let found = shift((&latest, &first), &step).unwrap();
        assert_eq!(found.before, Before::First, "{found}");
        let others = Dataset::new(Vec::new(), uu_testkit::models::unseen(50).records().to_vec());
        assert_eq!(shift((&step, &first), &others), None, "rows that revise nothing are not held liable");
    }
}
