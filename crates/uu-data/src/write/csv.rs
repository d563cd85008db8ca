//! CSV: a header, then a line for each row.

use std::io::Write;

use arrow::datatypes::Schema;
use arrow::record_batch::RecordBatch;

use super::layout::cells_of;
use super::output::Sink;
use super::{Encode, WriteError};
use crate::texts::{guard_from, quote_from};

const FLUSH_BYTES: usize = 1 << 20;

pub(super) struct CsvWriter {
    sink: Sink,
    file: String,
    buffer: Vec<u8>,
    spreadsheet_safe: bool,
}

impl CsvWriter {
    /// The header waits for the first rows: a batch that cannot be written leaves no bytes.
    pub(super) fn new(sink: Sink, schema: &Schema, file: String, spreadsheet_safe: bool) -> Self {
        let mut header = Vec::new();
        for (index, column) in schema.fields().iter().enumerate() {
            if index > 0 {
                header.push(b',');
            }
            let start = header.len();
            header.extend_from_slice(column.name().as_bytes());
            if spreadsheet_safe {
                guard_from(start, &mut header);
            }
            quote_from(start, &mut header);
        }
        header.push(b'\n');
        Self { sink, file, buffer: header, spreadsheet_safe }
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        let written = self.sink.write_all(&self.buffer);
        self.buffer.clear();
        written.map_err(|source| WriteError::Io { file: self.file.clone(), source })
    }
}

impl Encode for CsvWriter {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), WriteError> {
        let columns = cells_of(batch)?;
        for row in 0..batch.num_rows() {
            let start = self.buffer.len();
            for (index, cells) in columns.iter().enumerate() {
                if index > 0 {
                    self.buffer.push(b',');
                }
                if self.spreadsheet_safe {
                    cells.push_guarded_csv(row, &mut self.buffer);
                } else {
                    cells.push_csv(row, &mut self.buffer);
                }
            }
            // A line of one empty cell would be read as no line at all.
            if self.buffer.len() == start {
                self.buffer.extend_from_slice(b"\"\"");
            }
            self.buffer.push(b'\n');
            if self.buffer.len() > FLUSH_BYTES {
                self.flush()?;
            }
        }
        self.flush()
    }

    fn finish(mut self: Box<Self>) -> Result<Sink, WriteError> {
        self.flush()?;
        Ok(self.sink)
    }
}
