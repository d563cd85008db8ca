//! Who may depend on whom: the table in `ARCHITECTURE.md` against what cargo knows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::metadata::Member;

const FILE: &str = "ARCHITECTURE.md";
const BEGIN: &str = "<!-- dependencies:begin -->";
const END: &str = "<!-- dependencies:end -->";

/// What a row of the table allows a crate outside its tests.
#[derive(Debug, PartialEq)]
enum Allowed {
    /// `any`: every crate that is not for tests only.
    Any,
    /// `-` or a list: these crates.
    Only(BTreeSet<String>),
    /// `dev-dependency only`: what it likes, and only tests may depend on it.
    ForTests,
}

pub(super) fn faults(root: &Path, members: &[Member]) -> Result<Vec<String>> {
    let text = fs::read_to_string(root.join(FILE)).with_context(|| format!("`{FILE}` could not be read"))?;
    Ok(compare(&parse(&text)?, members))
}

fn compare(table: &BTreeMap<String, Allowed>, members: &[Member]) -> Vec<String> {
    let names: BTreeSet<&str> = members.iter().map(|member| member.name.as_str()).collect();
    let mut faults = Vec::new();
    for (name, allowed) in table {
        let listed = if let Allowed::Only(listed) = allowed { listed } else { &BTreeSet::new() };
        let unknown = [name].into_iter().chain(listed).filter(|name| !names.contains(name.as_str()));
        faults.extend(unknown.map(|unknown| format!("`{FILE}` row `{name}`: the workspace has no crate `{unknown}`")));
    }
    for member in members {
        let Some(allowed) = table.get(&member.name) else {
            faults.push(format!("`{FILE}`: the dependency table has no row for the crate `{}`", member.name));
            continue;
        };
        let is_forbidden = |needed: &&String| match allowed {
            _ if table.get(*needed) == Some(&Allowed::ForTests) => true,
            Allowed::Only(listed) => !listed.contains(*needed),
            Allowed::Any | Allowed::ForTests => false,
        };
        if let Allowed::Only(listed) = allowed {
            let unused = listed.iter().filter(|name| names.contains(name.as_str())).filter(|name| !member.needs.contains(*name));
            faults.extend(unused.map(|name| format!("`{FILE}` row `{}`: the crate does not depend on `{name}`", member.name)));
        }
        let forbidden = member.needs.iter().filter(is_forbidden);
        faults.extend(forbidden.map(|needed| format!("crate `{}` must not depend on `{needed}`, says the table in `{FILE}`", member.name)));
    }
    faults
}

fn parse(text: &str) -> Result<BTreeMap<String, Allowed>> {
    let (_, rest) = text.split_once(BEGIN).with_context(|| format!("`{FILE}` has no line `{BEGIN}`"))?;
    let (table, _) = rest.split_once(END).with_context(|| format!("`{FILE}` has no line `{END}`"))?;
    let rows = table.lines().map(str::trim).filter(|line| line.starts_with('|')).skip(2);
    let mut allowed = BTreeMap::new();
    for row in rows {
        let cells: Vec<String> = row.trim_matches('|').split('|').map(|cell| cell.replace('`', "").trim().to_owned()).collect();
        let [name, listed] = cells.as_slice() else {
            bail!("`{FILE}`: a row of the dependency table must have 2 cells, `crate | may depend on`, found `{row}`");
        };
        if allowed.insert(name.clone(), cell(listed)).is_some() {
            bail!("`{FILE}`: the dependency table has two rows for `{name}`");
        }
    }
    Ok(allowed)
}

fn cell(text: &str) -> Allowed {
    match text {
        "any" => Allowed::Any,
        "dev-dependency only" => Allowed::ForTests,
        "-" | "" => Allowed::Only(BTreeSet::new()),
        listed => Allowed::Only(listed.split(',').map(crate_name).collect()),
    }
}

/// Remarks in parentheses are for people; the prefix that all crates share may be left out.
fn crate_name(text: &str) -> String {
    let name = text.split('(').next().unwrap_or_default().trim();
    if name.starts_with("uu-") || name == "xtask" { name.to_owned() } else { format!("uu-{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "
<!-- dependencies:begin -->
| crate | may depend on |
| --- | --- |
| `uu-core` | - |
| `uu-model` | core, `uu-data` (feature `train`) |
| `uu-data` | core |
| `uu-cli` | any |
| `uu-testkit` | dev-dependency only |
<!-- dependencies:end -->
| other | table |
";

    fn member(name: &str, needs: &[&str]) -> Member {
        let needs = needs.iter().map(|&name| name.to_owned()).collect();
        Member { name: name.to_owned(), folder: "f".into(), source: "f/src/lib.rs".into(), needs }
    }

    #[test]
    fn remarks_prefixes_and_backticks_are_read() {
        let table = parse(TABLE).unwrap();
        assert_eq!(table.len(), 5);
        assert_eq!(table["uu-model"], Allowed::Only(["uu-core", "uu-data"].map(ToOwned::to_owned).into()));
        assert_eq!(table["uu-testkit"], Allowed::ForTests);
    }

    #[test]
    fn a_forbidden_edge_a_missing_row_a_stale_row_and_an_unused_allowance_are_faults() {
        let members = [
            member("uu-core", &["uu-data"]),
            member("uu-data", &["uu-testkit"]),
            member("uu-cli", &["uu-core", "uu-data"]),
            member("uu-new", &[]),
            member("uu-testkit", &["uu-core"]),
        ];
        let faults = compare(&parse(TABLE).unwrap(), &members);
        assert_eq!(
            faults,
            [
                "`ARCHITECTURE.md` row `uu-model`: the workspace has no crate `uu-model`",
                "crate `uu-core` must not depend on `uu-data`, says the table in `ARCHITECTURE.md`",
                "`ARCHITECTURE.md` row `uu-data`: the crate does not depend on `uu-core`",
                "crate `uu-data` must not depend on `uu-testkit`, says the table in `ARCHITECTURE.md`",
                "`ARCHITECTURE.md`: the dependency table has no row for the crate `uu-new`",
            ]
        );
    }

    #[test]
    fn a_text_without_the_markers_is_an_error() {
        assert!(parse("| crate | may depend on |").is_err());
    }
}
