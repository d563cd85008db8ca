//! The models that are compared.

use uu_train::Objective;

use super::baselines::Simple;
use super::boosting::{ExactBoosting, LightGbm};
use super::estimator::Estimator;
use super::forests::Forest;
use super::linear::Linear;
use super::neighbours::Neighbours;

/// A compared estimator and what is to be known of it.
pub(crate) struct Candidate {
    pub(crate) name: &'static str,
    pub(crate) is_baseline: bool,
    /// Whether it is fitted on no more than the setting's number of rows.
    pub(crate) is_slow: bool,
    /// Microseconds of one core that a fit and its estimates take for each row, about; for the estimate of what is left.
    pub(crate) cost: u64,
    pub(crate) estimator: Box<dyn Estimator>,
}

/// Every compared estimator but the product's own model and the ensemble.
pub(crate) fn candidates() -> Vec<Candidate> {
    let new = |name, (is_baseline, is_slow), cost, estimator: Box<dyn Estimator>| Candidate { name, is_baseline, is_slow, cost, estimator };
    vec![
        new("global ratio", (true, false), 1, Box::new(Simple(0))),
        new("ratio per category", (true, false), 1, Box::new(Simple(1))),
        new("rank power law", (true, false), 1, Box::new(Simple(2))),
        new("random forest on raw users", (true, true), 120, Box::new(Forest::OfUsers)),
        new("linear", (false, false), 1, Box::new(Linear::LeastSquares)),
        new("ridge", (false, false), 50, Box::new(Linear::Ridge)),
        new("elastic net", (false, false), 50, Box::new(Linear::ElasticNet)),
        new("k nearest neighbours", (false, true), 170, Box::new(Neighbours)),
        new("random forest", (false, true), 60, Box::new(Forest::Random)),
        new("extra trees", (false, true), 70, Box::new(Forest::Extra)),
        new("XGBoost (smartcore)", (false, true), 320, Box::new(ExactBoosting)),
        new("LightGBM, L1", (false, false), 35, Box::new(LightGbm(Objective::L1))),
        new("LightGBM, L2", (false, false), 20, Box::new(LightGbm(Objective::L2))),
    ]
}
