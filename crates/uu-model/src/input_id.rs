//! Numeric inputs by their place, and lists of one entry for each.

use std::fmt::{self, Display, Formatter};
use std::ops::{Index, IndexMut};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uu_core::{FaultField, Field, MAX_EXTRAS, Record, Scale};

use crate::checks::{Soundness, at_most, ensure};

/// A numeric input: one that every record can carry, or an extra input. Artifacts hold ids, so none ever changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InputId(u8);

/// The numeric inputs that every record can carry, in the order of their ids. One that comes later is added at the end.
const BUILT_IN: [Field; 5] = [Field::Rank, Field::Visits, Field::PagesPerVisit, Field::BounceRate, Field::AvgVisitDuration];

/// Built-in inputs of artifacts before format 3, whose extra inputs followed them.
pub(crate) const BUILT_IN_BEFORE_FORMAT_3: usize = 5;

/// Id of the first extra input.
const EXTRA: u8 = 128;

/// No imputed size grows beyond this logarithm: about 5 x 10^12, above all that is plausible.
const MOST_LOG_OF_SIZE: f64 = 29.3;

impl InputId {
    /// The rank.
    pub const RANK: Self = Self(0);
    /// The visits.
    pub const VISITS: Self = Self(1);
    /// The pages per visit.
    pub const PAGES_PER_VISIT: Self = Self(2);

    /// How many inputs every record can carry.
    pub const BUILT_IN: usize = BUILT_IN.len();

    /// Those of a model with so many extra inputs, in order.
    pub fn all(extras: usize) -> impl ExactSizeIterator<Item = Self> + Clone {
        (0..BUILT_IN.len() + extras).map(Self::at)
    }

    /// The input at a place among all numeric inputs: the built-in ones, then the extra ones.
    pub fn at(place: usize) -> Self {
        let id = |number: usize| u8::try_from(number).expect("a model has at most 64 extra inputs");
        match place.checked_sub(BUILT_IN.len()) {
            None => Self(id(place)),
            Some(extra) => Self(EXTRA + id(extra)),
        }
    }

    /// Its place among all numeric inputs.
    pub fn place(self) -> usize {
        self.extra().map_or(usize::from(self.0), |extra| BUILT_IN.len() + extra)
    }

    /// Its field, unless it is an extra input.
    pub fn built_in(self) -> Option<Field> {
        BUILT_IN.get(usize::from(self.0)).copied()
    }

    /// Its place among the extra inputs, if it is one.
    pub fn extra(self) -> Option<usize> {
        self.0.checked_sub(EXTRA).map(usize::from)
    }

    /// What an id of an artifact before format 3 is now.
    pub fn of_earlier_format(self) -> Self {
        match self.0.checked_sub(BUILT_IN_BEFORE_FORMAT_3 as u8) {
            None => self,
            // One that no model can have stays one.
            Some(extra) => Self(EXTRA.saturating_add(extra)),
        }
    }

    /// Checks that a model of so many numeric inputs has it.
    pub(crate) fn check(self, inputs: usize) -> Soundness {
        let is_there = self.built_in().is_some() || self.extra().is_some_and(|extra| BUILT_IN.len() + extra < inputs);
        ensure(is_there, "the input of a column", format_args!("one of {inputs}"), self.0)
    }

    /// The id of a field, if it is a numeric input.
    pub fn of_field(field: Field) -> Option<Self> {
        BUILT_IN.iter().position(|built_in| *built_in == field).map(Self::at)
    }

    /// The id of a field or of an extra input of that name.
    pub fn of(field: &FaultField, extras: &[String]) -> Option<Self> {
        match field {
            FaultField::Field(field) => Self::of_field(*field),
            FaultField::Extra(name) => extras.iter().position(|extra| extra == name).map(|extra| Self::at(BUILT_IN.len() + extra)),
            FaultField::Record => None,
        }
    }

