#![doc = include_str!("../README.md")]
#![expect(clippy::print_stderr, reason = "a command line tool says on stderr what it does")]

mod ci;
mod command;
mod metadata;
mod openapi;
mod python;
mod ship;
mod tidy;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// The workspace's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask", version, about)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Checks formatting, structure, lints, documentation and licences, and runs the tests
    Ci(ci::Arguments),
    /// Checks the structure: who depends on whom, length and names of files, what every crate must have
    Tidy,
    /// Writes `docs/openapi.json` as the binary states it
    Openapi(openapi::Arguments),
    /// Builds the Python wheel and tests it
    Python {
        /// Executes the notebook too
        #[arg(long)]
        full: bool,
    },
    /// Measures against the peers; the arguments are those of `bench/run`
    Bench {
        /// Passed on
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    let root = metadata::root()?;
    match task {
        Task::Ci(arguments) => ci::run(&root, &arguments),
        Task::Tidy => tidy::run(&root),
        Task::Openapi(arguments) => openapi::run(&root, &arguments),
        Task::Python { full } => python::run(&root, full),
        Task::Bench { arguments } => command::program(&root, root.join("bench/run")).args(arguments).run(),
    }
}
