//! `man` and `completions`: the command line's manual pages and shell completions.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;
use uu_data::replace::{Access, make_folder, replace};

use crate::arguments::visible_command;
use crate::output::{counted, note, print};

const NAME: &str = "uu-predictor";

/// Prints the manual as one page, or writes a page for each command.
pub(crate) fn run(folder: Option<&Path>) -> anyhow::Result<ExitCode> {
    let mut program = visible_command().disable_help_subcommand(true);
    program.build();
    let Some(folder) = folder else {
        print(&with_examples(&whole(&program)?))?;
        return Ok(ExitCode::SUCCESS);
    };
    make_folder(folder)?;
    let mut pages = Vec::new();
    write(&program, folder, NAME, &mut pages)?;
    note(&format!("{} written to `{}`", counted(pages.len(), "man page"), folder.display()));
    Ok(ExitCode::SUCCESS)
}

/// Writes the page of a command and those of the commands below it.
fn write(command: &Command, folder: &Path, name: &str, pages: &mut Vec<String>) -> anyhow::Result<()> {
    let mut page = Vec::new();
    Man::new(command.clone()).title(name).render(&mut page)?;
    let path = folder.join(format!("{name}.1"));
    replace(&path, with_examples(&text(&page)).as_bytes(), Access::Usual)?;
    pages.push(name.to_owned());
    command.get_subcommands().try_for_each(|below| write(below, folder, &format!("{name}-{}", below.get_name()), pages))
}

/// The program's page, and below it each command as a section of its own.
fn whole(program: &Command) -> io::Result<String> {
    let man = Man::new(program.clone());
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    man.render_extra_section(&mut page)?;
    let mut page = text(&page);
    program.get_subcommands().try_for_each(|command| section(command, NAME, &mut page))?;
    Ok(page)
}

fn section(command: &Command, above: &str, page: &mut String) -> io::Result<()> {
    let path = format!("{above} {}", command.get_name());
    let man = Man::new(command.clone());
    let mut part = Vec::new();
    man.render_synopsis_section(&mut part)?;
    man.render_description_section(&mut part)?;
    man.render_options_section(&mut part)?;
    man.render_extra_section(&mut part)?;
    page.push_str(&format!(".SH \"{}\"\n", path.replace('-', "\\-")));
    // Its parts stand below its own heading.
    for line in text(&part).lines() {
        let is_preamble = line.starts_with(".ie ") || line.starts_with(".el ");
        if !is_preamble {
            page.push_str(&line.strip_prefix(".SH ").map_or_else(|| line.to_owned(), |title| format!(".SS {title}")));
            page.push('\n');
        }
    }
    command.get_subcommands().try_for_each(|below| section(below, &path, page))
}

/// What stands below a help is examples.
fn with_examples(page: &str) -> String {
    page.replace(".SH EXTRA\n", ".SH EXAMPLES\n").replace(".SS EXTRA\n", ".SS EXAMPLES\n")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Prints the completions of a shell.
pub(crate) fn completions(shell: Shell) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut visible_command(), NAME, &mut script);
    print(&script_of(shell, &text(&script)))?;
    Ok(ExitCode::SUCCESS)
}

/// In bash, clap_complete 4.6 names the commands of a program with a hyphen in two ways, `uu__predictor` and `uu__subcmd__predictor`, so that
/// nothing below the program itself is completed.
fn script_of(shell: Shell, script: &str) -> String {
    if shell == Shell::Bash { script.replace("uu__subcmd__predictor", "uu__predictor") } else { script.to_owned() }
}
