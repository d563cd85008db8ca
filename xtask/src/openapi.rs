//! The API's document in the repository is the one the binary states.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::command::{cargo, program};
use crate::metadata::workspace;

const DOCUMENT: &str = "docs/openapi.json";
const BINARY: &str = "uu-predictor";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only compares
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(root: &Path, arguments: &Arguments) -> Result<()> {
    // As the tests build it, so that nothing is built twice.
    cargo(root, "test").args(["--workspace", "--locked", "--no-run", "--quiet"]).run()?;
    let stated = stated(root)?;
    if arguments.check {
        return compare(root, &stated);
    }
    let path = root.join(DOCUMENT);
    fs::create_dir_all(root.join("docs"))?;
    fs::write(&path, stated).with_context(|| format!("`{DOCUMENT}` could not be written"))?;
    eprintln!("wrote {DOCUMENT}");
    Ok(())
}

/// Compares with the binary that the tests were built with.
pub(crate) fn check_built(root: &Path) -> Result<()> {
    compare(root, &stated(root)?)
}

fn stated(root: &Path) -> Result<Vec<u8>> {
    let binary = workspace(root)?.target.join("debug").join(BINARY);
    let mut document = program(root, binary).args(["openapi"]).output()?;
    if document.last() != Some(&b'\n') {
        document.push(b'\n');
    }
    Ok(document)
}

fn compare(root: &Path, stated: &[u8]) -> Result<()> {
    let written =
        fs::read(root.join(DOCUMENT)).with_context(|| format!("`{DOCUMENT}` could not be read; `cargo xtask openapi` writes it"))?;
    if written != stated {
        bail!("`{DOCUMENT}` is not what `{BINARY} openapi` states; `cargo xtask openapi` writes it again");
    }
    Ok(())
}
