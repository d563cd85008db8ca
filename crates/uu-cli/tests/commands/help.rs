//! Every `--help`: an example, a command's own options first, and the manual made of them.

use std::fs;

use crate::fixture::{command, succeeds};

/// Calls `look` with every command there is and its help.
fn walk(path: &[&str], look: &mut dyn FnMut(&[&str], &str)) {
    let help = succeeds(&[path, &["--help"]].concat()).out;
    look(path, &help);
    let commands = help.split_once("Commands:\n").map_or("", |(_, rest)| rest.split("\n\n").next().unwrap());
    for line in commands.lines() {
        // A name stands two blanks in; what it is for may go on farther to the right.
        let Some(name) = line.strip_prefix("  ").filter(|line| !line.starts_with(' ')).and_then(|line| line.split(' ').next()) else {
            continue;
        };
        if name != "help" {
            walk(&[path, &[name]].concat(), look);
        }
    }
}

#[test]
fn every_help_has_an_example_and_tells_a_command_s_own_options_first() {
    let mut commands = 0;
    walk(&[], &mut |path, help| {
        commands += 1;
        let name = ["uu-predictor"].iter().chain(path).copied().collect::<Vec<&str>>().join(" ");
        let example = help.split_once("Example").map(|(_, text)| text.contains(&format!("\n  {name}")));
        assert_eq!(example, Some(true), "`{name}` has no example of itself:\n{help}");
        let (own, global) = help.split_once("\nGlobal options:\n").unwrap_or_else(|| panic!("`{name}`: {help}"));
        for option in ["--store", "--database-url", "--artifacts-url", "--config", "--log"] {
            assert!(!own.contains(&format!("    {option} ")), "`{name}` tells `{option}` among its own options:\n{help}");
        }
        assert!(own.contains("\nOptions:\n") && global.contains("--config"), "`{name}`");
        let needs_store = !matches!(path.first(), Some(&("sample" | "categories" | "config" | "openapi" | "completions" | "man")));
        assert_eq!(global.contains("--store"), needs_store, "`{name}`:\n{help}");
    });
    assert!(commands > 35, "{commands}");
}

#[test]
fn options_about_the_store_are_accepted_where_they_are_not_shown() {
    succeeds(&["categories", "soccer", "--store", "nowhere"]);
    succeeds(&["--store", "nowhere", "openapi"]);
}

#[test]
fn the_manual_tells_of_every_command_and_of_nothing_hidden() {
    let page = succeeds(&["man"]).out;
    assert!(page.contains(".TH uu-predictor 1"), "{}", &page[..300]);
    for part in ["uu\\-predictor predict", "uu\\-predictor models promote", "\\-\\-avg\\-visit\\-duration", "EXAMPLES"] {
        assert!(page.contains(part), "{part}");
    }
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("man1");
    let told = succeeds(&["man", "--out", out.to_str().unwrap()]);
    assert!(told.out.is_empty() && told.err.contains("man pages written to"), "{}", told.err);
    let mut pages = 0;
    walk(&[], &mut |path, _| {
        let name = ["uu-predictor"].iter().chain(path).copied().collect::<Vec<&str>>().join("-");
        let text = fs::read_to_string(out.join(format!("{name}.1"))).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(text.contains(".SH SYNOPSIS"), "{name}");
        pages += 1;
    });
    assert_eq!(fs::read_dir(&out).unwrap().count(), pages, "and no page of what is hidden");
    assert!(!page.contains("job\\-worker") && !page.contains("\\-\\-progress"));
}

#[test]
fn hidden_options_still_work() {
    let told = command(&["train", "--progress", "json", "--data", "nowhere.csv", "--store", "/nowhere/at/all"]).output().unwrap();
    assert_eq!(told.status.code(), Some(2));
    assert!(!String::from_utf8(told.stderr).unwrap().contains("unexpected argument"));
}
