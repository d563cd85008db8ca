//! The report as Markdown: the same texts and tables, no charts.

use std::fmt::Write as _;

use super::page::{Block, Page, Table};

/// The report as Markdown.
pub(super) fn markdown(page: &Page) -> String {
    let mut text = format!("# {}\n\n", escaped(&page.title));
    for line in &page.summary {
        let _ = writeln!(text, "- {}", beginning(line));
    }
    text.push_str("\nThe charts are in `report.html`.\n");
    for section in &page.sections {
        let _ = write!(text, "\n## {}\n", escaped(section.title));
        for block in &section.blocks {
            match block {
                Block::Heading(heading) => {
                    let _ = write!(text, "\n### {}\n", escaped(heading));
                }
                Block::Text(paragraph) => {
                    let _ = write!(text, "\n{}\n", beginning(paragraph));
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
    let mut text = format!("\n{}:\n\n", beginning(&table.caption));
    text.push_str(&row(&table.header));
    let _ = writeln!(text, "| {} |", marks.collect::<Vec<&str>>().join(" | "));
    table.rows.iter().for_each(|cells| text.push_str(&row(cells)));
    text
}

/// A text that begins a block: itself, and neither a list nor a heading.
fn beginning(text: &str) -> String {
    let escaped = escaped(text);
    let text = escaped.trim_start();
    let number = text.len() - text.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
    let mut after = text[number..].chars();
    match (after.next(), after.next().is_none_or(char::is_whitespace)) {
        (Some('#' | '+' | '-' | '='), _) if number == 0 => format!("\\{text}"),
        (Some('.' | ')'), true) if number > 0 => format!("{}\\{}", &text[..number], &text[number..]),
        _ => text.to_owned(),
    }
}

/// A text that is itself and nothing else, neither in Markdown nor in HTML: names of sites, sources and categories are among the texts.
fn escaped(text: &str) -> String {
    let text = text.replace(['\r', '\n'], " ");
    let text = uu_core::escaped(&text);
    let mut escaped = String::with_capacity(text.len());
    let mut before = ' ';
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let after = letters.peek().copied().unwrap_or(' ');
        let is_marked = match letter {
            '|' | '\\' | '[' | ']' | '*' | '`' | '~' | '$' => true,
            // Within a word it is no mark, and names of columns are full of it.
            '_' => !(before.is_alphanumeric() && after.is_alphanumeric()),
            // Addresses would become links by themselves.
            '/' => before == ':',
            '.' => escaped.ends_with("www") || escaped.ends_with("WWW"),
            _ => false,
        };
        if is_marked {
            escaped.push('\\');
        }
        match letter {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            _ => escaped.push(letter),
        }
        before = letter;
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn a_cell_stays_in_its_cell() {
        let table = Table::new("a|b", ["x", "n"]).rows([vec!["evil|name\n<b>".to_owned(), "1".to_owned()]]);
        assert_eq!(written(&table), "\na\\|b:\n\n| x | n |\n| --- | ---: |\n| evil\\|name &lt;b&gt; | 1 |\n");
    }

    #[rstest]
    #[case("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;")]
    #[case("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;")]
    #[case("[a](javascript:alert(1))", "\\[a\\](javascript:alert(1))")]
    #[case("![a](https://b.c)", "!\\[a\\](https:\\//b.c)")]
    #[case("https://evil.example", "https:\\//evil.example")]
    #[case("www.evil.example", "www\\.evil.example")]
    #[case("`a` *b* __c__ ~~d~~ $e$", "\\`a\\` \\*b\\* \\_\\_c\\_\\_ \\~\\~d\\~\\~ \\$e\\$")]
    #[case("pages_per_visit", "pages_per_visit")]
    #[case("&lt;b&gt;", "&amp;lt;b&amp;gt;")]
    #[case("a\u{1b}[2J\u{202e}b", "a\\\\u{1b}\\[2J\\\\u{202e}b")]
    #[case("12.5 % of 1/2", "12.5 % of 1/2")]
    fn what_users_name_things_is_neither_markdown_nor_html(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(escaped(text), expected);
    }

    #[rstest]
    #[case("# a", "\\# a")]
    #[case("- a", "\\- a")]
    #[case("> a", "&gt; a")]
    #[case("    a", "a")]
    #[case("1. a", "1\\. a")]
    #[case("1,200 rows", "1,200 rows")]
    #[case("12.5 % of all", "12.5 % of all")]
    #[case("a\n# b", "a # b")]
    fn a_text_begins_nothing_but_itself(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(beginning(text), expected);
    }
}
