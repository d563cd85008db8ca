//! Several sorted runs as one.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use arrow::compute::interleave_record_batch;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use serde_json::value::RawValue;
use uu_core::Checked;

use super::run::Run;
use super::{Place, conformed, place, united};
use crate::read::{GoodChunk, ReadError};

/// Rows from which on a chunk ends with its site.
const CHUNK_ROWS: usize = 16 << 10;

/// Rows after which it ends wherever it is.
const MAX_CHUNK_ROWS: usize = 256 << 10;

/// Runs being merged.
#[derive(Debug)]
pub(super) struct Merge {
    file: Arc<str>,
    schema: SchemaRef,
    cursors: Vec<Cursor>,
    /// Where each run stands; of two at one place, the earlier run's row comes first.
    heads: BinaryHeap<Reverse<(Place, usize)>>,
}

/// A run, and how far it was taken.
#[derive(Debug)]
struct Cursor {
    run: Run,
    batch: RecordBatch,
    rows: std::vec::IntoIter<Checked>,
    json: Option<std::vec::IntoIter<Box<RawValue>>>,
    taken: usize,
    /// Place of `batch` among those of the chunk that is being made.
    listed: Option<usize>,
}

impl Cursor {
    fn new(run: Run) -> Self {
        let batch = RecordBatch::new_empty(Arc::clone(&run.schema));
        Self { run, batch, rows: Vec::new().into_iter(), json: None, taken: 0, listed: None }
    }

    /// Where its next row stands; reads on where a chunk is used up.
    fn head(&mut self, schema: &SchemaRef, file: &Arc<str>) -> Result<Option<Place>, ReadError> {
        while self.rows.len() == 0 {
            let Some(chunk) = self.run.next_chunk()? else { return Ok(None) };
            self.batch = conformed(&chunk.batch, schema, file)?;
            (self.rows, self.json) = (chunk.rows.into_iter(), chunk.json.map(Vec::into_iter));
            (self.taken, self.listed) = (0, None);
        }
        Ok(self.rows.as_slice().first().map(place))
    }
}

impl Merge {
    pub(super) fn of(runs: Vec<Run>, file: Arc<str>) -> Result<Self, ReadError> {
        let schema = united(runs.iter().map(|run| &run.schema));
        let mut cursors: Vec<Cursor> = runs.into_iter().map(Cursor::new).collect();
        let mut heads = BinaryHeap::with_capacity(cursors.len());
        for (index, cursor) in cursors.iter_mut().enumerate() {
            heads.extend(cursor.head(&schema, &file)?.map(|place| Reverse((place, index))));
        }
        Ok(Self { file, schema, cursors, heads })
    }

    /// The next rows, up to the end of a site; `None` after the last.
    pub(super) fn next_chunk(&mut self) -> Result<Option<GoodChunk>, ReadError> {
        self.cursors.iter_mut().for_each(|cursor| cursor.listed = None);
        let (mut batches, mut indices): (Vec<RecordBatch>, Vec<(usize, usize)>) = (Vec::new(), Vec::new());
        let (mut rows, mut json): (Vec<Checked>, Vec<Box<RawValue>>) = (Vec::new(), Vec::new());
        while let Some(Reverse(((site, _), _))) = self.heads.peek() {
            let goes_on = site.is_some() && rows.last().is_some_and(|last| last.record.site == *site);
            if rows.len() >= MAX_CHUNK_ROWS || (rows.len() >= CHUNK_ROWS && !goes_on) {
                break;
            }
            let Some(Reverse((_, index))) = self.heads.pop() else { break };
            let cursor = &mut self.cursors[index];
            let listed = *cursor.listed.get_or_insert_with(|| {
                batches.push(cursor.batch.clone());
                batches.len() - 1
            });
            indices.push((listed, cursor.taken));
            cursor.taken += 1;
            rows.extend(cursor.rows.next());
            json.extend(cursor.json.as_mut().and_then(Iterator::next));
            self.heads.extend(cursor.head(&self.schema, &self.file)?.map(|place| Reverse((place, index))));
        }
        if rows.is_empty() {
            return Ok(None);
        }
        let of: Vec<&RecordBatch> = batches.iter().collect();
        let batch = interleave_record_batch(&of, &indices)
            .map_err(|error| ReadError::Unsorted { file: Arc::clone(&self.file), reason: error.to_string() })?;
        let json = (!json.is_empty()).then_some(json);
        Ok(Some(GoodChunk { batch, json, rows, numbers_from_text: BTreeMap::new() }))
    }
}
