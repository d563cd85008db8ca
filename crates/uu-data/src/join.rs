//! Joining rows that are known with rows that came since: one of each source, site and month.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use uu_core::Record;

use crate::clean::{CleanError, one_of_each, refuse_mixture, same_source_site_and_month};
use crate::dataset::{Dataset, canonical_order};

/// What joining came to. Every new row is counted once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinReport {
    /// Rows that were known.
    pub known: u64,
    /// Rows that came, of several alike one.
    pub new: u64,
    /// New rows of a source, site and month that was not known.
    pub added: u64,
    /// New rows that say what was known already.
    pub identical: u64,
    /// Known rows that gave way to a new one.
    pub replaced: u64,
    /// New rows without a label that gave way to a known row with one.
    pub without_label: u64,
    /// New rows with a label that gave way to a known row with another one, which stands.
    #[serde(default)]
    pub held: u64,
}

impl JoinReport {
    /// What both came to.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        Self {
            known: self.known + other.known,
            new: self.new + other.new,
            added: self.added + other.added,
            identical: self.identical + other.identical,
            replaced: self.replaced + other.replaced,
            without_label: self.without_label + other.without_label,
            held: self.held + other.held,
        }
    }
}

/// Which of two labels of one source, site and month stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Labels {
    /// That of the newer row: corrections are learned from.
    Newer,
    /// That of the known row: what judges a model must not move with what taught it.
    First,
}

/// Joins rows: one of each source, site and month is kept, the newer one where they differ.
///
/// Of two labels the newer stands. Where only the known row has a label, that row stays as it is: a label was counted together with
/// the inputs beside it, so rows are never mixed. Rows without a site have no key; one that equals a known row is that row again, so
/// that joining the same delivery twice changes nothing. Extra inputs are those of both, the known ones first, unknown where a row
/// comes without them.
///
/// **Errors**: [`CleanError::GeneratedMixed`] where generated rows would train with measured ones.
pub fn join_rows(known: &Dataset, new: &Dataset) -> Result<(Dataset, JoinReport), CleanError> {
    join_rows_by(Labels::Newer, known, new)
}

/// The same where `labels` says which of two labels stands.
///
/// **Errors**: as [`join_rows`].
pub fn join_rows_by(labels: Labels, known: &Dataset, new: &Dataset) -> Result<(Dataset, JoinReport), CleanError> {
    let mut extras = known.extras().to_vec();
    extras.extend(new.extras().iter().filter(|name| !known.extras().contains(name)).cloned());
    let laid_out = |rows: &Dataset| one_of_each(rows.records().iter().map(|record| with_extras(record, rows.extras(), &extras)));
    let (known, new) = (laid_out(known), laid_out(new));
    refuse_mixture(known.iter().chain(&new))?;
    let mut report = JoinReport { known: known.len() as u64, new: new.len() as u64, ..JoinReport::default() };
    let joined = walk(labels, (known, new), &mut report);
    Ok((Dataset::new(extras, joined), report))
}

/// Goes along both lists, which are sorted alike.
fn walk(labels: Labels, (known, new): (Vec<Record>, Vec<Record>), report: &mut JoinReport) -> Vec<Record> {
    let mut joined = Vec::with_capacity(known.len() + new.len());
    let (mut known, mut new) = (known.into_iter().peekable(), new.into_iter().peekable());
    while let (Some(older), Some(newer)) = (known.peek(), new.peek()) {
        match order(older, newer) {
            Ordering::Less => joined.extend(known.next()),
            Ordering::Greater => {
                report.added += 1;
                joined.extend(new.next());
            }
            Ordering::Equal => joined.extend(known.next().zip(new.next()).map(|pair| one_of(labels, pair, report))),
        }
    }
    joined.extend(known);
    joined.extend(new.inspect(|_| report.added += 1));
    joined
}

/// Equal for rows of which one is to be kept.
fn order(a: &Record, b: &Record) -> Ordering {
    same_source_site_and_month(a, b).then_with(|| if a.site.is_some() { Ordering::Equal } else { canonical_order(a, b) })
}

fn one_of(labels: Labels, (older, newer): (Record, Record), report: &mut JoinReport) -> Record {
    let (count, kept) = if older == newer {
        (&mut report.identical, older)
    } else if older.unique_users.is_some() && newer.unique_users.is_none() {
        (&mut report.without_label, older)
    } else if labels == Labels::First && older.unique_users.is_some() {
        (&mut report.held, older)
    } else {
        (&mut report.replaced, newer)
    };
    *count += 1;
    kept
}

