//! What can be said on the command line.

mod examples;
mod lifecycle;
mod names;
mod predict;

use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use uu_registry::{ModelVersion, Secret};

pub(crate) use lifecycle::{Backup, Expiry, JobWorker, Jobs, Models, Observations, Restore, Tokens};
pub(crate) use names::{BounceRateUnitName, DecimalName, FormatName, ProgressStyle};
use names::{number, whole};
pub(crate) use predict::{Fields, Predict};

/// Heads the options that every command takes, below its own.
const GLOBAL: &str = "Global options";

/// Commands that never look at a store: its options are accepted there, and not shown.
const WITHOUT_STORE: [&str; 6] = ["sample", "categories", "config", "openapi", "completions", "man"];

/// Options about the store, by their identifiers.
const STORE_OPTIONS: [&str; 3] = ["store", "database_url", "artifacts_url"];

/// Estimates how many unique users a website has in a month, and says how sure it is.
#[derive(Debug, Parser)]
#[command(name = "uu-predictor", version, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Arguments {
    /// What every command takes.
    #[command(flatten)]
    pub general: General,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct General {
    /// Folder that holds the state of the service [default: ./uu-store] [env: UU_STORE]
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "FOLDER")]
    pub store: Option<PathBuf>,
    /// PostgreSQL database in place of the folder's; others on this machine can see it in a flag [env: UU_DATABASE_URL, UU_DATABASE_URL_FILE]
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "URL")]
    pub database_url: Option<Secret>,
    /// S3 store in place of the folder, as s3://bucket/prefix [env: UU_ARTIFACTS_URL]
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "URL")]
    pub artifacts_url: Option<String>,
    /// File with settings [default: uu-predictor.toml, if it is there]
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What is logged: error, warn, info, debug, trace, or a filter [default: info] [env: UU_LOG__LEVEL]
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "LEVEL")]
    pub log: Option<String>,
}

/// What to do.
#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "there is one, and it is parsed once")]
pub(crate) enum Command {
    /// Serve estimates over HTTP; an empty store first trains on the bundled sample
    Serve(Serve),
    /// Clean data, fit, calibrate and validate a model, and put it into the store
    Train(Train),
    /// Add new data, fit a challenger, and promote it if it is not worse than the champion
    Retrain(Retrain),
    /// Estimate the unique users of one site, or of every row of a file
    Predict(Predict),
    /// Judge a model on rows whose unique users are known
    Evaluate(Evaluate),
    /// Study the data, compare models, and write a report; then train a model and put it into the store
    Research(Research),
    /// Generate site-months that look like real ones
    Sample(Sample),
    /// List the categories a site can have, or those that match a word
    Categories(Categories),
    /// Look at the models in the store, and choose the one that answers
    #[command(subcommand)]
    Models(Models),
    /// Look at re-trainings that a server does, call them off, do them again
    #[command(subcommand)]
    Jobs(Jobs),
    /// Look at the rows that are kept, set some aside or take them back
    #[command(subcommand)]
    Observations(Observations),
    /// How recent requests and observations differ from what the model in use was trained on
    Drift {
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Create, list and revoke access tokens
    #[command(subcommand)]
    Tokens(Tokens),
    /// Write everything the store holds to one file, while it serves
    Backup(Backup),
    /// Make an empty store what it was when a backup was made
    Restore(Restore),
    /// Look at the settings
    #[command(subcommand)]
    Config(Config),
    /// Ask a running server whether it is ready
    Healthcheck(Healthcheck),
    /// Do a job that a server has taken; it starts this itself
    #[command(hide = true)]
    JobWorker(JobWorker),
    /// Print the API's description as OpenAPI JSON
    Openapi,
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual, or write it as one man page for each command
    Man {
        /// Folder to write the man pages to; it is made where there is none
        #[arg(long, value_name = "FOLDER")]
        out: Option<PathBuf>,
    },
}

/// What a command that makes a store does where there is a part of one.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Making {
    /// Begin a new store where there is a damaged one, and move what is left of it aside
    #[arg(long)]
    pub new_store: bool,
}

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Address and port to listen on [default: 127.0.0.1:5000] [env: UU_SERVER__LISTEN]
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// Whether a damaged store gives way to a new one.
    #[command(flatten)]
    pub making: Making,
}

/// How files are read.
#[derive(Debug, Args)]
pub(crate) struct Reading {
    /// Format of the data [default: by extension and content]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<FormatName>,
    /// Unit of the bounce rates in the data [default: percent, checked for each file]
    #[arg(long, value_enum, value_name = "UNIT")]
    pub bounce_rate_unit: Option<BounceRateUnitName>,
    /// Decimal mark of numbers in texts [default: point, checked for each file]; with a comma, points and blanks part thousands
    #[arg(long, value_enum, value_name = "MARK")]
    pub decimal: Option<DecimalName>,
    /// Take files in which most sites have several rows of a month, as daily and weekly exports do
    #[arg(long)]
    pub allow_repeated_months: bool,
    /// Leave rows out that break a rule, and report how many and why, instead of stopping at them
    #[arg(long)]
    pub skip_bad_rows: bool,
}

