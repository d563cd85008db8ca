//! Arguments of the commands about what the store holds: models, jobs, observations, tokens.

use std::path::PathBuf;

use clap::builder::TypedValueParser as _;
use clap::{Args, Subcommand};
use uu_registry::{ModelVersion, Scope, Timestamp};

use super::Making;
use super::names::{batch_number, day, duration, job_number, log_number, whole};

/// Commands about models.
#[derive(Debug, Subcommand)]
pub(crate) enum Models {
    /// List the versions
    List {
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a version: where it comes from and how good it was found to be
    Show {
        /// Version [default: the one in use]
        #[arg(id = "VERSION")]
        version: Option<ModelVersion>,
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Put a version in use and confirm it: later ones that are trained without an admin are compared with it; running servers follow within seconds
    Promote {
        /// Version
        #[arg(id = "VERSION")]
        version: ModelVersion,
        /// Why, for the audit log
        #[arg(long, default_value = "", hide_default_value = true)]
        reason: String,
    },
    /// Put the version in use that was before, or an earlier one; running servers follow within seconds
    Rollback {
        /// Version that was in use at some time [default: the one before]
        #[arg(long, value_name = "VERSION")]
        to: Option<ModelVersion>,
        /// Why, for the audit log
        #[arg(long, default_value = "", hide_default_value = true)]
        reason: String,
    },
    /// List what was done to models and tokens, by whom and why, the newest first
    Log {
        /// Records at most
        #[arg(long, allow_negative_numbers = true, default_value_t = 20, value_name = "NUMBER", value_parser = whole::<u32>)]
        limit: u32,
        /// Only records older than the one of this number
        #[arg(long, value_name = "NUMBER", value_parser = log_number)]
        before: Option<i64>,
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Write a version's artifact, or its trees as LightGBM text files, one for each stage
    Export {
        /// Folder to write the trees to; it is made where there is none
        #[arg(long, value_name = "FOLDER", required_unless_present = "artifact")]
        trees: Option<PathBuf>,
        /// File to write the artifact to, which the Python package loads
        #[arg(long, value_name = "FILE")]
        artifact: Option<PathBuf>,
        /// Version [default: the one in use]
        #[arg(id = "VERSION")]
        version: Option<ModelVersion>,
        /// The same as an option
        #[arg(long, value_name = "VERSION", conflicts_with = "VERSION", hide_short_help = true)]
        model: Option<ModelVersion>,
    },
}

/// Commands about jobs.
#[derive(Debug, Subcommand)]
pub(crate) enum Jobs {
    /// List the newest jobs
    List {
        /// Jobs at most
        #[arg(long, allow_negative_numbers = true, default_value_t = 20, value_name = "NUMBER", value_parser = whole::<u32>)]
        limit: u32,
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a job: what was asked for, how far it is, what came of it
    Show {
        /// Number of the job
        #[arg(id = "NUMBER", value_parser = job_number)]
        number: i64,
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Call a job off; a server that does it stops within seconds
    Cancel {
        /// Number of the job
        #[arg(id = "NUMBER", value_parser = job_number)]
        number: i64,
    },
    /// Do again what a job that did not succeed was asked for
    Retry {
        /// Number of the job
        #[arg(id = "NUMBER", value_parser = job_number)]
        number: i64,
    },
}

/// Commands about the rows that are kept.
#[derive(Debug, Subcommand)]
pub(crate) enum Observations {
    /// List the batches: where each came from, and whether it is used
    List {
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Keep a batch, or all batches of one sender, from being used by trainings
    Quarantine {
        /// Number of the batch
        #[arg(id = "BATCH", value_parser = batch_number, required_unless_present = "by")]
        batch: Option<i64>,
        /// Set aside all batches of this sender, as the list names it or as `token 7`
        #[arg(long, value_name = "SENDER", conflicts_with = "BATCH")]
        by: Option<String>,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Let a batch be used by trainings again
    Release {
        /// Number of the batch
        #[arg(id = "BATCH", value_parser = batch_number)]
        batch: i64,
    },
}

/// Arguments of `job-worker`.
#[derive(Debug, Args)]
pub(crate) struct JobWorker {
    /// Number of the job
    #[arg(long)]
    pub job: i64,
    /// Number of the claim on it
    #[arg(long)]
    pub fence: i64,
}

/// Commands about access tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum Tokens {
    /// Create a token and print it; it cannot be shown again
    Create {
        /// What it is for
        #[arg(id = "NAME")]
        name: String,
        /// What its holder may do: read, write (also send data and train) or admin (also promote and manage tokens)
        #[arg(long, default_value_t = Scope::Read, value_parser = clap::builder::PossibleValuesParser::new(Scope::ALL.map(Scope::name)).try_map(|name| name.parse::<Scope>()))]
        scope: Scope,
        /// Whether a damaged store gives way to a new one.
        #[command(flatten)]
        making: Making,
        #[command(flatten)]
        expiry: Expiry,
    },
    /// List the tokens
    List {
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Revoke a token: requests with it are refused from then on
    Revoke {
        /// Number of the token, or its name where no other good token has it
        #[arg(id = "TOKEN")]
        token: String,
    },
}

/// Until when a token is good; without either, until it is revoked.
#[derive(Debug, Args)]
pub(crate) struct Expiry {
    /// Day from which on it is refused, in UTC
    #[arg(long, value_name = "DATE", value_parser = day, conflicts_with = "valid_for")]
    pub expires: Option<Timestamp>,
    /// How long it is good: hours, days or weeks, such as 12h, 90d or 4w
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub valid_for: Option<i64>,
}

/// Arguments of `backup`.
#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// File to write, as .tar.zst; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,
    /// Print what it holds as JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `restore`.
#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// File that `backup` wrote; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub input: PathBuf,
    /// Replace what the store holds, if it holds anything, whole or damaged
    #[arg(long)]
    pub replace: bool,
    /// Print what it holds as JSON
    #[arg(long)]
    pub json: bool,
}