    /// Its field, or its name among the extra inputs.
    pub fn field(self, extras: &[String]) -> FaultField {
        match (self.built_in(), self.extra()) {
            (Some(field), _) => FaultField::Field(field),
            (None, extra) => FaultField::Extra(extra.and_then(|extra| extras.get(extra)).cloned().unwrap_or_default()),
        }
    }

    /// Its value in a record, in its own unit.
    #[inline]
    pub fn value(self, record: &Record) -> Option<f64> {
        match self.built_in() {
            Some(field) => record.number(field),
            None => self.extra().and_then(|extra| record.extras.get(extra).copied().flatten()),
        }
    }

    /// A value on the scale the trees split; NaN where it is unknown.
    pub fn scaled(self, value: Option<f64>) -> f64 {
        let Some(value) = value else { return f64::NAN };
        self.built_in().map_or(Scale::Linear, Field::scale).apply(value)
    }

    /// The inverse of [`InputId::scaled`], kept within what the field can be and rounded as it is shown.
    pub fn unscaled(self, scaled: f64) -> f64 {
        let Some(field) = self.built_in() else { return scaled };
        let (scale, most) = (field.scale(), field.highest().unwrap_or(f64::MAX));
        let value = scale.undo(scaled.clamp(0.0, if scale == Scale::Linear { most } else { MOST_LOG_OF_SIZE }));
        let unit = 10f64.powi(field.decimals());
        (value * unit).round() / unit
    }
}

/// Its name in the texts of trees, where format 1 numbered the inputs there were.
impl Display for InputId {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match (self.built_in(), self.extra()) {
            (Some(field), _) if usize::from(self.0) >= BUILT_IN_BEFORE_FORMAT_3 => formatter.write_str(field.column()),
            (_, None) => Display::fmt(&self.0, formatter),
            (_, Some(extra)) => Display::fmt(&(BUILT_IN_BEFORE_FORMAT_3 + extra), formatter),
        }
    }
}

/// One entry for each numeric input: those of the built-in inputs, then those of the extra ones.
///
/// Artifacts hold the two as lists of their own. Where a release that knew fewer inputs wrote the first, the others are those of an input that was
/// not learned.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ByInput<T>(Vec<T>);

/// The same in artifacts before format 3: one list.
#[derive(Debug)]
pub(crate) struct ByInputBeforeFormat3<T>(pub(crate) ByInput<T>);

impl<T> ByInput<T> {
    pub fn new(entries: Vec<T>) -> Self {
        Self(entries)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn ids(&self) -> impl ExactSizeIterator<Item = InputId> + Clone + use<T> {
        (0..self.0.len()).map(InputId::at)
    }

    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }

    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, T> {
        self.0.iter_mut()
    }

    /// Each entry beside its input.
    pub fn entries(&self) -> impl Iterator<Item = (InputId, &T)> {
        self.ids().zip(&self.0)
    }

    /// The same, taken apart.
    pub fn into_entries(self) -> impl Iterator<Item = (InputId, T)> {
        self.ids().zip(self.0)
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    pub fn extend(&mut self, entries: impl IntoIterator<Item = T>) {
        self.0.extend(entries);
    }

    pub fn resize(&mut self, inputs: usize, entry: T)
    where
        T: Clone,
    {
        self.0.resize(inputs, entry);
    }

    #[cfg(test)]
    pub fn truncate(&mut self, inputs: usize) {
        self.0.truncate(inputs);
    }
}

impl<T> Index<InputId> for ByInput<T> {
    type Output = T;

    fn index(&self, id: InputId) -> &T {
        &self.0[id.place()]
    }
}

impl<T> IndexMut<InputId> for ByInput<T> {
    fn index_mut(&mut self, id: InputId) -> &mut T {
        &mut self.0[id.place()]
    }
}

impl<T> FromIterator<T> for ByInput<T> {
    fn from_iter<I: IntoIterator<Item = T>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

impl<T: Serialize> Serialize for ByInput<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.split_at(BUILT_IN.len().min(self.0.len())).serialize(serializer)
    }
}