/// Arguments of `train`.
#[derive(Debug, Args)]
pub(crate) struct Train {
    /// Files with site-months: csv, json, ndjson, parquet or the nested export, also compressed; `-` is standard input
    #[arg(long, value_name = "FILE", num_args = 1.., required_unless_present = "bundled_sample", conflicts_with = "bundled_sample")]
    pub data: Vec<PathBuf>,
    /// Train on the generated sample that ships with the product, to try things out
    #[arg(long)]
    pub bundled_sample: bool,
    /// How files are read.
    #[command(flatten)]
    pub reading: Reading,
    /// A further numeric column that is an input like the others; may be given several times
    #[arg(long = "extra-input", value_name = "COLUMN", conflicts_with = "bundled_sample")]
    pub extra_inputs: Vec<String>,
    /// Seed of everything random [default: 0] [env: UU_TRAIN__SEED]
    #[arg(long, value_name = "NUMBER", value_parser = whole::<u64>)]
    pub seed: Option<u64>,
    /// Threads; does not change the model [default: all cores] [env: UU_TRAIN__THREADS]
    #[arg(long, value_name = "NUMBER", value_parser = whole::<usize>)]
    pub threads: Option<usize>,
    /// Try that many hyperparameters first, each judged on sites held out, and keep the best if its gain is real: the search of `research`
    /// [default: 0, which takes the winners of our own search] [env: UU_TRAIN__TRIALS]
    #[arg(long, value_name = "TRIALS", value_parser = clap::value_parser!(u64).range(..=1000))]
    pub tune: Option<u64>,
    /// Put the model into the store without using it
    #[arg(long)]
    pub no_promote: bool,
    /// Whether a damaged store gives way to a new one.
    #[command(flatten)]
    pub making: Making,
    /// Print every table: fields, sources, and metrics by group
    #[arg(long, short, conflicts_with = "json")]
    pub verbose: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
    /// How progress is shown on standard error
    #[arg(long, value_enum, default_value = "bar", value_name = "HOW", hide = true)]
    pub progress: ProgressStyle,
}

/// Arguments of `retrain`.
#[derive(Debug, Args)]
pub(crate) struct Retrain {
    /// Files with new site-months, in any format that `train` reads; they are read twice, so standard input is none of them
    #[arg(long, value_name = "FILE", num_args = 1.., required = true)]
    pub data: Vec<PathBuf>,
    /// How files are read.
    #[command(flatten)]
    pub reading: Reading,
    /// A further numeric column that is an input like the others; may be given several times
    #[arg(long = "extra-input", value_name = "COLUMN")]
    pub extra_inputs: Vec<String>,
    /// Seed of everything random [default: 0] [env: UU_TRAIN__SEED]
    #[arg(long, value_name = "NUMBER", value_parser = whole::<u64>)]
    pub seed: Option<u64>,
    /// Threads; does not change the model [default: all cores] [env: UU_TRAIN__THREADS]
    #[arg(long, value_name = "NUMBER", value_parser = whole::<usize>)]
    pub threads: Option<usize>,
    /// Promote the challenger whatever the labels and the gate say; it is logged as forced
    #[arg(long)]
    pub force: bool,
    /// Whether a damaged store gives way to a new one.
    #[command(flatten)]
    pub making: Making,
    /// Print every table: fields and sources of the data, and all metrics of the gate
    #[arg(long, short, conflicts_with = "json")]
    pub verbose: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
    /// How progress is shown on standard error
    #[arg(long, value_enum, default_value = "bar", value_name = "HOW", hide = true)]
    pub progress: ProgressStyle,
}

