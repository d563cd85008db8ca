//! The way out of a fault, in terms of the value that was found.

use std::borrow::Cow;

use crate::names::trimmed;
use crate::{Fault, FaultField, FaultRule, Field, Month};

impl Fault {
    /// A hint at the way out, where the fault suggests one.
    #[must_use]
    pub fn hint(&self) -> Option<Cow<'static, str>> {
        let found = self.found.trim_matches('`');
        match (self.rule, &self.field) {
            (FaultRule::OutOfRange, FaultField::Field(Field::BounceRate)) if found != "-1" => {
                Some("the bounce rate is in percent; if the file has a fraction, pass `--bounce-rate-unit fraction`".into())
            }
            (FaultRule::OutOfRange, _) if found == "-1" => Some("leave the value empty (or null) where it is unknown".into()),
            (FaultRule::NotANumber, field) => Some(self.number_hint(field, found)),
            (FaultRule::BadDate, _) => date_hint(found),
            (FaultRule::SeveralSites, _) => Some("send one request for each site, or use the batch".into()),
            _ => None,
        }
    }

    fn number_hint(&self, field: &FaultField, found: &str) -> Cow<'static, str> {
        if let Some(number) = found.strip_suffix('%').map(str::trim).and_then(|text| text.replace(',', ".").parse::<f64>().ok()) {
            return format!("write percent without the sign: {number}").into();
        }
        if let Some(seconds) = clock_seconds(found) {
            return format!("write seconds: {seconds}").into();
        }
        if let Some(number) = without_groups(found) {
            let for_all = if found.contains('.') { "; for a whole file, pass `--decimal comma` (`decimal=comma`)" } else { "" };
            return format!("write numbers without separators: {number}{for_all}").into();
        }
        if let Some(number) = decimal_comma(found) {
            return format!("write numbers with a decimal point: {number}; for a whole file, pass `--decimal comma` (`decimal=comma`)")
                .into();
        }
        if let Some(number) = with_suffix(found) {
            return format!("write numbers in full: {number}").into();
        }
        match field {
            FaultField::Field(Field::BounceRate) => {
                "give percent without the sign, 0 to 100; leave the value empty (or null) where it is unknown".into()
            }
            FaultField::Field(Field::AvgVisitDuration) => "give seconds; leave the value empty (or null) where it is unknown".into(),
            _ => "leave the value empty (or null) where it is unknown; write numbers without separators".into(),
        }
    }
}

/// What the points of a number are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Points {
    /// One decimal point: `87.5`.
    Decimal,
    /// One point with three digits behind it, a decimal number to one reader and thousands to another: `250.000`.
    Either,
    /// Points between thousands: `1.234.567`.
    Thousands,
}

impl Points {
    /// What the points of a text are; `None` where it has none or is no number.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let text = trimmed(text);
        let (whole, groups) = text.split_once('.')?;
        let is_grouped = (1..=3).contains(&whole.len())
            && digits(whole)
            && !whole.starts_with('0')
            && groups.split('.').all(|group| group.len() == 3 && digits(group));
        match is_grouped {
            true if groups.contains('.') => Some(Self::Thousands),
            true => Some(Self::Either),
            false => text.parse::<f64>().is_ok().then_some(Self::Decimal),
        }
    }
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `03:21` and `00:03:21` in seconds; `3m 21s` and `3min21s` too.
fn clock_seconds(text: &str) -> Option<u64> {
    if text.contains(':') {
        let parts: Vec<&str> = text.split(':').collect();
        let is_clock = matches!(parts.len(), 2 | 3) && parts.iter().all(|part| digits(part) && part.len() <= 3);
        return is_clock.then(|| parts.iter().fold(0, |seconds, part| seconds * 60 + part.parse::<u64>().unwrap_or(0)));
    }
    let mut seconds = 0;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = rest.find(|letter: char| !letter.is_ascii_digit()).filter(|end| (1..=6).contains(end))?;
        let (count, unit) = (rest[..end].parse::<u64>().ok()?, rest[end..].trim_start());
        let (factor, after) = [("hours", 3_600), ("h", 3_600), ("min", 60), ("m", 60), ("sec", 1), ("s", 1)]
            .into_iter()
            .find_map(|(name, factor)| unit.strip_prefix(name).map(|after| (factor, after)))?;
        seconds += count * factor;
        rest = after.trim_start();
    }
    (seconds > 0).then_some(seconds)
}

/// The number that `1,234,567`, `1 234 567`, `1.234.567` and `1'234'567` stand for.
fn without_groups(text: &str) -> Option<String> {
    for separator in [',', ' ', '\u{a0}', '\u{202f}', '\u{2009}', '\'', '\u{2019}', '_', '.'] {
        let groups: Vec<&str> = text.split(separator).collect();
        let is_number = groups.len() > 1
            && (1..=3).contains(&groups[0].len())
            && groups[1..].iter().all(|group| group.len() == 3)
            && groups.iter().all(|group| digits(group));
        if is_number && (groups.len() > 2 || separator != '.') {
            return Some(groups.concat());
        }
    }
    None
}

fn decimal_comma(text: &str) -> Option<String> {
    let (whole, fraction) = text.rsplit_once(',')?;
    let whole = whole.replace(['.', ' ', '\u{a0}', '\u{202f}', '\''], "");
    (digits(whole.trim_start_matches('-')) && digits(fraction)).then(|| format!("{whole}.{fraction}"))
}

