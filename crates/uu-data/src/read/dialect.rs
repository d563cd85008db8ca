//! Where the header of a CSV file is, and what parts its cells.

use super::csv_rows::first_row;
use super::{Context, ReadError};

/// Lines in which a header is looked for.
const MOST_LINES: usize = 60;

const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// How a file is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    /// Bytes before the header.
    pub(super) skipped_bytes: usize,
    /// Lines before the header.
    pub(super) skipped_lines: u64,
    /// Lines before the header that say something.
    pub(super) reported_lines: u64,
}

impl Dialect {
    /// Looks at the beginning of a file: the header is the first line that names a date and an input; comments (`#`), a line `sep=;`, titles and
    /// empty lines before it are passed over. Where no line does, it is the first that is none of these.
    pub(super) fn of(head: &[u8], context: &Context) -> Self {
        let (mut offset, mut reported_lines, mut declared) = (0, 0, None);
        let mut first: Option<Self> = None;
        for skipped_lines in 0..MOST_LINES as u64 {
            let Some(line) = head.get(offset..).filter(|rest| !rest.is_empty()).map(first_line) else { break };
            let text = line.strip_prefix(super::format::BOM).unwrap_or(line).trim_ascii();
            if let Some(separator) = separator(text) {
                declared = Some(separator);
            } else if !text.is_empty() {
                let candidates = declared.map_or_else(|| candidates(&head[offset..]), |declared| vec![declared]);
                let header = candidates.iter().copied().find(|delimiter| is_header(&head[offset..], *delimiter, context));
                let delimiter = header.or(candidates.first().copied()).unwrap_or(b',');
                let here = Self { delimiter, skipped_bytes: offset, skipped_lines, reported_lines };
                // A name may begin with the mark of a comment: `#`, for the number of a row.
                if header.is_some() {
                    return here;
                }
                if !text.starts_with(b"#") {
                    first.get_or_insert(here);
                }
            }
            reported_lines += u64::from(!text.is_empty());
            offset += line.len();
        }
        first.unwrap_or(Self { delimiter: b',', skipped_bytes: 0, skipped_lines: 0, reported_lines: 0 })
    }

    /// Whether programs that write this dialect put points between thousands.
    pub(super) fn points_may_group(self) -> bool {
        matches!(self.delimiter, b';' | b'\t')
    }
}

/// The first line, with its end.
fn first_line(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|byte| *byte == b'\n').map_or(text.len(), |end| end + 1);
    &text[..end]
}

/// The delimiter that a line `sep=;` declares, as spreadsheets write it.
fn separator(line: &[u8]) -> Option<u8> {
    match line.trim_ascii_end().strip_prefix(b"\"").unwrap_or(line).get(..4)? {
        start if start.eq_ignore_ascii_case(b"sep=") => match line.iter().skip_while(|byte| **byte != b'=').nth(1) {
            Some(separator) if DELIMITERS.contains(separator) => Some(*separator),
            _ => Some(b'\t'),
        },
        _ => None,
    }
}

/// Delimiters that may part the cells of a text's first row, the likeliest first: one that gives the next row as many cells, since commas may
/// stand within the names of a header with tabs; then one that stands more often; of equals the earlier in the list.
fn candidates(text: &[u8]) -> Vec<u8> {
    let (first, rest) = text.split_at(row_end(text));
    let next = &rest[..row_end(rest)];
    let of_next = counts(next);
    let mut counted: Vec<(bool, usize, u8)> = counts(first)
        .into_iter()
        .zip(of_next)
        .zip(DELIMITERS)
        .map(|((count, next), delimiter)| (count == next, count, delimiter))
        .collect();
    counted.retain(|(_, count, _)| *count > 0);
    // The sort is stable.
    counted.sort_by_key(|(is_even, count, _)| std::cmp::Reverse((*is_even && !next.is_empty(), *count)));
    counted.into_iter().map(|(_, _, delimiter)| delimiter).collect()
}

/// How often each delimiter stands outside of quotes.
fn counts(row: &[u8]) -> [usize; DELIMITERS.len()] {
    let mut counts = [0usize; DELIMITERS.len()];
    let mut quoted = false;
    for byte in row {
        if *byte == b'"' {
            quoted = !quoted;
        } else if let Some(place) = DELIMITERS.iter().position(|delimiter| delimiter == byte).filter(|_| !quoted) {
            counts[place] += 1;
        }
    }
    counts
}

/// Where the first row ends, with its line break; a quote that nothing closes ends with its line.
fn row_end(text: &[u8]) -> usize {
    let mut quoted = false;
    for (place, byte) in text.iter().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => return place + 1,
            _ => {}
        }
    }
    if quoted { first_line(text).len() } else { text.len() }
}

fn is_header(text: &[u8], delimiter: u8, context: &Context) -> bool {
    // A header that names a field twice is one all the same, and refused as such.
    matches!(context.bind(&first_row(text, delimiter)), Ok(_) | Err(ReadError::DuplicateColumn { .. }))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::read::ReadOptions;

    fn dialect(text: &str) -> (char, u64) {
        let context = Context::new("test".into(), &ReadOptions::default());
        let dialect = Dialect::of(text.as_bytes(), &context);
        (dialect.delimiter as char, dialect.skipped_lines)
    }

    #[rstest]
    #[case("date,visits\n2024-12,5\n", (',', 0))]
    #[case("date;visits\n", (';', 0))]
    #[case("date\tvisits\n", ('\t', 0))]
    #[case("date|visits\n", ('|', 0))]
    #[case("\"site (host; no www; ..)\",date,visits\n", (',', 0))]
    #[case("\"a, b, c\";date;visits\n", (';', 0))]
    #[case("# a; b; c\n# d\n\ndate,visits\n", (',', 3))]
    #[case("sep=;\ndate;visits\n", (';', 1))]
    #[case("\u{feff}SEP=;\r\ndate;visits\r\n", (';', 1))]
    #[case("Traffic report\nDecember, 2024\n\ndate;visits\n", (';', 3))]
    #[case("\"pages\nper visit\",date,visits\n", (',', 0))]
    #[case("#,site,date,visits\n1,a.com,2024-12,5\n", (',', 0))]
    #[case("#site\tdate\tvisits\n", ('\t', 0))]
    #[case("# made 2024-12-01, by hand\n#site,date,visits\n", (',', 1))]
    #[case("Traffic; report\nsite,date,visits,Visits\n", (',', 1))]
    #[case("day,number\n2024-12,5\n", (',', 0))]
    #[case("date\tsite\tvisits\tnotes (a, b, c, d)\n2024-12\ta.com\t5\tx\n", ('\t', 0))]
    #[case("date;rank;users (all, in thousands, rounded)\n2024-12;5;7\n", (';', 0))]
    #[case("date\tvisits\tnotes, date, visits, rank\n2024-12\t5\tx\n", ('\t', 0))]
    #[case("month name\tvisits (a, b, c)\nMay\t5\n", ('\t', 0))]
    #[case("date,visits,note; a; b; c; d\n2024-12,5,x\n", (',', 0))]
    #[case("date,visits,note\n2024-12,5,a;b;c\n", (',', 0))]
    #[case("\"pages\nper visit\";date;visits\n1;2024-12;5\n", (';', 0))]
    #[case("date,visits,size 5\" and more\n2024-12,5,x\n", (',', 0))]
    #[case("", (',', 0))]
    fn the_header_and_its_delimiter_are_found(#[case] text: &str, #[case] expected: (char, u64)) {
        assert_eq!(dialect(text), expected, "{text}");
    }
}
