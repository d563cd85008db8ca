//! Which visits go together with a rank: what the two, given side by side, are checked by.
//!
//! A rank is a position among sites, so it says about how many visits a site has, up to a factor. Along the logarithm of the rank the
//! training data give the middle of the visits' logarithms (medians, made monotone) and how far the tails on both sides lie from it. A
//! pair is contradictory where it lies beyond the tails times a factor that all but [`FLAGGED`] of the rows stay within, each judged by
//! a fit without it.

use serde::{Deserialize, Serialize};

use crate::artifact::{ArtifactError, RANK_VISITS_SECTION};
use crate::checks::{MOST_LOG, Soundness, ensure, ensure_increasing, ensure_length, ensure_within};

/// Share of honest pairs that are flagged, about: few enough to be believed, enough to notice five times the visits at a rank among the first hundred.
const FLAGGED: f64 = 0.003;

/// Pairs without which nothing is learned.
const MIN_PAIRS: usize = 300;

/// No pair is contradictory that lies within this factor of the middle, however tight the training data are.
const LEAST_FACTOR: f64 = 4.0;

/// How the bounds go on beyond the ranks of the training data: visits may fall with the rank this much slower, and this much faster, as powers.
const SLOPES: (f64, f64) = (-0.5, -1.5);

/// No logarithm of a bound is farther from zero: it stays a number where it is raised again.
const MOST_BOUND: f64 = 300.0;

/// The visits that go with a rank, all on the scale of natural logarithms.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RankVisits {
    /// Increasing.
    ranks: Vec<f64>,
    /// Not increasing, as `high`.
    low: Vec<f64>,
    high: Vec<f64>,
}

impl RankVisits {
    /// Reads them out of an artifact's section.
    pub fn read(section: &[u8]) -> Result<Self, ArtifactError> {
        let unreadable = |error: &dyn std::fmt::Display| ArtifactError::unreadable(RANK_VISITS_SECTION, error);
        let learned: Self = postcard::from_bytes(section).map_err(|error| unreadable(&error))?;
        learned.check().map_err(|error| unreadable(&error))?;
        Ok(learned)
    }

    /// Checks that there are bounds at every rank, and that they enclose something.
    fn check(&self) -> Soundness {
        ensure_length("the lower bounds of visits", self.ranks.len(), self.low.len())?;
        ensure_length("the upper bounds of visits", self.ranks.len(), self.high.len())?;
        // Beyond the ranks of the data the bounds part further.
        ensure_within("the ranks of the bounds of visits", MOST_LOG, self.ranks.iter().copied())?;
        ensure_within("the bounds of visits", MOST_BOUND, self.low.iter().chain(&self.high).copied())?;
        ensure_increasing("the ranks of the bounds of visits", &self.ranks)?;
        let crossed = self.low.iter().zip(&self.high).position(|(low, high)| low > high);
        crossed
            .map_or(Ok(()), |place| ensure(false, "a lower bound of visits", "below the upper one", format_args!("more at place {place}")))
    }

    /// The range of visits that go with `rank`, where `visits` lie outside it.
    pub fn contradicted(&self, rank: f64, visits: f64) -> Option<(f64, f64)> {
        let (rank, visits) = (rank.ln(), visits.max(1.0).ln());
        let (low, high) = self.bounds(rank);
        (visits < low || visits > high).then(|| (readable(low.exp()), readable(high.exp())))
    }

    fn bounds(&self, rank: f64) -> (f64, f64) {
        let (Some(&first), Some(&last)) = (self.ranks.first(), self.ranks.last()) else { return (f64::NEG_INFINITY, f64::INFINITY) };
        let (slow, fast) = SLOPES;
        if rank <= first {
            return (self.low[0] + slow * (rank - first), self.high[0] + fast * (rank - first));
        }
        let end = self.ranks.len() - 1;
        if rank >= last {
            return (self.low[end] + fast * (rank - last), self.high[end] + slow * (rank - last));
        }
        let above = self.ranks.partition_point(|knot| *knot <= rank);
        let share = (rank - self.ranks[above - 1]) / (self.ranks[above] - self.ranks[above - 1]);
        let between = |bound: &[f64]| bound[above - 1] + (bound[above] - bound[above - 1]) * share;
        (between(&self.low), between(&self.high))
    }
}

