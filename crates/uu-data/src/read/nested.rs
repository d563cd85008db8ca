//! The nested export: one object a site, each quantity keyed by date; months are joined by date, never by position.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;
use uu_core::{Fault, Field, Month};

use super::MAX_ROW_BYTES;
use super::object::{Entries, MAX_KEYS, malformed, parse};

const SITE: &str = "domain_name";
const SECTIONS: [&str; 4] = ["visits", "summary", "engagement", "alexa"];

/// Which key of which section holds a field; `visits` holds its number directly.
const KEYS: [(&str, &str, Field); 6] = [
    ("summary", "category", Field::Category),
    ("engagement", "AvgVisitDuration", Field::AvgVisitDuration),
    ("engagement", "PagesPerVisit", Field::PagesPerVisit),
    ("engagement", "BounceRate", Field::BounceRate),
    ("engagement", "UniqueUsers", Field::UniqueUsers),
    ("alexa", "popularityText", Field::Rank),
];

/// The values of one month, as the JSON they were.
type MonthValues<'a> = Vec<(Field, &'a RawValue)>;

/// Whether an object is a site of the nested export rather than a flat record.
pub(super) fn is_site(entries: &Entries<'_>) -> bool {
    let is_section = |(key, value): &(Cow<'_, str>, &RawValue)| SECTIONS.contains(&key.as_ref()) && value.get().starts_with('{');
    entries.0.iter().any(|(key, _)| key == SITE) && entries.0.iter().any(is_section)
}

/// One flat record for each month that any section names, in the order of time.
///
/// **Missing values**: -1 and null are unknown here.
///
/// **Errors**: a section or a month in it is not an object. A month named twice within one section gives its fields twice, which the
/// check of the record refuses.
pub(super) fn flatten(entries: &Entries<'_>) -> Result<Vec<Box<RawValue>>, Fault> {
    let site = entries.0.iter().find(|(key, _)| key == SITE).map(|(_, value)| *value);
    let Some(site) = site else { return Err(malformed("a site with `domain_name`", "an object without it".to_owned())) };
    let mut months: BTreeMap<(Option<Month>, &str), MonthValues<'_>> = BTreeMap::new();
    let mut sections: Vec<(&str, Entries<'_>)> = Vec::new();
    let mut keys = 0;
    for (key, value) in entries.0.iter().filter(|(key, value)| SECTIONS.contains(&key.as_ref()) && value.get() != "null") {
        let section = Entries::of(value)?;
        keys += section.0.len();
        // A section may come again and again.
        if keys > MAX_KEYS {
            return Err(malformed("a site of at most 120,000 months in all its sections", "more".to_owned()));
        }
        sections.push((key.as_ref(), section));
    }
    for (section, dates) in &sections {
        for (date, value) in &dates.0 {
            let month = date.parse::<Month>().ok();
            // What is no date is kept apart under its own text, and refused as a date by the check.
            let key = (month, if month.is_some() { "" } else { date.as_ref() });
            collect(section, value, months.entry(key).or_default())?;
        }
    }
    // The name is written into each month's record: a long one would fill the memory, month by month.
    if site.get().len().saturating_mul(months.len()) > MAX_ROW_BYTES {
        return Err(malformed("a site with a short `domain_name`", format!("one of {} bytes", site.get().len())));
    }
    months.iter().map(|((month, text), values)| flat(site, *month, text, values)).collect()
}

fn collect<'a>(section: &str, value: &'a RawValue, values: &mut MonthValues<'a>) -> Result<(), Fault> {
    if section == "visits" {
        values.push((Field::Visits, value));
        return Ok(());
    }
    if value.get() == "null" {
        return Ok(());
    }
    for (key, inner) in Entries::of(value)?.0 {
        let known = KEYS.iter().find(|(of, name, _)| *of == section && *name == key);
        if let Some((_, _, field)) = known {
            values.push((*field, inner));
        }
    }
    Ok(())
}

fn flat(site: &RawValue, month: Option<Month>, text: &str, values: &MonthValues<'_>) -> Result<Box<RawValue>, Fault> {
    let date = month.map_or_else(|| text.to_owned(), |month| month.to_string());
    let date = serde_json::to_string(&date).expect("a text is JSON");
    let mut object = format!("{{\"{}\": {}, \"{}\": {date}", Field::Site.column(), site.get(), Field::Date.column());
    for field in
        [Field::Rank, Field::Visits, Field::PagesPerVisit, Field::BounceRate, Field::AvgVisitDuration, Field::Category, Field::UniqueUsers]
    {
        let mut given = values.iter().filter(|(of, _)| *of == field).map(|(_, value)| value.get()).peekable();
        if given.peek().is_none() {
            object.push_str(&format!(", \"{}\": null", field.column()));
        }
        for value in given {
            let value = if is_minus_one(value) { "null" } else { value };
            object.push_str(&format!(", \"{}\": {value}", field.column()));
        }
    }
    object.push('}');
    parse(object.as_bytes())
}

fn is_minus_one(value: &str) -> bool {
    value.trim_matches('"').parse::<f64>().is_ok_and(|number| number == -1.0)
}
