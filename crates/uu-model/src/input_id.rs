//! Numeric inputs by their place, and lists of one entry for each.

use std::fmt::{self, Display, Formatter};
use std::ops::{Index, IndexMut};

use serde::{Deserialize, Deserializer, Serialize};
use uu_core::{FaultField, Field, MAX_EXTRAS, Record, Scale};

use crate::checks::at_most;

/// A numeric input: one that every record can carry, or, after those, an extra input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct InputId(u8);

/// The numeric inputs that every record can carry, in the order of their ids.
const BUILT_IN: [Field; 5] = [Field::Rank, Field::Visits, Field::PagesPerVisit, Field::BounceRate, Field::AvgVisitDuration];

/// Most numeric inputs of a model.
pub(crate) const MOST_INPUTS: usize = BUILT_IN.len() + MAX_EXTRAS;

/// No imputed size grows beyond this logarithm: about 5 x 10^12, above all that is plausible.
const MOST_LOG_OF_SIZE: f64 = 29.3;

impl InputId {
    pub(crate) const RANK: Self = Self(0);
    pub(crate) const VISITS: Self = Self(1);
    pub(crate) const PAGES_PER_VISIT: Self = Self(2);

    /// How many inputs every record can carry.
    pub(crate) const BUILT_IN: usize = BUILT_IN.len();

    /// Those of a model with so many extra inputs, in order.
    pub(crate) fn all(extras: usize) -> impl ExactSizeIterator<Item = Self> + Clone {
        (0..BUILT_IN.len() + extras).map(Self::at)
    }

    /// The input at a place.
    pub(crate) fn at(place: usize) -> Self {
        Self(u8::try_from(place).expect("a model has at most 69 numeric inputs"))
    }

    /// Its place among all numeric inputs.
    pub(crate) fn place(self) -> usize {
        usize::from(self.0)
    }

    /// Its field, unless it is an extra input.
    pub(crate) fn built_in(self) -> Option<Field> {
        BUILT_IN.get(self.place()).copied()
    }

    /// The id of a field, if it is a numeric input.
    pub(crate) fn of_field(field: Field) -> Option<Self> {
        BUILT_IN.iter().position(|built_in| *built_in == field).map(Self::at)
    }

    /// The id of a field or of an extra input of that name.
    pub(crate) fn of(field: &FaultField, extras: &[String]) -> Option<Self> {
        match field {
            FaultField::Field(field) => Self::of_field(*field),
            FaultField::Extra(name) => extras.iter().position(|extra| extra == name).map(|place| Self::at(BUILT_IN.len() + place)),
            FaultField::Record => None,
        }
    }

    /// Its field, or its name among the extra inputs.
    pub(crate) fn field(self, extras: &[String]) -> FaultField {
        match self.built_in() {
            Some(field) => FaultField::Field(field),
            None => FaultField::Extra(extras[self.place() - BUILT_IN.len()].clone()),
        }
    }

    /// Its value in a record, in its own unit.
    #[inline]
    pub(crate) fn value(self, record: &Record) -> Option<f64> {
        match self.built_in() {
            Some(field) => record.number(field),
            None => record.extras.get(self.place() - BUILT_IN.len()).copied().flatten(),
        }
    }

    /// A value on the scale the trees split; NaN where it is unknown.
    pub(crate) fn scaled(self, value: Option<f64>) -> f64 {
        let Some(value) = value else { return f64::NAN };
        self.built_in().map_or(Scale::Linear, Field::scale).apply(value)
    }

    /// The inverse of [`InputId::scaled`], kept within what the field can be and rounded as it is shown.
    pub(crate) fn unscaled(self, scaled: f64) -> f64 {
        let Some(field) = self.built_in() else { return scaled };
        let (scale, most) = (field.scale(), field.highest().unwrap_or(f64::MAX));
        let value = scale.undo(scaled.clamp(0.0, if scale == Scale::Linear { most } else { MOST_LOG_OF_SIZE }));
        let unit = 10f64.powi(field.decimals());
        (value * unit).round() / unit
    }
}

/// Its place, as the names of columns have it in the texts of trees.
impl Display for InputId {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.0, formatter)
    }
}

/// One entry for each numeric input.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub(crate) struct ByInput<T>(Vec<T>);

impl<T> ByInput<T> {
    pub(crate) fn new(entries: Vec<T>) -> Self {
        Self(entries)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn ids(&self) -> impl ExactSizeIterator<Item = InputId> + Clone + use<T> {
        (0..self.0.len()).map(InputId::at)
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> std::slice::IterMut<'_, T> {
        self.0.iter_mut()
    }

    /// Each entry beside its input.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (InputId, &T)> {
        self.ids().zip(&self.0)
    }

    /// The same, taken apart.
    pub(crate) fn into_entries(self) -> impl Iterator<Item = (InputId, T)> {
        self.ids().zip(self.0)
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn extend(&mut self, entries: impl IntoIterator<Item = T>) {
        self.0.extend(entries);
    }

    pub(crate) fn resize(&mut self, inputs: usize, entry: T)
    where
        T: Clone,
    {
        self.0.resize(inputs, entry);
    }

    #[cfg(test)]
    pub(crate) fn truncate(&mut self, inputs: usize) {
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

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ByInput<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        at_most::<_, _, MOST_INPUTS>(deserializer).map(Self)
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
    fn the_inputs_are_the_fields_that_are_said_to_be() {
        let numbers = Field::all().filter(|field| field.is_input() && field.is_number());
        assert_eq!(numbers.collect::<Vec<_>>(), BUILT_IN);
    }
}
