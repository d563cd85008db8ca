//! Changes of inputs: blind ones, and ones that know what such inputs are made of.

use std::io::Write;

use uu_core::stats::Draws;

/// Bytes that one change puts in.
const MOST_REPEATED: usize = 64 << 10;

/// Numbers at the edges of what numbers can be, and what people take for numbers.
const NUMBERS: [&[u8]; 34] = [
    b"0",
    b"-0",
    b"1",
    b"-1",
    b"0.1",
    b"100",
    b"100.0000001",
    b"1e12",
    b"1e13",
    b"1e308",
    b"1e309",
    b"-1e309",
    b"1e-400",
    b"NaN",
    b"nan",
    b"inf",
    b"-Infinity",
    b"9007199254740993",
    b"18446744073709551616",
    b"-9223372036854775808",
    b"2147483648",
    b"0x10",
    b"1_000",
    b"1,234",
    b"1.234.567",
    b"1 234",
    "1\u{a0}234".as_bytes(),
    "1\u{202f}234,5".as_bytes(),
    b"12,5",
    b"+5",
    b"5.",
    b".5",
    b"45%",
    "\u{ff11}\u{ff12}".as_bytes(),
];

/// What stands in any text.
const TEXTS: [&[u8]; 21] = [
    b"\0",
    b"\n",
    b"\r\n",
    b"\r",
    b"\t",
    b" ",
    b"\"",
    b"\\",
    b"'",
    b"\xEF\xBB\xBF",
    b"\xFF",
    b"\xC0\x80",
    b"\xED\xA0\x80",
    "\u{feff}".as_bytes(),
    "\u{200b}".as_bytes(),
    "\u{a0}".as_bytes(),
    "\u{202e}".as_bytes(),
    "\u{1d7d9}".as_bytes(),
    "\u{130}".as_bytes(),
    "\u{df}".as_bytes(),
    b"N/A",
];

pub(crate) const CSV_TOKENS: [&[u8]; 22] = [
    b",",
    b";",
    b"\t",
    b"\"",
    b"\"\"",
    b"\"a,b\"",
    b"\n",
    b"\r\n\r\n",
    b"date",
    b"visits",
    b"alexa",
    b"rank",
    b"Pages per visit",
    b"bounce_rate",
    b"date,",
    b"visits,visits",
    b"sep=;\n",
    b"# a comment\n",
    b"2024-01",
    b"Total,,,\n",
    b"-",
    b"load",
];

pub(crate) const JSON_TOKENS: [&[u8]; 28] = [
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"null",
    b"true",
    b"\"\"",
    b"\"\\ud800\"",
    b"\"\\u0000\"",
    b"\\n",
    b"{}",
    b"[]",
    b"\"date\":\"2024-01\",",
    b"\"visits\":1,",
    b"\"alexa\":1,\"rank\":2,",
    b"\"domain_name\":\"a.com\",",
    b"\"domain_name\":[1],",
    b"\"2024-01-01\":{\"visits\":5},",
    b"\"visits\":{\"2024-01-01\":5},",
    b"\"engagement\":{\"2024-01\":{\"BounceRate\":-1}},",
    b"\"summary\":null,",
    b"\"load\":1,",
    b"}\n{",
    b"][",
    b"{\"a\":",
    b"[[[[[[[[",
];

/// Numbers as Thrift writes them, headers of fields, and the marks of the format.
pub(crate) const PARQUET_TOKENS: [&[u8]; 16] = [
    b"PAR1",
    b"PARE",
    b"\0\0\0\0",
    b"\xFF\xFF\xFF\xFF",
    b"\xFF\xFF\xFF\x7F",
    b"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01",
    b"\x80\x80\x80\x80\x08",
    b"\x15",
    b"\x19",
    b"\x1C",
    b"\x18\x00",
    b"\x15\x00",
    b"\x15\x02",
    b"\xFC",
    b"\x00",
    b"\x01\x00\x00\x00",
];

pub(crate) const DATE_TOKENS: [&[u8]; 24] = [
    b"2024",
    b"-01",
    b"-13",
    b"-00",
    b"/",
    b".",
    b"T00:00:00Z",
    b" 23:59:59+14:00",
    b"+02:00",
    b"Jan",
    b"january",
    "\u{44f}\u{43d}\u{432}\u{430}\u{440}\u{44c}".as_bytes(),
    b"2024-W01",
    b"2024Q1",
    b"0000",
    b"9999-12-31",
    b"1706745600",
    b"1706745600000",
    b"45292",
    b"02/29/2023",
    b"31.12.2024",
    b"-",
    b" ",
    b"\n",
];

pub(crate) const NUMBER_TOKENS: [&[u8]; 16] =
    [b"e", b"E+", b"-", b"+", b".", b",", b"'", b"%", b"k", b"M", b"$", b"_", b" ", "\u{a0}".as_bytes(), b"\n", b"e308"];

pub(crate) const HOST_TOKENS: [&[u8]; 36] = [
    b"http://",
    b"https://",
    b"//",
    b"://",
    b"www.",
    b"WWW.",
    b"user:pass@",
    b"@",
    b":80",
    b":99999",
    b":",
    b"/",
    b"/path",
    b"?q=1",
    b"#f",
    b".",
    b"..",
    b"xn--",
    b"xn--p1ai",
    b"*.",
    b"_",
    b"[::1]",
    b"127.0.0.1",
    b"0x7f.1",
    b"%2e",
    b"%00",
    b"\\",
    b"co.uk",
    b" ",
    b"\n",
    "\u{3002}".as_bytes(),
    "\u{ff0e}".as_bytes(),
    "b\u{fc}cher".as_bytes(),
    "\u{440}\u{444}".as_bytes(),
    "\u{ad}".as_bytes(),
    "\u{200d}".as_bytes(),
];

