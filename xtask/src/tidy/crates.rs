//! What every crate must have: a README that is its documentation, and the workspace's lints.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::metadata::Member;

/// The one crate with `unsafe` code cannot inherit the lints, since cargo cannot inherit a table and change one line of it.
const WITH_UNSAFE: &str = "uu-lightgbm";

pub(super) fn faults(root: &Path, members: &[Member]) -> Result<Vec<String>> {
    let workspace = fs::read_to_string(root.join("Cargo.toml")).context("`Cargo.toml` could not be read")?;
    let mut faults = Vec::new();
    for member in members {
        let name = &member.name;
        if !member.folder.join("README.md").is_file() {
            faults.push(format!("crate `{name}` has no README.md"));
        }
        let source = fs::read_to_string(&member.source).with_context(|| format!("the source of `{name}` could not be read"))?;
        if is_library(&member.source) && !source.contains(r#"#![doc = include_str!("../README.md")]"#) {
            faults.push(format!("the documentation of crate `{name}` is not its README.md"));
        }
        let manifest = fs::read_to_string(member.folder.join("Cargo.toml")).with_context(|| format!("the manifest of `{name}`"))?;
        faults.extend(lint_faults(name, &manifest, &workspace));
    }
    Ok(faults)
}

/// A binary's documentation is its help.
fn is_library(source: &Path) -> bool {
    source.file_name().is_some_and(|name| name == "lib.rs")
}

fn lint_faults(name: &str, manifest: &str, workspace: &str) -> Vec<String> {
    if name != WITH_UNSAFE {
        let inherits = section(manifest, "[lints]").contains("workspace = true");
        return if inherits { Vec::new() } else { vec![format!("crate `{name}` does not inherit the workspace's lints")] };
    }
    let wanted = ["rust", "clippy"]
        .map(|tool| (section(manifest, &format!("[lints.{tool}]")), section(workspace, &format!("[workspace.lints.{tool}]"))));
    let missing = wanted.iter().flat_map(|(own, wanted)| wanted.difference(own)).filter(|line| !line.starts_with("unsafe_code"));
    missing.map(|line| format!("crate `{name}` lacks the workspace's lint `{line}`")).collect()
}

/// The lines of a section of a manifest.
fn section<'a>(manifest: &'a str, header: &str) -> BTreeSet<&'a str> {
    let lines = manifest.lines().map(str::trim).skip_while(|line| *line != header).skip(1);
    lines.take_while(|line| !line.starts_with('[')).filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKSPACE: &str =
        "[workspace.lints.rust]\nunsafe_code = \"forbid\"\nmissing_docs = \"warn\"\n\n[workspace.lints.clippy]\ntodo = \"warn\"\n";

    #[test]
    fn a_crate_that_does_not_inherit_the_lints_is_a_fault() {
        assert!(lint_faults("uu-core", "[lints]\n# why\nworkspace = true\n", WORKSPACE).is_empty());
        assert_eq!(lint_faults("uu-core", "[lints]\n\n[features]\nworkspace = true\n", WORKSPACE).len(), 1);
    }

    #[test]
    fn the_crate_with_unsafe_code_repeats_all_other_lints() {
        let manifest = "[lints.rust]\nunsafe_code = \"deny\"\nmissing_docs = \"warn\"\nmore = \"deny\"\n[lints.clippy]\n";
        assert_eq!(lint_faults(WITH_UNSAFE, manifest, WORKSPACE), ["crate `uu-lightgbm` lacks the workspace's lint `todo = \"warn\"`"]);
    }
}
