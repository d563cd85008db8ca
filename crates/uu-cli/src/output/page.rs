//! Paragraphs, facts and tables, one below the other, within the width of the terminal.

use std::io::{self, IsTerminal};

use uu_core::escaped;

use super::table::Table;

/// Narrower than this nothing can be laid out.
const LEAST_WIDTH: usize = 30;

/// What is printed for people, piece by piece.
#[derive(Debug)]
pub(crate) struct Page {
    text: String,
    width: Option<usize>,
    left_out: Vec<String>,
    is_cut: bool,
}

impl Page {
    /// An empty page as wide as standard output; where that is no terminal, as `COLUMNS` says, or without a bound.
    pub(crate) fn new() -> Self {
        let width = if io::stdout().is_terminal() { comfy_table::Table::new().width().map(usize::from) } else { None };
        let named = || std::env::var("COLUMNS").ok()?.parse().ok();
        Self::within(width.filter(|width| *width > 0).or_else(named).map(|width| width.max(LEAST_WIDTH)))
    }

    fn within(width: Option<usize>) -> Self {
        Self { text: String::new(), width, left_out: Vec::new(), is_cut: false }
    }

    /// Adds a paragraph, its lines broken between words.
    pub(crate) fn paragraph(&mut self, text: &str) {
        self.part();
        text.lines().for_each(|line| self.wrapped(&escaped(line), 0));
    }

    /// Adds what is known, each under its name.
    pub(crate) fn facts<'a>(&mut self, facts: impl IntoIterator<Item = (&'a str, String)>) {
        self.part();
        let facts: Vec<(&str, String)> = facts.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let indent = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0) + 2;
        for (name, value) in facts {
            self.wrapped(&format!("{name:indent$}{}", escaped(&value)), indent);
        }
    }

    /// Adds a table below what it is about; nothing where it has no rows.
    pub(crate) fn table(&mut self, title: &str, table: &Table) {
        if table.is_empty() {
            return;
        }
        if !title.is_empty() {
            self.paragraph(title);
        }
        self.part();
        let fitted = table.fitted(self.width);
        self.text.push_str(&fitted.text);
        self.text.push('\n');
        self.is_cut |= fitted.is_cut;
        for column in fitted.left_out {
            if !self.left_out.contains(&column) {
                self.left_out.push(column);
            }
        }
    }

    /// The whole, and what it does not show, which `--json` does.
    pub(crate) fn finish(self) -> String {
        self.finish_with("`--json`")
    }

    /// The same where something else shows all of it.
    pub(crate) fn finish_with(mut self, whole: &str) -> String {
        let width = self.width.unwrap_or_default();
        let omitted = match (self.left_out.is_empty(), self.is_cut) {
            (true, false) => return self.text,
            (true, true) => format!("Long texts are cut to fit {width} columns"),
            (false, false) => format!("Not shown, to fit {width} columns: {}", self.left_out.join(", ")),
            (false, true) => format!("Not shown, to fit {width} columns: {}; long texts are cut", self.left_out.join(", ")),
        };
        self.paragraph(&format!("({omitted}. A wider terminal or {whole} shows all.)"));
        self.text
    }

    /// Parts what comes from what is there by an empty line.
    fn part(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    fn wrapped(&mut self, line: &str, indent: usize) {
        let width = self.width.unwrap_or(usize::MAX);
        let (mut start, mut used) = line.char_indices().nth(indent).map_or((0, 0), |(at, _)| (at, indent));
        self.text.push_str(&line[..start]);
        let mut is_first = true;
        while start < line.len() {
            let word = line[start..].split_inclusive(' ').next().unwrap_or_default();
            let letters = word.trim_end().chars().count();
            if !is_first && used + letters > width {
                let kept = self.text.trim_end().len();
                self.text.truncate(kept);
                self.text.push('\n');
                self.text.push_str(&" ".repeat(indent));
                used = indent;
            }
            self.text.push_str(word);
            used += word.chars().count();
            start += word.len();
            is_first = false;
        }
        self.text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::Column;
    use super::*;

    #[test]
    fn a_page_keeps_within_its_width_and_reports_what_it_left_out() {
        let mut page = Page::within(Some(40));
        page.paragraph("the version v0001 answers requests, and has done so for a long time");
        page.facts([("rows", "1,000 of 200 sites, all of them with a long description".to_owned()), ("none", String::new())]);
        let columns = [Column::text("version"), Column::text("made by").rank(1), Column::text("why").cut_to(12)];
        let row = ["v0001", "a person with a long name", "because it was needed"].map(str::to_owned);
        page.table("Versions", &Table::new(columns).rows([row]));
        insta::assert_snapshot!(page.finish(), @r"
        the version v0001 answers requests, and
        has done so for a long time

        rows  1,000 of 200 sites, all of them
              with a long description

        Versions

        | version | why                   |
        |---------|-----------------------|
        | v0001   | because it was needed |

        (Not shown, to fit 40 columns: made by.
        A wider terminal or `--json` shows all.)
        ");
    }

    #[test]
    fn a_page_without_a_bound_shows_everything() {
        let mut page = Page::within(None);
        page.table("", &Table::new([Column::text("a").rank(1)]).rows([["x".repeat(300)]]));
        assert!(page.finish().contains(&"x".repeat(300)));
    }
}
