//! The header of a Parquet page, of which only the sizes are wanted.

use std::io::{self, Read};

/// Deepest nesting in what a header may hold beside what is wanted of it.
const MAX_DEPTH: usize = 16;

/// A header cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum HeaderError {
    #[error("the header of a page contradicts itself")]
    Contradiction,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What is wanted of a page's header.
pub(super) struct Page {
    kind: u64,
    /// Bytes that it takes once it is decompressed.
    pub(super) uncompressed: u64,
    /// Bytes that it takes in the file, without its header.
    pub(super) compressed: u64,
    /// How many values it announces.
    pub(super) values: u64,
    /// Bytes of levels before its values, which pages of the second version do not compress.
    pub(super) levels: u64,
    encoding: u64,
}

/// What the part of a header says that is about the values.
#[derive(Default)]
struct Values {
    count: u64,
    encoding: u64,
    levels: u64,
}

impl Page {
    pub(super) fn is_dictionary(&self) -> bool {
        const DICTIONARY: u64 = 2;
        self.kind == DICTIONARY
    }

    /// Whether the lengths of its texts are written as differences.
    pub(super) fn has_deltas_of_texts(&self) -> bool {
        const DELTA_LENGTH_BYTE_ARRAY: u64 = 6;
        const DELTA_BYTE_ARRAY: u64 = 7;
        matches!(self.encoding, DELTA_LENGTH_BYTE_ARRAY | DELTA_BYTE_ARRAY)
    }
}

/// A header in Thrift's compact protocol.
///
/// **Source**: the Parquet format's `parquet.thrift`, `PageHeader`; Thrift's specification of the compact protocol.
pub(super) struct Header<R> {
    reader: R,
    taken: u64,
}

impl<R: Read> Header<R> {
    /// What a page's header says, and how many bytes it has itself.
    pub(super) fn read(reader: R) -> Result<(Page, u64), HeaderError> {
        let mut header = Self { reader, taken: 0 };
        Ok((header.page()?, header.taken))
    }

    fn page(&mut self) -> Result<Page, HeaderError> {
        let (mut numbers, mut values, mut last) = ([None; 4], None, 0);
        while let Some((field, kind)) = self.field(&mut last)? {
            match (field, kind) {
                (1..=3, I32) => {
                    // A field that comes twice could be taken for one value here and for another by the library.
                    let place = &mut numbers[field as usize];
                    if place.replace(self.number()?).is_some() {
                        return Err(HeaderError::Contradiction);
                    }
                }
                // Headers of pages with values, of dictionaries, and of pages of the second version begin with the count of values.
                (5 | 7 | 8, STRUCT) => {
                    if values.replace(self.values(field == 8)?).is_some() {
                        return Err(HeaderError::Contradiction);
                    }
                }
                (1..=3 | 5 | 7 | 8, _) => return Err(HeaderError::Contradiction),
                _ => self.skip(kind, 0)?,
            }
        }
        match numbers {
            [_, Some(kind), Some(uncompressed), Some(compressed)] => {
                let Values { count: values, encoding, levels } = values.unwrap_or_default();
                Ok(Page { kind, uncompressed, compressed, values, levels, encoding })
            }
            _ => Err(HeaderError::Contradiction),
        }
    }

    /// The fields of a structure that are wanted; the rest is passed over.
    fn values(&mut self, second_version: bool) -> Result<Values, HeaderError> {
        const COUNT: i64 = 1;
        let encoding_field = if second_version { 4 } else { 2 };
        // The lengths of the levels, of definition and of repetition.
        let is_level = |field: i64| second_version && matches!(field, 5 | 6);
        let (mut count, mut encoding, mut levels, mut last) = (None, None, [None; 2], 0);
        while let Some((field, kind)) = self.field(&mut last)? {
            match (field, kind) {
                (COUNT, I32) if count.is_none() => count = Some(self.number()?),
                (field, I32) if field == encoding_field && encoding.is_none() => encoding = Some(self.number()?),
                (field, I32) if is_level(field) && levels[field as usize - 5].is_none() => {
                    levels[field as usize - 5] = Some(self.number()?);
                }
                (field, _) if field == COUNT || field == encoding_field || is_level(field) => return Err(HeaderError::Contradiction),
                _ => self.skip(kind, 0)?,
            }
        }
        let levels = levels.iter().flatten().sum();
        Ok(Values { count: count.unwrap_or_default(), encoding: encoding.unwrap_or_default(), levels })
    }

