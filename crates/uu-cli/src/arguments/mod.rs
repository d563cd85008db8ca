//! What can be said on the command line.

mod lifecycle;
mod names;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use uu_registry::{ModelVersion, Secret};

pub(crate) use lifecycle::{Backup, JobWorker, Jobs, Models, Observations, Restore, Tokens};
pub(crate) use names::{BounceRateUnitName, DecimalName, FormatName, ProgressStyle};

/// Estimates how many unique users a website has in a month, and says how sure it is.
#[derive(Debug, Parser)]
#[command(name = "uu-predictor", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 done; 1 done, and the answer is no; 2 error.\n\
Every setting has an environment variable; `uu-predictor config show --defaults` lists them.")]
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
    #[arg(long, global = true, value_name = "FOLDER")]
    pub store: Option<PathBuf>,
    /// PostgreSQL database in place of the folder's; others on this machine can see it in a flag [env: UU_DATABASE_URL, UU_DATABASE_URL_FILE]
    #[arg(long, global = true, value_name = "URL")]
    pub database_url: Option<Secret>,
    /// S3 store in place of the folder, as s3://bucket/prefix [env: UU_ARTIFACTS_URL]
    #[arg(long, global = true, value_name = "URL")]
    pub artifacts_url: Option<String>,
    /// File with settings [default: uu-predictor.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What is logged: error, warn, info, debug, trace, or a filter [default: info] [env: UU_LOG__LEVEL]
    #[arg(long, global = true, value_name = "LEVEL")]
    pub log: Option<String>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve estimates over HTTP; an empty store first trains on the bundled sample
    Serve(Serve),
    /// Clean data, fit, calibrate and validate a model, and put it into the store
    Train(Train),
    /// Add new data, fit a challenger, and promote it if it is not worse than the champion
    Retrain(Retrain),
    /// Estimate the unique users of every row of a file
    Predict(Predict),
    /// Judge a model on rows whose unique users are known
    Evaluate(Evaluate),
    /// Study the data, compare models, and write a report; then train a model and put it into the store
    Research(Research),
    /// Generate site-months that look like real ones
    Sample(Sample),
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
    /// Make, list and revoke access tokens
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
}

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Address and port to listen on [default: 127.0.0.1:5000] [env: UU_SERVER__LISTEN]
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
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
    /// Take files in which most sites have rows of several days of a month, as daily and weekly exports do
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
    #[arg(long)]
    pub seed: Option<u64>,
    /// Threads; does not change the model [default: all cores] [env: UU_TRAIN__THREADS]
    #[arg(long)]
    pub threads: Option<usize>,
    /// Try that many hyperparameters first, each judged on sites held out, and keep the best if its gain is real: the search of `research`
    /// [default: 0, which takes the winners of our own search] [env: UU_TRAIN__TRIALS]
    #[arg(long, value_name = "TRIALS", value_parser = clap::value_parser!(u64).range(..=1000))]
    pub tune: Option<u64>,
    /// Put the model into the store without using it
    #[arg(long)]
    pub no_promote: bool,
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
    #[arg(long)]
    pub seed: Option<u64>,
    /// Threads; does not change the model [default: all cores] [env: UU_TRAIN__THREADS]
    #[arg(long)]
    pub threads: Option<usize>,
    /// Promote the challenger whatever the labels and the gate say; it is logged as forced
    #[arg(long)]
    pub force: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
    /// How progress is shown on standard error
    #[arg(long, value_enum, default_value = "bar", value_name = "HOW", hide = true)]
    pub progress: ProgressStyle,
}

/// Arguments of `predict`.
#[derive(Debug, Args)]
pub(crate) struct Predict {
    /// File with site-months; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub input: PathBuf,
    /// File to write, its format by extension; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,
    /// How the input is read.
    #[command(flatten)]
    pub reading: Reading,
    /// Format of the output [default: by extension, or as the input]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub output_format: Option<FormatName>,
    /// Level of the intervals, from 0.5 to 0.99
    #[arg(long, default_value_t = 0.9)]
    pub level: f64,
    /// Take the rows of one site for its months, so that those whose unique users are known tell of the others; the output is sorted by site
    /// and month. What does not fit memory is sorted in temporary files (`TMPDIR` names their folder)
    #[arg(long)]
    pub by_site: bool,
    /// Version of the model [default: the one in use]
    #[arg(long, value_name = "VERSION")]
    pub model: Option<ModelVersion>,
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
    #[arg(long, default_value_t = 0.9)]
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
    #[arg(long, default_value_t = 12)]
    pub trials: usize,
    /// Seed of everything random [default: 0] [env: UU_TRAIN__SEED]
    #[arg(long)]
    pub seed: Option<u64>,
    /// Threads; changes times and nothing else [default: all cores] [env: UU_TRAIN__THREADS]
    #[arg(long)]
    pub threads: Option<usize>,
    /// Write the report without training a model for the store
    #[arg(long)]
    pub no_model: bool,
    /// Put the model into the store without using it
    #[arg(long, conflicts_with = "no_model")]
    pub no_promote: bool,
}

/// Arguments of `sample`.
#[derive(Debug, Args)]
pub(crate) struct Sample {
    /// Sites to generate; each has about four months
    #[arg(long, default_value_t = 10_000)]
    pub sites: u64,
    /// Seed: the same one gives the same rows
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Share of rows whose unique users are left out
    #[arg(long, default_value_t = 0.0, value_name = "SHARE")]
    pub unlabelled_share: f64,
    /// File to write, its format by extension; `-` is standard output, as csv
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,
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
    #[arg(long, default_value_t = 5, value_name = "SECONDS")]
    pub timeout_s: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }
}
