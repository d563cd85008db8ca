//! Everything that must pass before a commit is pushed.

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::command::{Program, cargo, program};
use crate::{openapi, python, ship, tidy};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Runs the long suites too: tests marked `#[ignore]`
    #[arg(long)]
    full: bool,
    /// Runs only the tests whose path contains one of these, and none of the other checks
    filters: Vec<String>,
}

/// Runs the steps in turn, the tests last, so that their summary ends the output.
///
/// A failed step does not keep the next from running: one run shows all that is wrong.
pub(crate) fn run(root: &Path, arguments: &Arguments) -> Result<()> {
    let mut failed = Failed::default();
    let is_whole = arguments.filters.is_empty();
    if is_whole {
        failed.step("format", || cargo(root, "fmt").args(["--all", "--check"]).run());
        failed.step("structure", || tidy::run(root));
        failed.step("licences", || licences(root, arguments.full));
    }
    let is_built = failed.step("building the tests", || everywhere(root, "test").args(["--no-run"]).run());
    if is_whole && is_built {
        check_beside_deployments(root, arguments.full, &mut failed);
    } else if is_whole {
        check(root, &mut failed);
    }
    if is_built {
        test(root, arguments, &mut failed);
    }
    if !failed.steps.is_empty() {
        bail!("failed: {}", failed.steps.join(", "));
    }
    Ok(())
}

#[derive(Default)]
struct Failed {
    steps: Vec<&'static str>,
}

impl Failed {
    fn step(&mut self, name: &'static str, work: impl FnOnce() -> Result<()>) -> bool {
        eprintln!("\n== {name}");
        let start = Instant::now();
        let result = work();
        if let Err(error) = &result {
            eprintln!("error: {error:#}");
            self.steps.push(name);
        } else {
            eprintln!("== {name}: done in {:.0} s", start.elapsed().as_secs_f64());
        }
        result.is_ok()
    }
}

/// All members with one set of features throughout: clippy, rustdoc and the tests then share what they build of the dependencies.
fn everywhere(root: &Path, subcommand: &str) -> Program {
    cargo(root, subcommand).args(["--workspace", "--locked"])
}

fn check(root: &Path, failed: &mut Failed) {
    failed.step("lints", || everywhere(root, "clippy").args(["--all-targets", "--", "-D", "warnings"]).run());
    failed.step("documentation", || everywhere(root, "doc").args(["--no-deps"]).env("RUSTDOCFLAGS", "-D warnings").run());
}

/// A deployment waits for most of its time, for other programs and for containers: what computes is done meanwhile, but for the tests, which are not
/// to be disturbed.
fn check_beside_deployments(root: &Path, full: bool, failed: &mut Failed) {
    std::thread::scope(|scope| {
        let deployments = scope.spawn(|| ship::run(root, full));
        check(root, failed);
        failed.step("API document", || openapi::check_built(root));
        failed.step("Python wheel", || python::run(root, full));
        failed.step("deployments", || {
            let Ok(deployed) = deployments.join() else { bail!("the deployments panicked") };
            ship::print_log(root)?;
            deployed
        });
    });
}

/// Licences and origins of the dependencies; with `full`, known vulnerabilities too, whose list comes over the network.
fn licences(root: &Path, full: bool) -> Result<()> {
    let is_there = program(root, "cargo-deny").args(["--version"]).output().is_ok();
    if !is_there {
        eprintln!("SKIPPED: licences and advisories were not checked, since cargo-deny is not installed (`cargo install cargo-deny`)");
        return Ok(());
    }
    let advisories = full.then_some("advisories");
    cargo(root, "deny").args(["check", "bans", "licenses", "sources"]).args(advisories).run()
}

/// Plain `cargo test` and not a process for each test: tests of one file share the models they train.
fn test(root: &Path, arguments: &Arguments, failed: &mut Failed) {
    let filters = || ["--"].into_iter().chain(arguments.filters.iter().map(String::as_str));
    failed.step("tests", || everywhere(root, "test").args(["--no-fail-fast"]).args(filters()).run());
    if arguments.full {
        let long = || everywhere(root, "test").args(["--no-fail-fast", "--tests"]).args(filters()).args(["--ignored"]);
        failed.step("long tests", || long().run());
    }
}
