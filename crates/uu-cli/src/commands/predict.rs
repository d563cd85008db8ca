//! `predict`: one site, or every row of a file.

use std::io::{self, IsTerminal};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;

use uu_core::{OutputColumn, escaped};
use uu_data::read::{Format, Input, ReadNote, ReadOptions, open};
use uu_data::sort_by_site;
use uu_data::write::{Output, WriteOptions, Writer};
use uu_model::EstimateOptions;
use uu_scoring::{Batch, BatchReport, BatchRows};
use uu_service::load;

use super::{bad_rows, checked_level, existing, one_site, output_format};
use crate::arguments::Predict;
use crate::failure::Advised;
use crate::output::{counted, note};
use crate::progress::rows;
use crate::settings::Settings;

/// Exit code of a run without a single estimate.
const NOTHING_ESTIMATED: u8 = 1;

/// Estimates one site and prints what came of it, or a file's rows and writes them beside what they came with.
pub(crate) fn run(arguments: Predict, settings: &Settings) -> anyhow::Result<ExitCode> {
    if let Some(option) = arguments.fields.first_given() {
        return one_site::run(&arguments, &option, settings);
    }
    let Some(input) = arguments.input else {
        return Err(Advised::error(
            "`predict` needs a file (`--input FILE`), or the fields of one site (`--visits`, `--category`, ..)",
            "for example `uu-predictor predict --visits 1000000 --category Sports/Soccer`, or `uu-predictor predict --input sites.csv`; \
             `--help` lists the fields",
        ));
    };
    let estimate = EstimateOptions { level: checked_level(arguments.level)?, explain: arguments.explain };
    let named_format = output_format(arguments.output.as_deref(), arguments.output_format)?;
    let served = load(&existing(settings)?, arguments.model)?;
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
    let inputs = vec![input.clone()];
    let reader = open(Input::argument(input), read)?;
    let input_format = reader.format();
    let format = named_format.unwrap_or(match input_format {
        // The nested export is only read; its rows are an array's.
        Format::Nested => Format::Json,
        format => format,
    });
    let output = Output::argument(arguments.output.as_deref().unwrap_or(Path::new("-")));
    if matches!(output, Output::Stdout) && format == Format::Parquet && io::stdout().is_terminal() {
        return Err(Advised::error("Parquet is nothing for a terminal", "name a file with `--output FILE`, or pass `--output-format csv`"));
    }
    let writer = Writer::create(
        output,
        WriteOptions { format: Some(format), extras, inputs, spreadsheet_safe: arguments.spreadsheet_safe, ..WriteOptions::default() },
    )?;
    let counter = rows();
    let rows = if arguments.by_site {
        BatchRows::BySite(Box::new(sort_by_site(reader, bad_rows, &mut |rows| counter.set_position(rows))?))
    } else {
        BatchRows::AsTheyCome(Box::new(reader), bad_rows)
    };
    let report = served.predict_batch(Batch { rows, writer, estimate }, &mut |rows| {
        counter.set_position(rows);
        ControlFlow::Continue(())
    });
    counter.finish_and_clear();
    let report = report?;
    tell(&report, input_format);
    Ok(if report.rows > 0 { ExitCode::SUCCESS } else { ExitCode::from(NOTHING_ESTIMATED) })
}

fn tell(report: &BatchReport, input: Format) {
    if report.rows > 0 {
        note(&format!("{} estimated", counted(report.rows, "row")));
    } else if report.skipped.total > 0 {
        note("nothing was estimated: every row was skipped");
    } else {
        note(&format!("nothing was estimated: the input has no rows\nhint: {}", rows_of(input)));
    }
    if report.known > 0 {
        let have = if report.known == 1 { "has" } else { "have" };
        note(&format!(
            "{} {have} known unique users, which stand in `{}`; no estimate was made from its own",
            counted(report.known, "row"),
            OutputColumn::UniqueUsersKnown.column()
        ));
    }
    if report.skipped.total > 0 {
        let rules: Vec<String> = report.skipped.by_rule.iter().map(|(rule, rows)| format!("{rule} {rows}")).collect();
        note(&format!("{} skipped: {}", counted(report.skipped.total, "row"), rules.join(", ")));
        for example in &report.skipped.examples {
            note(&format!("  {example}"));
        }
    }
    for line in report.columns.lines() {
        note(&format!("warning: {line}"));
    }
    for (column, names) in &report.renamed_columns {
        note(&format!(
            "warning: the input has several columns `{}`; the output has the further ones as {}",
            escaped(column),
            listed(names)
        ));
    }
    // The note on this product's own output already names the columns that are replaced.
    if !report.replaced_columns.is_empty() && !report.columns.notes.iter().any(ReadNote::is_of_own_output) {
        note(&format!("warning: the input's columns of these names stand anew in the output: {}", listed(&report.replaced_columns)));
    }
    if !report.late_columns.is_empty() {
        note(&format!("warning: first seen after the output's columns were settled, and not in it: {}", listed(&report.late_columns)));
    }
}

/// Where a format has its rows.
fn rows_of(format: Format) -> &'static str {
    match format {
        Format::Csv => "a CSV file has one line for each row below its header",
        Format::Json => "a JSON file has an array with one object for each row: `[{\"date\": \"2018-12\", \"visits\": 1000}]`",
        Format::Ndjson => "an NDJSON file has one object for each row, a line each: `{\"date\": \"2018-12\", \"visits\": 1000}`",
        Format::Parquet => "the Parquet file has columns and no row: the query or the filter that made it may have found none",
        Format::Nested => "the nested export has an array with one object for each site",
    }
}

/// Names of columns, as they may stand in a message.
fn listed<'n>(names: impl IntoIterator<Item = &'n String>) -> String {
    names.into_iter().map(|name| escaped(name)).collect::<Vec<_>>().join(", ")
}
