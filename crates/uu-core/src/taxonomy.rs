//! The category taxonomy that ships with the product.

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

/// Code and path of each category, one a line. Codes are stable: new categories take new codes at the end.
const TABLE: &str = include_str!("taxonomy.csv");

/// Letters of a name that are compared with the taxonomy's; its longest path has 75.
const MOST_COMPARED_LETTERS: usize = 80;

static TAXONOMY: LazyLock<Taxonomy> = LazyLock::new(|| Taxonomy::parse(TABLE));

/// A category of the shipped taxonomy: a top category, or a sub-category below one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Category(u16);

/// What a category's name or code led to, when it did not lead to one category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoCategory {
    /// The taxonomy does not know it; perhaps it knows what stands above it: `Games` of `Games/Chess`.
    Unknown(Option<Category>),
    /// The name stands under several tops: the paths it could mean.
    Ambiguous(Vec<Category>),
}

struct Entry {
    path: &'static str,
    /// The path as it is compared.
    folded: String,
    top: Category,
}

struct Taxonomy {
    entries: Vec<Entry>,
    /// Paths as the taxonomy writes them, which is how most data have them.
    written: HashMap<&'static str, Category>,
    /// Folded path, top name or sub name to what it can mean; a top shadows the sub-categories of its name.
    names: HashMap<String, Vec<Category>>,
}

impl Category {
    /// How many categories the taxonomy has; codes run from 1 to this.
    #[must_use]
    pub fn count() -> usize {
        TAXONOMY.entries.len()
    }

    /// Every category, in the order of the codes.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..Self::count()).map(|index| Self(index as u16 + 1))
    }

    /// The category with that code.
    #[must_use]
    pub fn from_code(code: u32) -> Option<Self> {
        (1..=Self::count() as u32).contains(&code).then_some(Self(code as u16))
    }

    /// The category that a path `Top/Sub`, a top name or a sub name means.
    ///
    /// Letter case and the way words are joined do not matter: `Arts & Entertainment` is `Arts_and_Entertainment`.
    ///
    /// **Errors**: [`NoCategory`] where the name leads to none, or to several.
    pub fn from_name(name: &str) -> Result<Self, NoCategory> {
        if let Some(category) = TAXONOMY.written.get(name) {
            return Ok(*category);
        }
        match TAXONOMY.names.get(&folded(name)).map(Vec::as_slice) {
            Some([category]) => Ok(*category),
            Some(several) => Err(NoCategory::Ambiguous(several.to_vec())),
            None => Err(NoCategory::Unknown(Self::above(name))),
        }
    }

    /// The deepest known category that a path begins with, where the whole of it is not known.
    fn above(name: &str) -> Option<Self> {
        let folded = folded(name);
        let mut path = folded.as_str();
        while let Some((above, _)) = path.rsplit_once('/') {
            if let Some([category]) = TAXONOMY.names.get(above).map(Vec::as_slice) {
                return Some(*category);
            }
            path = above;
        }
        None
    }

    /// The category whose path or name is spelled most like `name`, if one is spelled much like it.
    #[must_use]
    pub fn nearest(name: &str) -> Option<Self> {
        /// Below this likeness a suggestion is a guess: `All` is 0.7 like `Gambling/Lottery`, `Sport/Socer` 0.9 like `Sports/Soccer`.
        const LIKE: f64 = 0.8;
        let name: String = folded(name).chars().take(MOST_COMPARED_LETTERS).collect();
        let score = |category: Self| {
            let path = TAXONOMY.entries[usize::from(category.0) - 1].folded.as_str();
            let last = path.rsplit('/').next().unwrap_or_default();
            strsim::jaro_winkler(&name, path).max(strsim::jaro_winkler(&name, last))
        };
        let scored = Self::all().map(|category| (score(category), category));
        let best = scored.max_by(|(a, first), (b, second)| a.total_cmp(b).then(second.cmp(first)));
        best.filter(|(score, _)| *score >= LIKE).map(|(_, category)| category)
    }

    /// The stable integer code, 1 or more.
    #[must_use]
    pub fn code(self) -> u16 {
        self.0
    }

    /// The path: `Top` or `Top/Sub`.
    #[must_use]
    pub fn path(self) -> &'static str {
        TAXONOMY.entries[usize::from(self.0) - 1].path
    }

    /// The top category this one belongs to; a top belongs to itself.
    #[must_use]
    pub fn top(self) -> Self {
        TAXONOMY.entries[usize::from(self.0) - 1].top
    }
}

impl Taxonomy {
    fn parse(table: &'static str) -> Self {
        let paths: Vec<&'static str> = table.lines().skip(1).filter_map(|line| line.split_once(',')).map(|(_, path)| path).collect();
        let code_of = |path: &str| paths.iter().position(|other| *other == path).map(|index| Category(index as u16 + 1));
        let mut taxonomy = Self { entries: Vec::with_capacity(paths.len()), written: HashMap::new(), names: HashMap::new() };
        for path in &paths {
            let top = path.split('/').next().and_then(code_of).expect("the table lists the top of every path; a test reads it whole");
            taxonomy.entries.push(Entry { path, folded: folded(path), top });
        }
        for (index, path) in paths.iter().enumerate() {
            let category = Category(index as u16 + 1);
            taxonomy.written.insert(path, category);
            taxonomy.names.entry(folded(path)).or_default().push(category);
        }
        for (index, path) in paths.iter().enumerate() {
            let Some((_, sub)) = path.split_once('/') else { continue };
            // A name that equals a top's means the top, so the tops, already in the map, are left as they are.
            if code_of(sub).is_none() {
                taxonomy.names.entry(folded(sub)).or_default().push(Category(index as u16 + 1));
            }
        }
        taxonomy
    }
}

