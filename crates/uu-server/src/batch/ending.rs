//! How an answer ends that was cut off: with the reason, in the form of its format.

use uu_data::read::Format;

use crate::problem::Problem;

/// What a cut-off answer ends with: `# error: ..` in CSV, an object with the key `error` in JSON, nothing in Parquet, which nobody reads without its end.
///
/// `last` is the byte before it.
pub(super) fn reason(format: Format, last: u8, problem: Problem) -> Vec<u8> {
    let mut bytes = Vec::new();
    match format {
        Format::Parquet => return bytes,
        Format::Json | Format::Nested if last == b'}' => bytes.extend_from_slice(b",\n"),
        Format::Csv | Format::Ndjson if last != b'\n' => bytes.push(b'\n'),
        _ => {}
    }
    if format == Format::Csv {
        bytes.extend_from_slice(b"# error: ");
        bytes.extend_from_slice(problem.line().as_bytes());
    } else {
        bytes.extend_from_slice(b"{\"error\":");
        bytes.extend_from_slice(&problem.into_json());
        bytes.push(b'}');
    }
    bytes.push(b'\n');
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Kind;
    use rstest::rstest;

    #[rstest]
    #[case(Format::Csv, b'\n', "# error: why\\nnot\n")]
    #[case(Format::Csv, b'3', "\n# error: why\\nnot\n")]
    #[case(Format::Parquet, b'3', "")]
    fn the_reason_is_one_line_of_its_own(#[case] format: Format, #[case] last: u8, #[case] expected: &str) {
        let bytes = reason(format, last, Problem::new(Kind::MalformedBody, "why\nnot"));
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
    }

    #[rstest]
    #[case(Format::Ndjson, b'}', "\n{\"error\":{")]
    #[case(Format::Json, b'}', ",\n{\"error\":{")]
    #[case(Format::Json, b'\n', "{\"error\":{")]
    fn in_json_it_is_an_element_of_its_own(#[case] format: Format, #[case] last: u8, #[case] begins: &str) {
        let bytes = reason(format, last, Problem::new(Kind::MalformedBody, "why"));
        assert!(String::from_utf8(bytes).unwrap().starts_with(begins));
    }
}
