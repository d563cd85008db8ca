//! Reading: a file, a stream or bytes in any format become chunks of checked rows beside the columns as they were given.

mod bad_rows;
mod batches;
mod columns;
mod compressed;
mod csv;
mod csv_rows;
mod elements;
mod error;
mod format;
mod given;
mod json;
mod nested;
pub(crate) mod object;
mod page_header;
mod pages;
mod parquet;
mod text_table;
mod views;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use ::parquet::file::reader::ChunkReader;
use arrow::record_batch::RecordBatch;
use serde_json::value::RawValue;
use uu_core::{Checked, Fault, Rules};

pub use bad_rows::{BadRows, GoodChunk, SkippedRows, read_all};
pub use batches::check_batches;
pub use error::ReadError;
pub use format::Format;

/// Most bytes that one CSV row, JSON element or NDJSON line may have.
pub const MAX_ROW_BYTES: usize = 16 << 20;

/// Bytes after which a chunk is closed, however few rows it has: what keeps memory flat where rows are long.
const MAX_CHUNK_BYTES: usize = 32 << 20;

/// Most columns a table may have: what is kept of each would otherwise fill the memory.
const MAX_COLUMNS: usize = 10_000;

/// Cells after which a chunk is closed: where there are many columns, a row takes much memory even if all its cells are empty.
const MAX_CHUNK_CELLS: usize = 2 << 20;

/// Where the rows come from.
pub enum Input {
    /// A file.
    Path(PathBuf),
    /// Standard input; `-` on the command line.
    Stdin,
    /// A stream, named for messages.
    Stream {
        /// What messages call it.
        name: String,
        /// The bytes, compressed or not.
        reader: Box<dyn Read + Send>,
    },
}

impl Input {
    /// The input a command-line argument means: `-` is standard input.
    #[must_use]
    pub fn argument(argument: impl Into<PathBuf>) -> Self {
        let path = argument.into();
        if path.as_os_str() == "-" { Self::Stdin } else { Self::Path(path) }
    }

    /// A stream of bytes in memory.
    #[must_use]
    pub fn bytes(name: impl Into<String>, bytes: impl AsRef<[u8]> + Send + 'static) -> Self {
        Self::Stream { name: name.into(), reader: Box::new(std::io::Cursor::new(bytes)) }
    }

    fn name(&self) -> String {
        match self {
            Self::Path(path) => path.display().to_string(),
            Self::Stdin => "stdin".to_owned(),
            Self::Stream { name, .. } => name.clone(),
        }
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name())
    }
}

/// The unit a file gives its bounce rates in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BounceRateUnit {
    /// 0 to 100.
    #[default]
    Percent,
    /// 0 to 1.
    Fraction,
}

/// How to read.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// The format; by extension, and by content where that says nothing, when not given.
    pub format: Option<Format>,
    /// What the check needs to know.
    pub rules: Rules,
    /// The unit of the bounce rates, for the whole file.
    pub bounce_rate_unit: BounceRateUnit,
    /// Most rows of a chunk.
    pub chunk_rows: usize,
    /// Most bytes that a compressed input may stand for.
    pub decompressed_bytes: u64,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            format: None,
            rules: Rules::default(),
            bounce_rate_unit: BounceRateUnit::Percent,
            chunk_rows: 16_384,
            decompressed_bytes: u64::MAX,
        }
    }
}

/// Some consecutive rows: the columns as given, and what the check made of each row.
#[derive(Debug)]
pub struct Chunk {
    /// The data row, counted from 1, that the chunk begins with.
    pub first_row: u64,
    /// Every column of the input, also those that name no field; as text where the format has no types.
    pub batch: RecordBatch,
    /// The objects as they were given, where the input was JSON.
    pub json: Option<Vec<Box<RawValue>>>,
    /// One outcome for each row of `batch`.
    pub rows: Vec<Result<Checked, RowFaults>>,
    /// Values of numeric fields that were given as text, by column.
    pub numbers_from_text: BTreeMap<String, u64>,
}

/// Everything wrong with one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowFaults {
    /// The input.
    pub file: Arc<str>,
    /// The data row, counted from 1.
    pub row: u64,
    /// The faults, in the order of the fields.
    pub faults: Vec<Fault>,
}

impl RowFaults {
    /// A hint at the way out, where a fault suggests one.
    #[must_use]
    pub fn hint(&self) -> Option<Cow<'static, str>> {
        self.faults.iter().find_map(Fault::hint)
    }
}

