//! Which inputs of a record are known.

use uu_core::Field;

use crate::input_id::{BUILT_IN_BEFORE_FORMAT_3, InputId};

/// Which inputs of a record are known: a bit for each built-in numeric input, one for the category, one for the extras and one for the host.
///
/// Extra inputs share one bit, set where every one of them is known, so that calibration has a bounded number of patterns however
/// many inputs a configuration adds. Artifacts hold patterns, so no bit ever changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Pattern(pub u32);

/// Bit of the category in a pattern.
const CATEGORY: u32 = 1 << 5;
/// Bit of the extra inputs in a pattern.
const EXTRAS: u32 = 1 << 6;
/// Bit of the host name in a pattern.
const HOST: u32 = 1 << 7;
/// Bits that are not those of numeric inputs; the inputs that came later stand behind them.
const OTHERS: usize = 3;

const _: () = assert!(InputId::BUILT_IN + OTHERS <= u32::BITS as usize, "every input has its bit");

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

    /// The pattern of a row of so many numeric inputs, of which those are known that `knows` says.
    pub fn of_row(inputs: usize, knows: impl Fn(InputId) -> bool, category: bool, host: bool) -> Self {
        let mut ids = InputId::all(inputs.saturating_sub(InputId::BUILT_IN));
        let numeric = ids.by_ref().take(InputId::BUILT_IN).filter(|id| knows(*id)).fold(0, |bits, id| bits | numeric_bit(id));
        let extras = ids.len() > 0 && ids.all(&knows);
        let others = [(CATEGORY, category), (EXTRAS, extras), (HOST, host)];
        Self(others.into_iter().filter(|(_, is_known)| *is_known).fold(numeric, |bits, (bit, _)| bits | bit))
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

    /// Every pattern that knows no more than this one, the empty one first and this one last.
    pub fn subsets(self) -> impl Iterator<Item = Self> {
        let next = move |subset: &Self| (subset.0 != self.0).then(|| Self(subset.0.wrapping_sub(self.0) & self.0));
        std::iter::successors(Some(Self::NOTHING), next)
    }

    /// Its place among the subsets of `learned`, from 0; what is not in `learned` does not count.
    pub fn place_within(self, learned: Self) -> usize {
        let (mut rest, mut place, mut index) = (learned.0, 0, 0);
        while rest != 0 {
            let lowest = rest & rest.wrapping_neg();
            place |= usize::from(self.0 & lowest != 0) << index;
            (rest, index) = (rest ^ lowest, index + 1);
        }
        place
    }

    /// Whether the input is known; an extra one, where all of them are.
    pub fn knows(self, id: InputId) -> bool {
        self.0 & if id.built_in().is_some() { numeric_bit(id) } else { EXTRAS } != 0
    }

    pub(crate) fn knows_category(self) -> bool {
        self.0 & CATEGORY != 0
    }

    /// Whether the host is known.
    #[must_use]
    pub fn knows_host(self) -> bool {
        self.0 & HOST != 0
    }

    /// The same but for a built-in input, which is not known.
    pub fn without(self, id: InputId) -> Self {
        Self(self.0 & !numeric_bit(id))
    }

    /// The same but for the extra inputs, which are not known.
    pub fn without_extras(self) -> Self {
        Self(self.0 & !EXTRAS)
    }

    /// The same, and the host is known.
    pub fn with_host(self) -> Self {
        Self(self.0 | HOST)
    }

    /// The same but for the host, which is not known.
    pub fn without_host(self) -> Self {
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
fn numeric_bit(id: InputId) -> u32 {
    match (id.built_in(), id.place()) {
        (None, _) => 0,
        (Some(_), place) if place < BUILT_IN_BEFORE_FORMAT_3 => 1 << place,
        (Some(_), place) => 1 << (place + OTHERS),
    }
}

/// Patterns as artifacts before format 3 hold them: of one byte.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
pub struct PatternBeforeFormat3(u8);

impl From<PatternBeforeFormat3> for Pattern {
    fn from(pattern: PatternBeforeFormat3) -> Self {
        Self(u32::from(pattern.0))
    }
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
        assert!(subsets.is_sorted() && subsets.last() == Some(&pattern));
        assert!(subsets.iter().enumerate().all(|(place, subset)| subset.place_within(pattern) == place));
        assert!(subsets.iter().all(|subset| pattern.contains(*subset)));
    }
}
