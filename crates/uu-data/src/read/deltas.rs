//! How many values the pages of texts announce whose lengths are written as differences, and how long these texts are.
//!
//! The Parquet library makes room for as many lengths as such a page announces, which are any number of its few bytes; and a text that begins
//! as the one before takes only what differs, so that a thousand bytes can stand for gigabytes.

use parquet::basic::Encoding;
use parquet::column::page::Page;
use parquet::file::metadata::ColumnChunkMetaData;

use super::page_header::{HeaderError, signed, varint};

/// Bits of the widest difference of two lengths.
const MAX_WIDTH: usize = 32;

/// Values of the largest block of differences; writers use 128 to 4,096.
const MAX_BLOCK: u64 = 1 << 16;

/// Bytes that the texts of a page take once they are written out; 0 for pages of other encodings.
///
/// **Source**: the Parquet format's `Encodings.md`, delta encoding, delta-length byte array, delta strings.
pub(super) fn bytes_of_texts(page: &Page, column: &ColumnChunkMetaData) -> Result<u64, HeaderError> {
    let streams = match page.encoding() {
        Encoding::DELTA_LENGTH_BYTE_ARRAY => 1,
        Encoding::DELTA_BYTE_ARRAY => 2,
        _ => return Ok(0),
    };
    let mut rest = values_of(page, column)?;
    let mut bytes = 0_u64;
    // The lengths of what is shared with the text before, then those of what follows it.
    for _ in 0..streams {
        let lengths = Lengths::read(rest, page.num_values().into())?;
        bytes = bytes.saturating_add(lengths.sum);
        rest = rest.get(lengths.taken..).ok_or(HeaderError::Contradiction)?;
    }
    Ok(bytes)
}

/// The bytes of a page's values, behind those that say which of them are null.
fn values_of<'p>(page: &'p Page, column: &ColumnChunkMetaData) -> Result<&'p [u8], HeaderError> {
    let levels = match page {
        Page::DictionaryPage { .. } => 0,
        Page::DataPageV2 { def_levels_byte_len, rep_levels_byte_len, .. } => *def_levels_byte_len as usize + *rep_levels_byte_len as usize,
        Page::DataPage { buf, num_values, def_level_encoding, rep_level_encoding, .. } => {
            let described = column.column_descr();
            let kinds = [(described.max_rep_level(), *rep_level_encoding), (described.max_def_level(), *def_level_encoding)];
            let mut start = 0;
            for (most, encoding) in kinds.into_iter().filter(|(most, _)| *most > 0) {
                let rest = buf.get(start..).ok_or(HeaderError::Contradiction)?;
                start += level_bytes(rest, u64::from(*num_values), most, encoding)?;
            }
            start
        }
    };
    page.buffer().get(levels..).ok_or(HeaderError::Contradiction)
}

#[expect(deprecated, reason = "old files have such levels, and the library reads them")]
fn level_bytes(rest: &[u8], values: u64, most: i16, encoding: Encoding) -> Result<usize, HeaderError> {
    const LENGTH_BYTES: usize = 4;
    match encoding {
        Encoding::RLE => {
            let length = rest.first_chunk::<LENGTH_BYTES>().ok_or(HeaderError::Contradiction)?;
            Ok(LENGTH_BYTES.saturating_add(u32::from_le_bytes(*length) as usize))
        }
        Encoding::BIT_PACKED => {
            let bits = u64::from(i16::BITS - most.leading_zeros());
            usize::try_from((values * bits).div_ceil(8)).map_err(|_| HeaderError::Contradiction)
        }
        _ => Err(HeaderError::Contradiction),
    }
}

/// Lengths that were written as differences.
struct Lengths {
    sum: u64,
    /// Bytes that they take in the page.
    taken: usize,
}

