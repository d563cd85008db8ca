//! One JSON object, taken apart into keys and values that still are text.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;
use uu_core::{Fault, FaultField, FaultRule, RawValue as Given, TEXT_IN_UTF8};

/// Most keys of one object: the months of all years of the calendar. What is kept of each is many times as long as the shortest.
pub(super) const MAX_KEYS: usize = 120_000;

/// The entries of an object in their order; keys may repeat.
pub(crate) struct Entries<'a>(pub(crate) Vec<(Cow<'a, str>, &'a RawValue)>);

/// A JSON text, borrowed where it holds no escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a text")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor;
        impl<'de> Visitor<'de> for EntriesVisitor {
            type Value = Entries<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::with_capacity(12);
                while let Some((key, value)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                    if entries.len() == MAX_KEYS {
                        return Err(A::Error::custom(format_args!("more than {MAX_KEYS} keys")));
                    }
                    entries.push((key.0, value));
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(EntriesVisitor)
    }
}

impl<'a> Entries<'a> {
    /// Whether nothing is known by any of its values.
    pub(super) fn are_empty(&self) -> bool {
        self.0.iter().all(|(_, value)| match value.get().as_bytes() {
            [b'n', ..] => true,
            [b'"', text @ .., b'"'] => text.trim_ascii().is_empty(),
            _ => false,
        })
    }

    /// Takes an object apart.
    ///
    /// **Errors**: it is not an object, or is broken.
    pub(crate) fn of(value: &'a RawValue) -> Result<Self, Fault> {
        let text = value.get();
        if !text.starts_with('{') {
            return Err(malformed("a JSON object", kind(text).to_owned()));
        }
        serde_json::from_str(text).map_err(|error| broken(&error.to_string()))
    }
}

/// The JSON value that the bytes are; `NaN`, which is no JSON and which some programs write, is null.
pub(crate) fn parse(bytes: &[u8]) -> Result<Box<RawValue>, Fault> {
    let bytes = bytes.trim_ascii();
    serde_json::from_slice(bytes).or_else(|error| {
        if let Err(foreign) = std::str::from_utf8(bytes) {
            return Err(malformed(TEXT_IN_UTF8, format!("the byte 0x{:02X}", bytes[foreign.valid_up_to()])));
        }
        let Some((text, infinite)) = without_nan(bytes) else { return Err(broken(&error.to_string())) };
        serde_json::from_slice(&text).map_err(|error| match infinite {
            Some(word) => malformed("a JSON object", format!("`{word}`, which is no JSON: write null where a value is unknown")),
            None => broken(&error.to_string()),
        })
    })
}

fn broken(reason: &str) -> Fault {
    malformed("a JSON object", format!("broken JSON ({reason})"))
}

/// The text with null in place of each `NaN` outside of strings, and another word that is no JSON, if there is one; `None` where there is
/// neither.
fn without_nan(bytes: &[u8]) -> Option<(Vec<u8>, Option<&'static str>)> {
    const INFINITE: [&str; 4] = ["Infinity", "None", "undefined", "nan"];
    let (mut text, mut other, mut changed) = (Vec::with_capacity(bytes.len()), None, false);
    let (mut in_string, mut escaped) = (false, false);
    let mut rest = bytes;
    while let Some(byte) = rest.first() {
        if in_string {
            in_string = escaped || *byte != b'"';
            escaped = !escaped && *byte == b'\\';
        } else if rest.starts_with(b"NaN") {
            text.extend_from_slice(b"null");
            rest = &rest[3..];
            changed = true;
            continue;
        } else {
            in_string = *byte == b'"';
            other = other.or_else(|| INFINITE.into_iter().find(|word| rest.starts_with(word.as_bytes())));
        }
        text.push(*byte);
        rest = &rest[1..];
    }
    (changed || other.is_some()).then_some((text, other))
}

/// A row that cannot be taken apart.
pub(crate) fn malformed(expected: &'static str, found: String) -> Fault {
    Fault { rule: FaultRule::MalformedRow, field: FaultField::Record, found, expected: expected.into() }
}

/// A JSON value as a value of a record.
pub(crate) fn given(value: &RawValue) -> Given<'_> {
    let text = value.get();
    match text.as_bytes().first() {
        Some(b'n') => Given::Unknown,
        Some(b'"') => match serde_json::from_str::<Text<'_>>(text) {
            Ok(text) => Given::text(text.0),
            Err(_) => Given::Other { kind: "a broken text".into() },
        },
        Some(b'-' | b'0'..=b'9') => text.parse().map_or(Given::Other { kind: "a broken number".into() }, Given::Number),
        _ => Given::Other { kind: kind(text).into() },
    }
}

/// A JSON value as a text cell: null is none, texts lose their quotes, the rest stays JSON.
pub(crate) fn cell(value: &RawValue) -> Option<Cow<'_, str>> {
    let text = value.get();
    match text.as_bytes().first() {
        Some(b'n') => None,
        Some(b'"') => Some(serde_json::from_str::<Text<'_>>(text).map_or(Cow::Borrowed(text), |text| text.0)),
        _ => Some(Cow::Borrowed(text)),
    }
}

/// What a JSON value is called.
pub(super) fn kind(text: &str) -> &'static str {
    match text.as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b'"') => "a text",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}
