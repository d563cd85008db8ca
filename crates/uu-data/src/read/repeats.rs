//! Rows of a source, site and month that an earlier row is of: daily and weekly exports, months that are divided by device, and sites listed twice.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};

use uu_core::{Checked, Month, Visits, Warning};

use super::column_use::ReadNote;
use super::{Context, ReadError, RowFaults};

/// Site-months that are remembered; of more, a sample that is drawn by their hash, so that memory stays flat. Rows that repeat others are then
/// not warned of, and their number is an estimate.
const MOST_REMEMBERED: usize = 256 << 10;

/// How rows repeat a site and month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repetition {
    /// They are of several days of it.
    Days,
    /// They have the same date and different visits; with the same visits they are one row that is listed twice.
    Rows,
}

/// What was seen of site-months so far.
///
/// Rows without a site are each of a site of its own, unless no row gives one: then all are of one site, whose name is not given, as far as they
/// are of several days of a month.
#[derive(Default)]
pub(super) struct Repeats {
    seen: HashMap<u64, SiteMonth, BuildHasherDefault<AsItIs>>,
    /// Site-months whose hash has one of these bits are not remembered.
    left_out: u64,
    /// Remembered site-months with rows of several days, and with several rows of one date.
    days: Repeated,
    divided: Repeated,
    /// Rows that repeat an earlier one: counted, and those of a sample for all that it stands for.
    rows: u64,
    first: Option<Example>,
    /// Whether a row has a site.
    has_sites: bool,
}

/// Site-months with rows that repeat each other in one way.
#[derive(Default)]
struct Repeated {
    site_months: usize,
    first: Option<Example>,
}

/// A site, where it has a name, and a month.
type Example = (Option<String>, Month);

/// The rows of a site-month.
struct SiteMonth {
    /// Bit `n` for day `n`, and bit 0 for dates that name no day.
    dates: u32,
    /// Visits of the first row that has them, else NaN.
    visits: f64,
    /// Whether several rows that name their site have the same date and different visits.
    is_divided: bool,
}

impl SiteMonth {
    fn repetition(&self) -> Option<Repetition> {
        let days = self.dates >> 1;
        if days.count_ones() > 1 {
            return Some(Repetition::Days);
        }
        self.is_divided.then_some(Repetition::Rows)
    }
}

/// What a row gives as its site, also where that is a total or an address: one such name is one site's.
fn site_of(row: &Checked) -> Option<&str> {
    row.record.site.as_deref().or_else(|| {
        row.warnings.iter().find_map(|warning| match warning {
            Warning::NotAHost { found, .. } | Warning::TotalRow { found } => Some(found.as_str()),
            _ => None,
        })
    })
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
    /// Looks at rows; `day` gives the day of the month that a row's date names, or 0 where it names none. Rows that repeat get a warning.
    ///
    /// **Errors**: most site-months have several rows so far, so the rows are no months.
    pub(super) fn look(
        &mut self,
        context: &Context,
        rows: &mut [Result<Checked, RowFaults>],
        day: impl Fn(usize) -> u32,
    ) -> Result<(), ReadError> {
        if context.is_trusted {
            return Ok(());
        }
        self.has_sites = self.has_sites || rows.iter().flatten().any(|row| site_of(row).is_some());
        for (index, row) in rows.iter_mut().enumerate() {
            let Ok(row) = row else { continue };
            if !self.has_sites || site_of(row).is_some() {
                self.add(row, 1 << (day(index) & 31));
            }
        }
        self.keep_flat();
        self.refuse(context)
    }

    fn add(&mut self, row: &mut Checked, date: u32) {
        let (site, record) = (site_of(row), &row.record);
        let source = record.source.as_deref().map_or(0, |source| uu_core::stats::site_hash(source, 1));
        // Spread over all bits: the seed meets the name's first letter, and in the lowest bits alone the next month of `a.com` would be this one of `b.com`.
        let month = u64::from(record.month.index()).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let key = uu_core::stats::site_hash(site.unwrap_or_default(), source ^ month);
        if key & self.left_out != 0 {
            return;
        }
        let visits = record.visits.map_or(f64::NAN, Visits::get);
        let known = match self.seen.entry(key) {
            Entry::Vacant(free) => {
                free.insert(SiteMonth { dates: date, visits, is_divided: false });
                return;
            }
            Entry::Occupied(known) => known.into_mut(),
        };
        let before = known.repetition();
        if known.visits.is_nan() {
            known.visits = visits;
        }
        let differs = known.visits != visits && !visits.is_nan();
        known.is_divided |= site.is_some() && known.dates & date != 0 && differs;
        known.dates |= date;
        let after = known.repetition();
        if site.is_none() && after.is_none() {
            return;
        }
        let example = || (site.map(str::to_owned), record.month);
        if before != after {
            if before == Some(Repetition::Rows) {
                self.divided.site_months -= 1;
            }
            let repeated = if after == Some(Repetition::Days) { &mut self.days } else { &mut self.divided };
            repeated.site_months += 1;
            repeated.first.get_or_insert_with(example);
        }
        self.rows += 1 << self.left_out.count_ones();
        self.first.get_or_insert_with(example);
        let month = record.month;
        row.warnings.push(Warning::DuplicateMonth { month });
    }

    /// What was noticed, where rows repeat.
    pub(super) fn note(&self) -> Option<ReadNote> {
        let (site, month) = self.first.clone()?;
        Some(ReadNote::RepeatedMonths { rows: self.rows, is_estimate: self.left_out != 0, site, month })
    }

    fn refuse(&self, context: &Context) -> Result<(), ReadError> {
        let several = self.days.site_months + self.divided.site_months;
        if context.allow_repeated_months || several * 2 <= self.seen.len() {
            return Ok(());
        }
        let (by, repeated) =
            if self.days.site_months * 2 >= several { (Repetition::Days, &self.days) } else { (Repetition::Rows, &self.divided) };
        let Some((site, month)) = repeated.first.clone() else { return Ok(()) };
        Err(ReadError::RepeatedMonths { file: context.file.clone(), by, several, of: self.seen.len(), site, month })
    }

    fn keep_flat(&mut self) {
        while self.seen.len() > MOST_REMEMBERED {
            self.left_out = self.left_out << 1 | 1;
            let left_out = self.left_out;
            self.seen.retain(|key, _| key & left_out == 0);
            let count = |by| self.seen.values().filter(|known| known.repetition() == Some(by)).count();
            (self.days.site_months, self.divided.site_months) = (count(Repetition::Days), count(Repetition::Rows));
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
        let options = ReadOptions { allow_repeated_months: true, ..ReadOptions::default() };
        let context = Context::new("rows".into(), &options);
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
