//! Reading: a file, a stream or bytes in any format become chunks of checked rows beside the columns as they were given.

mod bad_rows;
mod batches;
pub(crate) mod cells;
mod checked_chunks;
mod chunk;
mod codecs;
mod column_use;
mod columns;
mod compressed;
mod csv;
mod csv_rows;
mod decimal;
mod deltas;
mod dialect;
mod elements;
mod encoding;
mod error;
mod file_checks;
mod format;
mod given;
mod grouped;
mod header;
pub(crate) mod json;
mod keyed;
mod magic;
mod nested;
pub(crate) mod object;
mod options;
mod outdated;
mod own_output;
mod page_header;
mod pages;
mod parquet;
mod periods;
mod repeats;
mod text_table;
mod views;
mod zones;

use std::fmt;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use ::parquet::file::reader::ChunkReader;
use uu_core::{Month, Rules};

pub use bad_rows::{BadRows, GoodChunk, SkippedRows, read_all};
pub use batches::{BatchReader, check_batches};
pub use chunk::{Chunk, RowFaults};
pub use column_use::{ColumnUse, ReadNote};
pub use error::ReadError;
pub use format::Format;
pub use options::{Decimal, ReadOptions};
pub use own_output::filled_names;
pub use repeats::Repetition;
pub use uu_core::BounceRateUnit;

use checked_chunks::CheckedChunks;
use compressed::Source;
use encoding::Wide;
use magic::{Foreign, foreign};

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

/// What every format's reader is told.
#[derive(Clone)]
struct Context {
    file: Arc<str>,
    rules: Rules,
    bounce_rate_unit: Option<BounceRateUnit>,
    decimal: Option<Decimal>,
    allow_repeated_months: bool,
    /// Whether the rows were read and checked before.
    is_trusted: bool,
    newest: Option<Month>,
    chunk_rows: usize,
}

impl Context {
    fn new(file: Arc<str>, options: &ReadOptions) -> Self {
        Self {
            file,
            rules: options.rules.clone(),
            bounce_rate_unit: options.bounce_rate_unit,
            decimal: options.decimal,
            allow_repeated_months: options.allow_repeated_months,
            is_trusted: options.is_trusted,
            newest: options.newest_month,
            chunk_rows: options.chunk_rows.max(1),
        }
    }

    /// Most rows of a chunk that has so many columns.
    fn rows_of(&self, columns: usize) -> usize {
        self.chunk_rows.min(MAX_CHUNK_CELLS / columns.max(1)).max(1)
    }

    fn check_width(&self, columns: usize) -> Result<(), ReadError> {
        if columns > MAX_COLUMNS { Err(ReadError::TooManyColumns { file: self.file.clone(), columns }) } else { Ok(()) }
    }
}

/// Chunks of one format, in order.
trait ChunkSource {
    /// The next chunk; `None` at the end.
    fn next_chunk(&mut self) -> Result<Option<Chunk>, ReadError>;

    /// The columns met so far.
    fn names(&self) -> Vec<String>;

    /// Columns that were used although another one is of their field: of records that have keys of their own.
    fn also_used(&self) -> Vec<String> {
        Vec::new()
    }

    /// What was noticed so far.
    fn notes(&self) -> Vec<ReadNote>;

    /// Whether the texts are of programs that put points between thousands.
    fn points_may_group(&self) -> bool {
        false
    }
}

impl<S: ChunkSource + ?Sized> ChunkSource for Box<S> {
    fn next_chunk(&mut self) -> Result<Option<Chunk>, ReadError> {
        (**self).next_chunk()
    }

    fn names(&self) -> Vec<String> {
        (**self).names()
    }

    fn also_used(&self) -> Vec<String> {
        (**self).also_used()
    }

    fn notes(&self) -> Vec<ReadNote> {
        (**self).notes()
    }

    fn points_may_group(&self) -> bool {
        (**self).points_may_group()
    }
}

