//! Whether a body has a line break: curl's `-d` takes them out of a file, and glues its rows to the header.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The way out.
pub(crate) const HINT: &str = "curl's `-d` takes the line breaks out of a file: send it with `--data-binary @rows.csv`";

/// Whether a body is one line, as far as it was read.
#[derive(Clone, Debug, Default)]
pub(crate) struct OneLine(Arc<AtomicBool>);

impl OneLine {
    pub(crate) fn is_one_line(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A reader that notices the first line break; compressed bytes have some, whatever they stand for.
pub(crate) struct Lines<R> {
    inner: R,
    one_line: OneLine,
    /// Whether nothing is looked for any more.
    is_settled: bool,
}

impl<R> Lines<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self { inner, one_line: OneLine::default(), is_settled: false }
    }

    pub(crate) fn one_line(&self) -> OneLine {
        self.one_line.clone()
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        if !self.is_settled && length > 0 {
            let bytes = &buffer[..length];
            let is_compressed = bytes.starts_with(&[0x1F, 0x8B]) || bytes.starts_with(&[0x28, 0xB5, 0x2F, 0xFD]);
            self.is_settled = is_compressed || bytes.iter().any(|byte| matches!(byte, b'\n' | b'\r'));
            self.one_line.0.store(!self.is_settled, Ordering::Relaxed);
        }
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(b"date,visits2024-12,5", true)]
    #[case(b"date,visits\n2024-12,5", false)]
    #[case(b"date,visits\r2024-12,5", false)]
    #[case(&[0x1F, 0x8B, 8], false)]
    #[case(b"", false)]
    fn a_body_without_a_line_break_is_one_line(#[case] body: &[u8], #[case] expected: bool) {
        let mut lines = Lines::new(body);
        io::copy(&mut lines, &mut io::sink()).unwrap();
        assert_eq!(lines.one_line().is_one_line(), expected);
    }
}
