//! Arrow batches that are in memory already: the columns of another program's frame.

use std::sync::Arc;

use arrow::record_batch::{RecordBatch, RecordBatchReader};

use super::columns::{Binding, column_names};
use super::{Chunk, Context, ReadError, ReadOptions};

struct BatchChunks<B> {
    context: Context,
    batches: B,
    binding: Binding,
    /// What is left of the batch that is being divided.
    rest: Option<RecordBatch>,
    rows_read: u64,
    started: bool,
}

/// Checks batches that are in memory, in chunks that share their columns; `name` is what messages call them.
///
/// At least one chunk comes, so that the columns are known even where there is no row.
///
/// **Errors**: the columns name no date or no input, or two are of one field; a later batch cannot be had.
pub fn check_batches<B>(
    name: &str,
    batches: B,
    options: ReadOptions,
) -> Result<impl Iterator<Item = Result<Chunk, ReadError>> + use<B>, ReadError>
where
    B: RecordBatchReader,
{
    let context = Context {
        file: Arc::from(name),
        rules: options.rules,
        bounce_rate_unit: options.bounce_rate_unit,
        chunk_rows: options.chunk_rows.max(1),
    };
    let binding = context.bind(&column_names(&batches.schema()))?;
    Ok(BatchChunks { context, batches, binding, rest: None, rows_read: 0, started: false })
}

impl<B: RecordBatchReader> BatchChunks<B> {
    fn next_piece(&mut self) -> Result<Option<RecordBatch>, ReadError> {
        while self.rest.as_ref().is_none_or(|rest| rest.num_rows() == 0) {
            let failed = |source| ReadError::Batches { file: self.context.file.clone(), row: self.rows_read, source };
            self.rest = self.batches.next().transpose().map_err(failed)?;
            if self.rest.is_none() {
                let empty = (!self.started).then(|| RecordBatch::new_empty(self.batches.schema()));
                return Ok(empty);
            }
        }
        let Some(batch) = self.rest.take() else { return Ok(None) };
        let rows = batch.num_rows().min(self.context.chunk_rows);
        self.rest = Some(batch.slice(rows, batch.num_rows() - rows));
        Ok(Some(batch.slice(0, rows)))
    }

    fn read(&mut self) -> Result<Option<Chunk>, ReadError> {
        let Some(batch) = self.next_piece()? else { return Ok(None) };
        self.started = true;
        Ok(Some(self.context.chunk(batch, &self.binding, &mut self.rows_read)))
    }
}

impl<B: RecordBatchReader> Iterator for BatchChunks<B> {
    type Item = Result<Chunk, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}
