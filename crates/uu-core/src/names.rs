//! Names that are not quite those of the fields: what was meant, and how they are shown.

use std::borrow::Cow;
use std::fmt;

use crate::{Field, OutputColumn};

/// Names that other programs give the fields, in [`bare`] form. They are no names of ours: another program may count something else under them.
const FOREIGN: [(&str, Field); 58] = [
    ("totalvisits", Field::Visits),
    ("monthlyvisits", Field::Visits),
    ("visit", Field::Visits),
    ("sessions", Field::Visits),
    ("totalsessions", Field::Visits),
    ("nbvisits", Field::Visits),
    ("sumvisits", Field::Visits),
    ("traffic", Field::Visits),
    ("totaltraffic", Field::Visits),
    ("визиты", Field::Visits),
    ("сеансы", Field::Visits),
    ("visite", Field::Visits),
    ("sitzungen", Field::Visits),
    ("users", Field::UniqueUsers),
    ("totalusers", Field::UniqueUsers),
    ("activeusers", Field::UniqueUsers),
    ("user", Field::UniqueUsers),
    ("visitors", Field::UniqueUsers),
    ("uniques", Field::UniqueUsers),
    ("uniquevisitors", Field::UniqueUsers),
    ("monthlyuniquevisitors", Field::UniqueUsers),
    ("nbuniqvisitors", Field::UniqueUsers),
    ("uniquedevices", Field::UniqueUsers),
    ("посетители", Field::UniqueUsers),
    ("пользователи", Field::UniqueUsers),
    ("nutzer", Field::UniqueUsers),
    ("pagesvisit", Field::PagesPerVisit),
    ("pagespersession", Field::PagesPerVisit),
    ("pagessession", Field::PagesPerVisit),
    ("pagespervisits", Field::PagesPerVisit),
    ("pageviewspervisit", Field::PagesPerVisit),
    ("viewspersession", Field::PagesPerVisit),
    ("viewspervisit", Field::PagesPerVisit),
    ("глубинапросмотра", Field::PagesPerVisit),
    ("bouncerate%", Field::BounceRate),
    ("bouncepercent", Field::BounceRate),
    ("bouncepct", Field::BounceRate),
    ("отказы", Field::BounceRate),
    ("absprungrate", Field::BounceRate),
    ("visitduration", Field::AvgVisitDuration),
    ("averagevisitduration", Field::AvgVisitDuration),
    ("avgsessionduration", Field::AvgVisitDuration),
    ("averagesessionduration", Field::AvgVisitDuration),
    ("avgtimeonsite", Field::AvgVisitDuration),
    ("timeonsite", Field::AvgVisitDuration),
    ("duration", Field::AvgVisitDuration),
    ("времянасайте", Field::AvgVisitDuration),
    ("globalrank", Field::Rank),
    ("trafficrank", Field::Rank),
    ("alexarank", Field::Rank),
    ("trancorank", Field::Rank),
    ("industry", Field::Category),
    ("hostname", Field::Site),
    ("website", Field::Site),
    ("url", Field::Site),
    ("period", Field::Date),
    ("yearmonth", Field::Date),
    ("day", Field::Date),
];

/// Letters of a name that are compared.
const MOST_LETTERS: usize = 64;

/// Likeness below which a suggestion is a guess.
const LIKE: f64 = 0.86;

/// A header as it is compared: without what cannot be seen, and with plain blanks; line breaks count as blanks.
#[must_use]
pub fn visible(name: &str) -> Cow<'_, str> {
    if name.bytes().all(|byte| (0x20..0x7F).contains(&byte)) {
        return Cow::Borrowed(name.trim());
    }
    let spaced = name.chars().map(|letter| if letter.is_whitespace() { ' ' } else { letter });
    let seen: String = spaced.filter(|letter| !letter.is_control() && !is_invisible(*letter)).collect();
    Cow::Owned(seen.trim().to_owned())
}

/// A text without the blanks around it. Of nearly all texts the first and the last byte show that there are none.
pub(crate) fn trimmed(text: &str) -> &str {
    match text.as_bytes() {
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim(),
    }
}

