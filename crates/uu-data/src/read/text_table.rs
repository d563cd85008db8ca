//! Text columns that are discovered while rows come in.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayBuilder, ArrayRef, StringBuilder};
use arrow::datatypes::{DataType, Field as Column, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};

use super::{MAX_COLUMNS, MAX_ROW_BYTES};

/// Names of columns in the order they first came, and the cells of the chunk being read.
///
/// Columns stay known from chunk to chunk, so a later chunk has at least the columns of an earlier one, in the same order.
#[derive(Default)]
pub(super) struct TextTable {
    names: Vec<String>,
    /// Bytes of the names.
    name_bytes: usize,
    places: HashMap<String, Places>,
    cells: Vec<StringBuilder>,
    /// Rows of the chunks before.
    rows_before: u64,
}

/// Where the columns of a name are: a key that stands twice in one record has two.
#[derive(Default)]
struct Places {
    columns: Vec<usize>,
    /// The last row that has cells in them, counted from 1, and how many.
    row: u64,
    used: usize,
}

impl Places {
    /// The first of the columns that has no cell in this row.
    fn free(&mut self, row: u64) -> Option<usize> {
        if self.row != row {
            (self.row, self.used) = (row, 0);
        }
        let place = self.columns.get(self.used).copied()?;
        self.used += 1;
        Some(place)
    }
}

impl TextTable {
    /// The columns met so far.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Sets a cell; `row` never goes back. A cell set twice goes to a second column of its name; `false` where there are too many columns, or their
    /// names are too long.
    pub(super) fn set(&mut self, row: usize, name: &str, cell: Option<Cow<'_, str>>) -> bool {
        let number = self.rows_before + row as u64 + 1;
        let free = self.places.get_mut(name).and_then(|places| places.free(number));
        let Some(place) = free.or_else(|| self.add(name, number)) else { return false };
        let cells = &mut self.cells[place];
        pad(cells, row);
        match cell {
            Some(cell) => cells.append_value(cell),
            None => cells.append_null(),
        }
        true
    }

    /// A further column of that name, whose first cell is in this row.
    fn add(&mut self, name: &str, row: u64) -> Option<usize> {
        // A stream whose keys are values would have as many columns as values; a header cannot be longer than a row.
        if self.names.len() == MAX_COLUMNS || self.name_bytes + name.len() > MAX_ROW_BYTES {
            return None;
        }
        let place = self.names.len();
        self.names.push(name.to_owned());
        self.name_bytes += name.len();
        // Without room beforehand: where there are many columns, most of them stay empty.
        self.cells.push(StringBuilder::with_capacity(0, 0));
        let places = self.places.entry(name.to_owned()).or_default();
        places.columns.push(place);
        (places.row, places.used) = (row, places.columns.len());
        Some(place)
    }

    /// The chunk's cells as a batch of `rows` rows.
    pub(super) fn finish(&mut self, rows: usize) -> RecordBatch {
        self.rows_before += rows as u64;
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
