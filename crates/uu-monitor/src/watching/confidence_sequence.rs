//! Bounds of a mean that hold at every look at once.

/// Share of streams in which a mean may ever lie outside its bounds; half of it on each side.
const ALPHA: f64 = 0.05;

/// The largest bet on one value: at 1 a single value could ruin the sequence.
const MOST_BET: f64 = 0.5;

/// The empirical-Bernstein confidence sequence of values in `[0, 1]` whose mean, given those before, is the same for each.
///
/// **Source**: Waudby-Smith and Ramdas 2024 (DOI 10.1093/jrsssb/qkad009), theorem 2: bets that were fixed before each value, scaled by the
/// variance so far, make a supermartingale that exceeds `2 / ALPHA` with probability `ALPHA / 2` at most, at any time (Ville).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ConfidenceSequence {
    count: usize,
    sum: f64,
    squares: f64,
    bets: f64,
    bet_values: f64,
    paid: f64,
    low: f64,
    high: f64,
}

impl Default for ConfidenceSequence {
    fn default() -> Self {
        Self { count: 0, sum: 0.0, squares: 0.0, bets: 0.0, bet_values: 0.0, paid: 0.0, low: 0.0, high: 1.0 }
    }
}

impl ConfidenceSequence {
    pub(super) fn add(&mut self, value: f64) {
        // The bet and the guess of the mean come from the values before this one.
        let (guess, before) = (self.guess(), self.count as f64 + 1.0);
        let variance = (0.25 + self.squares) / before;
        let bet = (2.0 * (2.0 / ALPHA).ln() / (variance * before * before.ln_1p())).sqrt().min(MOST_BET);
        self.count += 1;
        self.sum += value;
        self.bets += bet;
        self.bet_values += bet * value;
        self.paid += (value - guess).powi(2) * (-(-bet).ln_1p() - bet);
        self.squares += (value - self.guess()).powi(2);
        let (centre, reach) = (self.bet_values / self.bets, ((2.0 / ALPHA).ln() + self.paid) / self.bets);
        // All bounds hold at once, so what one of them ruled out stays ruled out.
        self.low = self.low.max(centre - reach);
        self.high = self.high.min(centre + reach);
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The mean of the values; one half before there are any.
    pub(super) fn mean(&self) -> f64 {
        if self.count == 0 { 0.5 } else { self.sum / self.count as f64 }
    }

    pub(super) fn bounds(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// The mean, as if one more value had been one half.
    fn guess(&self) -> f64 {
        (0.5 + self.sum) / (self.count as f64 + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uu_core::stats::Draws;

    /// The share of streams whose bounds ever leave out the mean, over streams of values that are 0 or 1: those vary the most.
    #[test]
    fn the_mean_is_hardly_ever_left_out_at_any_look() {
        for mean in [0.1, 0.5, 0.9] {
            let streams = 400;
            let missed = (0..streams).filter(|stream| {
                let (mut draws, mut sequence) = (Draws::new("stream", *stream), ConfidenceSequence::default());
                (0..2_000).any(|_| {
                    sequence.add(f64::from(u8::from(draws.uniform() < mean)));
                    let (low, high) = sequence.bounds();
                    low > mean || high < mean
                })
            });
            let share = missed.count() as f64 / streams as f64;
            assert!(share <= ALPHA, "{mean}: {share}");
        }
    }

    #[test]
    fn bounds_close_in_and_faster_where_values_vary_less() {
        let width = |spread: f64, count: usize| {
            let (mut draws, mut sequence) = (Draws::new("width", 1), ConfidenceSequence::default());
            (0..count).for_each(|_| sequence.add(0.5 + spread * (draws.uniform() - 0.5)));
            sequence.bounds().1 - sequence.bounds().0
        };
        assert!(width(1.0, 4_000) < width(1.0, 400) && width(0.1, 400) < width(1.0, 400));
        assert!(width(0.1, 4_000) < 0.02, "{}", width(0.1, 4_000));
    }
}