type Chunks = Box<dyn ChunkSource + Send>;

/// The chunks of one input, in order; ends after the first error.
pub struct Reader {
    format: Format,
    file: Arc<str>,
    options: ReadOptions,
    chunks: CheckedChunks<Chunks>,
    is_utf16: bool,
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
        self.options.bounce_rate_unit.unwrap_or_default()
    }

    /// How the columns are used, and what was noticed so far; of JSON, whose columns come with its rows, the first chunk is read for it.
    pub fn columns(&mut self) -> ColumnUse {
        let mut columns = self.chunks.columns();
        columns.notes.extend(self.is_utf16.then_some(ReadNote::Utf16));
        columns
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
        self.chunks.next()
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
    let compressed = source.was_compressed();
    let head = source.peek(compressed::HEAD_BYTES).map_err(|error| ReadError::from_io(&file, 0, error))?;
    let wide = Wide::of(head).filter(|_| extension != Some(Format::Parquet));
    let mut source = match wide {
        None => source,
        Some(Wide::Utf16(encoding)) => source.into_utf8(encoding),
        Some(Wide::Utf32) => return Err(ReadError::Encoding { file, found: "UTF-32" }),
    };
    let head = source.peek(compressed::HEAD_BYTES).map_err(|error| ReadError::from_io(&file, 0, error))?;
    if let Some(Foreign { name, hint }) = foreign(extension, head) {
        return Err(ReadError::ForeignFormat { file, name, hint });
    }
    of_source((source, path.filter(|_| !compressed)), file, extension, options, wide.is_some())
}

/// What Parquet begins with.
const PARQUET_MARK: &[u8] = b"PAR1";

/// Opens what is text or Parquet by now; `path` is that of a file that can be read in place.
fn of_source(
    (mut source, path): (Source, Option<PathBuf>),
    file: Arc<str>,
    extension: Option<Format>,
    options: ReadOptions,
    is_utf16: bool,
) -> Result<Reader, ReadError> {
    let head = source.peek(compressed::HEAD_BYTES).map_err(|error| ReadError::from_io(&file, 0, error))?;
    let format = Format::of_content(extension, head).ok_or_else(|| ReadError::Empty { file: file.clone() })?;
    let is_marked = head.starts_with(PARQUET_MARK);
    let context = Context::new(file.clone(), &options);
    let chunks: Chunks = match format {
        Format::Csv => Box::new(csv::chunks(source, context.clone())?),
        Format::Json | Format::Ndjson | Format::Nested => json::chunks(source, format, context.clone())?,
        Format::Parquet => {
            let handle = match path {
                // A named pipe cannot seek, so only a regular file is read in place.
                Some(path) if path.is_file() => {
                    std::fs::File::open(path).map_err(|source| ReadError::Open { file: file.clone(), source })?
                }
                // What cannot be one takes no room on the disk.
                _ if !is_marked => return Err(ReadError::Parquet { file, reason: "it does not begin with `PAR1`".to_owned() }),
                _ => compressed::spool(source).map_err(|error| ReadError::from_io(&file, 0, error))?,
            };
            Box::new(parquet::chunks(handle, context.clone())?)
        }
    };
    Ok(Reader { format, file, options, chunks: CheckedChunks::new(context, chunks), is_utf16 })
}

/// Opens Parquet that is already in memory, without a temporary file.
///
/// **Errors**: as [`open`].
pub fn open_parquet<S: ChunkReader + 'static>(name: &str, source: S, options: ReadOptions) -> Result<Reader, ReadError> {
    let file: Arc<str> = Arc::from(name);
    let context = Context::new(Arc::clone(&file), &options);
    let chunks: Chunks = Box::new(parquet::chunks(source, context.clone())?);
    Ok(Reader { format: Format::Parquet, file, options, chunks: CheckedChunks::new(context, chunks), is_utf16: false })
}
