//! What a text that is no date seems to be, and how it should be written.

use std::borrow::Cow;

use crate::Month;

/// Names of months in the languages whose exports are usual here, in lower case, each by the number of its month.
const NAMES: [(u32, &str); 46] = [
    (1, "january"),
    (1, "januar"),
    (1, "jänner"),
    (1, "январь"),
    (1, "января"),
    (2, "february"),
    (2, "februar"),
    (2, "февраль"),
    (2, "февраля"),
    (3, "march"),
    (3, "märz"),
    (3, "maerz"),
    (3, "mrz"),
    (3, "март"),
    (3, "марта"),
    (4, "april"),
    (4, "апрель"),
    (4, "апреля"),
    (5, "may"),
    (5, "mai"),
    (5, "май"),
    (5, "мая"),
    (6, "june"),
    (6, "juni"),
    (6, "июнь"),
    (6, "июня"),
    (7, "july"),
    (7, "juli"),
    (7, "июль"),
    (7, "июля"),
    (8, "august"),
    (8, "август"),
    (8, "августа"),
    (9, "september"),
    (9, "сентябрь"),
    (9, "сентября"),
    (10, "october"),
    (10, "oktober"),
    (10, "октябрь"),
    (10, "октября"),
    (11, "november"),
    (11, "ноябрь"),
    (11, "ноября"),
    (12, "december"),
    (12, "dezember"),
    (12, "декабрь"),
];

/// Another form of a name above, which is not the beginning of it.
const GENITIVE: (u32, &str) = (12, "декабря");

/// Letters that tell one month from another.
const LEAST_LETTERS: usize = 3;

const YEAR_FIRST: &str = "write the year first and in four digits, like `2018-12`";

/// The hint for a text in the place of a date, where it can be understood.
pub(crate) fn date_hint(found: &str) -> Option<Cow<'static, str>> {
    if let Some(hint) = of_month_and_year(found) {
        return Some(hint);
    }
    if let Ok(number) = found.parse::<f64>() {
        return of_number(number).or_else(|| of_half(number).map(Cow::Borrowed));
    }
    let parts: Vec<&str> = found.split(['/', '.', '-']).collect();
    if let [_, _, year] = parts[..]
        && parts.iter().all(|part| digits(part))
        && matches!(year.len(), 2 | 4)
    {
        return Some("day and month can be mistaken for each other: write the year first, like `2018-12-01`".into());
    }
    of_named_month(found).or_else(|| (found == "nothing").then_some(Cow::Borrowed("each row needs the month it is of")))
}

/// `12/2024`, `12.2024`, `12/24` and `2024.12`.
fn of_month_and_year(found: &str) -> Option<Cow<'static, str>> {
    let (first, second) = found.split_once(['/', '.', '-', ' ']).map(|(first, second)| (first, second.trim()))?;
    if !digits(first) || !digits(second) {
        return None;
    }
    let month = |month: &str| month.parse::<u32>().ok().filter(|number| month.len() <= 2 && (1..=12).contains(number));
    match (first.len(), second.len()) {
        (1 | 2, 4) => Some(written(year_of(second)?, month(first)?)),
        (4, 2) => Some(written(year_of(first)?, month(second)?)),
        (1 | 2, 2) if !found.contains('.') => month(first).map(|_| YEAR_FIRST.into()),
        _ => None,
    }
}

/// Numbers of seconds since 1970 and of a spreadsheet's days.
fn of_number(number: f64) -> Option<Cow<'static, str>> {
    const SECONDS_PER_DAY: f64 = 86_400.0;
    /// Days from the spreadsheets' day zero to 1970-01-01.
    const SERIAL_1970: f64 = 25_569.0;
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
    Some(format!("that looks like {what}: write `{:04}-{:02}`", month.year(), month.month_of_year()).into())
}

/// Where year and month stand in columns of their own, one of which was taken for the date.
const JOIN: &str = "that looks like a month without its year: write both as the date, like `2018-12`; where the year has a column of its own, join the two into one column `date`";

/// A month of the year, or a year.
fn of_half(number: f64) -> Option<&'static str> {
    const YEAR: &str = "that looks like a year without its month: each row is one month, so write both as the date, like `2018-12`; where the month has a column of its own, join the two into one column `date`";
    match number {
        _ if number.fract() != 0.0 => None,
        1.0..=12.0 => Some(JOIN),
        1900.0..2200.0 => Some(YEAR),
        _ => None,
    }
}

/// `Dez 2024`, `декабрь 2024 г.`, `Dec-24`: one name of a month beside numbers.
fn of_named_month(found: &str) -> Option<Cow<'static, str>> {
    let words: Vec<String> =
        found.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    let mut months = words.iter().filter_map(|word| month_named(word));
    let month = months.next()?;
    if months.any(|other| other != month) {
        return None;
    }
    match words.iter().find_map(|word| year_of(word)) {
        Some(year) => Some(written(year, month)),
        None if words.len() == 1 => Some(Cow::Borrowed(JOIN)),
        None => words.iter().any(|word| digits(word)).then_some(Cow::Borrowed(YEAR_FIRST)),
    }
}

fn month_named(word: &str) -> Option<u32> {
    let is_long = word.chars().count() >= LEAST_LETTERS;
    let mut names = NAMES.into_iter().chain([GENITIVE]);
    names.find(|(_, name)| is_long && name.starts_with(word)).map(|(month, _)| month)
}

fn year_of(word: &str) -> Option<u32> {
    (word.len() == 4 && digits(word)).then(|| word.parse().ok()).flatten().filter(|year| (1900..2200).contains(year))
}

fn written(year: u32, month: u32) -> Cow<'static, str> {
    format!("write the year first: `{year:04}-{month:02}`").into()
}

/// Whether a text is digits and nothing else.
pub(crate) fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("1733011200000", "that looks like milliseconds since 1970: write `2024-12`")]
    #[case("1733011200", "that looks like seconds since 1970: write `2024-12`")]
    #[case("45627", "that looks like a spreadsheet's number of a day: write `2024-12`")]
    #[case("12/1/2024", "day and month can be mistaken for each other: write the year first, like `2018-12-01`")]
    #[case("12/2024", "write the year first: `2024-12`")]
    #[case("1.2024", "write the year first: `2024-01`")]
    #[case("2024.12", "write the year first: `2024-12`")]
    #[case("12/24", YEAR_FIRST)]
    #[case("Dez 2024", "write the year first: `2024-12`")]
    #[case("März 2024", "write the year first: `2024-03`")]
    #[case("1. Mai 2024", "write the year first: `2024-05`")]
    #[case("Дек 2024", "write the year first: `2024-12`")]
    #[case("декабря 2024 г.", "write the year first: `2024-12`")]
    #[case("Sat, 01 Dec 2018", "write the year first: `2018-12`")]
    #[case("Dec-24", YEAR_FIRST)]
    #[case("12", JOIN)]
    #[case("01", JOIN)]
    #[case("7.0", JOIN)]
    #[case("December", JOIN)]
    #[case("Дек", JOIN)]
    #[case("13", "")]
    #[case("0", "")]
    #[case("13/2024", "")]
    #[case("yesterday", "")]
    #[case("maintenance 2024", "")]
    #[case("May to June 2024", "")]
    #[case("0.5", "")]
    fn a_date_hint_names_the_month_that_was_meant(#[case] found: &str, #[case] expected: &str) {
        assert_eq!(date_hint(found).unwrap_or_default(), expected);
    }
}
