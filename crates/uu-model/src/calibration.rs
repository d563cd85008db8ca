//! Intervals: how far the truth lay from the estimate on sites held out whole, for each pattern of known inputs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::checks::{Soundness, ensure, ensure_length, ensure_within};
use crate::pattern::Pattern;

/// Points of the stored quantile function of a pattern's scores.
const GRID: usize = 257;

/// A pattern with fewer scores than this borrows those of a pattern that knows less: its extreme quantiles would be guesses.
pub(crate) const MIN_SCORES: usize = 200;

/// Scores whose ranks can be told apart: of one alone there is no distribution.
const LEAST_COUNT: usize = 2;

/// Scores of a continued model from which on they calibrate a pattern alone. Their 5 % tails then hold some 50 each, and the bounds are
/// certain to about a point of coverage; of 200, to two.
const ENOUGH_ALONE: f64 = 1_000.0;

/// Scores by pattern: signed errors of the logarithm of the estimate, each over the spread expected for its row.
///
/// **Source**: split conformal prediction with normalised scores (Lei et al. 2018, DOI 10.1080/01621459.2017.1307116), conditional on
/// the pattern of missing inputs (Zaffran et al. 2023). The two tails are calibrated apart, half of the miscoverage each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    patterns: BTreeMap<Pattern, Scores>,
}

/// A held-out row's score, and how many rows of its pattern it stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// The standardised error.
    pub value: f64,
    /// Rows it stands for.
    pub weight: f64,
}

/// The distribution of scores.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Scores {
    /// Scores of equal weight that would be as certain: Kish's effective sample size.
    count: usize,
    /// The quantile function at `GRID` evenly spaced probabilities.
    quantiles: Vec<f32>,
}

impl Calibration {
    /// Quantiles by pattern.
    pub(crate) fn new(patterns: BTreeMap<Pattern, Scores>) -> Self {
        Self { patterns }
    }

    /// Calibrates every pattern that has enough scores.
    pub fn fit(scores: BTreeMap<Pattern, Vec<Score>>) -> Self {
        let patterns = scores.into_iter().filter_map(|(pattern, scores)| Some((pattern, Scores::of(scores)?))).collect();
        Self { patterns }
    }

    /// The same where the scores of each pattern come from so few sites; see `Scores::of_few_sites`.
    ///
    /// **Shapes**: a number of sites for each pattern that was calibrated.
    pub fn of_few_sites(&self, sites: &BTreeMap<Pattern, f64>) -> Self {
        let widened = |(pattern, scores): (&Pattern, &Scores)| (*pattern, scores.of_few_sites(sites.get(pattern).copied().unwrap_or(1.0)));
        Self { patterns: self.patterns.iter().map(widened).collect() }
    }

    /// This calibration with scores of a model that continues its own: pattern by pattern, its distribution makes up what they are too
    /// few for.
    pub fn continued(&self, scores: BTreeMap<Pattern, Vec<Score>>) -> Self {
        let mut patterns = self.patterns.clone();
        for (pattern, scores) in scores {
            let continued = match self.patterns.get(&pattern) {
                Some(own) => own.continued(scores),
                None => Scores::of(scores),
            };
            patterns.extend(continued.map(|scores| (pattern, scores)));
        }
        Self { patterns }
    }

    /// Checks every distribution.
    pub(crate) fn check(&self) -> Soundness {
        self.patterns.values().try_for_each(Scores::check)
    }

    /// Multiples of the spread that lead from the logarithm of the point to the interval's ends: `(low, high)`, low <= 0 <= high.
    ///
    /// A pattern that was not calibrated takes the widest of the largest calibrated patterns it contains.
    pub fn bounds(&self, pattern: Pattern, level: f64) -> (f64, f64) {
        if let Some(scores) = self.patterns.get(&pattern) {
            return scores.bounds(level);
        }
        let contained = self.patterns.iter().filter(|(other, _)| pattern.contains(**other));
        let largest = contained.clone().map(|(other, _)| other.size()).max();
        let widest = |bounds: (f64, f64), other: (f64, f64)| (bounds.0.min(other.0), bounds.1.max(other.1));
        match largest {
            Some(size) => {
                contained.filter(|(other, _)| other.size() == size).map(|(_, scores)| scores.bounds(level)).fold((0.0, 0.0), widest)
            }
            None => self.patterns.values().map(|scores| scores.bounds(level)).fold((0.0, 0.0), widest),
        }
    }
}

