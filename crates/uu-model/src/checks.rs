//! What the parts of a model must keep, checked when an artifact is read.
//!
//! An artifact may come from anybody, and its checksum only shows that it is whole. What passes here answers every record: no index leads
//! out of its list, no number makes an estimate that is none. Each part has its check beside its definition.

use std::fmt::Display;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Most sources of a model that is read: their codes are 16-bit numbers from 1. A training takes fewer.
pub(crate) const MOST_CODES: usize = u16::MAX as usize - 1;

/// No number that is learned is larger: extra inputs are in whatever unit, and sums of these stay finite.
pub(crate) const MOST: f64 = 1e60;

/// No logarithm of a quantity, or of a ratio of two, is larger.
pub(crate) const MOST_LOG: f64 = 50.0;

/// A part of a model that contradicts itself, or another part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be {expected}, got {found}")]
pub(crate) struct Unsound {
    what: &'static str,
    expected: String,
    found: String,
}

/// What a check comes to.
pub(crate) type Soundness = Result<(), Unsound>;

/// Refuses a part unless it `holds`.
pub(crate) fn ensure(holds: bool, what: &'static str, expected: impl Display, found: impl Display) -> Soundness {
    if holds { Ok(()) } else { Err(Unsound { what, expected: expected.to_string(), found: found.to_string() }) }
}

/// Refuses a list of another length.
pub(crate) fn ensure_length(what: &'static str, expected: usize, found: usize) -> Soundness {
    ensure(found == expected, what, format_args!("a list of {expected}"), found)
}

/// Refuses numbers beyond `most` on either side of zero, and what is no number.
pub(crate) fn ensure_within(what: &'static str, most: f64, numbers: impl IntoIterator<Item = f64>) -> Soundness {
    match numbers.into_iter().find(|number| number.is_nan() || number.abs() > most) {
        Some(found) => ensure(false, what, format_args!("numbers from -{most:e} to {most:e}"), found),
        None => Ok(()),
    }
}

/// Refuses a list that does not increase from each entry to the next.
pub(crate) fn ensure_increasing<T: PartialOrd>(what: &'static str, list: &[T]) -> Soundness {
    let place = list.windows(2).position(|pair| !matches!(pair[0].partial_cmp(&pair[1]), Some(std::cmp::Ordering::Less)));
    place.map_or(Ok(()), |place| ensure(false, what, "an increasing list", format_args!("entry {place} that is not below the next")))
}

/// Reads a list of at most `MOST` entries: of an entry of one byte that takes hundreds in memory, a small file could have millions.
pub(crate) fn at_most<'de, D, T, const MOST: usize>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct List<T, const MOST: usize>(std::marker::PhantomData<T>);

    impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for List<T, MOST> {
        type Value = Vec<T>;

        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(formatter, "a list of at most {MOST}")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Vec<T>, A::Error> {
            let mut list = Vec::new();
            while let Some(entry) = entries.next_element()? {
                if list.len() == MOST {
                    return Err(A::Error::custom(format_args!("a list must have at most {MOST} entries")));
                }
                list.push(entry);
            }
            Ok(list)
        }
    }

    deserializer.deserialize_seq(List::<T, MOST>(std::marker::PhantomData))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_more_entries_than_there_can_be_are_refused_before_they_take_memory() {
        #[derive(Debug, Deserialize)]
        struct Few(#[serde(deserialize_with = "at_most::<_, _, 3>")] Vec<u8>);
        assert_eq!(postcard::from_bytes::<Few>(&[3, 7, 8, 9]).unwrap().0, [7, 8, 9]);
        assert!(postcard::from_bytes::<Few>(&[4, 7, 8, 9, 10]).is_err());
    }
}