impl fmt::Display for RowFaults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` row {}: ", self.file, self.row)?;
        for (index, fault) in self.faults.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(formatter, "{separator}{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for RowFaults {}

/// What every format's reader is told.
struct Context {
    file: Arc<str>,
    rules: Rules,
    bounce_rate_unit: BounceRateUnit,
    chunk_rows: usize,
}

impl Context {
    /// Most rows of a chunk that has so many columns.
    fn rows_of(&self, columns: usize) -> usize {
        self.chunk_rows.min(MAX_CHUNK_CELLS / columns.max(1)).max(1)
    }

    fn check_width(&self, columns: usize) -> Result<(), ReadError> {
        if columns > MAX_COLUMNS { Err(ReadError::TooManyColumns { file: self.file.clone(), columns }) } else { Ok(()) }
    }
}

type Chunks = Box<dyn Iterator<Item = Result<Chunk, ReadError>> + Send>;

/// The chunks of one input, in order; ends after the first error.
pub struct Reader {
    format: Format,
    file: Arc<str>,
    options: ReadOptions,
    chunks: Option<Chunks>,
}

impl Reader {
    /// The format that was given or found.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// The unit of the bounce rates as they are given.
    #[must_use]
    pub fn bounce_rate_unit(&self) -> BounceRateUnit {
        self.options.bounce_rate_unit
    }

    /// How it reads.
    pub(crate) fn options(&self) -> &ReadOptions {
        &self.options
    }

    /// What messages call the input.
    pub(crate) fn file(&self) -> &Arc<str> {
        &self.file
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Reader").field("format", &self.format).finish_non_exhaustive()
    }
}

impl Iterator for Reader {
    type Item = Result<Chunk, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.chunks.as_mut()?.next();
        if !matches!(item, Some(Ok(_))) {
            self.chunks = None;
        }
        item
    }
}

/// Opens an input for reading in chunks; gzip and zstd are seen by their first bytes.
///
/// Memory stays flat: no more than one chunk, and one JSON element or site, is held at a time. Parquet that comes as a stream is
/// spooled to a temporary file, since its table of contents stands at the end.
///
/// **Errors**: the input cannot be opened, its format cannot be told, or its columns name no date or no input.
pub fn open(input: Input, options: ReadOptions) -> Result<Reader, ReadError> {
    let name = input.name();
    let file: Arc<str> = Arc::from(name.as_str());
    let extension = options.format.or_else(|| Format::of_name(&name));
    let opened = |source| ReadError::Open { file: file.clone(), source };
    let (raw, path): (Box<dyn Read + Send>, _) = match input {
        Input::Path(path) => {
            let handle = std::fs::File::open(&path).map_err(opened)?;
            if handle.metadata().map_err(opened)?.is_dir() {
                return Err(opened(std::io::ErrorKind::IsADirectory.into()));
            }
            (Box::new(handle), Some(path))
        }
        Input::Stdin => (Box::new(std::io::stdin()), None),
        Input::Stream { reader, .. } => (reader, None),
    };
    let mut source = compressed::decompress(raw, options.decompressed_bytes).map_err(|error| ReadError::from_io(&file, 0, error))?;
    let head = source.peek(compressed::HEAD_BYTES).map_err(|error| ReadError::from_io(&file, 0, error))?;
    let format = Format::of_content(extension, head).ok_or_else(|| ReadError::Empty { file: file.clone() })?;
    let compressed = source.was_compressed();
    let context = Context {
        file: file.clone(),
        rules: options.rules.clone(),
        bounce_rate_unit: options.bounce_rate_unit,
        chunk_rows: options.chunk_rows.max(1),
    };
    let chunks: Chunks = match format {
        Format::Csv => Box::new(csv::chunks(source, context)?),
        Format::Json | Format::Ndjson | Format::Nested => json::chunks(source, format, context)?,
        Format::Parquet => {
            let handle = match path {
                // A named pipe cannot seek, so only a regular file is read in place.
                Some(path) if !compressed && path.is_file() => std::fs::File::open(path).map_err(opened)?,
                _ => compressed::spool(source).map_err(|error| ReadError::from_io(&file, 0, error))?,
            };
            Box::new(parquet::chunks(handle, context)?)
        }
    };
    Ok(Reader { format, file, options, chunks: Some(chunks) })
}

/// Opens Parquet that is already in memory, without a temporary file.
///
/// **Errors**: as [`open`].
pub fn open_parquet<S: ChunkReader + 'static>(name: &str, source: S, options: ReadOptions) -> Result<Reader, ReadError> {
    let file: Arc<str> = Arc::from(name);
    let context = Context {
        file: Arc::clone(&file),
        rules: options.rules.clone(),
        bounce_rate_unit: options.bounce_rate_unit,
        chunk_rows: options.chunk_rows.max(1),
    };
    let chunks: Chunks = Box::new(parquet::chunks(source, context)?);
    Ok(Reader { format: Format::Parquet, file, options, chunks: Some(chunks) })
}
