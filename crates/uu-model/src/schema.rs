//! What a model has learned to read of a record, and the only place where a record becomes a row of inputs: training, serving and drift read alike.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uu_core::{Category, FaultField, MAX_EXTRAS, Record, Rules, host_of_site};

use crate::checks::{MOST_CODES, Soundness, at_most, ensure, ensure_length};
use crate::host::{Host, Suffixes};
use crate::input::{InputRow, UNKNOWN_CODE};
use crate::input_id::{ByInput, InputId};
use crate::pattern::Pattern;

/// How the source of rows that name none is shown.
pub const UNNAMED_SOURCE: &str = "unnamed";

/// The inputs of a model: which ones were learned, and the codes of groups.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InputSchema {
    /// What a record is checked with; its extra inputs follow the built-in ones.
    pub rules: Rules,
    /// The sources and their codes.
    pub sources: Sources,
    /// Range of each numeric input in the training data, in its own unit; `None` where it was not learned.
    pub ranges: ByInput<Option<(f64, f64)>>,
    /// Whether the category was learned.
    pub category: bool,
    /// Suffixes that distinguish host names, where they were learned.
    pub suffixes: Option<Suffixes>,
}

impl InputSchema {
    /// Writes the inputs of a record into `row`, whose memory is reused: what was never learned counts as unknown.
    pub fn encode(&self, record: &Record, row: &mut InputRow) {
        row.numeric.clear();
        row.numeric.extend(self.ranges.ids().map(|id| id.scaled(self.value(record, id))));
        row.category = self.category_of(record).map_or(UNKNOWN_CODE, Category::code);
        row.host = self.host_of(record);
        row.source = self.sources.code_of(record.source.as_deref());
        row.month = record.month.month_of_year() as u8;
    }

    /// Which inputs of a record are known and were learned: the pattern of the row that it is encoded as.
    pub fn pattern(&self, record: &Record) -> Pattern {
        let knows = |id: InputId| self.value(record, id).is_some();
        let host = self.suffixes.is_some() && record.site.as_deref().is_some_and(|site| host_of_site(site).is_some());
        Pattern::of_row(self.ranges.len(), knows, self.category_of(record).is_some(), host)
    }

    /// The pattern in which every input that was learned is known, the extra ones included.
    pub fn learned(&self) -> Pattern {
        Pattern::of_row(self.ranges.len(), |id| self.ranges[id].is_some(), self.category, self.suffixes.is_some())
    }

    /// The value of a numeric input that was learned, in its own unit.
    #[inline]
    pub fn value(&self, record: &Record, id: InputId) -> Option<f64> {
        self.ranges[id].and_then(|_| id.value(record))
    }

    /// The category, where categories were learned.
    pub fn category_of(&self, record: &Record) -> Option<Category> {
        record.category.filter(|_| self.category)
    }

    /// What the host name says, where names were learned.
    fn host_of(&self, record: &Record) -> Host {
        self.suffixes.as_ref().zip(record.site.as_deref()).map_or_else(Host::default, |(suffixes, site)| suffixes.read(site))
    }

    /// The field of a numeric input.
    pub fn field(&self, id: InputId) -> FaultField {
        id.field(&self.rules.extras)
    }

    /// The name in the artifact of the stage that predicts an input, or (`None`) visits per user.
    pub fn stage_name(&self, input: Option<InputId>) -> String {
        input.map_or("ratio".to_owned(), |id| self.field(id).column().to_owned())
    }

    /// Codes of suffixes; 0 where hosts were not learned.
    pub fn suffix_codes(&self) -> usize {
        self.suffixes.as_ref().map_or(0, Suffixes::codes)
    }

    pub(crate) fn check(&self) -> Soundness {
        let extras = &self.rules.extras;
        ensure(extras.len() <= MAX_EXTRAS, "the number of extra inputs", format_args!("at most {MAX_EXTRAS}"), extras.len())?;
        let distinct: BTreeSet<&String> = extras.iter().collect();
        ensure_length("the names of the extra inputs, each named once,", extras.len(), distinct.len())?;
        ensure_length("the ranges of the inputs", InputId::BUILT_IN + extras.len(), self.ranges.len())?;
        for (low, high) in self.ranges.iter().flatten() {
            let is_range = low.is_finite() && high.is_finite() && low <= high;
            ensure(is_range, "a range of an input", "from low to high", format_args!("{low} to {high}"))?;
        }
        // Estimates are no more than known visits, which a model that had not learned them would not look at.
        ensure(self.ranges[InputId::VISITS].is_some(), "the range of visits", "among those that were learned", "none")?;
        let sources = self.sources.len();
        ensure((1..=MOST_CODES).contains(&sources), "the number of sources", format_args!("1 to {MOST_CODES}"), sources)?;
        self.suffixes.as_ref().map_or(Ok(()), Suffixes::check)
    }
}

