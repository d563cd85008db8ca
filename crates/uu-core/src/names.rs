//! Names that are not quite those of the fields: what was meant, and how they are shown.

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

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

/// A name in [`bare`] form, and what bounds its likeness to another without comparing their letters in order.
struct Spelled {
    letters: String,
    count: usize,
    /// A bit for each letter that it has; those beyond ASCII share bits.
    has: u64,
}

impl Spelled {
    fn of(name: &str) -> Self {
        let letters = bare(name);
        let (count, has) = letters.chars().fold((0, 0), |(count, has), letter| (count + 1, has | bit(letter)));
        Self { letters, count, has }
    }

    /// Letters that the other has too, each as often as it stands here.
    fn shared_with(&self, other: &Self) -> usize {
        self.letters.chars().filter(|letter| other.has & bit(*letter) != 0).count()
    }

    /// A bound on the likeness to another.
    ///
    /// Of `m` letters that match, no more than either name shares with the other, Jaro's likeness is at most `(m / |a| + m / |b| + 1) / 3`; Winkler's
    /// is greater by a tenth of what is missing for each letter of a common beginning, at most four.
    fn most_like(&self, other: &Self) -> f64 {
        let (a, b) = (self.count.max(1) as f64, other.count.max(1) as f64);
        let likeness = |matching: usize| (matching as f64 / a + matching as f64 / b + 1.0) / 3.0;
        let begin = self.letters.chars().zip(other.letters.chars()).take(4).take_while(|(a, b)| a == b).count();
        let boosted = |jaro: f64| jaro + 0.1 * begin as f64 * (1.0 - jaro);
        // By their lengths alone first: most names are of none like them.
        let by_length = boosted(likeness(self.count.min(other.count)));
        if by_length < LIKE {
            return by_length;
        }
        boosted(likeness(self.shared_with(other).min(other.shared_with(self))))
    }

    /// The likeness to another, where it is [`LIKE`] or more.
    fn likeness(&self, other: &Self) -> Option<f64> {
        /// What rounding may take from the bound.
        const ROUNDING: f64 = 1e-9;
        if self.most_like(other) + ROUNDING < LIKE {
            return None;
        }
        Some(strsim::jaro_winkler(&self.letters, &other.letters)).filter(|likeness| *likeness >= LIKE)
    }
}

fn bit(letter: char) -> u64 {
    1 << (u32::from(letter) % u64::BITS)
}

/// The candidate that is spelled most like `name`, if one is spelled much like it.
#[must_use]
pub fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let name = Spelled::of(name);
    let scored = candidates.into_iter().filter_map(|candidate| Some((name.likeness(&Spelled::of(candidate))?, candidate)));
    let best = scored.max_by(|(a, first), (b, second)| a.total_cmp(b).then(second.cmp(first)));
    best.filter(|_| name.letters.len() > 1).map(|(_, candidate)| candidate)
}

/// The fields by their names as columns and in JSON.
static FIELDS: LazyLock<Vec<(Field, &'static str, Spelled)>> = LazyLock::new(|| {
    let columns = Field::all().map(|field| (field, field.column())).chain(Field::all().map(|field| (field, field.json())));
    columns.map(|(field, name)| (field, name, Spelled::of(name))).collect()
});

impl Field {
    /// The field that a name which is none of its names seems to mean: another program's name for it, or a misspelt one. The columns of an
    /// output mean what they are.
    #[must_use]
    pub fn nearest(name: &str) -> Option<Self> {
        if OutputColumn::named(name).is_some() {
            return None;
        }
        let spelled = Spelled::of(name);
        let foreign = FOREIGN.iter().find(|(foreign, _)| *foreign == spelled.letters).map(|(_, field)| *field);
        foreign.or_else(|| {
            let scored = FIELDS.iter().filter_map(|(field, name, other)| Some((spelled.likeness(other)?, *name, *field)));
            let best = scored.reduce(|best, next| {
                let is_better = next.0.total_cmp(&best.0).then(best.1.cmp(next.1)).is_gt();
                if is_better { next } else { best }
            });
            best.filter(|_| spelled.letters.len() > 1).map(|(.., field)| field)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
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

    proptest! {
        #[test]
        fn a_bound_on_the_likeness_is_one(name in "\\PC{0,70}", other in "\\PC{0,20}", near in "[a-t_ ]{0,24}", place in 0..28_usize) {
            let fields: Vec<&str> = FIELDS.iter().map(|(_, name, _)| *name).collect();
            let misspelt: String = fields[place % fields.len()].chars().filter(|letter| !near.starts_with(*letter)).collect();
            for (one, other) in [(&*name, &*other), (&*near, fields[place % fields.len()]), (&*misspelt, fields[place % fields.len()])] {
                let (one, other) = (Spelled::of(one), Spelled::of(other));
                let exact = strsim::jaro_winkler(&one.letters, &other.letters);
                prop_assert!(one.count == 0 || one.most_like(&other) + 1e-9 >= exact, "{exact}");
                prop_assert_eq!(one.likeness(&other), Some(exact).filter(|exact| *exact >= LIKE && one.count > 0));
            }
        }
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
