//! JSON arrays and lines: from columns, or from the objects that were given.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::io::{self, Write};

use arrow::record_batch::RecordBatch;
use serde_json::value::RawValue;
use uu_core::{OutputColumn, RawValue as Given, is_missing_marker};

use super::layout::{cells_of, fills, is_replaced};
use super::output::Sink;
use super::{Added, Encode, WriteError};
use crate::read::object::{Entries, given};
use crate::texts::{Cells, key, push_json_text};

const FLUSH_BYTES: usize = 1 << 20;

/// Parts objects from each other: lines, or elements of one array.
struct Separated {
    sink: Sink,
    lines: bool,
    buffer: Vec<u8>,
    started: bool,
}

impl Separated {
    fn new(sink: Sink, lines: bool) -> Self {
        Self { sink, lines, buffer: Vec::new(), started: false }
    }

    fn before_object(&mut self) -> io::Result<()> {
        if self.buffer.len() > FLUSH_BYTES {
            self.flush()?;
        }
        match (self.lines, self.started) {
            (true, true) => self.buffer.push(b'\n'),
            (true, false) => {}
            (false, true) => self.buffer.extend_from_slice(b",\n"),
            (false, false) => self.buffer.extend_from_slice(b"[\n"),
        }
        self.started = true;
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        let written = self.sink.write_all(&self.buffer);
        self.buffer.clear();
        written
    }

    fn finish(mut self) -> io::Result<Sink> {
        let end: &[u8] = match (self.lines, self.started) {
            (true, true) => b"\n",
            (true, false) => b"",
            (false, true) => b"\n]\n",
            (false, false) => b"[]\n",
        };
        self.buffer.extend_from_slice(end);
        self.flush()?;
        Ok(self.sink)
    }
}

/// Writes the rows of columns as objects.
pub(super) struct TableWriter {
    out: Separated,
    file: String,
}

impl TableWriter {
    pub(super) fn new(sink: Sink, lines: bool, file: String) -> Self {
        Self { out: Separated::new(sink, lines), file }
    }

    fn rows(&mut self, columns: &[(Vec<u8>, Cells)], rows: usize) -> io::Result<()> {
        for row in 0..rows {
            self.out.before_object()?;
            self.out.buffer.push(b'{');
            for (index, (key, cells)) in columns.iter().enumerate() {
                if index > 0 {
                    self.out.buffer.push(b',');
                }
                self.out.buffer.extend_from_slice(key);
                cells.push_json(row, &mut self.out.buffer);
            }
            self.out.buffer.push(b'}');
        }
        self.out.flush()
    }
}

impl Encode for TableWriter {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), WriteError> {
        let schema = batch.schema();
        let columns: Vec<_> = schema.fields().iter().map(|column| key(column.name())).zip(cells_of(batch)?).collect();
        self.rows(&columns, batch.num_rows()).map_err(|source| WriteError::Io { file: self.file.clone(), source })
    }

    fn finish(self: Box<Self>) -> Result<Sink, WriteError> {
        let file = self.file;
        self.out.finish().map_err(|source| WriteError::Io { file, source })
    }
}

/// Writes objects as they were given, with what was unknown filled and the other added values behind.
pub(super) struct ObjectWriter {
    out: Separated,
}

impl ObjectWriter {
    pub(super) fn new(sink: Sink, lines: bool) -> Self {
        Self { out: Separated::new(sink, lines) }
    }

    pub(super) fn write(&mut self, objects: &[Box<RawValue>], added: &[Added]) -> io::Result<()> {
        let mut columns = Vec::with_capacity(added.len());
        for added in added {
            let cells = Cells::of(&added.values).map_err(io::Error::other)?;
            columns.push((added.name.as_str(), key(&added.name), cells));
        }
        for (row, object) in objects.iter().enumerate() {
            self.out.before_object()?;
            push_object(row, object, &columns, &mut self.out.buffer);
        }
        self.out.flush()
    }

    pub(super) fn finish(self) -> io::Result<Sink> {
        self.out.finish()
    }
}

/// Whether nothing is known by a value: null, nothing, or a marker of a missing value.
fn is_unknown(value: &RawValue) -> bool {
    match given(value) {
        Given::Text(text) => is_missing_marker(&text),
        value => value.is_unknown(),
    }
}

/// A line break can only stand between tokens, where a space does as well; NDJSON must not have it.
fn push_value(value: &RawValue, out: &mut Vec<u8>) {
    out.extend(value.get().bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
}

/// New names for the keys of one object, none of which it has.
struct FreeNames<'e> {
    taken: HashSet<Cow<'e, str>>,
    /// Of each name, the number to be tried next.
    numbers: HashMap<&'e str, usize>,
}

impl<'e> FreeNames<'e> {
    fn beside(entries: &'e [(Cow<'_, str>, &RawValue)]) -> Self {
        Self { taken: entries.iter().map(|(key, _)| Cow::Borrowed(key.as_ref())).collect(), numbers: HashMap::new() }
    }

    /// The name with a number behind it that is not taken, and now is.
    fn take(&mut self, name: &'e str) -> String {
        let number = self.numbers.entry(name).or_insert(2);
        loop {
            let numbered = format!("{name}_{number}");
            *number += 1;
            if self.taken.insert(Cow::Owned(numbered.clone())) {
                return numbered;
            }
        }
    }
}

fn push_object(row: usize, object: &RawValue, added: &[(&str, Vec<u8>, Cells)], out: &mut Vec<u8>) {
    let entries = Entries::of(object).map(|entries| entries.0).unwrap_or_default();
    let mut done = vec![false; added.len()];
    let mut free_names: Option<FreeNames<'_>> = None;
    out.push(b'{');
    let mut first = true;
    let mut separate = |out: &mut Vec<u8>| {
        if !std::mem::take(&mut first) {
            out.push(b',');
        }
    };
    for (name, value) in &entries {
        let beside = added.iter().position(|(added, ..)| *added == name.as_ref() || fills(added, name));
        separate(out);
        // One added value takes the place of one key; a further one of its name is somebody's own.
        if beside.is_some_and(|place| done[place]) && is_replaced(name) {
            let renamed = free_names.get_or_insert_with(|| FreeNames::beside(&entries)).take(name);
            push_json_text(&renamed, out);
            out.push(b':');
            push_value(value, out);
            continue;
        }
        push_json_text(name, out);
        out.push(b':');
        match beside {
            Some(place) if is_replaced(name) || is_unknown(value) => added[place].2.push_json(row, out),
            _ => push_value(value, out),
        }
        if let Some(place) = beside {
            done[place] = true;
        }
    }
    // A record whose users are not known needs no key that says so.
    let is_told = |name: &str, cells: &Cells| name != OutputColumn::UniqueUsersKnown.column() || !cells.is_null(row);
    for ((_, key, cells), _) in added.iter().zip(done).filter(|((name, _, cells), done)| !done && is_told(name, cells)) {
        separate(out);
        out.extend_from_slice(key);
        cells.push_json(row, out);
    }
    out.push(b'}');
}
