//! An example for the help of every command.

use clap::Command;

/// Each command with lines one can type; the first is the program itself.
const EXAMPLES: [(&str, &[&str]); 36] = [
    (
        "",
        &[
            "uu-predictor train --data sites.csv",
            "uu-predictor predict --visits 1000000 --category Sports/Soccer",
            "uu-predictor predict --input unknown.csv --output estimates.csv",
            "uu-predictor serve",
        ],
    ),
    ("serve", &["uu-predictor serve --listen 127.0.0.1:8080 --store ./uu-store"]),
    (
        "train",
        &["uu-predictor train --data sites.csv", "uu-predictor train --data 2023.parquet 2024.parquet --extra-input backlinks --tune 30"],
    ),
    ("retrain", &["uu-predictor retrain --data new.csv"]),
    (
        "predict",
        &[
            "uu-predictor predict --visits 1000000 --category Sports/Soccer --explain",
            "uu-predictor predict --site example.com --rank 5000 --pages-per-visit 3.5 --json",
            "uu-predictor predict --input unknown.csv --output estimates.csv",
            "uu-predictor predict --input unknown.parquet --output-format ndjson",
        ],
    ),
    ("evaluate", &["uu-predictor evaluate --data labelled.csv --unseen-only"]),
    ("research", &["uu-predictor research --data sites.csv --out report"]),
    ("sample", &["uu-predictor sample --sites 1000 --output sample.parquet"]),
    ("categories", &["uu-predictor categories", "uu-predictor categories soccer", "uu-predictor categories 100 --json"]),
    ("models", &["uu-predictor models list"]),
    ("models list", &["uu-predictor models list", "uu-predictor models list --json"]),
    ("models show", &["uu-predictor models show", "uu-predictor models show v0002"]),
    ("models promote", &["uu-predictor models promote v0002 --reason checked"]),
    ("models rollback", &["uu-predictor models rollback --reason worse"]),
    ("models log", &["uu-predictor models log --limit 50"]),
    ("models export", &["uu-predictor models export --artifact model.uumodel", "uu-predictor models export v0001 --trees ./trees"]),
    ("jobs", &["uu-predictor jobs list"]),
    ("jobs list", &["uu-predictor jobs list --limit 5"]),
    ("jobs show", &["uu-predictor jobs show 7"]),
    ("jobs cancel", &["uu-predictor jobs cancel 7"]),
    ("jobs retry", &["uu-predictor jobs retry 7"]),
    ("observations", &["uu-predictor observations list"]),
    ("observations list", &["uu-predictor observations list"]),
    (
        "observations quarantine",
        &["uu-predictor observations quarantine 3 --reason miscounted", "uu-predictor observations quarantine --by eve --reason flood"],
    ),
    ("observations release", &["uu-predictor observations release 3"]),
    ("drift", &["uu-predictor drift", "uu-predictor drift --json"]),
    ("tokens", &["uu-predictor tokens list"]),
    ("tokens create", &["uu-predictor tokens create nightly --scope write --valid-for 90d"]),
    ("tokens list", &["uu-predictor tokens list"]),
    ("tokens revoke", &["uu-predictor tokens revoke 2", "uu-predictor tokens revoke nightly"]),
    ("backup", &["uu-predictor backup --output backup.tar.zst"]),
    ("restore", &["uu-predictor restore --input backup.tar.zst --store ./new-store"]),
    ("config", &["uu-predictor config show"]),
    ("config show", &["uu-predictor config show --defaults > uu-predictor.toml"]),
    ("healthcheck", &["uu-predictor healthcheck --address 127.0.0.1:5000"]),
    ("openapi", &["uu-predictor openapi > openapi.json"]),
];

/// The rest: how completions are put in place is a line for each shell.
const SETTING_UP: [(&str, &[&str]); 3] = [
    (
        "completions",
        &[
            "uu-predictor completions bash > ~/.local/share/bash-completion/completions/uu-predictor",
            "uu-predictor completions zsh > ~/.zfunc/_uu-predictor",
            "uu-predictor completions fish > ~/.config/fish/completions/uu-predictor.fish",
        ],
    ),
    ("man", &["uu-predictor man | man -l -", "uu-predictor man --out ~/.local/share/man/man1"]),
    ("job-worker", &["uu-predictor job-worker --job 7 --fence 1"]),
];

/// Follows the program's own examples.
const CLOSING: &str = "Exit codes: 0 done; 1 done, and the answer is no; 2 error.\n\
Every setting has an environment variable; `uu-predictor config show --defaults` lists them.";

/// Puts examples below the help of the program and of every command.
pub(super) fn attach(program: Command) -> Command {
    let program = program.mut_subcommands(|command| attach_at(command, ""));
    let text = format!("{}\n\n{CLOSING}", of("").unwrap_or_default());
    program.after_help(text)
}

fn attach_at(command: Command, above: &str) -> Command {
    let path = format!("{above} {}", command.get_name()).trim().to_owned();
    let command = command.mut_subcommands(|below| attach_at(below, &path));
    match of(&path) {
        Some(examples) => command.after_help(examples),
        None => command,
    }
}

fn of(path: &str) -> Option<String> {
    let (_, lines) = EXAMPLES.iter().chain(&SETTING_UP).find(|(command, _)| *command == path)?;
    let title = if lines.len() == 1 { "Example:" } else { "Examples:" };
    Some(lines.iter().fold(title.to_owned(), |text, line| format!("{text}\n  {line}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every command below `command`, with its path.
    fn walked(command: &Command, above: &str, found: &mut Vec<String>) {
        for below in command.get_subcommands() {
            let path = format!("{above} {}", below.get_name()).trim().to_owned();
            let help = below.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.starts_with("Example"), "`{path}` has no example");
            walked(below, &path, found);
            found.push(path);
        }
    }

    #[test]
    fn every_command_has_an_example_and_every_example_a_command() {
        let mut commands = Vec::new();
        walked(&crate::arguments::command(), "", &mut commands);
        assert!(commands.len() > 30);
        for (path, _) in EXAMPLES.iter().chain(&SETTING_UP).skip(1) {
            assert!(commands.iter().any(|command| command == path), "`{path}` is no command");
        }
    }

    #[test]
    fn every_example_can_be_typed() {
        for (path, lines) in EXAMPLES.iter().chain(&SETTING_UP) {
            for line in *lines {
                let typed = line.split(['>', '|']).next().unwrap_or_default();
                let words = typed.split_whitespace();
                let parsed = crate::arguments::command().try_get_matches_from(words);
                assert!(parsed.is_ok(), "`{path}`: {line}: {}", parsed.unwrap_err());
                assert!(line.starts_with(format!("uu-predictor {path}").trim_end()), "`{path}`: {line}");
            }
        }
    }
}
