//! The estimates that are furthest off, by name.

use serde::{Deserialize, Serialize};
use uu_core::Category;

use crate::compare::{FoldModels, Rows};

/// Misses that are listed.
const LISTED: usize = 25;

/// One estimate far from the truth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Miss {
    /// The site.
    pub site: Option<String>,
    /// The month.
    pub month: String,
    /// The category.
    pub category: Option<String>,
    /// Its visits.
    pub visits: f64,
    /// Its true users.
    pub actual: f64,
    /// The estimate.
    pub estimated: f64,
    /// Lower end of the 90 % interval.
    pub low: f64,
    /// Upper end of the 90 % interval.
    pub high: f64,
    /// The estimate over the truth.
    pub factor: f64,
}

/// The rows with the greatest factor between estimate and truth, either way.
pub(super) fn misses(rows: &Rows, folds: &FoldModels) -> Vec<Miss> {
    let error = |row: usize| rows.log_error(row, folds.estimates[row].point).abs();
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|&a, &b| error(b).total_cmp(&error(a)).then(a.cmp(&b)));
    order.truncate(LISTED);
    let miss = |row: usize| {
        let (record, estimate) = (&rows.records()[row], &folds.estimates[row]);
        Miss {
            site: record.site.as_deref().map(str::to_owned),
            month: record.month.to_string(),
            category: record.category.map(Category::path).map(str::to_owned),
            visits: rows.visits[row],
            actual: rows.users[row],
            estimated: estimate.point,
            low: estimate.low,
            high: estimate.high,
            factor: estimate.point / rows.users[row],
        }
    };
    order.into_iter().map(miss).collect()
}
