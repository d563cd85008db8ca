//! What reading made of an input as a whole: which columns it used, which it missed, and what else is to be said of the file.

use std::collections::{BTreeSet, HashSet};
use std::fmt::{self, Write};

use uu_core::{Escaping, Field, Month, OutputColumn, escaped, visible};

use super::Context;
use super::columns::Target;

/// Names that a sentence lists.
const LISTED: usize = 12;

/// How the columns of an input were used, and what was noticed about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnUse {
    /// Columns that are no field and no extra input, in their order.
    pub unused: Vec<String>,
    /// Inputs that no column gives.
    pub absent: Vec<Field>,
    /// Unused columns whose names are near that of a field that no column gives.
    pub near: Vec<(String, Field)>,
    /// What else there is to say, each a sentence.
    pub notes: Vec<ReadNote>,
    /// Fields that a column gives.
    given: BTreeSet<Field>,
}

/// Something noticed about an input as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadNote {
    /// It is an output of this product.
    OwnOutput,
    /// It is an output of this product without what says which of its inputs were filled.
    OwnOutputUnmarked,
    /// It is UTF-16.
    Utf16,
    /// Lines before its header were passed over.
    LinesBeforeHeader {
        /// How many.
        lines: u64,
    },
    /// Comments between its rows were passed over.
    Comments {
        /// How many lines.
        lines: u64,
    },
    /// Rows without a value in any column were passed over.
    EmptyRows {
        /// How many.
        rows: u64,
    },
    /// Nearly all of its days are the last of a month.
    LastDays,
    /// Rows are of a source, site and month that an earlier row is of.
    RepeatedMonths {
        /// How many rows.
        rows: u64,
        /// Whether that was estimated, since the site-months were too many to be remembered.
        is_estimate: bool,
        /// The site of the first of them; none where no row has a site.
        site: Option<String>,
        /// Its month.
        month: Month,
    },
}

impl Context {
    /// How columns of these names are used; `also_used` names those that are although another one is of their field.
    pub(super) fn column_use(&self, names: &[String], also_used: &[String], notes: Vec<ReadNote>) -> ColumnUse {
        let (bound, _) = self.targets(names);
        let fields = bound.iter().filter_map(|(_, target)| if let Target::Field(field) = target { Some(*field) } else { None });
        let given: BTreeSet<Field> = fields.collect();
        let is_bound: HashSet<usize> = bound.iter().map(|(place, _)| *place).collect();
        let also_used: HashSet<&str> = also_used.iter().map(String::as_str).collect();
        let is_own = notes.iter().any(ReadNote::is_of_own_output);
        let is_of_output = |name: &str| is_own && OutputColumn::named(name).is_some();
        let is_used = |(place, name): (usize, &String)| is_bound.contains(&place) || also_used.contains(name.as_str());
        let unused = names.iter().enumerate().filter(|column| !(is_used(*column) || is_of_output(column.1) || is_index(column.1)));
        let unused: Vec<String> = unused.map(|(_, name)| name.clone()).collect();
        let near = unused.iter().filter_map(|name| Some((name.clone(), Field::nearest(name).filter(|field| !given.contains(field))?)));
        let near = near.collect();
        ColumnUse { unused, absent: absent(&given), near, notes, given }
    }
}

impl ReadNote {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::OwnOutput => "own_output",
            Self::OwnOutputUnmarked => "own_output_unmarked",
            Self::Utf16 => "utf16",
            Self::LinesBeforeHeader { .. } => "lines_before_header",
            Self::Comments { .. } => "comments",
            Self::LastDays => "last_days",
            Self::EmptyRows { .. } => "empty_rows",
            Self::RepeatedMonths { .. } => "repeated_months",
        }
    }

    /// What there is to say of so many rows without a value.
    pub(super) fn of_empty_rows(rows: u64) -> Option<Self> {
        (rows > 0).then_some(Self::EmptyRows { rows })
    }

    /// Whether it says that the input is an output of this product.
    #[must_use]
    pub fn is_of_own_output(&self) -> bool {
        matches!(self, Self::OwnOutput | Self::OwnOutputUnmarked)
    }
}

/// The inputs that are not among the fields given.
fn absent(given: &BTreeSet<Field>) -> Vec<Field> {
    Field::all().filter(|field| field.is_input() && !given.contains(field)).collect()
}