/// A text from outside as it may stand in a message or a log: control and invisible characters are written as escapes.
#[must_use]
pub fn escaped(text: &str) -> Cow<'_, str> {
    let is_plain = |letter: char| !letter.is_control() && !is_invisible(letter) && !matches!(letter, '\u{2028}' | '\u{2029}');
    if text.bytes().all(|byte| (0x20..0x7F).contains(&byte)) || text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        if is_plain(letter) {
            shown.push(letter);
        } else {
            shown.extend(letter.escape_default());
        }
    }
    Cow::Owned(shown)
}

/// Writes what [`escaped`] makes of each text: a message that quotes input is written through it as a whole, so that no value can be
/// forgotten.
#[derive(Debug)]
pub struct Escaping<'w, W>(pub &'w mut W);

impl<W: fmt::Write> fmt::Write for Escaping<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write_str(&escaped(text))
    }
}

/// Zero-width characters, soft hyphens, and marks that turn the direction of writing.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FE00}'..='\u{FE0F}')
}

/// Letters and digits alone, in lower case, and `%`.
fn bare(name: &str) -> String {
    let letters = name.chars().take(MOST_LETTERS).filter(|letter| letter.is_alphanumeric() || *letter == '%');
    letters.flat_map(char::to_lowercase).collect()
}

/// The candidate that is spelled most like `name`, if one is spelled much like it.
#[must_use]
pub fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let name = bare(name);
    let scored = candidates.into_iter().map(|candidate| (strsim::jaro_winkler(&name, &bare(candidate)), candidate));
    let best = scored.max_by(|(a, first), (b, second)| a.total_cmp(b).then(second.cmp(first)));
    best.filter(|(score, _)| *score >= LIKE && name.len() > 1).map(|(_, candidate)| candidate)
}

impl Field {
    /// The field that a name which is none of its names seems to mean: another program's name for it, or a misspelt one. The columns of an
    /// output mean what they are.
    #[must_use]
    pub fn nearest(name: &str) -> Option<Self> {
        if OutputColumn::named(name).is_some() {
            return None;
        }
        let compared = bare(name);
        let foreign = FOREIGN.iter().find(|(foreign, _)| *foreign == compared).map(|(_, field)| *field);
        foreign.or_else(|| {
            let columns = Self::all().map(|field| (field, field.column())).chain(Self::all().map(|field| (field, field.json())));
            let candidates: Vec<(Self, &str)> = columns.collect();
            let found = nearest(name, candidates.iter().map(|(_, candidate)| *candidate))?;
            candidates.iter().find(|(_, candidate)| *candidate == found).map(|(field, _)| *field)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("Total Visits", Some(Field::Visits))]
    #[case("sessions", Some(Field::Visits))]
    #[case("vists", Some(Field::Visits))]
    #[case("Avg. Visit Duration", Some(Field::AvgVisitDuration))]
    #[case("Pages / Visit", Some(Field::PagesPerVisit))]
    #[case("page_per_visit", Some(Field::PagesPerVisit))]
    #[case("Global Rank", Some(Field::Rank))]
    #[case("users", Some(Field::UniqueUsers))]
    #[case("Bounce-Rate (%)", Some(Field::BounceRate))]
    #[case("catgory", Some(Field::Category))]
    #[case("notes", None)]
    #[case("address", None)]
    #[case("x", None)]
    #[case("", None)]
    fn a_foreign_or_misspelt_name_leads_to_its_field(#[case] name: &str, #[case] field: Option<Field>) {
        assert_eq!(Field::nearest(name), field, "{name}");
    }

    #[test]
    fn what_cannot_be_seen_does_not_count() {
        assert_eq!(visible("visits\u{a0} "), "visits");
        assert_eq!(visible("\u{feff}bounce\u{200b}_rate\r\n"), "bounce_rate");
        assert_eq!(visible("pages\nper\u{2003}visit"), "pages per visit");
    }

    #[test]
    fn control_characters_are_shown_as_escapes() {
        assert_eq!(escaped("1\n2026 INFO"), "1\\n2026 INFO");
        assert_eq!(escaped("\u{1b}[31mred"), "\\u{1b}[31mred");
        assert_eq!(escaped("моя \u{202e}страница"), "моя \\u{202e}страница");
        assert_eq!(escaped("plain"), "plain");
    }
}
