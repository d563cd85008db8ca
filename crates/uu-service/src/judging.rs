//! Judging a version on rows whose unique users are known.

use std::collections::BTreeSet;

use serde::Serialize;
use uu_data::Dataset;
use uu_model::Evaluation;

use crate::Served;

/// How a version did on some rows.
#[derive(Clone, Debug, Serialize)]
pub struct Judgement {
    /// The version that was judged.
    pub model: String,
    /// All figures; `None` where no row's unique users are known.
    pub evaluation: Option<Evaluation>,
    /// Labelled rows of sites the model was trained on: figures on them are better than on sites it never saw.
    pub rows_of_training_sites: usize,
}

/// Judges `served` on the labelled rows of `dataset`, as [`uu_model::judge`] does.
#[must_use]
pub fn judge(served: &Served, dataset: &Dataset, training_sites: &BTreeSet<u64>, level: f64, unseen_only: bool) -> Judgement {
    let uu_model::Judgement { evaluation, rows_of_training_sites } =
        uu_model::judge(&served.model, dataset, training_sites, level, unseen_only);
    Judgement { model: served.version.clone(), evaluation, rows_of_training_sites }
}
