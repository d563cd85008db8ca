//! Rows of a source, site and month that an earlier row is of: daily and weekly exports, and sites listed twice.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use uu_core::{Checked, Month, Warning};

use super::column_use::ReadNote;
use super::{Context, ReadError, RowFaults};

/// Site-months that are remembered; of more, a sample that is drawn by their hash, so that memory stays flat. Rows that repeat others are then
/// not warned of, and their number is an estimate.
const MOST_REMEMBERED: usize = 256 << 10;

/// What was seen of site-months so far.
#[derive(Default)]
pub(super) struct Repeats {
    seen: HashMap<u64, First, BuildHasherDefault<AsItIs>>,
    /// Site-months whose hash has one of these bits are not remembered.
    left_out: u64,
    /// Remembered site-months with rows of several dates.
    of_several_dates: usize,
    /// Rows that repeat an earlier one: counted, and those of a sample for all that it stands for.
    rows: u64,
    first: Option<(String, Month)>,
}

/// The first row of a site-month.
struct First {
    date: u64,
    has_other_dates: bool,
}

/// The keys are hashes already.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("keys are numbers of 64 bits")
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

impl Repeats {
    /// Looks at rows; `date` tells the dates of two rows apart. Rows that repeat get a warning.
    ///
    /// **Errors**: most site-months have rows of several dates, so the rows are no months.
    pub(super) fn look(
        &mut self,
        context: &Context,
        rows: &mut [Result<Checked, RowFaults>],
        date: impl Fn(usize) -> u64,
    ) -> Result<(), ReadError> {
        if context.is_trusted {
            return Ok(());
        }
        for (index, row) in rows.iter_mut().enumerate() {
            let Ok(Checked { record, warnings }) = row else { continue };
            let Some(site) = record.site.as_deref() else { continue };
            let source = record.source.as_deref().map_or(0, |source| crate::site_hash(source, 1));
            let key = crate::site_hash(site, source ^ u64::from(record.month.index()));
            if key & self.left_out != 0 {
                continue;
            }
            let date = date(index);
            match self.seen.entry(key) {
                std::collections::hash_map::Entry::Vacant(free) => {
                    free.insert(First { date, has_other_dates: false });
                }
                std::collections::hash_map::Entry::Occupied(mut first) => {
                    let first = first.get_mut();
                    if first.date != date && !std::mem::replace(&mut first.has_other_dates, true) {
                        self.of_several_dates += 1;
                    }
                    self.rows += 1 << self.left_out.count_ones();
                    if self.first.is_none() {
                        self.first = Some((site.to_owned(), record.month));
                    }
                    warnings.push(Warning::DuplicateMonth { month: record.month });
                }
            }
        }
        self.refuse_days(context)?;
        self.keep_flat();
        Ok(())
    }

    /// What was noticed, where rows repeat.
    pub(super) fn note(&self) -> Option<ReadNote> {
        let (site, month) = self.first.clone()?;
        Some(ReadNote::RepeatedMonths { rows: self.rows, is_estimate: self.left_out != 0, site, month })
    }

    fn refuse_days(&self, context: &Context) -> Result<(), ReadError> {
        let most_are_several = self.of_several_dates * 2 > self.seen.len();
        match &self.first {
            Some((site, month)) if most_are_several && !context.allow_repeated_months => Err(ReadError::RepeatedMonths {
                file: context.file.clone(),
                several: self.of_several_dates,
                of: self.seen.len(),
                site: site.clone(),
                month: *month,
            }),
            _ => Ok(()),
        }
    }

    fn keep_flat(&mut self) {
        while self.seen.len() > MOST_REMEMBERED {
            self.left_out = self.left_out << 1 | 1;
            let left_out = self.left_out;
            self.seen.retain(|key, _| key & left_out == 0);
            self.of_several_dates = self.seen.values().filter(|first| first.has_other_dates).count();
        }
    }
}

#[cfg(test)]
mod tests {
    use uu_core::Record;

    use super::*;
    use crate::read::ReadOptions;

    #[test]
    fn of_more_site_months_than_are_remembered_the_repeats_are_estimated() {
        const SITES: u32 = 600_000;
        let context = Context::new("rows".into(), &ReadOptions::default());
        let mut repeats = Repeats::default();
        for _ in 0..2 {
            let row = |site: u32| {
                let record = Record { site: Some(format!("s{site}.com").into()), ..Record::unknown(Month::new(2024, 12).unwrap()) };
                Ok(Checked { record, warnings: Vec::new() })
            };
            for part in 0..SITES / 20_000 {
                let mut rows: Vec<_> = (part * 20_000..(part + 1) * 20_000).map(row).collect();
                repeats.look(&context, &mut rows, |_| 0).unwrap();
            }
        }
        let Some(ReadNote::RepeatedMonths { rows, is_estimate: true, .. }) = repeats.note() else { panic!("{:?}", repeats.note()) };
        assert!(rows.abs_diff(SITES.into()) < u64::from(SITES) / 20, "{rows}");
        assert!(repeats.seen.len() <= MOST_REMEMBERED);
    }
}
