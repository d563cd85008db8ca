//! Deployments, onto a host that is this machine.

use std::env;
use std::path::Path;

use anyhow::Result;

use crate::command::program;
use crate::metadata::workspace;

/// Builds the image around the binary that the tests built, and deploys good and sick versions of it under load; with `full` also to a cluster and to an
/// empty server.
///
/// It makes a user, changes the proxy's configuration and installs packages, so that it runs where that was allowed: in continuous integration, or
/// where `SHIP` is `yes`. `no` keeps it from running anywhere.
pub(crate) fn run(root: &Path, full: bool) -> Result<()> {
    let is_allowed = match env::var("SHIP") {
        Ok(answer) => answer == "yes",
        Err(_) => env::var("CI").is_ok_and(|answer| answer == "true"),
    };
    if !is_allowed {
        eprintln!(
            "SKIPPED: nothing was deployed, since that changes this machine (a user, haproxy's configuration, packages); SHIP=yes allows it"
        );
        return Ok(());
    }
    let binary = workspace(root)?.target.join("debug/uu-predictor");
    program(root, root.join("tests/ship/deployment.py")).args([binary]).args(full.then_some("--full")).run()
}
