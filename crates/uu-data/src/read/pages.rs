//! What the pages of a Parquet file say they hold, looked at before one of them is decompressed.
//!
//! A page is decompressed as a whole, into as much memory as its header says: a file of a thousand bytes can ask for gigabytes. The headers
//! say so beforehand, and pages are held to them (`codecs.rs`). The Parquet library reads them only when it takes the pages.

use std::io::{BufReader, Read};
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::Compression;
use parquet::column::page::PageReader;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;

use super::codecs::check_inflated;
use super::deltas::bytes_of_texts;
use super::page_header::{Header, HeaderError};

/// Bytes that the pages which are held at a time, one of each column and its dictionary, may take.
pub(super) const MAX_PAGES_BYTES: u64 = 256 << 20;

/// Bytes of the table of contents at the end of a file, which is read as a whole.
const MAX_CONTENTS_BYTES: u64 = 32 << 20;

/// Bytes that the values of columns with lists may take in a row group: one row may hold all of them.
const MAX_LISTS_BYTES: u64 = 128 << 20;

/// Bytes that the texts of a row group may take whose lengths are written as differences: each may repeat the one before.
const MAX_TEXTS_BYTES: u64 = 256 << 20;

/// Why pages are not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum PageError {
    #[error("its table of contents takes {bytes} bytes, and at most {MAX_CONTENTS_BYTES} are read")]
    Contents { bytes: u64 },
    #[error("its pages take {bytes} bytes at a time, and at most {MAX_PAGES_BYTES} are held")]
    Pages { bytes: u64 },
    #[error("the lists of a row group take {bytes} bytes, and at most {MAX_LISTS_BYTES} are held")]
    Lists { bytes: u64 },
    #[error("the texts of a row group take {bytes} bytes, and at most {MAX_TEXTS_BYTES} are read")]
    Texts { bytes: u64 },
    #[error(transparent)]
    Header(#[from] HeaderError),
    #[error(transparent)]
    Parquet(#[from] parquet::errors::ParquetError),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Checks how long the table of contents is, before it is read.
pub(super) fn check_contents<S: ChunkReader>(source: &S) -> Result<(), PageError> {
    const TAIL_BYTES: u64 = 8;
    let Some(start) = source.len().checked_sub(TAIL_BYTES) else { return Ok(()) };
    let mut length = [0; 4];
    source.get_read(start)?.read_exact(&mut length)?;
    let bytes = u64::from(u32::from_le_bytes(length));
    // A length beyond the beginning of the file is refused by the library, which then makes no room for it.
    if bytes > MAX_CONTENTS_BYTES && bytes <= start { Err(PageError::Contents { bytes }) } else { Ok(()) }
}

/// Checks what the pages of each row group take at a time.
pub(super) fn check_pages<S: ChunkReader>(source: &S, metadata: &ParquetMetaData) -> Result<(), PageError> {
    // Columns that lie over each other would be walked again and again: a small table of contents could name one place a million times.
    let columns = metadata.row_groups().iter().flat_map(RowGroupMetaData::columns);
    let bytes = columns.map(|column| u64::try_from(column.compressed_size()).unwrap_or(u64::MAX)).fold(0, u64::saturating_add);
    if bytes > source.len() {
        return Err(HeaderError::Contradiction.into());
    }
    for group in metadata.row_groups() {
        let (mut pages, mut lists, mut texts) = (0_u64, 0_u64, 0_u64);
        for column in group.columns() {
            let largest = largest_of(source, column)?;
            pages = pages.saturating_add(largest.dictionary).saturating_add(largest.data);
            // What a page takes is known to be little by now.
            if largest.has_deltas_of_texts && pages <= MAX_PAGES_BYTES {
                texts = texts.saturating_add(texts_of(source, column)?);
            }
            if column.column_descr().max_rep_level() > 0 {
                lists = lists.saturating_add(largest.values.saturating_mul(value_bytes(column)));
            }
        }
        if pages > MAX_PAGES_BYTES {
            return Err(PageError::Pages { bytes: pages });
        }
        if lists > MAX_LISTS_BYTES {
            return Err(PageError::Lists { bytes: lists });
        }
        if texts > MAX_TEXTS_BYTES {
            return Err(PageError::Texts { bytes: texts });
        }
    }
    Ok(())
}

/// What a value takes once it is read: a view of a text, a number, or as many bytes as were declared.
fn value_bytes(column: &ColumnChunkMetaData) -> u64 {
    const VIEW_BYTES: u64 = 16;
    u64::try_from(column.column_descr().type_length()).unwrap_or_default().max(VIEW_BYTES)
}

/// Bytes that the texts of a column take whose lengths are written as differences; no further than what is too much.
fn texts_of<S: ChunkReader>(source: &S, column: &ColumnChunkMetaData) -> Result<u64, PageError> {
    let rows = usize::try_from(column.num_values()).map_err(|_| HeaderError::Contradiction)?;
    let (mut pages, mut bytes) = (SerializedPageReader::new(Arc::new(Borrowed(source)), column, rows, None)?, 0_u64);
    while let Some(page) = pages.get_next_page()? {
        bytes = bytes.saturating_add(bytes_of_texts(&page, column)?);
        if bytes > MAX_TEXTS_BYTES {
            break;
        }
    }
    Ok(bytes)
}

/// A source that somebody else holds.
struct Borrowed<'s, S>(&'s S);

impl<S: ChunkReader> Length for Borrowed<'_, S> {
    fn len(&self) -> u64 {
        self.0.len()
    }
}

impl<S: ChunkReader> ChunkReader for Borrowed<'_, S> {
    type T = S::T;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        self.0.get_read(start)
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        self.0.get_bytes(start, length)
    }
}

/// The most bytes of a dictionary and of a page of values, and how many values there are.
#[derive(Default)]
struct Largest {
    has_deltas_of_texts: bool,
    dictionary: u64,
    data: u64,
    values: u64,
}

fn largest_of<S: ChunkReader>(source: &S, column: &ColumnChunkMetaData) -> Result<Largest, PageError> {
    // `byte_range` of the library panics where these are negative.
    let unsigned = |offset: i64| u64::try_from(offset).map_err(|_| HeaderError::Contradiction);
    let mut start = unsigned(column.dictionary_page_offset().unwrap_or_else(|| column.data_page_offset()))?;
    let mut left = unsigned(column.compressed_size())?;
    let mut largest = Largest::default();
    while left > 0 {
        let (page, header) = Header::read(BufReader::with_capacity(512, source.get_read(start)?.take(left)))?;
        let taken = header.checked_add(page.compressed).filter(|taken| *taken <= left).ok_or(HeaderError::Contradiction)?;
        if matches!(column.compression(), Compression::GZIP(_)) && page.uncompressed <= MAX_PAGES_BYTES {
            let bytes = start.checked_add(header).ok_or(HeaderError::Contradiction)?;
            check_inflated(&page, BufReader::new(source.get_read(bytes)?))?;
        }
        if page.is_dictionary() {
            // Room is made for as many values as are announced, of which each takes a byte at least.
            if page.values > page.uncompressed {
                return Err(HeaderError::Contradiction.into());
            }
            largest.dictionary = largest.dictionary.max(page.uncompressed);
        } else {
            largest.has_deltas_of_texts |= page.has_deltas_of_texts();
            largest.data = largest.data.max(page.uncompressed);
            largest.values = largest.values.saturating_add(page.values);
        }
        start += taken;
        left -= taken;
    }
    Ok(largest)
}
