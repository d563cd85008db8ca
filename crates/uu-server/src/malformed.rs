//! Bodies that are no JSON, or not of the form that is expected: what is wrong, where, and the way out.

use uu_core::{is_missing_marker, nearest};

use crate::problem::{Kind, Problem, shortened};

/// What the JSON body of a route should be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected {
    /// In words.
    pub(crate) words: &'static str,
    /// As an example.
    pub(crate) example: &'static str,
    /// The way out for a list.
    pub(crate) list_hint: &'static str,
}

/// The body of `/predict`.
pub(crate) const MONTHS: Expected = Expected {
    words: "an object keyed by date",
    example: r#"{"2018-12-01": {"visits": 1000000}}"#,
    list_hint: r#"send a list of rows to `/predict/batch`: [{"date": "2018-12", "visits": 1000000}]"#,
};

/// The body of `/observations`.
pub(crate) const OBSERVED: Expected = Expected {
    words: "an object keyed by date",
    example: r#"{"2018-12-01": {"domain": "example.com", "visits": 1000000, "uniqueUsers": 420000}}"#,
    list_hint: "send a list of rows with their `unique_users` to `/retrain`",
};

/// A body that is no JSON, or not of the form that is expected.
pub(crate) fn malformed(text: &str, error: &serde_json::Error, expected: Expected) -> Problem {
    let Expected { words, example, list_hint } = expected;
    let problem = |detail: String| Problem::new(Kind::MalformedBody, detail);
    let Some(first) = text.trim_start().bytes().next() else {
        return problem(format!("the body is empty, expected {words}: {example}"));
    };
    if error.is_data() && first != b'{' {
        let hint = if first == b'[' { list_hint.to_owned() } else { format!("write {example}") };
        return problem(format!("expected {words}, got {}; hint: {hint}", kind_of(first)));
    }
    if let Some(token) = (!error.is_eof()).then(|| bad_token(text, error)).flatten() {
        let (line, column) = place_of(text, token.start);
        let detail = if token.depth == 0 {
            format!("{}; expected {words}: {example}", token.detail())
        } else {
            format!("{}{}", token.detail(), token.of_key())
        };
        return problem(detail).at(line, column);
    }
    let cause = error.to_string();
    // The place is a field of its own.
    let cause = cause.rsplit_once(" at line ").map_or(cause.as_str(), |(cause, _)| cause);
    let detail = if error.is_eof() { format!("the JSON ends early: {cause}") } else { with_near_name(cause) };
    problem(detail).at(error.line(), error.column())
}

fn kind_of(first: u8) -> &'static str {
    match first {
        b'[' => "a list",
        b'"' => "a text",
        b't' | b'f' => "a boolean",
        b'n' => "null",
        _ => "a number",
    }
}

/// What serde says of an unknown key, with the known one that is spelled most like it.
fn with_near_name(cause: &str) -> String {
    let near = cause.strip_prefix("unknown field `").and_then(|rest| {
        let (found, known) = rest.split_once('`')?;
        nearest(found, known.split('`').skip(1).step_by(2))
    });
    near.map_or_else(|| cause.to_owned(), |near| format!("{cause}; did you mean `{near}`?"))
}

/// A word outside of quotes that JSON does not have.
#[derive(Debug, PartialEq)]
struct BadToken<'t> {
    token: &'t str,
    start: usize,
    /// How many objects and lists it stands in.
    depth: usize,
    /// The outer two of the keys it stands under, quotes included.
    keys: [Option<&'t str>; 2],
}

impl BadToken<'_> {
    fn detail(&self) -> String {
        let shown = shortened(self.token);
        let word = self.token.to_ascii_lowercase();
        if matches!(word.as_str(), "true" | "false") {
            return format!("`{shown}` is not JSON; write `{word}`");
        }
        if is_missing_marker(self.token) || matches!(word.trim_start_matches(['-', '+']), "infinity" | "inf" | "nan") {
            return format!("`{shown}` is not JSON; write null where a value is unknown");
        }
        match self.token.as_bytes().first() {
            Some(b'0'..=b'9' | b'+' | b'-' | b'.') => format!("`{shown}` is not a number in JSON; write numbers like 1000 and 0.5"),
            Some(b'/') => format!("`{shown}` is not JSON, which has no comments"),
            _ => format!("`{shown}` is not JSON; keys and texts stand in double quotes"),
        }
    }

    fn of_key(&self) -> String {
        let bare = |key: &str| shortened(key.trim_matches('"'));
        match self.keys {
            [Some(month), Some(key)] => format!(" (`{}` of `{}`)", bare(key), bare(month)),
            [Some(key), None] | [None, Some(key)] => format!(" (`{}`)", bare(key)),
            [None, None] => String::new(),
        }
    }
}

