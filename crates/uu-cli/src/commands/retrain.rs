//! `retrain`: new data, a challenger, and the gate between it and the service.

use std::path::Path;
use std::process::ExitCode;

use uu_service::gate::{GateReport, GateSettings, Metric, MetricComparison, MetricVerdict, Standing};
use uu_service::labels::LabelCheck;
use uu_service::{Decision, Delivery, RetrainError, RetrainSettings, Retraining, retrain};

use super::train::tell_losses;
use super::{actor, names, registry, sources, warn_of_unused};
use crate::arguments::Retrain;
use crate::output::{note, percent, print, print_json, quality, table, whole};
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
    let registry = registry(settings)?;
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
    let report = retrain(&registry, Some(&delivery), &settings.rules(), &retrain_settings, &progress);
    progress.finish();
    if let Err(RetrainError::Fit(error)) = &report {
        tell_losses(error, delivery.quality());
    }
    let report = report?;
    if arguments.json {
        print_json(&serde_json::json!({ "retraining": report, "data_quality": delivery.quality() }))?;
    } else {
        print(&format!("New data\n\n{}\n\n{}", quality(delivery.quality()), text(&report)))?;
        tell(&report);
    }
    Ok(if report.decision == Decision::Promoted { ExitCode::SUCCESS } else { ExitCode::from(LOST) })
}

fn text(report: &Retraining) -> String {
    let rows = &report.rows;
    let mut parts = vec![format!(
        "{}: {} rows new, {} take the place of older ones, {} were known",
        report.batch.map_or("not kept".to_owned(), |batch| format!("kept as batch {batch}")),
        whole(rows.added as f64),
        whole(rows.replaced as f64),
        whole((rows.identical + rows.without_label) as f64),
    )];
    let row = |source: &uu_service::labels::SourceCheck| [source.source.clone(), words(&source.verdict)];
    let checked = |labels: &LabelCheck| table(["source", "labels"], labels.sources.iter().map(row));
    if let Some(labels) = &report.labels {
        parts.push(format!("New labels against the champion\n\n{}", checked(labels)));
    }
    if let Some(labels) = &report.observed_labels {
        let count = whole(report.observations as f64);
        parts.push(format!("{count} observations that arrived meanwhile, against the champion\n\n{}", checked(labels)));
    }
    if let Some(why) = &report.not_continued {
        parts.push(format!("the challenger was fitted from scratch; the champion could not be continued: {why}"));
    }
    if let Some(choice) = &report.choice {
        let how = match choice.standing {
            Standing::FromScratch => "fitted from scratch",
            Standing::Continued => "that continues the champion",
        };
        parts.push(format!(
            "of two challengers the one {how} stands, compared on {} training sites both held out",
            whole(choice.sites as f64)
        ));
    }
    parts.extend(report.gate.as_ref().map(gate));
    parts.join("\n\n")
}

fn gate(gate: &GateReport) -> String {
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
    let is_told = |metric: &&MetricComparison| !matches!(metric.metric, Metric::CoverageOf(_)) || metric.verdict == MetricVerdict::Refused;
    let (shown, others): (Vec<_>, Vec<_>) = gate.metrics.iter().partition(is_told);
    let header = ["on sites that no version has seen", "champion", "challenger", "worse by", "95 % interval", "verdict"];
    let (sites, rows, figures) = (whole(gate.sites as f64), whole(gate.rows as f64), table(header, shown.into_iter().map(row)));
    let of_patterns = format!("beside them the interval's coverage for {} patterns of known inputs, none of which refuses", others.len());
    format!("The gate: {sites} sealed sites, {rows} rows\n\n{figures}\n\n{of_patterns}")
}

/// A verdict by its stable code, with spaces.
fn words(verdict: &impl serde::Serialize) -> String {
    let code = serde_json::to_value(verdict).ok().and_then(|value| value.as_str().map(str::to_owned));
    code.unwrap_or_default().replace('_', " ")
}

fn tell(report: &Retraining) {
    let before = report.champion.map(|champion| format!(" in place of `{champion}`")).unwrap_or_default();
    match (report.decision, report.version) {
        (Decision::Promoted, Some(version)) => note(&format!("`{version}` answers from now on{before}")),
        (Decision::Refused, Some(version)) => note(&format!("refused: `{version}` is kept and does not answer")),
        (Decision::NothingNew, _) => note("nothing new"),
        _ => note("set aside: nothing was trained, and these rows are not used"),
    }
    report.reasons.iter().for_each(|reason| note(&format!("  {reason}")));
    if report.decision != Decision::Promoted {
        note("hint: `--force` promotes nevertheless; `models log` has the figures");
    }
}
