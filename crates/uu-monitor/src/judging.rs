//! Judging a model on rows whose unique users are known, some of which it may have been trained on.

use std::collections::BTreeSet;

use uu_core::stats::site_hash;
use uu_data::Dataset;
use uu_model::{Evaluation, Model, evaluate};

/// How a model did on some rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// All figures; `None` where no row's unique users are known.
    pub evaluation: Option<Evaluation>,
    /// Labelled rows of sites the model was trained on: figures on them are better than on sites it never saw.
    pub rows_of_training_sites: usize,
}

/// Judges `model` on the labelled rows of `dataset`, with intervals of `level`; on sites it never saw only, if `unseen_only` is set.
///
/// `training_sites` are those of [`uu_model::Contents::training_sites`].
#[must_use]
pub fn judge(model: &Model, dataset: &Dataset, training_sites: &BTreeSet<u64>, level: f64, unseen_only: bool) -> Judgement {
    let seen = |site: Option<&str>| site.is_some_and(|site| training_sites.contains(&site_hash(site, 0)));
    let labelled = dataset.subset(|_, record| record.unique_users.is_some());
    let rows_of_training_sites = labelled.records().iter().filter(|record| seen(record.site.as_deref())).count();
    let judged = if unseen_only { labelled.subset(|_, record| !seen(record.site.as_deref())) } else { labelled };
    Judgement { evaluation: evaluate(model, judged.records(), level), rows_of_training_sites }
}
