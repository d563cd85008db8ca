//! The inputs of the model, as numbers on the scale the trees split.

use crate::host::Host;
use crate::input_id::{ByInput, InputId};
use crate::pattern::Pattern;

/// Code of an unknown category.
pub(crate) const UNKNOWN_CODE: u16 = 0;

/// One row of inputs: logarithms where the quantity is a size, NaN where it is unknown.
#[derive(Clone, Debug, Default)]
pub(crate) struct InputRow {
    pub(crate) numeric: ByInput<f64>,
    pub(crate) category: u16,
    pub(crate) host: Host,
    pub(crate) source: u16,
    pub(crate) month: u8,
}

/// Rows of inputs, a column for each.
#[derive(Clone, Debug, Default)]
pub(crate) struct InputBlock {
    pub(crate) numeric: ByInput<Vec<f64>>,
    pub(crate) category: Vec<u16>,
    pub(crate) host: Vec<Host>,
    pub(crate) source: Vec<u16>,
    pub(crate) month: Vec<u8>,
}

impl InputRow {
    /// Which of its inputs are known.
    pub(crate) fn pattern(&self) -> Pattern {
        let knows = |id: InputId| !self.numeric[id].is_nan();
        Pattern::of_row(self.numeric.len(), knows, self.category != UNKNOWN_CODE, self.host.is_known())
    }
}

impl InputBlock {
    pub(crate) fn new(inputs: usize) -> Self {
        Self { numeric: ByInput::new(vec![Vec::new(); inputs]), ..Self::default() }
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
        for (column, value) in self.numeric.iter_mut().zip(row.numeric.iter()) {
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
        for (column, more) in self.numeric.iter_mut().zip(other.numeric.iter()) {
            column.extend_from_slice(more);
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
