//! Choosing hyperparameters within a budget of trials.

mod space;
mod tpe;

use serde::{Deserialize, Serialize};

pub use space::{Dimension, Spread};

use tpe::Tpe;

/// How a model was tuned: every trial, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tuning {
    /// The model.
    pub model: String,
    /// What was tried; the first is what one would take without tuning.
    pub trials: Vec<Trial>,
    /// The trial that was chosen.
    pub best: usize,
}

/// One trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// The hyperparameters.
    pub hyperparameters: Vec<Hyperparameter>,
    /// RMSLE over the held-out rows of all tuning folds.
    pub rmsle: f64,
    /// Time it took, where it was measured: an artifact must not depend on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
}

/// A hyperparameter and its value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hyperparameter {
    /// Its name in the literature.
    pub name: String,
    /// Its value.
    pub value: f64,
}

impl Tuning {
    /// The hyperparameters that were chosen, in the order of the space.
    #[must_use]
    pub fn chosen(&self) -> Vec<f64> {
        self.trials[self.best].hyperparameters.iter().map(|parameter| parameter.value).collect()
    }
}

/// Tries as many points of `space` as `budget` says; `judge` tells the RMSLE of each.
///
/// The same space, budget, seed and figures give the same trials.
///
/// **Errors**: the first error of `judge`.
pub fn search<E>(space: &[Dimension], budget: usize, seed: u64, mut judge: impl FnMut(&[f64]) -> Result<f64, E>) -> Result<Vec<Trial>, E> {
    let mut tpe = Tpe::new(space, budget, seed);
    let mut trials = Vec::with_capacity(budget);
    for _ in 0..budget {
        let proposed = tpe.propose();
        let rmsle = judge(&proposed)?;
        tpe.learn(&proposed, rmsle);
        let named = space.iter().zip(&proposed).map(|(dimension, value)| Hyperparameter { name: dimension.name.to_owned(), value: *value });
        trials.push(Trial { hyperparameters: named.collect(), rmsle, seconds: None });
    }
    Ok(trials)
}

/// The trial with the lowest RMSLE, the first of those that tie.
#[must_use]
pub fn lowest(trials: &[Trial]) -> usize {
    (0..trials.len()).min_by(|&a, &b| trials[a].rmsle.total_cmp(&trials[b].rmsle)).unwrap_or(0)
}
