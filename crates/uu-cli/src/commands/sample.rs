//! `sample`: generated site-months.

use std::process::ExitCode;

use uu_data::read::Format;
use uu_data::sample::{SampleSettings, generate};
use uu_data::write::{Output, WriteOptions, write_records};

use super::output_format;
use crate::arguments::Sample;
use crate::output::{counted, note};
use crate::progress::rows;

/// Generates rows and writes them.
pub(crate) fn run(arguments: Sample) -> anyhow::Result<ExitCode> {
    let share = arguments.unlabelled_share;
    anyhow::ensure!((0.0..=1.0).contains(&share), "`--unlabelled-share` must be between 0 and 1, got {share}");
    let settings = SampleSettings { sites: arguments.sites, seed: arguments.seed, unlabelled_share: share, ..SampleSettings::default() };
    let format = output_format(Some(&arguments.output), arguments.output_format)?.or(Some(Format::Csv));
    let output = Output::argument(arguments.output);
    let counter = rows();
    let records = generate(&settings).inspect(|_| counter.inc(1));
    let written = write_records(records, &[], output, WriteOptions { format, ..WriteOptions::default() });
    counter.finish_and_clear();
    note(&format!("{} of {} generated", counted(written?.rows, "site-month"), counted(arguments.sites, "site")));
    Ok(ExitCode::SUCCESS)
}
