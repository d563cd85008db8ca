//! Reads a prediction request without copying its values.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue as RawJson;
use uu_core::{DoubtfulOutput, Field, OutputColumn, OwnOutput, RawRecord, RawValue, Rules, is_missing_marker};
use uu_data::read::filled_names;

use crate::Limits;

/// A request as it was written: its entries in their order.
#[derive(Debug)]
pub(crate) struct Given<'a> {
    pub(crate) entries: Vec<Entry<'a>>,
    /// How many months there are; more than the limit are counted and not kept.
    pub(crate) months: usize,
}

#[derive(Debug)]
pub(crate) enum Entry<'a> {
    /// A value that holds for every month.
    Shared(GivenValue<'a>),
    Month(GivenMonth<'a>),
}

/// One month: its key, and its values in their order.
#[derive(Debug)]
pub(crate) struct GivenMonth<'a> {
    /// The key as written, quotes included.
    pub(crate) key: &'a str,
    pub(crate) values: Vec<GivenValue<'a>>,
    /// What stands there, where it is no object.
    pub(crate) instead: Option<&'static str>,
    /// How many keys there are; more than the limit are counted and not kept.
    pub(crate) count: usize,
    /// Where it is a month of an earlier output: what was estimated of it is unknown.
    pub(crate) own: Option<OwnOutput>,
}

/// One key and its value, as written.
#[derive(Debug)]
pub(crate) struct GivenValue<'a> {
    /// The key as written, quotes included.
    pub(crate) key: &'a str,
    pub(crate) meaning: Meaning,
    /// The value as written.
    pub(crate) json: &'a str,
    /// Whether it was the estimate of an earlier answer, and is unknown.
    pub(crate) was_estimated: bool,
}

/// What a key means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    Field(Field),
    Extra(usize),
    /// A key of an answer or a column of an output, in either spelling.
    Output(OutputColumn),
    Unknown,
}

impl Meaning {
    fn of(name: &str, rules: &Rules) -> Self {
        match Field::named(name) {
            Some(Field::Date) | None => {}
            Some(field) => return Self::Field(field),
        }
        if let Some(index) = rules.extras.iter().position(|extra| extra == name) {
            return Self::Extra(index);
        }
        OutputColumn::named(name).map_or(Self::Unknown, Self::Output)
    }
}

impl<'a> GivenValue<'a> {
    fn new(key: &'a RawJson, value: &'a RawJson, rules: &Rules) -> Self {
        Self { key: key.get(), meaning: Meaning::of(&text_of(key.get()), rules), json: value.get(), was_estimated: false }
    }

    /// The value as the check takes it.
    pub(crate) fn raw(&self) -> RawValue<'a> {
        raw_value(self.json)
    }

    /// Whether it names the month, which the key of the month's object does already.
    pub(crate) fn is_date(&self) -> bool {
        self.meaning == Meaning::Unknown && Field::named(&text_of(self.key)) == Some(Field::Date)
    }

    /// Whether nothing is known by it: null, an empty text, or a marker of a missing value.
    pub(crate) fn is_unknown(&self) -> bool {
        match self.json.as_bytes().first() {
            Some(b'n') | None => true,
            Some(b'"') => {
                let text = text_of(self.json);
                text.trim().is_empty() || is_missing_marker(&text)
            }
            Some(_) => false,
        }
    }
}

