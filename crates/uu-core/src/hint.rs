//! The way out of a fault, in terms of the value that was found.

use std::borrow::Cow;

use crate::date_hint::{date_hint, digits};
use crate::fault::TEXT_IN_UTF8;
use crate::names::trimmed;
use crate::{BounceRateUnit, Fault, FaultField, FaultRule, Field};

/// The way out where bytes are no UTF-8.
pub const SAVE_AS_UTF8: &str = "save the file as UTF-8 (spreadsheet programs call it `CSV UTF-8`), or convert it, for instance with `iconv -f WINDOWS-1252 -t UTF-8` (`WINDOWS-1251` where its letters are Cyrillic)";

const LEAVE_EMPTY: &str = "leave the value empty (or null) where it is unknown";

/// What a hint for a single value ends with before it speaks of a whole file.
const FOR_A_FILE: &str = "; for a whole file, pass `--decimal comma` (`decimal=comma`)";

impl Fault {
    /// A hint at the way out, where the fault suggests one.
    #[must_use]
    pub fn hint(&self) -> Option<Cow<'static, str>> {
        let found = self.found.trim_matches('`');
        match (self.rule, &self.field) {
            (FaultRule::OutOfRange, FaultField::Field(Field::BounceRate)) => self.rate_hint(found),
            (FaultRule::OutOfRange, _) if found == "-1" => Some(LEAVE_EMPTY.into()),
            (FaultRule::NotANumber, field) => Some(self.number_hint(field, found)),
            (FaultRule::BadDate, _) => date_hint(found),
            (FaultRule::MalformedRow, _) if self.expected == TEXT_IN_UTF8 => Some(SAVE_AS_UTF8.into()),
            (FaultRule::SeveralSites, _) => Some("send one request for each site, or use the batch".into()),
            _ => None,
        }
    }

    /// No unit makes a rate of less than 0, and one that was declared is not asked for again.
    fn rate_hint(&self, found: &str) -> Option<Cow<'static, str>> {
        if found.starts_with('-') {
            return Some(LEAVE_EMPTY.into());
        }
        match self.declared_unit() {
            None => Some("the bounce rate is in percent; if the file has a fraction, pass `--bounce-rate-unit fraction`".into()),
            Some(BounceRateUnit::Fraction) => Some("if the file has percent, pass `--bounce-rate-unit percent`".into()),
            Some(BounceRateUnit::Percent) => None,
        }
    }

    /// The declared unit of a bounce rate.
    fn declared_unit(&self) -> Option<BounceRateUnit> {
        [BounceRateUnit::Percent, BounceRateUnit::Fraction].into_iter().find(|unit| self.expected == unit.expected())
    }

    fn number_hint(&self, field: &FaultField, found: &str) -> Cow<'static, str> {
        let is_fraction = self.declared_unit() == Some(BounceRateUnit::Fraction);
        if let Some(hint) = percent_hint(field, found, is_fraction) {
            return hint;
        }
        let may_be_seconds = matches!(field, FaultField::Field(Field::AvgVisitDuration) | FaultField::Extra(_));
        if let Some(seconds) = clock_seconds(found).filter(|_| may_be_seconds) {
            return format!("write seconds: {seconds}").into();
        }
        if let Some((number, separator)) = without_groups(found) {
            return groups_hint(field, found, &number, separator);
        }
        if let Some(number) = decimal_comma(found) {
            return format!("write numbers with a decimal point: {number}{FOR_A_FILE}").into();
        }
        if let Some(number) = with_suffix(found) {
            return format!("write numbers in full: {number}").into();
        }
        match field {
            FaultField::Field(Field::BounceRate) if is_fraction => {
                "give a fraction of 1, such as 0.45; leave the value empty (or null) where it is unknown".into()
            }
            FaultField::Field(Field::BounceRate) => {
                "give percent without the sign, 0 to 100; leave the value empty (or null) where it is unknown".into()
            }
            FaultField::Field(Field::AvgVisitDuration) => "give seconds; leave the value empty (or null) where it is unknown".into(),
            _ => "leave the value empty (or null) where it is unknown; write numbers without separators".into(),
        }
    }
}

