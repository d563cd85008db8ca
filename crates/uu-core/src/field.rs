//! The fields of a record: their names, and what is so for every value of one.

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

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A month, given as a date in it.
    Month,
    /// A short text that distinguishes rows.
    Name,
    /// A category of the taxonomy.
    Category,
    /// A count: a point in it may group thousands.
    Count,
    /// Any other number.
    Measure,
}

/// The scale on which a number is looked at: sizes over orders of magnitude by their logarithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// As it is.
    Linear,
    /// Its natural logarithm. Fewer than one is no different from one: the logarithm would run away.
    Log,
    /// The natural logarithm of one more, for numbers that can be 0.
    LogOfOneMore,
}

impl Scale {
    /// A value on this scale.
    #[must_use]
    pub fn apply(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Log => value.max(1.0).ln(),
            Self::LogOfOneMore => value.ln_1p(),
        }
    }

    /// The value that stands there on this scale.
    #[must_use]
    pub fn undo(self, scaled: f64) -> f64 {
        match self {
            Self::Linear => scaled,
            Self::Log => scaled.exp(),
            Self::LogOfOneMore => scaled.exp_m1(),
        }
    }
}

/// All that the product knows of a field. A field is described here and nowhere else.
struct Facts {
    field: Field,
    /// Key in JSON requests and answers.
    json: &'static str,
    /// Column in files.
    column: &'static str,
    /// Name in a sentence.
    words: &'static str,
    kind: Kind,
    /// Unit of one value, in the plural.
    unit: &'static str,
    /// What a value can be, in words.
    bounds: &'static str,
    scale: Scale,
    /// Decimal places of an imputed value.
    decimals: i32,
    /// Least value there can be.
    min: f64,
    /// Largest value there can be.
    max: Option<f64>,
    /// Largest value that is believed. Beyond it a well-formed value is reported and left out.
    ///
    /// The busiest site of the world has some 10^11 visits a month; the deepest published mean visit has 105 pages and lasts 6,477 seconds; there are
    /// some 4 x 10^8 registered host names.
    plausible_max: Option<f64>,
    is_input: bool,
}

const NO_NUMBER: Facts = Facts {
    field: Field::Site,
    json: "",
    column: "",
    words: "",
    kind: Kind::Name,
    unit: "",
    bounds: "short name",
    scale: Scale::Linear,
    decimals: 0,
    min: 0.0,
    max: None,
    plausible_max: None,
    is_input: false,
};