/// A list of at most so many entries.
#[derive(Deserialize)]
struct AtMost<T, const MOST: usize>(
    #[serde(deserialize_with = "at_most::<_, _, MOST>", bound(deserialize = "T: Deserialize<'de>"))] Vec<T>,
);

impl<'de, T: Deserialize<'de> + Clone + Default> Deserialize<'de> for ByInput<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (AtMost(mut entries), AtMost(extras)) = <(AtMost<T, { BUILT_IN.len() }>, AtMost<T, MAX_EXTRAS>)>::deserialize(deserializer)?;
        entries.resize(BUILT_IN.len(), T::default());
        entries.extend(extras);
        Ok(Self(entries))
    }
}

impl<'de, T: Deserialize<'de> + Clone + Default> Deserialize<'de> for ByInputBeforeFormat3<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let AtMost::<T, { BUILT_IN_BEFORE_FORMAT_3 + MAX_EXTRAS }>(mut entries) = AtMost::deserialize(deserializer)?;
        let extras = entries.split_off(BUILT_IN_BEFORE_FORMAT_3.min(entries.len()));
        entries.resize(BUILT_IN.len(), T::default());
        entries.extend(extras);
        Ok(Self(ByInput(entries)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaling_comes_back() {
        for (place, value) in [(0, 1234.0), (1, 98765.0), (2, 3.25), (3, 51.5), (4, 160.5), (5, -7.25)] {
            let id = InputId::at(place);
            assert_eq!(id.unscaled(id.scaled(Some(value))), value, "{place}");
        }
    }

    #[test]
    fn ids_keep_their_meaning_and_their_names_in_texts() {
        let names = [0, 4, 5, 68].map(|place| InputId::at(place).to_string());
        assert_eq!(names, ["0", "4", "5", "68"]);
        let extra = InputId::at(InputId::BUILT_IN + 3);
        assert_eq!((extra.extra(), extra.place(), InputId(8).of_earlier_format()), (Some(3), InputId::BUILT_IN + 3, extra));
        assert!(extra.check(InputId::BUILT_IN + 4).is_ok() && extra.check(InputId::BUILT_IN + 3).is_err());
        assert!(InputId(250).of_earlier_format().check(69).is_err());
        assert!(InputId(100).check(69).is_err() && InputId(EXTRA + 64).check(69).is_err());
    }

    #[test]
    fn lists_of_a_release_with_fewer_inputs_are_made_up() {
        let own = ByInput::new((0..7).map(Some).collect());
        let bytes = postcard::to_stdvec(&own).unwrap();
        assert_eq!(postcard::from_bytes::<ByInput<Option<i32>>>(&bytes).unwrap(), own);
        let fewer = postcard::to_stdvec(&(vec![Some(0), Some(1)], vec![Some(9)])).unwrap();
        let read: ByInput<Option<i32>> = postcard::from_bytes(&fewer).unwrap();
        assert_eq!(read.iter().copied().collect::<Vec<_>>(), [Some(0), Some(1), None, None, None, Some(9)]);
        let more = postcard::to_stdvec(&(vec![Some(0); InputId::BUILT_IN + 1], Vec::<Option<i32>>::new())).unwrap();
        assert!(postcard::from_bytes::<ByInput<Option<i32>>>(&more).is_err());
        let before = postcard::to_stdvec(&(0..7).map(Some).collect::<Vec<_>>()).unwrap();
        assert_eq!(postcard::from_bytes::<ByInputBeforeFormat3<Option<i32>>>(&before).unwrap().0, own);
    }

    #[test]
    fn the_inputs_are_the_fields_that_are_said_to_be() {
        let numbers = Field::all().filter(|field| field.is_input() && field.is_number());
        assert_eq!(numbers.collect::<Vec<_>>(), BUILT_IN);
    }
}
