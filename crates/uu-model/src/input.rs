//! The inputs of the model, as numbers on the scale the trees split.

use crate::host::Host;
use crate::input_id::{ByInput, InputId};
use crate::pattern::Pattern;

/// Code of an unknown category.
pub(crate) const UNKNOWN_CODE: u16 = 0;

/// One row of inputs: logarithms where the quantity is a size, NaN where it is unknown.
#[derive(Clone, Debug, Default)]
pub struct InputRow {
    /// Numeric inputs.
    pub numeric: ByInput<f64>,
    /// Code of the category.
    pub category: u16,
    /// What the host name says.
    pub host: Host,
    /// Code of the source.
    pub source: u16,
    /// Month of the year.
    pub month: u8,
}

/// Rows of inputs, a column for each.
#[derive(Clone, Debug, Default)]
pub struct InputBlock {
    /// Numeric inputs.
    pub numeric: ByInput<Vec<f64>>,
    /// Codes of the categories.
    pub category: Vec<u16>,
    /// What the host names say.
    pub host: Vec<Host>,
    /// Codes of the sources.
    pub source: Vec<u16>,
    /// Months of the year.
    pub month: Vec<u8>,
}

impl InputRow {
    /// Which of its inputs are known.
    pub fn pattern(&self) -> Pattern {
        let knows = |id: InputId| !self.numeric[id].is_nan();
        Pattern::of_row(self.numeric.len(), knows, self.category != UNKNOWN_CODE, self.host.is_known())
    }
}

impl InputBlock {
    /// No rows yet, of so many numeric inputs.
    #[must_use]
    pub fn new(inputs: usize) -> Self {
        Self { numeric: ByInput::new(vec![Vec::new(); inputs]), ..Self::default() }
    }

    /// How many rows there are.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a block that is worked on has rows")]
    pub fn len(&self) -> usize {
        self.category.len()
    }

    pub(crate) fn clear(&mut self) {
        self.numeric.iter_mut().for_each(Vec::clear);
        self.category.clear();
        self.host.clear();
        self.source.clear();
        self.month.clear();
    }

    /// Appends a row.
    pub fn push(&mut self, row: &InputRow) {
        for (column, value) in self.numeric.iter_mut().zip(row.numeric.iter()) {
            column.push(*value);
        }
        self.category.push(row.category);
        self.host.push(row.host);
        self.source.push(row.source);
        self.month.push(row.month);
    }

    /// The row at `index`, into `row`.
    pub fn row(&self, index: usize, row: &mut InputRow) {
        row.numeric.clear();
        row.numeric.extend(self.numeric.iter().map(|column| column[index]));
        row.category = self.category[index];
        row.host = self.host[index];
        row.source = self.source[index];
        row.month = self.month[index];
    }

    /// The rows at `indices`, in that order.
    pub fn take(&self, indices: &[usize]) -> Self {
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
    pub fn append(&mut self, other: Self) {
        for (column, more) in self.numeric.iter_mut().zip(other.numeric.iter()) {
            column.extend_from_slice(more);
        }
        self.category.extend(other.category);
        self.host.extend(other.host);
        self.source.extend(other.source);
        self.month.extend(other.month);
    }

    /// Hides what `pattern` does not know, in every row.
    pub fn mask(&mut self, pattern: Pattern) {
        for row in 0..self.len() {
            self.mask_row(row, pattern);
        }
    }

    /// Hides what `pattern` does not know in one row.
    pub fn mask_row(&mut self, row: usize, pattern: Pattern) {
        for id in self.numeric.ids() {
            if !pattern.knows(id) {
                self.numeric[id][row] = f64::NAN;
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
