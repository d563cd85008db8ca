//! `retrain`: new data, a challenger, and the gate between it and the service.

use std::path::Path;
use std::process::ExitCode;

use uu_data::clean::QualityReport;
use uu_monitor::gate::{GateReport, GateSettings, Metric, MetricComparison, MetricVerdict};
use uu_monitor::labels::LabelCheck;
use uu_service::{Decision, Delivery, RetrainError, RetrainSettings, Retraining, retrain};
use uu_train::Standing;

use super::late_store::LateStore;
use super::train::tell_losses;
use super::{actor, names, sources, warn_of_unused};
use crate::arguments::Retrain;
use crate::output::{Column, Page, Table, counted, data, note, percent, print, print_json, whole, words};
use crate::progress::{Shown, rows};
use crate::settings::Settings;

/// Exit code of a challenger that lost.
const LOST: u8 = 1;

/// Adds the rows, fits challengers, and promotes the better one if the gate lets it through.
pub(crate) fn run(arguments: &Retrain, settings: &Settings) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(
        !arguments.data.iter().any(|file| file == Path::new("-")),
        "`--data` is read twice and must be files, got standard input"
    );
    let store = LateStore::look(settings, arguments.making)?;
    let counter = rows();
    let read = || sources(arguments.data.clone(), &arguments.reading, settings.rules());
    let delivery = Delivery::read(read, names(&arguments.data), &mut |rows| counter.set_position(rows))?;
    counter.finish_and_clear();
    warn_of_unused(delivery.quality(), &settings.rules());
    let retrain_settings = RetrainSettings {
        train: settings.train_settings(),
        sealed_sites: settings.train.sealed_sites,
        gate: GateSettings::default(),
        force: arguments.force,
        by: actor(),
        claim: None,
    };
    let progress = Shown::new(arguments.progress);
    let report = retrain(&store.made()?, Some(&delivery), &settings.rules(), &retrain_settings, &progress);
    progress.finish();
    if let Err(RetrainError::Fit(error)) = &report {
        tell_losses(error, delivery.quality());
    }
    let report = report?;
    if arguments.json {
        print_json(&serde_json::json!({ "retraining": report, "data_quality": delivery.quality() }))?;
    } else {
        print(&text(&report, delivery.quality(), arguments.verbose))?;
        if report.decision != Decision::Promoted {
            note(&hint(&report));
        }
    }
    Ok(if report.decision == Decision::Promoted { ExitCode::SUCCESS } else { ExitCode::from(LOST) })
}

/// The way to what was not promoted.
fn hint(report: &Retraining) -> String {
    match (report.decision, report.version) {
        (Decision::WaitsForAdmin, Some(version)) => {
            format!("hint: `uu-predictor models promote {version}` puts it in use, and confirms it; `models log` has the metrics")
        }
        _ => "hint: `--force` promotes nevertheless; `models log` has the metrics".to_owned(),
    }
}

/// What came of it, and why.
fn verdict(report: &Retraining) -> String {
    let before = report.champion.map(|champion| format!(" in place of `{champion}`")).unwrap_or_default();
    let decision = match (report.decision, report.version) {
        (Decision::Promoted, Some(version)) => format!("Promoted: `{version}` answers requests from now on{before}"),
        (Decision::Refused, Some(version)) => format!("Refused: `{version}` is stored, and does not answer requests"),
        (Decision::WaitsForAdmin, Some(version)) => format!("Waits for an admin: `{version}` is stored, and does not answer requests"),
        (Decision::NothingNew, _) => "Nothing new: nothing was trained".to_owned(),
        _ => "Set aside: nothing was trained, and these rows are not used".to_owned(),
    };
    report.reasons.iter().fold(decision, |text, reason| format!("{text}\n  {reason}"))
}