/// Two significant digits: the bounds are no sharper than that.
fn readable(visits: f64) -> f64 {
    let unit = 10f64.powf(visits.max(1.0).log10().floor() - 1.0).max(1.0);
    (visits / unit).round() * unit
}

mod fitting {
    use super::{FLAGGED, LEAST_FACTOR, MIN_PAIRS, RankVisits};

    /// A row's logarithms of rank and visits, and a number that depends on nothing but the row.
    pub type Pair = (f64, f64, u64);

    /// Parts of the rows; each is judged by a fit on the others.
    const FOLDS: u64 = 5;

    /// Share of the rows on each side that counts as a tail.
    const TAIL: f64 = 0.02;

    /// Width on the rank's scale and rows, at least, of the bins that the middle and the tails are taken over.
    const OF_MIDDLE: (f64, usize) = (0.25, 15);
    const OF_TAILS: (f64, usize) = (0.75, 60);

    /// A line through points, level beyond its ends.
    struct Line(Vec<(f64, f64)>);

    /// The middle, continued as a power of -1 beyond its ends, and the tails on both sides.
    struct Fit {
        middle: Line,
        below: Line,
        above: Line,
    }

    impl RankVisits {
        /// Learns from rows that know both; `None` where they are too few.
        pub fn fit(mut pairs: Vec<Pair>) -> Option<Self> {
            if pairs.len() < MIN_PAIRS {
                return None;
            }
            pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
            let mut scores: Vec<f64> = Vec::with_capacity(pairs.len());
            for fold in 0..FOLDS {
                let (held_out, others): (Vec<Pair>, Vec<Pair>) = pairs.iter().copied().partition(|(_, _, key)| key % FOLDS == fold);
                let fit = Fit::of(&others);
                scores.extend(held_out.iter().map(|pair| fit.score(*pair)));
            }
            let factor = quantile(scores, 1.0 - FLAGGED).max(1.0);
            Some(Fit::of(&pairs).frozen(factor))
        }
    }

    impl Fit {
        fn of(sorted: &[Pair]) -> Self {
            let middle = bins(sorted, OF_MIDDLE).into_iter().map(|bin| {
                (quantile(bin.iter().map(|pair| pair.0).collect(), 0.5), quantile(bin.iter().map(|pair| pair.1).collect(), 0.5))
            });
            let middle = Line(not_increasing(&middle.collect::<Vec<_>>()));
            let (mut below, mut above) = (Vec::new(), Vec::new());
            for bin in bins(sorted, OF_TAILS) {
                let rank = quantile(bin.iter().map(|pair| pair.0).collect(), 0.5);
                let off: Vec<f64> = bin.iter().map(|pair| pair.1 - middle_at(&middle, pair.0)).collect();
                below.push((rank, (-quantile(off.clone(), TAIL)).max(LEAST_TAIL)));
                above.push((rank, quantile(off, 1.0 - TAIL).max(LEAST_TAIL)));
            }
            Self { middle, below: Line(below), above: Line(above) }
        }

        /// How many tails off the middle a pair lies.
        fn score(&self, (rank, visits, _): Pair) -> f64 {
            let off = visits - middle_at(&self.middle, rank);
            if off < 0.0 { -off / self.below.at(rank) } else { off / self.above.at(rank) }
        }

