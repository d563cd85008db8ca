//! Gzip and zstd, seen by their first bytes and read as if they were not there.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};

/// How much of the content is looked at to tell its format and its delimiter.
pub(super) const HEAD_BYTES: usize = 64 << 10;

const BUFFER_BYTES: usize = 256 << 10;

/// Most bytes that a stream may take on disk when it has to be spooled: the bound against a hostile archive.
const MAX_SPOOL_BYTES: u64 = 64 << 30;

/// Decompressed bytes, whose beginning can be looked at before they are read.
pub(super) struct Source {
    head: Cursor<Vec<u8>>,
    rest: Box<dyn Read + Send>,
    compressed: bool,
}

impl Source {
    fn new(rest: Box<dyn Read + Send>) -> Self {
        Self { head: Cursor::new(Vec::new()), rest, compressed: false }
    }

    /// The next bytes, as many as asked for unless the source ends before; they are read again afterwards.
    pub(super) fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        let have = self.head.get_ref().len();
        if have < count {
            let mut more = Vec::new();
            (&mut self.rest).take((count - have) as u64).read_to_end(&mut more)?;
            self.head.get_mut().extend_from_slice(&more);
        }
        Ok(self.head.get_ref())
    }

    /// The same as UTF-8, of which the beginning was not looked at.
    pub(super) fn into_utf8(self, encoding: &'static encoding_rs::Encoding) -> Self {
        let compressed = self.compressed;
        Self { compressed, ..Self::new(super::encoding::as_utf8(self, encoding)) }
    }

    pub(super) fn was_compressed(&self) -> bool {
        self.compressed
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.head.read(buffer)? {
            0 => self.rest.read(buffer),
            count => Ok(count),
        }
    }
}

/// Ends a content that grows beyond a bound: a small archive can stand for more than any disk.
struct Bounded {
    content: Box<dyn Read + Send>,
    left: u64,
    most: u64,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.content.read(buffer)?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| {
            io::Error::new(io::ErrorKind::FileTooLarge, format!("the decompressed content takes more than {} bytes", self.most))
        })?;
        Ok(count)
    }
}

/// Looks at the first bytes and decompresses what is compressed, up to `most` bytes; several gzip members or zstd frames are one content.
pub(super) fn decompress(raw: Box<dyn Read + Send>, most: u64) -> io::Result<Source> {
    let mut source = Source::new(raw);
    let magic = source.peek(4)?;
    let rest: Box<dyn Read + Send> = if magic.starts_with(&[0x1F, 0x8B]) {
        Box::new(flate2::bufread::MultiGzDecoder::new(BufReader::with_capacity(BUFFER_BYTES, source)))
    } else if magic.starts_with(&[0x28, 0xB5, 0x2F, 0xFD]) {
        Box::new(zstd::stream::read::Decoder::new(source)?)
    } else {
        return Ok(source);
    };
    Ok(Source { compressed: true, ..Source::new(Box::new(Bounded { content: rest, left: most, most })) })
}

/// Copies a stream to an unnamed temporary file that vanishes with its handle.
pub(super) fn spool(source: Source) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    let copied = io::copy(&mut source.take(MAX_SPOOL_BYTES + 1), &mut file)?;
    if copied > MAX_SPOOL_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the decompressed content takes more than 64 GiB"));
    }
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}
