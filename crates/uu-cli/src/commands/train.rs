//! `train`: clean, fit, calibrate, validate, store.

use std::process::ExitCode;

use serde::Serialize;
use uu_data::clean::QualityReport;
use uu_model::{About, Evaluation};
use uu_service::{Intent, NewVersion, Sources, TrainError, Training, TrainingRows};
use uu_train::FitError;
use uu_train::tuning::{Trial, Tuning};

use super::late_store::LateStore;
use super::{actor, kept, place, sources, trained_on, warn_of_unused};
use crate::arguments::Train;
use crate::output::{
    Column, Page, Table, accuracy, beside_baselines, data, evaluation, falling_steps, note, print, print_json, tell_quality,
};
use crate::progress::{Shown, rows};
use crate::settings::Settings;

/// Exit code of a version that is not promoted though it was to be.
const REFUSED: u8 = 1;

#[derive(Serialize)]
struct Report<'a> {
    version: String,
    promoted: bool,
    /// Why it is not promoted, though it was to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
    /// What whoever uses it must know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    checksum: &'a str,
    about: &'a About,
    data_quality: &'a QualityReport,
    #[serde(skip_serializing_if = "Option::is_none")]
    tuning: Option<&'a Tuning>,
    evaluation: &'a Evaluation,
}

/// Trains a model and puts it into the store.
pub(crate) fn run(arguments: Train, settings: &Settings) -> anyhow::Result<ExitCode> {
    let store = LateStore::look(settings, arguments.making)?;
    let reason = if arguments.bundled_sample { "trained on the bundled sample".to_owned() } else { trained_on(&arguments.data) };
    let training_rows = if arguments.bundled_sample { TrainingRows::Generated } else { kept(&arguments.data, settings) };
    let intent = Intent { by: actor(), reason, promote: !arguments.no_promote, rows: training_rows };
    let sources =
        if arguments.bundled_sample { Sources::bundled_sample() } else { sources(arguments.data, &arguments.reading, settings.rules()) };
    let rules = sources.rules.clone();
    let counter = rows();
    let (dataset, quality_report) = sources.for_training(&mut |rows| counter.set_position(rows))?;
    counter.finish_and_clear();
    warn_of_unused(&quality_report, &rules);
    let progress = Shown::new(arguments.progress);
    let train_settings = settings.train_settings();
    let training = Training { dataset: &dataset, rules: &rules, settings: &train_settings, intent: &intent };
    let fitted = training.fit(store.existing(), &progress);
    progress.finish();
    if let Err(TrainError::Fit(error)) = &fitted {
        tell_losses(error, &quality_report);
    }
    let fitted = fitted?;
    let trained = training.store(&store.made()?, fitted)?;
    if arguments.json {
        print_json(&report(&trained, &quality_report))?;
        warnings(&trained).iter().for_each(|warning| note(&format!("warning: {warning}")));
        if let Some(refused) = trained.refused {
            note(&format!("not promoted: `{}` is stored and does not answer: {refused}", trained.version));
            note(&format!("hint: `uu-predictor models promote {}` puts it in use nevertheless", trained.version));
        }
    } else {
        let verdict = verdict(&trained, &place(settings));
        print(&text(&trained, &quality_report, &verdict, arguments.verbose))?;
    }
    Ok(if trained.refused.is_some() { ExitCode::from(REFUSED) } else { ExitCode::SUCCESS })
}

/// What cleaning did to rows of which too few were left.
pub(super) fn tell_losses(error: &FitError, report: &QualityReport) {
    if matches!(error, FitError::TooFewRows { .. } | FitError::TooFewSites { .. }) {
        tell_cleaning(report);
    }
}

/// What cleaning left of rows that were too few, and the rule that took most.
pub(super) fn tell_cleaning(report: &QualityReport) {
    tell_quality(report);
    report.main_loss().into_iter().for_each(|loss| note(&format!("cleaning: {loss}")));
}

fn report<'a>(trained: &'a NewVersion, quality: &'a QualityReport) -> Report<'a> {
    Report {
        version: trained.version.to_string(),
        promoted: trained.promoted,
        refused: trained.refused.map(|refused| refused.to_string()),
        warnings: warnings(trained),
        checksum: &trained.checksum,
        about: &trained.about,
        data_quality: quality,
        tuning: trained.report.tuning.as_ref(),
        evaluation: &trained.report.evaluation,
    }
}

fn warnings(trained: &NewVersion) -> Vec<String> {
    trained.low_coverage.iter().map(ToString::to_string).collect()
}

/// What came of it, in a line or two, and a line for each warning.
fn verdict(trained: &NewVersion, place: &str) -> String {
    let state = if trained.promoted {
        "answers requests from now on".to_owned()
    } else if let Some(refused) = trained.refused {
        format!("is stored, and not promoted: {refused}. `uu-predictor models promote {}` puts it in use nevertheless", trained.version)
    } else {
        format!("is stored, and not promoted: `uu-predictor models promote {}` does that", trained.version)
    };
    let accuracy = accuracy(&trained.report.evaluation);
    let verdict = format!("Trained `{}` into {place}; it {state}. On held-out sites, {accuracy}.", trained.version);
    warnings(trained).iter().fold(verdict, |text, warning| format!("{text}\nwarning: {warning}"))
}

fn text(trained: &NewVersion, quality_report: &QualityReport, verdict: &str, is_verbose: bool) -> String {
    let mut page = Page::new();
    page.paragraph(verdict);
    data(&mut page, "Data", quality_report, is_verbose);
    if let Some(tuning) = &trained.report.tuning {
        add_tuning(&mut page, tuning);
    }
    page.paragraph("On held-out sites, each estimated by a model that never saw it");
    if is_verbose {
        evaluation(&mut page, &trained.report.evaluation);
    } else {
        beside_baselines(&mut page, &trained.report.evaluation);
        falling_steps(&mut page, &trained.report.evaluation);
        page.paragraph(&format!(
            "`--verbose` prints the metrics by group; so does `uu-predictor models show {}`, at any time.",
            trained.version
        ));
    }
    page.facts([("sha256", trained.checksum.clone())]);
    page.paragraph(verdict);
    page.finish()
}

/// Every trial, the chosen one marked.
fn add_tuning(page: &mut Page, tuning: &Tuning) {
    let name = |trial: usize| match trial {
        0 if tuning.best == 0 => "defaults, kept".to_owned(),
        0 => "defaults".to_owned(),
        _ if trial == tuning.best => format!("{}, chosen", trial + 1),
        _ => (trial + 1).to_string(),
    };
    let values = |trial: &Trial| {
        let named = trial.hyperparameters.iter().map(|parameter| format!("{} {}", parameter.name, significant(parameter.value)));
        named.collect::<Vec<String>>().join(", ")
    };
    let rows = tuning.trials.iter().enumerate().map(|(index, trial)| [name(index), format!("{:.4}", trial.rmsle), values(trial)]);
    let columns = [Column::text("trial"), Column::number("RMSLE"), Column::text("hyperparameters").cut_to(20)];
    let title = "Tuning, each trial on held-out sites; another takes the place of the defaults where its gain exceeds its standard error";
    page.table(title, &Table::new(columns).rows(rows));
}

/// Three significant digits, without zeros that say nothing.
fn significant(value: f64) -> String {
    let digits = (2 - value.abs().log10().floor() as i32).clamp(0, 6) as usize;
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_are_enough() {
        assert_eq!([0.05, 0.043_217, 31.0, 128.44].map(significant), ["0.05", "0.0432", "31", "128"]);
    }
}
