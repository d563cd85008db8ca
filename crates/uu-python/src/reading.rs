//! `read`: files of any format as one table.

use std::path::PathBuf;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use uu_core::Rules;
use uu_data::read::{Format, Input, SkippedRows, open};
use uu_data::write::records_batch;

use crate::errors;
use crate::rows::{Reading, Whole, warn_of_columns, warn_of_skipped};
use crate::table::Table;

/// A path, or several.
#[derive(FromPyObject)]
pub(crate) enum Paths {
    One(PathBuf),
    Several(Vec<PathBuf>),
}

/// Reads files into one table: a row is one site in one month.
///
/// The columns are `source, site, date, visits, unique_users, pages_per_visit, bounce_rate, avg_visit_duration, rank, rank_source,
/// category`, then the extra inputs, whatever the files call them and in whatever order; `date` is the first day of the month. Values
/// stand as they were given; columns that are no field and no extra input are left out.
///
/// :param paths: a path or several: CSV, JSON, NDJSON, Parquet, the nested export, also compressed with gzip or zstd.
/// :param format: `csv`, `json`, `ndjson`, `parquet` or `nested`, where the extension does not tell.
/// :param bounce_rate_unit: `percent`, or `fraction` for files that give bounce rates from 0 to 1; the table has percent. Where none is given,
///     a file whose bounce rates are mostly below 1 is refused.
/// :param decimal: `point`, or `comma` for files that write `1.234,5`. Where none is given, a file with semicolons or tabs whose points may all
///     part thousands is refused.
/// :param allow_repeated_months: takes files in which most sites have several rows of a month.
/// :param extra_inputs: names of further numeric columns that are inputs.
/// :param skip_bad_rows: leaves rows that break a rule out, with a warning, instead of raising a `RecordError`.
#[pyfunction]
#[pyo3(signature = (paths, *, format=None, bounce_rate_unit=None, decimal=None, allow_repeated_months=false, extra_inputs=Vec::new(), skip_bad_rows=false))]
#[expect(clippy::too_many_arguments, reason = "keywords of a Python function")]
pub(crate) fn read(
    py: Python<'_>,
    paths: Paths,
    format: Option<&str>,
    bounce_rate_unit: Option<&str>,
    decimal: Option<&str>,
    allow_repeated_months: bool,
    extra_inputs: Vec<String>,
    skip_bad_rows: bool,
) -> PyResult<Table> {
    let mut reading = Reading::new(Rules { extras: extra_inputs, ..Rules::default() }, skip_bad_rows)?.of(Whole {
        bounce_rate_unit,
        decimal,
        allow_repeated_months,
    })?;
    reading.options.format = format.map(named_format).transpose()?;
    let paths = match paths {
        Paths::One(path) => vec![path],
        Paths::Several(paths) => paths,
    };
    let mut batches = Vec::new();
    let mut skipped = SkippedRows::default();
    for path in paths {
        let mut chunks = py.detach(|| open(Input::Path(path), reading.options.clone())).map_err(|error| errors::read(py, error))?;
        let of_path = reading.each_good(py, chunks.by_ref(), |chunk| {
            batches.push(chunk.as_given(&reading.options));
            Ok(())
        })?;
        warn_of_columns(py, &chunks.columns())?;
        skipped.join(of_path);
    }
    warn_of_skipped(py, &skipped)?;
    let schema = records_batch(&[], &reading.options.rules.extras).schema();
    Ok(Table::new(schema, batches))
}

fn named_format(name: &str) -> PyResult<Format> {
    let formats = [Format::Csv, Format::Json, Format::Ndjson, Format::Parquet, Format::Nested];
    let found = formats.into_iter().find(|format| format.to_string() == name);
    found.ok_or_else(|| PyValueError::new_err(format!("`format` must be csv, json, ndjson, parquet or nested, got `{name}`")))
}
