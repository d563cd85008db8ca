//! What months of one site have in common, learned and judged on sites held out whole.

use std::collections::BTreeMap;

use uu_model::Group;
use uu_model::components::{InputId, Judged, Shifted, SiteLevel, SiteLevels, others};

use super::held_out::HeldOut;
use super::table::Table;

/// Held-out rows by site and source, each as a place in [`HeldOut`] with its error over its expected spread.
type Sites = Vec<Vec<(usize, f64)>>;

/// The same by the site and the code of its source.
type BySite<'a> = BTreeMap<(&'a str, u16), Vec<(usize, f64)>>;

/// Held-out rows of the sites with several known months, apart for rows that know their visits and rows that do not.
pub(super) struct Months<'a> {
    held_out: &'a HeldOut,
    log_spread: &'a [f64],
    visits_known: Sites,
    visits_unknown: Sites,
}

impl<'a> Months<'a> {
    /// Rows as they came, and the same with their visits hidden where they had them.
    pub(super) fn new(table: &Table<'_>, held_out: &'a HeldOut, log_spread: &'a [f64]) -> Self {
        let mut by_site: [BySite<'_>; 2] = Default::default();
        for (index, log_spread) in log_spread.iter().enumerate() {
            let (row, pattern) = (held_out.rows[index], held_out.patterns[index]);
            let came = table.patterns[row];
            let Some(site) = table.dataset.records()[row].site.as_deref() else { continue };
            let knows_visits = pattern.knows(InputId::VISITS);
            if pattern == if knows_visits { came } else { came.without(InputId::VISITS) } {
                let error = held_out.residual(index) / log_spread.exp();
                by_site[usize::from(knows_visits)].entry((site, table.block.source[row])).or_default().push((index, error));
            }
        }
        let [visits_unknown, visits_known] = by_site.map(|sites| sites.into_values().filter(|months| months.len() > 1).collect());
        Self { held_out, log_spread, visits_known, visits_unknown }
    }

    /// The levels, from all folds or all but one.
    pub(super) fn levels(&self, without: Option<usize>) -> SiteLevels {
        let fit = |sites: &Sites| {
            let seen = sites.iter().filter(|months| Some(self.held_out.folds[months[0].0]) != without);
            SiteLevel::fit(&seen.map(|months| errors(months)).collect::<Vec<_>>())
        };
        SiteLevels { visits_known: fit(&self.visits_known), visits_unknown: fit(&self.visits_unknown) }
    }

    /// Months of sites that have several, each estimated alone (as `apart` has it) and with the users of the others known.
    pub(super) fn judged(&self, apart: &[Judged], levels: &[SiteLevels], interval_level: f64) -> Vec<Group> {
        [("visits known", true, &self.visits_known), ("visits unknown", false, &self.visits_unknown)]
            .into_iter()
            .flat_map(|(name, known, sites)| {
                let (mut alone, mut together) = (Vec::new(), Vec::new());
                for months in sites {
                    let Some(level) = levels[self.held_out.folds[months[0].0]].of(known) else { continue };
                    alone.extend(months.iter().map(|(index, _)| apart[*index]));
                    together.extend(self.together(months, level, interval_level));
                }
                let groups = [(format!("{name}, each month alone"), alone), (format!("{name}, users of the others known"), together)];
                groups.into_iter().filter_map(|(name, judged)| Group::of(name, &judged)).collect::<Vec<_>>()
            })
            .collect()
    }

    fn together<'m>(&'m self, months: &'m [(usize, f64)], level: &'m SiteLevel, interval_level: f64) -> impl Iterator<Item = Judged> + 'm {
        let errors = errors(months);
        months.iter().enumerate().map(move |(month, (index, _))| {
            let shift = level.shift(&others(&errors, month));
            let (point, visits) = (self.held_out.points[*index], self.held_out.known_visits[*index]);
            let Shifted { point, interval, .. } = shift.apply(point, self.log_spread[*index], visits, level.bounds(interval_level));
            Judged { actual: self.held_out.actual[*index], point, interval }
        })
    }
}

fn errors(months: &[(usize, f64)]) -> Vec<f64> {
    months.iter().map(|(_, error)| *error).collect()
}
