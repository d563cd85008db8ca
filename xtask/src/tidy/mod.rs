//! The structure of the workspace, where a rule can be checked by a machine.

mod crates;
mod dependencies;
mod exports;
mod files;
mod modules;

use std::path::Path;

use anyhow::{Result, bail};

use crate::metadata::workspace;

/// Prints which crate depends on which, checks everything, and lists all that is wrong.
pub(crate) fn run(root: &Path) -> Result<()> {
    let workspace = workspace(root)?;
    let mut faults = dependencies::faults(root, &workspace.members)?;
    faults.extend(crates::faults(root, &workspace.members)?);
    faults.extend(modules::faults(&workspace.members)?);
    faults.extend(exports::faults(&workspace.members)?);
    faults.extend(files::faults(root)?);
    for member in &workspace.members {
        let needs: Vec<&str> = member.needs.iter().map(String::as_str).collect();
        eprintln!("{:16} {}", member.name, needs.join(" "));
    }
    for fault in &faults {
        eprintln!("error: {fault}");
    }
    match faults.len() {
        0 => Ok(()),
        number => bail!("{number} faults of structure"),
    }
}
