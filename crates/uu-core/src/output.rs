//! The columns that an output has beside those of its records, and how an output is recognized when it is read again.

use crate::Field;
use crate::field::folded;
use crate::names::visible;

/// A column of an output, or a key of an answer over HTTP, that is no field of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum OutputColumn {
    /// Lower end of the interval, users.
    UniqueUsersLow,
    /// Upper end of the interval, users.
    UniqueUsersHigh,
    /// The known unique users, beside the estimate made without them; in files and frames.
    UniqueUsersKnown,
    /// Level of the interval.
    Level,
    /// Visits over unique users.
    VisitsPerUser,
    /// Whether the unique users are known, and no estimate; in answers over HTTP.
    Known,
    /// Whose definition of unique users the estimate follows.
    Definition,
    /// Names of the inputs that were filled.
    Filled,
    /// What is to be said about the inputs.
    Warnings,
    /// Version of the model.
    Model,
    /// The factors of the estimate.
    Explanation,
}

/// One column's names: JSON key over HTTP, and column of files and frames.
struct Names {
    output: OutputColumn,
    json: &'static str,
    column: &'static str,
}

const NAMES: [Names; 11] = [
    Names { output: OutputColumn::UniqueUsersLow, json: "uniqueUsersLow", column: "unique_users_low" },
    Names { output: OutputColumn::UniqueUsersHigh, json: "uniqueUsersHigh", column: "unique_users_high" },
    Names { output: OutputColumn::UniqueUsersKnown, json: "uniqueUsersKnown", column: "unique_users_known" },
    Names { output: OutputColumn::Level, json: "level", column: "level" },
    Names { output: OutputColumn::VisitsPerUser, json: "visitsPerUser", column: "visits_per_user" },
    Names { output: OutputColumn::Known, json: "known", column: "known" },
    Names { output: OutputColumn::Definition, json: "definition", column: "definition" },
    Names { output: OutputColumn::Filled, json: "filled", column: "filled" },
    Names { output: OutputColumn::Warnings, json: "warnings", column: "warnings" },
    Names { output: OutputColumn::Model, json: "model", column: "model" },
    Names { output: OutputColumn::Explanation, json: "explanation", column: "explanation" },
];

impl OutputColumn {
    /// The key in answers over HTTP.
    #[must_use]
    pub const fn json(self) -> &'static str {
        NAMES[self as usize].json
    }

    /// The column in files and frames.
    #[must_use]
    pub const fn column(self) -> &'static str {
        NAMES[self as usize].column
    }

    /// Whether a name is one under which outputs have the column, letter by letter.
    #[must_use]
    pub fn is_written(self, name: &str) -> bool {
        let name = visible(name);
        name == self.json() || name == self.column()
    }

    /// The column that a JSON key or a column header names, in any of the usual spellings: `unique_users_low`, `uniqueUsersLow` and
    /// `Unique Users Low` are one column. What cannot be seen does not count.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let exact = NAMES.iter().find(|names| names.json == name || names.column == name);
        let spelled = || {
            let name = visible(name);
            NAMES.iter().find(|names| folded(names.json).eq(folded(&name)))
        };
        exact.or_else(spelled).map(|names| names.output)
    }
}

/// An output of this product among records or tables: its unique users are estimates, and some of its inputs may have been filled.
///
/// **Shapes**: each is a place among the names it was recognized by, where there is such a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnOutput {
    /// The known unique users. Where there is such a column, they are the label, and nothing else is.
    pub known_users: Option<usize>,
    /// Whether the unique users are known; see [`Self::are_known`].
    pub known: Option<usize>,
    /// Which inputs were filled. Without it they cannot be told from those that were given.
    pub filled: Option<usize>,
    /// Visits over the unique users that were estimated; of answers for one site alone.
    pub visits_per_user: Option<usize>,
}

/// Columns of an output that may be another program's as well: unique users beside `filled` and `model`, without the interval. Their values decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DoubtfulOutput {
    /// What it is if it is one.
    pub own: OwnOutput,
    /// Which inputs were filled.
    pub filled: usize,
    /// The model.
    pub model: usize,
}

impl DoubtfulOutput {
    /// Whether a row's values are those of an output: `filled` names inputs alone, or it is empty and the model is named as a version or by its
    /// checksum. `None` where neither has a value.
    ///
    /// **Shapes**: `filled` are the names in the row's list, and `is_input` finds out whether a name is an input's.
    #[must_use]
    pub fn decides(filled: &[String], is_input: impl Fn(&str) -> bool, model: &str) -> Option<bool> {
        match (filled, visible(model).trim_matches('"')) {
            ([], "" | "null") => None,
            ([], model) => Some(is_model(model)),
            (names, _) => Some(names.iter().all(|name| is_input(name))),
        }
    }
}

/// Whether a model is named as outputs name it: `v0001`, or by the first letters of its checksum.
fn is_model(name: &str) -> bool {
    const LEAST_DIGITS: usize = 4;
    const CHECKSUM_LETTERS: usize = 12;
    let is_version = name.strip_prefix('v').is_some_and(|digits| digits.len() >= LEAST_DIGITS && crate::date_hint::digits(digits));
    is_version || name.len() == CHECKSUM_LETTERS && name.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'))
}

