//! The rows that models are compared on, as numbers.

use uu_core::{Record, UniqueUsers, Visits};
use uu_data::Dataset;

use crate::quantities::{quantities, visits_per_user};
use crate::split::site_keys;

/// Labelled rows with known visits, with what estimators see of them.
pub(crate) struct Rows {
    /// The rows, as a data set of their own.
    pub(crate) dataset: Dataset,
    /// The place of each row in the data set it came from.
    pub(crate) origin: Vec<usize>,
    /// A number for each row's site.
    pub(crate) sites: Vec<u64>,
    /// Names of the numeric inputs.
    pub(crate) names: Vec<String>,
    /// The numeric inputs, each on its scale; NaN where unknown.
    pub(crate) inputs: Vec<Vec<f64>>,
    /// Known unique users.
    pub(crate) users: Vec<f64>,
    /// Known visits.
    pub(crate) visits: Vec<f64>,
}

impl Rows {
    /// The rows of `dataset` that models can be compared on: visits and unique users of 1 or more.
    pub(crate) fn of(dataset: &Dataset) -> Self {
        let origin = (0..dataset.len()).filter(|&row| visits_per_user(&dataset.records()[row]).is_some()).collect();
        let dataset = dataset.subset(|_, record| visits_per_user(record).is_some());
        let known = |value: Option<f64>| value.expect("rows without a ratio were left out");
        let users = dataset.records().iter().map(|record| known(record.unique_users.map(UniqueUsers::get))).collect();
        let visits = dataset.records().iter().map(|record| known(record.visits.map(Visits::get))).collect();
        let inputs: Vec<_> = quantities(&dataset).into_iter().filter(|quantity| quantity.is_input).collect();
        Self {
            sites: site_keys(dataset.records()),
            names: inputs.iter().map(|input| input.name.clone()).collect(),
            inputs: inputs.iter().map(crate::quantities::Quantity::scaled).collect(),
            users,
            visits,
            dataset,
            origin,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.users.len()
    }

    pub(crate) fn records(&self) -> &[Record] {
        self.dataset.records()
    }

    /// The logarithm of visits per user: what most estimators learn.
    pub(crate) fn log_ratio(&self, row: usize) -> f64 {
        (self.visits[row] / self.users[row]).max(1.0).ln()
    }

    /// Users at that logarithm of visits per user: at least one, and at most one a visit.
    pub(crate) fn users_at(&self, row: usize, log_ratio: f64) -> f64 {
        self.bounded(row, self.visits[row] * (-log_ratio).exp())
    }

    /// An estimate within its bounds: every model is held to what is certain.
    pub(crate) fn bounded(&self, row: usize, users: f64) -> f64 {
        users.clamp(1.0, self.visits[row].max(1.0))
    }

    /// How far an estimate is off on the scale of RMSLE.
    pub(crate) fn log_error(&self, row: usize, estimated: f64) -> f64 {
        self.users[row].ln_1p() - estimated.ln_1p()
    }
}
