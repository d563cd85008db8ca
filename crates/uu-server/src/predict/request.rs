//! Reads a prediction request without copying its values.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue as RawJson;
use uu_core::{Field, RawRecord, RawValue, Rules};

use crate::Limits;

/// Keys the answer writes itself; given ones are not echoed, so that no key stands twice.
const ANSWER_KEYS: [&str; 9] =
    ["uniqueUsersLow", "uniqueUsersHigh", "level", "visitsPerUser", "known", "filled", "warnings", "model", "explanation"];

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
    /// Whether it is a month that was answered before: what was estimated of it is unknown.
    pub(crate) is_answer: bool,
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
    /// A key of the answer.
    Answer,
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
        if ANSWER_KEYS.contains(&name) { Self::Answer } else { Self::Unknown }
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

    /// Whether nothing is known by it.
    pub(crate) fn is_unknown(&self) -> bool {
        match self.json.as_bytes().first() {
            Some(b'n') | None => true,
            Some(b'"') => text_of(self.json).trim().is_empty(),
            Some(_) => false,
        }
    }
}

impl<'a> GivenMonth<'a> {
    pub(crate) fn date(&self) -> Cow<'a, str> {
        text_of(self.key)
    }

    /// The month as a raw record: its own values, and those that hold for every month.
    pub(crate) fn record(&self, shared: &[&GivenValue<'a>]) -> RawRecord<'a> {
        let mut record = RawRecord::new();
        for value in shared.iter().copied().chain(&self.values) {
            match value.meaning {
                Meaning::Field(field) => record.set(field, value.raw()),
                Meaning::Extra(index) => record.set_extra(index, value.raw()),
                Meaning::Answer | Meaning::Unknown => {}
            }
        }
        record.set(Field::Date, RawValue::Text(self.date()));
        record
    }

    /// Of a month that was answered before, makes the estimates unknown: the inputs that were filled, and the unique users unless they are
    /// said to be known.
    fn forget_estimates(&mut self) {
        let answer = |name: &str| self.values.iter().find(|value| value.meaning == Meaning::Answer && text_of(value.key) == name);
        let (Some(filled), Some(_), Some(_)) = (answer("filled"), answer("uniqueUsersLow"), answer("model")) else { return };
        let is_known = answer("known").is_some_and(|known| known.json == "true");
        let filled: Vec<Cow<'_, str>> = serde_json::from_str(filled.json).unwrap_or_default();
        let was_filled = |value: &GivenValue<'_>| match value.meaning {
            Meaning::Field(Field::UniqueUsers) => !is_known,
            Meaning::Field(field) => filled.iter().any(|name| Field::named(name) == Some(field)),
            Meaning::Extra(_) => filled.contains(&text_of(value.key)),
            Meaning::Answer | Meaning::Unknown => false,
        };
        for value in self.values.iter_mut().filter(|value| was_filled(value) && !value.is_unknown()) {
            value.json = "null";
            value.was_estimated = true;
        }
        self.is_answer = true;
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
        Some(b'"') => RawValue::text(text_of(json)),
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

/// The text a JSON string stands for; borrowed where it has no escapes.
///
/// A lone surrogate stands for no text: it is shown as it was written, and no rule accepts it.
pub(crate) fn text_of(json: &str) -> Cow<'_, str> {
    let inner = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(json);
    if inner.contains('\\') {
        return serde_json::from_str::<String>(json).map_or(Cow::Borrowed(inner), Cow::Owned);
    }
    Cow::Borrowed(inner)
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
        GivenMonth { key: self.key.get(), values: Vec::new(), instead: Some(kind), count: 0, is_answer: false }
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
        let mut month = GivenMonth { key: self.key.get(), values: Vec::with_capacity(8), instead: None, count: 0, is_answer: false };
        let mut has_answer_keys = false;
        while let Some(key) = map.next_key::<&'de RawJson>()? {
            month.count += 1;
            if month.count > self.visitor.limits.fields_per_month {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let value = map.next_value::<&'de RawJson>()?;
            let value = GivenValue::new(key, value, self.visitor.rules);
            has_answer_keys |= value.meaning == Meaning::Answer;
            month.values.push(value);
        }
        if has_answer_keys {
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
