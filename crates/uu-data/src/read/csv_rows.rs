//! Rows of CSV, each bounded in bytes and in cells before it is held.
//!
//! The reader of the `csv` library keeps where each cell ends, eight bytes for every comma, and its header twice more: a header of a few
//! megabytes would take hundreds.

use std::io::{self, BufRead, BufReader};
use std::ops::Range;

use csv_core::ReadRecordResult;

use super::compressed::Source;
use super::{MAX_COLUMNS, MAX_ROW_BYTES};

const BUFFER_BYTES: usize = 256 << 10;

/// One row: its cells one after the other, and where each ends. Cells beyond the widest table are counted, and not told apart.
#[derive(Default)]
pub(super) struct Row {
    text: Vec<u8>,
    text_length: usize,
    ends: Vec<usize>,
    cells: usize,
    line: u64,
}

impl Row {
    /// The line it begins in, counted from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// How many cells it has.
    pub(super) fn len(&self) -> usize {
        self.cells
    }

    /// Whether no cell has anything but blanks.
    pub(super) fn is_empty(&self) -> bool {
        self.as_slice().iter().all(u8::is_ascii_whitespace)
    }

    /// Its cells, with nothing between them.
    pub(super) fn as_slice(&self) -> &[u8] {
        &self.text[..self.text_length]
    }

    /// Where a cell is in [`Row::as_slice`]; `None` behind the last, and beyond the widest table.
    pub(super) fn place(&self, index: usize) -> Option<Range<usize>> {
        if index >= self.cells {
            return None;
        }
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(start..end)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.cells.min(self.ends.len())).filter_map(|index| self.place(index)).map(|place| &self.text[place])
    }

    fn grow_text(&mut self) {
        const LEAST: usize = 1 << 10;
        self.text.resize((self.text.len() * 2).clamp(LEAST, MAX_ROW_BYTES + 1), 0);
    }

    fn grow_ends(&mut self) {
        const LEAST: usize = 16;
        self.ends.resize((self.ends.len() * 2).clamp(LEAST, MAX_COLUMNS), 0);
    }
}

/// The rows of a source, one after the other; the header is the first.
pub(super) struct Rows {
    source: BufReader<Source>,
    core: csv_core::Reader,
    /// Where the ends of cells go that are only counted.
    beyond: Vec<usize>,
    ended: bool,
}

impl Rows {
    pub(super) fn new(source: Source, delimiter: u8) -> Self {
        let core = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
        Self { source: BufReader::with_capacity(BUFFER_BYTES, source), core, beyond: vec![0; 1 << 10], ended: false }
    }

    /// Reads the next row in the place of the one before; `false` at the end.
    ///
    /// **Errors**: the source fails, or more bytes than a row may have belong to one row, as an open quote would otherwise swallow the
    /// file: the latter is of the kind [`io::ErrorKind::FileTooLarge`].
    pub(super) fn read(&mut self, row: &mut Row) -> io::Result<bool> {
        self.pass_line_ends()?;
        row.line = self.core.line();
        let (mut taken, mut ends_kept) = (0, 0);
        (row.text_length, row.cells) = (0, 0);
        while !self.ended {
            let input = match self.source.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                input => input?,
            };
            let ends = if ends_kept < MAX_COLUMNS { &mut row.ends[ends_kept..] } else { &mut self.beyond[..] };
            let (result, read, written, ended) = self.core.read_record(input, &mut row.text[row.text_length..], ends);
            self.source.consume(read);
            taken += read;
            row.text_length += written;
            row.cells += ended;
            ends_kept = row.cells.min(MAX_COLUMNS);
            if taken > MAX_ROW_BYTES {
                self.ended = true;
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            match result {
                ReadRecordResult::Record => return Ok(true),
                ReadRecordResult::End => self.ended = true,
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => row.grow_text(),
                ReadRecordResult::OutputEndsFull if ends_kept < MAX_COLUMNS => row.grow_ends(),
                ReadRecordResult::OutputEndsFull => {}
            }
        }
        Ok(false)
    }

    /// Passes over what is left of the end of the row before, and over empty lines.
    fn pass_line_ends(&mut self) -> io::Result<()> {
        loop {
            let input = match self.source.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                input => input?,
            };
            let ends = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            if ends == 0 {
                return Ok(());
            }
            let lines = input[..ends].iter().filter(|byte| **byte == b'\n').count();
            self.core.set_line(self.core.line() + lines as u64);
            self.source.consume(ends);
        }
    }
}

/// The cells of the first row of a text; of one with too many cells, none.
pub(super) fn first_row(text: &[u8], delimiter: u8) -> Vec<String> {
    let mut core = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
    let (mut written, mut ends) = (vec![0; text.len()], vec![0; MAX_COLUMNS.min(text.len() + 1)]);
    let (result, read, length, mut cells) = core.read_record(text, &mut written, &mut ends);
    if matches!(result, ReadRecordResult::InputEmpty) {
        // The end of the text ends its row.
        let (_, _, _, last) = core.read_record(&text[read..], &mut written[length..], &mut ends[cells..]);
        cells += last;
    }
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let cell = |(start, end): (usize, &usize)| String::from_utf8_lossy(&written[start..*end]).into_owned();
    starts.zip(&ends[..cells]).map(cell).collect()
}
