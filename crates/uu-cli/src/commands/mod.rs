//! One file for each command: settle the settings, call the use case, print.

mod backup;
mod categories;
mod config;
mod drift;
mod evaluate;
mod healthcheck;
mod job_worker;
mod jobs;
mod late_store;
mod manual;
mod models;
mod observations;
mod one_site;
mod predict;
mod research;
mod retrain;
mod sample;
mod serve;
mod tokens;
mod train;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use uu_core::Rules;
use uu_data::clean::QualityReport;
use uu_data::read::{BadRows, Format, Input};
use uu_registry::{Registry, RegistryError};
use uu_service::{Sources, TrainingRows};

use crate::arguments::{Arguments, Command, Config, FormatName, Making, Reading};
use crate::failure::Advised;
use crate::output::note;
use crate::settings::{DataOverrides, LogOverrides, Overrides, ServerOverrides, Settings, TrainOverrides};
use crate::{logging, output};

/// Does what was asked.
///
/// **Errors**: whatever kept it from being done, to be told to the user.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        // These need no settings, and must work where the settings are broken.
        Command::Completions { shell } => return manual::completions(*shell),
        Command::Man { out } => return manual::run(out.as_deref()),
        Command::Categories(arguments) => return categories::run(arguments),
        Command::Config(Config::Show { defaults: true, .. }) => return config::defaults(),
        Command::Openapi => {
            output::print(&uu_server::openapi().to_pretty_json()?)?;
            return Ok(ExitCode::SUCCESS);
        }
        _ => {}
    }
    let settings = Settings::load(arguments.general.config.as_deref(), &overrides(&arguments))?;
    logging::start(&settings.log)?;
    match arguments.command {
        Command::Serve(serve) => serve::run(serve.making, &settings, arguments.general.config.as_deref()),
        Command::Train(arguments) => train::run(arguments, &settings),
        Command::Retrain(arguments) => retrain::run(&arguments, &settings),
        Command::Predict(arguments) => predict::run(arguments, &settings),
        Command::Evaluate(arguments) => evaluate::run(arguments, &settings),
        Command::Research(arguments) => research::run(arguments, &settings),
        Command::Sample(arguments) => sample::run(arguments),
        Command::Models(arguments) => models::run(arguments, &settings),
        Command::Jobs(arguments) => jobs::run(&arguments, &settings),
        Command::Observations(arguments) => observations::run(&arguments, &settings),
        Command::Drift { json } => drift::run(json, &settings),
        Command::JobWorker(arguments) => job_worker::run(&arguments, &settings),
        Command::Tokens(arguments) => tokens::run(arguments, &settings),
        Command::Backup(arguments) => backup::backup(&arguments, &settings),
        Command::Restore(arguments) => backup::restore(&arguments, &settings),
        Command::Config(arguments) => config::run(&arguments, &settings),
        Command::Healthcheck(arguments) => healthcheck::run(&arguments, &settings),
        Command::Completions { .. } | Command::Man { .. } | Command::Categories(_) | Command::Openapi => Ok(ExitCode::SUCCESS),
    }
}

/// What the flags say of the settings.
fn overrides(arguments: &Arguments) -> Overrides {
    let general = &arguments.general;
    let mut overrides = Overrides {
        store: general.store.clone(),
        database_url: general.database_url.clone(),
        artifacts_url: general.artifacts_url.clone(),
        ..Overrides::default()
    };
    if let Some(level) = &general.log {
        overrides.log = Some(LogOverrides { level: Some(level.clone()) });
    }
    match &arguments.command {
        Command::Serve(serve) => overrides.server = Some(ServerOverrides { listen: serve.listen.clone() }),
        Command::Train(train) => {
            overrides.train = Some(TrainOverrides { seed: train.seed, threads: train.threads, trials: train.tune });
            overrides.data = Some(DataOverrides { extra_inputs: train.extra_inputs.clone() });
        }
        Command::Retrain(retrain) => {
            overrides.train = Some(TrainOverrides { seed: retrain.seed, threads: retrain.threads, trials: None });
            overrides.data = Some(DataOverrides { extra_inputs: retrain.extra_inputs.clone() });
        }
        Command::Research(research) => {
            overrides.train = Some(TrainOverrides { seed: research.seed, threads: research.threads, trials: None });
            overrides.data = Some(DataOverrides { extra_inputs: research.extra_inputs.clone() });
        }
        _ => {}
    }
    overrides
}

