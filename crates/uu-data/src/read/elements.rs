//! Cuts a stream of JSON into its elements, one at a time, without parsing them.

use std::io::Read;
use std::sync::Arc;

use super::compressed::Source;
use super::format::{BOM, is_comment};
use super::{MAX_ROW_BYTES, ReadError};

const READ_BYTES: usize = 256 << 10;

/// How the elements follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// `[element, element]`; whether one was read already.
    Array { started: bool },
    /// One after the other, parted by white space or nothing.
    Stream,
    /// One a line.
    Lines,
    /// All were read.
    Done,
}

/// The elements of a JSON array, of a stream of values, or of lines; at most one is held in memory.
pub(super) struct Elements {
    file: Arc<str>,
    source: Source,
    buffer: Vec<u8>,
    start: usize,
    layout: Layout,
    count: u64,
    comments: u64,
}

/// Where a value ends, found byte by byte.
#[derive(Default)]
struct Scan {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

/// What a byte says about the end of a value.
enum End {
    NotYet,
    /// The value ends with this byte.
    Here,
    /// The value ended before this byte.
    Before,
}

impl Scan {
    fn step(&mut self, byte: u8) -> End {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => {
                    self.in_string = false;
                    return if self.depth == 0 { End::Here } else { End::NotYet };
                }
                _ => {}
            }
            return End::NotYet;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' if self.depth == 0 => return End::Before,
            b'}' | b']' => {
                self.depth -= 1;
                if self.depth == 0 {
                    return End::Here;
                }
            }
            b',' if self.depth == 0 => return End::Before,
            _ if self.depth == 0 && byte.is_ascii_whitespace() => return End::Before,
            _ => {}
        }
        End::NotYet
    }
}

impl Elements {
    /// The elements of an array, or of values that follow each other.
    pub(super) fn values(file: Arc<str>, source: Source) -> Result<Self, ReadError> {
        let mut elements = Self::new(file, source, Layout::Stream)?;
        if elements.next_byte()? == Some(b'[') {
            elements.start += 1;
            elements.layout = Layout::Array { started: false };
        }
        Ok(elements)
    }

    /// The elements of lines; empty lines are passed over.
    pub(super) fn lines(file: Arc<str>, source: Source) -> Result<Self, ReadError> {
        Self::new(file, source, Layout::Lines)
    }

    fn new(file: Arc<str>, source: Source, layout: Layout) -> Result<Self, ReadError> {
        let mut elements = Self { file, source, buffer: Vec::new(), start: 0, layout, count: 0, comments: 0 };
        while elements.buffer.len() < BOM.len() && elements.fill()? {}
        if elements.buffer.starts_with(BOM) {
            elements.start = BOM.len();
        }
        Ok(elements)
    }