impl Scores {
    /// Checks that every level has an interval, and a higher one no narrower one.
    pub(crate) fn check(&self) -> Soundness {
        ensure_length("the quantiles of scores", GRID, self.quantiles.len())?;
        ensure(self.count >= LEAST_COUNT, "the number of scores", format_args!("at least {LEAST_COUNT}"), self.count)?;
        ensure_within("the quantiles of scores", f64::from(f32::MAX), self.quantiles.iter().map(|score| f64::from(*score)))?;
        ensure(self.quantiles.is_sorted(), "the quantiles of scores", "in order", "a smaller one after a larger one")
    }

    /// The distribution, where there are enough.
    pub(crate) fn of(mut scores: Vec<Score>) -> Option<Self> {
        if scores.len() < MIN_SCORES {
            return None;
        }
        scores.sort_unstable_by(|a, b| a.value.total_cmp(&b.value).then(a.weight.total_cmp(&b.weight)));
        Some(Self { count: effective_count(&scores), quantiles: quantiles(&scores) })
    }

    /// A mixture of the new scores and this distribution, in proportion to how many of [`ENOUGH_ALONE`] there are; `None` of none.
    fn continued(&self, mut scores: Vec<Score>) -> Option<Self> {
        let share = (scores.len() as f64 / ENOUGH_ALONE).min(1.0);
        if scores.is_empty() || share >= 1.0 {
            return Self::of(scores);
        }
        scores.sort_unstable_by(|a, b| a.value.total_cmp(&b.value).then(a.weight.total_cmp(&b.weight)));
        let count = effective_count(&scores) + (self.count as f64 * (1.0 - share)).round() as usize;
        let total: f64 = scores.iter().map(|score| score.weight).sum();
        scores.iter_mut().for_each(|score| score.weight *= share / total);
        let weight = (1.0 - share) / self.quantiles.len() as f64;
        scores.extend(self.quantiles.iter().map(|value| Score { value: f64::from(*value), weight }));
        scores.sort_unstable_by(|a, b| a.value.total_cmp(&b.value).then(a.weight.total_cmp(&b.weight)));
        Some(Self { count, quantiles: quantiles(&scores) })
    }

    /// This distribution, widened to what so many sites can tell of another one.
    ///
    /// Rows of one site err together: however many there are of it, a site is one draw. With `n` sites the quantile at `1 - a` of all rows is
    /// exceeded by rows of another site more often than `a`; that at `(1 - a) (n + 1) / n` is not, on average over sites. Where that lies
    /// beyond 1 no score is large enough, and the outermost one is extended in proportion.
    ///
    /// **Source**: hierarchical conformal prediction (Lee, Barber & Willett 2023, arXiv 2306.06342; Dunn, Wasserman & Ramdas 2022, DOI
    /// 10.1080/01621459.2022.2060112).
    fn of_few_sites(&self, sites: f64) -> Self {
        let at = |tail: f64| -> (usize, f64, f64) {
            let moved = 1.0 - (1.0 - tail) * (sites + 1.0) / sites;
            let position = moved.max(0.0) * (GRID - 1) as f64;
            let below = (position.floor() as usize).min(GRID - 2);
            (below, position - below as f64, 1.0 + (-moved).max(0.0))
        };
        let between = |from: f32, to: f32, share: f64| f64::from(from) + (f64::from(to) - f64::from(from)) * share;
        let last = GRID - 1;
        let quantile = |index: usize| {
            let probability = index as f64 / last as f64;
            let value = if probability <= 0.5 {
                let (below, share, beyond) = at(probability);
                let value = between(self.quantiles[below], self.quantiles[below + 1], share);
                if value < 0.0 { value * beyond } else { value }
            } else {
                let (below, share, beyond) = at(1.0 - probability);
                let value = between(self.quantiles[last - below], self.quantiles[last - below - 1], share);
                if value > 0.0 { value * beyond } else { value }
            };
            value as f32
        };
        Self { count: self.count, quantiles: (0..GRID).map(quantile).collect() }
    }