impl Lengths {
    /// **Errors**: more than `most` lengths; negative ones; bytes that end too soon.
    fn read(bytes: &[u8], most: u64) -> Result<Self, HeaderError> {
        let mut bytes = Bytes { bytes, place: 0 };
        let (block, parts, count) = (bytes.varint()?, bytes.varint()?, bytes.varint()?);
        let mut length = bytes.signed()?;
        let is_sound = count <= most && (1..=MAX_BLOCK).contains(&block) && parts > 0 && block % parts == 0 && (block / parts) % 8 == 0;
        if !is_sound {
            return Err(HeaderError::Contradiction);
        }
        let (parts, of_part) = (parts as usize, (block / parts) as usize);
        let (mut sum, mut left) = (0_u64, count);
        let mut add = |length: i64| {
            sum = sum.saturating_add(u64::try_from(length).map_err(|_| HeaderError::Contradiction)?);
            Ok::<(), HeaderError>(())
        };
        if left > 0 {
            add(length)?;
            left -= 1;
        }
        while left > 0 {
            let least = bytes.signed()?;
            let widths = bytes.take(parts)?;
            for width in widths.iter().map(|width| usize::from(*width)) {
                // What is written behind the last length is nothing, whatever its width says.
                if left == 0 {
                    break;
                }
                if width > MAX_WIDTH {
                    return Err(HeaderError::Contradiction);
                }
                let packed = bytes.take(width * of_part / 8)?;
                for index in 0..of_part.min(usize::try_from(left).unwrap_or(usize::MAX)) {
                    // The library counts in 32 bits, and so wraps around where these do.
                    length = i64::from(length.wrapping_add(least).wrapping_add(bits(packed, index * width, width)) as i32);
                    add(length)?;
                    left -= 1;
                }
            }
        }
        Ok(Self { sum, taken: bytes.place })
    }
}

/// So many bits from a place on, the lowest of each byte first.
fn bits(packed: &[u8], start: usize, width: usize) -> i64 {
    let mut word = [0; 8];
    let from = &packed[(start / 8).min(packed.len())..];
    let count = from.len().min(word.len());
    word[..count].copy_from_slice(&from[..count]);
    let mask = (1_u64 << width) - 1;
    (u64::from_le_bytes(word) >> (start % 8) & mask).cast_signed()
}

/// Bytes that are taken from the front.
struct Bytes<'b> {
    bytes: &'b [u8],
    place: usize,
}

impl<'b> Bytes<'b> {
    fn take(&mut self, count: usize) -> Result<&'b [u8], HeaderError> {
        let taken = self.bytes.get(self.place..).and_then(|rest| rest.get(..count)).ok_or(HeaderError::Contradiction)?;
        self.place += count;
        Ok(taken)
    }

    fn varint(&mut self) -> Result<u64, HeaderError> {
        varint(|| Ok(self.take(1)?[0]))
    }

    fn signed(&mut self) -> Result<i64, HeaderError> {
        self.varint().map(signed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 5, 7, 4, 9 in one block of 128 in 4 parts: the first, the least difference -3, and differences of 5, 0 and 8 in 4 bits.
    fn lengths(count: u8) -> Vec<u8> {
        let mut bytes = vec![0x80, 0x01, 0x04, count, 0x0A, 0x05, 0x04, 0x00, 0x00, 0x00, 0x05, 0x08];
        bytes.resize(bytes.len() + 14, 0);
        bytes
    }

    #[test]
    fn lengths_are_added_up_and_their_bytes_counted() {
        let bytes = lengths(4);
        let read = Lengths::read(&bytes, 4).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((read.sum, read.taken), (5 + 7 + 4 + 9, bytes.len()));
        assert_eq!(Lengths::read(&[0x80, 0x01, 0x04, 0x00, 0x00], 0).map(|read| (read.sum, read.taken)).ok(), Some((0, 5)));
    }

    #[test]
    fn what_announces_more_than_the_page_has_or_ends_too_soon_is_refused() {
        let bytes = lengths(4);
        assert!(Lengths::read(&bytes, 3).is_err());
        assert!((0..bytes.len()).all(|end| Lengths::read(&bytes[..end], 4).is_err()));
        let negative = [0x80, 0x01, 0x04, 0x01, 0x01];
        assert!(Lengths::read(&negative, 1).is_err());
        let without_parts = [0x80, 0x01, 0x00, 0x01, 0x0A];
        assert!(Lengths::read(&without_parts, 1).is_err());
    }
}
