//! Where bytes go: a file that appears only when whole, standard output, or a stream; compressed on the way.

use std::fmt;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::WriteError;
use crate::replace::{Access, ReplaceError, Replacement, refuse_inputs, refuse_stdout};

const BUFFER_BYTES: usize = 256 << 10;

/// The level at which zstd is about as fast as the disk; more costs time that a re-run would not get back.
const ZSTD_LEVEL: i32 = 3;

/// Where to write.
pub enum Output {
    /// A file, put in place when it is whole, as [`crate::replace`] does it.
    Path(PathBuf),
    /// Standard output; `-` on the command line.
    Stdout,
    /// A stream.
    Stream(Box<dyn Write + Send>),
}

impl Output {
    /// The output a command-line argument means: `-` is standard output.
    #[must_use]
    pub fn argument(argument: impl Into<PathBuf>) -> Self {
        let path = argument.into();
        if path.as_os_str() == "-" { Self::Stdout } else { Self::Path(path) }
    }

    pub(super) fn name(&self) -> String {
        match self {
            Self::Path(path) => path.display().to_string(),
            Self::Stdout => "stdout".to_owned(),
            Self::Stream(_) => "output".to_owned(),
        }
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name())
    }
}

/// How the bytes are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not at all; Parquet compresses its own pages.
    #[default]
    None,
    /// Gzip.
    Gzip,
    /// Zstandard.
    Zstd,
}

impl Compression {
    /// The compression a file name's extension means.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        match Path::new(&name.to_ascii_lowercase()).extension().and_then(|extension| extension.to_str()) {
            Some("gz" | "gzip") => Self::Gzip,
            Some("zst" | "zstd") => Self::Zstd,
            _ => Self::None,
        }
    }
}

/// The end of the line: bytes, and what is to happen once they are all there.
pub(super) enum Destination {
    File(Replacement),
    Direct(Box<dyn Write + Send>),
}

impl Write for Destination {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.write(bytes),
            Self::Direct(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(file) => file.flush(),
            Self::Direct(stream) => stream.flush(),
        }
    }
}

type Buffered = BufWriter<Destination>;

/// An open output.
pub(super) enum Sink {
    Plain(Buffered),
    Gzip(flate2::write::GzEncoder<Buffered>),
    Zstd(zstd::stream::write::Encoder<'static, Buffered>),
}

impl Sink {
    /// Opens an output that is none of the inputs.
    pub(super) fn open(output: Output, compression: Compression, inputs: &[PathBuf]) -> Result<Self, WriteError> {
        let name = output.name();
        let destination = match output {
            Output::Path(path) => {
                refuse_inputs(&path, inputs)?;
                Destination::File(Replacement::open(&path, Access::Usual).map_err(|error| refused(&name, error))?)
            }
            Output::Stdout => {
                refuse_stdout(inputs)?;
                Destination::Direct(Box::new(io::stdout()))
            }
            Output::Stream(stream) => Destination::Direct(stream),
        };
        let buffered = BufWriter::with_capacity(BUFFER_BYTES, destination);
        Ok(match compression {
            Compression::None => Self::Plain(buffered),
            Compression::Gzip => Self::Gzip(flate2::write::GzEncoder::new(buffered, flate2::Compression::default())),
            Compression::Zstd => {
                let encoder = zstd::stream::write::Encoder::new(buffered, ZSTD_LEVEL);
                Self::Zstd(encoder.map_err(|source| WriteError::Io { file: name, source })?)
            }
        })
    }

    /// Ends the compression, flushes, and puts a file in its place.
    pub(super) fn finish(self) -> io::Result<()> {
        let buffered = match self {
            Self::Plain(buffered) => buffered,
            Self::Gzip(encoder) => encoder.finish()?,
            Self::Zstd(encoder) => encoder.finish()?,
        };
        match buffered.into_inner().map_err(io::IntoInnerError::into_error)? {
            Destination::Direct(mut stream) => stream.flush(),
            Destination::File(file) => file.finish(),
        }
    }
}

/// What the system refuses is told as all its refusals of this output are.
fn refused(name: &str, error: ReplaceError) -> WriteError {
    match error {
        ReplaceError::Io { source, .. } => WriteError::Io { file: name.to_owned(), source },
        other => other.into(),
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(buffered) => buffered.write(bytes),
            Self::Gzip(encoder) => encoder.write(bytes),
            Self::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(buffered) => buffered.flush(),
            Self::Gzip(encoder) => encoder.flush(),
            Self::Zstd(encoder) => encoder.flush(),
        }
    }
}
