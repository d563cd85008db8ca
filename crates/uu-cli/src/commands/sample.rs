//! `sample`: generated site-months.

use std::process::ExitCode;

use uu_data::read::Format;
use uu_data::sample::{SampleSettings, generate};
use uu_data::write::{Output, WriteOptions, write_records};

use crate::arguments::Sample;
use crate::output::note;
use crate::progress::rows;

/// Generates rows and writes them.
pub(crate) fn run(arguments: Sample) -> anyhow::Result<ExitCode> {
    let share = arguments.unlabelled_share;
    anyhow::ensure!((0.0..=1.0).contains(&share), "`--unlabelled-share` must be between 0 and 1, got {share}");
    let settings = SampleSettings { sites: arguments.sites, seed: arguments.seed, unlabelled_share: share, ..SampleSettings::default() };
    let output = Output::argument(arguments.output);
    let format = matches!(output, Output::Stdout).then_some(Format::Csv);
    let counter = rows();
    let records = generate(&settings).inspect(|_| counter.inc(1));
    let written = write_records(records, &[], output, WriteOptions { format, ..WriteOptions::default() });
    counter.finish_and_clear();
    note(&format!("{} site-months of {} sites", written?.rows, arguments.sites));
    Ok(ExitCode::SUCCESS)
}