        /// The bounds at every knot, made monotone by widening them.
        fn frozen(&self, factor: f64) -> RankVisits {
            let mut ranks: Vec<f64> =
                [&self.middle, &self.below, &self.above].into_iter().flat_map(|line| line.0.iter().map(|(rank, _)| *rank)).collect();
            ranks.sort_unstable_by(f64::total_cmp);
            ranks.dedup();
            let off = |line: &Line, rank: f64| (line.at(rank) * factor).max(LEAST_FACTOR.ln());
            let mut low: Vec<f64> = ranks.iter().map(|&rank| middle_at(&self.middle, rank) - off(&self.below, rank)).collect();
            let mut high: Vec<f64> = ranks.iter().map(|&rank| middle_at(&self.middle, rank) + off(&self.above, rank)).collect();
            (1..low.len()).for_each(|knot| low[knot] = low[knot].min(low[knot - 1]));
            (1..high.len()).rev().for_each(|knot| high[knot - 1] = high[knot - 1].max(high[knot]));
            RankVisits { ranks, low, high }
        }
    }

    /// No tail is thinner: where rank and visits are all but one number, the factor would be taken of nothing.
    const LEAST_TAIL: f64 = 0.2;

    impl Line {
        fn at(&self, place: f64) -> f64 {
            let above = self.0.partition_point(|(knot, _)| *knot <= place);
            if above == 0 || above == self.0.len() {
                return self.0[above.saturating_sub(1)].1;
            }
            let ((from, low), (to, high)) = (self.0[above - 1], self.0[above]);
            low + (high - low) * (place - from) / (to - from)
        }
    }

    fn middle_at(middle: &Line, rank: f64) -> f64 {
        let (first, last) = (middle.0[0].0, middle.0[middle.0.len() - 1].0);
        middle.at(rank) - (rank - rank.clamp(first, last))
    }

    /// Neighbouring rows by steps of the rank, each of so many at least.
    fn bins(sorted: &[Pair], (step, least): (f64, usize)) -> Vec<&[Pair]> {
        let mut bins: Vec<&[Pair]> = Vec::new();
        let mut start = 0;
        for place in 1..sorted.len() {
            // Equal ranks stay together, so that a bin's middle is further on than the last one's.
            let is_new = sorted[place].0 > sorted[place - 1].0;
            if is_new && sorted[place].0 >= sorted[start].0 + step && place - start >= least {
                bins.push(&sorted[start..place]);
                start = place;
            }
        }
        if sorted.len() - start < least
            && let Some(last) = bins.pop()
        {
            start -= last.len();
        }
        bins.push(&sorted[start..]);
        bins
    }

    /// The nearest values that do not increase, by pooling neighbours that do.
    fn not_increasing(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
        let mut pools: Vec<(f64, usize)> = Vec::new();
        for (_, value) in points {
            pools.push((*value, 1));
            while let [.., (before, first), (after, second)] = pools[..]
                && before < after
            {
                pools.truncate(pools.len() - 2);
                let count = first + second;
                pools.push(((before * first as f64 + after * second as f64) / count as f64, count));
            }
        }
        let values = pools.into_iter().flat_map(|(value, count)| std::iter::repeat_n(value, count));
        points.iter().zip(values).map(|((place, _), value)| (*place, value)).collect()
    }

    fn quantile(mut values: Vec<f64>, probability: f64) -> f64 {
        values.sort_unstable_by(f64::total_cmp);
        values[((values.len() - 1) as f64 * probability).round() as usize]
    }
}

