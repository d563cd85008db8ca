//! scratch
#![allow(missing_docs, clippy::all)]
//! Writes the bundled sample: `cargo run --release -p uu-data --example make_sample -- data/sample.parquet`.

use std::path::PathBuf;

use uu_core::Record;
use uu_data::sample::{SampleSettings, generate};
use uu_data::write::{Output, WriteOptions, write_records};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("data/sample.parquet"), PathBuf::from);
    let records: Vec<Record> = generate(&SampleSettings::default()).collect();
    write_records(&records, &[], Output::Path(path), WriteOptions::default())?;
    Ok(())
}
