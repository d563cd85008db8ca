//! Deployments, onto a host that is this machine.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result};

use crate::command::program;
use crate::metadata::workspace;

/// Builds the image around the binary that the tests built, and deploys good and sick versions of it under load; with `full` also to a cluster and to an
/// empty server.
///
/// It makes a user, changes the proxy's configuration and installs packages, so that it runs where that was allowed: in continuous integration, or
/// where `SHIP` is `yes`. `no` keeps it from running anywhere. What it writes is kept for [`print_log`].
pub(crate) fn run(root: &Path, full: bool) -> Result<()> {
    let is_allowed = match env::var("SHIP") {
        Ok(answer) => answer == "yes",
        Err(_) => env::var("CI").is_ok_and(|answer| answer == "true"),
    };
    let log = log(root)?;
    if !is_allowed {
        let skipped = "SKIPPED: nothing was deployed, since that changes this machine (a user, haproxy's configuration, packages); SHIP=yes allows it";
        return fs::write(&log, format!("{skipped}\n")).with_context(|| format!("`{}` could not be written", log.display()));
    }
    let binary = workspace(root)?.target.join("debug/uu-predictor");
    program(root, root.join("tests/ship/deployment.py")).args([binary]).args(full.then_some("--full")).into_file(&log)?.run()
}

/// Prints what the deployments wrote.
///
/// **Errors**: nothing was kept.
pub(crate) fn print_log(root: &Path) -> Result<()> {
    let log = log(root)?;
    let written = fs::read_to_string(&log).with_context(|| format!("`{}` could not be read", log.display()))?;
    eprint!("{written}");
    Ok(())
}

fn log(root: &Path) -> Result<PathBuf> {
    Ok(workspace(root)?.target.join("deployments.log"))
}