/// Sources whose definition of unique users is learned, the commonest first. Their codes are their places, from 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sources {
    /// `None` stands for the rows that name none.
    names: Vec<Option<String>>,
    /// Codes of those with a name.
    codes: HashMap<String, u16>,
    /// Code of the rows that name none, if they are one.
    unnamed: Option<u16>,
}

impl Sources {
    /// Sources by their codes, which begin at 1.
    #[must_use]
    pub fn new(names: Vec<Option<String>>) -> Self {
        let (mut codes, mut unnamed) = (HashMap::new(), None);
        // The first of two that are alike: only a model of strangers could have such.
        for (place, name) in names.iter().enumerate().rev() {
            let code = place as u16 + 1;
            match name {
                Some(name) => drop(codes.insert(name.clone(), code)),
                None => unnamed = Some(code),
            }
        }
        Self { names, codes, unnamed }
    }

    /// How many sources there are.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a model has a source at least")]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Their names, in the order of their codes; `None` for the rows that name none.
    pub fn iter(&self) -> std::slice::Iter<'_, Option<String>> {
        self.names.iter()
    }

    /// The code of a source, if it was learned.
    pub fn learned_code_of(&self, source: Option<&str>) -> Option<u16> {
        source.map_or(self.unnamed, |name| self.codes.get(name).copied())
    }

    /// The code of a source: one that was not learned follows the commonest.
    pub fn code_of(&self, source: Option<&str>) -> u16 {
        self.learned_code_of(source).unwrap_or(1)
    }

    /// The name of the source that a source follows.
    pub fn followed_by(&self, source: Option<&str>) -> &str {
        let name = self.names.get(usize::from(self.code_of(source)) - 1);
        name.and_then(Option::as_deref).unwrap_or(UNNAMED_SOURCE)
    }

    /// Their names as they are shown.
    pub fn shown(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| name.as_deref().unwrap_or(UNNAMED_SOURCE))
    }
}

impl Serialize for Sources {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.names.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Sources {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        at_most::<_, _, MOST_CODES>(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uu_testkit::strategies::record;

    use super::*;

    /// A schema that has learned every other thing.
    fn schema(learned: [bool; 7], extras: usize) -> InputSchema {
        let [rank, pages, bounces, duration, more, category, has_hosts] = learned;
        let mut ranges: Vec<_> = [rank, true, pages, bounces, duration].map(|learned| learned.then_some((0.0, 1e12))).to_vec();
        ranges.extend((0..extras).map(|extra| (more || extra % 2 == 0).then_some((-1.0, 1.0))));
        let hosts = ["a.example.com", "b.example.org", "c.example.com", "d.example.de", "e.example.com", "f.example.org"];
        InputSchema {
            rules: Rules { extras: (0..extras).map(|extra| format!("extra_{extra}")).collect(), ..Rules::default() },
            sources: Sources::new(vec![Some("panel".to_owned()), None]),
            ranges: ByInput::new(ranges),
            category,
            suffixes: if has_hosts { Suffixes::of(hosts.into_iter().cycle().take(60)) } else { None },
        }
    }

    proptest! {
        /// What drift counts is what the stages see.
        #[test]
        fn the_pattern_of_a_record_is_that_of_its_row(
            record in record(), learned: [bool; 7], extras in proptest::collection::vec(proptest::option::of(-1.0..1.0f64), 0..3)
        ) {
            let schema = schema(learned, extras.len());
            let record = Record { extras, ..record };
            let mut row = InputRow::default();
            schema.encode(&record, &mut row);
            prop_assert_eq!(schema.pattern(&record), row.pattern());
            prop_assert!(row.numeric.entries().all(|(id, value)| value.is_nan() || schema.ranges[id].is_some()));
        }
    }

    #[test]
    fn a_source_that_was_not_learned_follows_the_commonest() {
        for count in [3, 300] {
            let sources = Sources::new((0..count).map(|source| (source > 0).then(|| format!("s{source}"))).collect());
            assert_eq!((sources.code_of(None), sources.code_of(Some("s2")), sources.code_of(Some("other"))), (1, 3, 1), "{count}");
            assert_eq!((sources.followed_by(Some("s1")), sources.followed_by(Some("other"))), ("s1", UNNAMED_SOURCE));
            assert_eq!(sources.learned_code_of(Some("other")), None);
        }
    }
}
