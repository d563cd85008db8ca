//! `research`: a study of the data and the models, written as a report; then a model for the store.

use std::process::ExitCode;
use std::thread::available_parallelism;

use anyhow::Context;
use uu_research::{Study, StudySettings};
use uu_service::{Intent, Training};
use uu_train::TrainSettings;

use super::late_store::LateStore;
use super::{actor, kept, place, sources, trained_on, warn_of_unused};
use crate::arguments::{ProgressStyle, Research};
use crate::output::{Column, Page, Table, note, percent, print, whole};
use crate::progress::{Shown, rows};
use crate::settings::Settings;

/// Studies, writes the report, and trains on all rows unless told not to.
pub(crate) fn run(arguments: Research, settings: &Settings) -> anyhow::Result<ExitCode> {
    check_folder(&arguments)?;
    // A store that cannot be opened is better told before the study than after it.
    let store = if arguments.no_model { None } else { Some(LateStore::look(settings, arguments.making)?) };
    let reason = format!("{} after a study", trained_on(&arguments.data));
    let intent = Intent { by: actor(), reason, promote: !arguments.no_promote, rows: kept(&arguments.data, settings) };
    let sources = sources(arguments.data, &arguments.reading, settings.rules());
    let rules = sources.rules.clone();
    let counter = rows();
    let (dataset, quality) = sources.for_training(&mut |rows| counter.set_position(rows))?;
    counter.finish_and_clear();
    warn_of_unused(&quality, &rules);

    let train = settings.train_settings();
    let study_settings = StudySettings {
        seed: train.seed,
        trials: arguments.trials,
        threads: train.threads.unwrap_or_else(|| available_parallelism().map_or(1, std::num::NonZero::get)),
        train: train.clone(),
        command: command(std::env::args().skip(1)),
        ..StudySettings::default()
    };
    let progress = Shown::study();
    let study = uu_research::study((&dataset, &quality), &rules, &study_settings, &progress);
    progress.finish();
    let study = study?;
    let files = uu_research::write(&study, &arguments.out)?;
    print(&leaderboard(&study))?;
    files.iter().for_each(|file| note(&format!("wrote `{}`", file.display())));

    let Some(store) = store else { return Ok(ExitCode::SUCCESS) };
    let progress = Shown::new(ProgressStyle::Bar);
    let train = TrainSettings { threads: train.threads, ..study.models.product.clone() };
    let training = Training { dataset: &dataset, rules: &rules, settings: &train, intent: &intent };
    let fitted = training.fit(store.existing(), &progress);
    progress.finish();
    let fitted = fitted.context("the report is written, and the model for the store could not be trained")?;
    let trained = training.store(&store.made()?, fitted).context("the report is written, and the model could not be stored")?;
    note(&format!("trained on all rows and stored as `{}` in {}", trained.version, place(settings)));
    if let Some(refused) = trained.refused {
        note(&format!("not promoted: `{}` does not answer: {refused}", trained.version));
    }
    trained.low_coverage.iter().for_each(|low| note(&format!("warning: {low}")));
    Ok(ExitCode::SUCCESS)
}

/// A folder that cannot be one is better told before the study than after it.
fn check_folder(arguments: &Research) -> anyhow::Result<()> {
    let folder = &arguments.out;
    anyhow::ensure!(!folder.exists() || folder.is_dir(), "`--out` must be a folder, and `{}` is none", folder.display());
    Ok(uu_research::check_folder(folder, &arguments.data)?)
}

/// What was typed, with quotes where a shell needs them.
fn command(arguments: impl Iterator<Item = String>) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "-_=./,:+@%".contains(letter);
    let quoted = arguments.map(|argument| {
        if !argument.is_empty() && argument.chars().all(plain) { argument } else { format!("'{}'", argument.replace('\'', r"'\''")) }
    });
    ["uu-predictor".to_owned()].into_iter().chain(quoted).collect::<Vec<String>>().join(" ")
}

fn leaderboard(study: &Study) -> String {
    let row = |entry: &uu_research::Entry| {
        let errors = &entry.errors;
        [entry.model.clone(), percent(errors.median_ape), percent(errors.within_30), format!("{:.3}", errors.rmsle), whole(errors.mae)]
    };
    let columns = |title: &str| {
        [
            Column::text(title).cut_to(24),
            Column::number("median APE"),
            Column::number("within 30 %").rank(2),
            Column::number("RMSLE"),
            Column::number("MAE").rank(1),
        ]
    };
    let mut page = Page::new();
    page.table("", &Table::new(columns("cross-validated by site")).rows(study.models.leaderboard.iter().map(row)));
    page.table("", &Table::new(columns("on sites set aside")).rows(study.validation.leaderboard.iter().map(row)));
    page.finish_with("the report")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_can_be_typed_again() {
        let arguments = ["research", "--data", "my sites.csv", "--out", "o'clock", ""].map(str::to_owned);
        assert_eq!(command(arguments.into_iter()), r"uu-predictor research --data 'my sites.csv' --out 'o'\''clock' ''");
    }
}