/// Hints of several faults as one: each behind the name of its field, unless all are the same.
#[must_use]
pub fn joined_hints(hints: &[(&Fault, Cow<'static, str>)]) -> Option<Cow<'static, str>> {
    match hints {
        [] => None,
        [(_, hint), others @ ..] if others.iter().all(|(_, other)| other == hint) => Some(hint.clone()),
        several => {
            let named = several.iter().map(|(fault, hint)| format!("{}: {hint}", fault.field.words()));
            Some(named.collect::<Vec<_>>().join("; ").into())
        }
    }
}

/// `12%`: percent where the field is one, and no number of visits.
fn percent_hint(field: &FaultField, found: &str, is_fraction: bool) -> Option<Cow<'static, str>> {
    let number = found.strip_suffix('%').map(str::trim).and_then(|text| text.replace(',', ".").parse::<f64>().ok())?;
    Some(match field {
        // Without what binary numbers leave behind the last digit.
        FaultField::Field(Field::BounceRate) if is_fraction => format!("write the fraction: {}", (number * 1e8).round() / 1e10).into(),
        FaultField::Field(Field::BounceRate) | FaultField::Extra(_) => format!("write percent without the sign: {number}").into(),
        field => {
            let words = field.words();
            format!("{words} cannot be a percentage: write the number itself; leave the value empty (or null) where it is unknown").into()
        }
    })
}

/// What digits in groups of three stand for: with one comma, that depends on the field.
fn groups_hint(field: &FaultField, found: &str, number: &str, separator: char) -> Cow<'static, str> {
    let with_point = found.replace(',', ".");
    let has_one_comma = separator == ',' && with_point.matches('.').count() == 1;
    match field {
        FaultField::Field(Field::PagesPerVisit | Field::BounceRate) if has_one_comma => {
            format!("write numbers with a decimal point: {with_point}{FOR_A_FILE}").into()
        }
        FaultField::Field(Field::AvgVisitDuration) | FaultField::Extra(_) if has_one_comma => {
            format!("write {number}, or {with_point} where the comma is a decimal one{FOR_A_FILE} where commas are").into()
        }
        // A comma between thousands goes with a decimal point.
        _ if matches!(separator, ',' | '_') => format!("write numbers without separators: {number}").into(),
        _ => format!("write numbers without separators: {number}{FOR_A_FILE}").into(),
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

/// `03:21`, `00:03:21`, `3m 21s`, `0 days 00:03:21` and `PT3M21S` in seconds.
fn clock_seconds(text: &str) -> Option<u64> {
    let text = text.trim();
    if !text.contains(':') {
        return iso_seconds(text).or_else(|| unit_seconds(text));
    }
    let (days, clock) = match text.split_once(|letter: char| letter.is_whitespace()) {
        // As pandas and Python write them: `0 days 00:03:21`, `1 day, 0:03:21`.
        Some((days, rest)) if digits(days) && days.len() <= 4 => {
            let clock = rest.trim_start().strip_prefix("day").map(|rest| rest.trim_start_matches(['s', ',', ' ', '+']))?;
            (days.parse().ok()?, clock)
        }
        Some(_) => return None,
        None => (0, text),
    };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let parts: Vec<&str> = clock.split(':').collect();
    let is_clock = matches!(parts.len(), 2 | 3) && parts.iter().all(|part| digits(part) && part.len() <= 3) && digits(fraction);
    is_clock.then(|| days * 86_400 + parts.iter().fold(0, |seconds, part| seconds * 60 + part.parse::<u64>().unwrap_or(0)))
}

/// `PT3M21S`, `P0DT0H3M21S`: a duration of ISO 8601.
fn iso_seconds(text: &str) -> Option<u64> {
    let (days, time) = text.strip_prefix('P')?.split_once('T')?;
    let days = if days.is_empty() { 0 } else { days.strip_suffix('D')?.parse::<u32>().ok()? };
    Some(u64::from(days) * 86_400 + unit_seconds(&time.to_ascii_lowercase())?)
}

/// `3m 21s`, `3min21s`, `1h 2min`.
fn unit_seconds(text: &str) -> Option<u64> {
    let mut seconds = 0;
    let mut rest = text;
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

/// The number that `1,234,567`, `1 234 567`, `1.234.567` and `1'234'567` stand for, and what parts its thousands.
fn without_groups(text: &str) -> Option<(String, char)> {
    for separator in [',', ' ', '\u{a0}', '\u{202f}', '\u{2009}', '\'', '\u{2019}', '_', '.'] {
        let groups: Vec<&str> = text.split(separator).collect();
        let is_number = groups.len() > 1
            && (1..=3).contains(&groups[0].len())
            && groups[1..].iter().all(|group| group.len() == 3)
            && groups.iter().all(|group| digits(group));
        if is_number && (groups.len() > 2 || separator != '.') {
            return Some((groups.concat(), separator));
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
    #[case(Field::AvgVisitDuration, "0 days 00:03:21", "write seconds: 201")]
    #[case(Field::AvgVisitDuration, "0 days 00:03:21.500000", "write seconds: 201")]
    #[case(Field::AvgVisitDuration, "1 day, 0:03:21", "write seconds: 86601")]
    #[case(Field::AvgVisitDuration, "PT3M21S", "write seconds: 201")]
    #[case(Field::AvgVisitDuration, "P0DT0H3M21S", "write seconds: 201")]
    #[case(Field::Visits, "1 234", "write numbers without separators: 1234; for a whole file, pass `--decimal comma` (`decimal=comma`)")]
    #[case(
        Field::Visits,
        "250'000",
        "write numbers without separators: 250000; for a whole file, pass `--decimal comma` (`decimal=comma`)"
    )]
    #[case(
        Field::PagesPerVisit,
        "3,125",
        "write numbers with a decimal point: 3.125; for a whole file, pass `--decimal comma` (`decimal=comma`)"
    )]
    #[case(
        Field::AvgVisitDuration,
        "1,234",
        "write 1234, or 1.234 where the comma is a decimal one; for a whole file, pass `--decimal comma` (`decimal=comma`) where commas are"
    )]
    #[case(Field::Visits, "3,125", "write numbers without separators: 3125")]
    #[case(
        Field::Visits,
        "12%",
        "visits cannot be a percentage: write the number itself; leave the value empty (or null) where it is unknown"
    )]
    #[case(Field::Visits, "00:03:21", "leave the value empty (or null) where it is unknown; write numbers without separators")]
    #[case(Field::Visits, "3m", "write numbers in full: 3000000")]
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
    #[case(None, "143.1", "the bounce rate is in percent; if the file has a fraction, pass `--bounce-rate-unit fraction`")]
    #[case(None, "-5", LEAVE_EMPTY)]
    #[case(None, "-1", LEAVE_EMPTY)]
    #[case(Some(BounceRateUnit::Fraction), "45", "if the file has percent, pass `--bounce-rate-unit percent`")]
    #[case(Some(BounceRateUnit::Fraction), "-0.05", LEAVE_EMPTY)]
    #[case(Some(BounceRateUnit::Fraction), "52%", "write the fraction: 0.52")]
    #[case(Some(BounceRateUnit::Fraction), "x", "give a fraction of 1, such as 0.45; leave the value empty (or null) where it is unknown")]
    #[case(Some(BounceRateUnit::Percent), "143.1", "")]
    #[case(Some(BounceRateUnit::Percent), "52%", "write percent without the sign: 52")]
    fn the_hint_of_a_bounce_rate_fits_the_unit_that_was_declared(
        #[case] unit: Option<BounceRateUnit>,
        #[case] found: &'static str,
        #[case] expected: &str,
    ) {
        let mut raw = crate::RawRecord::new();
        raw.set(Field::Date, crate::RawValue::text("2024-12"));
        raw.set(Field::BounceRate, crate::RawValue::text(found));
        raw.declare_bounce_rate(unit);
        let faults = crate::check(&raw, &crate::Rules::default()).unwrap_err();
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].found.trim_matches('`'), found, "as it was given");
        assert_eq!(faults[0].hint().unwrap_or_default(), expected);
    }

    #[test]
    fn bytes_that_are_no_utf8_have_a_hint_at_the_encoding() {
        let fault = |expected: &'static str| Fault {
            rule: FaultRule::MalformedRow,
            field: FaultField::Record,
            found: "the byte 0xE9".to_owned(),
            expected: expected.into(),
        };
        assert_eq!(fault(TEXT_IN_UTF8).hint().as_deref(), Some(SAVE_AS_UTF8));
        assert_eq!(fault("3 cells wide, as the header is").hint(), None);
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