/// An input of the corpus after some changes, of at most so many bytes.
pub(crate) fn mutated(draws: &mut Draws, corpus: &[Vec<u8>], tokens: &[&[u8]], most_bytes: usize) -> Vec<u8> {
    let mut input = corpus[draws.below(corpus.len())].clone();
    // Mostly few, since what is changed in many places is refused for the first of them.
    let most = 1 + draws.below(8);
    let changes = 1 + draws.below(most);
    for _ in 0..changes {
        change(draws, &mut input, corpus, tokens);
        input.truncate(most_bytes);
    }
    input
}

fn change(draws: &mut Draws, input: &mut Vec<u8>, corpus: &[Vec<u8>], tokens: &[&[u8]]) {
    let range = range(draws, input.len());
    match draws.below(14) {
        0 if !input.is_empty() => {
            let place = draws.below(input.len());
            input[place] ^= 1 << draws.below(8);
        }
        1 if !input.is_empty() => {
            let place = draws.below(input.len());
            input[place] = [0, 1, 0x7F, 0x80, 0xFF, b'"', b'\n', b','][draws.below(8)];
        }
        2 => drop(input.drain(range)),
        3 => input.truncate(range.start),
        4 => {
            let piece = input[range.clone()].to_vec();
            insert(input, range.end, &piece);
        }
        5 => {
            let piece = input[range.clone()].to_vec();
            let most = 1 << draws.below(12);
            let times = 1 + draws.below(most);
            insert(input, range.end, &piece.repeat(times.min(MOST_REPEATED / piece.len().max(1))));
        }
        6 | 7 => insert(input, range.start, token(draws, tokens)),
        8 => {
            let token = token(draws, tokens);
            input.splice(range, token.iter().copied());
        }
        9 => {
            let times = 1 << draws.below(17);
            let token = token(draws, tokens);
            insert(input, range.start, &token.repeat(times.min(MOST_REPEATED / token.len().max(1))));
        }
        10 | 11 => replace_number(draws, input),
        12 => {
            // The beginning of one and the end of another.
            let other = &corpus[draws.below(corpus.len())];
            let from = draws.below(other.len() + 1);
            input.truncate(range.start);
            input.extend_from_slice(&other[from..]);
        }
        _ => replace_integer(draws, input),
    }
}

/// A range of a few bytes, or of many.
fn range(draws: &mut Draws, length: usize) -> std::ops::Range<usize> {
    let start = draws.below(length + 1);
    let most = if draws.below(3) == 0 { length - start } else { (length - start).min(16) };
    start..start + draws.below(most + 1)
}

fn insert(input: &mut Vec<u8>, place: usize, piece: &[u8]) {
    input.splice(place..place, piece.iter().copied());
}

fn token<'a>(draws: &mut Draws, tokens: &[&'a [u8]]) -> &'a [u8] {
    match draws.below(4) {
        0 => NUMBERS[draws.below(NUMBERS.len())],
        1 => TEXTS[draws.below(TEXTS.len())],
        _ => tokens[draws.below(tokens.len())],
    }
}

/// Puts another number in the place of one of digits.
fn replace_number(draws: &mut Draws, input: &mut Vec<u8>) {
    let is_part = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
    let from = draws.below(input.len() + 1);
    let Some(start) = input[from..].iter().position(is_part).map(|start| from + start) else { return };
    let end = input[start..].iter().position(|byte| !is_part(byte)).map_or(input.len(), |end| start + end);
    input.splice(start..end, NUMBERS[draws.below(NUMBERS.len())].iter().copied());
}

/// Puts an edge of a binary integer in the place of four or eight bytes.
fn replace_integer(draws: &mut Draws, input: &mut [u8]) {
    let width = if draws.below(2) == 0 { 4 } else { 8 };
    let Some(last) = input.len().checked_sub(width) else { return };
    let place = draws.below(last + 1);
    let value = [0, 1, i64::MAX, i64::MIN, -1, i32::MAX.into(), i32::MIN.into(), 1 << 20, 1 << 28][draws.below(9)];
    input[place..place + width].copy_from_slice(&value.to_le_bytes()[..width]);
}

/// The same content as other programs would write it: in another encoding, compressed, or both; mostly as it is.
pub(crate) fn wrapped(draws: &mut Draws, input: Vec<u8>) -> Vec<u8> {
    let encoded = match draws.below(24) {
        0 => utf16(&input, true, u16::to_le_bytes),
        1 => utf16(&input, true, u16::to_be_bytes),
        2 => utf16(&input, false, u16::to_le_bytes),
        3 => utf16(&input, false, u16::to_be_bytes),
        4 => [b"\xEF\xBB\xBF", input.as_slice()].concat(),
        5 => String::from_utf8_lossy(&input).chars().map(|letter| letter as u8).collect(),
        _ => input,
    };
    let mut compressed = match draws.below(20) {
        0 => gzip(&encoded),
        1 => zstd::encode_all(encoded.as_slice(), 1).unwrap(),
        2 => gzip(&gzip(&encoded)),
        3 => [gzip(&encoded), gzip(&encoded)].concat(),
        _ => return encoded,
    };
    if draws.below(3) == 0 {
        change(draws, &mut compressed, &[Vec::new()], &[b""]);
    }
    compressed
}

fn utf16(input: &[u8], mark: bool, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    let mark = mark.then_some(0xFEFF);
    mark.into_iter().chain(String::from_utf8_lossy(input).encode_utf16()).flat_map(bytes).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
