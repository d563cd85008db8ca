//! `evaluate`: all figures of a model on labelled rows.

use std::process::ExitCode;

use serde::Serialize;
use uu_data::clean::QualityReport;
use uu_model::{Contents, Evaluation};
use uu_monitor::judge;

use super::train::tell_cleaning;
use super::{checked_level, existing, sources};
use crate::arguments::Evaluate;
use crate::output::{Page, accuracy, counted, data, evaluation, note, print, print_json};
use crate::progress::rows;
use crate::settings::Settings;

#[derive(Serialize)]
struct Report<'a> {
    model: &'a str,
    evaluation: &'a Evaluation,
    rows_of_training_sites: usize,
    data_quality: &'a QualityReport,
}

/// Judges a model and prints its figures.
pub(crate) fn run(arguments: Evaluate, settings: &Settings) -> anyhow::Result<ExitCode> {
    let level = checked_level(arguments.level)?;
    let (version, artifact) = uu_service::read(&existing(settings)?, arguments.model)?;
    let contents = Contents::of(&artifact)?;
    let training_sites = contents.training_sites()?;
    let model = contents.into_model()?;
    let counter = rows();
    let sources = sources(arguments.data, &arguments.reading, model.rules().clone());
    let (dataset, quality) = sources.for_judging(&mut |rows| counter.set_position(rows))?;
    counter.finish_and_clear();
    let judgement = judge(&model, &dataset, &training_sites, level, arguments.unseen_only);
    let optimistic = judgement.rows_of_training_sites;
    let Some(figures) = &judgement.evaluation else {
        tell_cleaning(&quality);
        if optimistic > 0 {
            anyhow::bail!(
                "every row with known unique users is of a site the model was trained on, and `--unseen-only` leaves such rows out"
            );
        }
        anyhow::bail!("no row has known unique users, so there is nothing to compare estimates with; the label's column is `unique_users`");
    };
    if optimistic > 0 && !arguments.unseen_only {
        note(&format!(
            "warning: of {}, {optimistic} are of sites the model was trained on, and flatter it; `--unseen-only` leaves them out",
            counted(figures.overall.errors.rows, "row")
        ));
    }
    if arguments.json {
        print_json(&Report {
            model: &version.to_string(),
            evaluation: figures,
            rows_of_training_sites: optimistic,
            data_quality: &quality,
        })?;
    } else {
        let verdict = format!("`{version}` on {}: {}.", counted(figures.overall.errors.rows, "labelled row"), accuracy(figures));
        let mut page = Page::new();
        page.paragraph(&verdict);
        data(&mut page, "Data", &quality, false);
        evaluation(&mut page, figures);
        page.paragraph(&verdict);
        print(&page.finish())?;
    }
    Ok(ExitCode::SUCCESS)
}
