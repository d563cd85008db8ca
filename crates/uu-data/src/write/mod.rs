//! Writing: the columns as given with the added ones beside them, streamed, and in place only when whole.

mod csv;
mod json;
mod layout;
mod output;
mod parquet;
mod records;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Float64Array, ListArray, StringArray};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use serde_json::value::RawValue;
use uu_core::{Escaping, Field};

pub use output::{Compression, Output};
pub use records::write_records;

pub use crate::records::records_batch;

use crate::read::Format;
use crate::replace::ReplaceError;
use layout::{Layout, fills};
use output::Sink;

/// How to write.
#[derive(Clone, Debug, Default)]
pub struct WriteOptions {
    /// The format; by extension, else CSV, when not given.
    pub format: Option<Format>,
    /// The compression; by extension when not given.
    pub compression: Option<Compression>,
    /// Names of extra inputs: like the fields, they are numbers in formats that have types, also where they were read as text.
    pub extras: Vec<String>,
    /// Whether CSV is for a spreadsheet: an apostrophe stands before what it would take for a formula.
    pub spreadsheet_safe: bool,
    /// What the rows are read from, as arguments name it (`-` is standard input): none of these may be the output.
    pub inputs: Vec<PathBuf>,
}

/// A column beside those that were given.
#[derive(Clone, Debug)]
pub struct Added {
    /// Its name.
    pub name: String,
    /// Its values, one for each row.
    pub values: ArrayRef,
}

impl Added {
    /// Gives each text of a column of lists of texts to `take`; a column of another type has none.
    pub fn each_text(&self, take: impl FnMut(&str)) {
        let lists = self.values.as_any().downcast_ref::<ListArray>();
        let texts = lists.and_then(|lists| lists.values().as_any().downcast_ref::<StringArray>());
        texts.into_iter().flatten().flatten().for_each(take);
    }

    /// Multiplies a column of numbers; any other stays as it is.
    pub fn scale(&mut self, factor: f64) {
        if let Some(numbers) = self.values.as_any().downcast_ref::<Float64Array>() {
            self.values = Arc::new(numbers.iter().map(|number| number.map(|number| number * factor)).collect::<Float64Array>());
        }
    }
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Rows.
    pub rows: u64,
    /// Columns that a later row of the JSON input was the first to have: a table whose header stands cannot take them up.
    pub late_columns: BTreeSet<String>,
    /// Columns whose name an earlier column has too, and the name the output gives them: its format cannot have a name twice.
    pub renamed_columns: BTreeMap<String, Vec<String>>,
    /// Columns of the input that the output has anew, with other values, since an added column has their name.
    pub replaced_columns: BTreeSet<String>,
}

/// Writing cannot go on; nothing is left in the place of the output.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The output cannot be made or written.
    Io {
        /// The output.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// The output is no place for a file.
    Place(#[from] ReplaceError),
    /// The nested export is an input format.
    NestedIsReadOnly,
    /// A text stands where the column holds numbers.
    NotANumber {
        /// The column.
        column: String,
        /// The text.
        found: String,
    },
    /// A column's type has no form in the format.
    Column {
        /// The column.
        column: String,
        /// Why not.
        reason: ArrowError,
    },
    /// The columns cannot be laid out in the format.
    Columns(#[from] ArrowError),
    /// The Parquet library failed.
    Parquet(#[from] ::parquet::errors::ParquetError),
}

/// A message quotes names and values of the input, which must not command the terminal that shows it.
impl fmt::Display for WriteError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = Escaping(formatter);
        match self {
            Self::Io { file, source } => write!(shown, "`{file}` cannot be written: {source}"),
            Self::Place(refusal) => write!(shown, "{refusal}"),
            Self::NestedIsReadOnly => {
                shown.write_str("the nested export is only read, expected an output of `csv`, `json`, `ndjson` or `parquet`")
            }
            Self::NotANumber { column, found } => write!(shown, "column `{column}` must hold numbers, got `{found}`"),
            Self::Column { column, reason } => write!(shown, "column `{column}` cannot be written in this format: {reason}"),
            Self::Columns(reason) => write!(shown, "the columns cannot be written: {reason}"),
            Self::Parquet(reason) => write!(shown, "the Parquet file cannot be written: {reason}"),
        }
    }
}

/// A batch and added columns as one table: what a file of a format with types would hold of them, see [`Writer::write`].
///
/// **Shapes**: each added column has one value for each row of `batch`. Batches with the same columns give tables with the same columns.
///
/// **Errors**: a text stands where an input is a number, or a column's type cannot be converted.
pub fn with_added(batch: &RecordBatch, added: &[Added], extras: &[String]) -> Result<RecordBatch, WriteError> {
    Layout::new(batch, added, false, extras).table(batch, added, &mut BTreeSet::new())
}

/// One of the formats, writing batches that all have the same columns.
trait Encode: Send {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), WriteError>;

    /// Writes what ends the content and gives the sink back.
    fn finish(self: Box<Self>) -> Result<Sink, WriteError>;
}

/// Where the writer is: the format is set up by the first batch, since it names the columns.
enum State {
    Waiting(Sink),
    Table { encoder: Box<dyn Encode>, layout: Layout },
    Objects(json::ObjectWriter),
    Failed,
}

