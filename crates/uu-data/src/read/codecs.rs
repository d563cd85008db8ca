//! How the pages of a Parquet file are compressed: with what is built in, and to no more than they say.

use std::io::{self, Read};
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use parquet::basic::Compression;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};

use super::ReadError;
use super::page_header::{HeaderError, Page};

/// Refuses pages of a codec that is not built in, before one of them is looked at.
pub(super) fn check_codecs(file: &Arc<str>, metadata: &ParquetMetaData) -> Result<(), ReadError> {
    for column in metadata.row_groups().iter().flat_map(RowGroupMetaData::columns) {
        if let Some(codec) = foreign(column.compression()) {
            let column = column.column_path().string();
            return Err(ReadError::Codec { file: file.clone(), column, codec });
        }
    }
    Ok(())
}

/// The name of a codec that is not built in.
fn foreign(compression: Compression) -> Option<&'static str> {
    match compression {
        Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::GZIP(_) | Compression::ZSTD(_) => None,
        Compression::BROTLI(_) => Some("brotli"),
        Compression::LZ4 | Compression::LZ4_RAW => Some("lz4"),
        Compression::LZO => Some("lzo"),
    }
}

/// Checks that a page of gzip takes no more than its header says: the other codecs keep to that, and the library's gzip goes on to the end of
/// what there is. `bytes` are those of the page, without its header.
pub(super) fn check_inflated(page: &Page, bytes: impl Read) -> Result<(), HeaderError> {
    let (Some(compressed), Some(announced)) = (page.compressed.checked_sub(page.levels), page.uncompressed.checked_sub(page.levels)) else {
        return Err(HeaderError::Contradiction);
    };
    let mut bytes = bytes.take(page.compressed);
    io::copy(&mut (&mut bytes).take(page.levels), &mut io::sink())?;
    // What is no gzip, or is damaged, is refused by the library, and at the same place.
    let mut inflated = MultiGzDecoder::new(bytes.take(compressed)).take(announced + 1);
    let mut counted = Counted::default();
    let _ = io::copy(&mut inflated, &mut counted);
    if counted.bytes > announced { Err(HeaderError::Contradiction) } else { Ok(()) }
}

/// Counts bytes and keeps none.
#[derive(Default)]
struct Counted {
    bytes: u64,
}

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
