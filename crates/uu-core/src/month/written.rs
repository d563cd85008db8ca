//! The forms in which a date is read: those that can mean one month only.

use super::Month;

const NAMES: [&str; 12] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];

/// Years that digits without separators may begin with: others are something else.
const YEARS: std::ops::RangeInclusive<u32> = 1900..=2199;

/// The month a text means.
pub(super) fn read(text: &str) -> Option<Month> {
    read_day(text).map(|(month, _)| month)
}

/// The day of the month that a date names, where it is a date and names one.
#[must_use]
pub fn day_of(text: &str) -> Option<(Month, u32)> {
    read_day(text.trim()).and_then(|(month, day)| Some((month, day?)))
}

fn read_day(text: &str) -> Option<(Month, Option<u32>)> {
    match text.as_bytes() {
        // The product's own form, and by far the commonest.
        [year @ .., b'-', m1, m2, b'-', d1, d2] if year.len() == 4 => {
            let month = Month::new(of_digits(year)?, of_digits(&[*m1, *m2])?)?;
            Some((month, Some(of_month(month, of_digits(&[*d1, *d2])?)?)))
        }
        [_, _, _, _, b'-', b'0'..=b'9', ..] => separated(text, '-'),
        [_, _, _, _, b'/', b'0'..=b'9', ..] => separated(text, '/'),
        [_, _, _, _, b'.', b'0'..=b'9', ..] => separated(text, '.').filter(|(_, day)| day.is_some()),
        bytes if matches!(bytes.len(), 6 | 8) && bytes.iter().all(u8::is_ascii_digit) => compact(text),
        [_, _, _, _, _, _, _, _, b'T', ..] if text.as_bytes()[..8].iter().all(u8::is_ascii_digit) => {
            compact(&text[..8]).filter(|_| is_time(&text[8..]))
        }
        _ => named(text),
    }
}

/// `2018-12`, `2018-12-01`, `2018-12-01T00:00`.
fn separated(text: &str, separator: char) -> Option<(Month, Option<u32>)> {
    let year = number(text.get(..4)?, 4..=4)?;
    let rest = text.get(5..)?;
    let Some((month, rest)) = rest.split_once(separator) else { return Some((Month::new(year, number(rest, 1..=2)?)?, None)) };
    let (day, time) = rest.split_at(rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len()));
    let month = Month::new(year, number(month, 1..=2)?)?;
    let day = of_month(month, number(day, 1..=2)?)?;
    (time.is_empty() || is_time(time)).then_some((month, Some(day)))
}

/// `201812`, `20181201`.
fn compact(text: &str) -> Option<(Month, Option<u32>)> {
    let year = number(&text[..4], 4..=4).filter(|year| YEARS.contains(year))?;
    let month = Month::new(year, number(&text[4..6], 2..=2)?)?;
    let day = if text.len() == 8 { Some(of_month(month, number(&text[6..], 2..=2)?)?) } else { None };
    Some((month, day))
}

/// `Dec 2018`, `1 December 2018`, `Dec 1, 2018`, `2018-Dec`: a name, a year of four digits, and perhaps a day.
fn named(text: &str) -> Option<(Month, Option<u32>)> {
    const LONGEST: usize = 24;
    if text.len() > LONGEST || !text.is_ascii() {
        return None;
    }
    let mut words = text.split([' ', '-', ',', '/', '.']).filter(|word| !word.is_empty());
    let (mut name, mut year, mut day) = (None, None, None);
    for word in words.by_ref().take(4) {
        let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
        let place = if !is_number {
            &mut name
        } else if word.len() == 4 {
            &mut year
        } else {
            &mut day
        };
        if place.replace(word).is_some() {
            return None;
        }
    }
    let name = name?.to_ascii_lowercase();
    let index = NAMES.iter().position(|full| *full == name || (full.starts_with(&name) && (name.len() == 3 || name == "sept")))?;
    let month = Month::new(number(year?, 4..=4)?, index as u32 + 1)?;
    let day = match day {
        Some(day) => Some(of_month(month, number(day, 1..=2)?)?),
        None => None,
    };
    Some((month, day))
}

