//! Where bytes go: a file that appears only when whole, standard output, or a stream; compressed on the way.

use std::fmt;
use std::fs::{File, Permissions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};

const BUFFER_BYTES: usize = 256 << 10;

/// The level at which zstd is about as fast as the disk; more costs time that a re-run would not get back.
const ZSTD_LEVEL: i32 = 3;

/// Where to write.
pub enum Output {
    /// A file, put in place when it is whole.
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
    Temporary { file: File, path: TempPath, target: PathBuf },
    Direct(Box<dyn Write + Send>),
}

impl Write for Destination {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Temporary { file, .. } => file.write(bytes),
            Self::Direct(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Temporary { file, .. } => file.flush(),
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
    pub(super) fn open(output: Output, compression: Compression) -> io::Result<Self> {
        let destination = match output {
            Output::Path(path) => Destination::at(&path)?,
            Output::Stdout => Destination::Direct(Box::new(io::stdout())),
            Output::Stream(stream) => Destination::Direct(stream),
        };
        let buffered = BufWriter::with_capacity(BUFFER_BYTES, destination);
        Ok(match compression {
            Compression::None => Self::Plain(buffered),
            Compression::Gzip => Self::Gzip(flate2::write::GzEncoder::new(buffered, flate2::Compression::default())),
            Compression::Zstd => Self::Zstd(zstd::stream::write::Encoder::new(buffered, ZSTD_LEVEL)?),
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
            Destination::Temporary { file, path, target } => {
                file.sync_all()?;
                drop(file);
                path.persist(target).map_err(|error| error.error)
            }
        }
    }
}

impl Destination {
    fn at(path: &Path) -> io::Result<Self> {
        // A link is followed, so that what it points to is replaced; a device or a pipe is written as it is.
        let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if target.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if target.exists() && !target.is_file() {
            return Ok(Self::Direct(Box::new(File::options().write(true).open(target)?)));
        }
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let temporary = temporary_in(folder)?;
        if let Ok(existing) = target.metadata() {
            temporary.as_file().set_permissions(existing.permissions())?;
        }
        let (file, path) = temporary.into_parts();
        Ok(Self::Temporary { file, path, target })
    }
}

/// A temporary file that others may read as they may read any new file, not as they may read a secret.
fn temporary_in(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".uu-predictor-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
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