impl<'a> GivenMonth<'a> {
    pub(crate) fn date(&self) -> Cow<'a, str> {
        text_of(self.key)
    }

    /// Whether a date among its values is of the same month; unknown ones are.
    pub(crate) fn is_of(&self, date: &GivenValue<'_>) -> bool {
        let month = |text: &str| text.parse::<uu_core::Month>().ok();
        date.is_unknown() || month(&text_of(date.json)) == month(&self.date())
    }

    /// The month as a raw record: its own values, and those that hold for every month.
    pub(crate) fn record(&self, shared: &[&GivenValue<'a>]) -> RawRecord<'a> {
        let mut record = RawRecord::new();
        for value in shared.iter().copied().chain(&self.values) {
            match value.meaning {
                Meaning::Field(field) => record.set(field, value.raw()),
                Meaning::Extra(index) => record.set_extra(index, value.raw()),
                Meaning::Output(OutputColumn::UniqueUsersKnown) if self.own.is_some() => record.set(Field::UniqueUsers, value.raw()),
                Meaning::Output(_) | Meaning::Unknown => {}
            }
        }
        record.set(Field::Date, RawValue::Text(self.date()));
        record
    }

    /// The output that the month is of, by its keys, and by its values where they leave a doubt.
    fn own_of(&self, keys: &[Cow<'_, str>]) -> Option<OwnOutput> {
        let keys_of = || keys.iter().map(AsRef::as_ref);
        OwnOutput::of(keys_of()).or_else(|| {
            let DoubtfulOutput { own, filled, model } = OwnOutput::in_doubt(keys_of())?;
            let is_extra =
                |name: &str| self.values.iter().zip(keys).any(|(value, key)| matches!(value.meaning, Meaning::Extra(_)) && key == name);
            let is_input = |name: &str| Field::named(name).is_some_and(Field::is_input) || is_extra(name);
            let is_own = DoubtfulOutput::decides(&filled_names(self.values[filled].json), is_input, self.values[model].json);
            (is_own == Some(true)).then_some(own)
        })
    }

    /// Of a month of an earlier output, makes the estimates unknown: the inputs that were filled, and the unique users unless they are said to be
    /// known. Where the known number stands beside the estimate, it takes its place.
    fn forget_estimates(&mut self) {
        let keys: Vec<Cow<'_, str>> = self.values.iter().map(|value| text_of(value.key)).collect();
        let Some(own) = self.own_of(&keys) else { return };
        let json = |place: usize| self.values[place].json;
        let filled = own.filled.map(|place| filled_names(json(place))).unwrap_or_default();
        let known_users = own.known_users.filter(|place| !self.values[*place].is_unknown()).map(json);
        let are_known = own.known_users.is_none() && own.known.is_some_and(|place| OwnOutput::are_known(json(place)));
        let was_filled = |value: &GivenValue<'_>| match value.meaning {
            Meaning::Field(Field::UniqueUsers) => !are_known,
            Meaning::Field(field) => filled.iter().any(|name| Field::named(name) == Some(field)),
            Meaning::Extra(_) => filled.iter().any(|name| *name == text_of(value.key)),
            Meaning::Output(_) | Meaning::Unknown => false,
        };
        for value in self.values.iter_mut().filter(|value| was_filled(value) && !value.is_unknown()) {
            let known = known_users.filter(|_| value.meaning == Meaning::Field(Field::UniqueUsers));
            value.json = known.unwrap_or("null");
            value.was_estimated = known.is_none();
        }
        self.own = Some(own);
    }

    /// The key under which the request gave that field.
    pub(crate) fn key_of(&self, meaning: Meaning) -> Option<Cow<'a, str>> {
        self.values.iter().find(|value| value.meaning == meaning).map(|value| text_of(value.key))
    }
}

/// A JSON value as the check takes it.
pub(crate) fn raw_value(json: &str) -> RawValue<'_> {
    match json.as_bytes().first() {
        Some(b'n') | None => RawValue::Unknown,
        Some(b'"') => decoded(json).map_or(RawValue::Other { kind: "a broken text".into() }, RawValue::text),
        Some(b't' | b'f') => RawValue::Other { kind: "a boolean".into() },
        Some(b'[') => RawValue::Other { kind: "a list".into() },
        Some(b'{') => RawValue::Other { kind: "an object".into() },
        Some(_) => match json.parse::<f64>() {
            Ok(number) if number.is_finite() => RawValue::Number(number),
            // `1e400` is refused by the check as the text it was, not as an infinity nobody wrote.
            _ => RawValue::text(json),
        },
    }
}

/// The text a JSON string stands for; borrowed where it has no escapes. A lone surrogate stands for no text, and is shown as it was written.
pub(crate) fn text_of(json: &str) -> Cow<'_, str> {
    decoded(json).unwrap_or_else(|| Cow::Borrowed(without_quotes(json)))
}