/// The number that bytes spell which are all digits.
fn of_digits(bytes: &[u8]) -> Option<u32> {
    bytes.iter().try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0')))
}

fn of_month(month: Month, day: u32) -> Option<u32> {
    (1..=month.days()).contains(&day).then_some(day)
}

fn number(digits: &str, lengths: std::ops::RangeInclusive<usize>) -> Option<u32> {
    lengths.contains(&digits.len()).then(|| of_digits(digits.as_bytes())).flatten()
}

/// What follows a day: `T` or blanks, hours and minutes, perhaps seconds with a fraction, perhaps the half of the day, an offset or a zone.
fn is_time(text: &str) -> bool {
    let Some(text) = text.strip_prefix(['T', 't', ' ']).map(str::trim_start) else { return false };
    let end = text.find(|letter: char| !matches!(letter, '0'..='9' | ':' | '.' | ',')).unwrap_or(text.len());
    let (clock, rest) = text.split_at(end);
    let rest = rest.trim_start();
    match after_half(rest) {
        Some(zone) => is_clock(clock, 1..=12) && is_zone(zone.trim_start()),
        // 24:00 is an instant of the next day, which may be one of the next month.
        None => is_clock(clock, 0..=23) && is_zone(rest),
    }
}

/// What stands behind `AM` or `PM`.
fn after_half(text: &str) -> Option<&str> {
    let (half, rest) = text.split_at_checked(2)?;
    let is_half = half.eq_ignore_ascii_case("am") || half.eq_ignore_ascii_case("pm");
    (is_half && !rest.starts_with(|letter: char| letter.is_ascii_alphanumeric())).then_some(rest)
}

/// `0:00`, `00:00:00.000`, and `000000` as basic ISO 8601 has it.
fn is_clock(text: &str, hours: std::ops::RangeInclusive<u32>) -> bool {
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, "0"));
    let basic = [whole.get(..2), whole.get(2..4), whole.get(4..6)];
    let is_basic = matches!(whole.len(), 4 | 6) && !whole.contains(':');
    let parts: Vec<&str> = if is_basic { basic.into_iter().flatten().collect() } else { whole.split(':').collect() };
    let mut parts = parts.into_iter();
    let hours = parts.next().map(|part| number(part, 1..=2).is_some_and(|number| hours.contains(&number)));
    let mut within = |most: u32| parts.next().map(|part| number(part, 2..=2).is_some_and(|number| number <= most));
    let (minutes, seconds) = (within(59), within(60));
    hours == Some(true)
        && minutes != Some(false)
        && seconds != Some(false)
        && parts.next().is_none()
        && !fraction.is_empty()
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
}

/// `Z`, `UTC`, `CET`, `+03:00`, `-0500`, `+03`, each perhaps with the zone's name in brackets; and `+0300 MSK`, as Go writes it.
fn is_zone(text: &str) -> bool {
    let (offset, name) = text.split_once('[').map_or((text, None), |(offset, name)| (offset.trim_end(), Some(name)));
    let is_name = |name: &str| {
        name.strip_suffix(']')
            .is_some_and(|name| !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "/_+-".contains(letter)))
    };
    // Go adds the reading of a clock that only runs forward.
    let offset = offset.split_once(" m=").map_or(offset, |(offset, _)| offset);
    let is_known = match offset.split_once(' ') {
        Some((offset, zone)) => is_offset(offset) && (is_offset(zone) || is_abbreviation(zone)),
        None => matches!(offset, "" | "Z" | "z") || is_offset(offset) || is_abbreviation(offset),
    };
    is_known && name.is_none_or(is_name)
}

fn is_offset(text: &str) -> bool {
    text.strip_prefix(['+', '-']).is_some_and(|digits| {
        let digits = digits.replacen(':', "", 1);
        matches!(digits.len(), 2 | 4) && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// `UTC`, `CET`, `AKST`: short names of time zones.
fn is_abbreviation(text: &str) -> bool {
    (3..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase())
}
