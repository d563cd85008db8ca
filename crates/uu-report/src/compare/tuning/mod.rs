//! Choosing hyperparameters within a budget of trials.

mod search;
mod space;
mod tpe;

use serde::{Deserialize, Serialize};

pub(crate) use search::tune;
pub(crate) use space::{Dimension, Spread};

/// How an estimator was tuned: every trial, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tuning {
    /// The estimator.
    pub model: String,
    /// What was tried.
    pub trials: Vec<Trial>,
    /// The trial with the lowest RMSLE.
    pub best: usize,
}

/// One trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// The hyperparameters.
    pub hyperparameters: Vec<Hyperparameter>,
    /// RMSLE over the held-out rows of all tuning folds.
    pub rmsle: f64,
    /// Time it took.
    pub seconds: f64,
}

/// A hyperparameter and its value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hyperparameter {
    /// Its name in the literature.
    pub name: String,
    /// Its value.
    pub value: f64,
}