/// The index of a pandas frame, which no one named.
fn is_index(name: &str) -> bool {
    name.starts_with("__index_level_")
}

impl ColumnUse {
    /// What a person should know, a line each; nothing where every column was used and nothing else was noticed.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.notes.iter().map(ToString::to_string).collect();
        if !self.unused.is_empty() {
            let of = |name: &String| match self.near.iter().find(|(near, _)| near == name) {
                Some((_, field)) => format!("`{}` (is it `{}`?)", escaped(name), field.column()),
                None => format!("`{}`", escaped(name)),
            };
            // Those that may have been meant come first.
            let (likely, others): (Vec<&String>, Vec<&String>) =
                self.unused.iter().partition(|name| self.near.iter().any(|(near, _)| near == *name));
            let (nameless, others): (Vec<&String>, Vec<&String>) = others.into_iter().partition(|name| visible(name).is_empty());
            let nameless = (!nameless.is_empty()).then(|| format!("{} without a name", nameless.len()));
            lines.push(format!("columns not used: {}", listed(likely.into_iter().chain(others).map(of).chain(nameless))));
            if !self.absent.is_empty() {
                lines.push(format!("inputs without a column: {}", listed(self.absent.iter().map(|field| field.column().to_owned()))));
            }
        }
        lines
    }

    /// Adds what was found in another input: absent is what neither gives.
    pub fn join(&mut self, other: Self) {
        for name in other.unused {
            if !self.unused.contains(&name) {
                self.unused.push(name);
            }
        }
        self.given.extend(other.given);
        self.absent = absent(&self.given);
        self.near.extend(other.near.into_iter().filter(|near| !self.near.contains(near)).collect::<Vec<_>>());
        self.near.retain(|(_, field)| !self.given.contains(field));
        self.notes.extend(other.notes.into_iter().filter(|note| !self.notes.contains(note)).collect::<Vec<_>>());
    }
}

/// The first of some names, and how many more there are.
fn listed(names: impl Iterator<Item = String>) -> String {
    let names: Vec<String> = names.collect();
    let more = names.len().saturating_sub(LISTED);
    let text = names.into_iter().take(LISTED).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{text} and {more} more") } else { text }
}

impl fmt::Display for ReadNote {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut formatter = Escaping(formatter);
        match self {
            Self::OwnOutput => write!(
                formatter,
                "the input is an output of this product: its estimates and filled inputs were treated as unknown, `{}` as known",
                OutputColumn::UniqueUsersKnown.column()
            ),
            Self::OwnOutputUnmarked => write!(
                formatter,
                "the input is an output of this product without `{}`: its estimates were treated as unknown, `{}` as known; inputs that were filled cannot be told from those that were given",
                OutputColumn::Filled.column(),
                OutputColumn::UniqueUsersKnown.column()
            ),
            Self::Utf16 => formatter.write_str("the input is UTF-16, and was read as such"),
            Self::LinesBeforeHeader { lines: 1 } => formatter.write_str("1 line before the header was passed over"),
            Self::LinesBeforeHeader { lines } => write!(formatter, "{lines} lines before the header were passed over"),
            Self::Comments { lines: 1 } => formatter.write_str("1 line of comment was passed over"),
            Self::Comments { lines } => write!(formatter, "{lines} lines of comment were passed over"),
            Self::EmptyRows { rows: 1 } => formatter.write_str("1 row without any value was passed over"),
            Self::EmptyRows { rows } => write!(formatter, "{rows} rows without any value were passed over"),
            Self::LastDays => formatter.write_str(
                "nearly all dates are the last day of a month: if they are local midnights given in UTC, each belongs to the month after",
            ),
            Self::RepeatedMonths { rows, is_estimate, site, month } => {
                if *is_estimate {
                    formatter.write_str("some ")?;
                }
                let (rows, are) = if *rows == 1 { ("1 row repeats".to_owned(), "a") } else { (format!("{rows} rows repeat"), "the") };
                let (year, month) = (month.year(), month.month_of_year());
                match site {
                    Some(site) => write!(
                        formatter,
                        "{rows} {are} site and month of an earlier row, such as `{site}` in {year:04}-{month:02}: one row is one site in one month"
                    ),
                    None => write!(
                        formatter,
                        "{rows} {are} month of an earlier row, such as {year:04}-{month:02}, and no row has a site: one row is one site in one month"
                    ),
                }
            }
        }
    }
}
