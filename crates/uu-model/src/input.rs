//! The inputs of the model, as numbers on the scale the trees split.

use crate::host::Host;
use uu_core::{AvgVisitDuration, BounceRate, Category, FaultField, Field, PagesPerVisit, Rank, Record, Visits};

/// Numeric inputs every record can carry; extra inputs follow them.
pub(crate) const NUMERIC: [Field; 5] = [Field::Rank, Field::Visits, Field::PagesPerVisit, Field::BounceRate, Field::AvgVisitDuration];

/// Place of the rank among the numeric inputs.
#[cfg(feature = "train")]
pub(crate) const RANK: usize = 0;

/// Place of visits among the numeric inputs.
pub(crate) const VISITS: usize = 1;

/// Code of an unknown category.
pub(crate) const UNKNOWN_CODE: u16 = 0;

/// Which inputs of a record are known: a bit for each numeric input, in order, then those of the category, the extras and the host.
///
/// Extra inputs share one bit, set where every one of them is known, so that calibration has a bounded number of patterns however
/// many inputs a configuration adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Pattern(pub(crate) u8);

/// Bit of the category in a pattern.
const CATEGORY_BIT: u8 = 1 << 5;
/// Bit of the extra inputs in a pattern.
const EXTRAS_BIT: u8 = 1 << 6;
/// Bit of the host name in a pattern.
const HOST_BIT: u8 = 1 << 7;

impl Pattern {
    /// The pattern in which nothing is known.
    pub const NOTHING: Self = Self(0);

    /// The pattern in which exactly these fields are known; fields that are no inputs do not count.
    #[must_use]
    pub fn of(fields: &[Field]) -> Self {
        let bit = |field: &Field| match field {
            Field::Category => CATEGORY_BIT,
            Field::Site => HOST_BIT,
            field => NUMERIC.iter().position(|numeric| numeric == field).map_or(0, |index| 1 << index),
        };
        Self(fields.iter().map(bit).fold(0, |bits, bit| bits | bit))
    }

    /// The pattern in which these numeric inputs are known, by their bits, and these others.
    pub(crate) fn of_bits(numeric: u8, category: bool, extras: bool, host: bool) -> Self {
        let bit = |known: bool, bit: u8| if known { bit } else { 0 };
        Self(numeric | bit(category, CATEGORY_BIT) | bit(extras, EXTRAS_BIT) | bit(host, HOST_BIT))
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

    pub(crate) fn knows_numeric(self, index: usize) -> bool {
        if index < NUMERIC.len() { self.0 & (1 << index) != 0 } else { self.0 & EXTRAS_BIT != 0 }
    }

    pub(crate) fn knows_category(self) -> bool {
        self.0 & CATEGORY_BIT != 0
    }

    /// The same but for a numeric input, which is not known.
    #[cfg(feature = "train")]
    pub(crate) fn without_numeric(self, index: usize) -> Self {
        Self(self.0 & !(1 << index))
    }

    pub(crate) fn knows_host(self) -> bool {
        self.0 & HOST_BIT != 0
    }

    /// The same but for the host, which is not known.
    pub(crate) fn without_host(self) -> Self {
        Self(self.0 & !HOST_BIT)
    }

    /// The same, and the host is known.
    #[cfg(feature = "train")]
    pub(crate) fn with_host(self) -> Self {
        Self(self.0 | HOST_BIT)
    }

    /// The pattern's name: the columns of what is known, joined by `+`.
    #[must_use]
    pub fn name(self) -> String {
        let mut known: Vec<&str> =
            NUMERIC.iter().enumerate().filter(|(index, _)| self.0 & (1 << index) != 0).map(|(_, field)| field.column()).collect();
        if self.knows_category() {
            known.push(Field::Category.column());
        }
        if self.0 & EXTRAS_BIT != 0 {
            known.push("extras");
        }
        if self.knows_host() {
            known.push(Field::Site.column());
        }
        if known.is_empty() { "nothing".to_owned() } else { known.join("+") }
    }
}

/// One row of inputs: logarithms where the quantity is a size, NaN where it is unknown.
#[derive(Clone, Debug, Default)]
pub(crate) struct InputRow {
    pub(crate) numeric: Vec<f64>,
    pub(crate) category: u16,
    pub(crate) host: Host,
    pub(crate) source: u16,
    pub(crate) month: u8,
}

/// Rows of inputs, a column for each.
#[derive(Clone, Debug, Default)]
pub(crate) struct InputBlock {
    pub(crate) numeric: Vec<Vec<f64>>,
    pub(crate) category: Vec<u16>,
    pub(crate) host: Vec<Host>,
    pub(crate) source: Vec<u16>,
    pub(crate) month: Vec<u8>,
}

impl InputRow {
    /// Takes over the inputs of `record`; `source` is the code of its source, `host` what its name says. Reuses the row's memory.
    pub(crate) fn read(&mut self, record: &Record, source: u16, host: Host) {
        self.numeric.clear();
        let inputs = NUMERIC.len() + record.extras.len();
        self.numeric.extend((0..inputs).map(|index| scaled(index, numeric_value(record, index))));
        self.category = record.category.map_or(UNKNOWN_CODE, Category::code);
        self.source = source;
        self.host = host;
        self.month = record.month.month_of_year() as u8;
    }

