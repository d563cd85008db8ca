//! CSV: rows of text cells, each row bounded, each chunk a batch of text columns.

use std::io::{self, Read};
use std::sync::Arc;

use arrow::array::{ArrayBuilder, ArrayRef, StringBuilder};
use arrow::datatypes::{DataType, Field as Column, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use uu_core::{Fault, FaultField, FaultRule, Month, TEXT_IN_UTF8};

use super::column_use::ReadNote;
use super::columns::{Binding, column_names};
use super::compressed::{HEAD_BYTES, Source};
use super::csv_rows::{Row, Rows};
use super::dialect::Dialect;
use super::header::are_values;
use super::{Chunk, ChunkSource, Context, MAX_CHUNK_BYTES, ReadError};

/// Rows, and bytes of text, that a column of the first chunk has room for from the start; later ones have what the chunk before took.
const FIRST_ROOM: usize = 1 << 10;

pub(super) struct CsvChunks {
    context: Context,
    rows: Rows,
    row: Row,
    schema: SchemaRef,
    binding: Binding,
    dialect: Dialect,
    rows_read: u64,
    /// Lines of comment between the rows.
    comments: u64,
    /// Rows of empty cells, as spreadsheets leave them behind the last row.
    empty_rows: u64,
    started: bool,
    /// Rows, and bytes of text, that each column of the next chunk has room for.
    room: Vec<(usize, usize)>,
}

pub(super) fn chunks(mut source: Source, context: Context) -> Result<CsvChunks, ReadError> {
    let head = source.peek(HEAD_BYTES).map_err(|error| ReadError::from_io(&context.file, 0, error))?;
    let dialect = Dialect::of(head, &context);
    io::copy(&mut (&mut source).take(dialect.skipped_bytes as u64), &mut io::sink())
        .map_err(|error| ReadError::from_io(&context.file, 0, error))?;
    let (mut rows, mut header) = (Rows::new(source, dialect.delimiter), Row::default());
    rows.read(&mut header).map_err(|error| failed(&context, 0, error))?;
    context.check_width(header.len())?;
    let names: Vec<String> =
        header.iter().map(|name| String::from_utf8_lossy(name).trim_matches(['\u{feff}', ' ', '\t']).to_owned()).collect();
    let binding = context.bind(&names).map_err(without_header)?;
    let schema = Arc::new(Schema::new(names.into_iter().map(|name| Column::new(name, DataType::Utf8, true)).collect::<Vec<_>>()));
    let width = schema.fields().len();
    // Where there are many columns, the room that a builder makes beforehand is most of what they take.
    let room = context.rows_of(width).min(FIRST_ROOM);
    let room = vec![(room, room); width];
    Ok(CsvChunks { context, rows, row: header, schema, binding, dialect, rows_read: 0, comments: 0, empty_rows: 0, started: false, room })
}

/// Names that are values are of a table without a header.
fn without_header(error: ReadError) -> ReadError {
    match error {
        ReadError::NoDateColumn { file, columns } if are_values(&columns) => ReadError::NoHeader { file, columns },
        other => other,
    }
}

fn failed(context: &Context, row: u64, error: io::Error) -> ReadError {
    match error.kind() {
        io::ErrorKind::FileTooLarge if error.get_ref().is_none() => ReadError::RowTooLarge { file: context.file.clone(), row: row + 1 },
        _ => ReadError::from_io(&context.file, row, error),
    }
}

impl ChunkSource for CsvChunks {
    fn next_chunk(&mut self) -> Result<Option<Chunk>, ReadError> {
        let width = self.schema.fields().len();
        let most_rows = self.context.rows_of(width);
        let mut builders: Vec<StringBuilder> = self.room.iter().map(|(rows, bytes)| StringBuilder::with_capacity(*rows, *bytes)).collect();
        let (mut malformed, mut lines) = (Vec::new(), Vec::new());
        let (mut rows, mut bytes) = (0, 0);
        while rows < most_rows && bytes < MAX_CHUNK_BYTES {
            let read = self.rows.read(&mut self.row);
            if !read.map_err(|error| failed(&self.context, self.rows_read + rows as u64, error))? {
                break;
            }
            bytes += self.row.as_slice().len();
            if self.row.is_empty() {
                self.empty_rows += 1;
                // Millions of them are no reason to read on for ever.
                bytes += self.row.len();
                continue;
            }
            if self.is_comment(width) {
                self.comments += 1;
                continue;
            }
            if let Some(fault) = append(&mut builders, &self.row) {
                malformed.push((rows, fault));
            }
            lines.push(self.row.line());
            rows += 1;
        }
        // A file with a header alone still has columns to be written.
        if rows == 0 && self.started && bytes < MAX_CHUNK_BYTES {
            return Ok(None);
        }
        self.started = true;
        self.room = builders.iter().map(|builder| (builder.len(), builder.values_slice().len())).collect();
        let columns: Vec<ArrayRef> = builders.into_iter().map(|mut builder| Arc::new(builder.finish()) as ArrayRef).collect();
        let batch = RecordBatch::try_new(self.schema.clone(), columns).expect("every row appends to every column");
        let mut chunk = self.context.chunk(batch, &mut self.binding, &mut self.rows_read, malformed);
        for (row, line) in chunk.rows.iter_mut().zip(lines) {
            if let Err(bad) = row {
                bad.line = Some(line + self.dialect.skipped_lines);
            }
        }
        Ok(Some(chunk))
    }

    fn names(&self) -> Vec<String> {
        column_names(&self.schema)
    }

    fn also_used(&self) -> Vec<String> {
        self.binding.used_month().map(|place| self.names().swap_remove(place)).into_iter().collect()
    }

    fn notes(&self) -> Vec<ReadNote> {
        let lines = self.dialect.reported_lines;
        let before = (lines > 0).then_some(ReadNote::LinesBeforeHeader { lines });
        let between = (self.comments > 0).then_some(ReadNote::Comments { lines: self.comments });
        let empty = ReadNote::of_empty_rows(self.empty_rows);
        before.into_iter().chain(between).chain(empty).chain(self.binding.note()).collect()
    }

    fn points_may_group(&self) -> bool {
        self.dialect.points_may_group()
    }
}

impl CsvChunks {
    /// Whether the row is a comment: it begins as one, is no row of the table, and has no date where rows have theirs. What a cut-off answer
    /// ends with is none: the rows after it are missing.
    fn is_comment(&self, width: usize) -> bool {
        const MARK: &[u8] = b"#";
        const CUT_OFF: &[u8] = b"# error:";
        let text = self.row.as_slice().trim_ascii_start();
        if !text.starts_with(MARK) || text.starts_with(CUT_OFF) {
            return false;
        }
        let date = self.binding.date().and_then(|place| self.row.place(place)).map(|place| &self.row.as_slice()[place]);
        let date = date.and_then(|cell| std::str::from_utf8(cell).ok());
        let is_row = self.row.len() == width && !text.starts_with(b"# ");
        !is_row && date.is_none_or(|date| date.parse::<Month>().is_err())
    }
}

/// Appends one row of cells; a cell that is empty is null. The fault is of a row that has another shape than the header.
fn append(builders: &mut [StringBuilder], record: &Row) -> Option<Fault> {
    let whole = std::str::from_utf8(record.as_slice());
    for (index, builder) in builders.iter_mut().enumerate() {
        let Some(place) = record.place(index).filter(|place| !place.is_empty()) else {
            builder.append_null();
            continue;
        };
        match whole.ok().and_then(|whole| whole.get(place.clone())) {
            Some(cell) => builder.append_value(cell),
            None => builder.append_value(String::from_utf8_lossy(&record.as_slice()[place])),
        }
    }
    let fault = |expected: String, found: String| {
        Some(Fault { rule: FaultRule::MalformedRow, field: FaultField::Record, found, expected: expected.into() })
    };
    if let Err(error) = whole {
        return fault(TEXT_IN_UTF8.to_owned(), format!("the byte 0x{:02X}", record.as_slice()[error.valid_up_to()]));
    }
    if record.len() != builders.len() {
        return fault(format!("{} cells wide, as the header is", builders.len()), record.len().to_string());
    }
    None
}
