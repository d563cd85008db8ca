//! Arrow batches that are in memory already: the columns of another program's frame.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::compute::concat_batches;
use arrow::record_batch::{RecordBatch, RecordBatchReader};

use super::checked_chunks::CheckedChunks;
use super::column_use::{ColumnUse, ReadNote};
use super::columns::{Binding, column_names};
use super::{Chunk, ChunkSource, Context, ReadError, ReadOptions};

pub(super) struct BatchChunks<B> {
    context: Context,
    batches: B,
    binding: Binding,
    /// What is left of a batch that is being divided, and those behind it that were read ahead.
    rest: VecDeque<RecordBatch>,
    rows_read: u64,
    started: bool,
}

/// Chunks of batches that are in memory, checked.
pub struct BatchReader<B>(CheckedChunks<BatchChunks<B>>);

/// Checks batches that are in memory, in chunks that share their columns; `name` is what messages call them.
///
/// At least one chunk comes, so that the columns are known even where there is no row.
///
/// **Errors**: the columns name no date or no input, or two are of one field; a later batch cannot be had.
pub fn check_batches<B: RecordBatchReader>(name: &str, batches: B, options: &ReadOptions) -> Result<BatchReader<B>, ReadError> {
    let context = Context::new(Arc::from(name), options);
    let binding = context.bind(&column_names(&batches.schema()))?;
    let chunks = BatchChunks { context: context.clone(), batches, binding, rest: VecDeque::new(), rows_read: 0, started: false };
    Ok(BatchReader(CheckedChunks::new(context, chunks)))
}

impl<B: RecordBatchReader> BatchReader<B> {
    /// How the columns are used, and what was noticed so far.
    pub fn columns(&mut self) -> ColumnUse {
        self.0.columns()
    }
}

impl<B: RecordBatchReader> Iterator for BatchReader<B> {
    type Item = Result<Chunk, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }
}

impl<B> std::fmt::Debug for BatchReader<B> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("BatchReader").finish_non_exhaustive()
    }
}

impl<B: RecordBatchReader> BatchChunks<B> {
    /// The next rows, as many as a chunk holds: what is said of the input as a whole must not depend on how it comes divided.
    fn next_piece(&mut self) -> Result<Option<RecordBatch>, ReadError> {
        let (mut pieces, mut rows) = (Vec::new(), 0);
        while rows < self.context.chunk_rows {
            let Some(batch) = self.next_batch()? else { break };
            let taken = batch.num_rows().min(self.context.chunk_rows - rows);
            if taken < batch.num_rows() {
                self.rest.push_front(batch.slice(taken, batch.num_rows() - taken));
            }
            pieces.push(batch.slice(0, taken));
            rows += taken;
        }
        let Some(first) = pieces.first() else {
            return Ok((!self.started).then(|| RecordBatch::new_empty(self.batches.schema())));
        };
        if pieces.len() == 1 {
            return Ok(pieces.pop());
        }
        if let Ok(joined) = concat_batches(&first.schema(), &pieces) {
            return Ok(Some(joined));
        }
        // Dictionaries whose entries together are more than their keys can count.
        let mut apart = pieces.into_iter();
        let first = apart.next();
        apart.rev().for_each(|piece| self.rest.push_front(piece));
        Ok(first)
    }

    fn next_batch(&mut self) -> Result<Option<RecordBatch>, ReadError> {
        if let Some(rest) = self.rest.pop_front() {
            return Ok(Some(rest));
        }
        let failed = |source| ReadError::Batches { file: self.context.file.clone(), row: self.rows_read, source };
        self.batches.by_ref().find(|batch| batch.as_ref().map_or(true, |batch| batch.num_rows() > 0)).transpose().map_err(failed)
    }
}

impl<B: RecordBatchReader> ChunkSource for BatchChunks<B> {
    fn next_chunk(&mut self) -> Result<Option<Chunk>, ReadError> {
        let Some(batch) = self.next_piece()? else { return Ok(None) };
        self.started = true;
        Ok(Some(self.context.chunk(batch, &mut self.binding, &mut self.rows_read, Vec::new())))
    }

    fn names(&self) -> Vec<String> {
        column_names(&self.batches.schema())
    }

    fn also_used(&self) -> Vec<String> {
        self.binding.used_month().map(|place| self.names().swap_remove(place)).into_iter().collect()
    }

    fn notes(&self) -> Vec<ReadNote> {
        self.binding.note().into_iter().collect()
    }
}
