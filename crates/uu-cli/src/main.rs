//! `uu-predictor`: parse, call, print.

mod arguments;
mod commands;
mod failure;
mod logging;
mod output;
mod progress;
mod settings;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match commands::run(arguments::Arguments::parse()) {
        Ok(code) => code,
        Err(error) => failure::report(&error),
    }
}