/// The store; it is made where there is none, or where that is asked for in the place of a damaged one.
fn registry(settings: &Settings, making: Making) -> Result<Registry, RegistryError> {
    if !making.new_store {
        return Registry::open(&settings.location());
    }
    let (registry, aside) = Registry::make_anew(&settings.location())?;
    tell_aside(aside.as_deref());
    Ok(registry)
}

/// Reports where what was left of a store is now.
fn tell_aside(aside: Option<&str>) {
    aside.into_iter().for_each(|aside| note(&format!("what was left of the store is moved to {aside}; nothing of it is used")));
}

/// The store of those who look at what it holds, or change what it holds: none is made.
fn existing(settings: &Settings) -> Result<Registry, RegistryError> {
    Registry::open_existing(&settings.location())
}

/// Who does this, for the audit log: as whom they are logged in.
fn actor() -> String {
    let names = ["USER", "LOGNAME"].into_iter().filter_map(|name| std::env::var(name).ok());
    names.into_iter().find(|name| !name.is_empty()).unwrap_or_else(|| "unknown".to_owned())
}

/// Where a model went, for people.
fn place(settings: &Settings) -> String {
    let database = settings.database_url.as_ref().map(|_| "the database".to_owned());
    database.unwrap_or_else(|| format!("`{}`", settings.store.display()))
}

/// The files of a command, read as its arguments say.
fn sources(files: Vec<PathBuf>, reading: &Reading, rules: Rules) -> Sources {
    Sources {
        format: reading.format.map(Into::into),
        bounce_rate_unit: reading.bounce_rate_unit.map(Into::into),
        decimal: reading.decimal.map(Into::into),
        allow_repeated_months: reading.allow_repeated_months,
        bad_rows: bad_rows(reading),
        ..Sources::new(files.into_iter().map(Input::argument).collect(), rules)
    }
}

/// Rows that are kept for later trainings, under the names of their files.
fn kept(files: &[PathBuf], settings: &Settings) -> TrainingRows {
    TrainingRows::Kept { origin: names(files), sealed_sites: settings.train.sealed_sites }
}

fn names(files: &[PathBuf]) -> String {
    files.iter().map(|file| file.display().to_string()).collect::<Vec<String>>().join(", ")
}

/// Why a version that was trained on those files was made.
fn trained_on(files: &[PathBuf]) -> String {
    format!("trained on {}", names(files))
}

/// Tells which extra inputs no row carries: they would be asked for and never used.
fn warn_of_unused(quality: &QualityReport, rules: &Rules) {
    for field in quality.fields.iter().filter(|field| field.known == 0 && rules.extras.contains(&field.field)) {
        note(&format!("warning: no row has a value of the extra input `{}`, so estimates cannot use it", field.field));
    }
}

/// The format of an output that a path or an option names.
///
/// **Errors**: a file whose extension names none, where no option does.
fn output_format(output: Option<&Path>, named: Option<FormatName>) -> anyhow::Result<Option<Format>> {
    const WRITTEN: &str = "`.csv`, `.json`, `.ndjson` or `.parquet`, also with `.gz` or `.zst` behind it";
    let named = named.map(Format::from);
    // Devices and pipes have no extension to go by.
    let file = output.filter(|path| *path != Path::new("-") && (path.is_file() || !path.exists()));
    let Some(file) = file.filter(|_| named.is_none()) else { return Ok(named) };
    let name = file.display().to_string();
    // A file of that name would have to be parted by tabs, which none is that is written.
    let is_by_tabs = [".tsv", ".tsv.gz", ".tsv.gzip", ".tsv.zst", ".tsv.zstd"].iter().any(|end| name.to_ascii_lowercase().ends_with(end));
    if let Some(format) = Format::of_name(&name).filter(|_| !is_by_tabs) {
        return Ok(Some(format));
    }
    let extension = file.extension().map_or_else(|| "has no extension".to_owned(), |end| format!("ends in `.{}`", end.display()));
    Err(Advised::error(
        format!("`--output` must end in {WRITTEN}; `{name}` {extension}"),
        "choose another name, or the format with `--output-format csv`",
    ))
}

fn bad_rows(reading: &Reading) -> BadRows {
    if reading.skip_bad_rows { BadRows::Skip } else { BadRows::Fail }
}

/// A level an interval can have.
fn checked_level(level: f64) -> anyhow::Result<f64> {
    let (least, most) = (uu_model::LEVELS.start(), uu_model::LEVELS.end());
    anyhow::ensure!(uu_model::LEVELS.contains(&level), "`--level` must be between {least} and {most}, got {level}");
    Ok(level)
}