fn with_extras(record: &Record, own: &[String], all: &[String]) -> Record {
    let value = |name: &String| own.iter().position(|other| other == name).and_then(|index| record.extras.get(index).copied().flatten());
    Record { extras: all.iter().map(value).collect(), ..record.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uu_core::{Month, UniqueUsers, Visits};

    fn row(site: Option<u8>, month: u32, visits: u16, users: Option<u16>) -> Record {
        Record {
            source: Some("panel".into()),
            site: site.map(|site| format!("s{site}.com").into()),
            visits: Visits::new(f64::from(visits)).ok(),
            unique_users: users.and_then(|users| UniqueUsers::new(f64::from(users)).ok()),
            ..Record::unknown(Month::new(2024, month).unwrap())
        }
    }

    fn rows() -> impl Strategy<Value = Dataset> {
        let values = (prop::option::of(0u8..5), 1u32..4, 0u16..3, prop::option::of(0u16..3));
        let any_row = values.prop_map(|(site, month, visits, users)| row(site, month, visits, users));
        prop::collection::vec(any_row, 0..30).prop_map(|rows| Dataset::new(Vec::new(), rows))
    }

    proptest! {
        #[test]
        fn every_new_row_is_counted_once_and_one_of_each_key_is_left(known in rows(), new in rows()) {
            let (joined, report) = join_rows(&known, &new).unwrap();
            prop_assert_eq!(report.new, report.added + report.identical + report.replaced + report.without_label);
            prop_assert_eq!(joined.len() as u64, report.known + report.added);
            let named: Vec<&Record> = joined.records().iter().filter(|record| record.site.is_some()).collect();
            prop_assert!(named.windows(2).all(|pair| same_source_site_and_month(pair[0], pair[1]).is_lt()));
        }

        #[test]
        fn joining_the_same_delivery_twice_changes_nothing(known in rows(), new in rows()) {
            let (once, _) = join_rows(&known, &new).unwrap();
            let (twice, report) = join_rows(&once, &new).unwrap();
            prop_assert_eq!(once, twice);
            prop_assert_eq!((report.added, report.replaced), (0, 0));
        }

        #[test]
        fn no_label_is_lost(known in rows(), new in rows()) {
            let (joined, _) = join_rows(&known, &new).unwrap();
            let labelled = |rows: &Dataset| -> Vec<Record> {
                rows.records().iter().filter(|record| record.site.is_some() && record.unique_users.is_some()).cloned().collect()
            };
            for row in labelled(&known).iter().chain(&labelled(&new)) {
                let kept = joined.records().iter().find(|other| order(row, other).is_eq()).unwrap();
                // Among rows of one delivery the fuller one wins, and it has the label.
                prop_assert!(kept.unique_users.is_some());
            }
        }
    }

    #[test]
    fn of_two_labels_the_newer_stands() {
        let known = Dataset::new(Vec::new(), vec![row(Some(1), 1, 100, Some(50)), row(Some(2), 1, 100, Some(50))]);
        let new = vec![row(Some(1), 1, 100, Some(60)), row(Some(2), 1, 200, None), row(Some(3), 1, 9, None), row(Some(1), 2, 9, None)];
        let (joined, report) = join_rows(&known, &Dataset::new(Vec::new(), new)).unwrap();
        assert_eq!(report, JoinReport { known: 2, new: 4, added: 2, identical: 0, replaced: 1, without_label: 1, held: 0 });
        let users = joined.records().iter().map(|record| record.unique_users.map(UniqueUsers::get));
        assert_eq!(users.collect::<Vec<_>>(), [Some(60.0), None, Some(50.0), None]);
    }

    #[test]
    fn of_two_labels_the_first_stands_where_that_is_asked_for() {
        let known = Dataset::new(Vec::new(), vec![row(Some(1), 1, 100, Some(50)), row(Some(2), 1, 100, None)]);
        let new = vec![row(Some(1), 1, 999, Some(60)), row(Some(2), 1, 200, Some(7)), row(Some(1), 2, 9, Some(3))];
        let (joined, report) = join_rows_by(Labels::First, &known, &Dataset::new(Vec::new(), new)).unwrap();
        assert_eq!(report, JoinReport { known: 2, new: 3, added: 1, replaced: 1, held: 1, ..JoinReport::default() });
        let kept = joined.records().iter().map(|record| (record.visits.map(Visits::get), record.unique_users.map(UniqueUsers::get)));
        // Rows are never mixed: the visits are those the label was counted with.
        assert_eq!(kept.collect::<Vec<_>>(), [(Some(100.0), Some(50.0)), (Some(9.0), Some(3.0)), (Some(200.0), Some(7.0))]);
    }

    #[test]
    fn extra_inputs_are_those_of_both() {
        let with = |names: &[&str], values: &[f64], site| {
            let extras = values.iter().map(|value| Some(*value)).collect();
            Dataset::new(names.iter().map(|name| (*name).to_owned()).collect(), vec![Record { extras, ..row(Some(site), 1, 5, None) }])
        };
        let (joined, report) = join_rows(&with(&["a", "b"], &[1.0, 2.0], 1), &with(&["c", "a"], &[3.0, 4.0], 2)).unwrap();
        assert_eq!(joined.extras(), ["a", "b", "c"]);
        assert_eq!(joined.records()[0].extras, [Some(1.0), Some(2.0), None]);
        assert_eq!(joined.records()[1].extras, [Some(4.0), None, Some(3.0)]);
        assert_eq!(report.added, 1);
    }

    #[test]
    fn generated_rows_do_not_join_measured_ones() {
        let generated = Record { source: Some(uu_core::GENERATED.into()), ..row(Some(1), 1, 5, None) };
        let (generated, measured) = (Dataset::new(Vec::new(), vec![generated]), Dataset::new(Vec::new(), vec![row(Some(2), 1, 5, None)]));
        assert_eq!(join_rows(&generated, &measured), Err(CleanError::GeneratedMixed { generated: 1, others: 1 }));
    }
}
