//! `drift`: how requests and observations differ from what the model in use was trained on.

use std::process::ExitCode;

use uu_monitor::drift::{DriftReport, DriftVerdict};
use uu_service::observing::LiveStatus;
use uu_service::{DriftStatus, drift_status};

use super::existing;
use crate::output::{Column, Page, Table, counted, note, percent, print, print_json, whole};
use crate::settings::Settings;

/// Exit code where something has drifted strongly.
const DRIFTED: u8 = 1;

/// Looks at what all servers have counted, and at all observations.
pub(crate) fn run(json: bool, settings: &Settings) -> anyhow::Result<ExitCode> {
    let status = drift_status(&existing(settings)?, None)?;
    if json {
        print_json(&status)?;
    } else {
        print(&text(&status))?;
        note("servers report what they have counted every 30 seconds");
    }
    Ok(if status.verdict == DriftVerdict::Strong { ExitCode::from(DRIFTED) } else { ExitCode::SUCCESS })
}

fn text(status: &DriftStatus) -> String {
    let mut page = Page::new();
    page.paragraph(&format!("`{}`: {}", status.version, words(status.verdict)));
    match &status.requests {
        Some(report) => requests(&mut page, report, status.replicas),
        None => page.paragraph("the model was trained by a release that kept nothing to compare requests with"),
    }
    observations(&mut page, &status.observations);
    page.finish()
}

fn requests(page: &mut Page, report: &DriftReport, replicas: usize) {
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
    let columns = [
        Column::text("input").cut_to(16),
        Column::number("requests"),
        Column::number("PSI less chance"),
        Column::number("chance reaches").rank(1),
        Column::number("Jensen-Shannon").rank(2),
        Column::text("verdict"),
    ];
    let counts = format!("{} of the last day, counted by {}", counted(report.requests, "request"), counted(replicas, "server"));
    page.table(&counts, &Table::new(columns).rows(rows));
}

fn observations(page: &mut Page, status: &LiveStatus) {
    if let Some(watch) = &status.watch {
        let difference = watch.mean_difference.map_or_else(|| "not known yet".to_owned(), |difference| format!("{difference:+.3}"));
        page.paragraph(&format!(
            "error compared with that of the version before, over {}: {difference} ({:+.3} to {:+.3}) on the logarithmic scale",
            counted(watch.observations, "site"),
            watch.bounds.0,
            watch.bounds.1
        ));
    }
    if status.suggests_rollback {
        page.paragraph(
            "observations of one sender alone show that it is worse: `uu-predictor models rollback` puts the version before in use again",
        );
    }
    if status.concept.months.is_empty() {
        return page.paragraph("no observations have arrived since it was promoted");
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
    let columns = [
        Column::text("arrived"),
        Column::number("sites"),
        Column::number("observed / estimated"),
        Column::number("coverage"),
        Column::text("verdict"),
    ];
    page.table("", &Table::new(columns).rows(rows));
}

fn words(verdict: DriftVerdict) -> &'static str {
    match verdict {
        DriftVerdict::TooFew => "too few to tell",
        DriftVerdict::Stable => "stable",
        DriftVerdict::Moderate => "moderate drift",
        DriftVerdict::Strong => "strong drift",
    }
}
