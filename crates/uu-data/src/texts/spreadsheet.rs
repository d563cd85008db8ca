//! Cells that a spreadsheet would take for formulas, and run.

/// What formulas begin with, the wide forms of some keyboards included; a spreadsheet passes over tabs and line breaks before them.
const SIGNS: [&str; 11] = ["=", "+", "-", "@", "\t", "\r", "\n", "\u{ff1d}", "\u{ff0b}", "\u{ff0d}", "\u{ff20}"];

/// Puts an apostrophe before what was appended since `start`, if it would be a formula.
pub(crate) fn guard_from(start: usize, out: &mut Vec<u8>) {
    if is_formula(&out[start..]) {
        out.insert(start, b'\'');
    }
}

fn is_formula(cell: &[u8]) -> bool {
    let blanks = cell.iter().take_while(|byte| **byte == b' ').count();
    let cell = &cell[blanks..];
    SIGNS.iter().any(|sign| cell.starts_with(sign.as_bytes())) && !is_number(cell)
}

/// Whether a cell that begins with a sign is a number, in whatever way its decimals and thousands are parted.
fn is_number(cell: &[u8]) -> bool {
    let Some((b'+' | b'-', number)) = cell.split_first() else { return false };
    let (mantissa, exponent) = match number.iter().position(|byte| matches!(byte, b'e' | b'E')) {
        Some(place) => (&number[..place], Some(&number[place + 1..])),
        None => (number, None),
    };
    let digits = |bytes: &[u8]| !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit);
    let unsigned = |exponent: &[u8]| digits(exponent.strip_prefix(b"-").or(exponent.strip_prefix(b"+")).unwrap_or(exponent));
    let is_part = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'.' | b',');
    mantissa.iter().any(u8::is_ascii_digit) && mantissa.iter().all(is_part) && exponent.is_none_or(unsigned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("=1+1", true)]
    #[case("=cmd|' /C calc'!A0", true)]
    #[case("+SUM(A1)", true)]
    #[case("-1+1", true)]
    #[case("-cmd", true)]
    #[case("-", true)]
    #[case("--1", true)]
    #[case("-1e", true)]
    #[case("-.", true)]
    #[case("-inf", true)]
    #[case("@SUM(A1)", true)]
    #[case("\t=1", true)]
    #[case("\r=1", true)]
    #[case("\n=1", true)]
    #[case(" =1", true)]
    #[case("\u{ff1d}1+1", true)]
    #[case("-5", false)]
    #[case("+1.5", false)]
    #[case("-1e-9", false)]
    #[case("-1.234,5", false)]
    #[case(" -5", false)]
    #[case("example.com", false)]
    #[case("a=1", false)]
    #[case("'=1", false)]
    #[case("", false)]
    #[case("5-1", false)]
    fn formulas_are_told_from_numbers_and_texts(#[case] cell: &str, #[case] expected: bool) {
        assert_eq!(is_formula(cell.as_bytes()), expected, "{cell:?}");
        let mut out = [b"x,", cell.as_bytes()].concat();
        guard_from(2, &mut out);
        let written = String::from_utf8(out).unwrap();
        assert_eq!(written, if expected { format!("x,'{cell}") } else { format!("x,{cell}") });
    }
}
