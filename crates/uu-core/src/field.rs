//! The fields of a record and the names they go by.

use crate::names::visible;

/// A field that every record can carry.
///
/// Extra numeric inputs, named in the configuration, are not listed here: see [`crate::Rules`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Field {
    /// The month; in JSON it is the key of the record.
    Date,
    /// Host name of the site.
    Site,
    /// Where the label comes from.
    Source,
    /// Which ranking `rank` is a position in.
    RankSource,
    /// Position in a global ranking.
    Rank,
    /// Sessions in the month.
    Visits,
    /// Pages per visit.
    PagesPerVisit,
    /// Bounce rate, percent.
    BounceRate,
    /// Mean visit duration, seconds.
    AvgVisitDuration,
    /// Category of the site.
    Category,
    /// Unique users: the label.
    UniqueUsers,
}

/// One field's names: JSON key, column, and a name for people.
struct Names {
    field: Field,
    json: &'static str,
    column: &'static str,
    words: &'static str,
}

const NAMES: [Names; Field::COUNT] = [
    Names { field: Field::Date, json: "date", column: "date", words: "date" },
    Names { field: Field::Site, json: "domain", column: "site", words: "site" },
    Names { field: Field::Source, json: "source", column: "source", words: "source" },
    Names { field: Field::RankSource, json: "rankSource", column: "rank_source", words: "rank source" },
    Names { field: Field::Rank, json: "alexa", column: "rank", words: "rank" },
    Names { field: Field::Visits, json: "visits", column: "visits", words: "visits" },
    Names { field: Field::PagesPerVisit, json: "pagesPerVisit", column: "pages_per_visit", words: "pages per visit" },
    Names { field: Field::BounceRate, json: "bounceRate", column: "bounce_rate", words: "bounce rate" },
    Names { field: Field::AvgVisitDuration, json: "avgVisitDuration", column: "avg_visit_duration", words: "average visit duration" },
    Names { field: Field::Category, json: "category", column: "category", words: "category" },
    Names { field: Field::UniqueUsers, json: "uniqueUsers", column: "unique_users", words: "unique users" },
];

/// Other names a field is known by, already in [`folded`] form.
const ALIASES: [(&str, Field); 6] = [
    ("rank", Field::Rank),
    ("alexa", Field::Rank),
    ("site", Field::Site),
    ("domain", Field::Site),
    ("domainname", Field::Site),
    ("month", Field::Date),
];

impl Field {
    /// How many fields there are.
    pub const COUNT: usize = 11;

    /// All fields, in the order of their columns.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|names| names.field)
    }

    /// The key in JSON requests and answers.
    #[must_use]
    pub fn json(self) -> &'static str {
        NAMES[self as usize].json
    }

    /// The column in files.
    #[must_use]
    pub fn column(self) -> &'static str {
        NAMES[self as usize].column
    }

    /// Whether a record may be estimated from it.
    #[must_use]
    pub fn is_input(self) -> bool {
        self.is_number() && self != Self::UniqueUsers || self == Self::Category
    }

    /// Whether it is a number.
    #[must_use]
    pub fn is_number(self) -> bool {
        matches!(self, Self::Rank | Self::Visits | Self::PagesPerVisit | Self::BounceRate | Self::AvgVisitDuration | Self::UniqueUsers)
    }

    /// Whether it is counted, so that a point in it may part thousands.
    #[must_use]
    pub fn is_count(self) -> bool {
        matches!(self, Self::Rank | Self::Visits | Self::UniqueUsers)
    }

    /// The name in a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        NAMES[self as usize].words
    }

    /// The field a JSON key or a column header names, in any of the usual spellings: `pagesPerVisit`, `pages_per_visit` and
    /// `PagesPerVisit` are one field. Blanks of all kinds and what cannot be seen do not count.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let exact = NAMES.iter().find(|names| names.json == name || names.column == name);
        if let Some(names) = exact {
            return Some(names.field);
        }
        let name: String = folded(&visible(name)).collect();
        NAMES
            .iter()
            .find(|names| folded(names.json).eq(name.chars()))
            .map(|names| names.field)
            .or_else(|| ALIASES.iter().find(|(alias, _)| *alias == name).map(|(_, field)| *field))
    }
}

/// A name as it is compared: in lower case, and without what parts its words.
pub(crate) fn folded(name: &str) -> impl Iterator<Item = char> {
    name.chars().take(64).filter(|letter| !matches!(letter, '_' | '-' | ' ')).map(|letter| letter.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_the_order_of_the_fields() {
        for (index, names) in NAMES.iter().enumerate() {
            assert_eq!(names.field as usize, index);
        }
    }

    #[test]
    fn every_usual_spelling_names_its_field() {
        for name in ["pagesPerVisit", "pages_per_visit", "PagesPerVisit", "Pages per visit"] {
            assert_eq!(Field::named(name), Some(Field::PagesPerVisit), "{name}");
        }
        for name in ["alexa", "Alexa", "rank"] {
            assert_eq!(Field::named(name), Some(Field::Rank), "{name}");
        }
        for name in ["domain", "site", "domain_name"] {
            assert_eq!(Field::named(name), Some(Field::Site), "{name}");
        }
        for name in ["visits\u{a0}", "\u{feff}visits", "vis\u{200b}its", " Visits\t", "visits\r\n"] {
            assert_eq!(Field::named(name), Some(Field::Visits), "{name:?}");
        }
        assert_eq!(Field::named("visit"), None);
    }
}
