//! The metrics of a model and the data-quality report as tables.

use uu_data::clean::QualityReport;
use uu_model::{Evaluation, Group};

use super::numbers::{counted, percent, whole, words};
use super::{Column, Page, Table};

/// Below this share, estimates that fall while visits grow are not worth a line.
const FEW_FALLING_STEPS: f64 = 0.005;

/// How good a model is, in one sentence.
pub(crate) fn accuracy(evaluation: &Evaluation) -> String {
    let overall = &evaluation.overall;
    format!(
        "half of the estimates are within {} of the true number, and the {} interval holds it in {} of the rows",
        percent(overall.errors.median_ape),
        level(evaluation.level),
        percent(overall.intervals.coverage),
    )
}

/// The model and the simple estimates, side by side.
pub(crate) fn beside_baselines(page: &mut Page, evaluation: &Evaluation) {
    let errors = |name: &str, errors: &uu_core::stats::ErrorMetrics| {
        [
            name.to_owned(),
            whole(errors.rows as f64),
            percent(errors.median_ape),
            percent(errors.within_30),
            format!("{:.3}", errors.rmsle),
            whole(errors.mae),
        ]
    };
    let rows = [("this model", &evaluation.overall.errors)].into_iter();
    let rows = rows.chain(evaluation.baselines.iter().map(|baseline| (baseline.name.as_str(), &baseline.errors)));
    let columns = [
        Column::text("estimate"),
        Column::number("rows"),
        Column::number("median APE"),
        Column::number("within 30 %").rank(2),
        Column::number("RMSLE"),
        Column::number("MAE").rank(1),
    ];
    page.table("", &Table::new(columns).rows(rows.map(|(name, metrics)| errors(name, metrics))));
}

/// All metrics of an evaluation.
pub(crate) fn evaluation(page: &mut Page, evaluation: &Evaluation) {
    let mut groups = |title: &str, column: &str, groups: &[Group]| page.table(title, &of_groups(column, groups));
    groups("", "all rows", std::slice::from_ref(&evaluation.overall));
    groups("By the inputs that are known", "known inputs", &evaluation.by_pattern);
    groups("If only these inputs were known (the others hidden)", "inputs shown", &evaluation.by_mask);
    groups("By unique users", "unique users", &evaluation.by_size);
    groups("By top category", "top category", &evaluation.by_category);
    groups("By source", "source", &evaluation.by_source);
    groups("Months of sites that have several", "months", &evaluation.by_known_months);
    page.paragraph("Beside simple estimates");
    beside_baselines(page, evaluation);
    page.paragraph(&format!(
        "Coverage and width are those of the {} interval; width is relative to the estimate.",
        level(evaluation.level)
    ));
    falling_steps(page, evaluation);
}

/// What a caller who changes visits alone must know.
pub(crate) fn falling_steps(page: &mut Page, evaluation: &Evaluation) {
    if let Some(share) = evaluation.falling_steps.filter(|share| *share >= FEW_FALLING_STEPS) {
        let share = percent(share);
        page.paragraph(&format!(
            "At a fixed rank, 10 % more visits lower {share} of the estimates: give the rank of the same month, or leave it out."
        ));
    }
}

fn level(level: f64) -> String {
    // As it was asked for: 90 %, and not 90.0 %.
    format!("{} %", (level * 1e4).round() / 1e2)
}

fn of_groups(title: &str, groups: &[Group]) -> Table {
    let columns = [
        Column::text(title).cut_to(24),
        Column::number("rows"),
        Column::number("median APE"),
        Column::number("mean APE").rank(7),
        Column::number("within 10 %").rank(6),
        Column::number("within 30 %").rank(4),
        Column::number("RMSLE").rank(1),
        Column::number("MAE").rank(3),
        Column::number("RMSE").rank(8),
        Column::number("R2").rank(5),
        Column::number("coverage"),
        Column::number("width").rank(2),
    ];
    Table::new(columns).rows(groups.iter().map(group_row))
}

fn group_row(group: &Group) -> [String; 12] {
    let (errors, intervals) = (&group.errors, &group.intervals);
    [
        group.name.clone(),
        whole(errors.rows as f64),
        percent(errors.median_ape),
        percent(errors.mean_ape),
        percent(errors.within_10),
        percent(errors.within_30),
        format!("{:.3}", errors.rmsle),
        whole(errors.mae),
        whole(errors.rmse),
        errors.r2.map_or_else(|| "-".to_owned(), |r2| format!("{r2:.3}")),
        percent(intervals.coverage),
        format!("{:.2}", intervals.median_relative_width),
    ]
}

/// What was read, what was kept, and which cleaning rules took something away.
pub(crate) fn quality(page: &mut Page, report: &QualityReport) {
    page.paragraph(&format!(
        "{} read, {} skipped, {} kept, {} with known unique users",
        counted(report.rows_read, "row"),
        whole(report.rows_skipped as f64),
        whole(report.rows_kept as f64),
        whole(report.rows_labelled as f64),
    ));
    for note in &report.notes {
        page.paragraph(note);
    }
    let rules = report.rules.iter().filter(|rule| rule.rows > 0).map(|rule| {
        let example = rule.examples.first().map_or(String::new(), |example| {
            format!("{} {}: {}", example.site.as_deref().unwrap_or("(no site)"), example.date, example.found)
        });
        [rule.rule.to_owned(), whole(rule.rows as f64), words(&rule.action), example]
    });
    let columns =
        [Column::text("cleaning rule"), Column::number("rows"), Column::text("action"), Column::text("for example").cut_to(16).rank(1)];
    page.table("", &Table::new(columns).rows(rules));
}

/// What was read of the data of a command and what cleaning made of them, below `heading`; with every table if `is_verbose`.
pub(crate) fn data(page: &mut Page, heading: &str, report: &QualityReport, is_verbose: bool) {
    page.paragraph(heading);
    quality(page, report);
    if is_verbose {
        quality_details(page, report);
    }
}

/// How many rows know each field, and what each source brought.
fn quality_details(page: &mut Page, report: &QualityReport) {
    let fields = report.fields.iter().map(|field| [field.field.clone(), whole(field.known as f64), percent(field.share)]);
    let columns = [Column::text("field"), Column::number("known"), Column::number("share")];
    page.table("", &Table::new(columns).rows(fields));
    let sources = report.sources.iter().map(|source| {
        [
            source.source.clone().unwrap_or_else(|| "(none)".to_owned()),
            whole(source.rows as f64),
            whole(source.labelled as f64),
            whole(source.sites as f64),
            whole(source.months as f64),
        ]
    });
    let columns = [
        Column::text("source").cut_to(16),
        Column::number("rows"),
        Column::number("labelled"),
        Column::number("sites"),
        Column::number("months").rank(1),
    ];
    page.table("", &Table::new(columns).rows(sources));
}

/// What cleaning left, where that is why nothing could be trained.
pub(crate) fn tell_quality(report: &QualityReport) {
    let mut page = Page::new();
    quality(&mut page, report);
    super::note(&page.finish());
}
