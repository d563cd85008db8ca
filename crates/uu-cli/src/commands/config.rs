//! `config`: the settings.

use std::process::ExitCode;

use crate::arguments::Config;
use crate::output::{print, print_json};
use crate::settings::{DEFAULTS, Settings};

/// Prints the defaults.
pub(crate) fn defaults() -> anyhow::Result<ExitCode> {
    print(DEFAULTS)?;
    Ok(ExitCode::SUCCESS)
}

/// Prints settings.
///
/// **Errors**: settings that a server could not start with.
pub(crate) fn run(arguments: &Config, settings: &Settings) -> anyhow::Result<ExitCode> {
    settings.check_for_serving()?;
    match arguments {
        Config::Show { json: true, .. } => print_json(&settings.without_secrets()?)?,
        Config::Show { .. } => print(&toml::to_string_pretty(&settings.without_secrets()?)?)?,
    }
    Ok(ExitCode::SUCCESS)
}
