//! What is printed: data on standard output, everything else on standard error.

use std::io::{self, Write};

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};
use serde::Serialize;
use uu_data::clean::QualityReport;
use uu_model::{Evaluation, Group};

/// Prints data.
///
/// **Errors**: standard output that cannot be written.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// Prints data as JSON.
///
/// **Errors**: standard output that cannot be written.
pub(crate) fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    Ok(print(&serde_json::to_string_pretty(value)?)?)
}

/// Says something that is not data.
pub(crate) fn note(text: &str) {
    // Where standard error is closed there is nobody to tell.
    let _ = writeln!(io::stderr(), "{text}");
}

/// A table whose columns are texts.
pub(crate) fn texts<const COLUMNS: usize>(header: [&str; COLUMNS], rows: impl IntoIterator<Item = [String; COLUMNS]>) -> String {
    filled(header, rows).to_string()
}

fn filled<const COLUMNS: usize>(header: [&str; COLUMNS], rows: impl IntoIterator<Item = [String; COLUMNS]>) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(header);
    for row in rows {
        table.add_row(row);
    }
    table
}

/// A table whose columns after the first are numbers.
pub(crate) fn table<const COLUMNS: usize>(header: [&str; COLUMNS], rows: impl IntoIterator<Item = [String; COLUMNS]>) -> String {
    let mut table = filled(header, rows);
    for index in 1..COLUMNS {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}

/// The figures of an evaluation as tables.
pub(crate) fn evaluation(evaluation: &Evaluation) -> String {
    let figures = |title: &str, groups: &[Group]| -> String {
        if groups.is_empty() {
            return String::new();
        }
        let header =
            [title, "rows", "median APE", "mean APE", "within 10 %", "within 30 %", "RMSLE", "MAE", "RMSE", "R2", "coverage", "width"];
        format!("{}\n\n", table(header, groups.iter().map(group_row)))
    };
    let mut text = figures("all rows", std::slice::from_ref(&evaluation.overall));
    text += &figures("known inputs", &evaluation.by_pattern);
    text += &figures("only these inputs shown", &evaluation.by_mask);
    text += &figures("unique users", &evaluation.by_size);
    text += &figures("top category", &evaluation.by_category);
    text += &figures("source", &evaluation.by_source);
    text += &figures("months of one site", &evaluation.by_known_months);
    let baselines = evaluation.baselines.iter().map(|baseline| {
        let errors = &baseline.errors;
        [
            baseline.name.clone(),
            errors.rows.to_string(),
            percent(errors.median_ape),
            percent(errors.within_30),
            format!("{:.3}", errors.rmsle),
            whole(errors.mae),
        ]
    });
    text += &table(["simple estimate", "rows", "median APE", "within 30 %", "RMSLE", "MAE"], baselines);
    text += &format!("\n\ncoverage and width are those of the {} interval; width is relative to the estimate", percent(evaluation.level));
    if let Some(share) = evaluation.falling_steps {
        text += &format!("\nwith 10 % more visits, all else as it is, {} of the estimates fall by over 2 %", percent(share));
    }
    text
}

fn group_row(group: &Group) -> [String; 12] {
    let (errors, intervals) = (&group.errors, &group.intervals);
    [
        group.name.clone(),
        errors.rows.to_string(),
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

/// The data-quality report as tables.
pub(crate) fn quality(report: &QualityReport) -> String {
    let rules = report.rules.iter().filter(|rule| rule.rows > 0).map(|rule| {
        let example = rule.examples.first();
        let example = example.map_or(String::new(), |example| {
            format!("{} {}: {}", example.site.as_deref().unwrap_or("(no site)"), example.date, example.found)
        });
        [rule.rule.to_owned(), rule.rows.to_string(), serde_name(&rule.action), example]
    });
    let fields = report.fields.iter().map(|field| [field.field.clone(), field.known.to_string(), percent(field.share)]);
    let sources = report.sources.iter().map(|source| {
        [
            source.source.clone().unwrap_or_else(|| "(none)".to_owned()),
            source.rows.to_string(),
            source.labelled.to_string(),
            source.sites.to_string(),
            source.months.to_string(),
        ]
    });
    let notes: String = report.notes.iter().map(|note| format!("\n{note}")).collect();
    format!(
        "{} rows read, {} skipped, {} kept, {} with known unique users{notes}\n\n{}\n\n{}\n\n{}",
        report.rows_read,
        report.rows_skipped,
        report.rows_kept,
        report.rows_labelled,
        table(["cleaning rule", "rows", "action", "for example"], rules),
        table(["field", "known", "share"], fields),
        table(["source", "rows", "labelled", "sites", "months"], sources),
    )
}

fn serde_name(value: &impl Serialize) -> String {
    let name = serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned));
    name.unwrap_or_default().replace('_', " ")
}

/// A fraction as a percentage.
pub(crate) fn percent(fraction: f64) -> String {
    format!("{:.1} %", fraction * 100.0)
}

/// A large number with its thousands parted.
pub(crate) fn whole(number: f64) -> String {
    let digits = format!("{number:.0}");
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits.as_str()), |digits| ("-", digits));
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return format!("{sign}{digits}");
    }
    let mut parted = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            parted.push(',');
        }
        parted.push(digit);
    }
    format!("{sign}{parted}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_parted() {
        let numbers = [0.0, 999.0, 1000.0, -1_234_567.4, f64::NAN].map(whole);
        assert_eq!(numbers, ["0", "999", "1,000", "-1,234,567", "NaN"]);
    }
}
