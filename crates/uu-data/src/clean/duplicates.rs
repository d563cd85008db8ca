//! Records of one source, site and month: one is kept.

use std::cmp::Ordering;

use uu_core::{Field, Record};

use super::InputRecord;
use super::rules::{CleanRule, Tally};
use crate::dataset::canonical_order;

/// Sorts the rows and keeps one of each source, site and month; rows without a site are all kept.
///
/// That of the latest input wins, so that corrections can be appended as a file. Within one input the fuller record wins, and
/// between equally full ones the later in canonical order: the order of rows must not change what is learned.
pub(super) fn remove(mut rows: Vec<InputRecord>, tally: &mut Tally) -> Vec<Record> {
    rows.sort_by(|a, b| same_source_site_and_month(&a.record, &b.record).then_with(|| preference(a, b)));
    let mut kept: Vec<Record> = Vec::with_capacity(rows.len());
    for row in rows {
        match kept.last_mut() {
            Some(last) if row.record.site.is_some() && same_source_site_and_month(last, &row.record).is_eq() => {
                if *last == row.record {
                    tally.row(CleanRule::DuplicateIdentical, &row.record, || "twice the same".to_owned());
                } else {
                    tally.row(CleanRule::DuplicateConflicting, last, || conflict(last, &row.record));
                    *last = row.record;
                }
            }
            _ => kept.push(row.record),
        }
    }
    kept
}

/// The rows in canonical order, one of each source, site and month: the fuller one where they differ. Rows without a site are all kept.
pub(crate) fn one_of_each(records: impl Iterator<Item = Record>) -> Vec<Record> {
    let mut kept = remove(records.map(|record| InputRecord { record, input: 0 }).collect(), &mut Tally::default());
    kept.sort_by(canonical_order);
    kept
}

/// Equal where two records are of one source, site and month; sorts as the canonical order does.
pub(crate) fn same_source_site_and_month(a: &Record, b: &Record) -> Ordering {
    a.source.cmp(&b.source).then_with(|| a.site.cmp(&b.site)).then_with(|| a.month.cmp(&b.month))
}

/// The greater is kept.
fn preference(a: &InputRecord, b: &InputRecord) -> Ordering {
    a.input
        .cmp(&b.input)
        .then_with(|| known_values(&a.record).cmp(&known_values(&b.record)))
        .then_with(|| canonical_order(&a.record, &b.record))
}

fn known_values(record: &Record) -> usize {
    let fields = Field::all().filter(|field| (field.is_input() || field.is_number()) && record.knows(*field));
    fields.count() + record.extras.iter().flatten().count()
}

fn conflict(dropped: &Record, kept: &Record) -> String {
    let shown = |record: &Record| {
        let visits = record.visits.map_or_else(|| "unknown".to_owned(), |visits| visits.get().to_string());
        let users = record.unique_users.map_or_else(|| "unknown".to_owned(), |users| users.get().to_string());
        format!("visits {visits}, unique users {users}")
    };
    format!("dropped {}; kept {}", shown(dropped), shown(kept))
}
