//! What each section says and shows of the figures.

mod chosen;
mod data;
mod errors;
mod models;
mod relations;
mod validation;

use super::numbers::{count, fixed, percent, seconds, whole};
use super::page::Page;
use crate::Study;
use crate::compare::PRODUCT;

/// The report on a study.
pub(super) fn page(study: &Study) -> Page {
    let provenance = &study.provenance;
    Page {
        title: "Unique users: the data, the models, and what to expect".to_owned(),
        provenance: format!(
            "Seed {}; data {}; uu-predictor {}; {}",
            provenance.seed, provenance.data_fingerprint, provenance.product_version, provenance.command
        ),
        summary: summary(study),
        sections: vec![
            data::section(study),
            relations::section(&study.relations),
            models::section(&study.models),
            chosen::section(&study.chosen),
            validation::section(&study.validation),
        ],
    }
}

fn summary(study: &Study) -> Vec<String> {
    let (overview, split) = (&study.data.overview, &study.provenance.split);
    let overall = &study.validation.evaluation.overall;
    let mut lines = vec![
        format!(
            "{} site-months of {} sites {}; {} with known unique users.",
            count(overview.rows),
            count(overview.sites),
            data::span(overview),
            count(overview.labelled_rows)
        ),
        format!(
            "{} of the sites were set aside before anything was looked at; everything up to the last section was decided on the other {}.",
            count(split.set_aside_sites),
            count(split.development_sites)
        ),
        format!(
            "On the sites set aside, half of {PRODUCT}'s estimates are within {} of the truth (RMSLE {}, mean absolute error {} users), and its \
             90 % intervals hold {} of the truths.",
            percent(overall.errors.median_ape),
            fixed(overall.errors.rmsle),
            whole(overall.errors.mae),
            percent(overall.intervals.coverage)
        ),
    ];
    lines.extend(rivals(study));
    lines.push(format!("The study took {}.", seconds(study.provenance.seconds)));
    lines
}

/// Which models are better than the product's by more than chance, in cross-validation.
fn rivals(study: &Study) -> Option<String> {
    let better = |real: bool| -> Vec<&str> {
        let comparisons = study.models.comparisons.iter();
        comparisons.filter(|c| c.rmsle.value < 0.0 && c.rmsle.is_real == real).map(|c| c.model.as_str()).collect()
    };
    let (real, by_chance) = (better(true), better(false));
    let folds = study.models.folds;
    Some(match (real.is_empty(), by_chance.is_empty()) {
        (true, true) => format!("In {folds}-fold cross-validation no compared model has a lower RMSLE."),
        (true, false) => {
            format!(
                "In {folds}-fold cross-validation no compared model has an RMSLE that is lower by more than chance; by chance: {}.",
                by_chance.join(", ")
            )
        }
        (false, _) => format!("In {folds}-fold cross-validation these have a lower RMSLE, by more than chance: {}.", real.join(", ")),
    })
}
