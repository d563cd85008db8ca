//! What is learned of groups of rows: smoothed means by category, suffix, brand and source.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uu_core::Category;

use super::linear::Linear;
use super::{Column, Statistic};
use crate::checks::{MOST, Soundness, ensure, ensure_increasing, ensure_length, ensure_within};
use crate::host::NO_HOST;
use crate::input::InputBlock;
use crate::input_id::InputId;

/// Everything a stage's columns need beside a row's own inputs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Encoder {
    /// Means by category; the target's come first.
    categories: Vec<(Statistic, Means)>,
    /// The same by suffix of the host.
    suffixes: Vec<(Statistic, Means)>,
    brands: Brands,
    linear: Option<Linear>,
    /// What tells the sources apart, by code: the levels of the stage; means of the target in artifacts of format 1.
    pub source: Vec<f64>,
    /// Mean of the target over all rows.
    overall: f64,
}

/// Smoothed means of one statistic, by code.
///
/// **Missing values**: code 0 stands for unknown and holds NaN, so that an unknown group is missing to the trees as any other
/// unknown input.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Means(Vec<f64>);

/// Means of the target by brand, for the brands there were.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Brands {
    /// Hashes, sorted.
    names: Vec<u64>,
    means: Vec<f64>,
}

/// A mean of this many rows weighs as much as the mean it is shrunk to.
///
/// Chosen by cross-validation by site on real data; 8 to 50 differ by less than 0.1 points of median error.
const SMOOTHING: f64 = 20.0;

/// The same for a brand: its few sites are very much alike.
const BRAND_SMOOTHING: f64 = 1.0;

/// Sum and count of targets.
#[derive(Clone, Copy, Default)]
struct Tally {
    sum: f64,
    count: f64,
}

impl Tally {
    fn add(&mut self, target: f64) {
        self.sum += target;
        self.count += 1.0;
    }

    fn mean(self) -> f64 {
        if self.count > 0.0 { self.sum / self.count } else { 0.0 }
    }

    fn mean_towards(self, prior: f64, smoothing: f64) -> f64 {
        (self.sum + smoothing * prior) / (self.count + smoothing)
    }
}

/// The values of a statistic in every row; NaN where it is unknown.
pub type Values<'a> = (Statistic, &'a [f64]);

/// How many groups of a kind there are, and which of the dearer encodings are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kinds<'a> {
    /// Levels of the sources; see [`source_levels`].
    pub levels: &'a [f64],
    /// Codes of suffixes; 0 where hosts are not learned.
    pub suffixes: usize,
    pub(crate) brands: bool,
    pub(crate) linear: bool,
}

impl<'a> Kinds<'a> {
    /// What `columns` need.
    pub fn of(columns: &[Column], levels: &'a [f64], suffixes: usize) -> Self {
        let has = |wanted: &Column| columns.contains(wanted);
        Self { levels, suffixes, brands: has(&Column::Brand), linear: has(&Column::Linear) }
    }
}

/// How far the mean of each source's targets lies from the mean of all, by the source's code, over the rows `keep` names; few rows say little.
pub fn source_levels(sources: &[u16], targets: &[f64], count: usize, keep: impl Fn(usize) -> bool) -> Vec<f64> {
    let (mut overall, mut by_source) = (Tally::default(), vec![Tally::default(); count + 1]);
    for (_, (&source, &target)) in sources.iter().zip(targets).enumerate().filter(|(row, _)| keep(*row)) {
        overall.add(target);
        by_source[usize::from(source)].add(target);
    }
    by_source.iter().map(|tally| tally.mean_towards(overall.mean(), SMOOTHING) - overall.mean()).collect()
}