/// The number that `12k` and `1.2M` stand for.
fn with_suffix(text: &str) -> Option<String> {
    let (suffix, factor) =
        [("k", 1e3), ("K", 1e3), ("M", 1e6), ("m", 1e6), ("B", 1e9), ("bn", 1e9)].into_iter().find(|(suffix, _)| text.ends_with(suffix))?;
    let number = text.strip_suffix(suffix)?.trim().parse::<f64>().ok().filter(|number| number.is_finite() && number.abs() < 1e6)?;
    Some((number * factor).round().to_string())
}

/// What a text that is no date seems to be.
fn date_hint(found: &str) -> Option<Cow<'static, str>> {
    const SECONDS_PER_DAY: f64 = 86_400.0;
    /// Days from the spreadsheets' day zero to 1970-01-01.
    const SERIAL_1970: f64 = 25_569.0;
    if let Ok(number) = found.parse::<f64>() {
        let seconds = [1.0, 1e3, 1e6, 1e9].map(|unit| number / unit);
        let named = ["seconds", "milliseconds", "microseconds", "nanoseconds"];
        // From 1990 to 2100.
        let since = seconds.into_iter().zip(named).find(|(seconds, _)| (631_152_000.0..4_102_444_800.0).contains(seconds));
        let (day, what) = match since {
            Some((seconds, unit)) => (seconds / SECONDS_PER_DAY, format!("{unit} since 1970")),
            // From 1990 to 2100, too.
            None if (32_874.0..73_051.0).contains(&number) => (number - SERIAL_1970, "a spreadsheet's number of a day".to_owned()),
            None => return None,
        };
        let month = Month::of_day_since_1970(day.floor() as i64)?;
        return Some(format!("that looks like {what}: write `{:04}-{:02}`", month.year(), month.month_of_year()).into());
    }
    let parts: Vec<&str> = found.split(['/', '.', '-']).collect();
    if let [_, _, year] = parts[..]
        && parts.iter().all(|part| digits(part))
        && matches!(year.len(), 2 | 4)
    {
        return Some("day and month can be mistaken for each other: write the year first, like `2018-12-01`".into());
    }
    (found == "nothing").then_some(Cow::Borrowed("each row needs the month it is of"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn hint(rule: FaultRule, field: Field, found: &str) -> String {
        let fault = Fault { rule, field: FaultField::Field(field), found: format!("`{found}`"), expected: "".into() };
        fault.hint().unwrap_or_default().into_owned()
    }

    #[rstest]
    #[case(Field::BounceRate, "52%", "write percent without the sign: 52")]
    #[case(Field::BounceRate, "52,5 %", "write percent without the sign: 52.5")]
    #[case(Field::AvgVisitDuration, "00:03:21", "write seconds: 201")]
    #[case(Field::AvgVisitDuration, "3:12", "write seconds: 192")]
    #[case(Field::AvgVisitDuration, "3m 12s", "write seconds: 192")]
    #[case(Field::AvgVisitDuration, "1h 2min", "write seconds: 3720")]
    #[case(Field::Visits, "1,234,567", "write numbers without separators: 1234567")]
    #[case(Field::Visits, "1 234", "write numbers without separators: 1234")]
    #[case(
        Field::Visits,
        "1.234.567",
        "write numbers without separators: 1234567; for a whole file, pass `--decimal comma` (`decimal=comma`)"
    )]
    #[case(
        Field::PagesPerVisit,
        "3,1",
        "write numbers with a decimal point: 3.1; for a whole file, pass `--decimal comma` (`decimal=comma`)"
    )]
    #[case(Field::Visits, "12k", "write numbers in full: 12000")]
    #[case(Field::Visits, "1.2M", "write numbers in full: 1200000")]
    #[case(Field::AvgVisitDuration, "long", "give seconds; leave the value empty (or null) where it is unknown")]
    fn a_number_hint_fits_the_value(#[case] field: Field, #[case] found: &str, #[case] expected: &str) {
        assert_eq!(hint(FaultRule::NotANumber, field, found), expected);
    }

    #[rstest]
    #[case("1733011200000", "that looks like milliseconds since 1970: write `2024-12`")]
    #[case("1733011200", "that looks like seconds since 1970: write `2024-12`")]
    #[case("45627", "that looks like a spreadsheet's number of a day: write `2024-12`")]
    #[case("12/1/2024", "day and month can be mistaken for each other: write the year first, like `2018-12-01`")]
    #[case("yesterday", "")]
    fn a_date_hint_says_what_was_given(#[case] found: &str, #[case] expected: &str) {
        assert_eq!(hint(FaultRule::BadDate, Field::Date, found), expected);
    }

    #[test]
    fn points_are_known_by_the_digits_around_them() {
        let all = |texts: &[&str], points: Option<Points>| texts.iter().all(|text| Points::of(text) == points);
        assert!(all(&["1.234", "250.000", " 12.345 "], Some(Points::Either)));
        assert!(all(&["1.234.567", "12.345.678.901"], Some(Points::Thousands)));
        assert!(all(&["1.2", "0.123", "1234.567", "1.2345", ".123", "-1.234", "1.5e6"], Some(Points::Decimal)));
        assert!(all(&["1234", "", "n.a.", "a.com", "1.23.456", "1.234.5678", "1.234,5"], None));
    }
}
