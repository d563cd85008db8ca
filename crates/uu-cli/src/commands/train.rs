//! `train`: clean, fit, calibrate, validate, store.

use std::process::ExitCode;

use serde::Serialize;
use uu_data::clean::QualityReport;
use uu_model::{About, Evaluation};
use uu_service::{Intent, NewVersion, Sources};

use super::{actor, place, registry, sources, trained_on, warn_of_unused};
use crate::arguments::Train;
use crate::output::{evaluation, note, percent, print, print_json, quality};
use crate::progress::{Shown, rows};
use crate::settings::Settings;

#[derive(Serialize)]
struct Report<'a> {
    version: String,
    promoted: bool,
    checksum: &'a str,
    about: &'a About,
    data_quality: &'a QualityReport,
    evaluation: &'a Evaluation,
}

/// Trains a model and puts it into the store.
pub(crate) fn run(arguments: Train, settings: &Settings) -> anyhow::Result<ExitCode> {
    let registry = registry(settings)?;
    let reason = if arguments.bundled_sample { "trained on the bundled sample".to_owned() } else { trained_on(&arguments.data) };
    let intent = Intent { by: actor(), reason, promote: !arguments.no_promote };
    let sources =
        if arguments.bundled_sample { Sources::bundled_sample() } else { sources(arguments.data, &arguments.reading, settings.rules()) };
    let rules = sources.rules.clone();
    let counter = rows();
    let (dataset, quality_report) = sources.for_training(&mut |rows| counter.set_position(rows))?;
    counter.finish_and_clear();
    warn_of_unused(&quality_report, &rules);
    let progress = Shown::new(arguments.progress);
    let trained = uu_service::train(&registry, (&dataset, &rules), &settings.train_settings(), &intent, &progress);
    progress.finish();
    let trained = trained?;
    if arguments.json {
        print_json(&report(&trained, &quality_report))?;
    } else {
        print(&text(&trained, &quality_report))?;
        note(&format!("stored as `{}` in {}", trained.version, place(settings)));
    }
    Ok(ExitCode::SUCCESS)
}

fn report<'a>(trained: &'a NewVersion, quality: &'a QualityReport) -> Report<'a> {
    Report {
        version: trained.version.to_string(),
        promoted: trained.promoted,
        checksum: &trained.checksum,
        about: &trained.about,
        data_quality: quality,
        evaluation: &trained.report.evaluation,
    }
}

fn text(trained: &NewVersion, quality_report: &QualityReport) -> String {
    let overall = &trained.report.evaluation.overall;
    format!(
        "Data\n\n{}\n\nOn sites held out, each estimated by a model that never saw it\n\n{}\n\n\
         model `{}`, sha256 {}\nhalf of the estimates are within {} of the truth; the 90 % interval holds it in {} of the rows",
        quality(quality_report),
        evaluation(&trained.report.evaluation),
        trained.version,
        trained.checksum,
        percent(overall.errors.median_ape),
        percent(overall.intervals.coverage),
    )
}