    /// The bytes of the next element; they need not be JSON yet.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, ReadError> {
        let length = match self.layout {
            Layout::Done => None,
            Layout::Lines => self.line()?,
            Layout::Stream => match self.next_byte()? {
                Some(_) => Some(self.value()?),
                None => None,
            },
            Layout::Array { started } => self.array_element(started)?,
        };
        let Some(length) = length else { return Ok(None) };
        self.count += 1;
        let start = self.start;
        self.start += length;
        Ok(Some(&self.buffer[start..start + length]))
    }

    fn array_element(&mut self, started: bool) -> Result<Option<usize>, ReadError> {
        let mut byte = self.next_byte()?;
        if started && byte == Some(b',') {
            self.start += 1;
            byte = self.next_byte()?;
            if matches!(byte, Some(b']' | b',')) {
                return Err(self.unexpected("a record after the comma", byte));
            }
        } else if started && !matches!(byte, Some(b']') | None) {
            return Err(self.unexpected("`,` or `]`", byte));
        }
        match byte {
            None => Err(self.truncated("the JSON array is not closed")),
            Some(b']') => {
                self.start += 1;
                self.layout = Layout::Done;
                match self.next_byte()? {
                    None => Ok(None),
                    byte => Err(self.unexpected("nothing after the array", byte)),
                }
            }
            Some(_) => {
                self.layout = Layout::Array { started: true };
                self.value().map(Some)
            }
        }
    }

    /// Length of the value that begins at `start`; its first byte is there.
    fn value(&mut self) -> Result<usize, ReadError> {
        let mut scan = Scan::default();
        let mut offset = 0;
        loop {
            while self.start + offset < self.buffer.len() {
                match scan.step(self.buffer[self.start + offset]) {
                    End::NotYet => offset += 1,
                    End::Here => return Ok(offset + 1),
                    // A value of no bytes would be read for ever; its first byte is then the value, and wrong.
                    End::Before => return Ok(offset.max(1)),
                }
            }
            if !self.fill_row(offset)? {
                let open = scan.depth > 0 || scan.in_string;
                return if open { Err(self.truncated("the last JSON record is cut off")) } else { Ok(offset) };
            }
        }
    }

    /// Length of the next line that is not empty, with its end.
    fn line(&mut self) -> Result<Option<usize>, ReadError> {
        if self.next_byte()?.is_none() {
            return Ok(None);
        }
        let mut offset = 0;
        loop {
            let rest = &self.buffer[self.start + offset..];
            if let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                return Ok(Some(offset + end + 1));
            }
            offset += rest.len();
            if !self.fill_row(offset)? {
                return Ok(Some(offset));
            }
        }
    }

    /// Lines of comment between the elements so far.
    pub(super) fn comments(&self) -> u64 {
        self.comments
    }

    /// The next byte that is no white space and in no comment, which then is the first of the buffer.
    fn next_byte(&mut self) -> Result<Option<u8>, ReadError> {
        /// What tells a comment from a value.
        const MARK_BYTES: usize = 2;
        loop {
            let rest = &self.buffer[self.start..];
            if let Some(skipped) = rest.iter().position(|byte| !byte.is_ascii_whitespace()) {
                self.start += skipped;
                while self.buffer.len() - self.start < MARK_BYTES && self.fill()? {}
                if !is_comment(&self.buffer[self.start..]) {
                    return Ok(Some(self.buffer[self.start]));
                }
                self.comments += 1;
                self.pass_line()?;
                continue;
            }
            self.start = self.buffer.len();
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// Passes over what is left of a line.
    fn pass_line(&mut self) -> Result<(), ReadError> {
        loop {
            if let Some(end) = self.buffer[self.start..].iter().position(|byte| *byte == b'\n') {
                self.start += end;
                return Ok(());
            }
            self.start = self.buffer.len();
            if !self.fill()? {
                return Ok(());
            }
        }
    }

    fn fill_row(&mut self, length: usize) -> Result<bool, ReadError> {
        if length > MAX_ROW_BYTES {
            return Err(ReadError::RowTooLarge { file: self.file.clone(), row: self.count + 1 });
        }
        self.fill()
    }

    /// Reads more behind what is there; `false` at the end.
    fn fill(&mut self) -> Result<bool, ReadError> {
        if self.start > self.buffer.len() / 2 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        let before = self.buffer.len();
        self.buffer.resize(before + READ_BYTES, 0);
        let read = loop {
            match self.source.read(&mut self.buffer[before..]) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                outcome => break outcome,
            }
        };
        self.buffer.truncate(before + *read.as_ref().unwrap_or(&0));
        read.map(|count| count > 0).map_err(|error| ReadError::from_io(&self.file, self.count, error))
    }

    fn truncated(&self, what: &'static str) -> ReadError {
        ReadError::Truncated { file: self.file.clone(), row: self.count, what }
    }

    fn unexpected(&self, expected: &'static str, byte: Option<u8>) -> ReadError {
        let found = byte.map_or_else(|| "the end".to_owned(), |byte| format!("`{}`", byte.escape_ascii()));
        ReadError::Json { file: self.file.clone(), row: self.count + 1, expected, found }
    }
}