/// The same; `None` where it stands for no text.
fn decoded(json: &str) -> Option<Cow<'_, str>> {
    let inner = without_quotes(json);
    if inner.contains('\\') { serde_json::from_str::<String>(json).ok().map(Cow::Owned) } else { Some(Cow::Borrowed(inner)) }
}

fn without_quotes(json: &str) -> &str {
    json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(json)
}

/// Reads a request.
///
/// **Errors**: where the text is not JSON, or not an object.
pub(crate) fn read<'a>(text: &'a str, rules: &Rules, limits: &Limits) -> serde_json::Result<Given<'a>> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let given = deserializer.deserialize_map(GivenVisitor { rules, limits })?;
    deserializer.end()?;
    Ok(given)
}

struct GivenVisitor<'r> {
    rules: &'r Rules,
    limits: &'r Limits,
}

impl<'de> Visitor<'de> for GivenVisitor<'_> {
    type Value = Given<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object keyed by date")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Given<'de>, A::Error> {
        let mut given = Given { entries: Vec::with_capacity(1), months: 0 };
        while let Some(key) = map.next_key::<&'de RawJson>()? {
            if given.entries.len() > self.limits.months + Field::COUNT {
                map.next_value::<IgnoredAny>()?;
                given.months += 1;
                continue;
            }
            let name = text_of(key.get());
            // Dates begin with a digit and names of fields do not.
            let shared = !name.starts_with(|first: char| first.is_ascii_digit())
                && matches!(Field::named(&name), Some(Field::Site | Field::Source | Field::RankSource));
            if shared {
                let value = map.next_value::<&'de RawJson>()?;
                given.entries.push(Entry::Shared(GivenValue::new(key, value, self.rules)));
            } else {
                given.entries.push(Entry::Month(map.next_value_seed(MonthSeed { key, visitor: &self })?));
                given.months += 1;
            }
        }
        Ok(given)
    }
}

struct MonthSeed<'r, 'de> {
    key: &'de RawJson,
    visitor: &'r GivenVisitor<'r>,
}

impl<'de> MonthSeed<'_, 'de> {
    fn instead(&self, kind: &'static str) -> GivenMonth<'de> {
        GivenMonth { key: self.key.get(), values: Vec::new(), instead: Some(kind), count: 0, own: None }
    }
}

impl<'de> DeserializeSeed<'de> for MonthSeed<'_, 'de> {
    type Value = GivenMonth<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<GivenMonth<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for MonthSeed<'_, 'de> {
    type Value = GivenMonth<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of the month's values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<GivenMonth<'de>, A::Error> {
        let mut month = GivenMonth { key: self.key.get(), values: Vec::with_capacity(8), instead: None, count: 0, own: None };
        let mut has_output_keys = false;
        while let Some(key) = map.next_key::<&'de RawJson>()? {
            month.count += 1;
            if month.count > self.visitor.limits.fields_per_month {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let value = map.next_value::<&'de RawJson>()?;
            let value = GivenValue::new(key, value, self.visitor.rules);
            has_output_keys |= matches!(value.meaning, Meaning::Output(_));
            month.values.push(value);
        }
        if has_output_keys {
            month.forget_estimates();
        }
        Ok(month)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<GivenMonth<'de>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(self.instead("a list"))
    }

    fn visit_unit<E>(self) -> Result<GivenMonth<'de>, E> {
        Ok(self.instead("null"))
    }

    fn visit_bool<E>(self, _: bool) -> Result<GivenMonth<'de>, E> {
        Ok(self.instead("a boolean"))
    }

    fn visit_i64<E>(self, _: i64) -> Result<GivenMonth<'de>, E> {
        Ok(self.instead("a number"))
    }

    fn visit_u64<E>(self, _: u64) -> Result<GivenMonth<'de>, E> {
        Ok(self.instead("a number"))
    }

    fn visit_f64<E>(self, _: f64) -> Result<GivenMonth<'de>, E> {
        Ok(self.instead("a number"))
    }

    fn visit_str<E>(self, _: &str) -> Result<GivenMonth<'de>, E> {
        Ok(self.instead("a text"))
    }
}