impl Encoder {
    /// Fits over the rows `keep` names, every statistic in `values`; the target's come first.
    pub fn fit(block: &InputBlock, values: &[Values<'_>], kinds: Kinds<'_>, keep: impl Fn(usize) -> bool + Copy) -> Self {
        let targets = values.first().map_or(&[][..], |(_, values)| values);
        let mut overall = Tally::default();
        targets.iter().enumerate().filter(|(row, _)| keep(*row)).for_each(|(_, target)| overall.add(*target));
        let overall = overall.mean();
        Self {
            categories: values.iter().map(|(statistic, values)| (*statistic, Means::by_category(block, values, keep))).collect(),
            suffixes: match kinds.suffixes {
                0 => Vec::new(),
                codes => values.iter().map(|(statistic, values)| (*statistic, Means::by_suffix(block, values, codes, keep))).collect(),
            },
            brands: if kinds.brands { Brands::fit(block, targets, overall, keep) } else { Brands::default() },
            linear: kinds.linear.then(|| Linear::fit(block, targets, kinds.suffixes, keep)),
            source: kinds.levels.to_vec(),
            overall,
        }
    }

    /// Gives each input that a statistic is of another id.
    pub fn renumber(&mut self, renumbered: fn(InputId) -> InputId) {
        self.categories.iter_mut().chain(&mut self.suffixes).for_each(|(statistic, _)| statistic.renumber(renumbered));
    }

    /// Checks every number that a column can be looked up in.
    pub(crate) fn check(&self) -> Soundness {
        let tables = self.categories.iter().chain(&self.suffixes).flat_map(|(_, means)| &means.0);
        // What is unknown holds no number.
        ensure_within("a mean of a group", MOST, tables.copied().filter(|mean| !mean.is_nan()))?;
        ensure_length("the means of the brands", self.brands.names.len(), self.brands.means.len())?;
        ensure_increasing("the brands", &self.brands.names)?;
        let others = self.brands.means.iter().chain(&self.source).chain([&self.overall]);
        ensure_within("a mean of a brand or a source", MOST, others.copied().filter(|mean| !mean.is_nan()))?;
        self.linear.as_ref().map_or(Ok(()), Linear::check)
    }

    pub(crate) fn check_category(&self, statistic: Statistic) -> Soundness {
        ensure_has(&self.categories, statistic)
    }

    pub(crate) fn check_suffix(&self, statistic: Statistic) -> Soundness {
        ensure_has(&self.suffixes, statistic)
    }

    pub(crate) fn check_has_linear(&self) -> Soundness {
        ensure(self.linear.is_some(), "the linear model of a column", "among what was learned", "none")
    }

    /// Mean of the target over all rows.
    pub fn overall(&self) -> f64 {
        self.overall
    }

    pub(crate) fn by_category(&self, statistic: Statistic) -> &[f64] {
        of(&self.categories, statistic)
    }

    pub(crate) fn by_suffix(&self, statistic: Statistic) -> &[f64] {
        of(&self.suffixes, statistic)
    }

    pub(crate) fn linear(&self) -> &Linear {
        self.linear.as_ref().expect("a stage's columns use what it was fitted with")
    }

    /// Mean of the target over the other sites of a brand; NaN where there was none.
    pub fn by_brand(&self, brand: u64) -> f64 {
        self.brands.names.binary_search(&brand).map_or(f64::NAN, |place| self.brands.means[place])
    }
}

fn ensure_has(tables: &[(Statistic, Means)], statistic: Statistic) -> Soundness {
    let has = tables.iter().any(|(other, _)| *other == statistic);
    ensure(has, "the statistic of a column", "among those that were learned", "another")
}

fn of(tables: &[(Statistic, Means)], statistic: Statistic) -> &[f64] {
    let found = tables.iter().find(|(other, _)| *other == statistic);
    &found.expect("a stage's columns use the statistics it was fitted with").1.0
}

impl Means {
    /// The category's mean is shrunk to its top's, the top's to the overall mean.
    fn by_category(block: &InputBlock, values: &[f64], keep: impl Fn(usize) -> bool) -> Self {
        let categories = Category::count() + 1;
        let mut overall = Tally::default();
        let (mut by_category, mut by_top) = (vec![Tally::default(); categories], vec![Tally::default(); categories]);
        for (row, &value) in values.iter().enumerate().filter(|(row, value)| !value.is_nan() && keep(*row)) {
            overall.add(value);
            if let Some(category) = Category::from_code(u32::from(block.category[row])) {
                by_category[usize::from(category.code())].add(value);
                by_top[usize::from(category.top().code())].add(value);
            }
        }
        let mut means = vec![f64::NAN; categories];
        for category in Category::all() {
            let (own, top) = (usize::from(category.code()), usize::from(category.top().code()));
            let of_top = by_top[top].mean_towards(overall.mean(), SMOOTHING);
            means[own] = by_category[own].mean_towards(of_top, SMOOTHING);
        }
        Self(means)
    }

    fn by_suffix(block: &InputBlock, values: &[f64], codes: usize, keep: impl Fn(usize) -> bool) -> Self {
        let (mut overall, mut by_code) = (Tally::default(), vec![Tally::default(); codes]);
        for (row, &value) in values.iter().enumerate().filter(|(row, value)| !value.is_nan() && keep(*row)) {
            overall.add(value);
            by_code[usize::from(block.host[row].suffix)].add(value);
        }
        let mut means: Vec<f64> = by_code.iter().map(|tally| tally.mean_towards(overall.mean(), SMOOTHING)).collect();
        means[usize::from(NO_HOST)] = f64::NAN;
        Self(means)
    }
}

impl Brands {
    fn fit(block: &InputBlock, targets: &[f64], overall: f64, keep: impl Fn(usize) -> bool) -> Self {
        let mut tallies = BTreeMap::<u64, Tally>::new();
        for (row, &target) in targets.iter().enumerate().filter(|(row, target)| !target.is_nan() && keep(*row)) {
            let host = &block.host[row];
            if host.is_known() {
                tallies.entry(host.brand).or_default().add(target);
            }
        }
        let (names, means) = tallies.into_iter().map(|(name, tally)| (name, tally.mean_towards(overall, BRAND_SMOOTHING))).unzip();
        Self { names, means }
    }
}