pub use fitting::Pair;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::OnceLock;

    /// Visits as a power of the rank, up to a factor that evenly spread numbers stand for; ranks from 10 to a million.
    fn pairs(count: u64) -> Vec<Pair> {
        let draw = |step: u64, index: u64| (index.wrapping_mul(step) % 10_007) as f64 / 10_007.0;
        let pair = |index: u64| {
            let rank = (10f64.ln() + draw(7_919, index + 1) * 1e5f64.ln()).exp().round().ln();
            let noise: f64 = (0..4).map(|more| draw(6_101 + 2 * more, index * 7 + more + 1) - 0.5).sum();
            (rank, 24.0 - rank + noise, index)
        };
        (0..count).map(pair).collect()
    }

    fn learned() -> &'static RankVisits {
        static LEARNED: OnceLock<RankVisits> = OnceLock::new();
        LEARNED.get_or_init(|| RankVisits::fit(pairs(5_000)).expect("enough pairs"))
    }

    #[test]
    fn honest_pairs_are_left_alone_and_gross_contradictions_are_not() {
        let flagged =
            pairs(20_000).into_iter().skip(5_000).filter(|(rank, visits, _)| learned().contradicted(rank.exp(), visits.exp()).is_some());
        assert!((flagged.count() as f64) < 0.005 * 15_000.0);
        let usual = |rank: f64| (24.0 - rank.ln()).exp();
        for rank in [10.0, 58.0, 3_000.0, 1e6] {
            assert!(
                learned().contradicted(rank, usual(rank) * 30.0).is_some() && learned().contradicted(rank, usual(rank) / 30.0).is_some(),
                "{rank}"
            );
            assert_eq!(learned().contradicted(rank, usual(rank)), None, "{rank}");
        }
        let (low, high) = learned().contradicted(10.0, 100.0).unwrap();
        assert!(low < usual(10.0) && usual(10.0) < high && high < usual(10.0) * 30.0, "{low} {high}");
    }

    #[test]
    fn bounds_that_enclose_nothing_are_refused() {
        assert_eq!(learned().check(), Ok(()));
        let spoilt: [fn(&mut RankVisits); 5] = [
            |bounds| bounds.low.truncate(1),
            |bounds| bounds.high.truncate(1),
            |bounds| bounds.ranks.reverse(),
            |bounds| bounds.low[0] = f64::NAN,
            |bounds| bounds.low[0] = bounds.high[0] + 1.0,
        ];
        for spoil in spoilt {
            let mut bounds = learned().clone();
            spoil(&mut bounds);
            assert!(bounds.check().is_err());
            let bytes = postcard::to_stdvec(&bounds).unwrap();
            assert!(matches!(RankVisits::read(&bytes), Err(ArtifactError::Unreadable { .. })));
        }
    }

    #[test]
    fn few_pairs_teach_nothing_and_pairs_that_are_all_but_one_number_leave_room() {
        assert_eq!(RankVisits::fit(pairs(200)), None);
        let exact =
            RankVisits::fit((1..1_000).map(|rank| (f64::from(rank).ln(), 20.0 - f64::from(rank).ln(), u64::from(rank as u32))).collect())
                .unwrap();
        assert_eq!(exact.contradicted(50.0, 20f64.exp() / 50.0 * 3.5), None);
        assert!(exact.contradicted(50.0, 20f64.exp() / 50.0 * 10.0).is_some());
        let one_rank =
            RankVisits::fit((0..1_000).map(|row| (3.0, 10.0 + f64::from(row) / 1_000.0, u64::from(row as u32))).collect()).unwrap();
        assert_eq!(one_rank.contradicted(3f64.exp(), 10.5f64.exp()), None);
    }

    proptest! {
        #[test]
        fn a_better_rank_never_goes_with_fewer_visits_and_bounds_widen_beyond_the_seen_ranks(a in 0.0f64..25.0, b in 0.0f64..25.0) {
            let (better, worse) = (learned().bounds(a.min(b)), learned().bounds(a.max(b)));
            prop_assert!(better.0 >= worse.0 - 1e-9 && better.1 >= worse.1 - 1e-9);
            prop_assert!(better.0 < better.1);
            let width = |(low, high): (f64, f64)| high - low;
            if a.min(b) > 14.0 || a.max(b) < 2.0 {
                let (nearer, farther) = if a.min(b) > 14.0 { (better, worse) } else { (worse, better) };
                prop_assert!(width(farther) >= width(nearer) - 1e-9);
            }
        }

        #[test]
        fn the_order_of_rows_changes_nothing(seed: u64) {
            let rows = pairs(400);
            let order = uu_core::stats::Draws::new("order", seed).permutation(rows.len());
            prop_assert_eq!(RankVisits::fit(order.into_iter().map(|row| rows[row]).collect()), RankVisits::fit(rows));
        }
    }
}