    /// The next field's number and type; `None` at the end of the structure.
    fn field(&mut self, last: &mut i64) -> Result<Option<(i64, u8)>, HeaderError> {
        let byte = self.byte()?;
        let (step, kind) = (byte >> 4, byte & 0x0F);
        if kind == STOP {
            return Ok(None);
        }
        *last = if step == 0 { self.signed()? } else { last.checked_add(i64::from(step)).ok_or(HeaderError::Contradiction)? };
        Ok(Some((*last, kind)))
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Result<(), HeaderError> {
        if depth > MAX_DEPTH {
            return Err(HeaderError::Contradiction);
        }
        match kind {
            TRUE | FALSE => {}
            BYTE => drop(self.byte()?),
            I16 | I32 | I64 => drop(self.varint()?),
            DOUBLE => self.pass(8)?,
            BINARY => {
                let length = self.varint()?;
                self.pass(length)?;
            }
            STRUCT => {
                let mut last = 0;
                while let Some((_, kind)) = self.field(&mut last)? {
                    self.skip(kind, depth + 1)?;
                }
            }
            // No header of the format has lists or maps, and libraries disagree on how they are passed over.
            _ => return Err(HeaderError::Contradiction),
        }
        Ok(())
    }

    /// A number that must not be negative.
    fn number(&mut self) -> Result<u64, HeaderError> {
        let number = self.signed()?;
        u32::try_from(number).map(u64::from).map_err(|_| HeaderError::Contradiction)
    }

    fn signed(&mut self) -> Result<i64, HeaderError> {
        self.varint().map(signed)
    }

    fn varint(&mut self) -> Result<u64, HeaderError> {
        varint(|| self.byte())
    }

    fn byte(&mut self) -> Result<u8, HeaderError> {
        let mut byte = [0];
        self.reader.read_exact(&mut byte)?;
        self.taken += 1;
        Ok(byte[0])
    }

    fn pass(&mut self, count: u64) -> Result<(), HeaderError> {
        let passed = io::copy(&mut (&mut self.reader).take(count), &mut io::sink())?;
        self.taken += passed;
        if passed == count { Ok(()) } else { Err(HeaderError::Contradiction) }
    }
}

/// A number in groups of seven bits, the lowest first, from as many bytes as it takes.
pub(super) fn varint(mut byte: impl FnMut() -> Result<u8, HeaderError>) -> Result<u64, HeaderError> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = byte()?;
        value |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(HeaderError::Contradiction)
}

/// The signed number that such a number stands for: 0, -1, 1, -2 and so on.
pub(super) fn signed(raw: u64) -> i64 {
    (raw >> 1).cast_signed() ^ -(raw & 1).cast_signed()
}

// The types of the compact protocol.
const STOP: u8 = 0;
const TRUE: u8 = 1;
const FALSE: u8 = 2;
const BYTE: u8 = 3;
const I16: u8 = 4;
const I32: u8 = 5;
const I64: u8 = 6;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
const STRUCT: u8 = 12;

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// A page of values: 300 bytes that are 20 in the file, and five values, as the format's other implementations write it.
    const DATA: [u8; 17] = [0x15, 0x00, 0x15, 0xD8, 0x04, 0x15, 0x28, 0x2C, 0x15, 0x0A, 0x15, 0x00, 0x15, 0x06, 0x00, 0x00, 0xFF];

    #[test]
    fn sizes_are_read_and_the_length_of_the_header() {
        let (page, length) = Header::read(DATA.as_slice()).unwrap();
        assert_eq!((page.uncompressed, page.compressed, page.values, page.is_dictionary(), length), (300, 20, 5, false, 16));
        assert!(!page.has_deltas_of_texts());
        let mut deltas = DATA;
        deltas[11] = 0x0E;
        assert!(Header::read(deltas.as_slice()).unwrap().0.has_deltas_of_texts());
    }

    #[rstest]
    #[case::a_size_twice(&[0x15, 0, 0x15, 2, 0x05, 0x04, 2, 0x15, 2, 0])]
    #[case::a_negative_size(&[0x15, 0, 0x15, 1, 0x15, 2, 0])]
    #[case::no_size(&[0x15, 0, 0])]
    #[case::a_size_of_another_type(&[0x15, 0, 0x16, 2, 0x15, 2, 0])]
    #[case::a_list(&[0x15, 0, 0x15, 2, 0x15, 2, 0x69, 0x15, 0, 0])]
    #[case::a_field_beyond_all_numbers(&[0x05, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0, 0x15, 0])]
    #[case::a_number_without_end(&[0x15, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF])]
    #[case::structures_without_end(&[0x9C; 100])]
    fn what_contradicts_itself_is_refused(#[case] bytes: &[u8]) {
        assert!(matches!(Header::read(bytes), Err(HeaderError::Contradiction)));
    }

    #[test]
    fn a_header_that_is_cut_off_is_an_error_wherever_it_is() {
        (0..16).for_each(|length| assert!(Header::read(&DATA[..length]).is_err(), "{length}"));
    }
}
