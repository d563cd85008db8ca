//! Which inputs of a record are known.

use uu_core::Field;

use crate::input_id::InputId;

/// Which inputs of a record are known: a bit for each numeric input, in order, then those of the category, the extras and the host.
///
/// Extra inputs share one bit, set where every one of them is known, so that calibration has a bounded number of patterns however
/// many inputs a configuration adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Pattern(pub(crate) u8);

/// Bit of the category in a pattern.
const CATEGORY: u8 = 1 << 5;
/// Bit of the extra inputs in a pattern.
const EXTRAS: u8 = 1 << 6;
/// Bit of the host name in a pattern.
const HOST: u8 = 1 << 7;

impl Pattern {
    /// The pattern in which nothing is known.
    pub const NOTHING: Self = Self(0);

    /// The pattern in which exactly these fields are known; fields that are no inputs do not count.
    #[must_use]
    pub fn of(fields: &[Field]) -> Self {
        let bit = |field: &Field| match field {
            Field::Category => CATEGORY,
            Field::Site => HOST,
            field => InputId::of_field(*field).map_or(0, numeric_bit),
        };
        Self(fields.iter().map(bit).fold(0, |bits, bit| bits | bit))
    }

    /// Whether all that is known in `other` is known in this one.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// How many inputs are known, the extra ones counting as one.
    #[must_use]
    pub fn size(self) -> u32 {
        self.0.count_ones()
    }

    /// Every pattern that knows no more than this one, the empty one included.
    pub fn subsets(self) -> impl Iterator<Item = Self> {
        (0..=self.0).filter(move |bits| self.0 & bits == *bits).map(Self)
    }

    /// Whether the input is known; an extra one, where all of them are.
    pub(crate) fn knows(self, id: InputId) -> bool {
        self.0 & if id.built_in().is_some() { numeric_bit(id) } else { EXTRAS } != 0
    }

    pub(crate) fn knows_category(self) -> bool {
        self.0 & CATEGORY != 0
    }

    pub(crate) fn knows_host(self) -> bool {
        self.0 & HOST != 0
    }

    /// The same, and the built-in input is known.
    pub(crate) fn with(self, id: InputId) -> Self {
        Self(self.0 | numeric_bit(id))
    }

    /// The same but for a built-in input, which is not known.
    #[cfg(feature = "train")]
    pub(crate) fn without(self, id: InputId) -> Self {
        Self(self.0 & !numeric_bit(id))
    }

    pub(crate) fn with_category(self) -> Self {
        Self(self.0 | CATEGORY)
    }

    pub(crate) fn with_extras(self) -> Self {
        Self(self.0 | EXTRAS)
    }

    pub(crate) fn with_host(self) -> Self {
        Self(self.0 | HOST)
    }

    /// The same but for the host, which is not known.
    pub(crate) fn without_host(self) -> Self {
        Self(self.0 & !HOST)
    }

    /// The pattern's name: the columns of what is known, joined by `+`.
    #[must_use]
    pub fn name(self) -> String {
        let numeric = InputId::all(0).filter(|id| self.knows(*id)).filter_map(InputId::built_in);
        let mut known: Vec<&str> = numeric.map(Field::column).collect();
        let others = [(CATEGORY, Field::Category.column()), (EXTRAS, "extras"), (HOST, Field::Site.column())];
        known.extend(others.into_iter().filter(|(bit, _)| self.0 & bit != 0).map(|(_, name)| name));
        if known.is_empty() { "nothing".to_owned() } else { known.join("+") }
    }
}

/// The bit of a built-in input; none of an extra one.
fn numeric_bit(id: InputId) -> u8 {
    if id.built_in().is_some() { 1 << id.place() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_has_the_name_of_what_is_known() {
        assert_eq!(Pattern::of(&[Field::Visits, Field::Category]).name(), "visits+category");
        assert_eq!(Pattern::NOTHING.name(), "nothing");
    }

    #[test]
    fn subsets_are_contained_and_counted() {
        let pattern = Pattern::of(&[Field::Visits, Field::Rank, Field::Category]);
        let subsets: Vec<Pattern> = pattern.subsets().collect();
        assert_eq!(subsets.len(), 8);
        assert!(subsets.iter().all(|subset| pattern.contains(*subset)));
    }
}
