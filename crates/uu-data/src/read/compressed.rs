//! Gzip and zstd, seen by their first bytes and read as if they were not there.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How much of the content is looked at to tell its format and its delimiter.
pub(super) const HEAD_BYTES: usize = 64 << 10;

const BUFFER_BYTES: usize = 256 << 10;

/// Most bytes that a stream may take on disk when it has to be spooled: the bound against a hostile archive.
const MAX_SPOOL_BYTES: u64 = 64 << 30;

/// Bytes that are spooled between two looks at how many they are.
const SPOOLED_AT_A_TIME: u64 = 1 << 20;

/// Bytes that any stream may take on disk, however few bytes it came in.
const FREE_SPOOL_BYTES: u64 = 64 << 20;

/// How many times the bytes that it came in a stream may take there beyond. Tables are compressed to a tenth or a fiftieth; what was made to fill a disk
/// stands for tens of thousands of times its length.
const MOST_EXPANSION: u64 = 100;

/// Decompressed bytes, whose beginning can be looked at before they are read.
pub(super) struct Source {
    head: Cursor<Vec<u8>>,
    rest: Box<dyn Read + Send>,
    compressed: bool,
    /// Bytes that were received for the content so far, where it is compressed and bounded.
    received: Option<Arc<AtomicU64>>,
}

impl Source {
    fn new(rest: Box<dyn Read + Send>) -> Self {
        Self { head: Cursor::new(Vec::new()), rest, compressed: false, received: None }
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
        let (compressed, received) = (self.compressed, self.received.clone());
        Self { compressed, received, ..Self::new(super::encoding::as_utf8(self, encoding)) }
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

/// Counts the bytes that are received for a content.
struct Counted<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.count.fetch_add(length as u64, Ordering::Relaxed);
        Ok(length)
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
    let magic = source.peek(4)?.to_vec();
    let count = Arc::new(AtomicU64::new(0));
    let source = Counted { inner: source, count: Arc::clone(&count) };
    let rest: Box<dyn Read + Send> = if magic.starts_with(&[0x1F, 0x8B]) {
        Box::new(flate2::bufread::MultiGzDecoder::new(BufReader::with_capacity(BUFFER_BYTES, source)))
    } else if magic.starts_with(&[0x28, 0xB5, 0x2F, 0xFD]) {
        Box::new(zstd::stream::read::Decoder::new(source)?)
    } else {
        return Ok(source.inner);
    };
    let received = (most < u64::MAX).then_some(count);
    Ok(Source { compressed: true, received, ..Source::new(Box::new(Bounded { content: rest, left: most, most })) })
}

/// Copies a stream to an unnamed temporary file that vanishes with its handle.
///
/// **Errors**: the stream or the disk fails; the content takes too much, for the bytes that it came in too where it is bounded at all.
pub(super) fn spool(mut source: Source) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    let mut copied = 0;
    loop {
        let length = io::copy(&mut (&mut source).take(SPOOLED_AT_A_TIME), &mut file)?;
        copied += length;
        if copied > MAX_SPOOL_BYTES {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the decompressed content takes more than 64 GiB"));
        }
        if let Some(received) = source.received.as_ref().map(|received| received.load(Ordering::Relaxed))
            && copied > FREE_SPOOL_BYTES
            && copied / MOST_EXPANSION > received
        {
            let detail = format!("the decompressed content takes more than {MOST_EXPANSION} times the bytes that were sent");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, detail));
        }
        if length == 0 {
            break;
        }
    }
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    /// A zstd frame of zeros behind some bytes that do not compress.
    fn frame(noise: usize, zeros: u64) -> Vec<u8> {
        let noise: Vec<u8> =
            (0..noise as u64).map(|index| uu_core::stats::site_hash("noise", index.wrapping_mul(0x9E37_79B9_7F4A_7C15)) as u8).collect();
        zstd::encode_all(noise.chain(io::repeat(0).take(zeros)), 1).unwrap()
    }

    #[rstest]
    #[case::zeros(0, 80 << 20, 1 << 40, false)]
    #[case::more_than_the_bound(0, 2 << 20, 1 << 20, false)]
    #[case::a_file_of_some_size(0, 60 << 20, 1 << 40, true)]
    #[case::what_compresses_well(2 << 20, 80 << 20, 1 << 40, true)]
    #[case::a_file_of_the_user(0, 80 << 20, u64::MAX, true)]
    fn what_was_made_to_fill_a_disk_is_not_spooled(#[case] noise: usize, #[case] zeros: u64, #[case] most: u64, #[case] is_spooled: bool) {
        let source = decompress(Box::new(Cursor::new(frame(noise, zeros))), most).unwrap();
        match spool(source) {
            Ok(file) => assert!(is_spooled && file.metadata().unwrap().len() == noise as u64 + zeros),
            Err(error) => assert!(!is_spooled && error.kind() == io::ErrorKind::FileTooLarge, "{error}"),
        }
    }
}
