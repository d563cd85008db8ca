//! What cargo knows about the workspace.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::command::cargo;

/// The workspace.
pub(crate) struct Workspace {
    pub(crate) target: PathBuf,
    pub(crate) members: Vec<Member>,
}

/// One crate of the workspace.
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    /// The file of its library, or of its first binary.
    pub(crate) source: PathBuf,
    /// Workspace crates it needs outside its tests.
    pub(crate) needs: BTreeSet<String>,
}

/// The workspace's folder.
pub(crate) fn root() -> Result<PathBuf> {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().map(Path::to_path_buf).context("xtask lies in the workspace's folder")
}

/// Asks cargo.
pub(crate) fn workspace(root: &Path) -> Result<Workspace> {
    let bytes = cargo(root, "metadata").args(["--format-version", "1", "--no-deps", "--locked"]).output()?;
    parse(&serde_json::from_slice(&bytes)?)
}

fn parse(metadata: &Value) -> Result<Workspace> {
    let packages = metadata["packages"].as_array().context("`cargo metadata` lists no packages")?;
    let names: BTreeSet<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    let mut members =
        packages.iter().map(|package| member(package, &names)).collect::<Option<Vec<_>>>().context("a package without a name")?;
    members.sort_by(|one, other| one.name.cmp(&other.name));
    let target = metadata["target_directory"].as_str().context("`cargo metadata` names no target directory")?;
    Ok(Workspace { target: target.into(), members })
}

fn member(package: &Value, names: &BTreeSet<&str>) -> Option<Member> {
    let manifest = Path::new(package["manifest_path"].as_str()?);
    let outside_tests = |dependency: &&Value| dependency["kind"].as_str() != Some("dev");
    let needs = package["dependencies"].as_array()?.iter().filter(outside_tests).filter_map(|dependency| dependency["name"].as_str());
    let targets = package["targets"].as_array()?;
    let is = |target: &&Value, kind: &str| target["kind"].as_array().is_some_and(|kinds| kinds.iter().any(|found| found == kind));
    let source = ["lib", "cdylib", "bin"].iter().find_map(|kind| targets.iter().find(|target| is(target, kind)))?;
    Some(Member {
        name: package["name"].as_str()?.to_owned(),
        folder: manifest.parent()?.to_path_buf(),
        source: source["src_path"].as_str()?.into(),
        needs: needs.filter(|name| names.contains(name)).map(ToOwned::to_owned).collect(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_workspace_crates_needed_outside_tests_count() {
        let dependency = |name: &str, kind: Option<&str>| json!({"name": name, "kind": kind});
        let package = |name: &str, dependencies: Value| {
            json!({"name": name, "manifest_path": format!("/w/{name}/Cargo.toml"), "dependencies": dependencies,
                "targets": [{"kind": ["lib"], "src_path": format!("/w/{name}/src/lib.rs")}]})
        };
        let of_server = json!([dependency("core", None), dependency("kit", Some("dev")), dependency("serde", None)]);
        let metadata = json!({"target_directory": "/t", "packages": [
            package("server", of_server), package("core", json!([])), package("kit", json!([])),
        ]});
        let workspace = parse(&metadata).unwrap();
        let names: Vec<&str> = workspace.members.iter().map(|member| member.name.as_str()).collect();
        assert_eq!(names, ["core", "kit", "server"]);
        assert_eq!(workspace.members[2].needs, BTreeSet::from(["core".to_owned()]));
    }
}
