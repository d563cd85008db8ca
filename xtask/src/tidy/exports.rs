//! What a crate exports of others: never all of it, or the table of who may depend on whom is kept in words only.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::metadata::Member;

pub(super) fn faults(members: &[Member]) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for member in members {
        let mut folders: Vec<PathBuf> = member.source.parent().map(Path::to_path_buf).into_iter().collect();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).with_context(|| format!("`{}` could not be read", folder.display()))? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let text = fs::read_to_string(&path).with_context(|| format!("`{}` could not be read", path.display()))?;
                    let whole = text.lines().map(str::trim).filter(|line| exports_a_crate(line));
                    faults.extend(whole.map(|line| format!("crate `{}` exports a whole crate: `{line}`", member.name)));
                }
            }
        }
    }
    Ok(faults)
}

/// `pub use uu_data;` and `pub use uu_data::*;`, under whatever name.
fn exports_a_crate(line: &str) -> bool {
    let Some(path) = line.strip_prefix("pub use ").and_then(|rest| rest.split([';', ' ']).next()) else { return false };
    path.starts_with("uu_") && path.split_once("::").is_none_or(|(_, items)| items == "*")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_crates_are_found_and_single_items_are_not() {
        assert!(["pub use uu_data;", "pub use uu_data::*;", "pub use uu_data as data;"].into_iter().all(exports_a_crate));
        assert!(
            !["pub use uu_data::Dataset;", "use uu_data::*;", "pub use crate::uu_data;", "pub use serde;"].into_iter().any(exports_a_crate)
        );
    }
}
