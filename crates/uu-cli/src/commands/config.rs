//! `config`: the settings.

use std::process::ExitCode;

use crate::arguments::Config;
use crate::output::{print, print_json};
use crate::settings::{DEFAULTS, Settings};

/// Prints settings.
pub(crate) fn run(arguments: &Config, settings: &Settings) -> anyhow::Result<ExitCode> {
    match arguments {
        Config::Show { defaults: true, .. } => print(DEFAULTS)?,
        Config::Show { json: true, .. } => print_json(settings)?,
        Config::Show { .. } => print(&toml::to_string_pretty(settings)?)?,
    }
    Ok(ExitCode::SUCCESS)
}
