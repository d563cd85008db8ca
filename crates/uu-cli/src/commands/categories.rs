//! `categories`: what the taxonomy has, or what of it matches a word.

use std::process::ExitCode;

use serde::Serialize;
use uu_core::Category;

use crate::arguments::Categories;
use crate::output::{Column, Page, Table, note, print, print_json};

/// Exit code of a search that found nothing.
const NOTHING: u8 = 1;

/// Names that are suggested where none matches.
const SUGGESTED: usize = 5;

/// Below this likeness a suggestion is a guess.
const LIKE: f64 = 0.7;

#[derive(Serialize)]
struct Entry {
    code: u16,
    path: &'static str,
    top: &'static str,
}

/// Lists categories.
pub(crate) fn run(arguments: &Categories) -> anyhow::Result<ExitCode> {
    let search = arguments.search.join(" ");
    let found: Vec<Category> = Category::all().filter(|category| matches(*category, &search)).collect();
    let is_found = !found.is_empty();
    let shown = if is_found { found } else { nearest(&search) };
    if !is_found {
        let nearest = if shown.is_empty() { "" } else { "; the nearest names are these" };
        note(&format!("no category matches `{search}`{nearest}"));
    }
    if arguments.json {
        let entry = |category: &Category| Entry { code: category.code(), path: category.path(), top: category.top().path() };
        // A script must not take a suggestion for what it looked for.
        print_json(&shown.iter().filter(|_| is_found).map(entry).collect::<Vec<Entry>>())?;
    } else if !shown.is_empty() {
        let rows = shown.iter().map(|category| [category.code().to_string(), category.path().to_owned()]);
        let mut page = Page::new();
        page.table("", &Table::new([Column::number("code"), Column::text("category").cut_to(20)]).rows(rows));
        print(&page.finish())?;
    }
    Ok(if is_found { ExitCode::SUCCESS } else { ExitCode::from(NOTHING) })
}

/// Whether the category has that code, is what the name means, or has all its words in its path.
fn matches(category: Category, search: &str) -> bool {
    if let Ok(code) = search.trim().parse::<u16>() {
        return category.code() == code;
    }
    let path = folded(category.path());
    Category::from_name(search) == Ok(category) || folded(search).split(' ').all(|word| path.contains(word))
}

fn nearest(search: &str) -> Vec<Category> {
    let search = folded(search);
    let likeness = |category: &Category| {
        let path = folded(category.path());
        let last = folded(category.path().rsplit('/').next().unwrap_or_default());
        strsim::jaro_winkler(&search, &path).max(strsim::jaro_winkler(&search, &last))
    };
    let mut scored: Vec<(f64, Category)> = Category::all().map(|category| (likeness(&category), category)).collect();
    scored.retain(|(likeness, _)| *likeness >= LIKE);
    scored.sort_by(|(a, first), (b, second)| b.total_cmp(a).then(first.cmp(second)));
    scored.into_iter().take(SUGGESTED).map(|(_, category)| category).collect()
}

/// Lower case, with one blank between words, whatever joined them.
fn folded(text: &str) -> String {
    let lower = text.to_lowercase().replace('&', " and ");
    lower.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).collect::<Vec<&str>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(search: &str) -> Vec<&'static str> {
        Category::all().filter(|category| matches(*category, search)).map(Category::path).collect()
    }

    #[test]
    fn words_codes_and_paths_find_categories() {
        assert_eq!(found("").len(), Category::count());
        assert_eq!(found("soccer"), ["Sports/Soccer"]);
        assert_eq!(found("SPORTS/soccer"), ["Sports/Soccer"]);
        assert_eq!(found("arts & entertainment music"), ["Arts_and_Entertainment/Music"]);
        assert_eq!(found("100").len(), 1);
        assert!(found("games").len() > 3, "{:?}", found("games"));
        assert!(found("socer").is_empty() && found("9999").is_empty());
    }

    #[test]
    fn a_misspelt_name_has_near_ones() {
        assert_eq!(nearest("Socer")[0].path(), "Sports/Soccer");
        assert_eq!(nearest("Sport/Socer")[0].path(), "Sports/Soccer");
        assert!(nearest("qqqq").is_empty());
    }
}