/// Arguments of `evaluate`.
#[derive(Debug, Args)]
pub(crate) struct Evaluate {
    /// Files with site-months whose unique users are known; `-` is standard input
    #[arg(long, value_name = "FILE", num_args = 1.., required = true)]
    pub data: Vec<PathBuf>,
    /// How files are read.
    #[command(flatten)]
    pub reading: Reading,
    /// Level of the intervals, from 0.5 to 0.99
    #[arg(long, default_value_t = 0.9, value_parser = number)]
    pub level: f64,
    /// Leave out sites the model was trained on
    #[arg(long)]
    pub unseen_only: bool,
    /// Version of the model [default: the one in use]
    #[arg(long, value_name = "VERSION")]
    pub model: Option<ModelVersion>,
    /// Print the figures as JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `research`.
#[derive(Debug, Args)]
pub(crate) struct Research {
    /// Files with site-months: csv, json, ndjson, parquet or the nested export, also compressed; `-` is standard input
    #[arg(long, value_name = "FILE", num_args = 1.., required = true)]
    pub data: Vec<PathBuf>,
    /// Folder to write `report.html`, `report.md`, `leaderboard.csv` and `report.json` to; it is made where there is none
    #[arg(long, value_name = "FOLDER")]
    pub out: PathBuf,
    /// How files are read.
    #[command(flatten)]
    pub reading: Reading,
    /// A further numeric column that is an input like the others; may be given several times
    #[arg(long = "extra-input", value_name = "COLUMN")]
    pub extra_inputs: Vec<String>,
    /// Hyperparameters tried for each compared estimator that has any, from 1 to 1000
    #[arg(long, default_value_t = 12, value_name = "NUMBER", value_parser = whole::<usize>)]
    pub trials: usize,
    /// Seed of everything random [default: 0] [env: UU_TRAIN__SEED]
    #[arg(long, value_name = "NUMBER", value_parser = whole::<u64>)]
    pub seed: Option<u64>,
    /// Threads; changes times and nothing else [default: all cores] [env: UU_TRAIN__THREADS]
    #[arg(long, value_name = "NUMBER", value_parser = whole::<usize>)]
    pub threads: Option<usize>,
    /// Write the report without training a model for the store
    #[arg(long)]
    pub no_model: bool,
    /// Put the model into the store without using it
    #[arg(long, conflicts_with = "no_model")]
    pub no_promote: bool,
    /// Whether a damaged store gives way to a new one.
    #[command(flatten)]
    pub making: Making,
}

/// Arguments of `sample`.
#[derive(Debug, Args)]
pub(crate) struct Sample {
    /// Sites to generate; each has about four months
    #[arg(long, default_value_t = 10_000, value_name = "NUMBER", value_parser = whole::<u64>)]
    pub sites: u64,
    /// Seed: the same one gives the same rows
    #[arg(long, default_value_t = 1, value_name = "NUMBER", value_parser = whole::<u64>)]
    pub seed: u64,
    /// Share of rows whose unique users are left out
    #[arg(long, default_value_t = 0.0, value_name = "SHARE", value_parser = number)]
    pub unlabelled_share: f64,
    /// File to write, its format by extension; `-` is standard output, as csv
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,
    /// Format of the output [default: by extension]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub output_format: Option<FormatName>,
}

/// Arguments of `categories`.
#[derive(Debug, Args)]
pub(crate) struct Categories {
    /// Words or a code to look for; all are listed where none are given
    #[arg(value_name = "SEARCH")]
    pub search: Vec<String>,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

/// Commands about settings.
#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Print the settings that are in force
    Show {
        /// Print the defaults instead, with their explanations
        #[arg(long)]
        defaults: bool,
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
}

/// Arguments of `healthcheck`.
#[derive(Debug, Args)]
pub(crate) struct Healthcheck {
    /// Address and port of the server [default: that of the settings]
    #[arg(long, value_name = "ADDRESS")]
    pub address: Option<String>,
    /// Seconds to wait for its answer
    #[arg(long, default_value_t = 5, value_name = "SECONDS", value_parser = whole::<u64>)]
    pub timeout_s: u64,
}

/// The command line with the examples in its helps.
pub(crate) fn command() -> clap::Command {
    let command = examples::attach(Arguments::command());
    let hidden: Vec<clap::Arg> = command
        .get_arguments()
        .filter(|option| STORE_OPTIONS.contains(&option.get_id().as_str()))
        .map(|option| option.clone().hide(true))
        .collect();
    command.mut_subcommands(|command| if WITHOUT_STORE.contains(&command.get_name()) { command.args(&hidden) } else { command })
}

/// What was typed; ends the process where it cannot be understood, or asks for help.
pub(crate) fn parse() -> Arguments {
    Arguments::from_arg_matches(&command().get_matches()).unwrap_or_else(|error| error.exit())
}

/// The command line as users are to know it: without what is hidden.
pub(crate) fn visible_command() -> clap::Command {
    visible(&command())
}

/// `clap_complete` and `clap_mangen` tell of hidden commands and options too.
fn visible(command: &clap::Command) -> clap::Command {
    // Options of the program that are hidden here would come back as the program's own.
    let is_shown = |argument: &&clap::Arg| !argument.is_hide_set() || argument.is_global_set();
    let shown: Vec<clap::Arg> = command.get_arguments().filter(is_shown).cloned().collect();
    let of_group = |group: &clap::ArgGroup| {
        let members = group.get_args().filter(|id| shown.iter().any(|argument| argument.get_id() == *id)).cloned();
        clap::ArgGroup::new(group.get_id().clone()).args(members.collect::<Vec<clap::Id>>()).multiple(true)
    };
    let groups: Vec<clap::ArgGroup> = command.get_groups().map(of_group).collect();
    let mut shown = clap::Command::new(command.get_name().to_owned())
        .args(shown)
        .groups(groups)
        .subcommands(command.get_subcommands().filter(|command| !command.is_hide_set()).map(visible));
    if let Some(about) = command.get_about() {
        shown = shown.about(about.clone());
    }
    if let Some(version) = command.get_version() {
        shown = shown.version(version.to_owned());
    }
    match command.get_after_help() {
        Some(text) => shown.after_help(text.clone()),
        None => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        command().debug_assert();
        visible_command().debug_assert();
    }
}