/// Places of the columns of an output among names.
struct Places {
    outputs: [Option<usize>; NAMES.len()],
    has_users: bool,
}

impl Places {
    fn of<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let mut places = Self { outputs: [None; NAMES.len()], has_users: false };
        for (place, name) in names.into_iter().enumerate() {
            if let Some(output) = OutputColumn::named(name) {
                places.outputs[output as usize].get_or_insert(place);
            } else {
                places.has_users |= Field::named(name) == Some(Field::UniqueUsers);
            }
        }
        places
    }

    fn get(&self, output: OutputColumn) -> Option<usize> {
        self.outputs[output as usize]
    }

    fn own(&self) -> OwnOutput {
        OwnOutput {
            known_users: self.get(OutputColumn::UniqueUsersKnown),
            known: self.get(OutputColumn::Known),
            filled: self.get(OutputColumn::Filled),
            visits_per_user: self.get(OutputColumn::VisitsPerUser),
        }
    }
}

impl OwnOutput {
    /// Recognizes an output by the names of its columns or keys, in any spelling: by both ends of the interval, by the known unique users, or
    /// by one end beside `filled` and `model`. A `model` alone may be anybody's; see [`Self::in_doubt`].
    #[must_use]
    pub fn of<'n>(names: impl IntoIterator<Item = &'n str>) -> Option<Self> {
        let places = Places::of(names);
        let (low, high) = (places.get(OutputColumn::UniqueUsersLow), places.get(OutputColumn::UniqueUsersHigh));
        let has_interval = low.and(high).is_some();
        let is_labelled_so = low.or(high).and(places.get(OutputColumn::Filled)).and(places.get(OutputColumn::Model)).is_some();
        (has_interval || is_labelled_so || places.get(OutputColumn::UniqueUsersKnown).is_some()).then(|| places.own())
    }

    /// Names that [`Self::of`] does not recognize, of what may be an output without its interval.
    #[must_use]
    pub fn in_doubt<'n>(names: impl IntoIterator<Item = &'n str>) -> Option<DoubtfulOutput> {
        let places = Places::of(names);
        let (filled, model) = (places.get(OutputColumn::Filled)?, places.get(OutputColumn::Model)?);
        places.has_users.then(|| DoubtfulOutput { own: places.own(), filled, model })
    }

    /// Whether a column of that name is about the estimates of this output alone, and in none that is made of it. `level`, `known` and `definition` may
    /// be anybody's, unless they stand beside the visits per user of an answer. What is spelled as no output is written would stand beside the new
    /// values instead of being replaced.
    #[must_use]
    pub fn is_outdated(&self, name: &str) -> bool {
        match OutputColumn::named(name) {
            None | Some(OutputColumn::Explanation) => false,
            Some(OutputColumn::VisitsPerUser | OutputColumn::Level | OutputColumn::Known | OutputColumn::Definition) => {
                self.visits_per_user.is_some()
            }
            Some(output) => !output.is_written(name),
        }
    }

    /// Whether a record's text may be one of an output, in any spelling; most are none, and a look at the text is cheap.
    #[must_use]
    pub fn may_be(text: &str) -> bool {
        let parts = Parts::of(text.as_bytes());
        parts.has(Parts::FILLED | Parts::MODEL) || parts.has(Parts::USERS) && parts.0 & (Parts::LOW | Parts::HIGH | Parts::KNOWN) != 0
    }

    /// Whether a value of [`OutputColumn::Known`] says that the unique users are known, as JSON or as other programs write it.
    #[must_use]
    pub fn are_known(value: &str) -> bool {
        value.trim_matches('"').trim().eq_ignore_ascii_case("true")
    }
}

/// The words of which the names of an output's columns are made, and which of them a text has in any letter case.
struct Parts(u8);

impl Parts {
    const USERS: u8 = 1;
    const LOW: u8 = 1 << 1;
    const HIGH: u8 = 1 << 2;
    const KNOWN: u8 = 1 << 3;
    const FILLED: u8 = 1 << 4;
    const MODEL: u8 = 1 << 5;