/// Writes chunks to one output; see [`Writer::write`] for what becomes of columns that are given and added.
pub struct Writer {
    name: String,
    format: Format,
    extras: Vec<String>,
    spreadsheet_safe: bool,
    state: State,
    written: Written,
}

impl Writer {
    /// Prepares an output. A path is written beside itself and put in place by [`Writer::finish`]; dropped before, it leaves nothing.
    ///
    /// **Errors**: the output cannot be made, is one of the inputs, or has a format that is only read.
    pub fn create(output: Output, options: WriteOptions) -> Result<Self, WriteError> {
        let name = output.name();
        let format = options.format.or_else(|| Format::of_name(&name)).unwrap_or(Format::Csv);
        if format == Format::Nested {
            return Err(WriteError::NestedIsReadOnly);
        }
        let compression = options.compression.unwrap_or_else(|| Compression::of_name(&name));
        let sink = Sink::open(output, compression, &options.inputs)?;
        Ok(Self {
            name,
            format,
            extras: options.extras,
            spreadsheet_safe: options.spreadsheet_safe,
            state: State::Waiting(sink),
            written: Written::default(),
        })
    }

    /// The format that is written.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// Writes rows: the columns of `batch`, or the objects of `json` as they were, and the added columns.
    ///
    /// An added column of a field that was given too, under any of its names, fills the given column where that is unknown, and
    /// what was given stays. An added `unique_users` is an estimate and replaces the label, under any of its names; any other added column
    /// replaces a given one of its name.
    ///
    /// **Shapes**: `json` and each added column have one value for each row of `batch`; `added` names the same columns in every call.
    ///
    /// **Errors**: the output fails; the rest of the output is then void.
    pub fn write(&mut self, batch: &RecordBatch, json: Option<&[Box<RawValue>]>, added: &[Added]) -> Result<(), WriteError> {
        if let State::Waiting(_) = self.state {
            self.start(batch, json.is_some(), added)?;
        }
        self.written.rows += batch.num_rows() as u64;
        self.note_replaced(batch, added);
        match (&mut self.state, json) {
            (State::Objects(writer), Some(json)) => {
                writer.write(json, added).map_err(|source| WriteError::Io { file: self.name.clone(), source })
            }
            (State::Table { encoder, layout }, _) => {
                let table = layout.table(batch, added, &mut self.written.late_columns)?;
                encoder.write(&table)
            }
            _ => Err(self.void()),
        }
    }

    /// Rows written so far.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.written.rows
    }

    /// An added column that is no field takes the place of a given one: whoever needs that one must know.
    fn note_replaced(&mut self, batch: &RecordBatch, added: &[Added]) {
        let schema = batch.schema();
        let given = schema.fields().iter().map(|column| column.name());
        let replaced =
            given.filter(|name| Field::named(name).is_none() && added.iter().any(|added| added.name == **name || fills(&added.name, name)));
        for name in replaced {
            if !self.written.replaced_columns.contains(name) {
                self.written.replaced_columns.insert(name.clone());
            }
        }
    }

    fn start(&mut self, batch: &RecordBatch, has_json: bool, added: &[Added]) -> Result<(), WriteError> {
        let State::Waiting(sink) = std::mem::replace(&mut self.state, State::Failed) else { return Err(self.void()) };
        let lines = self.format == Format::Ndjson;
        if has_json && matches!(self.format, Format::Json | Format::Ndjson) {
            self.state = State::Objects(json::ObjectWriter::new(sink, lines));
            return Ok(());
        }
        let layout = Layout::new(batch, added, self.format == Format::Csv, &self.extras);
        self.written.renamed_columns = layout.renamed();
        let encoder: Box<dyn Encode> = match self.format {
            Format::Csv => Box::new(csv::CsvWriter::new(sink, &layout.schema(), self.name.clone(), self.spreadsheet_safe)),
            Format::Parquet => Box::new(parquet::ParquetWriter::new(sink, layout.schema())?),
            _ => Box::new(json::TableWriter::new(sink, lines, self.name.clone())),
        };
        self.state = State::Table { encoder, layout };
        Ok(())
    }

    fn void(&self) -> WriteError {
        WriteError::Io { file: self.name.clone(), source: io::Error::other("an earlier write failed") }
    }

    /// Ends the content and puts it in place.
    ///
    /// **Errors**: the output fails.
    pub fn finish(mut self) -> Result<Written, WriteError> {
        let file = self.name.clone();
        let named = |source| WriteError::Io { file: file.clone(), source };
        if matches!(self.state, State::Waiting(_)) && self.format != Format::Csv {
            // Nothing came: JSON is an empty array, Parquet a file without columns.
            self.start(&RecordBatch::new_empty(arrow::datatypes::Schema::empty().into()), true, &[])?;
        }
        let sink = match self.state {
            State::Waiting(sink) => sink,
            State::Table { encoder, .. } => encoder.finish()?,
            State::Objects(writer) => writer.finish().map_err(named)?,
            State::Failed => return Err(WriteError::Io { file, source: io::Error::other("an earlier write failed") }),
        };
        sink.finish().map_err(named)?;
        Ok(self.written)
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Writer").field("name", &self.name).field("format", &self.format).finish_non_exhaustive()
    }
}