    pub(crate) fn pattern(&self) -> Pattern {
        let known = |index: usize| !self.numeric[index].is_nan();
        let mut bits = (0..NUMERIC.len()).filter(|&index| known(index)).fold(0, |bits, index| bits | (1 << index));
        if self.category != UNKNOWN_CODE {
            bits |= CATEGORY_BIT;
        }
        if self.numeric.len() > NUMERIC.len() && (NUMERIC.len()..self.numeric.len()).all(known) {
            bits |= EXTRAS_BIT;
        }
        if self.host.is_known() {
            bits |= HOST_BIT;
        }
        Pattern(bits)
    }
}

impl InputBlock {
    pub(crate) fn new(inputs: usize) -> Self {
        Self { numeric: vec![Vec::new(); inputs], ..Self::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.category.len()
    }

    pub(crate) fn clear(&mut self) {
        self.numeric.iter_mut().for_each(Vec::clear);
        self.category.clear();
        self.host.clear();
        self.source.clear();
        self.month.clear();
    }

    pub(crate) fn push(&mut self, row: &InputRow) {
        for (column, value) in self.numeric.iter_mut().zip(&row.numeric) {
            column.push(*value);
        }
        self.category.push(row.category);
        self.host.push(row.host);
        self.source.push(row.source);
        self.month.push(row.month);
    }

    /// The row at `index`, into `row`.
    pub(crate) fn row(&self, index: usize, row: &mut InputRow) {
        row.numeric.clear();
        row.numeric.extend(self.numeric.iter().map(|column| column[index]));
        row.category = self.category[index];
        row.host = self.host[index];
        row.source = self.source[index];
        row.month = self.month[index];
    }

    /// The rows at `indices`, in that order.
    pub(crate) fn take(&self, indices: &[usize]) -> Self {
        fn pick<T: Copy>(column: &[T], indices: &[usize]) -> Vec<T> {
            indices.iter().map(|&index| column[index]).collect()
        }
        Self {
            numeric: self.numeric.iter().map(|column| pick(column, indices)).collect(),
            category: pick(&self.category, indices),
            host: pick(&self.host, indices),
            source: pick(&self.source, indices),
            month: pick(&self.month, indices),
        }
    }

    /// Adds the rows of another block.
    pub(crate) fn append(&mut self, other: Self) {
        for (column, more) in self.numeric.iter_mut().zip(other.numeric) {
            column.extend(more);
        }
        self.category.extend(other.category);
        self.host.extend(other.host);
        self.source.extend(other.source);
        self.month.extend(other.month);
    }

    /// Hides what `pattern` does not know, in every row.
    pub(crate) fn mask(&mut self, pattern: Pattern) {
        for row in 0..self.len() {
            self.mask_row(row, pattern);
        }
    }

    /// Hides what `pattern` does not know in one row.
    pub(crate) fn mask_row(&mut self, row: usize, pattern: Pattern) {
        for (index, column) in self.numeric.iter_mut().enumerate() {
            if !pattern.knows_numeric(index) {
                column[row] = f64::NAN;
            }
        }
        if !pattern.knows_category() {
            self.category[row] = UNKNOWN_CODE;
        }
        if !pattern.knows_host() {
            self.host[row] = Host::default();
        }
    }
}

/// A numeric input's value on the scale the trees split: sizes as natural logarithms.
pub(crate) fn scaled(index: usize, value: Option<f64>) -> f64 {
    let Some(value) = value else { return f64::NAN };
    match index {
        0 | 2 => value.ln(),
        // Fewer than one visit is no different from one: the logarithm would run away.
        1 => value.max(1.0).ln(),
        4 => value.ln_1p(),
        _ => value,
    }
}

/// The inverse of [`scaled`], kept within what the field can be and rounded as it is shown.
pub(crate) fn unscaled(index: usize, scaled: f64) -> f64 {
    let round = |value: f64, digits: i32| {
        let unit = 10f64.powi(digits);
        (value * unit).round() / unit
    };
    match index {
        0 | 1 => scaled.min(MAX_LOG).exp().round().max(1.0),
        2 => round(scaled.clamp(0.0, MAX_LOG).exp(), 4),
        3 => round(scaled.clamp(0.0, 100.0), 2),
        4 => round(scaled.clamp(0.0, MAX_LOG).exp_m1(), 1),
        _ => scaled,
    }
}

/// No filled quantity grows beyond this logarithm: about 5 x 10^12, above all that is plausible.
const MAX_LOG: f64 = 29.3;

/// A numeric input's value in its own unit.
pub(crate) fn numeric_value(record: &Record, index: usize) -> Option<f64> {
    match index {
        0 => record.rank.map(Rank::get),
        1 => record.visits.map(Visits::get),
        2 => record.pages_per_visit.map(PagesPerVisit::get),
        3 => record.bounce_rate.map(BounceRate::get),
        4 => record.avg_visit_duration.map(AvgVisitDuration::get),
        extra => record.extras.get(extra - NUMERIC.len()).copied().flatten(),
    }
}

/// The place of a field among the numeric inputs, if it is one.
pub(crate) fn numeric_index(field: &FaultField, extras: &[String]) -> Option<usize> {
    match field {
        FaultField::Field(field) => NUMERIC.iter().position(|numeric| numeric == field),
        FaultField::Extra(name) => extras.iter().position(|extra| extra == name).map(|place| NUMERIC.len() + place),
        FaultField::Record => None,
    }
}

/// The field of a numeric input.
pub(crate) fn numeric_field(index: usize, extras: &[String]) -> FaultField {
    match NUMERIC.get(index) {
        Some(field) => FaultField::Field(*field),
        None => FaultField::Extra(extras[index - NUMERIC.len()].clone()),
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
        assert!(subsets.iter().all(|subset| pattern.contains(*subset)));
    }

    #[test]
    fn scaling_comes_back() {
        for (index, value) in [(0, 1234.0), (1, 98765.0), (2, 3.25), (3, 51.5), (4, 160.5), (5, -7.25)] {
            assert_eq!(unscaled(index, scaled(index, Some(value))), value, "{index}");
        }
    }
}