    fn of(text: &[u8]) -> Self {
        let mut found = 0;
        for (place, byte) in text.iter().enumerate() {
            let (word, part): (&[u8], u8) = match byte | 0x20 {
                b'u' => (b"users", Self::USERS),
                b'l' => (b"low", Self::LOW),
                b'h' => (b"high", Self::HIGH),
                b'k' => (b"known", Self::KNOWN),
                b'f' => (b"filled", Self::FILLED),
                b'm' => (b"model", Self::MODEL),
                _ => continue,
            };
            if text[place..].get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)) {
                found |= part;
            }
        }
        Self(found)
    }

    fn has(&self, parts: u8) -> bool {
        self.0 & parts == parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn names_stand_in_the_order_of_the_columns_and_name_no_field() {
        for (index, names) in NAMES.iter().enumerate() {
            assert_eq!(names.output as usize, index);
            for name in [names.json, names.column] {
                assert_eq!(OutputColumn::named(name), Some(names.output));
                assert_eq!((Field::named(name), Field::nearest(name)), (None, None), "{name}");
            }
        }
        assert_eq!(OutputColumn::named("\u{feff}unique_users_low "), Some(OutputColumn::UniqueUsersLow));
        assert_eq!(OutputColumn::named("unique_users"), None);
    }

    #[rstest]
    #[case::whole(&["date", "unique_users_low", "unique_users_high", "filled", "model"], true)]
    #[case::whole_over_http(&["uniqueUsersLow", "uniqueUsersHigh", "filled", "model"], true)]
    #[case::the_interval_alone(&["unique_users_low", "unique_users_high"], true)]
    #[case::in_two_spellings(&["unique_users_low", "uniqueUsersHigh"], true)]
    #[case::known_users(&["unique_users", "unique_users_known"], true)]
    #[case::one_end(&["unique_users_low", "filled", "model"], true)]
    #[case::as_spreadsheets_write_them(&["Date", "Unique_Users", "Unique_Users_Low", "Unique_Users_High", "Filled", "Model"], true)]
    #[case::in_capitals_with_blanks(&["UNIQUE USERS LOW", "Unique-Users-High"], true)]
    #[case::one_end_of_another_program(&["unique_users_low", "model"], false)]
    #[case::a_model(&["unique_users", "model", "filled", "warnings", "level"], false)]
    fn an_output_is_recognized_by_what_nobody_else_writes(#[case] names: &[&str], #[case] is_own: bool) {
        assert_eq!(OwnOutput::of(names.iter().copied()).is_some(), is_own);
        assert!(!is_own || OwnOutput::may_be(&names.join(",")));
    }

    #[rstest]
    #[case(&["unique_users", "filled", "model"], true)]
    #[case(&["uniqueUsers", "Filled", "MODEL", "warnings"], true)]
    #[case(&["visits", "filled", "model"], false)]
    #[case(&["unique_users", "model"], false)]
    #[case(&["unique_users", "filled"], false)]
    fn an_output_without_its_interval_is_in_doubt(#[case] names: &[&str], #[case] is_doubtful: bool) {
        assert_eq!((OwnOutput::of(names.iter().copied()), OwnOutput::in_doubt(names.iter().copied()).is_some()), (None, is_doubtful));
        assert!(!is_doubtful || OwnOutput::may_be(&names.join(",")));
    }

    #[rstest]
    #[case(&[], "v0001", Some(true))]
    #[case(&[], "\"v12345\"", Some(true))]
    #[case(&[], "0f3a9c41d2be", Some(true))]
    #[case(&["rank", "bounceRate"], "anything", Some(true))]
    #[case(&[], "", None)]
    #[case(&[], "tesla", Some(false))]
    #[case(&[], "v1", Some(false))]
    #[case(&["yes"], "v0001", Some(false))]
    #[case(&["rank", "by hand"], "v0001", Some(false))]
    fn values_decide_where_the_names_leave_a_doubt(#[case] filled: &[&str], #[case] model: &str, #[case] expected: Option<bool>) {
        let filled: Vec<String> = filled.iter().map(|name| (*name).to_owned()).collect();
        let is_input = |name: &str| Field::named(name).is_some_and(Field::is_input);
        assert_eq!(DoubtfulOutput::decides(&filled, is_input, model), expected);
    }

    #[test]
    fn most_records_are_seen_to_be_none_at_a_glance() {
        for text in [r#"{"site":"yellow.com","visits":5}"#, r#"{"date":"2024-12","unique_users":5,"model":"x"}"#, ""] {
            assert!(!OwnOutput::may_be(text), "{text}");
        }
    }

    #[test]
    fn what_is_about_earlier_estimates_alone_is_outdated() {
        let names = ["visits", "uniqueUsersLow", "uniqueUsersHigh", "level", "known", "notes", "visitsPerUser"];
        let outdated = |names: &[&str]| -> Vec<String> {
            let own = OwnOutput::of(names.iter().copied()).unwrap();
            names.iter().filter(|name| own.is_outdated(name)).map(|name| (*name).to_owned()).collect()
        };
        assert_eq!(outdated(&names), ["level", "known", "visitsPerUser"]);
        assert!(outdated(&names[..6]).is_empty());
        let respelled = ["Visits", "Unique_Users_Low", "Unique Users High", "Level", "Filled", "model", "Explanation"];
        assert_eq!(outdated(&respelled), ["Unique_Users_Low", "Unique Users High", "Filled"]);
    }

    #[test]
    fn places_are_those_of_the_names() {
        let own = OwnOutput::of(["date", "known", "unique_users_known", "filled"]).unwrap();
        assert_eq!(own, OwnOutput { known_users: Some(2), known: Some(1), filled: Some(3), visits_per_user: None });
        for (value, known) in [("true", true), ("\"True\"", true), ("false", false), ("null", false), ("1", false)] {
            assert_eq!(OwnOutput::are_known(value), known, "{value}");
        }
    }
}