const FACTS: [Facts; Field::COUNT] = [
    Facts { field: Field::Date, json: "date", column: "date", words: "date", kind: Kind::Month, bounds: "month", ..NO_NUMBER },
    Facts { field: Field::Site, json: "domain", column: "site", words: "site", bounds: "host name", ..NO_NUMBER },
    Facts { field: Field::Source, json: "source", column: "source", words: "source", ..NO_NUMBER },
    Facts { field: Field::RankSource, json: "rankSource", column: "rank_source", words: "rank source", ..NO_NUMBER },
    Facts {
        field: Field::Rank,
        json: "alexa",
        column: "rank",
        words: "rank",
        kind: Kind::Count,
        unit: "position",
        bounds: "whole number, 1 or more",
        scale: Scale::Log,
        decimals: 0,
        min: 1.0,
        max: None,
        plausible_max: Some(1e10),
        is_input: true,
    },
    Facts {
        field: Field::Visits,
        json: "visits",
        column: "visits",
        words: "visits",
        kind: Kind::Count,
        unit: "visits",
        bounds: "visits, 0 or more",
        scale: Scale::Log,
        decimals: 0,
        min: 0.0,
        max: None,
        plausible_max: Some(1e12),
        is_input: true,
    },
    Facts {
        field: Field::PagesPerVisit,
        json: "pagesPerVisit",
        column: "pages_per_visit",
        words: "pages per visit",
        kind: Kind::Measure,
        unit: "pages",
        bounds: "pages, 1 or more",
        scale: Scale::Log,
        decimals: 4,
        min: 1.0,
        max: None,
        plausible_max: Some(1_000.0),
        is_input: true,
    },
    Facts {
        field: Field::BounceRate,
        json: "bounceRate",
        column: "bounce_rate",
        words: "bounce rate",
        kind: Kind::Measure,
        unit: "percent",
        bounds: "percent, 0 to 100",
        scale: Scale::Linear,
        decimals: 2,
        min: 0.0,
        max: Some(100.0),
        plausible_max: None,
        is_input: true,
    },
    Facts {
        field: Field::AvgVisitDuration,
        json: "avgVisitDuration",
        column: "avg_visit_duration",
        words: "average visit duration",
        kind: Kind::Measure,
        unit: "seconds",
        bounds: "seconds, 0 or more",
        scale: Scale::LogOfOneMore,
        decimals: 1,
        min: 0.0,
        max: None,
        plausible_max: Some(86_400.0),
        is_input: true,
    },
    Facts {
        field: Field::Category,
        json: "category",
        column: "category",
        words: "category",
        kind: Kind::Category,
        bounds: "category of the taxonomy",
        is_input: true,
        ..NO_NUMBER
    },
    Facts {
        field: Field::UniqueUsers,
        json: "uniqueUsers",
        column: "unique_users",
        words: "unique users",
        kind: Kind::Count,
        unit: "users",
        bounds: "users, 0 or more; the label",
        scale: Scale::Log,
        decimals: 0,
        min: 0.0,
        max: None,
        plausible_max: Some(1e11),
        is_input: false,
    },
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
        FACTS.iter().map(|facts| facts.field)
    }

    const fn facts(self) -> &'static Facts {
        &FACTS[self as usize]
    }

    /// The key in JSON requests and answers.
    #[must_use]
    pub fn json(self) -> &'static str {
        self.facts().json
    }

    /// The column in files.
    #[must_use]
    pub fn column(self) -> &'static str {
        self.facts().column
    }

    /// The name in a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        self.facts().words
    }

    /// What it holds.
    #[must_use]
    pub fn kind(self) -> Kind {
        self.facts().kind
    }

    /// The unit of a number; empty for other fields.
    #[must_use]
    pub fn unit(self) -> &'static str {
        self.facts().unit
    }

    /// What a value can be, in words.
    #[must_use]
    pub fn bounds(self) -> &'static str {
        self.facts().bounds
    }

    /// The scale on which a number is looked at.
    #[must_use]
    pub fn scale(self) -> Scale {
        self.facts().scale
    }

    /// Decimal places of an imputed value.
    #[must_use]
    pub fn decimals(self) -> i32 {
        self.facts().decimals
    }

    /// The least value there can be.
    #[must_use]
    pub fn lowest(self) -> f64 {
        self.facts().min
    }

    /// The largest value there can be, where there is one.
    #[must_use]
    pub fn highest(self) -> Option<f64> {
        self.facts().max
    }

    /// The largest value that is believed, where there is one.
    #[must_use]
    pub fn plausible_max(self) -> Option<f64> {
        self.facts().plausible_max
    }

    /// Whether a record may be estimated from it.
    #[must_use]
    pub fn is_input(self) -> bool {
        self.facts().is_input
    }

    /// Whether it is a number.
    #[must_use]
    pub const fn is_number(self) -> bool {
        matches!(self.facts().kind, Kind::Count | Kind::Measure)
    }

    /// Whether it is counted, so that a point in it may group thousands.
    #[must_use]
    pub fn is_count(self) -> bool {
        self.kind() == Kind::Count
    }

    /// The field a JSON key or a column header names, in any of the usual spellings: `pagesPerVisit`, `pages_per_visit` and
    /// `PagesPerVisit` are one field. Blanks of all kinds and what cannot be seen do not count.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let exact = FACTS.iter().find(|facts| facts.json == name || facts.column == name);
        if let Some(facts) = exact {
            return Some(facts.field);
        }
        let name: String = folded(&visible(name)).collect();
        FACTS
            .iter()
            .find(|facts| folded(facts.json).eq(name.chars()))
            .map(|facts| facts.field)
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
    fn facts_stand_in_the_order_of_the_fields() {
        for (index, facts) in FACTS.iter().enumerate() {
            assert_eq!(facts.field as usize, index);
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
