//! The columns that an output has beside those of its records, and how an output is recognized when it is read again.

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

    /// The column that a JSON key or a column header names, in either spelling. What cannot be seen does not count.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let name = visible(name);
        NAMES.iter().find(|names| names.json == name || names.column == name).map(|names| names.output)
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

impl OwnOutput {
    /// Columns of which every output has one at least; a record whose text holds none of their names is none.
    const MARKS: [OutputColumn; 3] = [OutputColumn::UniqueUsersLow, OutputColumn::UniqueUsersHigh, OutputColumn::UniqueUsersKnown];

    /// Recognizes an output by the names of its columns or keys, in either spelling: by both ends of the interval, by the known unique users, or
    /// by one end beside `filled` and `model`. A `model` alone may be anybody's.
    #[must_use]
    pub fn of<'n>(names: impl IntoIterator<Item = &'n str>) -> Option<Self> {
        let mut places = [None; NAMES.len()];
        for (place, name) in names.into_iter().enumerate() {
            if let Some(output) = OutputColumn::named(name) {
                places[output as usize].get_or_insert(place);
            }
        }
        let place = |output: OutputColumn| places[output as usize];
        let (low, high) = (place(OutputColumn::UniqueUsersLow), place(OutputColumn::UniqueUsersHigh));
        let has_interval = low.and(high).is_some();
        let is_labelled_so = low.or(high).and(place(OutputColumn::Filled)).and(place(OutputColumn::Model)).is_some();
        let known_users = place(OutputColumn::UniqueUsersKnown);
        (has_interval || is_labelled_so || known_users.is_some()).then(|| Self {
            known_users,
            known: place(OutputColumn::Known),
            filled: place(OutputColumn::Filled),
            visits_per_user: place(OutputColumn::VisitsPerUser),
        })
    }

    /// Whether a column of that name is about the estimates of this output alone, and in none that is made of it. `level`, `known` and `definition` may
    /// be anybody's, unless they stand beside the visits per user of an answer.
    #[must_use]
    pub fn is_outdated(&self, name: &str) -> bool {
        const OF_ANSWERS: [OutputColumn; 4] =
            [OutputColumn::VisitsPerUser, OutputColumn::Level, OutputColumn::Known, OutputColumn::Definition];
        self.visits_per_user.is_some() && OutputColumn::named(name).is_some_and(|output| OF_ANSWERS.contains(&output))
    }

    /// Whether a record's text may be one of an output; most are none, and a look at the text is cheap.
    #[must_use]
    pub fn may_be(text: &str) -> bool {
        Self::MARKS.iter().any(|mark| text.contains(mark.column()) || text.contains(mark.json()))
    }

    /// Whether a value of [`OutputColumn::Known`] says that the unique users are known, as JSON or as other programs write it.
    #[must_use]
    pub fn are_known(value: &str) -> bool {
        value.trim_matches('"').trim().eq_ignore_ascii_case("true")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Field;
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
    #[case::one_end_of_another_program(&["unique_users_low", "model"], false)]
    #[case::a_model(&["unique_users", "model", "filled", "warnings", "level"], false)]
    fn an_output_is_recognized_by_what_nobody_else_writes(#[case] names: &[&str], #[case] is_own: bool) {
        assert_eq!(OwnOutput::of(names.iter().copied()).is_some(), is_own);
        assert!(!is_own || OwnOutput::may_be(&names.join(",")));
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
