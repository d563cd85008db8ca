//! Length and names of files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Lines a source file has at most, its tests left out.
const MOST_LINES: usize = 500;
/// Lines of tests a source file has at most; more of them move to a `tests.rs` beside it.
const MOST_TEST_LINES: usize = 150;
/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 6] = ["utils", "util", "common", "misc", "helpers", "helper"];
/// Folders with nothing of ours in them; those whose name begins with a dot are left out too.
const FOREIGN: [&str; 4] = ["target", "uu-store", "__pycache__", "node_modules"];

pub(super) fn faults(root: &Path) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for path in entries(&folder)? {
            let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            if path.file_stem().is_some_and(|stem| EMPTY_NAMES.iter().any(|empty| stem == *empty)) {
                faults.push(format!("`{name}` has a name that says nothing: name what is in it"));
            }
            if path.is_dir() {
                folders.push(path);
            } else if is_source(&path) {
                let text = fs::read_to_string(&path).with_context(|| format!("`{name}` could not be read"))?;
                faults.extend(length_faults(&name, &text));
            }
        }
    }
    faults.sort();
    Ok(faults)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("`{}` could not be read", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        let is_foreign = name.to_string_lossy().starts_with('.') || FOREIGN.iter().any(|foreign| name == *foreign);
        if !is_foreign && !entry.file_type()?.is_symlink() {
            paths.push(entry.path());
        }
    }
    Ok(paths)
}

fn is_source(path: &Path) -> bool {
    let is_test = path.file_name().is_some_and(|name| name == "tests.rs") || path.iter().any(|part| part == "tests");
    path.extension().is_some_and(|extension| extension == "rs") && !is_test
}

fn length_faults(name: &str, text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    // Inline tests stand at the end of a file.
    let is_start = |pair: &[&str]| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{');
    let code = lines.windows(2).position(is_start).unwrap_or(lines.len());
    let tests = lines.len() - code;
    let mut faults = Vec::new();
    if code > MOST_LINES {
        faults.push(format!("`{name}` has {code} lines without its tests, {MOST_LINES} are the ceiling: divide it"));
    }
    if tests > MOST_TEST_LINES {
        faults.push(format!("`{name}` has {tests} lines of tests, {MOST_TEST_LINES} are the ceiling: move them to a `tests.rs`"));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_and_inline_tests_have_ceilings_of_their_own() {
        let file = |code: usize, tests: usize| format!("{}#[cfg(test)]\nmod tests {{\n{}}}\n", "x\n".repeat(code), "y\n".repeat(tests));
        assert!(length_faults("a.rs", &file(500, 147)).is_empty());
        assert!(length_faults("a.rs", &file(501, 1))[0].contains("501 lines without its tests"));
        assert!(length_faults("a.rs", &file(1, 148))[0].contains("151 lines of tests"));
        assert!(length_faults("a.rs", &"x\n".repeat(501))[0].contains("501 lines"));
    }

    #[test]
    fn test_files_are_not_measured() {
        assert!(is_source(Path::new("src/read.rs")));
        assert!(!is_source(Path::new("src/read/tests.rs")));
        assert!(!is_source(Path::new("tests/http/main.rs")));
        assert!(!is_source(Path::new("src/taxonomy.csv")));
    }
}
