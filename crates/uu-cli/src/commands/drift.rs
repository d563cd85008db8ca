//! `drift`: how requests and observations differ from what the model in use was trained on.

use std::process::ExitCode;

use uu_model::drift::{DriftReport, DriftVerdict};
use uu_service::observing::LiveStatus;
use uu_service::{DriftStatus, drift_status};

use super::registry;
use crate::output::{note, percent, print, print_json, table, texts, whole};
use crate::settings::Settings;

/// Exit code where something has drifted strongly.
const DRIFTED: u8 = 1;

/// Looks at what all servers have counted, and at all observations.
pub(crate) fn run(json: bool, settings: &Settings) -> anyhow::Result<ExitCode> {
    let status = drift_status(&registry(settings)?, None)?;
    if json {
        print_json(&status)?;
    } else {
        print(&text(&status))?;
        note("servers tell what they have counted every 30 seconds");
    }
    Ok(if status.verdict == DriftVerdict::Strong { ExitCode::from(DRIFTED) } else { ExitCode::SUCCESS })
}

fn text(status: &DriftStatus) -> String {
    let requests = match &status.requests {
        Some(report) => requests(report, status.replicas),
        None => "the model was trained by a release that kept nothing to compare requests with".to_owned(),
    };
    format!("`{}`: {}\n\n{requests}\n\n{}", status.version, words(status.verdict), observations(&status.observations))
}

fn requests(report: &DriftReport, replicas: usize) -> String {
    let rows = report.figures.iter().map(|figure| {
        [
            figure.figure.name().to_owned(),
            whole(figure.requests as f64),
            format!("{:.3}", figure.psi_corrected),
            format!("{:.3}", figure.noise),
            format!("{:.3}", figure.jensen_shannon),
            words(figure.verdict).to_owned(),
        ]
    });
    let header = ["figure", "requests", "PSI less chance", "chance reaches", "Jensen-Shannon", "verdict"];
    format!("{} requests of the last day, counted by {replicas} servers\n\n{}", whole(report.requests as f64), table(header, rows))
}

fn observations(status: &LiveStatus) -> String {
    let mut text = String::new();
    if let Some(watch) = &status.watch {
        let difference = watch.mean_difference.map_or_else(|| "not known yet".to_owned(), |difference| format!("{difference:+.3}"));
        text = format!(
            "error beside that of the version before, over {} sites: {difference} ({:+.3} to {:+.3}) on the logarithmic scale\n\n",
            whole(watch.observations as f64),
            watch.bounds.0,
            watch.bounds.1
        );
    }
    if status.concept.months.is_empty() {
        return text + "no observations have arrived since it was put in use";
    }
    let rows = status.concept.months.iter().map(|month| {
        [
            month.month.clone(),
            whole(month.agreement.sites as f64),
            format!("{:.2}", month.agreement.median_factor),
            percent(month.agreement.coverage),
            words(month.verdict).to_owned(),
        ]
    });
    text + &texts(["arrived", "sites", "observed / estimated", "coverage", "verdict"], rows)
}

fn words(verdict: DriftVerdict) -> &'static str {
    match verdict {
        DriftVerdict::TooFew => "too few to tell",
        DriftVerdict::Stable => "stable",
        DriftVerdict::Moderate => "moderate drift",
        DriftVerdict::Strong => "strong drift",
    }
}
