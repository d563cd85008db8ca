//! The structure of the workspace, where a rule can be checked by a machine.

mod crates;
mod dependencies;
mod files;

use std::path::Path;

use anyhow::{Result, bail};

use crate::metadata::workspace;

/// Checks everything and lists all that is wrong.
pub(crate) fn run(root: &Path) -> Result<()> {
    let workspace = workspace(root)?;
    let mut faults = dependencies::faults(root, &workspace.members)?;
    faults.extend(crates::faults(root, &workspace.members)?);
    faults.extend(files::faults(root)?);
    for fault in &faults {
        eprintln!("error: {fault}");
    }
    match faults.len() {
        0 => Ok(()),
        number => bail!("{number} faults of structure"),
    }
}