/// The first word that JSON does not have, up to the place where reading failed.
fn bad_token<'t>(text: &'t str, error: &serde_json::Error) -> Option<BadToken<'t>> {
    let bytes = text.as_bytes();
    let end = offset_of(text, error.line(), error.column());
    let (mut at, mut depth) = (0, 0usize);
    let (mut keys, mut last_text) = ([None; 2], None);
    while at < bytes.len() && at <= end {
        match bytes[at] {
            b'"' => {
                let length = quoted_length(&bytes[at..])?;
                last_text = text.get(at..at + length);
                at += length;
                continue;
            }
            b':' if (1..=2).contains(&depth) => keys[depth - 1] = last_text,
            b'{' | b'[' => {
                depth += 1;
                if depth == 2 {
                    keys[1] = None;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 1 => keys = [None; 2],
            b',' if depth == 2 => keys[1] = None,
            byte if byte.is_ascii_whitespace() || matches!(byte, b':' | b',') => {}
            _ => {
                let length = bytes[at..].iter().position(|byte| is_delimiter(*byte)).unwrap_or(bytes.len() - at);
                let token = text.get(at..at + length)?;
                if !matches!(token, "true" | "false" | "null") && !is_number(token) {
                    return Some(BadToken { token, start: at, depth, keys });
                }
                at += length;
                continue;
            }
        }
        at += 1;
    }
    None
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b',' | b':' | b'{' | b'}' | b'[' | b']' | b'"') || byte.is_ascii_whitespace()
}

/// Bytes of the text in quotes that begins there; `None` where it has no end.
fn quoted_length(bytes: &[u8]) -> Option<usize> {
    let mut escaped = false;
    for (index, byte) in bytes.iter().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(index + 1),
            _ => {}
        }
    }
    None
}

/// Whether it is a number by the grammar of JSON, however large.
fn is_number(token: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = token.strip_prefix('-').unwrap_or(token);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).map_or((unsigned, None), |(mantissa, exponent)| (mantissa, Some(exponent)));
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(whole, fraction)| (whole, Some(fraction)));
    digits(whole)
        && (whole.len() == 1 || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}

fn offset_of(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    before + column
}

fn place_of(text: &str, offset: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..offset];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    (line, before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn token_of(text: &str) -> Option<String> {
        let error = serde_json::from_str::<serde_json::Value>(text).unwrap_err();
        bad_token(text, &error).map(|token| format!("{}{}", token.detail(), token.of_key()))
    }

    #[rstest]
    #[case(r#"{"2018-12": {"visits": NaN}}"#, "`NaN` is not JSON; write null where a value is unknown (`visits` of `2018-12`)")]
    #[case(r#"{"visits": -Infinity}"#, "`-Infinity` is not JSON; write null where a value is unknown (`visits`)")]
    #[case(r#"{"a": 1, "b": undefined}"#, "`undefined` is not JSON; write null where a value is unknown (`b`)")]
    #[case(r#"{"a": None}"#, "`None` is not JSON; write null where a value is unknown (`a`)")]
    #[case(r#"[{"b": 1}, {"a": nan}]"#, "`nan` is not JSON; write null where a value is unknown (`a`)")]
    #[case(r#"[1, nan]"#, "`nan` is not JSON; write null where a value is unknown")]
    #[case(r#"{"a \" : NaN": 1, "b": NULL}"#, "`NULL` is not JSON; write null where a value is unknown (`b`)")]
    #[case(r#"{"a": True}"#, "`True` is not JSON; write `true` (`a`)")]
    #[case(r#"{"a": 01}"#, "`01` is not a number in JSON; write numbers like 1000 and 0.5 (`a`)")]
    #[case(r#"{"a": .5}"#, "`.5` is not a number in JSON; write numbers like 1000 and 0.5 (`a`)")]
    #[case("{'a': 1}", "`'a'` is not JSON; keys and texts stand in double quotes")]
    #[case("{visits: 1}", "`visits` is not JSON; keys and texts stand in double quotes")]
    #[case("{\n// why\n\"a\": 1}", "`//` is not JSON, which has no comments")]
    fn a_word_that_json_does_not_have_is_named_with_its_key(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(token_of(text).as_deref(), Some(expected));
    }

    #[rstest]
    #[case(r#"{"a": 1e400, "b": 1,}"#)]
    #[case(r#"{"a": "NaN" "b"}"#)]
    #[case(r#"{"a" 1}"#)]
    #[case(r#"{} {}"#)]
    fn other_faults_are_left_to_their_own_words(#[case] text: &str) {
        assert_eq!(token_of(text), None);
    }

    #[test]
    fn the_place_is_that_of_the_word() {
        let text = "{\"2018-12\": {\n  \"visits\": NaN}}";
        let error = serde_json::from_str::<serde_json::Value>(text).unwrap_err();
        assert_eq!(place_of(text, bad_token(text, &error).unwrap().start), (2, 13));
    }
}