fn text(report: &Retraining, quality_report: &QualityReport, is_verbose: bool) -> String {
    let verdict = verdict(report);
    let mut page = Page::new();
    page.paragraph(&verdict);
    data(&mut page, "New data", quality_report, is_verbose);
    let rows = &report.rows;
    let replaced = match rows.replaced {
        1 => "1 takes the place of an older one".to_owned(),
        number => format!("{} take the place of older ones", whole(number as f64)),
    };
    page.paragraph(&format!(
        "{}: {} new, {replaced}, {} known before",
        report.batch.map_or("Not kept".to_owned(), |batch| format!("Kept as batch {batch}")),
        counted(rows.added, "row"),
        whole((rows.identical + rows.without_label) as f64),
    ));
    if rows.held > 0 {
        let labels = counted(rows.held, "label");
        page.paragraph(&format!("{labels} of holdout sites do not replace those that were known first, by which versions are compared"));
    }
    if let Some(labels) = &report.labels {
        page.table("New labels compared with the champion", &checked(labels));
    }
    if let Some(labels) = &report.observed_labels {
        let count = counted(report.observations, "observation");
        page.table(&format!("{count} ingested meanwhile, compared with the champion"), &checked(labels));
    }
    if let Some(why) = &report.not_continued {
        page.paragraph(&format!("The challenger was fitted from scratch; the champion allowed no warm start: {why}"));
    }
    if let Some(choice) = &report.choice {
        let how = match choice.standing {
            Standing::FromScratch => "fitted from scratch",
            Standing::Continued => "with a warm start from the champion",
        };
        let sites = counted(choice.sites, "training site");
        page.paragraph(&format!("Of two challengers the one {how} is better, compared on {sites} that both held out"));
    }
    if let Some(report) = &report.gate {
        gate(&mut page, report, is_verbose);
    }
    page.paragraph(&verdict);
    page.finish()
}

fn checked(labels: &LabelCheck) -> Table {
    let row = |source: &uu_monitor::labels::SourceCheck| [source.source.clone(), words(&source.verdict)];
    Table::new([Column::text("source").cut_to(16), Column::text("labels").cut_to(20)]).rows(labels.sources.iter().map(row))
}

fn gate(page: &mut Page, gate: &GateReport, is_verbose: bool) {
    let figure = |metric: &MetricComparison, value: f64| match metric.metric {
        Metric::Mae => whole(value),
        Metric::Rmsle | Metric::LogMae => format!("{value:.3}"),
        Metric::MedianApe | Metric::Coverage | Metric::CoverageOf(_) => percent(value),
    };
    let row = |metric: &MetricComparison| {
        [
            metric.metric.to_string(),
            metric.champion.map_or_else(|| "none".to_owned(), |value| figure(metric, value)),
            figure(metric, metric.challenger),
            metric.difference.map_or_else(String::new, |value| format!("{:+.1} %", value * 100.0)),
            metric.interval.map_or_else(String::new, |(low, high)| format!("{:+.1} to {:+.1} %", low * 100.0, high * 100.0)),
            words(&metric.verdict),
        ]
    };
    // Of the many patterns those are of interest that stand in the way.
    let is_told = |metric: &&MetricComparison| {
        is_verbose || !matches!(metric.metric, Metric::CoverageOf(_)) || metric.verdict == MetricVerdict::Refused
    };
    let (shown, others): (Vec<_>, Vec<_>) = gate.metrics.iter().partition(is_told);
    let columns = [
        Column::text("metric").cut_to(20),
        Column::number("champion"),
        Column::number("challenger"),
        Column::number("worse by").rank(1),
        Column::number("95 % interval").rank(2),
        Column::text("verdict"),
    ];
    let title = format!("The gate: {}, {}, seen by no version", counted(gate.sites, "holdout site"), counted(gate.rows, "row"));
    page.table(&title, &Table::new(columns).rows(shown.into_iter().map(row)));
    if !others.is_empty() {
        let patterns = counted(others.len(), "pattern");
        page.paragraph(&format!("The interval's coverage for {patterns} of known inputs refuses nothing; `--verbose` prints it"));
    }
}
