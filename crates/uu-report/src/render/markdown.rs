//! The report as Markdown: the same texts and tables, no charts.

use std::fmt::Write as _;

use super::page::{Block, Page, Table};

/// The report as Markdown.
pub(super) fn markdown(page: &Page) -> String {
    let mut text = format!("# {}\n\n", escaped(&page.title));
    for line in &page.summary {
        let _ = writeln!(text, "- {}", escaped(line));
    }
    text.push_str("\nThe charts are in `report.html`.\n");
    for section in &page.sections {
        let _ = write!(text, "\n## {}\n", section.title);
        for block in &section.blocks {
            match block {
                Block::Heading(heading) => {
                    let _ = write!(text, "\n### {heading}\n");
                }
                Block::Text(paragraph) => {
                    let _ = write!(text, "\n{}\n", escaped(paragraph));
                }
                Block::Table(table) => text.push_str(&written(table)),
                Block::Chart(_) => {}
            }
        }
        let _ = write!(text, "\n<sub>{}</sub>\n", escaped(&page.provenance));
    }
    text
}

fn written(table: &Table) -> String {
    let row = |cells: &[String]| format!("| {} |\n", cells.iter().map(|cell| escaped(cell)).collect::<Vec<String>>().join(" | "));
    let marks = (0..table.header.len()).map(|column| if column < table.texts { "---" } else { "---:" });
    let mut text = format!("\n{}:\n\n", escaped(&table.caption));
    text.push_str(&row(&table.header));
    let _ = writeln!(text, "| {} |", marks.collect::<Vec<&str>>().join(" | "));
    table.rows.iter().for_each(|cells| text.push_str(&row(cells)));
    text
}

/// A text that is itself and nothing else.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\r' => escaped.push(' '),
            '|' | '\\' | '<' | '[' | '*' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            '&' => escaped.push_str("&amp;"),
            _ => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_stays_in_its_cell() {
        let table = Table::new("a|b", ["x", "n"]).rows([vec!["evil|name\n<b>".to_owned(), "1".to_owned()]]);
        assert_eq!(written(&table), "\na\\|b:\n\n| x | n |\n| --- | ---: |\n| evil\\|name \\<b> | 1 |\n");
    }
}
