//! UTF-16 and UTF-32, told by their marks or, without a mark, by their zero bytes.

use std::io::Read;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};
use encoding_rs_io::DecodeReaderBytesBuilder;

/// How text that is not UTF-8 is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wide {
    /// UTF-16, which is read.
    Utf16(&'static Encoding),
    /// UTF-32, which is not.
    Utf32,
}

/// Bytes that are looked at where there is no mark.
const LOOKED_AT: usize = 64;

impl Wide {
    /// The wide encoding that the first bytes tell, if any.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => Some(Self::Utf32),
            [0xFF, 0xFE, ..] => Some(Self::Utf16(UTF_16LE)),
            [0xFE, 0xFF, ..] => Some(Self::Utf16(UTF_16BE)),
            _ => Self::without_mark(&head[..head.len().min(LOOKED_AT)]),
        }
    }

    /// A header and the beginning of JSON are mostly ASCII, of which every other byte is zero then; UTF-8 has none.
    fn without_mark(head: &[u8]) -> Option<Self> {
        let pairs = head.len() / 2;
        let zeros = |first: usize| head.iter().skip(first).step_by(2).take(pairs).filter(|byte| **byte == 0).count();
        match (zeros(0), zeros(1)) {
            _ if pairs < 4 => None,
            (0, low) if low * 2 > pairs => Some(Self::Utf16(UTF_16LE)),
            (high, 0) if high * 2 > pairs => Some(Self::Utf16(UTF_16BE)),
            _ => None,
        }
    }
}

/// The text as UTF-8, without a mark.
pub(super) fn as_utf8(text: impl Read + Send + 'static, encoding: &'static Encoding) -> Box<dyn Read + Send> {
    Box::new(DecodeReaderBytesBuilder::new().encoding(Some(encoding)).strip_bom(true).build(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_text_is_told_by_its_mark_or_by_its_zeros() {
        let little = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let big = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
        for text in ["\u{feff}date,visits\n", "date,visits\n2024-12,5\n"] {
            assert_eq!(Wide::of(&little(text)), Some(Wide::Utf16(UTF_16LE)), "{text}");
            assert_eq!(Wide::of(&big(text)), Some(Wide::Utf16(UTF_16BE)), "{text}");
        }
        assert_eq!(Wide::of(&[0xFF, 0xFE, 0, 0, b'd', 0, 0, 0]), Some(Wide::Utf32));
        assert_eq!(Wide::of(b"date,visits\n"), None);
        assert_eq!(Wide::of(b""), None);
        let mut text = String::new();
        as_utf8(std::io::Cursor::new(little("\u{feff}д,a\n")), UTF_16LE).read_to_string(&mut text).unwrap();
        assert_eq!(text, "д,a\n");
    }
}
