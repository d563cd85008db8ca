//! Text columns that are discovered while rows come in.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayBuilder, ArrayRef, StringBuilder};
use arrow::datatypes::{DataType, Field as Column, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};

use super::MAX_COLUMNS;

/// Names of columns in the order they first came, and the cells of the chunk being read.
///
/// Columns stay known from chunk to chunk, so a later chunk has at least the columns of an earlier one, in the same order.
#[derive(Default)]
pub(super) struct TextTable {
    names: Vec<String>,
    /// Where the columns of a name are: a key that stands twice in one record has two.
    places: HashMap<String, Vec<usize>>,
    cells: Vec<StringBuilder>,
}

impl TextTable {
    /// The columns met so far.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Sets a cell; `row` never goes back. A cell set twice goes to a second column of its name; `false` where there are too many columns.
    pub(super) fn set(&mut self, row: usize, name: &str, cell: Option<Cow<'_, str>>) -> bool {
        let known = self.places.get(name).map_or(&[][..], Vec::as_slice);
        let free = known.iter().copied().find(|place| self.cells[*place].len() <= row);
        let place = match free {
            Some(place) => place,
            // A stream whose keys are values would have as many columns as values.
            None if self.names.len() == MAX_COLUMNS => return false,
            None => {
                self.places.entry(name.to_owned()).or_default().push(self.names.len());
                self.names.push(name.to_owned());
                // Without room beforehand: where there are many columns, most of them stay empty.
                self.cells.push(StringBuilder::with_capacity(0, 0));
                self.names.len() - 1
            }
        };
        let cells = &mut self.cells[place];
        pad(cells, row);
        match cell {
            Some(cell) => cells.append_value(cell),
            None => cells.append_null(),
        }
        true
    }

    /// The chunk's cells as a batch of `rows` rows.
    pub(super) fn finish(&mut self, rows: usize) -> RecordBatch {
        let columns = self.cells.iter_mut().map(|cells| {
            pad(cells, rows);
            Arc::new(cells.finish()) as ArrayRef
        });
        let columns: Vec<ArrayRef> = columns.collect();
        let schema = Schema::new(self.names.iter().map(|name| Column::new(name, DataType::Utf8, true)).collect::<Vec<_>>());
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::new(schema), columns, &options).expect("every column is padded to the rows")
    }
}

fn pad(cells: &mut StringBuilder, rows: usize) {
    let missing = rows.saturating_sub(cells.len());
    for _ in 0..missing {
        cells.append_null();
    }
}