/// Lower case, words joined by one `_`, `&` read as `and`; `/`, `>`, `|`, `:`, `\` and their like part the levels, and so does a dash between blanks.
fn folded(name: &str) -> String {
    let dashes = [" - ", " \u{2013} ", " \u{2014} "];
    // A blank is found faster than a dash, and most names have none.
    if name.contains(' ')
        && let Some(dash) = dashes.into_iter().find(|dash| name.contains(dash))
    {
        return folded(&name.replace(dash, "/"));
    }
    let mut folded = String::with_capacity(name.len());
    let mut pending = "";
    for letter in name.chars().take(200) {
        let word = match letter {
            '/' | '>' | '|' | ':' | '\\' | '\u{bb}' | '\u{203a}' | '\u{2192}' => {
                pending = "/";
                continue;
            }
            '&' => {
                if !folded.is_empty() && pending.is_empty() {
                    pending = "_";
                }
                "and"
            }
            letter if letter.is_alphanumeric() => "",
            _ => {
                if pending.is_empty() && !folded.is_empty() {
                    pending = "_";
                }
                continue;
            }
        };
        if !folded.is_empty() {
            folded.push_str(pending);
        }
        pending = "";
        if word.is_empty() {
            lower(&mut folded, letter);
        } else {
            folded.push_str(word);
            pending = "_";
        }
    }
    folded
}

fn lower(folded: &mut String, letter: char) {
    if letter.is_ascii() {
        folded.push(letter.to_ascii_lowercase());
    } else {
        folded.extend(letter.to_lowercase());
    }
}

impl fmt::Display for Category {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.path())
    }
}

impl fmt::Debug for Category {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}={}", self.0, self.path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole_and_its_codes_run_from_one() {
        let codes: Vec<u16> = TABLE.lines().skip(1).map(|line| line.split(',').next().unwrap().parse().unwrap()).collect();
        assert_eq!(codes, (1..=209).collect::<Vec<u16>>());
        assert_eq!(Category::all().filter(|category| category.top() == *category).count(), 24);
    }

    #[test]
    fn a_path_a_top_and_a_sub_name_lead_to_their_category() {
        let path = |name: &str| Category::from_name(name).map(Category::path);
        assert_eq!(path("Sports/Soccer"), Ok("Sports/Soccer"));
        assert_eq!(path("soccer"), Ok("Sports/Soccer"));
        assert_eq!(path("Arts & Entertainment"), Ok("Arts_and_Entertainment"));
        assert_eq!(path("arts and entertainment > music"), Ok("Arts_and_Entertainment/Music"));
        assert_eq!(path("Games"), Ok("Games"), "a name that equals a top's means the top");
        assert_eq!(path("E-commerce_and_Shopping"), Ok("E-commerce_and_Shopping"));
    }

    #[test]
    fn levels_are_parted_as_other_programs_part_them() {
        for name in [
            "Sports > Soccer",
            "sports|soccer",
            "Sports\\Soccer",
            "Sports: Soccer",
            "Sports \u{bb} Soccer",
            "Sports - Soccer",
            "Sports::Soccer",
        ] {
            assert_eq!(Category::from_name(name).map(Category::path), Ok("Sports/Soccer"), "{name}");
        }
        assert_eq!(Category::from_name("E-commerce_and_Shopping").map(Category::path), Ok("E-commerce_and_Shopping"));
    }

    #[test]
    fn of_an_unknown_path_the_known_part_is_found() {
        let above = |name: &str| match Category::from_name(name) {
            Err(NoCategory::Unknown(above)) => above.map(Category::path),
            other => panic!("{other:?}"),
        };
        assert_eq!(above("Games/Chess"), Some("Games"));
        assert_eq!(above("Sports > Soccer > Youth"), Some("Sports/Soccer"));
        assert_eq!(above("Chess/Openings"), None);
        assert_eq!(above("Chess"), None);
    }

    #[test]
    fn a_sub_name_under_two_tops_lists_its_paths() {
        let Err(NoCategory::Ambiguous(paths)) = Category::from_name("Public_Records_and_Directories") else { panic!("ambiguous") };
        assert_eq!(paths.len(), 2);
    }

    #[test]
    fn an_unknown_name_is_near_the_one_that_was_meant() {
        assert_eq!(Category::from_name("Sport/Socer"), Err(NoCategory::Unknown(None)));
        assert_eq!(Category::nearest("Sport/Socer").map(Category::path), Some("Sports/Soccer"));
        assert_eq!(Category::nearest("All"), None, "nothing is spelled like it");
        assert_eq!(Category::from_name(""), Err(NoCategory::Unknown(None)));
    }

    #[test]
    fn codes_outside_the_table_lead_nowhere() {
        assert_eq!(Category::from_code(0), None);
        assert_eq!(Category::from_code(210), None);
        assert!(Category::from_code(100).is_some());
    }
}