    /// The conformal ranks `floor((n + 1) a)` and `ceil((n + 1) (1 - a))`, kept within the scores there are.
    pub(crate) fn bounds(&self, level: f64) -> (f64, f64) {
        let tail = (1.0 - level) / 2.0;
        let count = self.count as f64;
        let low_rank = ((count + 1.0) * tail).floor().max(1.0);
        let high_rank = ((count + 1.0) * (1.0 - tail)).ceil().min(count);
        let probability = |rank: f64| (rank - 1.0) / (count - 1.0);
        let at = |probability: f64| {
            let position = probability * (GRID - 1) as f64;
            let below = (position.floor() as usize).min(GRID - 2);
            let (a, b) = (f64::from(self.quantiles[below]), f64::from(self.quantiles[below + 1]));
            a + (b - a) * (position - below as f64)
        };
        (at(probability(low_rank)).min(0.0), at(probability(high_rank)).max(0.0))
    }
}

fn effective_count(scores: &[Score]) -> usize {
    let (sum, squares) =
        scores.iter().fold((0.0, 0.0), |(sum, squares), score| (sum + score.weight, squares + score.weight * score.weight));
    ((sum * sum / squares).round() as usize).max(LEAST_COUNT)
}

/// The quantile function of sorted scores at `GRID` evenly spaced probabilities, interpolated between neighbours.
///
/// A score stands at the middle of its own weight, the first at probability 0 and the last at 1: of equal weights that is score `i` of
/// `n` at `i / (n - 1)`.
fn quantiles(sorted: &[Score]) -> Vec<f32> {
    let (first, last) = (sorted[0].weight / 2.0, sorted[sorted.len() - 1].weight / 2.0);
    let total: f64 = sorted.iter().map(|score| score.weight).sum::<f64>() - first - last;
    let mut places = Vec::with_capacity(sorted.len());
    let mut below = -first;
    for score in sorted {
        places.push((below + score.weight / 2.0) / total);
        below += score.weight;
    }
    let at = |index: usize| {
        let probability = index as f64 / (GRID - 1) as f64;
        let above = places.partition_point(|place| *place < probability).clamp(1, sorted.len() - 1);
        let (from, to) = (places[above - 1], places[above]);
        let share = ((probability - from) / (to - from)).clamp(0.0, 1.0);
        let (low, high) = (sorted[above - 1].value, sorted[above].value);
        (low + (high - low) * share) as f32
    };
    (0..GRID).map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uu_core::Field;

    fn even_scores(count: usize) -> Vec<Score> {
        (0..count).map(|index| Score { value: index as f64 / (count - 1) as f64 * 2.0 - 1.0, weight: 1.0 }).collect()
    }

    #[test]
    fn a_score_of_a_weight_stands_for_as_many_scores() {
        let sorted = |weights: &dyn Fn(usize) -> f64, copies: &dyn Fn(usize) -> usize| -> Vec<Score> {
            let of = |index: usize| std::iter::repeat_n(Score { value: index as f64, weight: weights(index) }, copies(index));
            (0..400).flat_map(of).collect()
        };
        let heavy = quantiles(&sorted(&|index| if index < 100 { 3.0 } else { 1.0 }, &|_| 1));
        let copied = quantiles(&sorted(&|_| 1.0, &|index| if index < 100 { 3 } else { 1 }));
        let furthest = heavy.iter().zip(&copied).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(furthest < 1.01, "{furthest}");
    }

    #[test]
    fn the_ends_are_the_conformal_ranks() {
        let calibration = Calibration::fit(BTreeMap::from([(Pattern::NOTHING, even_scores(1001))]));
        let (low, high) = calibration.bounds(Pattern::NOTHING, 0.9);
        assert!((low + 0.9).abs() < 0.005 && (high - 0.9).abs() < 0.005, "{low} {high}");
    }

    #[test]
    fn a_pattern_without_scores_borrows_from_the_largest_it_contains() {
        let (visits, rank) = (Pattern::of(&[Field::Visits]), Pattern::of(&[Field::Rank]));
        let wide = even_scores(500).into_iter().map(|score| Score { value: score.value * 3.0, ..score }).collect();
        let calibration =
            Calibration::fit(BTreeMap::from([(Pattern::NOTHING, wide), (visits, even_scores(500)), (rank, even_scores(100))]));
        let both = Pattern::of(&[Field::Visits, Field::Rank]);
        assert_eq!(calibration.bounds(both, 0.8), calibration.bounds(visits, 0.8));
        assert_eq!(calibration.bounds(rank, 0.8), calibration.bounds(Pattern::NOTHING, 0.8), "100 scores are too few");
    }

    #[test]
    fn scores_without_an_interval_at_every_level_are_refused() {
        let sound = Scores::of(even_scores(500)).unwrap();
        assert_eq!(sound.check(), Ok(()));
        let spoilt: [fn(&mut Scores); 5] = [
            |scores| scores.count = 1,
            |scores| scores.quantiles.truncate(1),
            |scores| scores.quantiles.reverse(),
            |scores| scores.quantiles[0] = f32::NAN,
            |scores| scores.quantiles[256] = f32::INFINITY,
        ];
        for spoil in spoilt {
            let mut scores = sound.clone();
            spoil(&mut scores);
            let calibration = Calibration { patterns: BTreeMap::from([(Pattern::NOTHING, scores)]) };
            assert!(calibration.check().is_err());
        }
    }

    #[test]
    fn the_fewer_the_sites_the_wider_the_interval() {
        let calibration = Calibration::fit(BTreeMap::from([(Pattern::NOTHING, even_scores(2_001))]));
        let high = |sites: f64, level: f64| {
            let widened = calibration.of_few_sites(&BTreeMap::from([(Pattern::NOTHING, sites)]));
            let (low, high) = widened.bounds(Pattern::NOTHING, level);
            assert!((low + high).abs() < 0.01, "{low} {high}");
            high
        };
        let highs = [1e9, 59.0, 30.0, 20.0, 10.0, 6.0].map(|sites| high(sites, 0.9));
        assert!((highs[0] - 0.9).abs() < 0.01 && highs.windows(2).all(|pair| pair[0] < pair[1] + 1e-6), "{highs:?}");
        assert!((highs[1] - (2.0 * 0.95 * 60.0 / 59.0 - 1.0)).abs() < 0.01, "{highs:?}");
        assert!(highs[5] > 1.0, "beyond every score there is: {highs:?}");
        assert!(high(6.0, 0.99) >= high(6.0, 0.9) && high(6.0, 0.9) >= high(6.0, 0.5));
    }

    #[test]
    fn new_scores_take_over_as_they_become_many() {
        let champion = Calibration::fit(BTreeMap::from([(Pattern::NOTHING, even_scores(5_000))]));
        let high = |count: usize| {
            let wide = even_scores(count.max(2)).into_iter().take(count).map(|score| Score { value: score.value * 3.0, ..score });
            champion.continued(BTreeMap::from([(Pattern::NOTHING, wide.collect())])).bounds(Pattern::NOTHING, 0.9).1
        };
        let highs: Vec<f64> = [0, 100, 400, 1_000, 5_000].map(high).into();
        assert_eq!(highs[0], champion.bounds(Pattern::NOTHING, 0.9).1, "nothing new, nothing changed");
        assert!(highs.windows(2).all(|pair| pair[0] <= pair[1] + 0.01), "{highs:?}");
        assert!((highs[3] - 2.7).abs() < 0.05 && (highs[4] - 2.7).abs() < 0.02, "{highs:?}");
        let rank = Pattern::of(&[Field::Rank]);
        let few = champion.continued(BTreeMap::from([(rank, even_scores(100))]));
        assert_eq!(few.bounds(rank, 0.9), champion.bounds(rank, 0.9), "a pattern that was not calibrated needs enough of its own");
    }

    proptest! {
        #[test]
        fn a_higher_level_contains_a_lower_one(
            scores in proptest::collection::vec((-5.0f64..5.0, 0.1f64..5.0), 200..400), a in 0.5f64..0.99, b in 0.5f64..0.99,
        ) {
            let scores = scores.into_iter().map(|(value, weight)| Score { value, weight }).collect();
            let calibration = Calibration::fit(BTreeMap::from([(Pattern::NOTHING, scores)]));
            let (inner, outer) = (calibration.bounds(Pattern::NOTHING, a.min(b)), calibration.bounds(Pattern::NOTHING, a.max(b)));
            prop_assert!(outer.0 <= inner.0 && inner.0 <= 0.0 && 0.0 <= inner.1 && inner.1 <= outer.1);
        }
    }
}
