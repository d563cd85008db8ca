//! The tree-structured Parzen estimator: the next trial is taken where good trials are dense and bad ones are not.
//!
//! **Source**: Bergstra, Bardenet, Bengio and Kégl, "Algorithms for Hyper-Parameter Optimization", NIPS 2011, section 4; each
//! hyperparameter on its own, as there.

use uu_core::stats::Draws;

use super::space::Dimension;

/// Share of the trials that count as good.
const GOOD_SHARE: f64 = 0.25;

/// Places that compete for the next trial.
const COMPETITORS: usize = 24;

/// Trials at random before the densities are believed, beside the one at the start values.
fn random_trials(budget: usize) -> usize {
    (budget / 3).clamp(2, 10)
}

/// Proposes trials within a budget.
pub(super) struct Tpe<'a> {
    space: &'a [Dimension],
    budget: usize,
    draws: Draws,
    /// Places and losses of the trials so far.
    trials: Vec<(Vec<f64>, f64)>,
}

impl<'a> Tpe<'a> {
    pub(super) fn new(space: &'a [Dimension], budget: usize, seed: u64) -> Self {
        Self { space, budget, draws: Draws::new("tpe", seed), trials: Vec::new() }
    }

    /// The hyperparameters of the next trial.
    pub(super) fn propose(&mut self) -> Vec<f64> {
        let places: Vec<f64> = match self.trials.len() {
            // As they are: a place on a logarithmic scale gives back nearly the same.
            0 => return self.space.iter().map(|dimension| dimension.start).collect(),
            tried if tried <= random_trials(self.budget) => self.space.iter().map(|_| self.draws.uniform()).collect(),
            _ => (0..self.space.len()).map(|index| self.promising(index)).collect(),
        };
        self.space.iter().zip(places).map(|(dimension, place)| dimension.at(place)).collect()
    }

    /// The trial's loss, the lower the better.
    pub(super) fn learn(&mut self, hyperparameters: &[f64], loss: f64) {
        let places = self.space.iter().zip(hyperparameters).map(|(dimension, value)| dimension.place(*value)).collect();
        self.trials.push((places, loss));
    }

    /// The competitor with the greatest quotient of the good trials' density and the others'.
    fn promising(&mut self, index: usize) -> f64 {
        let mut sorted: Vec<&(Vec<f64>, f64)> = self.trials.iter().collect();
        sorted.sort_by(|a, b| a.1.total_cmp(&b.1));
        let good = ((sorted.len() as f64 * GOOD_SHARE).ceil() as usize).max(1);
        let density = |trials: &[&(Vec<f64>, f64)]| Density::of(trials.iter().map(|(places, _)| places[index]).collect());
        let (good, bad) = (density(&sorted[..good]), density(&sorted[good..]));
        let mut best = (f64::NEG_INFINITY, 0.5);
        for _ in 0..COMPETITORS {
            let place = good.draw(&mut self.draws);
            let quotient = good.at(place).ln() - bad.at(place).ln();
            if quotient > best.0 {
                best = (quotient, place);
            }
        }
        best.1
    }
}

/// Gaussian kernels at the trials, and an even one over the range, so that no place is impossible.
struct Density {
    centres: Vec<f64>,
    width: f64,
}

impl Density {
    fn of(centres: Vec<f64>) -> Self {
        // Few trials see little: their kernels are wide.
        let width = (0.5 / (centres.len() as f64).sqrt()).clamp(0.05, 0.3);
        Self { centres, width }
    }

    fn at(&self, place: f64) -> f64 {
        let kernel = |centre: &f64| (-0.5 * ((place - centre) / self.width).powi(2)).exp() / (self.width * std::f64::consts::TAU.sqrt());
        (1.0 + self.centres.iter().map(kernel).sum::<f64>()) / (self.centres.len() as f64 + 1.0)
    }

    fn draw(&self, draws: &mut Draws) -> f64 {
        let kernel = draws.below(self.centres.len() + 1);
        match self.centres.get(kernel) {
            // A draw beyond the end comes back from it, so that the ends are not preferred.
            Some(centre) => reflected(centre + self.width * draws.normal()),
            None => draws.uniform(),
        }
    }
}

fn reflected(place: f64) -> f64 {
    let folded = place.rem_euclid(2.0);
    if folded > 1.0 { 2.0 - folded } else { folded }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tuning::space::Spread;

    fn loss_after(budget: usize, seed: u64, random: bool) -> f64 {
        let dimension = |name| Dimension { name, low: 0.0, high: 1.0, spread: Spread::Linear, start: 0.5 };
        let space = [dimension("a"), dimension("b")];
        let loss = |at: &[f64]| (at[0] - 0.83).powi(2) + (at[1] - 0.12).powi(2);
        let (mut tpe, mut draws) = (Tpe::new(&space, budget, seed), Draws::new("random", seed));
        let mut best = f64::INFINITY;
        for _ in 0..budget {
            let at = if random { vec![draws.uniform(), draws.uniform()] } else { tpe.propose() };
            best = best.min(loss(&at));
            tpe.learn(&at, loss(&at));
        }
        best
    }

    #[test]
    fn it_finds_lower_losses_than_random_trials() {
        let mean = |random| (0..40).map(|seed| loss_after(40, seed, random).sqrt()).sum::<f64>() / 40.0;
        let (tpe, random) = (mean(false), mean(true));
        assert!(tpe < random * 0.7, "{tpe} {random}");
    }

    #[test]
    fn the_first_trial_is_what_one_would_take_without_tuning() {
        let space = [Dimension { name: "a", low: 1.0, high: 100.0, spread: Spread::LogWhole, start: 31.0 }];
        assert_eq!(Tpe::new(&space, 10, 1).propose(), [31.0]);
    }

    #[test]
    fn a_place_beyond_the_end_comes_back() {
        assert!((reflected(1.2) - 0.8).abs() < 1e-12 && (reflected(-0.2) - 0.2).abs() < 1e-12);
    }
}
