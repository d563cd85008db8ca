//! Chunks of a source, looked at as a whole input before they are passed on.
//!
//! An input is judged on its first rows, and once more on all of them: what it is refused for must not depend on the order of its rows, as far as memory
//! allows, nor on how they come divided.

use std::collections::VecDeque;

use super::column_use::ColumnUse;
use super::file_checks::FileChecks;
use super::{Chunk, ChunkSource, Context, MAX_CHUNK_BYTES, ReadError};

/// Rows on which an input is judged for the first time: a multiple of the rows that chunks have. Until then rows are held back where those seen so far
/// would refuse it; most inputs are never in doubt, and nothing of them is held.
const JUDGED_ROWS: u64 = 65_536;

/// Bytes that are held back at most; an input that is still in doubt then is judged on its rows so far.
const MOST_HELD_BYTES: usize = MAX_CHUNK_BYTES;

/// Chunks of a source, looked at as a whole input; ends after the first error.
pub(super) struct CheckedChunks<S> {
    context: Context,
    source: S,
    checks: FileChecks,
    /// Chunks that were looked at and not passed on yet.
    held: VecDeque<Chunk>,
    held_bytes: usize,
    /// Why the input is to be refused, by all rows that were seen.
    doubt: Option<ReadError>,
    /// Whether the first rows have passed.
    is_judged: bool,
    rows: u64,
    /// A chunk that was read to see its columns.
    ahead: Option<Result<Chunk, ReadError>>,
    started: bool,
    ended: bool,
}

impl<S: ChunkSource> CheckedChunks<S> {
    pub(super) fn new(context: Context, source: S) -> Self {
        Self {
            context,
            source,
            checks: FileChecks::default(),
            held: VecDeque::new(),
            held_bytes: 0,
            doubt: None,
            is_judged: false,
            rows: 0,
            ahead: None,
            started: false,
            ended: false,
        }
    }

    /// How the columns are used; where that is known only once rows were seen, the first chunk is read.
    pub(super) fn columns(&mut self) -> ColumnUse {
        if !self.started {
            self.ahead = self.read();
        }
        let mut notes = self.source.notes();
        notes.extend(self.checks.notes());
        self.context.column_use(&self.source.names(), &self.source.also_used(), notes)
    }

    fn read(&mut self) -> Option<Result<Chunk, ReadError>> {
        self.started = true;
        let chunk = self.next_chunk();
        self.ended = !matches!(chunk, Ok(Some(_)));
        chunk.transpose()
    }

    fn next_chunk(&mut self) -> Result<Option<Chunk>, ReadError> {
        loop {
            if let Some(chunk) = self.passed_on() {
                return Ok(Some(chunk));
            }
            match self.source.next_chunk()? {
                Some(chunk) => self.take(chunk)?,
                None => return self.doubt.take().map_or(Ok(None), Err),
            }
        }
    }

    /// The next chunk that is not held back.
    fn passed_on(&mut self) -> Option<Chunk> {
        if self.doubt.is_some() && !self.is_judged {
            return None;
        }
        let mut chunk = self.held.pop_front()?;
        self.held_bytes = 0;
        self.checks.warn(&self.context, &mut chunk);
        Some(chunk)
    }

    fn take(&mut self, mut chunk: Chunk) -> Result<(), ReadError> {
        self.rows += chunk.rows.len() as u64;
        self.doubt = self.checks.look(&self.context, &mut chunk, self.source.points_may_group()).err();
        if self.doubt.is_some() && !self.is_judged {
            self.held_bytes += chunk.bytes();
        }
        self.held.push_back(chunk);
        if self.is_judged || (self.rows < JUDGED_ROWS && self.held_bytes < MOST_HELD_BYTES) {
            return Ok(());
        }
        self.is_judged = true;
        self.doubt.take().map_or(Ok(()), Err)
    }
}

impl<S: ChunkSource> Iterator for CheckedChunks<S> {
    type Item = Result<Chunk, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.ahead.take() {
            Some(chunk) => Some(chunk),
            None if self.ended => None,
            None => self.read(),
        }
    }
}
