//! `predict`: every row of a file.

use std::ops::ControlFlow;
use std::process::ExitCode;

use uu_data::read::{Format, Input, ReadOptions, open};
use uu_data::write::{Output, WriteOptions, Writer};
use uu_model::EstimateOptions;
use uu_service::{Batch, BatchReport, BatchRows, load, predict_batch, sort_by_site};

use super::{bad_rows, checked_level, registry};
use crate::arguments::Predict;
use crate::output::note;
use crate::progress::rows;
use crate::settings::Settings;

/// Estimates a file's rows and writes them beside what they came with.
pub(crate) fn run(arguments: Predict, settings: &Settings) -> anyhow::Result<ExitCode> {
    let estimate = EstimateOptions { level: checked_level(arguments.level)?, explain: false };
    let served = load(&registry(settings)?, arguments.model)?;
    let bad_rows = bad_rows(&arguments.reading);
    let read = ReadOptions {
        format: arguments.reading.format.map(Into::into),
        rules: served.model.rules().clone(),
        bounce_rate_unit: arguments.reading.bounce_rate_unit.map(Into::into),
        decimal: arguments.reading.decimal.map(Into::into),
        allow_repeated_months: arguments.reading.allow_repeated_months,
        ..ReadOptions::default()
    };
    let extras = read.rules.extras.clone();
    let reader = open(Input::argument(arguments.input), read)?;
    let output = Output::argument(arguments.output);
    let as_input = matches!(output, Output::Stdout).then(|| match reader.format() {
        // The nested export is only read; its rows are an array's.
        Format::Nested => Format::Json,
        format => format,
    });
    let format = arguments.output_format.map(Into::into).or(as_input);
    let writer = Writer::create(output, WriteOptions { format, extras, ..WriteOptions::default() })?;
    let counter = rows();
    let rows = if arguments.by_site {
        BatchRows::BySite(Box::new(sort_by_site(reader, bad_rows, &mut |rows| counter.set_position(rows))?))
    } else {
        BatchRows::AsTheyCome(reader, bad_rows)
    };
    let report = predict_batch(&served, Batch { rows, writer, estimate }, &mut |rows| {
        counter.set_position(rows);
        ControlFlow::Continue(())
    });
    counter.finish_and_clear();
    tell(&report?);
    Ok(ExitCode::SUCCESS)
}

fn tell(report: &BatchReport) {
    note(&format!("{} rows estimated", report.rows));
    if report.skipped.total > 0 {
        let rules: Vec<String> = report.skipped.by_rule.iter().map(|(rule, rows)| format!("{rule} {rows}")).collect();
        note(&format!("{} rows skipped: {}", report.skipped.total, rules.join(", ")));
        for example in &report.skipped.examples {
            note(&format!("  {example}"));
        }
    }
    for line in report.columns.lines() {
        note(&format!("warning: {line}"));
    }
    for (column, names) in &report.renamed_columns {
        note(&format!("warning: the input has several columns `{column}`; the output has them as {}", names.join(", ")));
    }
    if !report.replaced_columns.is_empty() {
        let columns: Vec<&str> = report.replaced_columns.iter().map(String::as_str).collect();
        note(&format!("warning: the input's columns of these names stand anew in the output: {}", columns.join(", ")));
    }
    if !report.late_columns.is_empty() {
        let columns: Vec<&str> = report.late_columns.iter().map(String::as_str).collect();
        note(&format!("warning: first seen after the output's columns were settled, and not in it: {}", columns.join(", ")));
    }
}
