//! Circles of modules within a crate: modules that need each other cannot be read, tested or moved one by one.
//!
//! A module is a file or a folder directly below `src`. It needs another one where a path of its code, tests left out, names it as
//! `crate::other` or from above as `super::other`. What the crate's root exports again belongs to the root, so that `impl` blocks of one type
//! in several files are no circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::metadata::Member;

type Needs = BTreeMap<String, BTreeSet<String>>;

pub(super) fn faults(members: &[Member]) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for member in members {
        let Some(source) = member.source.parent() else { continue };
        let circles = circles(&needs(source)?).into_iter();
        faults.extend(
            circles.map(|circle| format!("crate `{}`: the modules `{}` need each other in a circle", member.name, circle.join("`, `"))),
        );
    }
    Ok(faults)
}

/// What each module of a crate needs of the others.
fn needs(source: &Path) -> Result<Needs> {
    let mut modules = BTreeSet::new();
    for entry in fs::read_dir(source).with_context(|| format!("`{}` could not be read", source.display()))? {
        let path = entry?.path();
        modules.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
    }
    let mut needs = Needs::new();
    let mut folders = vec![(source.to_path_buf(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("`{}` could not be read", folder.display()))? {
            let path = entry?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if path.is_dir() && name != "tests" {
                folders.push((path, depth + 1));
            } else if name.ends_with(".rs") && name != "tests.rs" && !(depth == 0 && ["lib.rs", "main.rs"].contains(&name.as_str())) {
                let relative = path.strip_prefix(source).unwrap_or(&path);
                let top = relative.iter().next().map(|part| part.to_string_lossy()).unwrap_or_default();
                let top = top.trim_end_matches(".rs").to_owned();
                // `mod.rs` is the module of its folder; any other file lies one deeper than its folder.
                let above = depth + usize::from(name != "mod.rs");
                let text = fs::read_to_string(&path).with_context(|| format!("`{}` could not be read", path.display()))?;
                let named = named_at_root(&code(&text), above).into_iter().filter(|other| modules.contains(other) && *other != top);
                needs.entry(top.clone()).or_default().extend(named);
            }
        }
    }
    Ok(needs)
}

/// A file without its comments and its inline tests, which stand at its end.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or(text);
    code.lines().map(|line| line.split("//").next().unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

/// Names right below the root of the crate, in paths of a module that lies `above` modules below it.
fn named_at_root(code: &str, above: usize) -> BTreeSet<String> {
    let from_above = "super::".repeat(above);
    let mut named = BTreeSet::new();
    for (place, root) in code.match_indices("crate::").chain(code.match_indices(&from_above).filter(|_| above > 0)) {
        let before = code[..place].chars().next_back();
        // `$crate::`, `uu_crate::`; a `super::` more leads elsewhere.
        if before.is_some_and(|letter| letter.is_alphanumeric() || "_$:".contains(letter)) {
            continue;
        }
        let rest = &code[place + root.len()..];
        match rest.strip_prefix('{') {
            Some(group) => named.extend(firsts(group)),
            None => named.extend(identifier(rest)),
        }
    }
    named.remove("super");
    named
}

/// The first names of the paths of a group, which begins after its brace.
fn firsts(group: &str) -> Vec<String> {
    let mut firsts = Vec::new();
    let (mut depth, mut start) = (0, 0);
    for (place, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                firsts.extend(identifier(group[start..place].trim_start()));
                start = place + 1;
                if letter == '}' {
                    return firsts;
                }
            }
            _ => {}
        }
    }
    firsts
}

fn identifier(text: &str) -> Option<String> {
    let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(text.len());
    (end > 0).then(|| text[..end].to_owned())
}

/// Sets of modules of which each needs each other, in order.
fn circles(needs: &Needs) -> Vec<Vec<String>> {
    let reached: BTreeMap<&String, BTreeSet<&String>> = needs.keys().map(|module| (module, reach(needs, module))).collect();
    let mut circles: BTreeSet<Vec<String>> = BTreeSet::new();
    for (module, reaches) in &reached {
        if reaches.contains(module) {
            let back = |other: &&&String| reached.get(**other).is_some_and(|reaches| reaches.contains(module));
            circles.insert(reaches.iter().filter(back).map(|other| (*other).clone()).collect());
        }
    }
    circles.into_iter().collect()
}

/// All that a module needs, and what that needs, and so on; the module itself only where it lies on a circle.
fn reach<'a>(needs: &'a Needs, module: &String) -> BTreeSet<&'a String> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&String> = needs.get(module).into_iter().flatten().collect();
    while let Some(next) = open.pop() {
        if reached.insert(next) {
            open.extend(needs.get(next).into_iter().flatten());
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_to_the_root_are_found_in_every_form() {
        let code =
            "use crate::{a::B, c, d::{e, F}};\nuse super::super::g::H;\nuse super::near::I;\nlet x = crate::j::k();\nuse other_crate::l;";
        assert_eq!(named_at_root(code, 2).into_iter().collect::<Vec<_>>(), ["a", "c", "d", "g", "j"]);
        assert_eq!(named_at_root("use super::x::Y;", 1).into_iter().collect::<Vec<_>>(), ["x"]);
        assert!(named_at_root("use super::x::Y;", 0).is_empty(), "a face of the root has no way up");
    }

    #[test]
    fn comments_and_tests_need_nothing() {
        let text = "use crate::a;\n// crate::b\n#[cfg(test)]\nmod tests {\n    use crate::c;\n}\n";
        assert_eq!(named_at_root(&code(text), 1).into_iter().collect::<Vec<_>>(), ["a"]);
    }

    #[test]
    fn a_circle_is_named_once_and_a_chain_is_none() {
        let needs = |pairs: &[(&str, &[&str])]| -> Needs {
            pairs.iter().map(|(name, needed)| ((*name).to_owned(), needed.iter().map(|&needed| needed.to_owned()).collect())).collect()
        };
        assert!(circles(&needs(&[("a", &["b"]), ("b", &["c"]), ("c", &[])])).is_empty());
        let found = circles(&needs(&[("a", &["b"]), ("b", &["c"]), ("c", &["a", "d"]), ("d", &[]), ("e", &["a"])]));
        assert_eq!(found, [["a", "b", "c"].map(str::to_owned)]);
    }
}
